//! The classic command on real nodes. Needs root; `cargo xtask test` runs these.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

mod again;
mod awkward;
mod before;
mod by_hand;
mod checking;
mod checking_faults;
mod doctor;
mod doctor_agents;
mod doctor_healing;
mod doctor_keys;
mod doctor_login;
mod doctor_machine;
mod doctor_preflight;
mod doctor_rights;
mod doctor_service;
mod failures;
mod faults;
mod flags;
mod harness;
mod healthy;
mod interrupted;
mod keepalive;
mod keeping;
mod many;
mod opengauss;
mod secrets;
mod sources;
mod store;
mod systems;
mod tools;
mod variations;
