//! What would make the set-up fail, told before anything is written: the part of the preflight that concerns nodes that
//! were entered.

use std::collections::BTreeSet;

use super::read::Node;
use super::{Options, SetupError};
use crate::diagnose::{ByHand, Case, CaseNode, Certainty, Code, Cure, Healing, diagnose};
use crate::event::Login;
use crate::identity::{IdentityKey, NodeKeys};
use crate::inventory::NodeSpec;
use crate::probe::TrustMatrix;

/// What the set-up cannot mend and cannot do without. What is wrong with a disk, it finds itself when it writes.
const HOPELESS: [Code; 13] = [
    Code::HomePermissions,
    Code::RootLoginOff,
    Code::AccountNotAllowed,
    Code::PubkeyAuthOff,
    Code::SecondFactor,
    Code::AuthorizedKeysElsewhere,
    Code::UnwritableFile,
    Code::HomeUnusable,
    Code::SelinuxContext,
    Code::PasswordExpired,
    Code::SshConfigBroken,
    Code::ClientSettings,
    Code::ForcedCommand,
];

/// Looks for it. `keys`: those that will be used; of the nodes in `new` they are made just now. One that is kept is one that all
/// nodes take.
pub(super) fn foresee(
    options: &Options,
    nodes: &mut [Node],
    keys: &NodeKeys<IdentityKey>,
    new: &BTreeSet<NodeSpec>,
) -> Result<(), SetupError> {
    let doubtful = new.first().and_then(|node| keys.of(*node)).or_else(|| keys.all().next());
    let case = Case {
        user: options.user.clone(),
        preflight: true,
        key_type: doubtful.map(|key| key.public().algorithm().to_owned()),
        nodes: nodes.iter_mut().map(case_node).collect(),
        matrix: TrustMatrix::new(nodes.iter().map(|node| node.spec).collect(), Vec::new()),
    };
    let found = diagnose(&case).findings.into_iter();
    let found = found.filter(|f| f.certainty == Certainty::Certain && HOPELESS.contains(&f.code));
    // Of files of another kind, and of others' links, the plan says more.
    let planned = |cure: &Cure| cure.healing == Healing::ByHand(ByHand::Judgement);
    let found = found.filter(|f| f.code != Code::UnwritableFile || !f.cures.iter().all(planned));
    let found: Vec<_> = found.filter_map(|f| Some((case.node(f.node)?.spec, f))).collect();
    if found.is_empty() { Ok(()) } else { Err(SetupError::Foreseen(found)) }
}

/// Takes the evidence: nothing else needs it.
fn case_node(node: &mut Node) -> CaseNode {
    let mut evidence = node.evidence.take();
    if let Some(evidence) = &mut evidence {
        // The set-up makes and restricts that folder and what is in it, if they are the user's.
        let (own, uid) = (format!("{}/.ssh", evidence.rights.home), evidence.state.uid);
        evidence.rights.paths.retain(|path, right| !path.starts_with(&own) || right.uid != uid);
    }
    CaseNode {
        spec: node.spec,
        name: Some(node.state.hostname.clone()),
        described: None,
        local: node.local,
        entry: Ok(if node.local { Login::Local } else { Login::Password }),
        wants_more: node.entered.wants_more(),
        evidence,
        host_keys: Vec::new(),
        proven: true,
        alive: None,
    }
}
