//! `gs_sshexkey shrink`: nodes leave the cluster, and can enter those that stay no more.

use std::process::ExitCode;
use std::time::SystemTime;

use sshtrust::enter::own_addresses;
use sshtrust::inventory::{Cluster, RemovalError};
use sshtrust::operation::{ShrinkOptions as Options, plan_shrinking, shrink};
use sshtrust::passwords::PasswordFile;
use sshtrust::text::printable;

use super::asker::Asker;
use super::rotate::{MayAsk, agree, for_log, options, prepared, show_plan, to_stdout};
use super::verb::{self, Inputs, Prepared, Watcher};
use super::{runtime, source};
use crate::args::{ChangeRun, Removal, Shrink, Source};
use crate::errors::{self, NOT_DONE, Report};
use crate::host;
use crate::prompt::Channel;
use crate::reporter::Style;
use crate::reporter::changes::How;
use crate::reporter::rotate::Stage;
use crate::reporter::shrink::{ShrinkReport, changes, question, render_plan, render_text, write_json};

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Shrink) -> ExitCode {
    let mut parted = None;
    let ready = prepared(&words.source, &words.run).and_then(|ready: Prepared| {
        parted = Some(part(&ready.inputs.cluster, &words.remove)?);
        Ok(ready)
    });
    verb::run(words.run.lang, ready, |inputs, watcher| match parted {
        Some(parted) => work(words, inputs, parted, watcher),
        None => Ok(false),
    })
}

/// The nodes that stay and those that leave.
fn part(cluster: &Cluster, remove: &Removal) -> Result<(Cluster, Cluster), Report> {
    let words = match remove {
        Removal::Nodes(words) => words.split(',').map(str::to_owned).collect(),
        Removal::File(path) => {
            let listed = source::read(&Source::Hostfile(path.clone()))?;
            listed.nodes.iter().map(|node| node.ip.to_string()).collect::<Vec<_>>()
        }
    };
    let (stay, leave) = cluster.part(words.iter().map(String::as_str)).map_err(|error| mistake(&error))?;
    let own = own_addresses();
    if let Some(node) = leave.nodes.iter().find(|node| own.contains(&node.ip)) {
        let from = stay.nodes.iter().next().map(ToString::to_string).unwrap_or_default();
        return Err(wrong(&format!("{node} is this machine, which cannot take itself out."))
            .cure(&format!("Run it from a node that stays, such as {from}. Nothing was changed.")));
    }
    Ok((stay, leave))
}

fn wrong(why: &str) -> Report {
    Report::new("50004", &format!("The parameter '--remove' value is incorrect. {why}"))
}

fn mistake(error: &RemovalError) -> Report {
    match error {
        RemovalError::Empty => {
            wrong("It names no node.").cure("Name the nodes that leave: addresses or names.")
        }
        RemovalError::Unknown(words) => {
            let words = errors::list(words.iter().map(|word| printable(word.as_bytes())));
            wrong(&format!("Not among the nodes: {words}.")).cure(
                "The list of nodes is the one that holds now, with those that leave. Nothing was changed.",
            )
        }
        RemovalError::All => wrong("No node would stay.")
            .cure("To take all trust away: gs_sshexkey revoke. Nothing was changed."),
    }
}

/// Whether what was asked for is done.
fn work(
    words: &Shrink,
    inputs: Inputs,
    (stay, leave): (Cluster, Cluster),
    watcher: &Watcher,
) -> Result<bool, Report> {
    let not_tried = |report: Report| report.exit(NOT_DONE);
    let Inputs { passwords, host_keys, .. } = inputs;
    let user = host::user().map_err(not_tried)?;
    let mut stay = options(stay, host_keys.clone(), user, words.source.states_host_names());
    (stay.dry_run, stay.coverage) = (words.run.dry_run, words.run.coverage);
    let leave = verb::entering_by_key(&stay, leave);
    let options = Options { stay, leave, keep_key: words.keep_key };
    let result = runtime::complete(drive(&words.run, &options, passwords, watcher)).map_err(not_tried)?;
    watcher.0.clear_progress();
    result
}

async fn drive(
    run: &ChangeRun,
    options: &Options,
    passwords: Option<PasswordFile>,
    watcher: &Watcher,
) -> Result<bool, Report> {
    let (stop, began) = (runtime::stop_on_signals(), SystemTime::now());
    let (shown, user) = (|text: &str| watcher.0.asked(text), &options.stay.user);
    let asker = Asker { user, file: passwords, channel: Channel::Error, shown: &shown };
    let mut asker = MayAsk { asker, may: !run.no_password };
    let planned = plan_shrinking(options, &mut asker, watcher, stop.clone()).await;
    watcher.0.clear_progress();
    let shrinking = planned.map_err(|error| errors::rotate(&error))?;
    let report = ShrinkReport::new(user, began, &shrinking);
    watcher.0.long_detail(|| changes(&report, How::for_log()));
    if run.dry_run {
        return end(run, &ShrinkReport { stage: Stage::DryRun, ..report }, watcher);
    }
    show_plan(run, &render_plan(&report, &Style::of_stdout(run.lang)));
    if run.ask && !agree(question(run.lang), stop.clone()).await? {
        return end(run, &ShrinkReport { stage: Stage::Declined, ..report }, watcher);
    }
    let shrunk = shrink(options, &shrinking, watcher, stop).await;
    watcher.0.clear_progress();
    let shrunk = shrunk.map_err(|error| errors::explain(&error))?;
    end(run, &report.done(&shrunk, |error| errors::revoke(error).to_string()), watcher)
}

/// Tells how it ended. Returns whether it is done.
fn end(run: &ChangeRun, report: &ShrinkReport, watcher: &Watcher) -> Result<bool, Report> {
    watcher.0.detail(render_text(report, &for_log()).trim_end());
    watcher.0.long_detail(|| format!("The list:\n{}", report.hosts().join("\n")));
    to_stdout(|out| {
        if run.json {
            return write_json(report, out);
        }
        let style = Style::of_stdout(run.lang);
        if report.stage == Stage::DryRun {
            writeln!(out, "{}\n{}", render_plan(report, &style), changes(report, How::of(&style)))?;
        }
        out.write_all(render_text(report, &style).as_bytes())
    })?;
    Ok(report.is_done())
}
