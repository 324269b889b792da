//! Who can reach whom: every node runs its own `ssh` against the others.
//!
//! What users will run is what is tested: ssh(1) in batch mode with strict host keys, in a process that sourced
//! nothing. The order is a rotation: at step k node i calls node i+k, and no node is called by more than
//! [`MOST_CALLERS`] others at a time. On each node a small loop takes the calls one by one and reports each end as it
//! comes, so that nothing waits for a call that hangs.

mod cause;
mod matrix;
mod pace;
mod run;
mod schedule;
mod script;
mod trouble;

pub use cause::{Cause, likely_cause};
pub use matrix::{By, Counts, Pair, PairState, TrustEdge, TrustMatrix};
pub use run::{Prober, Progress, Scope, probe};
pub use schedule::{MOST_CALLERS, WIDTH};
pub use trouble::{Shape, Trouble, troubles};
