//! The words that describe a cluster.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};

use super::mistake::{required, see, together};
use crate::errors::Report;

/// Where a cluster is described. `port` is that of nodes without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A hostfile.
    Hostfile(PathBuf),
    /// openGauss's cluster XML.
    Xml { path: PathBuf, port: u16 },
    /// A node set.
    Hosts { spec: String, port: u16 },
    /// A group of an Ansible inventory.
    Ansible { path: PathBuf, group: String, port: u16 },
}

impl Source {
    /// The port of nodes that are named beside it without one.
    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Hostfile(_) => 22,
            Self::Xml { port, .. } | Self::Hosts { port, .. } | Self::Ansible { port, .. } => *port,
        }
    }

    /// The words that describe it, as the user would type them again.
    pub(crate) fn words(&self) -> Vec<String> {
        let of = |flag: &str, path: &Path| vec![flag.to_owned(), path.to_string_lossy().into_owned()];
        let (mut words, port) = match self {
            Self::Hostfile(path) => (of("-f", path), 22),
            Self::Xml { path, port } => (of("-X", path), *port),
            Self::Hosts { spec, port } => (vec!["--hosts".to_owned(), spec.clone()], *port),
            Self::Ansible { path, group, port } => {
                let mut words = of("-i", path);
                if group != "all" {
                    words.extend(["--group".to_owned(), group.clone()]);
                }
                (words, *port)
            }
        };
        if port != 22 {
            words.extend(["--port".to_owned(), port.to_string()]);
        }
        words
    }
}

/// The options that describe a cluster.
#[derive(Args)]
pub(super) struct SourceWords {
    #[arg(short = 'f', action = ArgAction::Set)]
    hostfile: Option<PathBuf>,
    #[arg(short = 'X', action = ArgAction::Set)]
    xml: Option<PathBuf>,
    #[arg(long)]
    hosts: Option<String>,
    #[arg(short = 'i', action = ArgAction::Set)]
    inventory: Option<PathBuf>,
    #[arg(long)]
    group: Option<String>,
    #[arg(long)]
    port: Option<String>,
}

impl SourceWords {
    /// Whether none is given.
    pub(super) const fn is_empty(&self) -> bool {
        let described = self.hostfile.is_some() || self.xml.is_some() || self.hosts.is_some();
        !(described || self.inventory.is_some() || self.group.is_some() || self.port.is_some())
    }
}

/// Exactly one description.
pub(super) fn read(words: SourceWords) -> Result<Source, Report> {
    let given = [
        ("-f", words.hostfile.is_some()),
        ("-X", words.xml.is_some()),
        ("--hosts", words.hosts.is_some()),
        ("-i", words.inventory.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(flag, _)| *flag).collect();
    let together = |one: &str, other: &str| together(one, other).cure(&see(Some("setup")));
    match given.as_slice() {
        [one, other, ..] => return Err(together(one, other)),
        ["-f"] if words.port.is_some() => {
            return Err(
                together("-f", "--port").cure("In a hostfile a port stands behind its address: IP,PORT.")
            );
        }
        [] => return Err(required("-f").cure(&see(None))),
        [_] if words.group.is_some() && words.inventory.is_none() => {
            return Err(required("-i").cure("--group names a group of an Ansible inventory."));
        }
        _ => {}
    }
    let port = match words.port.as_deref().map(sshtrust::inventory::port) {
        None => 22,
        Some(Some(port)) => port,
        Some(None) => {
            let text = "The parameter '--port' value is incorrect. It must be 22 or 1025 to 65534.";
            return Err(Report::new("50004", text));
        }
    };
    Ok(match words {
        SourceWords { xml: Some(path), .. } => Source::Xml { path, port },
        SourceWords { hosts: Some(spec), .. } => Source::Hosts { spec, port },
        SourceWords { inventory: Some(path), group, .. } => {
            Source::Ansible { path, group: group.unwrap_or_else(|| "all".to_owned()), port }
        }
        SourceWords { hostfile, .. } => Source::Hostfile(hostfile.unwrap_or_default()),
    })
}

/// Which host keys of nodes count as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HostKeys {
    /// Only known ones are taken.
    pub(crate) strict: bool,
    /// A file in the form of `known_hosts`: for the nodes in it only these count.
    pub(crate) file: Option<PathBuf>,
}

impl HostKeys {
    /// The words that say so, as the user would type them again.
    pub(crate) fn words(&self) -> Vec<String> {
        let strict = self.strict.then(|| "--strict-host-keys".to_owned());
        let file =
            self.file.iter().flat_map(|path| ["--host-keys".to_owned(), path.to_string_lossy().into_owned()]);
        strict.into_iter().chain(file).collect()
    }
}

/// The options that say which host keys count.
#[derive(Args)]
pub(super) struct HostKeyWords {
    #[arg(long)]
    strict_host_keys: bool,
    #[arg(long)]
    host_keys: Option<PathBuf>,
}

impl HostKeyWords {
    /// What they say.
    pub(super) fn read(self) -> HostKeys {
        HostKeys { strict: self.strict_host_keys, file: self.host_keys }
    }
}

/// How nodes are entered, and where it is noted.
#[derive(Args)]
pub(super) struct LoginWords {
    #[command(flatten)]
    pub(super) host_keys: HostKeyWords,
    #[arg(long)]
    pub(super) password_file: Option<PathBuf>,
    #[arg(long)]
    pub(super) no_password: bool,
    #[arg(short = 'l', action = ArgAction::Set)]
    pub(super) log: Option<PathBuf>,
}

impl LoginWords {
    /// The same, if they do not contradict.
    pub(super) fn consistent(self, verb: &str) -> Result<Self, Report> {
        if self.no_password && self.password_file.is_some() {
            return Err(together("--no-password", "--password-file").cure(&see(Some(verb))));
        }
        Ok(self)
    }
}
