//! Folders that several nodes have in common.

use std::fmt::Write as _;
use std::os::unix::fs::chown;
use std::path::Path;

use crate::error::LabError;
use crate::layers::make_dir;
use crate::spec::LabSpec;

/// Makes the folders that nodes have in common, in the lab's own file system.
pub(crate) fn make(lab: &Path, spec: &LabSpec) -> Result<(), LabError> {
    for (number, folder) in spec.shared.iter().enumerate() {
        let dir = lab.join(name(number));
        make_dir(&dir, folder.mode)?;
        let uid = spec.uid(&folder.owner)?;
        chown(&dir, Some(uid), Some(uid)).map_err(LabError::io("chown", &dir))?;
    }
    Ok(())
}

/// Makes the places for them in the layer of one node, and says what is mounted there.
pub(crate) fn join(
    layer: &Path,
    lab: &Path,
    root: &Path,
    spec: &LabSpec,
    index: usize,
) -> Result<String, LabError> {
    let mut fstab = String::new();
    for (number, folder) in spec.shared.iter().enumerate().filter(|(_, one)| one.nodes.contains(&index)) {
        let path = folder.path.trim_start_matches('/');
        make_dir(&layer.join(path), folder.mode)?;
        let (source, place) = (lab.join(name(number)), root.join(path));
        let _ = writeln!(fstab, "{} {} none bind 0 0", source.display(), place.display());
    }
    Ok(fstab)
}

fn name(number: usize) -> String {
    format!("common{number}")
}
