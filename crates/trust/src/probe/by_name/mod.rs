//! Which calls by name need not be made, by what the calling node tells of itself. Only where all that decides is the same
//! for the name and the address, a call by address that works proves the one by name.

mod judge;
mod options;
mod told;
mod twins;

pub use judge::{Judge, Why};
pub use told::{Files, Told};
pub use twins::Twins;
