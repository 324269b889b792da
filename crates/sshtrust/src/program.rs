//! Builds of this program, to be placed on nodes: its own, and those for other processors that lie beside it, or where a
//! package puts them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use trust::program::{Build, Builds};
use zeroize::Zeroizing;

use crate::event::{Event, Observer};
use crate::guard::{self, Unguarded};
use crate::text::printable;

/// The digests of the builds that were packed together with this one, as `aarch64=` and the digest that sha256sum(1) prints;
/// commas between several. A build of which the digest is known here has to be that very one.
const DIGESTS: Option<&str> = option_env!("GS_SSHEXKEY_DIGESTS");

/// What one read takes, in bytes.
const PIECE: usize = 64 << 10;

/// One build of the program.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    build: Build,
    packed: OnceCell<Arc<Zeroizing<Vec<u8>>>>,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.build == other.build
    }
}

impl Eq for Program {}

impl Program {
    /// Reads a build.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::hash(path, File::open(path)?)
    }

    /// What lies at the path later is compared with this: each node looks at the digest.
    fn hash(path: &Path, file: File) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut size = 0;
        each_piece(file, |piece| {
            hash.update(piece);
            size += piece.len() as u64;
            Ok(())
        })?;
        let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), build: Build { digest, size }, packed: OnceCell::new() })
    }

    /// What a plan knows of it.
    #[must_use]
    pub const fn build(&self) -> &Build {
        &self.build
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
    each_piece(File::open(path)?, |piece| packer.write_all(piece))?;
    Ok(Arc::new(Zeroizing::new(packer.finish()?)))
}

fn each_piece(mut file: File, mut act: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0u8; PIECE];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => act(buffer.get(..count).unwrap_or_default())?,
        }
    }
}

/// A build that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its file.
    pub file: PathBuf,
    /// Why.
    pub why: Unfit,
}

/// Why a build is not placed on nodes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Somebody else may have changed it.
    #[error(transparent)]
    Unguarded(#[from] Unguarded),
    /// It is not the one that was packed together with this program.
    #[error("it is another build than the one that was packed with this program")]
    Other,
}

/// The builds that there are, by processor as `uname -m` names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    programs: BTreeMap<String, Arc<Program>>,
}

impl Programs {
    /// Looks for builds for these processors. `own` is the running program; another processor's is expected beside it,
    /// as `gs_sshexkey-aarch64` and so on, or where a package puts it: in `../libexec/gs_sshexkey`, seen from a folder `bin`.
    /// What is not there is not there; what is there and was left out is told.
    ///
    /// What is taken is run on nodes, by root perhaps, so a stranger must not have had a hand in it ([`guard::file`]). The own
    /// program is read as the kernel runs it, whatever lies at its path by now: who could change that is obeyed already.
    #[must_use]
    pub fn find<'a>(own: &Path, machines: impl Iterator<Item = &'a str>) -> (Self, Vec<LeftOut>) {
        Self::find_known(own, machines, DIGESTS.unwrap_or_default())
    }

    /// The same with these digests, written as in [`DIGESTS`].
    fn find_known<'a>(
        own: &Path,
        machines: impl Iterator<Item = &'a str>,
        digests: &str,
    ) -> (Self, Vec<LeftOut>) {
        let (mut found, mut left_out) = (Self::default(), Vec::new());
        for machine in machines.filter(|machine| is_plain(machine)).collect::<BTreeSet<_>>() {
            let program = if machine == std::env::consts::ARCH {
                // Still there when the file was replaced by a newer one.
                Program::read(Path::new("/proc/self/exe")).ok()
            } else {
                let wanted = known(digests, machine);
                places(own, machine).iter().find_map(|path| sibling(path, wanted, &mut left_out))
            };
            found.programs.extend(program.map(|program| (machine.to_owned(), Arc::new(program))));
        }
        (found, left_out)
    }

    /// What a plan knows of them.
    #[must_use]
    pub fn builds(&self) -> Builds {
        self.programs.iter().map(|(machine, program)| (machine.clone(), program.build().clone())).collect()
    }

    /// The program that a plan names by its digest.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Option<Arc<Program>> {
        self.programs.values().find(|program| program.build().digest == digest).cloned()
    }
}

impl FromIterator<(String, Program)> for Programs {
    fn from_iter<I: IntoIterator<Item = (String, Program)>>(programs: I) -> Self {
        let programs = programs.into_iter().map(|(machine, program)| (machine, Arc::new(program)));
        Self { programs: programs.collect() }
    }
}

/// The digest of the build for a processor, where it is known.
fn known<'a>(digests: &'a str, machine: &str) -> Option<&'a str> {
    let each = digests.split(',').filter_map(|entry| entry.trim().split_once('='));
    each.filter(|(name, _)| *name == machine).map(|(_, digest)| digest).next()
}

/// Where the build for a processor may lie: beside the program, or where a package puts it.
fn places(own: &Path, machine: &str) -> Vec<PathBuf> {
    let name = format!("gs_sshexkey-{machine}");
    let bin = own.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "bin"));
    let packed = bin.map(|bin| bin.with_file_name("libexec").join("gs_sshexkey").join(&name));
    std::iter::once(own.with_file_name(name)).chain(packed).collect()
}

/// A build that is there, if it may be placed on nodes.
fn sibling(path: &Path, wanted: Option<&str>, left_out: &mut Vec<LeftOut>) -> Option<Program> {
    path.symlink_metadata().ok()?;
    let program = match guard::file(path) {
        Ok(file) => Program::hash(path, file).ok()?,
        Err(why) => {
            left_out.push(LeftOut { file: path.to_owned(), why: why.into() });
            return None;
        }
    };
    if wanted.is_some_and(|digest| digest != program.build.digest) {
        left_out.push(LeftOut { file: path.to_owned(), why: Unfit::Other });
        return None;
    }
    Some(program)
}

/// Tells which builds were left out.
pub(crate) fn tell_left_out(left_out: Vec<LeftOut>, observer: &dyn Observer) {
    for LeftOut { file, why } in left_out {
        let file = printable(file.as_os_str().as_encoded_bytes());
        observer.event(&Event::ProgramLeftOut { file, why: why.to_string(), other: why == Unfit::Other });
    }
}

/// A name that a node tells must not lead to another folder.
fn is_plain(machine: &str) -> bool {
    !machine.is_empty() && machine.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn builds_are_found_beside_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("gs_sshexkey");
        let sibling = dir.path().join("gs_sshexkey-m68k");
        std::fs::write(&sibling, "program").unwrap();
        std::fs::set_permissions(&sibling, Permissions::from_mode(0o755)).unwrap();
        let machines = ["m68k", "sparc", "../../etc/passwd", "", std::env::consts::ARCH];
        let (found, left_out) = Programs::find(&own, machines.into_iter());
        assert_eq!(left_out, []);
        let builds = found.builds();
        let other = builds.get("m68k").unwrap();
        assert_eq!((other.digest.len(), other.size), (64, 7));
        assert!(builds.get(std::env::consts::ARCH).unwrap().size > 1000);
        assert!(builds.get("sparc").is_none() && builds.get("").is_none());
        assert_eq!(found.with_digest(&other.digest).unwrap().build(), other);
        assert!(found.with_digest("").is_none());
    }

    #[test]
    fn a_build_that_others_may_have_put_there_is_left_out_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let sibling = dir.path().join("gs_sshexkey-m68k");
        std::fs::write(&sibling, "program").unwrap();
        let rights =
            |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        // The folder as /tmp is; one of a group; the file itself.
        for (folder, file) in
            [(0o1777, 0o755), (0o777, 0o755), (0o775, 0o755), (0o755, 0o775), (0o700, 0o702)]
        {
            rights(dir.path(), folder);
            rights(&sibling, file);
            let (found, left_out) =
                Programs::find(&dir.path().join("gs_sshexkey"), ["m68k", "m68k", "sparc"].into_iter());
            assert!(found.builds().get("m68k").is_none(), "{folder:o} {file:o}");
            let files: Vec<&PathBuf> = left_out.iter().map(|left_out| &left_out.file).collect();
            assert_eq!(files, [&sibling], "{folder:o} {file:o}");
        }
    }

    /// Writes a build for `m68k`, with its folders.
    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn builds_are_found_where_a_package_puts_them() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        let packed = at("usr/libexec/gs_sshexkey/gs_sshexkey-m68k");
        write(&packed, "packed");
        let find = |own: &str| Programs::find_known(&at(own), std::iter::once("m68k"), "");
        let size = |found: &Programs| found.builds().get("m68k").map(|build| build.size);
        let own = "usr/bin/gs_sshexkey";
        assert_eq!(size(&find(own).0), Some(6));
        // Seen from a folder of another name there is none.
        assert_eq!(find("usr/sbin/gs_sshexkey"), (Programs::default(), Vec::new()));
        // One beside the program goes first.
        write(&at("usr/bin/gs_sshexkey-m68k"), "beside");
        write(&packed, "another size");
        assert_eq!(size(&find(own).0), Some(6));
        std::fs::remove_file(at("usr/bin/gs_sshexkey-m68k")).unwrap();
        assert_eq!(size(&find(own).0), Some(12));
        // The same rules hold for every folder on the way.
        for weak in ["usr/libexec", "usr/libexec/gs_sshexkey", "usr/libexec/gs_sshexkey/gs_sshexkey-m68k"] {
            std::fs::set_permissions(at(weak), Permissions::from_mode(0o777)).unwrap();
            let (found, left_out) = find(own);
            assert_eq!(size(&found), None, "{weak}");
            let [LeftOut { file, why: Unfit::Unguarded(why) }] = left_out.as_slice() else {
                panic!("{weak}: {left_out:?}")
            };
            assert_eq!((file, &why.path), (&packed, &at(weak).canonicalize().unwrap()), "{weak}");
            std::fs::set_permissions(at(weak), Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn a_build_with_a_known_digest_has_to_be_that_one() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("bin/gs_sshexkey");
        let (beside, packed) = (
            dir.path().join("bin/gs_sshexkey-m68k"),
            dir.path().join("libexec/gs_sshexkey/gs_sshexkey-m68k"),
        );
        write(&packed, "right");
        let digest = Program::read(&packed).unwrap().build.digest;
        let others = format!("sparc={digest}");
        let right = format!("sparc=0123, m68k={digest}");
        let find = |digests: &str| {
            let (found, left_out) = Programs::find_known(&own, std::iter::once("m68k"), digests);
            let left_out: Vec<_> = left_out.into_iter().map(|left| (left.file, left.why)).collect();
            (found.builds().get("m68k").map(|build| build.size), left_out)
        };
        for digests in ["", "m68k", &others, &right] {
            assert_eq!(find(digests), (Some(5), vec![]), "{digests}");
        }
        assert_eq!(find("m68k=0123"), (None, vec![(packed.clone(), Unfit::Other)]));
        assert_eq!(find("m68k="), (None, vec![(packed.clone(), Unfit::Other)]));
        // A wrong one beside the program does not hide the right one.
        write(&beside, "wrong");
        assert_eq!(find(&right), (Some(5), vec![(beside.clone(), Unfit::Other)]));
        // Another processor's digest says nothing about this one, so the one beside the program is taken.
        assert_eq!(find(&others), (Some(5), vec![]));
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
        assert_eq!(text, format!("{0}  -\n{0}  program\n", program.build().digest));
    }
}
