//! Which calls run when. Pure: time comes in as a number, and the tests play it through.

mod spare;

use std::collections::VecDeque;
use std::time::Duration;

use super::cause::Cause;
use crate::inventory::{NodeIx, NodeMap};
use crate::limits::Retries;

/// Most nodes that call one node at a time, well under the 10 of `MaxStartups`: others call it too.
pub const MOST_CALLERS: usize = 6;
/// Most calls that one node makes at a time.
pub const WIDTH: usize = 4;
/// So far a caller looks ahead for a node that is free.
const AHEAD: usize = 16;
/// How often a call is tried that a server turns away as one too many.
const THROTTLED_TRIES: u8 = 9;
/// How often a call is tried that was taken and not answered: the server may be overloaded, by our own calls.
const HUNG_TRIES: u8 = 2;
/// A server that has turned so many calls away, one after the other, and for long ([`Retries::hopeless`]), is not asked
/// again and again.
const HOPELESS: usize = 12;
/// A node that has left so many calls without an answer, and never answered one, is silent: calls to it only wait, so
/// all may wait at the same time.
const SILENT: usize = 3;
/// So many calls in a row let a node that was throttling take one caller more.
const FORGIVEN: usize = 8;

/// A call to make: a node, and which of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The node that calls.
    pub from: NodeIx,
    /// The node that is called.
    pub to: NodeIx,
    /// Which of the names it is called by.
    pub name: usize,
    /// How often it was begun, this time included.
    pub tries: u8,
}

/// A node that calls.
#[derive(Debug, Default)]
struct Caller {
    waiting: VecDeque<Call>,
    /// Calls that were turned away, and when they may be tried again.
    later: Vec<(Duration, Call)>,
    busy: usize,
}

/// A node that is called.
#[derive(Debug, Default)]
struct Called {
    busy: usize,
    bound: usize,
    good: usize,
    turned_away: usize,
    /// Since when it has turned everybody away.
    closed_since: Duration,
    unanswered: usize,
    answered: bool,
    paused_until: Duration,
}

/// The calls of all nodes. Times count from the beginning.
#[derive(Debug)]
pub struct Schedule {
    callers: NodeMap<Caller>,
    called: NodeMap<Called>,
    /// The caller that is asked first next time, so that all get their turn.
    turn: usize,
    retries: Retries,
}

impl Schedule {
    /// `names` says by how many names each node is called; `calls(i, j)` whether node i calls node j. Node i calls i+1,
    /// i+2, ... around the ring, and itself at the end, if it shall.
    pub fn new(
        names: &NodeMap<usize>,
        calls: impl Fn(NodeIx, NodeIx) -> bool,
        with_self: bool,
        retries: Retries,
    ) -> Self {
        let size = names.len();
        let queue = |from: NodeIx| {
            let ring = (1..size + usize::from(with_self)).map(|k| NodeIx::new((from.get() + k) % size));
            let ring = ring.filter(|to| calls(from, *to));
            let all =
                ring.flat_map(|to| (0..names.get(to).copied().unwrap_or(0)).map(move |name| (to, name)));
            all.map(|(to, name)| Call { from, to, name, tries: 0 }).collect()
        };
        let caller = |from: NodeIx| Caller { waiting: queue(from), ..Caller::default() };
        let called = || Called { bound: MOST_CALLERS, ..Called::default() };
        Self {
            callers: names.indices().map(caller).collect(),
            called: names.map(|_| called()),
            turn: 0,
            retries,
        }
    }

    /// Calls that were not begun yet.
    pub fn waiting(&self) -> usize {
        self.callers.iter().map(|caller| caller.waiting.len() + caller.later.len()).sum()
    }

    /// The next call that may begin now. It has to be given back with [`Self::done`].
    pub fn next(&mut self, now: Duration) -> Option<Call> {
        let size = self.callers.len();
        for step in 0..size {
            let from = NodeIx::new((self.turn + step) % size);
            if let Some(mut call) = self.pick(from, now) {
                self.turn = from.get() + 1;
                call.tries += 1;
                self.callers.get_mut(from)?.busy += 1;
                self.called.get_mut(call.to)?.busy += 1;
                return Some(call);
            }
        }
        None
    }

    fn pick(&mut self, from: NodeIx, now: Duration) -> Option<Call> {
        let called = &self.called;
        let free = |call: &Call| called.get(call.to).is_some_and(|node| node.takes(now));
        let caller = self.callers.get_mut(from)?;
        if caller.busy >= WIDTH {
            return None;
        }
        if let Some(place) = caller.later.iter().position(|(when, call)| *when <= now && free(call)) {
            return Some(caller.later.swap_remove(place).1);
        }
        let place = caller.waiting.iter().take(AHEAD).position(free)?;
        caller.waiting.remove(place)
    }

    /// When something may begin that has to wait now for no other reason than time.
    pub fn wake_at(&self, now: Duration) -> Option<Duration> {
        let paused = self.called.iter().map(|node| node.paused_until);
        let later = self.callers.iter().flat_map(|caller| caller.later.iter().map(|(when, _)| *when));
        later.chain(paused).filter(|when| *when > now).min()
    }

    /// A call is over; `cause` if it failed. `true`: it will be tried again.
    pub fn done(&mut self, call: Call, cause: Option<&Cause>, now: Duration) -> bool {
        self.forget(call);
        let most =
            self.called.get_mut(call.to).map_or(1, |node| node.note(call.tries, cause, now, self.retries));
        if call.tries >= most {
            return false;
        }
        let when = if cause.is_some_and(Cause::is_throttling) {
            now + pause(call.tries, cause, self.retries)
        } else {
            now
        };
        if let Some(caller) = self.callers.get_mut(call.from) {
            caller.later.push((when, call));
        }
        true
    }

    /// A call whose end nobody will know. It says nothing about the node that was called.
    pub fn forget(&mut self, call: Call) {
        if let Some(caller) = self.callers.get_mut(call.from) {
            caller.busy = caller.busy.saturating_sub(1);
        }
        if let Some(node) = self.called.get_mut(call.to) {
            node.busy = node.busy.saturating_sub(1);
        }
    }

    /// Forgets the calls of a node that was lost; returns them.
    pub fn lose(&mut self, from: NodeIx) -> Vec<Call> {
        let Some(caller) = self.callers.get_mut(from) else { return Vec::new() };
        let later = caller.later.drain(..).map(|(_, call)| call);
        later.chain(caller.waiting.drain(..)).collect()
    }
}

impl Called {
    /// Whether it takes one more caller.
    fn takes(&self, now: Duration) -> bool {
        let silent = self.unanswered >= SILENT && !self.answered;
        silent || (self.busy < self.bound && self.paused_until <= now)
    }

    /// Learns from the end of a call. Returns how often such a call is tried.
    fn note(&mut self, tries: u8, cause: Option<&Cause>, now: Duration, retries: Retries) -> u8 {
        match cause {
            Some(Cause::Hung | Cause::TimedOut) => {
                self.unanswered += 1;
                // Others were answered, so that this one may have met a moment of too much work.
                if self.answered && cause == Some(&Cause::Hung) { HUNG_TRIES } else { 1 }
            }
            Some(Cause::HungUp) => HUNG_TRIES,
            Some(cause) if cause.is_throttling() => self.turn_away(tries, cause, now, retries),
            _ => {
                (self.turned_away, self.answered) = (0, true);
                self.good += 1;
                if self.good >= FORGIVEN && self.bound < MOST_CALLERS {
                    (self.good, self.bound) = (0, self.bound + 1);
                }
                1
            }
        }
    }

    fn turn_away(&mut self, tries: u8, cause: &Cause, now: Duration, retries: Retries) -> u8 {
        self.good = 0;
        if self.turned_away == 0 {
            self.closed_since = now;
        }
        self.turned_away += 1;
        self.bound = (self.bound / 2).max(1);
        // One that has thrown out many is given no more pauses: every pair gets its one answer.
        if self.turned_away > HOPELESS && now > self.closed_since + retries.hopeless {
            return 1;
        }
        self.paused_until = self.paused_until.max(now + pause(tries.min(3), Some(cause), retries));
        THROTTLED_TRIES
    }
}

fn pause(tries: u8, cause: Option<&Cause>, retries: Retries) -> Duration {
    let first = if matches!(cause, Some(Cause::Penalised)) { retries.penalty } else { retries.pause };
    (first * 2u32.pow(u32::from(tries.clamp(1, 6)) - 1)).min(retries.longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the schedule, checks the bounds at every moment, and returns the time it took and the calls that were
    /// given up. `answer` says how a call ends, given how many others are at the node: the cause and how long it takes.
    fn play(
        names: &[usize],
        with_self: bool,
        answer: impl Fn(Call, usize) -> (Option<Cause>, Duration),
    ) -> (Duration, Vec<Call>) {
        let mut schedule =
            Schedule::new(&names.iter().copied().collect(), |_, _| true, with_self, Retries::default());
        let all = schedule.waiting();
        let mut running: Vec<(Duration, Call, Option<Cause>)> = Vec::new();
        let (mut now, mut ended, mut given_up) = (Duration::ZERO, 0, Vec::new());
        while ended < all {
            while let Some(call) = schedule.next(now) {
                let there = running.iter().filter(|(_, other, _)| other.to == call.to).count();
                let mine = running.iter().filter(|(_, other, _)| other.from == call.from).count();
                let (cause, time) = answer(call, there);
                let silent = matches!(cause, Some(Cause::Hung | Cause::TimedOut));
                assert!((there < MOST_CALLERS || silent) && mine < WIDTH, "{call:?}");
                running.push((now + time, call, cause));
            }
            running.sort_by_key(|(end, call, _)| (*end, call.from, call.to));
            let wake = schedule.wake_at(now);
            match (running.first(), wake) {
                (Some((end, ..)), Some(wake)) if wake < *end => now = wake,
                (Some(_), _) => {
                    let (end, call, cause) = running.remove(0);
                    now = now.max(end);
                    if !schedule.done(call, cause.as_ref(), now) {
                        ended += 1;
                        given_up.extend(cause.map(|_| call));
                    }
                }
                (None, Some(wake)) => now = wake,
                (None, None) => panic!("nothing goes on: {} of {all}", ended),
            }
        }
        assert_eq!((schedule.waiting(), running.len()), (0, 0));
        (now, given_up)
    }

    const QUICK: Duration = Duration::from_millis(100);

    #[test]
    fn every_pair_once_and_never_too_many() {
        for (names, with_self, calls) in [
            (vec![1], true, 1),
            (vec![2, 2], true, 8),
            (vec![1, 1], false, 2),
            (vec![1, 2, 0], false, 2 * 3),
            (vec![1; 30], false, 870),
            (vec![2; 40], true, 3_200),
        ] {
            let made = std::cell::RefCell::new(Vec::new());
            let (_, given_up) = play(&names, with_self, |call, _| {
                made.borrow_mut().push((call.from, call.to, call.name));
                (None, QUICK * (1 + u32::try_from((call.from.get() * 7 + call.to.get()) % 5).unwrap()))
            });
            assert!(given_up.is_empty());
            let mut made = made.into_inner();
            made.sort_unstable();
            made.dedup();
            assert_eq!(made.len(), calls, "{names:?}");
        }
    }

    #[test]
    fn all_work_side_by_side() {
        let (time, _) = play(&[1; 100], false, |_, _| (None, QUICK));
        // 99 calls a node, 4 at a time.
        assert!(time < QUICK * 99 / 3, "{time:?}");
    }

    #[test]
    fn one_that_hangs_does_not_hold_up_the_rest() {
        let hung = Duration::from_secs(20);
        for cause in [Cause::Hung, Cause::TimedOut] {
            let (time, given_up) = play(&[1; 100], false, |call, _| {
                if call.to == NodeIx::new(7) { (Some(cause.clone()), hung) } else { (None, QUICK) }
            });
            assert_eq!(given_up.len(), 99);
            assert!(given_up.iter().all(|call| call.to == NodeIx::new(7) && call.tries == 1));
            // The first few, and then all others at once.
            assert!(time <= hung * 2 + Duration::from_secs(10), "{time:?}");
        }
    }

    #[test]
    fn a_moment_of_too_much_work_is_forgiven() {
        let (_, given_up) = play(&[1; 10], false, |call, _| {
            let bad = call.from == NodeIx::new(3) && call.to == NodeIx::new(7) && call.tries == 1;
            if bad { (Some(Cause::Hung), QUICK * 100) } else { (None, QUICK) }
        });
        assert!(given_up.is_empty());
        let (_, given_up) = play(&[1; 10], false, |call, _| {
            if call.from == NodeIx::new(3) && call.to == NodeIx::new(7) {
                (Some(Cause::Hung), QUICK * 100)
            } else {
                (None, QUICK)
            }
        });
        assert_eq!(given_up.iter().map(|call| call.tries).collect::<Vec<_>>(), [HUNG_TRIES]);
    }

    #[test]
    fn a_server_with_a_small_max_startups_is_called_until_all_were_let_in() {
        // `MaxStartups 3:30:10` with chance replaced by certainty: whoever comes when two others are there is dropped.
        let drops = |call: Call, there: usize| {
            let full = there >= 2 && call.tries < 5;
            if full { (Some(Cause::ClosedEarly), QUICK / 10) } else { (None, QUICK) }
        };
        for size in [3, 30, 100] {
            let (time, given_up) = play(&vec![1; size], false, drops);
            assert!(given_up.is_empty(), "{size}: {given_up:?}");
            assert!(time < Duration::from_secs(60), "{size}: {time:?}");
        }
    }

    #[test]
    fn a_server_that_turns_everybody_away_is_given_up_in_time() {
        let refuses = |call: Call, _| {
            if call.to == NodeIx::new(0) { (Some(Cause::Penalised), QUICK / 10) } else { (None, QUICK) }
        };
        let (time, given_up) = play(&[1; 100], false, refuses);
        assert_eq!(given_up.len(), 99);
        assert!(time < Duration::from_secs(300), "{time:?}");
    }

    #[test]
    fn a_penalty_is_waited_for() {
        let (time, given_up) = play(&[1, 1], false, |call, _| {
            if call.to == NodeIx::new(0) && call.tries < 4 {
                (Some(Cause::Penalised), QUICK)
            } else {
                (None, QUICK)
            }
        });
        assert!(given_up.is_empty());
        assert!(time > Duration::from_secs(20), "{time:?}");
    }

    #[test]
    fn verdicts_are_not_tried_again() {
        let (_, given_up) = play(&[1, 1, 1], false, |_, _| (Some(Cause::KeyRefused), QUICK));
        assert_eq!(given_up.len(), 6);
        assert!(given_up.iter().all(|call| call.tries == 1));
    }

    #[test]
    fn the_calls_of_a_lost_node_are_given_back() {
        let mut schedule = Schedule::new(
            &[1; 3].into_iter().collect(),
            |from, _| from != NodeIx::new(2),
            false,
            Retries::default(),
        );
        assert_eq!(schedule.waiting(), 4);
        let first = schedule.next(Duration::ZERO).unwrap();
        assert_eq!(schedule.lose(first.from).len(), 1);
        assert_eq!(schedule.waiting(), 2);
    }
}
