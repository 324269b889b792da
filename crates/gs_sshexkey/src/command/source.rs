//! Reads the description of a cluster.

use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sshtrust::inventory::ansible::{AnsibleError, parse_ansible};
use sshtrust::inventory::nodeset::parse_nodeset;
use sshtrust::inventory::xml::parse_xml;
use sshtrust::inventory::{
    Cluster, Host, LARGEST_DESCRIPTION, LARGEST_HOSTFILE, ResolveError, names, parse_hostfile, resolve,
};
use sshtrust::text::printable;

use crate::args::Source;
use crate::errors::{self, Report};
use crate::resolver;

impl Source {
    /// Whether the names in it are those that the machines must have; else they are whatever the user calls them by.
    pub(crate) fn states_host_names(&self) -> bool {
        matches!(self, Self::Xml { .. })
    }
}

/// The cluster of a description.
///
/// # Errors
/// The screen that says what is wrong with it.
pub(crate) fn read(source: &Source) -> Result<Cluster, Report> {
    match source {
        Source::Hostfile(path) => {
            let name = shown(path);
            let bytes = read_bounded(path, LARGEST_HOSTFILE, "a hostfile")
                .map_err(|e| unreadable(&e, &name, HOSTFILE))?;
            parse_hostfile(&bytes).map_err(|e| errors::hostfile(&e, &name))
        }
        Source::Xml { path, port } => {
            let name = shown(path);
            let bytes = read_bounded(path, LARGEST_DESCRIPTION, "a cluster XML")
                .map_err(|e| unreadable(&e, &name, XML))?;
            parse_xml(&bytes, *port).map_err(|mistakes| errors::xml(&mistakes, &name))
        }
        Source::Hosts { spec, port } => {
            let hosts = parse_nodeset(spec).map_err(|mistakes| errors::nodeset(&mistakes))?;
            resolved(hosts, *port).map_err(|found| match found {
                Unresolved::NoTool(report) => report,
                Unresolved::Hosts(found) => errors::nodeset(&found).cure(errors::NAMES_CURE),
            })
        }
        Source::Ansible { path, group, port } => {
            let name = shown(path);
            let hosts = inventory(path, group, &name)?;
            resolved(hosts, *port).map_err(|found| match found {
                Unresolved::NoTool(report) => report,
                Unresolved::Hosts(found) => errors::content(&found, &name).cure(errors::NAMES_CURE),
            })
        }
    }
}

/// What to do if the file is not there, and if it cannot be read.
pub(super) type Cures = (&'static str, &'static str);

pub(super) const HOSTFILE: Cures =
    ("Write the nodes' IPs into it, one a line.", "Name a file of IPs, one a line, that you can read.");
const XML: Cures = ("Name openGauss's cluster XML.", "Name a cluster XML that you can read.");
const INVENTORY: Cures = (
    "Name a static Ansible inventory.",
    "Name a static Ansible inventory, one file, that you can read; 'ansible-inventory --list --yaml' makes one.",
);

fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes())
}

pub(super) fn unreadable(error: &io::Error, name: &str, (absent, unreadable): Cures) -> Report {
    match error.kind() {
        ErrorKind::NotFound => Report::new("50201", &format!("The {name} does not exist.")).cure(absent),
        _ => Report::new("50204", &format!("Failed to read {name}. {error}")).cure(unreadable),
    }
}

pub(super) fn read_bounded(path: &Path, largest: u64, what: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("It is too large for {what}.")));
    }
    Ok(bytes)
}

fn inventory(path: &Path, group: &str, name: &str) -> Result<Vec<Host>, Report> {
    let bytes = read_bounded(path, LARGEST_DESCRIPTION, "an Ansible inventory")
        .map_err(|e| unreadable(&e, name, INVENTORY))?;
    // Ansible would run it, and who can write it could then run anything: here it is only ever read.
    let executable =
        std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if executable {
        return Err(errors::ansible(&AnsibleError::Program, name));
    }
    parse_ansible(&bytes, group).map_err(|error| errors::ansible(&error, name))
}

/// Why hosts are no cluster.
enum Unresolved {
    /// The system's own tool could not be asked.
    NoTool(Report),
    /// What it said does not do.
    Hosts(Vec<ResolveError>),
}

fn resolved(hosts: Vec<Host>, port: u16) -> Result<Cluster, Unresolved> {
    let found = resolver::addresses(&names(&hosts)).map_err(Unresolved::NoTool)?;
    resolve(hosts, &found, port).map_err(Unresolved::Hosts)
}
