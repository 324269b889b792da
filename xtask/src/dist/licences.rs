//! The licences of all that is not ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::dist::at;
use crate::dist::dependencies::Crate;
use crate::error::TaskError;
use crate::tree;

/// The name of the file.
pub(super) const NAME: &str = "THIRD-PARTY.txt";

/// How files with a licence begin.
const BEGINNINGS: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// What is in the program besides crates.
const OTHERS: &str = "\
Rust's standard library: MIT OR Apache-2.0
The C library that a static program carries:
  x86-64: the GNU C Library, LGPL-2.1-or-later. The program can be linked with another version of it: its sources are those
  of this repository, and `cargo xtask build` links them. The text of that licence stands at the end.
  aarch64: musl, MIT
";

/// The whole text: first the list, then each text once, with the names of those that carry it.
pub(super) fn text(crates: &[Crate]) -> Result<String, TaskError> {
    let mut text =
        String::from("What gs_sshexkey is made of besides its own code, and under which licences.\n\n");
    text.push_str(OTHERS);
    text.push('\n');
    let others: Vec<&Crate> = crates.iter().filter(|one| !one.is_ours()).collect();
    for one in &others {
        let _ = writeln!(text, "{} {}: {}", one.name, one.version, one.licence);
    }
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in &others {
        for licence in carried(&one.folder)? {
            texts.entry(licence).or_default().push(format!("{} {}", one.name, one.version));
        }
    }
    let lgpl = tree::root().join("dist/licences/LGPL-2.1.txt");
    let lgpl = fs::read_to_string(&lgpl).map_err(at(&lgpl))?;
    let texts = texts.into_iter().map(|(licence, names)| (licence, names.join(", ")));
    for (licence, names) in texts.chain([(lgpl, "the GNU C Library".to_owned())]) {
        let _ = write!(text, "\n{}\n{names}\n\n{}\n", "=".repeat(80), licence.trim_end());
    }
    Ok(text)
}

/// The texts that a crate carries.
fn carried(folder: &Path) -> Result<Vec<String>, TaskError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let read = |path: PathBuf| fs::read(&path).map_err(at(&path));
    // One text with another's ends of lines is the same text.
    paths.into_iter().map(|path| Ok(String::from_utf8_lossy(&read(path)?).replace("\r\n", "\n"))).collect()
}
