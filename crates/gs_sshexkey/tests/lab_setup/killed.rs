//! The coordinator is killed at every event that it hears of: law 1 holds at once, and the next run finishes or undoes.

use lab::{Lab, Node, Snapshot};

use crate::before::*;
use crate::doctor::*;
use crate::harness::*;
use crate::saved::*;
use crate::tools::*;

/// A line for each event, on the node of the coordinator.
const EVENTS: &str = "/var/lib/rounds/events";

/// A run that is killed again and again.
pub(crate) struct Rounds<'a> {
    saved: Saved<'a>,
    nodes: &'a [&'a Node],
    words: &'a [&'a str],
    input: &'a str,
}

impl<'a> Rounds<'a> {
    /// Of a program that is run with these words on the first of the nodes; it reads `input`.
    pub(crate) fn of(nodes: &'a [&'a Node], words: &'a [&'a str], input: &'a str) -> Self {
        nodes[0].write("/tmp/hostfile", hostfile(nodes).as_bytes(), 0o644, "root").unwrap();
        Self { saved: Saved::of(nodes), nodes, words, input }
    }

    /// The same, where only the first so many nodes stay.
    pub(crate) fn of_the_first(self, count: usize) -> Self {
        Self { saved: self.saved.of_the_first(count), ..self }
    }

    /// Runs the program from the saved state, which is returned; it is killed at this event. What it came to hear.
    fn run(&self, stop_at: usize) -> (Vec<Snapshot>, Run, Vec<String>) {
        self.saved.restore();
        let before = snapshots(self.nodes);
        sh(self.nodes[0], "root", &format!("rm -f {EVENTS}"));
        let stop_at = format!("GS_SSHEXKEY_TEST_STOP_AT={stop_at}");
        let environment = [format!("GS_SSHEXKEY_TEST_COUNT_EVENTS={EVENTS}"), stop_at];
        let run = finish(start_with(self.nodes[0], &environment, self.words, self.input));
        (before, run, text(self.nodes[0], EVENTS).lines().map(str::to_owned).collect())
    }

    /// Kills it at each event in turn. `next` does what comes after.
    fn each(&self, next: impl Fn(usize, &str)) {
        self.at(is_worth_it, next);
    }

    /// Kills it only where stages are kept: before the first node keeps one, after that, and when all have kept it.
    pub(crate) fn at_kept_stages(&self, next: impl Fn(usize, &str)) {
        let is_kept = |events: &[String], number: usize| {
            let is = |number: usize, kind: &str| {
                events.get(number.wrapping_sub(1)).is_some_and(|event| event.starts_with(kind))
            };
            let between = is(number - 1, "Committed") && is(number + 1, "Committed");
            is(number, "Committed") && !between
        };
        self.at(is_kept, next);
    }

    /// Kills it at some events. `next` does what comes after.
    fn at(&self, is_worth_it: impl Fn(&[String], usize) -> bool, next: impl Fn(usize, &str)) {
        let (_, whole, events) = self.run(0);
        assert_eq!(whole.code, Some(0), "{}\n{}", whole.stdout, whole.stderr);
        assert!(events.len() > 10, "{events:#?}");
        let mut undone = 0;
        for stop_at in (1..=events.len()).filter(|number| is_worth_it(&events, *number)) {
            let (before, run, heard) = self.run(stop_at);
            // How many calls are under way when one ends is not the same in each run.
            if heard.len() < stop_at {
                assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
                break;
            }
            assert_ne!(run.code, Some(0), "it was not killed at {stop_at}");
            let event: String = heard[stop_at - 1].chars().take(80).collect();
            let when = format!("killed at event {stop_at} of {}, {event}", events.len());
            println!("{when}");
            self.saved.must_still_work(&format!("{when}, at once"));
            self.saved.must_settle(&when);
            self.saved.must_still_work(&format!("{when}, when all is settled"));
            // Where every byte is as it was, what comes next is the same each time: enough to see it in two ways.
            let is_as_before =
                self.nodes.iter().zip(&before).all(|(node, before)| before.diff(&snapshot(node)).is_empty());
            undone += usize::from(is_as_before);
            if !is_as_before || undone <= 2 {
                next(stop_at, &when);
            }
        }
    }
}

/// Of events of one kind in a row, which are those of several nodes, the first and the last: one node is ahead of the
/// others, or one behind. Before the change begins nothing is written, so there the first stands for all; of the calls of
/// the proof, which write nothing either, also some between.
fn is_worth_it(events: &[String], number: usize) -> bool {
    let kind = |number: usize| {
        let event = events.get(number.wrapping_sub(1))?;
        event.split([' ', '(']).next()
    };
    let same = |other: usize| kind(number).is_some() && kind(other) == kind(number);
    let between = same(number - 1) && same(number + 1);
    match kind(number) {
        Some("Verifying") => !between || number.is_multiple_of(16),
        Some("Connected" | "LoggedIn" | "Planned" | "NameLeftOut" | "Warning") => !same(number - 1),
        _ => !between,
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_first_set_up_that_is_killed_at_any_event_is_whole_or_was_not() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let input = format!("{PASSWORD}\n");
    let rounds = Rounds::of(&nodes, &["-f", "/tmp/hostfile"], &input);
    let before = Before::of(&nodes);
    nodes[0].write("/tmp/hostfile", hostfile(&nodes).as_bytes(), 0o644, "root").unwrap();
    rounds.each(|_, when| {
        let undone = nodes.iter().enumerate().all(|(index, node)| before.diff(index, node).is_empty());
        if undone {
            // As it was, byte for byte: the next run is as the first one.
            before.must_stand(&nodes);
        } else {
            must_finish(&nodes, &[], when);
        }
    });
    rounds.saved.restore();
    set_up(&lab, "root");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_key_whose_replacement_is_killed_at_any_event_breaks_no_pair() {
    let lab = cluster(3);
    let nodes = all(&lab);
    set_up(&lab, "root");
    let words = ["-f", "/tmp/hostfile", "--keys", "per-node"];
    Rounds::of(&nodes, &words, "").each(|round, when| {
        // Whoever comes next may want keys of their own still, or not know of it.
        let flags: &[&str] = if round % 2 == 0 { &["--keys", "per-node"] } else { &[] };
        must_finish(&nodes, flags, when);
    });
}

/// Three nodes with trust, of which two have lost some of it.
fn ailing() -> Lab {
    let lab = cluster(3);
    set_up(&lab, "root");
    sh(lab.node(1), "root", "chmod o+w /root && rm .ssh/authorized_keys");
    sh(lab.node(2), "root", "sed -i /SSH_AUTH_SOCK/d .bashrc");
    lab
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_healing_that_is_killed_at_any_event_breaks_no_pair() {
    let lab = ailing();
    let nodes = all(&lab);
    let input = format!("{PASSWORD}\n");
    let words = ["doctor", "-f", "/tmp/hostfile", "--fix", "--yes"];
    Rounds::of(&nodes, &words, &input).each(|_, when| {
        assert_eq!(journals(nodes[1]), "", "{when}");
        must_heal(&lab, "root", &[], &input);
        must_trust(&nodes, "root", true);
    });
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn an_expansion_that_is_killed_at_any_event_breaks_no_pair() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let input = format!("{PASSWORD}\n");
    run(nodes[0], "root", &hostfile(&nodes[..2]), &[], &input).must_succeed();
    let own = || nodes[..2].iter().map(|node| text(node, "/root/.ssh/id_om.pub")).collect::<Vec<_>>();
    let keys = own();
    let words = ["expand", "--hosts", "10.77.0.[1-2]", "--add", "10.77.0.3"];
    Rounds::of(&nodes, &words, &input).each(|round, when| {
        // Whoever comes next may do the same, or set up over the longer list.
        let set_up = ["-f", "/tmp/hostfile"];
        let next: &[&str] = if round % 2 == 0 { &words } else { &set_up };
        let run = finish(start_with(nodes[0], &[], next, &input));
        assert_eq!(run.code, Some(0), "{when}:\n{}\n{}\n{}", run.stdout, run.stderr, report(&nodes));
        assert_eq!(own(), keys, "{when}");
        // Nothing of the run that was killed is left, and nothing is missing.
        must_finish(&nodes, &[], when);
    });
}
