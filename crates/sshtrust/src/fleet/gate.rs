//! How many nodes are entered or looked at at a time: a bound for work, not for waiting.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// Most nodes that are being worked on at a time.
const AT_ONCE: usize = 64;
/// What is not done after this time may be waiting for a node that says nothing: it uses no processor.
const WAITS: Duration = Duration::from_secs(3);
/// Where many share processors all take long. So it waits only if it has taken so many times as long as those that are done.
const LONGER: u32 = 4;

/// Lets so many work at a time. Who waits for a silent node gives the place up, so that fifty of them are waited for together
/// and hold up nobody.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    done: Mutex<Done>,
}

/// What has come to an end.
#[derive(Debug, Default)]
struct Done {
    count: u32,
    took: Duration,
}

impl Default for Gate {
    fn default() -> Self {
        Self::of(AT_ONCE)
    }
}

impl Gate {
    fn of(places: usize) -> Self {
        Self { places: Semaphore::new(places), done: Mutex::default() }
    }

    /// Does it when there is a place.
    pub(crate) async fn pass<T>(&self, work: impl Future<Output = T>) -> T {
        // It is never closed.
        let place = self.places.acquire().await;
        let (start, mut work) = (Instant::now(), pin!(work));
        let value = loop {
            let left = self.patience().saturating_sub(start.elapsed());
            if left.is_zero() {
                drop(place);
                break work.await;
            }
            if let Ok(value) = timeout(left, &mut work).await {
                break value;
            }
        };
        self.note(start.elapsed());
        value
    }

    /// How long a place is held.
    fn patience(&self) -> Duration {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        WAITS.max(done.took.checked_div(done.count).unwrap_or_default() * LONGER)
    }

    fn note(&self, took: Duration) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.count = done.count.saturating_add(1);
        done.took = done.took.saturating_add(took);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn no_more_than_there_are_places_work_at_a_time() {
        let (gate, inside, most) = (Gate::of(4), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || async {
            most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(Duration::from_millis(5)).await;
            inside.fetch_sub(1, Ordering::Relaxed);
        };
        join_all((0..40).map(|_| gate.pass(work()))).await;
        assert_eq!(most.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn those_that_say_nothing_are_waited_for_together_and_hold_up_nobody() {
        let gate = Gate::of(2);
        let limit = WAITS * 2;
        let silent = || timeout(limit, pending::<()>());
        let start = Instant::now();
        let (silent, good) = tokio::join!(
            join_all((0..2).map(|_| gate.pass(silent()))),
            join_all((0..20).map(|_| gate.pass(async { start.elapsed() }))),
        );
        assert!(silent.iter().all(Result::is_err) && start.elapsed() < limit * 2);
        assert!(good.iter().all(|when| *when < limit), "{good:?}");
    }

    #[test]
    fn where_all_take_long_a_place_is_held_as_long() {
        let gate = Gate::of(1);
        assert_eq!(gate.patience(), WAITS);
        gate.note(Duration::from_millis(200));
        assert_eq!(gate.patience(), WAITS, "quick ones");
        gate.note(Duration::from_millis(19_800));
        assert_eq!(gate.patience(), Duration::from_secs(10) * LONGER, "a machine that has too much to do");
    }
}
