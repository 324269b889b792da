//! What verbs share that work on many nodes and end in one of three ways.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sshtrust::check::Options as CheckOptions;
use sshtrust::enter::HostKeyPolicy;
use sshtrust::event::{Event, Observer};
use sshtrust::inventory::Cluster;
use sshtrust::passwords::PasswordFile;
use sshtrust::setup::Options as SetupOptions;

use super::setup::unwritable_log;
use super::{host_keys, password_file, source};
use crate::args::{HostKeys, Source, usual_coverage};
use crate::errors::{self, NOT_DONE, Report};
use crate::host::User;
use crate::i18n::Lang;
use crate::log::Log;
use crate::reporter::Classic;
use crate::testing;

/// Exit status when what was asked for is not so.
const BROKEN: u8 = 1;

/// What the files say that were named.
pub(super) struct Inputs {
    pub(super) cluster: Cluster,
    pub(super) passwords: Option<PasswordFile>,
    pub(super) host_keys: HostKeyPolicy,
}

impl Inputs {
    pub(super) fn read(
        source: &Source,
        password_file: Option<&Path>,
        host_keys: &HostKeys,
    ) -> Result<Self, Report> {
        Self::over(source::read(source)?, password_file, host_keys)
    }

    /// The same for a cluster that is known.
    pub(super) fn over(
        cluster: Cluster,
        password_file: Option<&Path>,
        host_keys: &HostKeys,
    ) -> Result<Self, Report> {
        let passwords = password_file.map(|path| password_file::read(path, &cluster)).transpose()?;
        let host_keys = host_keys::read(host_keys, &cluster)?;
        Ok(Self { cluster, passwords, host_keys })
    }
}

/// All that is needed before the network.
pub(super) struct Prepared {
    pub(super) inputs: Inputs,
    pub(super) log: Log,
}

impl Prepared {
    pub(super) fn of(
        source: &Source,
        password_file: Option<&Path>,
        host_keys: &HostKeys,
        log: Option<&Path>,
    ) -> Result<Self, Report> {
        Self::over(source::read(source)?, password_file, host_keys, log)
    }

    /// The same for a cluster that is known.
    pub(super) fn over(
        cluster: Cluster,
        password_file: Option<&Path>,
        host_keys: &HostKeys,
        log: Option<&Path>,
    ) -> Result<Self, Report> {
        let inputs = Inputs::over(cluster, password_file, host_keys)?;
        let log = log.map(|path| Log::open(path).map_err(|(path, e)| unwritable_log(&path, &e)));
        Ok(Self { inputs, log: log.transpose()?.unwrap_or_default() })
    }
}

/// How nodes are entered by a verb that calls from none of them.
pub(super) fn entering(cluster: Cluster, user: User, host_keys: HostKeyPolicy, ask: bool) -> CheckOptions {
    CheckOptions {
        cluster,
        user: user.name,
        home: user.home,
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        check_names: false,
        by_ip: true,
        by_name: false,
        coverage: usual_coverage(),
        ask,
        host_keys,
        limits: testing::limits(),
    }
}

/// The same by key alone, as the user of a set-up.
pub(super) fn entering_by_key(of: &SetupOptions, cluster: Cluster) -> CheckOptions {
    let user = User { name: of.user.clone(), home: of.home.clone() };
    CheckOptions {
        agent: of.agent.clone(),
        limits: of.limits,
        ..entering(cluster, user, of.host_keys.clone(), false)
    }
}

/// Runs a verb. Exit status 0: what was asked for is so; 1: it is not; an error has its own, and is shown here; one before
/// the network is that it could not be tried.
pub(super) fn run(
    lang: Lang,
    prepared: Result<Prepared, Report>,
    work: impl FnOnce(Inputs, &Watcher) -> Result<bool, Report>,
) -> ExitCode {
    let screen = |log| Classic::new(log, true, lang);
    let done = match prepared {
        Ok(Prepared { inputs, log }) => {
            let watcher = Watcher(screen(log));
            work(inputs, &watcher).map_err(|report| (watcher.0, report))
        }
        Err(report) => Err((screen(Log::default()), report.exit(NOT_DONE))),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err((screen, report)) => {
            screen.error(&report);
            ExitCode::from(report.status())
        }
    }
}

/// Writes the log and the progress bar; standard output is for the result.
pub(super) struct Watcher(pub(super) Classic);

impl Observer for Watcher {
    fn event(&self, event: &Event) {
        match event {
            Event::PasswordsRefused(nodes) => {
                testing::hear(event);
                let nodes = errors::nodes(nodes.iter().copied());
                self.0.hint(&format!("{nodes} refused the password."));
            }
            other => self.0.event(other),
        }
    }
}
