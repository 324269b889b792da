//! What can stop a task.

use std::io;

/// Why a task did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// The lab could not be used.
    #[error(transparent)]
    Lab(#[from] lab::LabError),
    /// A program could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// Which one.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program ended with an error, which it has told itself.
    #[error("{command} failed")]
    Failed {
        /// The command line.
        command: String,
    },
    /// Packages are missing and cannot be installed.
    #[error("install these packages and try again: {0}")]
    Packages(String),
    /// Root is needed.
    #[error("this needs root, for the lab's namespaces: try `sudo env \"PATH=$PATH\" cargo xtask …`")]
    NotRoot,
    /// Nodes do not reach each other although the program said so.
    #[error("{0} of the connections failed")]
    Unreachable(usize),
    /// The program said that it failed.
    #[error("gs_sshexkey ended with {status}")]
    Program {
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The build did not say where it put the program.
    #[error("cargo did not say where it put gs_sshexkey")]
    NoProgram,
    /// A file cannot be read or written.
    #[error("{file}: {source}")]
    File {
        /// Which one.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Nobody knows when this version was made.
    #[error("there is no commit to take the time from: set SOURCE_DATE_EPOCH")]
    NoTime,
    /// A measurement that could not be made.
    #[error("the measurement could not be made: {said}")]
    Measure {
        /// What was said.
        said: String,
    },
}
