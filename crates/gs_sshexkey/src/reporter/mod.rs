//! What is seen of a run: the classic screen, the log, progress where there is a terminal, and what `check` found.

mod blocks;
mod classic;
mod file;
mod fold;
mod grid;
mod json;
mod layout;
mod matrix;
mod picture;
mod progress;
mod prometheus;
#[cfg(test)]
mod sample;
mod style;

pub(crate) use classic::Classic;
#[allow(unused_imports, reason = "used by `check`, which is being built")]
pub(crate) use {
    file::replace,
    json::write as write_json,
    matrix::render as render_matrix,
    progress::Bar,
    prometheus::{render as render_prometheus, replace_file as replace_metrics},
    style::Style,
};
