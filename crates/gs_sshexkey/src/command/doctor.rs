//! `gs_sshexkey doctor`: why trust was lost, and bringing it back.

use std::io::{ErrorKind, IsTerminal, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sshtrust::check::Options as CheckOptions;
use sshtrust::diagnose::{Code, Diagnosis, Finding};
use sshtrust::doctor::{Examined, Healed, Options, Treatment, Wanted, examine, heal, treat};
use sshtrust::enter::HostKeyPolicy;
use sshtrust::inventory::{Cluster, NodeSpec};
use sshtrust::passwords::PasswordFile;
use tokio::sync::watch;

use super::agree::agreed;
use super::asker::Asker;
use super::check::{prepare, style, written};
use super::runtime;
use super::typed::command;
use super::verb::{self, Inputs, Watcher};
use crate::args::{Check, Doctor, Format, Work};
use crate::errors::{self, NOT_DONE, Report};
use crate::host::{self, User};
use crate::i18n::{DoctorText, Lang};
use crate::prompt::Channel;
use crate::reporter::doctor::{
    Fixed, Next, Stage, Told, render_plan, render_text, render_whole_plan, write_json,
};
use crate::reporter::{Redactor, Style, render_findings_page, replace};
use crate::testing;

/// Tells all about one cause.
pub(crate) fn explain(code: Code, lang: Lang) {
    // Nobody may be listening any more.
    let _ = write!(std::io::stdout(), "{}", crate::reporter::explain(code, &Style::of_stdout(lang)));
}

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Doctor) -> ExitCode {
    verb::run(words.look.lang, prepare(&words.look), |inputs, watcher| {
        work(words, inputs, watcher).map_err(|report| report.exit(NOT_DONE))
    })
}

/// Whether nothing is wrong, or nothing any more.
fn work(words: &Doctor, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let user = host::user()?;
    let Inputs { cluster, passwords, host_keys } = inputs;
    let options = options(words, cluster, host_keys, user)?;
    let result = runtime::complete(drive(words, &options, passwords, watcher))?;
    watcher.0.clear_progress();
    result
}

fn options(
    words: &Doctor,
    cluster: Cluster,
    host_keys: HostKeyPolicy,
    user: User,
) -> Result<Options, Report> {
    let find = |ip: &IpAddr| {
        cluster.nodes.iter().find(|node| node.ip == *ip).copied().ok_or_else(|| no_such_node(ip))
    };
    let accept = words.accept.iter().map(find).collect::<Result<Vec<NodeSpec>, Report>>()?;
    let check = CheckOptions {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.look.source.states_host_names(),
        by_ip: words.look.by_ip,
        by_name: words.look.by_name,
        coverage: words.look.coverage,
        ask: !words.look.no_password,
        host_keys,
        limits: testing::limits(),
    };
    Ok(Options { check, preflight: words.work == Work::Preflight, accept })
}

fn no_such_node(ip: &IpAddr) -> Report {
    let text = format!("The parameter '--accept-host-key' value is incorrect. {ip} is not among the nodes.");
    Report::new("50004", &text).cure("Name a node of the cluster by its address.")
}

async fn drive(
    words: &Doctor,
    options: &Options,
    passwords: Option<PasswordFile>,
    watcher: &Watcher,
) -> Result<bool, Report> {
    let stop = runtime::stop_on_signals();
    let shown = |text: &str| watcher.0.asked(text);
    let user = &options.check.user;
    let mut asker = Asker { user, file: passwords, channel: Channel::Error, shown: &shown };
    let examined = examine(options, &mut asker, watcher, stop.clone()).await;
    watcher.0.clear_progress();
    let examined = examined.map_err(|error| errors::check(&error))?;
    note(&examined.diagnosis, &examined, watcher);
    let next = || next(words);
    let Work::Fix { ask } = words.work else {
        tell(&words.look, options, &Told::new(&examined, Stage::Found, next()))?;
        return Ok(examined.diagnosis.is_healthy());
    };
    let wanted = Wanted { only: words.only.clone(), skip: words.skip.clone() };
    let program = std::env::current_exe().ok();
    let treatment = treat(&examined, &wanted, program, watcher).await;
    let treatment =
        treatment.map_err(|error| Report::new("51108", &format!("Ssh-keygen failed. {error}.")))?;
    if treatment.is_empty() {
        tell(&words.look, options, &Told::new(&examined, Stage::Unable, next()))?;
        return Ok(examined.diagnosis.is_healthy());
    }
    if is_screen(&words.look) {
        tell(&words.look, options, &Told::new(&examined, Stage::Planned, next()))?;
    }
    show_plan(words, &examined, &treatment, watcher, ask);
    if ask && !agree(words.look.lang, stop.clone()).await? {
        return finish(words, options, &examined, Stage::Declined);
    }
    fix(words, options, examined, &treatment, watcher, stop).await
}

/// Heals, and tells what became of it.
async fn fix(
    words: &Doctor,
    options: &Options,
    examined: Examined,
    treatment: &Treatment,
    watcher: &Watcher,
    stop: watch::Receiver<bool>,
) -> Result<bool, Report> {
    let before = examined.diagnosis.clone();
    let healed = heal(options, examined, treatment, watcher, stop).await;
    watcher.0.clear_progress();
    let Healed { after, failed } = healed.map_err(|error| errors::heal(&error))?;
    note(&after.diagnosis, &after, watcher);
    let fixed = Fixed { before: &before, nodes: &treatment.nodes, failed: &failed };
    finish(words, options, &after, Stage::Fixed(fixed))
}

/// The end of `--fix`: on a screen only what is new, else all at once.
fn finish(words: &Doctor, options: &Options, examined: &Examined, stage: Stage<'_>) -> Result<bool, Report> {
    let told = Told::new(examined, stage, next(words)).repeated(is_screen(&words.look));
    tell(&words.look, options, &told)?;
    Ok(examined.diagnosis.is_healthy())
}

/// Whether somebody reads along while it works.
fn is_screen(look: &Check) -> bool {
    look.format == Format::Text && look.output.is_none()
}

/// What to type next.
fn next(words: &Doctor) -> Next {
    let look = &words.look;
    let mut call: Vec<String> = look.source.words();
    if let Some(path) = &look.password_file {
        call.extend(["--password-file".to_owned(), path.to_string_lossy().into_owned()]);
    }
    call.extend(look.host_keys.words());
    let setup = command(&[], &call);
    call.extend(look.no_password.then(|| "--no-password".to_owned()));
    if look.by_name {
        call.extend(["--by".to_owned(), if look.by_ip { "both" } else { "name" }.to_owned()]);
    }
    let preflight = (words.work == Work::Preflight).then(|| "--preflight".to_owned());
    let again = [call.clone(), preflight.into_iter().collect()].concat();
    call.push("--fix".to_owned());
    Next { fix: command(&["doctor"], &call), again: command(&["doctor"], &again), setup }
}

/// Shows the plan; where somebody is to agree to it, on the channel of the question too, if standard output is not that
/// person's screen.
fn show_plan(words: &Doctor, examined: &Examined, treatment: &Treatment, watcher: &Watcher, ask: bool) {
    let told = Told::new(examined, Stage::Planned, Next::default());
    let plain = Style { lang: Lang::En, width: 120, colour: false, unicode: true };
    watcher.0.detail(&render_whole_plan(&told, &treatment.nodes, &plain));
    let is_text = words.look.format == Format::Text;
    let elsewhere = ask && (!is_text || !std::io::stdout().is_terminal());
    let screen = Style::of_stdout(words.look.lang);
    let plan = render_plan(&told, &treatment.nodes, &treatment.left, &screen);
    // Nobody may be listening any more.
    if is_text {
        let _ = std::io::stdout().write_all(plan.as_bytes());
    }
    if elsewhere {
        let _ = std::io::stderr().write_all(plan.as_bytes());
    }
}

/// Whether the user agrees to the plan.
async fn agree(lang: Lang, stop: watch::Receiver<bool>) -> Result<bool, Report> {
    agreed(DoctorText::Ask {}.text(lang), stop).await
}

/// What was found, for the log.
fn note(diagnosis: &Diagnosis, examined: &Examined, watcher: &Watcher) {
    let counts = examined.checked.matrix.counts();
    watcher.0.detail(&format!("{} of {} pairs work", counts.good(), counts.total()));
    for Finding { code, node, witnesses, .. } in &diagnosis.findings {
        let said: Vec<String> = witnesses.iter().map(|w| format!("{}: {}", w.source, w.said)).collect();
        watcher.0.detail(&format!("{code} at {}: {}", examined.case.label(*node), said.join("; ")));
    }
}

/// Shows the result, or writes it.
fn tell(look: &Check, options: &Options, told: &Told<'_>) -> Result<(), Report> {
    let redactor = Redactor::new(look.redact, &options.check.cluster);
    let result = |out: &mut dyn Write| match look.format {
        Format::Json => write_json(told, &redactor, out),
        _ => out.write_all(render_text(told, &style(look)).as_bytes()),
    };
    match &look.output {
        Some(path) => written(path, replace(path, result))?,
        None => match result(&mut std::io::stdout().lock()) {
            // Nobody may be listening any more.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                written(Path::new("standard output"), Err(error))?;
            }
            _ => {}
        },
    }
    if let Some(path) = &look.html {
        let page = render_findings_page(told.checked, told.case, told.diagnosis, look.lang);
        written(path, replace(path, |out| out.write_all(page.as_bytes())))?;
    }
    Ok(())
}
