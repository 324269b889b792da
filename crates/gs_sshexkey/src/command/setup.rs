//! The classic command.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sshtrust::inventory::NodeSpec;
use sshtrust::passwords::PasswordFile;
use sshtrust::plan::{ChangeText, Job, Keepalive, NodePlan, Teller, foresee_bounds};
use sshtrust::setup::{Options, Outcome, SetupError, setup};
use sshtrust::text::printable;

use super::asker::Asker;
use super::runtime;
use super::typed::command;
use super::verb::Inputs;
use crate::args::{Setup, Source};
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::i18n::Lang;
use crate::log::Log;
use crate::prompt::Channel;
use crate::reporter::changes::{How, OnNode, draw};
use crate::reporter::{Classic, Style};
use crate::testing;

/// Runs it. Exit status 0: trust stands; 1: it does not; 2: its bounds are none that it can have.
pub(crate) fn run(words: &Setup) -> ExitCode {
    match begin(words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => ExitCode::from(status),
    }
}

/// The error is the exit status; it was already shown.
fn begin(words: &Setup) -> Result<(), u8> {
    let early = |report: Report| {
        Classic::new(Log::default(), true, Lang::En).error(&report);
        report.status()
    };
    let inputs = Inputs::read(&words.source, words.password_file.as_deref(), &words.host_keys);
    let inputs = inputs.map_err(early)?;
    let fits = foresee_bounds(&words.bounds, inputs.cluster.nodes.iter().map(|node| node.ip));
    fits.map_err(|error| early(errors::bounds(&error).exit(NOT_DONE)))?;
    let log = match &words.log {
        Some(path) => Log::open(path).map_err(|(path, e)| early(unwritable_log(&path, &e)))?,
        None => Log::default(),
    };
    let screen = Classic::new(log, words.dry_run, Lang::En);
    let result = host::user().and_then(|user| work(words, inputs, user, &screen));
    result.map_err(|report| {
        screen.error(&report);
        report.status()
    })
}

pub(super) fn unwritable_log(path: &Path, error: &io::Error) -> Report {
    let path = printable(path.as_os_str().as_encoded_bytes());
    Report::new("50205", &format!("Failed to write {path}. {error}"))
        .cure("Give -l a path that can be written.")
}

fn work(words: &Setup, inputs: Inputs, user: User, screen: &Classic) -> Result<(), Report> {
    let Inputs { cluster, passwords, host_keys } = inputs;
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.source.states_host_names(),
        map_names: !words.skip_hostname_set,
        keep_old_mapping: words.no_deduplicate,
        keys: words.keys,
        key_type: words.key_type,
        new_key: words.new_key,
        bounds: words.bounds.clone(),
        dry_run: words.dry_run,
        coverage: words.coverage,
        host_keys,
        limits: testing::limits(),
        keepalive: if words.no_keepalive { None } else { std::env::current_exe().ok() },
        growth: None,
    };
    let result = runtime::complete(drive(&options, passwords, screen))?;
    let outcome = result.map_err(|error| errors::explain(&error))?;
    finish(&outcome, &options.user, &words.source, screen);
    Ok(())
}

/// Runs the pipeline until it ends or a signal asks for the end.
async fn drive(
    options: &Options,
    passwords: Option<PasswordFile>,
    screen: &Classic,
) -> Result<Outcome, SetupError> {
    let shown = |text: &str| screen.asked(text);
    let mut asker = Asker { user: &options.user, file: passwords, channel: Channel::Output, shown: &shown };
    setup(options, &mut asker, screen, runtime::stop_on_signals()).await
}

fn finish(outcome: &Outcome, user: &str, source: &Source, screen: &Classic) {
    match outcome {
        Outcome::Planned(nodes) => show_plan(nodes, screen),
        Outcome::Created { keepalive, .. } => {
            screen.say("Successfully created SSH trust.");
            tell_keepalive(keepalive, user, screen);
            if rustix::process::geteuid().is_root() {
                screen.hint(&root_reminder(source));
            }
        }
    }
}

/// Shown after a run as root.
fn root_reminder(source: &Source) -> String {
    let exact = command(&["revoke"], &source.words());
    // Installers answer that word, wherever it stands.
    let harmless = !exact.to_ascii_lowercase().contains("password");
    let command = if harmless { &exact } else { "gs_sshexkey revoke" };
    format!("Trust for root is a risk. Take it away when you are done: {command}")
}

/// Warns of the nodes that lose trust at their next reboot, or get it back only later; nodes with the same fate together.
pub(super) fn tell_keepalive(nodes: &[(NodeSpec, Keepalive)], user: &str, screen: &Classic) {
    let mut warnings: Vec<(String, Vec<NodeSpec>)> = Vec::new();
    let user = printable(user.as_bytes());
    for (node, keepalive) in nodes {
        let (fate, by) = match keepalive {
            Keepalive::Off => (None, "nothing: --no-keepalive".to_owned()),
            Keepalive::By { job: Job::Cron, why, .. } if why.is_empty() => (None, "cron".to_owned()),
            Keepalive::By { job: Job::Cron, why, .. } => (
                Some(format!(
                    "{why}. Its ssh-agent may end with the session that started it: run 'loginctl enable-linger {user}' there as root."
                )),
                "cron".to_owned(),
            ),
            Keepalive::By { job: Job::Timer, why, .. } => (None, format!("a timer of systemd ({why})")),
            Keepalive::By { job: Job::Profile, why, .. } => {
                let user = printable(user.as_bytes());
                (
                    Some(format!("{why}. After a reboot trust comes back when {user} logs in there.")),
                    "login".to_owned(),
                )
            }
            Keepalive::Unable(why) => (
                Some(format!(
                    "{why}. After a reboot, or when its ssh-agent ends, trust is lost there until gs_sshexkey is run again."
                )),
                "nothing".to_owned(),
            ),
        };
        screen.detail(&format!("{node}: the agent is brought back by {by}"));
        let Some(fate) = fate else { continue };
        match warnings.iter_mut().find(|(known, _)| *known == fate) {
            Some((_, nodes)) => nodes.push(*node),
            None => warnings.push((fate, vec![*node])),
        }
    }
    for (fate, nodes) in warnings {
        screen.hint(&format!("Warning: {}: {fate}", errors::nodes(nodes)));
    }
}

fn show_plan(nodes: &[NodePlan], screen: &Classic) {
    let mut teller = Teller::default();
    let texts: Vec<(NodeSpec, ChangeText)> =
        nodes.iter().map(|plan| (plan.spec, teller.plan(plan))).collect();
    let texts: Vec<OnNode<'_>> = texts.iter().map(|(spec, text)| (*spec, text)).collect();
    let how = How::of(&Style::of_stdout(Lang::En)).with_unchanged();
    let whole = How::for_log().with_unchanged();
    screen.show(&draw(&texts, how), || draw(&texts, whole));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reminder_names_the_command_and_never_the_word_that_installers_answer() {
        let cases = [
            (Source::Hostfile("/root/hosts".into()), "gs_sshexkey revoke -f /root/hosts"),
            (
                Source::Hosts { spec: "n[1-3]".to_owned(), port: 2222 },
                "gs_sshexkey revoke --hosts 'n[1-3]' --port 2222",
            ),
            (Source::Hostfile("/root/PassWords/hosts".into()), "gs_sshexkey revoke"),
        ];
        for (source, wanted) in cases {
            let text = root_reminder(&source);
            assert!(text.ends_with(&format!(": {wanted}")), "{text}");
            assert!(!text.to_ascii_lowercase().contains("password"), "{text}");
        }
    }
}
