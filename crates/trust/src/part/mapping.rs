//! The mapping of addresses to host names in `/etc/hosts`.

use std::net::IpAddr;

use sshfiles::Hosts;

use super::{file, only_new};
use crate::observe::NodeState;
use crate::place::Place;
use crate::plan::{FileEdit, Found, Leaver, Left, LeftWhy, Taking};

/// Puts it on a node; with `keep_old` lines of earlier runs stay.
#[must_use]
pub fn put(state: &NodeState, mapping: &[(IpAddr, String)], keep_old: bool) -> Option<FileEdit> {
    let mut hosts = Hosts::parse(state.bytes(Place::Hosts));
    hosts.set_mapping(mapping, keep_old);
    file(state, Place::Hosts, hosts.to_bytes(), only_new(state, Place::Hosts, 0o644))
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
