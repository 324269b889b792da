//! The classic command.

use std::io;
use std::path::{Path, PathBuf};

use sshtrust::inventory::{Cluster, NodeSpec};
use sshtrust::passwords::PasswordFile;
use sshtrust::plan::{Job, Keepalive, NodePlan};
use sshtrust::setup::{Options, Outcome, SetupError, setup};
use sshtrust::text::printable;

use super::asker::Asker;
use super::{password_file, runtime, source};
use crate::args::Setup;
use crate::errors::{self, Report};
use crate::host::{self, User};
use crate::i18n::Lang;
use crate::log::Log;
use crate::prompt::{self, Channel};
use crate::reporter::Classic;

/// Shown after a run as root. It must not contain the word that installers answer.
const ROOT_REMINDER: &str =
    "Trust for root is a risk. Take it away when you are done: 'gs_sshexkey help remove' shows how.";

/// Runs it. The error was already shown.
pub(crate) fn run(words: &Setup) -> Result<(), ()> {
    let early = |report: Report| Classic::new(Log::default(), true, Lang::En).error(&report);
    let cluster = source::read(&words.source).map_err(early)?;
    let file = words.password_file.as_deref();
    let passwords = file.map(|path| password_file::read(path, &cluster)).transpose().map_err(early)?;
    let log = match &words.log {
        Some(path) => Log::open(path).map_err(|(path, e)| early(unwritable_log(&path, &e)))?,
        None => Log::default(),
    };
    let screen = Classic::new(log, words.dry_run, Lang::En);
    let result = host::user().and_then(|user| work(words, cluster, passwords, user, &screen));
    result.map_err(|report| screen.error(&report))
}

pub(super) fn unwritable_log(path: &Path, error: &io::Error) -> Report {
    let path = printable(path.as_os_str().as_encoded_bytes());
    Report::new("50205", &format!("Failed to write {path}. {error}"))
        .cure("Give -l a path that can be written.")
}

fn work(
    words: &Setup,
    cluster: Cluster,
    passwords: Option<PasswordFile>,
    user: User,
    screen: &Classic,
) -> Result<(), Report> {
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.source.states_host_names(),
        map_names: !words.skip_hostname_set,
        keep_old_mapping: words.no_deduplicate,
        key_type: words.key_type,
        dry_run: words.dry_run,
        keepalive: if words.no_keepalive { None } else { std::env::current_exe().ok() },
    };
    let runtime = runtime::start()?;
    let result = runtime.block_on(drive(&options, passwords, screen));
    prompt::restore();
    // A thread that still waits for an answer at the terminal must not hold up the end.
    runtime.shutdown_background();
    let outcome = result.map_err(|error| errors::explain(&error))?;
    finish(&outcome, &options.user, screen);
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

fn finish(outcome: &Outcome, user: &str, screen: &Classic) {
    match outcome {
        Outcome::Planned(nodes) => nodes.iter().for_each(|node| show_plan(node, screen)),
        Outcome::Created { keepalive, .. } => {
            screen.say("Successfully created SSH trust.");
            tell_keepalive(keepalive, user, screen);
            if rustix::process::geteuid().is_root() {
                screen.hint(ROOT_REMINDER);
            }
        }
    }
}

/// Warns of the nodes that lose trust at their next reboot, or get it back only later; nodes with the same fate together.
fn tell_keepalive(nodes: &[(NodeSpec, Keepalive)], user: &str, screen: &Classic) {
    let mut warnings: Vec<(String, Vec<String>)> = Vec::new();
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
            Some((_, nodes)) => nodes.push(node.to_string()),
            None => warnings.push((fate, vec![node.to_string()])),
        }
    }
    for (fate, nodes) in warnings {
        screen.hint(&format!("Warning: {}: {fate}", errors::list(nodes)));
    }
}

fn show_plan(node: &NodePlan, screen: &Classic) {
    let change = node.render();
    let text = if change.is_empty() { "no change\n" } else { &change };
    screen.say(&format!("==> {}\n{}", node.spec, text.trim_end()));
}
