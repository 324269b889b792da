//! The classic command on real nodes. Needs root; `cargo xtask test` runs these.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

mod access;
mod again;
mod answers;
mod awkward;
mod before;
mod bounds;
mod by_hand;
mod by_name;
mod checking;
mod checking_faults;
mod client_settings;
mod doctor;
mod doctor_agents;
mod doctor_healing;
mod doctor_keys;
mod doctor_login;
mod doctor_machine;
mod doctor_preflight;
mod doctor_rights;
mod doctor_service;
mod expand;
mod failures;
mod faults;
mod flags;
mod foreseen;
mod found_keys;
mod harness;
mod healthy;
mod host_keys;
mod interrupted;
mod keepalive;
mod keeping;
mod killed;
mod lending;
mod many;
mod oddities;
mod opengauss;
mod own_keys;
mod own_names;
mod platforms;
mod power;
mod prompting;
mod redaction;
mod revoke;
mod revoking;
mod revoking_nodes;
mod revoking_others;
mod rotate;
mod saved;
mod scale;
mod secrets;
mod sharing;
mod shrink;
mod sources;
mod stalls;
mod store;
mod strangers;
mod systems;
mod tools;
mod traces;
mod variations;
mod watching;
mod wrong_causes;
