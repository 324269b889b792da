//! The hooks themselves. They need nothing of the program, so that a test can compile them in both ways.

/// By what the limits are multiplied that are waited for in vain.
#[cfg(debug_assertions)]
pub(crate) fn limits_factor() -> Option<f64> {
    std::env::var("GS_SSHEXKEY_TEST_LIMITS").ok()?.parse().ok()
}

/// By what the limits are multiplied: by nothing.
#[cfg(not(debug_assertions))]
pub(crate) const fn limits_factor() -> Option<f64> {
    None
}

/// The event at which the program ends as if somebody had killed it, counted from 1.
#[cfg(debug_assertions)]
pub(crate) fn stop_at() -> Option<usize> {
    std::env::var("GS_SSHEXKEY_TEST_STOP_AT").ok()?.parse().ok()
}

/// The event at which the program ends: none.
#[cfg(not(debug_assertions))]
pub(crate) const fn stop_at() -> Option<usize> {
    None
}

/// The file that gets a line for each event.
#[cfg(debug_assertions)]
pub(crate) fn events_file() -> Option<std::path::PathBuf> {
    std::env::var_os("GS_SSHEXKEY_TEST_COUNT_EVENTS").map(Into::into)
}

/// The file that gets a line for each event: none.
#[cfg(not(debug_assertions))]
pub(crate) const fn events_file() -> Option<std::path::PathBuf> {
    None
}
