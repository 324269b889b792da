//! Whether a call by name does what the call by address does. Pure.
//!
//! Both run the same `ssh` on the same node. They do the same, to the last byte that goes over the network, if all options
//! are the same and none of them can depend on the name, if the name leads to the node's address and nowhere else, and if
//! the host keys on record are the same for both. Then a call by address that works proves the call by name too.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use sshfiles::{KnownHost, KnownHosts, Marker};

use super::told::{Told, Way};
use crate::inventory::NodeIx;

/// Why a call by name has to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The caller did not say what `ssh` would do.
    Untold,
    /// The options differ, or `ssh` would not go to the address at all.
    OtherOptions,
    /// The options are the same, but may do something else for another name, or some of them are not known.
    UnclearOptions,
    /// The name leads elsewhere, to other addresses too, or nobody knows where.
    LeadsElsewhere,
    /// The host keys on record differ, there are none, or some of them are not plain ones.
    OtherRecords,
}

/// A caller's answer, made ready for one question a node.
#[derive(Debug)]
pub struct Judge<'a> {
    told: &'a Told,
    settings: HashMap<u32, (u16, Vec<Arc<KnownHosts>>)>,
}

impl<'a> Judge<'a> {
    /// Takes a caller's answer.
    pub fn new(told: &'a Told) -> Self {
        Self { told, settings: told.settings() }
    }

    /// Whether this caller's call of a node by name does what its call by address does.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub fn follows(&self, callee: NodeIx, address: IpAddr) -> Result<(), Why> {
        let (by_address, by_name) = self.told.ways(callee).ok_or(Why::Untold)?;
        if by_address.options != by_name.options || by_address.host.parse() != Ok(address) {
            return Err(Why::OtherOptions);
        }
        let (port, files) = self.settings.get(&by_name.options).ok_or(Why::UnclearOptions)?;
        if !self.leads_to(by_name, address) {
            return Err(Why::LeadsElsewhere);
        }
        let on_record = |way: &Way| -> Vec<KnownHost> {
            files.iter().flat_map(|file| file.lookup(&way.host, *port)).collect()
        };
        if same_keys(&on_record(by_address), &on_record(by_name)) { Ok(()) } else { Err(Why::OtherRecords) }
    }

    /// Whether a call by name goes to this address, and can go nowhere else.
    fn leads_to(&self, by_name: &Way, address: IpAddr) -> bool {
        if by_name.host.parse() == Ok(address) {
            return true;
        }
        let only = |found: &std::collections::BTreeSet<IpAddr>| found.iter().eq([&address]);
        self.told.leads_to(&by_name.host).is_some_and(only)
    }
}

/// Whether both have the same keys, at least one, and nothing but keys: a revocation or an authority needs the judgement
/// of `ssh`. The order does not matter to it, nor how often a key is there.
fn same_keys(one: &[KnownHost], other: &[KnownHost]) -> bool {
    let plain = |records: &[KnownHost]| records.iter().all(|record| record.marker == Marker::None);
    let within = |these: &[KnownHost], those: &[KnownHost]| {
        these.iter().all(|this| those.iter().any(|that| that.key == this.key))
    };
    !one.is_empty() && plain(one) && plain(other) && within(one, other) && within(other, one)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
