//! What is seen of a run: the classic screen, the log, and progress where there is a terminal.

mod classic;
#[allow(dead_code, reason = "used by `check`, which is being built")]
pub(crate) mod html;

pub(crate) use classic::Classic;
