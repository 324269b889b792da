//! How many calls run at a time, over all nodes. Pure.
//!
//! On a cluster of real machines every node has processors of its own, and the more calls run the better. Where the
//! nodes share processors, as virtual machines do, too many calls make each so slow that servers and clients give up.
//! So the number is doubled as long as that makes the whole faster, as TCP's slow start does (RFC 5681, 3.1).

use std::time::Duration;

/// So many at the beginning.
const FIRST: usize = 16;
/// A doubling has paid if the rate grew by this factor.
const PAYS: f64 = 1.25;
/// After so many windows without growth, growth is tried again.
const PATIENCE: u32 = 6;
/// A call that is older waits for something, and uses no processor: it does not count.
pub const WAITS: Duration = Duration::from_secs(3);

/// The number of calls that may run at a time.
#[derive(Debug)]
pub struct Pace {
    limit: usize,
    most: usize,
    /// Calls that ended in this window.
    ended: usize,
    /// When the window began.
    began: Duration,
    /// Calls a second in the last window.
    rate: f64,
    trying: bool,
    quiet: u32,
}

impl Pace {
    /// `most` is the bound that does not depend on speed.
    pub fn new(most: usize) -> Self {
        let limit = FIRST.min(most);
        Self { limit, most, ended: 0, began: Duration::ZERO, rate: 0.0, trying: true, quiet: 0 }
    }

    /// How many may run now.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// A call that did not wait has ended.
    pub fn ended(&mut self, now: Duration) {
        self.ended += 1;
        if self.ended < self.limit * 2 {
            return;
        }
        let rate = self.ended as f64 / now.saturating_sub(self.began).as_secs_f64().max(1e-6);
        self.judge(rate);
        (self.ended, self.began) = (0, now);
    }

    fn judge(&mut self, rate: f64) {
        if self.limit == self.most && rate >= self.rate / PAYS {
            // As far as it goes, and it does not get worse.
            self.rate = self.rate.max(rate);
            return;
        }
        if self.trying && rate >= self.rate * PAYS {
            self.rate = rate;
            self.limit = (self.limit * 2).min(self.most);
            return;
        }
        if self.trying {
            // The last doubling brought nothing.
            self.limit = (self.limit / 2).max(FIRST.min(self.most));
            (self.trying, self.quiet) = (false, 0);
            return;
        }
        self.quiet += 1;
        self.rate = rate;
        if self.quiet >= PATIENCE && self.limit < self.most {
            self.trying = true;
            self.limit = (self.limit * 2).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets so many calls through a system that does at most `rate` calls a second and needs at least `latency` for
    /// each. Returns the time and the limit at the end.
    fn run(calls: usize, most: usize, rate: f64, latency: f64) -> (f64, usize) {
        let mut pace = Pace::new(most);
        let (mut now, mut highest) = (0.0, 0);
        for _ in 0..calls {
            // Little's law, whichever bound comes first.
            now += 1.0 / rate.min(pace.limit() as f64 / latency);
            pace.ended(Duration::from_secs_f64(now));
            highest = highest.max(pace.limit());
        }
        (now, highest)
    }

    #[test]
    fn it_grows_where_that_helps_and_only_there() {
        // Two shared processors: 45 calls a second, whatever is done.
        let (_, highest) = run(10_000, 400, 45.0, 0.1);
        assert!(highest <= 64, "{highest}");
        // A thousand real machines.
        let (time, _) = run(999_000, 4_000, 1e9, 0.15);
        assert!(time < 999_000.0 * 0.15 / 4_000.0 * 1.2, "{time}");
        // Real machines with slow name servers.
        let (time, _) = run(9_900, 400, 1e9, 10.0);
        assert!(time < 9_900.0 * 10.0 / 400.0 * 2.0, "{time}");
        // A small cluster needs no growth.
        assert_eq!(run(6, 12, 1e9, 0.1).1, 12);
    }

    #[test]
    fn a_pause_in_the_middle_is_forgotten() {
        let mut pace = Pace::new(4_000);
        let mut now = 0.0;
        for call in 0..100_000 {
            now += 0.15 / pace.limit() as f64;
            if call == 500 {
                now += 20.0;
            }
            pace.ended(Duration::from_secs_f64(now));
        }
        assert_eq!(pace.limit(), 4_000);
    }
}
