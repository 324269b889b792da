//! `client-settings`: what decides whether `ssh NODE` works from a caller is what its own settings make of it.
//!
//! Certain is what was tried: the caller made the call again without any settings, and it worked, and once more with them,
//! and it failed. Else a setting that makes calls fail in just this way is the likely cause; another fault may stand behind
//! it. Other rules do not see these pairs.

mod blame;
mod cure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Case, Code, Finding};
use crate::inventory::NodeIx;
use crate::observe::{ClientCall, Evidence};
use crate::probe::{Cause, EdgeIx, TrustEdge};
use blame::Blame;

/// Most settings that are shown.
const SHOWN: usize = 6;

/// The findings about callers.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.preflight {
        return case.seen().filter_map(|(node, _, evidence)| ahead(node, evidence)).collect();
    }
    case.seen().filter_map(|(node, _, evidence)| at(case, node, evidence)).collect()
}

/// Before there is trust: what the block of the set-up would not outweigh, and no call works with. Under an alias the host
/// key may be on record already.
fn ahead(node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let call = evidence.client.calls.first()?;
    let breaks = |(keyword, value): &&(String, String)| match keyword.as_str() {
        "remotecommand" | "refuseconnection" => !value.eq_ignore_ascii_case("none"),
        "hostkeyalias" => *value != call.host,
        "sessiontype" => value != "default",
        _ => false,
    };
    let settings: Vec<(String, String)> = call.with.iter().filter(breaks).cloned().collect();
    if settings.is_empty() {
        return None;
    }
    let finding = show(Finding::new(Code::ClientSettings, node), evidence, &[(call, settings.as_slice())]);
    let doubtful = settings.iter().all(|(keyword, _)| keyword == "hostkeyalias");
    let finding = if doubtful { finding.likely() } else { finding };
    Some(finding.cure(cure::ahead(node, evidence, call, &settings)))
}

/// Calls that have a better explanation: `ssh` names the file that it cannot use, or it is about the keys that are offered.
const OTHERS: [Cause; 5] =
    [Cause::BadConfig, Cause::Permissions, Cause::NoSsh, Cause::Libraries, Cause::TooManyKeys];

/// A pair that its caller's settings break.
struct Broken<'a> {
    pair: EdgeIx,
    edge: &'a TrustEdge,
    /// What is known of this call, or of another one of the same caller that fails in the same way.
    call: &'a ClientCall,
    blame: Blame,
}

fn at(case: &Case, node: NodeIx, evidence: &Evidence) -> Option<Finding> {
    let client = &evidence.client;
    if client.calls.is_empty() {
        return None;
    }
    let edges = case.matrix.edges_from(node).iter().filter_map(|pair| Some((*pair, case.edge(*pair)?)));
    let edges: Vec<(EdgeIx, &TrustEdge)> =
        edges.filter(|(_, edge)| edge.to != node && !OTHERS.contains(&edge.cause)).collect();
    let mut broken: Vec<Broken<'_>> = Vec::new();
    // What all calls show that fail in one way holds for those that nobody was asked about.
    let mut alike: BTreeMap<Cause, Option<(&ClientCall, Blame)>> = BTreeMap::new();
    for (pair, edge) in edges.iter().take(client.asked) {
        let call = client.call(&edge.host);
        let blamed = call.and_then(|call| Some((call, blame::blame(case, evidence, edge, call)?)));
        let Some((call, blame)) = blamed else {
            alike.insert(edge.cause.clone(), None);
            continue;
        };
        alike.entry(edge.cause.clone()).or_insert_with(|| Some((call, blame.clone())));
        broken.push(Broken { pair: *pair, edge, call, blame });
    }
    for (pair, edge) in edges.iter().skip(client.asked) {
        if let Some(Some((call, blame))) = alike.get(&edge.cause) {
            broken.push(Broken { pair: *pair, edge, call, blame: blame.clone() });
        }
    }
    (!broken.is_empty()).then(|| tell(node, evidence, &broken))
}

fn tell(node: NodeIx, evidence: &Evidence, broken: &[Broken<'_>]) -> Finding {
    let mut finding = Finding::new(Code::ClientSettings, node).explains(broken.iter().map(|one| one.pair));
    if !broken.iter().all(|one| one.blame.tried) {
        finding = finding.likely();
    }
    if let [only] = broken {
        finding.about = Some(only.edge.to);
    }
    let blamed: Vec<(&ClientCall, &[(String, String)])> =
        broken.iter().map(|one| (one.call, one.blame.settings.as_slice())).collect();
    let mut finding = show(finding, evidence, &blamed);
    if let Some(first) = broken.first() {
        finding = finding.seen(node, &format!("ssh {}", first.edge.host), &first.edge.said);
        if first.blame.tried {
            finding = finding.seen(node, &format!("ssh -F none {}", first.call.host), "works");
        }
    }
    finding.cure(cure::cure(node, evidence, broken))
}

/// Shows settings where they stand; as `ssh` prints them if that is not known.
fn show(finding: Finding, evidence: &Evidence, blamed: &[(&ClientCall, &[(String, String)])]) -> Finding {
    let node = finding.node;
    let mut shown: Vec<(String, String)> = Vec::new();
    for (call, settings) in blamed {
        for (keyword, value) in *settings {
            let place = evidence.client.place(&evidence.state.home, &call.host, keyword, value);
            let witness = match place {
                Some(place) => (format!("{}:{}", place.path, place.line), place.text),
                None => (format!("ssh -G {}", call.host), format!("{keyword} {value}")),
            };
            if shown.len() < SHOWN && !shown.contains(&witness) {
                shown.push(witness);
            }
        }
    }
    shown.into_iter().fold(finding, |finding, (source, said)| finding.seen(node, &source, &said))
}
