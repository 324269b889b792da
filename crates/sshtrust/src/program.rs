//! Builds of this program, to be placed on nodes: its own, and those for other processors that lie beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

/// What one read takes, in bytes.
const PIECE: usize = 64 << 10;

/// One build of the program.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    digest: String,
    size: u64,
    packed: OnceCell<Arc<Zeroizing<Vec<u8>>>>,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Program {}

impl Program {
    /// Reads a build.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut size = 0;
        each_piece(path, |piece| {
            hash.update(piece);
            size += piece.len() as u64;
            Ok(())
        })?;
        let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), digest, size, packed: OnceCell::new() })
    }

    /// Its SHA-256 digest, as sha256sum(1) prints it.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its bytes, packed as gzip(1) does (RFC 1952). Packed once, when the first node needs it.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub async fn packed(&self) -> io::Result<Arc<Zeroizing<Vec<u8>>>> {
        let pack = || async {
            let path = self.path.clone();
            tokio::task::spawn_blocking(move || pack(&path)).await.map_err(io::Error::other)?
        };
        self.packed.get_or_try_init(pack).await.cloned()
    }
}

fn pack(path: &Path) -> io::Result<Arc<Zeroizing<Vec<u8>>>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    each_piece(path, |piece| packer.write_all(piece))?;
    Ok(Arc::new(Zeroizing::new(packer.finish()?)))
}

fn each_piece(path: &Path, mut act: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0u8; PIECE];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => act(buffer.get(..count).unwrap_or_default())?,
        }
    }
}

/// The builds that there are, by processor as `uname -m` names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    builds: BTreeMap<String, Arc<Program>>,
}

impl Programs {
    /// Looks for builds for these processors. `own` is the running program; another processor's is expected beside it,
    /// as `gs_sshexkey-aarch64` and so on. What cannot be read is not there.
    #[must_use]
    pub fn find<'a>(own: &Path, machines: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for machine in machines {
            if found.builds.contains_key(machine) || !is_plain(machine) {
                continue;
            }
            let path = if machine == std::env::consts::ARCH {
                // Still there when the file was replaced by a newer one.
                PathBuf::from("/proc/self/exe")
            } else {
                own.with_file_name(format!("gs_sshexkey-{machine}"))
            };
            if let Ok(program) = Program::read(&path) {
                found.builds.insert(machine.to_owned(), Arc::new(program));
            }
        }
        found
    }

    /// The build for a processor.
    #[must_use]
    pub fn build(&self, machine: &str) -> Option<Arc<Program>> {
        self.builds.get(machine).cloned()
    }
}

/// A name that a node tells must not lead to another folder.
fn is_plain(machine: &str) -> bool {
    !machine.is_empty() && machine.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_found_beside_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("gs_sshexkey");
        std::fs::write(dir.path().join("gs_sshexkey-m68k"), "program").unwrap();
        let machines = ["m68k", "sparc", "../../etc/passwd", "", std::env::consts::ARCH];
        let found = Programs::find(&own, machines.into_iter());
        let other = found.build("m68k").unwrap();
        assert_eq!((other.digest().len(), other.size()), (64, 7));
        assert!(found.build(std::env::consts::ARCH).unwrap().size() > 1000);
        assert!(found.build("sparc").is_none() && found.build("").is_none());
    }

    #[tokio::test]
    async fn gzip_and_sha256sum_agree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        let bytes: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).unwrap();
        let program = Program::read(&path).unwrap();
        std::fs::write(dir.path().join("packed.gz"), program.packed().await.unwrap().as_slice()).unwrap();
        let sh = "gzip -dc packed.gz | sha256sum; sha256sum program";
        let output = std::process::Command::new("sh").args(["-c", sh]).current_dir(dir.path()).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert_eq!(text, format!("{0}  -\n{0}  program\n", program.digest()));
    }
}
