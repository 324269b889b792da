//! The control groups of a lab of whole systems. The kernel removes processes, mounts and networks by itself, but
//! control groups stay until somebody removes them.

use std::process::Command;

use crate::error::LabError;
use crate::requirements::PATH;

pub(super) const SCRIPT: &str = include_str!("cgroup.sh");

/// The group of a lab, below the root of the unified hierarchy.
pub(crate) fn name(lab: &str) -> String {
    format!("gs-lab-{lab}")
}

/// Removes a lab's group with all below it, once its processes have ended.
pub(crate) fn remove(name: &str) -> Result<(), LabError> {
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", SCRIPT, "cgroup", name])
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .output()
        .map_err(LabError::io("run", "unshare"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Tool { program: "rmdir", stderr: String::from_utf8_lossy(&output.stderr).into_owned() })
}
