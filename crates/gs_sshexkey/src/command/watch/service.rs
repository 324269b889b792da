//! What a service manager is told: the protocol of sd_notify(3), a datagram each.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// So much longer than the interval a round may take before the manager may think that the program hangs. Every call and
/// every login has a limit of its own; thousands of calls to silent nodes add up.
const LONGEST_ROUND: Duration = Duration::from_secs(3_600);

/// The service manager, if there is one.
#[derive(Debug)]
pub(super) struct Service {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear that the program is alive.
    alive: Option<Duration>,
}

impl Service {
    /// The one that started this process.
    pub(super) fn of_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let is_meant = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let alive = number("WATCHDOG_USEC").filter(|micros| is_meant && *micros > 0);
        let path = std::env::var_os("NOTIFY_SOCKET").unwrap_or_default();
        // Twice as often as it has to be.
        Self { socket: socket(&path), alive: alive.map(|micros| Duration::from_micros(micros) / 2) }
    }

    /// The program has begun. It is told to be alive as long as rounds end in time; `beats`: when the last one did. Must be
    /// called within the runtime.
    pub(super) fn begin(&self, every: Duration, beats: watch::Receiver<Instant>) {
        self.say("READY=1");
        let (Some(alive), Some((socket, address))) = (self.alive, &self.socket) else { return };
        let Ok(socket) = socket.try_clone() else { return };
        let address = address.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(alive);
            loop {
                ticks.tick().await;
                if beats.borrow().elapsed() < every + LONGEST_ROUND {
                    let _ = socket.send_to_addr(b"WATCHDOG=1", &address);
                }
            }
        });
    }

    /// One message. A manager that does not hear is none.
    pub(super) fn say(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

/// A path, or behind an `@` a name of the abstract namespace (unix(7)).
fn socket(path: &OsStr) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok()?,
        [b'/', ..] => SocketAddr::from_pathname(path).ok()?,
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A full queue must not hold up a round.
    socket.set_nonblocking(true).ok()?;
    Some((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manager_hears_that_the_program_is_ready_and_alive_while_rounds_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = tokio::net::UnixDatagram::bind(&path).unwrap();
        let service = Service { socket: socket(path.as_os_str()), alive: Some(Duration::from_millis(10)) };
        let hear = async || {
            let mut buffer = [0; 64];
            let length = tokio::time::timeout(Duration::from_secs(30), manager.recv(&mut buffer)).await;
            String::from_utf8_lossy(&buffer[..length.unwrap().unwrap()]).into_owned()
        };
        let (beat, beats) = watch::channel(Instant::now());
        service.begin(Duration::from_secs(1), beats);
        assert_eq!(hear().await, "READY=1");
        for _ in 0..3 {
            assert_eq!(hear().await, "WATCHDOG=1");
        }
        // No round has ended for long: what is heard of it by then is the last.
        if let Some(long_ago) = Instant::now().checked_sub(LONGEST_ROUND + Duration::from_secs(2)) {
            beat.send(long_ago).unwrap();
            service.say("STATUS=late");
            while hear().await != "STATUS=late" {}
            let late = tokio::time::timeout(Duration::from_millis(200), hear()).await;
            assert!(late.is_err(), "{late:?}");
        }
    }

    #[test]
    fn what_is_no_socket_is_not_told() {
        for path in ["", "notify", "/nonexistent/notify"] {
            let service = Service { socket: socket(OsStr::new(path)), alive: None };
            service.say("READY=1");
        }
        assert!(socket(OsStr::new("@gs/notify")).is_some() && socket(OsStr::new("x")).is_none());
    }
}
