//! Who can reach whom: every node runs its own `ssh` against the others.
//!
//! What users will run is what is tested: ssh(1) in batch mode with strict host keys, in a process that sourced
//! nothing. The order is a rotation: at step k node i calls node i+k, and no node is called by more than
//! [`MOST_CALLERS`] others at a time.

mod matrix;
mod run;
mod schedule;

pub use matrix::{EdgeOutcome, TrustEdge, TrustMatrix};
pub use run::{Prober, probe};
pub use schedule::{MOST_CALLERS, Target, WIDTH};
