//! What the program consists of, as cargo resolves it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cargo::{cargo, host};
use crate::dist::{at, output_of};
use crate::error::TaskError;
use crate::tree;

/// A crate that is built into the program, or makes code that is.
#[derive(Debug, Clone)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// The licences, in SPDX's words.
    pub(super) licence: String,
    /// Where its sources are.
    pub(super) folder: PathBuf,
    /// The digest of its archive. Our own crates have none.
    pub(super) digest: Option<String>,
    /// What it needs of the others, by name and version.
    pub(super) needs: BTreeSet<(String, String)>,
}

impl Crate {
    /// Whether it is one of the repository.
    pub(super) const fn is_ours(&self) -> bool {
        self.digest.is_none()
    }
}

/// All of them, sorted by name and version.
pub(super) fn read() -> Result<Vec<Crate>, TaskError> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()?]);
    let text = output_of(command.current_dir(tree::root()))?;
    let bad = || TaskError::Failed { command: "cargo metadata".to_owned() };
    let value: Value = serde_json::from_slice(&text).map_err(|_| bad())?;
    let lock = tree::root().join("Cargo.lock");
    let digests = digests(&fs::read_to_string(&lock).map_err(at(&lock))?);
    crates(&value, &digests).ok_or_else(bad)
}

/// By name and version, what the lock file says of archives.
fn digests(lock: &str) -> BTreeMap<(String, String), String> {
    let entry = |text: &str| {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
            Some(line.trim_end_matches('"').to_owned())
        };
        Some(((value("name")?, value("version")?), value("checksum")?))
    };
    lock.split("[[package]]").filter_map(entry).collect()
}

fn crates(value: &Value, digests: &BTreeMap<(String, String), String>) -> Option<Vec<Crate>> {
    let nodes: BTreeMap<&str, &Value> = value["resolve"]["nodes"]
        .as_array()?
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let packages: BTreeMap<&str, &Value> = value["packages"]
        .as_array()?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let root = packages.iter().find(|(_, package)| package["name"] == "gs_sshexkey").map(|(id, _)| *id)?;
    let (mut seen, mut open) = (BTreeSet::from([root]), vec![root]);
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        let needs: Vec<&str> = nodes.get(id)?["deps"].as_array()?.iter().filter_map(built_in).collect();
        open.extend(needs.iter().filter(|id| seen.insert(id)));
        let named = |id: &str| packages.get(id).and_then(|package| name(package));
        let package = packages.get(id)?;
        let key = name(package)?;
        found.push(Crate {
            licence: package["license"].as_str().unwrap_or("unknown").to_owned(),
            folder: Path::new(package["manifest_path"].as_str()?).parent()?.to_owned(),
            digest: digests.get(&key).cloned(),
            needs: needs.into_iter().filter_map(named).collect(),
            name: key.0,
            version: key.1,
        });
    }
    found.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Some(found)
}

fn name(package: &Value) -> Option<(String, String)> {
    Some((package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()))
}

/// The crate that a dependency leads to, if it is not only for tests or for the build.
fn built_in(dependency: &Value) -> Option<&str> {
    let kinds = dependency["dep_kinds"].as_array()?;
    kinds.iter().any(|kind| kind["kind"].is_null()).then(|| dependency["pkg"].as_str())?
}
