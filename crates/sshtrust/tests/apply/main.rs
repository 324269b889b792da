//! The journal of a node: changes that go wrong, that strangers meddle with, that wait for a decision.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

mod endings;
mod faults;
mod home;
mod locks;
mod reading;
mod splices;
mod strangers;
mod votes;
