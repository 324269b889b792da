//! The labs of this machine: one directory each under `/run`, with who owns the lab and which process keeps it.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::error::LabError;
use crate::init::Init;
use crate::process::{ProcessId, init_held_by};
use crate::system::cgroup;

const REGISTRY: &str = "/run/gs_sshexkey-lab";
const OWNER: &str = "owner.txt";
const KEEPER: &str = "keeper.txt";
const NODES: &str = "nodes.txt";
/// Which control group is the lab's, if it has one.
const GROUP: &str = "group.txt";
const LOG: &str = "log.txt";
/// What stands in the owner's place when a lab was told to outlive it.
const NOBODY: &str = "detached\n";
/// How often to look whether a killed process is gone.
const GLANCE: Duration = Duration::from_millis(1);

/// A lab that stands on this machine, whoever brought it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabInfo {
    /// Its name, for [`take_down`].
    pub id: String,
    /// Whether it outlives the process that brought it up.
    pub detached: bool,
    /// For each node its host name, its address and the number of its process 1, as the machine sees it.
    pub nodes: Vec<(String, String, i32)>,
}

/// The directory of one lab.
#[derive(Debug, Clone)]
pub(crate) struct LabDir {
    pub(crate) path: PathBuf,
}

impl LabDir {
    /// Makes the directory of a new lab, owned by this process.
    pub(crate) fn create() -> Result<LabDir, LabError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let owner = ProcessId::current().map(ProcessId::to_line).unwrap_or_default();
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let id = format!("{}-{count}", std::process::id());
            // A lab is never seen without its owner: the directory gets its name when that is written.
            let draft = Path::new(REGISTRY).join(format!(".{id}"));
            let _ = fs::remove_dir_all(&draft);
            match fs::create_dir_all(draft.join("fs")) {
                // Another process has just removed the empty registry.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(LabError::io("create", &draft))?,
            }
            fs::write(draft.join(OWNER), &owner).map_err(LabError::io("write", &draft))?;
            let path = Path::new(REGISTRY).join(&id);
            match fs::rename(&draft, &path) {
                Ok(()) => return Ok(LabDir { path }),
                // The remains of a process that had this number before.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) => return Err(LabError::io("rename", &draft)(error)),
            }
            fs::remove_dir_all(&draft).map_err(LabError::io("remove", &draft))?;
        }
    }

    fn of(id: &str) -> LabDir {
        LabDir { path: Path::new(REGISTRY).join(id) }
    }

    /// The lab's name.
    pub(crate) fn id(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Where the lab's file systems are, in the keeper's mount namespace.
    pub(crate) fn fs(&self) -> PathBuf {
        self.path.join("fs")
    }

    /// Where the scripts write their complaints.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.path.join(LOG)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub(crate) fn set_keeper(&self, keeper: ProcessId) -> Result<(), LabError> {
        self.write(KEEPER, &keeper.to_line())
    }

    pub(crate) fn set_nodes(&self, lines: &str) -> Result<(), LabError> {
        self.write(NODES, lines)
    }

    /// Says that the lab makes control groups, before it does, and gives their name.
    pub(crate) fn set_group(&self) -> Result<(), LabError> {
        self.write(GROUP, &cgroup::name(&self.id()))
    }

    pub(crate) fn set_detached(&self) -> Result<(), LabError> {
        self.write(OWNER, NOBODY)
    }

    fn write(&self, file: &str, text: &str) -> Result<(), LabError> {
        let path = self.path.join(file);
        fs::write(&path, text).map_err(LabError::io("write", &path))
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap_or_default()
    }

    fn is_detached(&self) -> bool {
        self.read(OWNER) == NOBODY
    }

    fn keeper(&self) -> Option<ProcessId> {
        ProcessId::from_line(&self.read(KEEPER)).filter(|keeper| keeper.is_alive())
    }

    /// Whether it is still being made: its name begins with a dot.
    fn is_draft(&self) -> bool {
        self.id().starts_with('.')
    }

    /// Whether the process that was making it is gone. Its number is in the name.
    fn draft_is_abandoned(&self) -> bool {
        let id = self.id();
        let pid = id.trim_start_matches('.').split('-').next().and_then(|pid| pid.parse().ok());
        pid.and_then(ProcessId::of).is_none()
    }

    /// Whether nobody needs this lab any more, or nothing is left of it but its directory.
    fn is_dead(&self) -> bool {
        let owned = ProcessId::from_line(&self.read(OWNER)).is_some_and(ProcessId::is_alive);
        let kept = self.is_detached() && self.keeper().is_some();
        !owned && !kept
    }

    /// Ends the keeper, and with it all processes, mounts and networks of the lab; then forgets it.
    pub(crate) fn remove(&self) -> Result<(), LabError> {
        if let Some(keeper) = self.keeper() {
            keeper.kill();
            while keeper.is_alive() {
                thread::sleep(GLANCE);
            }
        }
        let group = self.read(GROUP);
        if !group.is_empty() {
            cgroup::remove(&group)?;
        }
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(LabError::io("remove", &self.path)(error))
            }
            _ => {
                // Fails while other labs stand, as it should.
                let _ = fs::remove_dir(REGISTRY);
                Ok(())
            }
        }
    }
}

/// The labs that stand on this machine.
#[must_use]
pub fn labs() -> Vec<LabInfo> {
    let mut all: Vec<LabInfo> = directories()
        .into_iter()
        .filter(|dir| !dir.is_draft() && dir.keeper().is_some())
        .map(|dir| LabInfo {
            id: dir.id(),
            detached: dir.is_detached(),
            nodes: dir.read(NODES).lines().filter_map(node_line).collect(),
        })
        .collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

/// Removes what labs left behind whose owner is dead, and says how many there were.
///
/// # Errors
/// When a file of such a lab cannot be removed.
pub fn reap_dead_labs() -> Result<usize, LabError> {
    let dead: Vec<LabDir> = directories()
        .into_iter()
        .filter(|dir| if dir.is_draft() { dir.draft_is_abandoned() } else { dir.is_dead() })
        .collect();
    dead.iter().try_for_each(LabDir::remove)?;
    Ok(dead.len())
}

/// Takes a lab down by its name, also one that outlived its owner.
///
/// # Errors
/// When there is no such lab, or a file of it cannot be removed.
pub fn take_down(id: &str) -> Result<(), LabError> {
    if labs().iter().any(|lab| lab.id == id) {
        LabDir::of(id).remove()
    } else {
        Err(LabError::UnknownLab { id: id.to_owned() })
    }
}

fn directories() -> Vec<LabDir> {
    let Ok(entries) = fs::read_dir(REGISTRY) else {
        return Vec::new();
    };
    entries.flatten().filter_map(|entry| Some(LabDir::of(entry.file_name().to_str()?))).collect()
}

/// Reads `node1 10.77.0.1 PID`, or `node1 10.77.0.1 boots under PID` for a whole system, whose process 1 is another
/// one after each boot.
fn node_line(line: &str) -> Option<(String, String, i32)> {
    let (mut words, last) = (line.split(' '), line.rsplit(' ').next()?);
    let (name, ip) = (words.next()?.to_owned(), words.next()?.to_owned());
    let pid = last.parse().ok()?;
    match words.next()? {
        "boots" => Some((name, ip, init_held_by(ProcessId::of(pid)?)?.pid)),
        _ => Some((name, ip, pid)),
    }
}

/// What [`node_line`] reads.
pub(crate) fn to_node_line(name: &str, ip: IpAddr, init: &Init) -> String {
    match init.holder() {
        Some(holder) => format!("{name} {ip} boots under {}\n", holder.pid),
        None => format!("{name} {ip} {}\n", init.now().pid),
    }
}
