//! What is seen of a run: the classic screen, the log, and progress where there is a terminal.

mod classic;

pub(crate) use classic::Classic;
