//! Files and folders that nobody else can change: what is run, here or on nodes, is taken from no other place.
//!
//! The way to a file is walked step by step, through symbolic links too, because whoever may write one folder on it, or
//! owns it, can put something else there. Every step belongs to root or to the user who runs the program, and nobody else may
//! write it: neither others nor a group, whoever is in that. In a folder with the sticky bit (`/tmp`) others may write, but
//! only beside what is there: such a folder may lie on the way, and is no place for the file itself. Where an ACL lets somebody
//! write, the bit of the group is set (acl(5)).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::text::printable;

/// Rights of the group and of others to write.
const WRITE_OF_OTHERS: u32 = 0o022;
/// Only its owner may remove or rename what is in such a folder (S_ISVTX of inode(7)).
const STICKY: u32 = 0o1000;
/// Most symbolic links on the way, as the kernel has it (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Why somebody else may have a hand in what lies at a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {why}", printable(.path.as_os_str().as_encoded_bytes()))]
pub struct Unguarded {
    /// Where: the path itself, or a folder or link on the way to it.
    pub path: PathBuf,
    /// What is wrong there.
    pub why: Weakness,
}

/// What is wrong with one step of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It belongs to a user who is neither root nor the one who runs the program.
    #[error("belongs to another user (number {0})")]
    Owner(u32),
    /// Others, or a group, may write it.
    #[error("can be written by others or by a group (mode {0:o})")]
    Writable(u32),
    /// Not a plain file, or not a folder, as it should be.
    #[error("is of another kind than it should be")]
    Kind,
    /// It cannot be looked at.
    #[error("cannot be looked at: {0}")]
    Unseen(String),
    /// More links than the kernel would follow.
    #[error("leads through too many symbolic links")]
    Links,
}

impl Unguarded {
    fn new(path: &Path, why: Weakness) -> Self {
        Self { path: path.to_owned(), why }
    }

    fn unseen(path: &Path, error: &io::Error) -> Self {
        Self::new(path, Weakness::Unseen(error.to_string()))
    }
}

/// Opens a plain file that nobody else can change or replace.
///
/// # Errors
/// [`Unguarded`].
pub fn file(path: &Path) -> Result<File, Unguarded> {
    let real = walk(path)?;
    // A pipe must not hold the program up. What is judged is what was opened.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let open = || -> io::Result<(File, Metadata)> {
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&real)?;
        let meta = file.metadata()?;
        Ok((file, meta))
    };
    let (file, meta) = open().map_err(|error| Unguarded::unseen(&real, &error))?;
    let weakness = if meta.is_file() { weakness(&meta, Role::Last) } else { Some(Weakness::Kind) };
    weakness.map_or(Ok(file), |why| Err(Unguarded::new(&real, why)))
}

/// Whether nobody else can change what lies in a folder, or replace it. `path` may name folders that are not there yet.
///
/// # Errors
/// [`Unguarded`].
pub fn folder(path: &Path) -> Result<(), Unguarded> {
    let real = walk(path)?;
    let missing = |path: &&Path| path.symlink_metadata().is_err();
    // What is made below a folder belongs to us; what lies there already may be somebody else's.
    let there = real.ancestors().find(|path| !missing(path)).unwrap_or(&real);
    let meta = there.metadata().map_err(|error| Unguarded::unseen(there, &error))?;
    let role = if there == real { Role::Last } else { Role::OnTheWay };
    let weakness = if meta.is_dir() { weakness(&meta, role) } else { Some(Weakness::Kind) };
    weakness.map_or(Ok(()), |why| Err(Unguarded::new(there, why)))
}

/// What a step of a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The file, or the folder that it lies in, or the folder that is asked for.
    Last,
    /// A folder above.
    OnTheWay,
}

/// What is wrong with the owner and the rights of a step.
fn weakness(meta: &Metadata, role: Role) -> Option<Weakness> {
    judge(meta.uid(), meta.mode(), geteuid().as_raw(), role)
}

const fn judge(owner: u32, mode: u32, me: u32, role: Role) -> Option<Weakness> {
    let spared = matches!(role, Role::OnTheWay) && mode & STICKY != 0;
    if owner != 0 && owner != me {
        Some(Weakness::Owner(owner))
    } else if mode & WRITE_OF_OTHERS != 0 && !spared {
        Some(Weakness::Writable(mode & 0o7777))
    } else {
        None
    }
}

/// Walks to a path: where it really is, when all that leads there is guarded. What is last is not judged, unless it is a link;
/// the folder that it lies in is judged as what lies there needs it.
fn walk(path: &Path) -> Result<PathBuf, Unguarded> {
    let path = std::path::absolute(path).map_err(|error| Unguarded::unseen(path, &error))?;
    let mut here = PathBuf::from("/");
    let mut steps = steps(&path);
    let mut links = 0;
    while let Some(step) = steps.pop_front() {
        if step == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&step);
        let meta = match next.symlink_metadata() {
            // The rest is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(steps.iter().fold(next, |path, step| path.join(step)));
            }
            Err(error) => return Err(Unguarded::unseen(&next, &error)),
            Ok(meta) => meta,
        };
        above(&here, meta.is_file())?;
        if meta.is_symlink() {
            links += 1;
            let target = followed(&next, &meta, links)?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for step in self::steps(&target).into_iter().rev() {
                steps.push_front(step);
            }
            continue;
        }
        here = next;
    }
    Ok(here)
}

/// Where a link leads, if it is nobody else's. The rights of a link mean nothing.
fn followed(link: &Path, meta: &Metadata, links: usize) -> Result<PathBuf, Unguarded> {
    if links > MOST_LINKS {
        return Err(Unguarded::new(link, Weakness::Links));
    }
    if let Some(why) = judge(meta.uid(), 0, geteuid().as_raw(), Role::Last) {
        return Err(Unguarded::new(link, why));
    }
    fs::read_link(link).map_err(|error| Unguarded::unseen(link, &error))
}

/// Whether a folder is as it has to be for what lies in it: a file, or what only leads on.
fn above(folder: &Path, holds_file: bool) -> Result<(), Unguarded> {
    let meta = folder.metadata().map_err(|error| Unguarded::unseen(folder, &error))?;
    let role = if holds_file { Role::Last } else { Role::OnTheWay };
    weakness(&meta, role).map_or(Ok(()), |why| Err(Unguarded::new(folder, why)))
}

fn steps(path: &Path) -> VecDeque<OsString> {
    let step = |component: Component<'_>| match component {
        Component::RootDir | Component::Prefix(_) | Component::CurDir => None,
        Component::ParentDir => Some(OsString::from("..")),
        Component::Normal(name) => Some(name.to_owned()),
    };
    path.components().filter_map(step).collect()
}

#[cfg(test)]
mod tests;
