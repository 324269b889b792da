//! Finds what is on record on this machine for the nodes of a cluster, in all files in which ssh(1) would look.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sshfiles::{KnownHost, Marker, PublicKey};
use trust::enter::Strict;
use trust::host_keys::{
    ClientSays, ConfirmedKey, HostKeyPolicy, Lookup, NodeRecords, RecordFile, Tokens, expand, hosts,
};

use super::client_config::{Client, Host};
use super::host_key::TrustedHosts;
use crate::inventory::{Cluster, NodeSpec};

/// For whom, and what else counts.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The nodes, with every name that the description gives them.
    pub cluster: &'a Cluster,
    /// The user, here and there.
    pub user: &'a str,
    /// That user's home on this machine.
    pub home: &'a Path,
    /// This machine's addresses: what is reached there cannot be another machine, so its key need not be known.
    pub own: &'a [IpAddr],
    /// Host keys that were confirmed in another way.
    pub confirmed: &'a [ConfirmedKey],
    /// What whoever started the run demands.
    pub policy: &'a HostKeyPolicy,
}

/// A file and why it cannot be used.
type Unreadable = (PathBuf, io::Error);

/// The first bytes of a key revocation list (OpenSSH's PROTOCOL.krl).
const KRL: &[u8] = b"SSHKRL\n\0";

/// Finds the records of all nodes.
///
/// # Errors
/// The path and the error of a file that exists and cannot be read, or be understood.
pub async fn find_records(search: Search<'_>) -> Result<TrustedHosts, Unreadable> {
    let client = Client::ask(&all_hosts(search.cluster), search.user, search.home).await;
    let mut files = Files { home: search.home, read: HashMap::new() };
    let mut nodes = HashMap::new();
    for (node, called) in search.cluster.nodes.iter().zip(&search.cluster.called) {
        nodes.insert(*node, of_node(search, *node, called, &client, &mut files)?);
    }
    Ok(TrustedHosts::new(nodes))
}

fn all_hosts(cluster: &Cluster) -> Vec<Host> {
    let of = |(node, called): (&NodeSpec, &Vec<String>)| {
        let port = node.port;
        hosts(*node, called).map(move |name| Host { name, port }).collect::<Vec<_>>()
    };
    cluster.nodes.iter().zip(&cluster.called).flat_map(of).collect()
}

fn of_node(
    search: Search<'_>,
    node: NodeSpec,
    called: &[String],
    client: &Client,
    files: &mut Files<'_>,
) -> Result<NodeRecords, Unreadable> {
    let (mut lookups, mut revoked) = (Vec::new(), Revoked::default());
    let mut strict = search.policy.strict.then_some(Strict::Asked);
    for typed in hosts(node, called) {
        let said = client.says(&typed, node.port);
        if strict.is_none() && said.map_or(client.may_be_strict, |said| said.strict) {
            strict = Some(Strict::Configured(typed.clone()));
        }
        let place = Place { typed: &typed, node, user: search.user };
        lookups.extend(files.lookups(place, said)?);
        if let Some(said) = said {
            files.revoked(place, said, &mut revoked)?;
        }
    }
    let pins = search.policy.pins.iter().flat_map(|file| {
        hosts(node, called).map(move |host| {
            // A line without a port is meant for the node too, where none has its port.
            let port = if file.speaks_of(&host, node.port) { node.port } else { 22 };
            Lookup { host, port, files: vec![file.clone()] }
        })
    });
    let confirmed = search.confirmed.iter().filter(|key| key.node == node);
    let Revoked { keys, lists } = revoked;
    let records = NodeRecords::new(&lookups).pinned(&pins.collect::<Vec<_>>());
    let records = records.revoking(keys).listing(lists);
    let records = records.confirming(confirmed.map(|key| key.fingerprint.clone()).collect());
    Ok(records.strictly(strict.filter(|_| !search.own.contains(&node.ip))))
}

/// A host of a node, as somebody would type it.
#[derive(Clone, Copy)]
struct Place<'a> {
    typed: &'a str,
    node: NodeSpec,
    user: &'a str,
}

/// The files, each read once.
struct Files<'a> {
    home: &'a Path,
    read: HashMap<PathBuf, Option<Arc<RecordFile>>>,
}

impl Files<'_> {
    /// Where `ssh` would look for the keys of a host. One that is not configured is looked up as it stands; so is one that
    /// the configuration sends to another machine, for that is not the one at the address of the node.
    fn lookups(&mut self, place: Place<'_>, said: Option<&ClientSays>) -> Result<Vec<Lookup>, Unreadable> {
        let Place { typed, node, .. } = place;
        let Some(said) = said else {
            let files = self.all(self.defaults())?;
            return Ok(vec![Lookup { host: typed.to_owned(), port: node.port, files }]);
        };
        let paths = said.files.iter().map(|name| self.path(place, said, name));
        let files = self.all(paths.collect::<Result<Vec<_>, _>>()?)?;
        if let Some(alias) = &said.alias {
            return Ok(vec![Lookup { host: alias.clone(), port: 22, files }]);
        }
        let elsewhere = said.hostname.parse::<IpAddr>().is_ok_and(|ip| ip != node.ip);
        let sent = Some(&*said.hostname).filter(|host| !elsewhere && !host.eq_ignore_ascii_case(typed));
        let lookup = |host: &str| Lookup { host: host.to_owned(), port: node.port, files: files.clone() };
        Ok(std::iter::once(typed).chain(sent).map(lookup).collect())
    }

    /// The defaults of ssh_config(5).
    fn defaults(&self) -> Vec<PathBuf> {
        let user = [".ssh/known_hosts", ".ssh/known_hosts2"].map(|name| self.home.join(name));
        let system = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"].map(PathBuf::from);
        user.into_iter().chain(system).collect()
    }

    fn path(&self, place: Place<'_>, said: &ClientSays, name: &str) -> Result<PathBuf, Unreadable> {
        let tokens = Tokens {
            home: self.home,
            user: place.user,
            uid: rustix::process::geteuid().as_raw(),
            typed: place.typed,
            hostname: &said.hostname,
            alias: said.alias.as_deref().unwrap_or(place.typed),
            port: place.node.port,
        };
        let unknown = |why| (PathBuf::from(name), io::Error::new(io::ErrorKind::InvalidInput, why));
        expand(name, &tokens).map_err(unknown)
    }

    fn all(&mut self, paths: Vec<PathBuf>) -> Result<Vec<Arc<RecordFile>>, Unreadable> {
        let mut files = Vec::new();
        for path in paths {
            if !self.read.contains_key(&path) {
                let parsed = read(&path)?.map(|bytes| Arc::new(RecordFile::parse(path.clone(), &bytes)));
                self.read.insert(path.clone(), parsed);
            }
            files.extend(self.read.get(&path).cloned().flatten());
        }
        Ok(files)
    }

    /// `RevokedHostKeys`: public keys, one a line, or a key revocation list. `ssh` takes no key at all if it cannot be read.
    fn revoked(&self, place: Place<'_>, said: &ClientSays, revoked: &mut Revoked) -> Result<(), Unreadable> {
        let Some(name) = &said.revoked else { return Ok(()) };
        let path = self.path(place, said, name)?;
        let bytes = std::fs::read(&path).map_err(|error| (path.clone(), error))?;
        if bytes.starts_with(KRL) {
            revoked.lists.push(path);
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        revoked.keys.extend(text.lines().zip(1..).filter_map(|(text, line)| {
            let key = text.parse::<PublicKey>().ok()?;
            Some((path.clone(), KnownHost { line, marker: Marker::Revoked, key, ours: false }))
        }));
        Ok(())
    }
}

/// What `RevokedHostKeys` says.
#[derive(Default)]
struct Revoked {
    /// Keys that must never be taken: the file and the line.
    keys: Vec<(PathBuf, KnownHost)>,
    /// Lists that have to be asked about each key.
    lists: Vec<PathBuf>,
}

/// The bytes of a file; `None` if there is none, or something else than a file: `/dev/null` is empty, and a pipe would be
/// waited for.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Unreadable> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
        _ => Err((path.to_owned(), error)),
    };
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Ok(None),
        Ok(_) => std::fs::read(path).map_or_else(failed, |bytes| Ok(Some(bytes))),
        Err(error) => failed(error),
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
