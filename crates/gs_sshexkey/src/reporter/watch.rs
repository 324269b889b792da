//! A check that goes on, for a person: a line for each change, and what that comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sshtrust::check::{Checked, Round};
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, Change, PairState};

use super::layout::grouped;
use super::matrix::{faults, sample_text, who};
use crate::i18n::{Lang, Message, WatchText};

/// Most lines about changes in one round.
const MOST_LINES: usize = 20;
/// Most ranges of addresses in a line.
const MOST_RANGES: usize = 8;

/// What pairs have in common that changed in the same way: by what they are called, how they were, how they are, and why.
type Kind = (By, Option<PairState>, PairState, Option<&'static str>);

/// The lines of a round; none if nothing has changed and it is not the first. `at`: when it ended.
pub(crate) fn render(round: &Round, every: Duration, at: &str, lang: Lang) -> Vec<String> {
    let first = round.number == 1;
    if round.changes.is_empty() && !first {
        return Vec::new();
    }
    let (checked, mut lines) = (&round.checked, Vec::new());
    for (kind, pairs) in kinds(round) {
        lines.extend(one_kind(checked, kind, &pairs, at, lang));
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(WatchText::More { at: &at, count: &grouped(more) }.text(lang));
    }
    lines.push(verdict(checked, at, lang));
    if first {
        let sampled = checked.matrix.sampled();
        lines.extend(sampled.map(|sampled| sample_text(checked.matrix.counts().total(), sampled, lang)));
        lines.push(WatchText::Begins { every: &short(every) }.text(lang));
    }
    lines
}

/// How all pairs are now.
pub(crate) fn verdict(checked: &Checked, at: &str, lang: Lang) -> String {
    let counts = checked.matrix.counts();
    if checked.is_healthy() {
        let (works, nodes) = (&grouped(counts.good()), &grouped(checked.nodes.len()));
        let text = match checked.matrix.sampled() {
            Some(sampled) => WatchText::AllSampledWork { at: &at, works, all: &grouped(sampled.of), nodes },
            None => WatchText::AllWork { at: &at, works, nodes },
        };
        return text.text(lang);
    }
    WatchText::Faults { at: &at, what: &faults(counts, lang) }.text(lang)
}

/// `5m`, as it is written on the command line.
fn short(every: Duration) -> String {
    let seconds = every.as_secs();
    let units = [(604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

fn kinds(round: &Round) -> BTreeMap<Kind, Vec<(NodeIx, NodeIx)>> {
    let edges = round.checked.matrix.edges();
    let causes: BTreeMap<(NodeIx, NodeIx, By), &str> =
        edges.iter().map(|edge| ((edge.from, edge.to, edge.by), edge.cause.code())).collect();
    let mut kinds: BTreeMap<Kind, Vec<(NodeIx, NodeIx)>> = BTreeMap::new();
    for Change { from, to, by, before, now } in &round.changes {
        let cause = causes.get(&(*from, *to, *by)).copied();
        kinds.entry((*by, *before, *now, cause)).or_default().push((*from, *to));
    }
    kinds
}

/// The lines of one kind: a line for each called node, or for each calling one, whichever are fewer.
fn one_kind(
    checked: &Checked,
    (by, before, now, cause): Kind,
    pairs: &[(NodeIx, NodeIx)],
    at: &str,
    lang: Lang,
) -> Vec<String> {
    let callers: BTreeSet<NodeIx> = pairs.iter().map(|(from, _)| *from).collect();
    let called: BTreeSet<NodeIx> = pairs.iter().map(|(_, to)| *to).collect();
    let by_called = called.len() <= callers.len();
    let mut lines: BTreeMap<NodeIx, Vec<NodeIx>> = BTreeMap::new();
    for (from, to) in pairs {
        let (of, other) = if by_called { (to, from) } else { (from, to) };
        lines.entry(*of).or_default().push(*other);
    }
    let mut merged: Vec<(Vec<NodeIx>, Vec<NodeIx>)> = Vec::new();
    let mut places: BTreeMap<Vec<NodeIx>, usize> = BTreeMap::new();
    for (of, others) in lines {
        // Nobody calls himself here: each of some nodes that call each other lacks himself, and that makes no difference.
        let mut all = others.clone();
        all.push(of);
        all.sort_unstable();
        let known = places.get(&others).or(places.get(&all)).copied();
        match known.and_then(|place| merged.get_mut(place)) {
            Some((nodes, known)) => {
                nodes.push(of);
                if *known != others {
                    *known = all;
                }
            }
            None => {
                places.extend([(all, merged.len()), (others.clone(), merged.len())]);
                merged.push((vec![of], others));
            }
        }
    }
    let two_ways = checked.matrix.by().len() > 1;
    let state = word(now, lang);
    let now = cause.map_or_else(|| state.clone(), |cause| format!("{state} ({cause})"));
    let line = |(of, others): (Vec<NodeIx>, Vec<NodeIx>)| {
        let (of, others) = (who(checked, &of, MOST_RANGES, lang), who(checked, &others, MOST_RANGES, lang));
        let (from, to) = if by_called { (others, of) } else { (of, others) };
        let to = if two_ways && by == By::Name { WatchText::ByName { to: &to }.text(lang) } else { to };
        match before {
            Some(before) => {
                let before = &word(before, lang);
                WatchText::Changed { at: &at, from: &from, to: &to, before, now: &now }.text(lang)
            }
            None => WatchText::IsNow { at: &at, from: &from, to: &to, now: &now }.text(lang),
        }
    };
    merged.into_iter().map(line).collect()
}

fn word(state: PairState, lang: Lang) -> String {
    let word = match state {
        PairState::Works => Message::KeyWorks {},
        PairState::Slow => Message::KeySlow {},
        PairState::Broken => Message::KeyBroken {},
        PairState::Throttled => Message::KeyThrottled {},
        PairState::Unseen => Message::KeyUnseen {},
    };
    word.text(lang)
}

#[cfg(test)]
mod tests {
    use sshtrust::probe::{Cause, LastSeen};

    use super::*;
    use crate::reporter::sample::Sample;

    const AT: &str = "2026-01-02 03:04:05";

    /// What is told when a cluster that was `before` is `now`.
    fn told(before: Option<Sample>, now: Sample, lang: Lang) -> Vec<String> {
        let mut seen = LastSeen::default();
        let number = before.map_or(1, |before| {
            seen.learn(&before.checked().matrix);
            2
        });
        let checked = now.checked();
        let changes = seen.compare(&checked.matrix);
        render(&Round { number, checked, changes }, Duration::from_secs(300), AT, lang)
    }

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| format!("{AT} {line}")).collect()
    }

    #[test]
    fn a_round_is_told_by_what_changed_in_it() {
        let healthy = || Sample::new(4);
        assert!(told(Some(healthy()), healthy(), Lang::En).is_empty());
        assert!(told(Some(healthy().stopped(2)), healthy().stopped(2), Lang::En).is_empty());
        assert!(told(Some(healthy()), healthy().slow(1, 2, 9_000), Lang::En).is_empty());
        let mut first = told(None, healthy(), Lang::En);
        assert_eq!(first.pop().as_deref(), Some("Looking again every 5m; Ctrl-C ends it."));
        assert_eq!(first, lines(&["All 12 pairs of 4 nodes work."]));
        assert_eq!(
            told(Some(healthy()), healthy().stopped(3), Lang::En),
            lines(&[
                "10.0.0.[1-2,4] (3 nodes) -> 10.0.0.3 (node3): works -> broken (refused)",
                "10.0.0.3 (node3) -> 10.0.0.[1-2,4] (3 nodes): works -> not tried",
                "Not all pairs work: 3 of 12 pairs do not work, 3 were not tried.",
            ])
        );
        assert_eq!(
            told(Some(healthy().stopped(3)), healthy(), Lang::Zh),
            lines(&[
                "10.0.0.[1-2,4] (3 个节点) -> 10.0.0.3 (node3)：由不通变为正常",
                "10.0.0.3 (node3) -> 10.0.0.[1-2,4] (3 个节点)：由未检查变为正常",
                "4 个节点之间的 12 个节点对互信全部正常。",
            ])
        );
        let first = told(None, healthy().keyless(2), Lang::En);
        let key = "10.0.0.2 (node2) -> 10.0.0.[1,3-4] (3 nodes): found broken (key-refused)";
        assert_eq!(first[..2], lines(&[key, "Not all pairs work: 3 of 12 pairs do not work."]));
    }

    #[test]
    fn many_changes_are_few_lines() {
        let mut sample = Sample::new(60);
        for node in (1..=60).step_by(2) {
            sample = sample.stopped(node);
        }
        let one = told(Some(Sample::new(60)), sample, Lang::En);
        assert_eq!(one.len(), 3, "{one:#?}");
        assert!(one[0].contains("(30 nodes) -> 10.0.0.[1,3,5,7,9,11,13,15,...] (30 nodes)"), "{one:#?}");
        let mut sample = Sample::new(60);
        for node in 1..=25 {
            sample = sample.breaks(node, node + 30, By::Ip, Cause::KeyRefused, "");
        }
        let told = told(Some(Sample::new(60)), sample, Lang::En);
        assert_eq!(told.len(), MOST_LINES + 2, "{told:#?}");
        assert!(told[MOST_LINES].contains("5 more"), "{told:#?}");
    }

    #[test]
    fn an_interval_is_told_as_it_is_written() {
        let cases = [
            (1, "1s"),
            (90, "90s"),
            (300, "5m"),
            (5_400, "90m"),
            (7_200, "2h"),
            (86_400, "1d"),
            (604_800, "1w"),
        ];
        for (seconds, text) in cases {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }
}
