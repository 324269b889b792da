//! The words that describe a cluster.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};

use super::SEE_HELP;
use crate::errors::Report;

const SEE_HELP_SETUP: &str = "See gs_sshexkey help setup.";

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

/// Exactly one description.
pub(super) fn read(words: SourceWords) -> Result<Source, Report> {
    let given = [
        ("-f", words.hostfile.is_some()),
        ("-X", words.xml.is_some()),
        ("--hosts", words.hosts.is_some()),
        ("-i", words.inventory.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(flag, _)| *flag).collect();
    let together = |one: &str, other: &str| {
        let text = format!("The parameter '{one}' and '{other}' can not be used together.");
        Report::new("50005", &text).cure(SEE_HELP_SETUP)
    };
    let required =
        |flag: &str| Report::new("50001", &format!("Incorrect parameter. Parameter '{flag}' is required."));
    match given.as_slice() {
        [one, other, ..] => return Err(together(one, other)),
        ["-f"] if words.port.is_some() => {
            return Err(
                together("-f", "--port").cure("In a hostfile a port stands behind its address: IP,PORT.")
            );
        }
        [] => return Err(required("-f").cure(SEE_HELP)),
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
