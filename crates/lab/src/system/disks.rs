//! The file systems of whole systems. A node sees, from the top: its own layer; the lab's layer, with users and the
//! program under test; the root file system of the release, read-only.

use std::fs;
use std::path::Path;

use super::cgroup;
use crate::accounts;
use crate::error::LabError;
use crate::layers::{self, make_dir, put};
use crate::network;
use crate::spec::LabSpec;

/// Directories of the lab's layer, with their modes.
const DIRECTORIES: [(&str, u32); 7] = [
    ("etc", 0o755),
    ("etc/default", 0o755),
    ("etc/pam.d", 0o755),
    ("home", 0o755),
    ("usr", 0o755),
    ("usr/local", 0o755),
    ("usr/local/bin", 0o755),
];

/// Writes the lab's layer, and the scripts that boot and remove its systems.
pub(crate) fn share(fs: &Path, spec: &LabSpec, base: &Path) -> Result<(), LabError> {
    let layer = fs.join("shared");
    for (path, mode) in DIRECTORIES {
        make_dir(&layer.join(path), mode)?;
    }
    put(&layer.join("etc/motd"), b"", 0o644, 0)?;
    put(&layer.join("etc/default/locale"), b"", 0o644, 0)?;
    layers::share_pam(&layer, base)?;
    layers::share_program(&layer, spec)?;
    accounts::write(&layer, &spec.users, base)?;
    write(&fs.join("boot.sh"), include_str!("boot.sh"))?;
    write(&fs.join("cgroup.sh"), cgroup::SCRIPT)
}

/// Writes what `boot.sh` needs of a node.
pub(crate) fn prepare(disk: &Path, index: usize) -> Result<(), LabError> {
    let [unplug, cable, plug] = network::cable_at_boot(index);
    write(&disk.join("unplug"), &unplug)?;
    write(&disk.join("cable"), &cable)?;
    write(&disk.join("plug"), &plug)
}

fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::io("write", path))
}
