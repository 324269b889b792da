//! Which calls run when. Pure: the tests play it through.

use std::collections::VecDeque;

/// Most nodes that call one node at a time: well under `MaxStartups` 10.
pub const MOST_CALLERS: usize = 8;
/// Most calls that one node makes at a time.
pub const WIDTH: usize = 4;

/// One call to make: a node of the cluster, by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Index of the node.
    pub node: usize,
    /// Address or host name.
    pub host: String,
}

/// A call and how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) target: Target,
    pub(super) tries: u32,
}

/// What a node can do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These calls.
    Calls(Vec<Call>),
    /// Wait until somebody has finished.
    Wait,
    /// Nothing any more.
    Finished,
}

/// The calls of all nodes.
#[derive(Debug)]
pub(super) struct Schedule {
    waiting: Vec<VecDeque<Call>>,
    callers: Vec<usize>,
}

impl Schedule {
    /// `hosts` has, for each node, the names to call it by. Node i calls i, i+1, i+2, ... around the ring.
    pub(super) fn new(hosts: &[Vec<String>]) -> Self {
        let count = hosts.len();
        let calls_of = |from: usize| {
            let ring = (0..count).map(|k| (from + k) % count);
            let targets = ring.flat_map(|node| hosts.get(node).into_iter().flatten().map(move |h| (node, h)));
            targets
                .map(|(node, host)| Call { target: Target { node, host: host.clone() }, tries: 1 })
                .collect()
        };
        Self { waiting: (0..count).map(calls_of).collect(), callers: vec![0; count] }
    }

    /// Calls that are still to be made.
    pub(super) fn total(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// Takes the next calls of a node; each has to be given back with [`Self::again`].
    pub(super) fn next(&mut self, from: usize) -> Next {
        let Some(queue) = self.waiting.get_mut(from) else { return Next::Finished };
        if queue.is_empty() {
            return Next::Finished;
        }
        let mut picked = Vec::new();
        let mut index = 0;
        while picked.len() < WIDTH {
            let Some(call) = queue.get(index) else { break };
            match self.callers.get_mut(call.target.node) {
                Some(callers) if *callers < MOST_CALLERS => {
                    *callers += 1;
                    picked.extend(queue.remove(index));
                }
                _ => index += 1,
            }
        }
        if picked.is_empty() { Next::Wait } else { Next::Calls(picked) }
    }

    /// Throws away the calls that were not begun.
    pub(super) fn give_up(&mut self) {
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }

    /// A call is over.
    fn done(&mut self, call: &Call) {
        if let Some(callers) = self.callers.get_mut(call.target.node) {
            *callers = callers.saturating_sub(1);
        }
    }

    /// A call is over. It is put at the end once more, unless it was tried so often (`false`).
    pub(super) fn again(&mut self, from: usize, call: &Call, tries: u32) -> bool {
        self.done(call);
        match self.waiting.get_mut(from) {
            Some(queue) if call.tries < tries => {
                queue.push_back(Call { target: call.target.clone(), tries: call.tries + 1 });
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the schedule with all nodes busy at once and checks the bound at every moment.
    fn play(count: usize, names: usize) {
        let hosts: Vec<Vec<String>> = (0..count).map(|i| vec![format!("h{i}"); names]).collect();
        let mut schedule = Schedule::new(&hosts);
        assert_eq!(schedule.total(), count * count * names);
        let mut made = vec![vec![0; count]; count];
        let mut busy: Vec<Vec<Call>> = vec![Vec::new(); count];
        let mut steps = 0;
        loop {
            steps += 1;
            let mut finished = 0;
            for from in 0..count {
                // Nodes work at different speeds.
                if !busy[from].is_empty() && (steps + from) % 3 != 0 {
                    continue;
                }
                for call in busy[from].drain(..) {
                    schedule.done(&call);
                }
                match schedule.next(from) {
                    Next::Calls(calls) => {
                        assert!(calls.len() <= WIDTH);
                        calls.iter().for_each(|c| made[from][c.target.node] += 1);
                        busy[from] = calls;
                    }
                    Next::Wait => {}
                    Next::Finished => finished += 1,
                }
                assert!(schedule.callers.iter().all(|c| *c <= MOST_CALLERS));
            }
            if finished == count && busy.iter().all(Vec::is_empty) {
                break;
            }
            assert!(steps < 10_000, "the schedule does not end");
        }
        assert!(made.iter().flatten().all(|n| *n == names), "every pair once");
    }

    #[test]
    fn every_pair_once_and_never_too_many() {
        for (count, names) in [(1, 1), (2, 2), (3, 2), (7, 1), (30, 2), (100, 1)] {
            play(count, names);
        }
    }

    #[test]
    fn throttled_calls_come_again_but_not_for_ever() {
        let mut schedule = Schedule::new(&[vec!["a".to_owned()]]);
        for expected in [true, true, true, false] {
            let Next::Calls(calls) = schedule.next(0) else { panic!() };
            assert_eq!(schedule.again(0, &calls[0], 4), expected);
        }
        assert_eq!(schedule.next(0), Next::Finished);
    }
}
