//! Process 1 of a node, which for a whole system is another one after each boot.

use std::sync::{Mutex, PoisonError};

use crate::process::{self, ProcessId};

/// Who is process 1 of a node.
#[derive(Debug)]
pub(crate) enum Init {
    /// The same one as long as the node lives.
    Fixed(ProcessId),
    /// The systemd that this process (`boot.sh`) holds now.
    Held {
        /// It ends when the system is turned off.
        holder: ProcessId,
        /// The last one that was found.
        last: Mutex<ProcessId>,
    },
}

impl Init {
    pub(crate) fn held_by(holder: ProcessId) -> Init {
        Init::Held { holder, last: Mutex::new(ProcessId::nobody()) }
    }

    /// The present one, or the last one if there is none now.
    pub(crate) fn now(&self) -> ProcessId {
        match self {
            Init::Fixed(init) => *init,
            Init::Held { holder, last } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if !last.is_alive() {
                    *last = process::init_held_by(*holder).unwrap_or(*last);
                }
                *last
            }
        }
    }

    /// The process that boots the system again, while there is one.
    pub(crate) fn holder(&self) -> Option<ProcessId> {
        match self {
            Init::Fixed(_) => None,
            Init::Held { holder, .. } => Some(*holder),
        }
    }
}
