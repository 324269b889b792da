//! `gs_sshexkey expand`: nodes come to a cluster that has trust.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sshtrust::bounds::BoundsWish;
use sshtrust::enter::{Passwords, Question};
use sshtrust::event::{Event, Observer};
use sshtrust::inventory::{Cluster, NodeSpec};
use sshtrust::passwords::PasswordFile;
use sshtrust::plan::foresee_bounds;
use sshtrust::secret::Secret;
use sshtrust::setup::{Growth, Options, Outcome, SetupError, setup};

use super::asker::Asker;
use super::check::written;
use super::setup::tell_keepalive;
use super::verb::{self, Inputs, Prepared, Watcher};
use super::{named, runtime, source};
use crate::args::Expand;
use crate::errors::{self, NOT_DONE, Report};
use crate::host;
use crate::i18n::Lang;
use crate::prompt::Channel;
use crate::reporter::Style;
use crate::reporter::expand::{ExpandReport, Role, render_already, render_text, render_whole, write_json};
use crate::testing;

/// Runs it. An error was already shown.
pub(crate) fn run(words: &Expand) -> ExitCode {
    let joined = Joined::read(words);
    let prepared = joined.as_ref().map_err(Clone::clone).and_then(|joined| {
        foresee_bounds(&words.bounds, joined.cluster.nodes.iter().map(|node| node.ip))
            .map_err(|error| errors::bounds(&error).exit(NOT_DONE))?;
        let (passwords, log) = (words.password_file.as_deref(), words.log.as_deref());
        Prepared::over(joined.cluster.clone(), passwords, &words.host_keys, log)
    });
    verb::run(words.lang, prepared, |inputs, watcher| work(words, joined?, inputs, watcher))
}

/// The cluster as it will be.
struct Joined {
    cluster: Cluster,
    /// All nodes that were named to come.
    newcomers: BTreeSet<NodeSpec>,
    /// Those of them that the list has already.
    already: BTreeSet<NodeSpec>,
}

impl Joined {
    fn read(words: &Expand) -> Result<Self, Report> {
        let old = source::read(&words.source)?;
        let coming = named::read(&words.added, words.source.port())?;
        let flag = words.added.flag;
        let cluster = old.joined(&coming).map_err(|clashes| errors::nodeset_of(flag, &clashes))?;
        let newcomers: BTreeSet<NodeSpec> = coming.nodes.iter().copied().collect();
        let already: BTreeSet<NodeSpec> =
            old.nodes.iter().copied().filter(|node| newcomers.contains(node)).collect();
        if already.len() == old.nodes.len() {
            return Err(errors::all_come(flag));
        }
        Ok(Self { cluster, newcomers, already })
    }

    fn role(&self, node: NodeSpec) -> Role {
        match (self.already.contains(&node), self.newcomers.contains(&node)) {
            (true, _) => Role::Already,
            (false, true) => Role::New,
            (false, false) => Role::Old,
        }
    }
}

/// Whether what was asked for is done.
fn work(words: &Expand, joined: Joined, inputs: Inputs, watcher: &Watcher) -> Result<bool, Report> {
    let Inputs { cluster, passwords, host_keys } = inputs;
    let user = host::user().map_err(|report| report.exit(NOT_DONE))?;
    // What the user bounds anew is bounded for all.
    let proves_all = words.proves_all || words.bounds != BoundsWish::default();
    let growth = Growth { newcomers: joined.newcomers.clone(), proves_all };
    let options = Options {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: words.source.states_host_names(),
        map_names: !words.skip_hostname_set,
        keep_old_mapping: false,
        // Mode and type stay as they stand.
        keys: None,
        key_type: None,
        new_key: false,
        bounds: words.bounds.clone(),
        dry_run: words.dry_run,
        coverage: words.coverage,
        host_keys,
        limits: testing::limits(),
        keepalive: if words.no_keepalive { None } else { std::env::current_exe().ok() },
        growth: Some(growth),
    };
    let mut report = ExpandReport::new(&options, SystemTime::now(), |node| joined.role(node));
    if let Some(text) = render_already(&report, words.lang) {
        watcher.0.hint(&text);
    }
    let notes = Notes { watcher, heard: Mutex::default() };
    let driven = drive(words, &options, passwords, &notes);
    let result = runtime::complete(driven).map_err(|report| report.exit(NOT_DONE))?;
    watcher.0.clear_progress();
    let outcome = result.map_err(|error| errors::expand(&error, &joined.newcomers))?;
    for event in notes.heard.into_inner().unwrap_or_else(PoisonError::into_inner) {
        report.hear(&event);
    }
    report.end(&outcome);
    end(words, &report, watcher)?;
    if let Outcome::Created { keepalive, .. } = &outcome {
        tell_keepalive(keepalive, &options.user, &watcher.0);
    }
    Ok(true)
}

async fn drive(
    words: &Expand,
    options: &Options,
    passwords: Option<PasswordFile>,
    notes: &Notes<'_>,
) -> Result<Outcome, SetupError> {
    let stop = runtime::stop_on_signals();
    if words.no_password {
        return setup(options, &mut Nobody, notes, stop).await;
    }
    let shown = |text: &str| notes.watcher.0.asked(text);
    let user = &options.user;
    let mut asker = Asker { user, file: passwords, channel: Channel::Error, shown: &shown };
    setup(options, &mut asker, notes, stop).await
}

/// Whoever is asked for a password where none is to be asked for.
struct Nobody;

impl Passwords for Nobody {
    async fn ask(&mut self, _: Question) -> Result<Secret, String> {
        Err("--no-password forbids to ask for it".to_owned())
    }
}

/// Keeps what the report is made of; everything goes on to the log and the screen.
struct Notes<'a> {
    watcher: &'a Watcher,
    heard: Mutex<Vec<Event>>,
}

impl Observer for Notes<'_> {
    fn event(&self, event: &Event) {
        match event {
            Event::LoggedIn { .. } | Event::Planned { .. } => {
                self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            }
            // The hint about another key is not for this verb, which never makes one.
            Event::KeyReady { node, key, new, holder: Some(_) } => {
                let (node, key) = (*node, key.clone());
                return self.watcher.event(&Event::KeyReady { node, key, new: *new, holder: None });
            }
            _ => {}
        }
        self.watcher.event(event);
    }
}

/// Tells how it ended.
fn end(words: &Expand, report: &ExpandReport, watcher: &Watcher) -> Result<(), Report> {
    let plain = Style { lang: Lang::En, width: 120, colour: false, unicode: true };
    watcher.0.long_detail(|| render_whole(report, &plain).trim_end().to_owned());
    watcher.0.long_detail(|| format!("The list:\n{}", report.hosts().join("\n")));
    let mut out = io::stdout().lock();
    let result = if words.json {
        write_json(report, &mut out)
    } else {
        let text = render_text(report, &Style::of_stdout(words.lang));
        io::Write::write_all(&mut out, text.as_bytes())
    };
    match result {
        // Nobody may be listening any more.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            written(Path::new("standard output"), Err(error))
        }
        _ => Ok(()),
    }
}
