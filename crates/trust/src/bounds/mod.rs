//! From where and until when trust holds: the options `from=` and `expiry-time=` of our lines in `authorized_keys`.
//!
//! What stands is read from the nodes ([`crate::plan::Bounding`]); there is no other record of it. A moment is in seconds since 1970
//! by the clock of the machine that runs the program, and goes in from outside.

mod clock;
mod origins;

pub use clock::{NodeClock, local_text};
pub use origins::{Origins, OriginsError, matches_address};
pub(crate) use origins::{addresses, list_of};

/// Most nodes whose addresses are all written into a line. Lines grow with the nodes, and there is one for each node's key.
pub const MOST_ADDRESSES: usize = 64;
/// The shortest time for which trust is made, in seconds.
pub const SHORTEST: i64 = 60;

/// What the user says of one bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ask<T> {
    /// Nothing: it stays as it stands on the nodes.
    #[default]
    Keep,
    /// There is to be none (`--from any`, `--expires never`).
    Lift,
    /// It is to be this.
    Set(T),
}

/// From where keys are to open the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From the addresses of the cluster's nodes, also of those that come later (`--from cluster`).
    Cluster,
    /// From these addresses and networks, as they were written.
    List(Origins),
}

/// When trust is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// So many seconds from when the nodes were read.
    After(i64),
    /// At this moment: seconds since 1970.
    At(i64),
}

impl Expiry {
    /// The moment. `now`: seconds since 1970.
    #[must_use]
    pub const fn moment(self, now: i64) -> i64 {
        match self {
            Self::After(seconds) => now.saturating_add(seconds),
            Self::At(moment) => moment,
        }
    }
}

/// What the user says of the bounds of trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoundsWish {
    /// From where (`--from`).
    pub from: Ask<Origin>,
    /// Until when (`--expires`).
    pub expires: Ask<Expiry>,
}
