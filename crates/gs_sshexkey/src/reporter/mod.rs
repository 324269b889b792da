//! What is seen of a run: the classic screen, the log, progress where there is a terminal, and what `check` found.

pub(crate) mod access;
mod blocks;
pub(crate) mod changes;
mod classic;
pub(crate) mod doctor;
pub(crate) mod expand;
mod explain;
mod file;
mod fold;
mod grid;
mod html;
mod json;
mod layout;
mod matrix;
mod picture;
mod progress;
mod prometheus;
mod redact;
pub(crate) mod revoke;
pub(crate) mod rotate;
#[cfg(test)]
mod sample;
pub(crate) mod shrink;
mod style;
#[cfg(test)]
mod thousand;
#[cfg(test)]
mod transcript;
mod watch;

pub(crate) use blocks::is_noise;
pub(crate) use classic::Classic;
pub(crate) use {
    explain::explain,
    file::replace,
    fold::folded,
    html::{render as render_page, render_findings as render_findings_page},
    json::{write as write_json, write_round},
    layout::grouped,
    matrix::render as render_matrix,
    prometheus::{Figures, render as render_prometheus, replace_file as replace_metrics},
    redact::Redactor,
    style::Style,
    watch::{render as render_round, verdict as round_verdict},
};
