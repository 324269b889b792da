//! Real OpenSSH nodes on one Linux machine, for the demo, the tests and the benchmarks.
//!
//! A node is a set of Linux namespaces (network, mount, UTS, PID, IPC) with a root file system of its own, laid
//! over the machine's, in which OpenSSH's own `sshd` runs. All nodes of a lab hang on one bridge, which lives in
//! a network namespace of the lab: no packet leaves the machine, and two labs never meet.
//!
//! A lab is one process tree under a *keeper*, which is process 1 of a PID namespace and owns the mount and the
//! network namespace in which everything of the lab lives. When the keeper ends, the kernel ends every process
//! of the lab and removes its mounts, bridges and addresses. The keeper ends when its owner does, however that
//! happens: it reads a pipe of which only the owner holds the other end.
//!
//! That is the first tier: cheap, and nothing runs on a node but sshd and cron. Its nodes can also be of
//! [another release](LabSpec::release) than the machine, over a root file system of Debian that is
//! [made once](build_root). On the second tier every node is a [whole system](LabSpec::systems) with systemd, logind and
//! firewalld, over such a root. Both have the same interface; only whole systems [reboot](Node::reboot).
//!
//! ```no_run
//! use lab::{Lab, LabSpec};
//!
//! # fn main() -> Result<(), lab::LabError> {
//! let lab = Lab::up(LabSpec::new(3).user("omm", "secret"))?;
//! let node = lab.node(0);
//! node.write("/root/hosts", b"10.77.0.1\n10.77.0.2\n", 0o644, "root")?;
//! node.reject_port(22)?;
//! let out = node.sh("omm", "id -un")?;
//! assert_eq!(out.stdout, "omm\n");
//! lab.down()?;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod capacity;
mod container;
mod error;
mod fault;
mod host_keys;
mod init;
mod keeper;
mod lab;
mod layers;
mod network;
mod node;
mod node_files;
mod process;
mod registry;
mod requirements;
mod root;
mod shared;
mod snapshot;
mod spec;
mod stall;
mod storage;
mod substitute;
mod system;
mod terminal;

pub use capacity::{Resource, Shortage};
pub use container::Container;
pub use error::{LabError, SpecMistake};
pub use lab::Lab;
pub use node::{Node, ShellOutput, enter_words};
pub use process::Proc;
pub use registry::{LabInfo, labs, reap_dead_labs, take_down};
pub use requirements::{Requirement, requirements, root_requirements, system_requirements};
pub use root::{Release, build_root, root};
pub use snapshot::{Entry, Kind, Snapshot};
pub use spec::{LabSpec, Sh};
pub use storage::{Filesystem, PowerCut};
pub use substitute::Substitute;
pub use terminal::Terminal;
