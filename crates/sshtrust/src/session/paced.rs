//! Input that goes no faster than a node reads it.
//!
//! What a command has not read yet a server holds in one piece of memory. OpenSSH's grows by what comes (sshbuf_reserve), and
//! each time all of it is copied: two megabytes that wait, a packet at a time, cost a node seconds of processor time. So
//! only a little may be unread. What has been read is told by SSH_MSG_CHANNEL_WINDOW_ADJUST (RFC 4254, section 5.2).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep, sleep};

/// So much may be unread, in bytes. OpenSSH tells what was read once 96 KiB have come (`channel_check_window`).
const UNREAD: usize = 128 << 10;
/// A server that tells nothing for so long may tell it later than others: it gets twice as much.
const PATIENCE: Duration = Duration::from_millis(250);

/// What a server has been given, and what it said of its window.
#[derive(Debug, Clone)]
pub(super) struct Pace(Arc<Mutex<Unread>>);

#[derive(Debug)]
struct Unread {
    limit: usize,
    /// The largest window that was seen: about that of a server that has nothing unread.
    widest: usize,
    /// The window when it was told last.
    window: usize,
    /// So many bytes went since then.
    sent: usize,
    waiting: Option<Waker>,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Unread { limit: UNREAD, widest: 0, window: 0, sent: 0, waiting: None })))
    }
}

impl Pace {
    fn state(&self) -> MutexGuard<'_, Unread> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server has told how large its window is now.
    pub(super) fn told(&self, window: u32) {
        let mut state = self.state();
        state.window = usize::try_from(window).unwrap_or(usize::MAX);
        state.widest = state.widest.max(state.window);
        state.sent = 0;
        state.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// How much may go now. If nothing may, `waker` is woken when that changes.
    fn free(&self, waker: &Waker) -> usize {
        let mut state = self.state();
        let unread = (state.widest - state.window).saturating_add(state.sent);
        let free = state.limit.saturating_sub(unread);
        if free == 0 {
            state.waiting = Some(waker.clone());
        }
        free
    }

    fn widen(&self) {
        let mut state = self.state();
        state.limit = state.limit.saturating_mul(2);
    }
}

/// A server's input at such a pace.
pub(super) struct Paced<W> {
    input: Pin<Box<W>>,
    pace: Pace,
    /// Since when it waits for the server, if it does.
    waits: Option<Pin<Box<Sleep>>>,
}

impl<W> Paced<W> {
    pub(super) fn new(input: W, pace: Pace) -> Self {
        Self { input: Box::pin(input), pace, waits: None }
    }
}

impl<W: AsyncWrite> AsyncWrite for Paced<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let free = loop {
            match self.pace.free(cx.waker()) {
                0 => {
                    let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
                    ready!(waits.as_mut().poll(cx));
                    waits.as_mut().reset(Instant::now() + PATIENCE);
                    self.pace.widen();
                }
                free => break free,
            }
        };
        self.waits = None;
        let piece = bytes.get(..free).unwrap_or(bytes);
        let written = ready!(self.input.as_mut().poll_write(cx, piece))?;
        self.pace.state().sent += written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.as_mut().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Whether somebody was woken.
    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// How much goes at once.
    fn written(input: &mut Paced<impl AsyncWrite>) -> usize {
        let bytes = vec![7; 4 << 10];
        std::iter::from_fn(|| input.write(&bytes).now_or_never()?.ok()).sum()
    }

    #[tokio::test]
    async fn only_so_much_is_unread_until_the_server_says_that_it_has_read() {
        let (near, mut far) = duplex(64 << 20);
        let pace = Pace::default();
        let mut input = Paced::new(near, pace.clone());
        assert_eq!(written(&mut input), UNREAD);
        // All of it was read.
        pace.told(2 << 20);
        assert_eq!(written(&mut input), UNREAD);
        // Half of it.
        pace.told((2 << 20) - 64 * 1024);
        assert_eq!(written(&mut input), UNREAD / 2);
        pace.told(u32::MAX);
        assert_eq!(written(&mut input), UNREAD);
        let mut all = vec![0; 3 * UNREAD + UNREAD / 2];
        far.read_exact(&mut all).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_tells_nothing_gets_all_the_same() {
        let (near, _far) = duplex(64 << 20);
        let mut input = Paced::new(near, Pace::default());
        input.write_all(&vec![7; 3 * UNREAD]).await.unwrap();
        assert_eq!(written(&mut input), UNREAD);
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let (near, _far) = duplex(64 << 20);
        let pace = Pace::default();
        let mut input = Paced::new(near, pace.clone());
        assert_eq!(written(&mut input), UNREAD);
        let mut more = std::pin::pin!(input.write_all(b"more"));
        let flag = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&flag));
        assert!(more.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(!flag.0.load(Ordering::Relaxed));
        pace.told(1 << 20);
        assert!(flag.0.load(Ordering::Relaxed));
        more.await.unwrap();
    }
}
