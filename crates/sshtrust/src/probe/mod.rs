//! Who can reach whom: every node runs its own `ssh` against the others.
//!
//! What users will run is what is tested: ssh(1) in batch mode with strict host keys, in a process that sourced
//! nothing. The order is a rotation: at step k node i calls node i+k, and no node is called by more than
//! [`MOST_CALLERS`] others at a time. On each node a small loop takes the calls one by one and reports each end as it
//! comes, so that nothing waits for a call that hangs.
//!
//! [`probe`] makes every call. [`probe_what_differs`] asks each node first what decides its calls by name, and leaves those
//! out that do what the call by address does.

mod by_name;
mod prober;
mod run;
mod script;

pub use prober::Prober;
pub use run::{probe, probe_what_differs};
pub(crate) use script::SSH;
pub use trust::probe::{
    By, Cause, Change, Counts, Coverage, EdgeIx, Extent, LastSeen, MOST_CALLERS, OtherKey, Pair, PairState,
    Pairs, Progress, Proofs, Sampled, Scope, Shape, Trouble, TrustEdge, TrustMatrix, WIDTH, likely_cause,
    other_keys, troubles,
};
