//! Who can reach whom: in which order, at what pace, and what is known of every pair in the end. The order is a rotation:
//! at step k node i calls node i+k, and no node is called by more than [`MOST_CALLERS`] others at a time.

pub mod by_name;
mod cause;
mod changes;
mod elsewhere;
mod matrix;
mod pace;
mod pairs;
mod proof;
mod sample;
mod schedule;
mod trouble;

pub use cause::{Cause, NO_ANSWER, TIMED_OUT, likely_cause};
pub use changes::{Change, LastSeen};
pub use elsewhere::{OtherKey, other_keys};
pub use matrix::{By, Counts, EdgeIx, Pair, PairState, Proofs, Sampled, TrustEdge, TrustMatrix};
pub use pace::{Pace, WAITS};
pub use pairs::Pairs;
pub use proof::{Machines, Proof};
pub use sample::{Coverage, Extent, Sample};
pub use schedule::{Call, MOST_CALLERS, Schedule, WIDTH};
pub use trouble::{Shape, Trouble, troubles};

use crate::limits::Limits;

/// Which pairs are probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Between which nodes.
    pub pairs: Pairs,
    /// Call by address.
    pub by_ip: bool,
    /// Call by host name.
    pub by_name: bool,
    /// A node without a name that can be used is a pair by name all the same: one that nobody can try. Else it is none.
    pub demands_names: bool,
    /// Each node calls itself too.
    pub with_self: bool,
    /// Only the keys of files that the settings name are offered (`IdentitiesOnly` of ssh_config(5)): agents may still hold
    /// one that was replaced, and it would hide that its successor is refused.
    pub identities_only: bool,
    /// After so many broken pairs no more are begun.
    pub enough: Option<usize>,
    /// How long to wait for what.
    pub limits: Limits,
}

/// How far a probe is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pairs that have a result.
    pub done: usize,
    /// Of these, pairs that do not work.
    pub bad: usize,
    /// All pairs that can be tried.
    pub total: usize,
}
