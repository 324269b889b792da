//! Which calls by name need not be made: the caller itself is asked, once for all names, what decides them.
//!
//! Where a name leads to, what `ssh -G` says of the name and of the address, and the host keys on record for both. Only
//! where all of it is the same, a call by address that works proves the one by name.

mod script;

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use trust::probe::Pairs;
use trust::probe::by_name::{Files, Judge, Told, Twins};

use super::prober::Prober;
use crate::inventory::{NodeIx, NodeMap};
use crate::limits::Limits;
use crate::node::Shell;
use script::script;

/// Most callers that are asked at a time. They use their own processors; this bounds what is held of their answers.
const ASKED_AT_ONCE: usize = 32;
/// Among so few nodes, files that are sent more than once cost less than a caller that all others wait for.
const FEW: usize = 8;
/// A caller ends its answer itself, so long before nobody waits for it any more.
const SLACK: Duration = Duration::from_secs(30);

/// A node that has a name.
type Callee<'a> = (NodeIx, IpAddr, &'a str);

/// Asks all callers of these pairs; those whose call by name does what the one by address does.
pub(super) async fn twins(nodes: &NodeMap<Prober>, pairs: &Pairs, limits: &Limits) -> Twins {
    let named = nodes.entries().filter_map(|(to, node)| {
        let name = node.name.as_deref()?;
        Some((to, node.spec.ip, name))
    });
    let named: Vec<Callee<'_>> = named.collect();
    let called_by = |from: NodeIx| -> Vec<Callee<'_>> {
        named.iter().filter(|(to, ..)| pairs.holds(from, *to)).copied().collect()
    };
    let callers = nodes.entries().filter_map(|(from, node)| Some((from, node.shell.as_ref()?)));
    let callers = callers.map(|(from, shell)| (from, shell, called_by(from)));
    let mut callers = callers.filter(|(_, _, callees)| !callees.is_empty());
    let (mut twins, mut known) = (Twins::new(nodes.len()), Files::new());
    if nodes.len() > FEW {
        // The files of host keys are the same on most nodes: those of the first are known to the others.
        for (from, shell, callees) in callers.by_ref().take(1) {
            let (same, files) = ask(shell, &callees, &known, limits).await;
            same.into_iter().for_each(|to| twins.add(from, to));
            known = files;
        }
    }
    let (gate, known) = (&Semaphore::new(ASKED_AT_ONCE), &known);
    let asking = callers.map(|(from, shell, callees)| async move {
        let _slot = gate.acquire().await;
        (from, ask(shell, &callees, known, limits).await.0)
    });
    for (from, same) in join_all(asking).await {
        same.into_iter().for_each(|to| twins.add(from, to));
    }
    twins
}

/// Asks one caller: the nodes that its calls by name reach as those by address do, and the files that it sent. One that
/// gives no answer makes all its calls.
async fn ask(shell: &Shell, callees: &[Callee<'_>], known: &Files, limits: &Limits) -> (Vec<NodeIx>, Files) {
    let Ok(output) = shell.run(&script(callees, known, limits), limits.call + SLACK).await else {
        return (Vec::new(), Files::new());
    };
    let told = Told::read(&output.stdout, known);
    let judge = Judge::new(&told);
    let same = callees.iter().filter(|(to, address, _)| judge.follows(*to, *address).is_ok());
    (same.map(|(to, ..)| *to).collect(), told.into_files())
}

#[cfg(test)]
mod tests;
