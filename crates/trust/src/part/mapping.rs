//! The mapping of addresses to host names in `/etc/hosts`.

use std::net::IpAddr;

use sshfiles::Hosts;

use super::{Made, file, only_new, shared_file};
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{FileEdit, Found, Leaver, Left, LeftWhy, Taking};

/// The mapping of a cluster, made once for all nodes that start with the same file.
pub struct Mapping {
    pairs: Vec<(IpAddr, String)>,
    keep_old: bool,
    made: Made,
}

impl Mapping {
    /// Of these pairs; with `keep_old` lines of earlier runs stay.
    #[must_use]
    pub fn of(pairs: Vec<(IpAddr, String)>, keep_old: bool) -> Self {
        Self { pairs, keep_old, made: Made::default() }
    }

    /// Puts it on a node.
    #[must_use]
    pub fn put(&self, state: &NodeState) -> Option<FileEdit> {
        let old = &state.entry(Place::Hosts).bytes;
        let new = self.made.of(old, || {
            let mut hosts = Hosts::parse(old);
            hosts.set_mapping(&self.pairs, self.keep_old);
            hosts.to_bytes()
        });
        shared_file(state, Place::Hosts, new, only_new(state, Place::Hosts, 0o644))
    }
}

/// Takes the lines of nodes that leave. Only root may.
#[must_use]
pub fn without(now: &NodeState, gone: &[Leaver]) -> Option<FileEdit> {
    let mut hosts = Hosts::parse(now.bytes(Place::Hosts));
    let removed = hosts.remove_mapping_of(|address| gone.iter().any(|leaver| leaver.spec.ip == address));
    if removed > 0 && now.uid == 0 { file(now, Place::Hosts, hosts.to_bytes(), None) } else { None }
}

/// Takes it from a node, unless the names are to stay.
pub fn take(state: &NodeState, keep_names: bool, taking: &mut Taking) {
    let entry = state.entry(Place::Hosts);
    let mut hosts = Hosts::parse(&entry.bytes);
    let lines = hosts.remove_mapping();
    let path = entry.path.clone();
    match lines {
        0 => {}
        _ if keep_names => taking.left.push(Left { path, why: LeftWhy::KeepNames }),
        _ if state.uid != 0 => taking.left.push(Left { path, why: LeftWhy::NotRoot }),
        _ => {
            taking.found.push(Found::Mapping { path, lines });
            taking.edit(state, entry, hosts.to_bytes());
        }
    }
}
