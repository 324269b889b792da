//! `expired`, `expiring` and `from-mismatch`: a line that lets a key in has an end or a list of callers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sshfiles::{AuthorizedKey, PublicKey};

use super::granted::files;
use super::limits::set_up_with;
use super::offered::offered;
use crate::bounds::{MOST_ADDRESSES, NodeClock, matches_address};
use crate::diagnose::{ByHand, Case, Code, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::place::Place;
use crate::probe::{Cause, EdgeIx};

/// The last hour always counts as the end, in seconds.
const SOON: i64 = 3_600;
/// How long new trust is to last, in a command that a person may change.
const LONGER: &str = "--expires 8h";
/// How a key that is not taken shows at the caller.
const REFUSED: [Cause; 2] = [Cause::KeyRefused, Cause::AgentUseless];

pub(super) fn find(case: &Case) -> Vec<Finding> {
    if case.preflight {
        return Vec::new();
    }
    let mut found = Vec::new();
    let bounded = case.seen().map(|(node, _, evidence)| (node, evidence, Lines::of(evidence)));
    let bounded: Vec<(NodeIx, &Evidence, Lines)> =
        bounded.filter(|(.., lines)| lines.are_bounded()).collect();
    let whole = longest(&bounded);
    for (node, evidence, lines) in &bounded {
        found.extend(expired(case, *node, evidence, lines));
        found.extend(elsewhere(case, *node, evidence, lines));
        found.extend(expiring(case, *node, evidence, lines, &whole));
    }
    found
}

/// A line with bounds, in the file of this path.
struct Line {
    path: String,
    entry: AuthorizedKey,
}

impl Line {
    /// How many seconds are left; `None`: it has no end. A time that sshd cannot read is over.
    fn left(&self, clock: NodeClock) -> Option<i64> {
        self.entry.bounds.expiry.as_deref().map(|text| clock.left(text).unwrap_or(i64::MIN))
    }

    fn is_over(&self, clock: Option<NodeClock>) -> bool {
        clock.and_then(|clock| self.left(clock)).is_some_and(|left| left <= 0)
    }

    fn shuts_out(&self, ip: IpAddr) -> bool {
        self.entry.bounds.from.as_deref().is_some_and(|list| matches_address(list, ip) == Some(false))
    }

    fn source(&self) -> String {
        format!("{}, line {}", self.path, self.entry.line)
    }
}

/// The lines of a node that let a key in and have no options but bounds, by the key.
struct Lines(BTreeMap<PublicKey, Vec<Line>>);

impl Lines {
    fn of(evidence: &Evidence) -> Self {
        let mut all: BTreeMap<PublicKey, Vec<Line>> = BTreeMap::new();
        for (path, keys) in files(evidence) {
            for entry in keys.entries().filter(|entry| entry.only_bound) {
                let line = Line { path: path.clone(), entry };
                all.entry(line.entry.key.clone()).or_default().push(line);
            }
        }
        Self(all)
    }

    fn are_bounded(&self) -> bool {
        self.0.values().flatten().any(|line| !line.entry.bounds.is_empty())
    }

    fn of_key(&self, key: &PublicKey) -> &[Line] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// The lines of each key that one of ours holds.
    fn ours(&self) -> impl Iterator<Item = &[Line]> {
        self.0.values().map(Vec::as_slice).filter(|lines| lines.iter().any(|line| line.entry.ours))
    }
}

/// The calls to a node that its lines refuse although they hold the caller's key, with the caller and a line that shuts it out.
/// `shut`: whether a line does.
fn refused<'a>(
    case: &Case,
    node: NodeIx,
    lines: &'a Lines,
    shut: impl Fn(&Line, IpAddr) -> bool,
    open: impl Fn(&Line, IpAddr) -> bool,
) -> Vec<(EdgeIx, NodeIx, &'a Line)> {
    let mut found = Vec::new();
    for pair in case.pairs_to(node, &REFUSED) {
        let Some(from) = case.edge(pair).map(|edge| edge.from) else { continue };
        let Some(caller) = case.node(from) else { continue };
        let keys = caller.evidence.as_ref().map(offered).unwrap_or_default();
        let lines: Vec<&Line> = keys.iter().flat_map(|key| lines.of_key(key)).collect();
        if lines.iter().any(|line| open(line, caller.spec.ip)) {
            continue;
        }
        found
            .extend(lines.into_iter().find(|line| shut(line, caller.spec.ip)).map(|line| (pair, from, line)));
    }
    found
}

/// Lines whose time is over. What nobody calls with is told too: it was to open the node.
fn expired(case: &Case, node: NodeIx, evidence: &Evidence, lines: &Lines) -> Option<Finding> {
    let clock = evidence.state.clock?;
    let over = |line: &Line| line.is_over(Some(clock));
    let of_keys = lines.ours().filter(|lines| lines.iter().all(over)).flatten();
    let mut told: BTreeMap<String, String> = of_keys.map(|line| (line.source(), end_of(line))).collect();
    let calls =
        refused(case, node, lines, |line, _| over(line), |line, ip| !over(line) && !line.shuts_out(ip));
    told.extend(calls.iter().map(|(_, _, line)| (line.source(), end_of(line))));
    if told.is_empty() {
        return None;
    }
    let finding = Finding::new(Code::Expired, node).explains(calls.iter().map(|(pair, ..)| *pair));
    let now = clock.text(clock.said.saturating_sub(clock.ahead())).unwrap_or_default();
    let finding = finding.seen(node, "date +%Y%m%d%H%M%S", &now);
    let finding =
        told.iter().take(MOST_TOLD).fold(finding, |finding, (source, end)| finding.seen(node, source, end));
    Some(finding.cure(again(case, LONGER)))
}

/// So many lines are quoted.
const MOST_TOLD: usize = 3;

fn end_of(line: &Line) -> String {
    format!("expiry-time=\"{}\"", line.entry.bounds.expiry.clone().unwrap_or_default())
}

/// Callers whose address is in no list.
fn elsewhere(case: &Case, node: NodeIx, evidence: &Evidence, lines: &Lines) -> Option<Finding> {
    let clock = evidence.state.clock;
    let shut = |line: &Line, ip: IpAddr| !line.is_over(clock) && line.shuts_out(ip);
    let open = |line: &Line, ip: IpAddr| !line.is_over(clock) && !line.shuts_out(ip);
    let calls = refused(case, node, lines, shut, open);
    let (_, first, _) = calls.first()?;
    let mut finding = Finding::new(Code::FromMismatch, node).explains(calls.iter().map(|(pair, ..)| *pair));
    if calls.iter().all(|(_, from, _)| from == first) {
        finding = finding.about(*first);
    }
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for (_, from, line) in &calls {
        let list = line.entry.bounds.from.clone().unwrap_or_default();
        let Some(caller) = case.node(*from) else { continue };
        let said = format!("from=\"{list}\": {} is not in it", caller.spec.ip);
        told.entry(line.source()).or_insert(said);
    }
    finding =
        told.iter().take(MOST_TOLD).fold(finding, |finding, (source, said)| finding.seen(node, source, said));
    let words = if case.nodes.len() > MOST_ADDRESSES { "--from CIDR,..." } else { "--from cluster" };
    Some(finding.cure(again(case, words)))
}

/// For how long lines were to hold, by the moment at which they end. No file tells when a line was written: that of the node
/// was written then, or later. So it is the longest of what the nodes with the same end suggest, and at most what it was.
fn longest(bounded: &[(NodeIx, &Evidence, Lines)]) -> BTreeMap<i64, i64> {
    let mut whole: BTreeMap<i64, i64> = BTreeMap::new();
    for (_, evidence, lines) in bounded {
        let Some(clock) = evidence.state.clock else { continue };
        let stamp = &evidence.state.entry(Place::AuthorizedKeys).stamp;
        let Some(written) = stamp.split(':').nth(2).and_then(|time| time.parse::<i64>().ok()) else {
            continue;
        };
        for left in lines.ours().flatten().filter_map(|line| line.left(clock)).filter(|left| *left > 0) {
            let lasts = clock.said.saturating_add(left).saturating_sub(written);
            let end = ends(clock, left);
            whole.entry(end).and_modify(|known| *known = lasts.max(*known)).or_insert(lasts);
        }
    }
    whole
}

/// A moment to the minute.
const fn ends(clock: NodeClock, left: i64) -> i64 {
    clock.said.saturating_sub(clock.ahead()).saturating_add(left).div_euclid(60)
}

/// Lines that end soon: in the last tenth of their time as far as it is known, and in the last hour.
fn expiring(
    case: &Case,
    node: NodeIx,
    evidence: &Evidence,
    lines: &Lines,
    whole: &BTreeMap<i64, i64>,
) -> Option<Finding> {
    let clock = evidence.state.clock?;
    let soon = |left: i64| {
        let lasts = whole.get(&ends(clock, left)).copied().unwrap_or_default();
        left > 0 && left <= (lasts / 10).max(SOON)
    };
    // A key for which another line is open longer does not end.
    let ending = lines.ours().filter_map(|lines| {
        let last = lines.iter().max_by_key(|line| line.left(clock).unwrap_or(i64::MAX))?;
        let left = last.left(clock).filter(|left| soon(*left))?;
        Some((left, last))
    });
    let (left, line) = ending.min_by_key(|(left, _)| *left)?;
    let said = format!("{}: {} minutes are left", end_of(line), left.div_euclid(60));
    let finding = Finding::new(Code::Expiring, node).seen(node, &line.source(), &said);
    Some(finding.cure(again(case, LONGER)))
}

/// Trust is made again, with a bound that a person has to choose.
fn again(case: &Case, words: &str) -> Cure {
    let at = case.nodes.position(|node| node.local).unwrap_or(NodeIx::new(0));
    Cure::by_hand(at, ByHand::Security, [set_up_with(case, words)])
}
