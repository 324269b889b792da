//! Nodes that a flag names beside the description of the cluster: `--add`.

use std::collections::BTreeSet;

use sshtrust::inventory::nodeset::parse_nodeset;
use sshtrust::inventory::{Cluster, LARGEST_HOSTFILE, NodeSpec, names, parse_hostfile, resolve};
use sshtrust::text::printable;

use super::source::{self, read_bounded};
use crate::args::{Named, Nodes};
use crate::errors::{self, Report};
use crate::resolver;

/// The nodes, in the user's order. `port` is that of nodes without one.
///
/// # Errors
/// The screen that says what is wrong with them; also if one comes twice.
pub(super) fn read(named: &Named, port: u16) -> Result<Cluster, Report> {
    let (cluster, all) = match &named.nodes {
        Nodes::Set(set) => of_set(named.flag, set, port)?,
        Nodes::File(path) => {
            let name = printable(path.as_os_str().as_encoded_bytes());
            let bytes = read_bounded(path, LARGEST_HOSTFILE, "a hostfile");
            let bytes = bytes.map_err(|e| source::unreadable(&e, &name, source::HOSTFILE))?;
            let cluster = parse_hostfile(&bytes).map_err(|e| errors::hostfile_of(named.flag, &e, &name))?;
            let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| parse_hostfile(line).ok());
            (cluster, lines.flat_map(|line| line.nodes.iter().copied().collect::<Vec<_>>()).collect())
        }
    };
    let mut seen = BTreeSet::new();
    match all.into_iter().find(|node| !seen.insert(*node)) {
        Some(node) => {
            Err(wrong(named.flag).detail(&format!("{node} is named twice")).cure("Name each node once."))
        }
        None => Ok(cluster),
    }
}

fn wrong(flag: &str) -> Report {
    Report::new("50004", &format!("The parameter '{flag}' value is incorrect."))
}

/// The nodes of a set, and the same as often as they come: a set itself has each once.
fn of_set(flag: &str, set: &str, port: u16) -> Result<(Cluster, Vec<NodeSpec>), Report> {
    let hosts = parse_nodeset(set).map_err(|mistakes| errors::nodeset_of(flag, &mistakes))?;
    let found = resolver::addresses(&names(&hosts))?;
    // By a name and by its address, or by two names.
    let alone = |host| resolve(vec![host], &found, port).ok()?.nodes.iter().next().copied();
    let mut all: Vec<NodeSpec> = hosts.iter().cloned().filter_map(alone).collect();
    // The same word again. Words in brackets are ranges, which a person does not repeat by mistake.
    let mut words = BTreeSet::new();
    let plain = set.split([',', ' ']).filter(|word| !word.is_empty() && !set.contains(['[', '!', '&', '^']));
    let again = plain.filter(|word| !words.insert(*word)).filter_map(|word| parse_nodeset(word).ok());
    all.extend(again.flatten().filter_map(alone));
    let cluster = resolve(hosts, &found, port).map_err(|mistakes| errors::nodeset_of(flag, &mistakes))?;
    Ok((cluster, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(set: &str) -> Result<Vec<String>, String> {
        let named = Named { flag: "--add", nodes: Nodes::Set(set.to_owned()) };
        let cluster = read(&named, 22).map_err(|report| report.to_string())?;
        Ok(cluster.nodes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_set_names_each_node_once() {
        assert_eq!(named("10.0.0.[4-5],10.0.0.9").unwrap(), ["10.0.0.4", "10.0.0.5", "10.0.0.9"]);
        for set in ["10.0.0.4,10.0.0.4", "10.0.0.4 10.0.0.5,10.0.0.4", "10.0.0.4,::ffff:10.0.0.4"] {
            let said = named(set).unwrap_err();
            assert!(
                said.starts_with("[GAUSS-50004] : The parameter '--add' value is incorrect.\n"),
                "{said}"
            );
            assert!(said.contains("10.0.0.4 is named twice"), "{set}: {said}");
        }
        for set in ["", " , ", "10.0.0.[1", "10.0.0.256"] {
            let said = named(set).unwrap_err();
            assert!(
                said.starts_with("[GAUSS-50004] : The parameter '--add' value is incorrect.\n"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_file_names_each_node_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let named = Named { flag: "-x", nodes: Nodes::File(path.clone()) };
        std::fs::write(&path, "# new\n10.0.0.4\n\n10.0.0.5,2222\n").unwrap();
        assert_eq!(read(&named, 22).unwrap().nodes.len(), 2);
        std::fs::write(&path, "10.0.0.4\n10.0.0.5\n 10.0.0.4\n").unwrap();
        let said = read(&named, 22).unwrap_err().to_string();
        assert!(said.contains("'-x'") && said.contains("10.0.0.4 is named twice"), "{said}");
        std::fs::write(&path, "# none\n").unwrap();
        assert!(read(&named, 22).is_err());
    }
}
