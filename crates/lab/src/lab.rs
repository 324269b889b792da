//! A lab as a whole: up and down.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::capacity::shortages;
use crate::error::LabError;
use crate::init::Init;
use crate::keeper::Keeper;
use crate::node::Node;
use crate::process::ProcessId;
use crate::registry::reap_dead_labs;
use crate::requirements::{requirements, system_requirements};
use crate::root::root;
use crate::spec::LabSpec;
use crate::system::{disks, wait_until_up};
use crate::{host_keys, layers, network, shared};

/// How long an sshd may take to listen, on a machine that is busy with other labs.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many nodes come up at a time. Each begins with a copy of the keeper's mounts, two for every node of the lab, and drops
/// it again: of a thousand at once that would be two million mounts.
const WAVE: usize = 32;
/// How often to look whether it listens.
const GLANCE: Duration = Duration::from_millis(2);
/// So much may be written on a node.
pub(crate) const DISK: &str = "256m";

/// Nodes that can be logged in to, until this is dropped.
#[derive(Debug)]
pub struct Lab {
    nodes: Vec<Node>,
    keeper: Keeper,
}

impl Lab {
    /// Brings a lab up, and returns when every sshd listens. Removes the remains of dead labs first.
    ///
    /// # Errors
    /// When the machine lacks something, the specification asks for the impossible, or a step fails; what
    /// was made until then is removed.
    pub fn up(spec: LabSpec) -> Result<Lab, LabError> {
        let bases = bases(&spec)?;
        spec.check(&bases)?;
        reap_dead_labs()?;
        let short = shortages(spec.nodes.len());
        if !short.is_empty() {
            return Err(LabError::TooLarge { nodes: spec.nodes.len(), short });
        }
        host_keys::fill_pool(spec.nodes.len(), spec.key_types())?;
        let mut keeper = Keeper::start()?;
        lay_disks(&mut keeper, &spec)?;
        lay_layers(&mut keeper, &spec, &bases)?;
        let nodes = start_nodes(&mut keeper, &spec)?;
        if spec.systems {
            wait_until_up(&nodes)?;
        } else {
            wait_for_sshd(&nodes)?;
        }
        keeper.dir.set_nodes(&table(&nodes))?;
        Ok(Lab { nodes, keeper })
    }

    /// All nodes, the first one being `node1` unless the specification renamed it.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node with this index, from 0.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The lab's name on this machine.
    #[must_use]
    pub fn id(&self) -> String {
        self.keeper.dir.id()
    }

    /// Takes the lab down: all its processes, mounts, networks and files. Dropping it does the same.
    ///
    /// # Errors
    /// When a file of the lab cannot be removed.
    pub fn down(mut self) -> Result<(), LabError> {
        self.keeper.end()
    }

    /// Lets the lab stand after this process, until [`take_down`](crate::take_down), and returns its name.
    ///
    /// # Errors
    /// When the lab's keeper is gone.
    pub fn detach(mut self) -> Result<String, LabError> {
        self.keeper.detach()?;
        Ok(self.id())
    }
}

/// The system that each node's own layer lies over, on a machine that has all that a lab needs.
fn bases(spec: &LabSpec) -> Result<Vec<PathBuf>, LabError> {
    let mut missing = requirements();
    if spec.systems {
        missing.extend(system_requirements());
    }
    if !missing.is_empty() {
        return Err(LabError::Requirements(missing));
    }
    let base = |release: Option<_>| release.map_or_else(|| Ok(PathBuf::from(layers::MACHINE)), root);
    spec.roots()?.into_iter().map(base).collect()
}

/// A disk for every node: a tmpfs of its own.
fn lay_disks(keeper: &mut Keeper, spec: &LabSpec) -> Result<(), LabError> {
    let (outside, inside) = (keeper.fs(), keeper.dir.fs());
    let mut fstab = String::new();
    for index in 0..spec.nodes.len() {
        layers::make_dir(&outside.join(disk_name(index)), 0o755)?;
        let disk = inside.join(disk_name(index));
        let _ = writeln!(fstab, "gs-lab-disk {} tmpfs mode=755,size={DISK} 0 0", disk.display());
    }
    write(&outside.join("disks"), &fstab)?;
    keeper.order("mount disks").map(drop)
}

/// The layers that all nodes share and those of each, put together.
fn lay_layers(keeper: &mut Keeper, spec: &LabSpec, bases: &[PathBuf]) -> Result<(), LabError> {
    let (outside, inside) = (keeper.fs(), keeper.dir.fs());
    write(&outside.join("bridge"), &network::bridge())?;
    shared::make(&outside, spec)?;
    let mut lowers: Vec<(&Path, String)> = Vec::new();
    let mut overlays = String::new();
    for (index, base) in bases.iter().enumerate() {
        if lowers.iter().all(|(other, _)| other != base) {
            lowers.push((base, share_layers(&outside, &inside, spec, base, lowers.len())?));
        }
        let lower = lowers.iter().find(|(other, _)| other == base).map_or("", |(_, lower)| lower);
        let disk = outside.join(disk_name(index));
        layers::make_dir(&disk.join("upper"), 0o755)?;
        layers::node(&disk.join("upper"), spec, index, base)?;
        layers::make_dir(&disk.join("work"), 0o755)?;
        layers::make_dir(&disk.join("root"), 0o755)?;
        let disk_inside = inside.join(disk_name(index));
        write(&disk.join("address"), &network::address(spec, index))?;
        if spec.systems {
            disks::prepare(&disk, index)?;
        } else {
            prepare(&disk, &disk_inside, spec, index, base)?;
            let shared = shared::join(&disk.join("upper"), &inside, &disk_inside.join("root"), spec, index)?;
            append(&disk.join("fstab"), &shared)?;
        }
        overlays.push_str(&overlay(lower, &disk_inside));
    }
    write(&outside.join("overlays"), &overlays)?;
    keeper.order("mount overlays").map(drop)
}

/// Makes the layers that all nodes over one base share, the first or another, and says what the overlay of each lies on.
fn share_layers(
    outside: &Path,
    inside: &Path,
    spec: &LabSpec,
    base: &Path,
    number: usize,
) -> Result<String, LabError> {
    if spec.systems {
        disks::share(outside, spec, base)?;
        return Ok(format!("{}/shared:{}", inside.display(), base.display()));
    }
    let [shared, hidden] = ["shared", "hidden"].map(|name| format!("{name}{number}"));
    layers::hide(&outside.join(&hidden), base)?;
    layers::share(&outside.join(&shared), spec, base)?;
    write(&outside.join("node.sh"), include_str!("node.sh"))?;
    Ok(format!("{0}/{shared}:{0}/{hidden}:{1}", inside.display(), base.display()))
}

/// Writes what `node.sh` needs of a node.
fn prepare(
    disk: &Path,
    disk_inside: &Path,
    spec: &LabSpec,
    index: usize,
    base: &Path,
) -> Result<(), LabError> {
    let (sshd, cron) = spec.nodes.get(index).map(|node| layers::daemons(node, base)).unwrap_or_default();
    write(&disk.join("fstab"), &fstab(&disk_inside.join("root")))?;
    write(&disk.join("cable"), &network::cable(index))?;
    write(&disk.join("sshd"), &sshd)?;
    write(&disk.join("cron"), &cron)
}

fn overlay(lower: &str, disk: &Path) -> String {
    let disk = disk.display();
    format!(
        "gs-lab-root {disk}/root overlay \
         lowerdir={lower},upperdir={disk}/upper,workdir={disk}/work 0 0\n"
    )
}

/// The file systems of a node beside its root.
fn fstab(root: &Path) -> String {
    let root = root.display();
    format!(
        "proc {root}/proc proc nosuid,nodev,noexec 0 0\n\
         sysfs {root}/sys sysfs ro,nosuid,nodev,noexec 0 0\n\
         devpts {root}/dev/pts devpts newinstance,gid=5,mode=620,ptmxmode=666 0 0\n\
         tmpfs {root}/dev/shm tmpfs mode=1777,size=16m 0 0\n\
         tmpfs {root}/run tmpfs mode=755,size=16m 0 0\n\
         tmpfs {root}/tmp tmpfs mode=1777,size=64m 0 0\n"
    )
}

/// Starts process 1 of every node, some at the same time, and collects their numbers.
fn start_nodes(keeper: &mut Keeper, spec: &LabSpec) -> Result<Vec<Node>, LabError> {
    keeper.order("network")?;
    let order = if spec.systems { "system" } else { "node" };
    if spec.systems {
        keeper.dir.set_group()?;
    }
    let mut waiting = 0..spec.nodes.len();
    for index in waiting.by_ref().take(WAVE) {
        keeper.post(&format!("{order} {}", disk_name(index)))?;
    }
    let users = Arc::from(spec.users.clone());
    let mut nodes: Vec<Option<Node>> = spec.nodes.iter().map(|_| None).collect();
    for _ in 0..spec.nodes.len() {
        let answer = keeper.answer()?;
        if let Some(next) = waiting.next() {
            keeper.post(&format!("{order} {}", disk_name(next)))?;
        }
        let broken = || LabError::Keeper { log: complaints(keeper, &answer) };
        let (index, process) = parse_answer(&answer).ok_or_else(broken)?;
        let init = if spec.systems { Init::held_by(process) } else { Init::Fixed(process) };
        let place = nodes.get_mut(index).ok_or_else(broken)?;
        *place = Some(Node::new(spec, index, init, keeper, Arc::clone(&users)));
    }
    Ok(nodes.into_iter().flatten().collect())
}

/// What a node said that could not be started. A mistake in its sshd_config is in its own log.
fn complaints(keeper: &Keeper, answer: &str) -> String {
    let name = answer.strip_prefix("broken ").unwrap_or_default();
    let sshd_log = keeper.fs().join(name).join("upper/var/log/sshd.log");
    let sshd = fs::read_to_string(sshd_log).unwrap_or_default();
    format!("{answer}\n{}{sshd}", keeper.dir.log())
}

/// Reads `node n7 12345`.
fn parse_answer(answer: &str) -> Option<(usize, ProcessId)> {
    let (name, pid) = answer.strip_prefix("node n")?.split_once(' ')?;
    Some((name.parse().ok()?, ProcessId::of(pid.parse().ok()?)?))
}

fn wait_for_sshd(nodes: &[Node]) -> Result<(), LabError> {
    for node in nodes {
        // Each has its own time: the last of a thousand begins long after the first.
        let deadline = Instant::now() + PATIENCE;
        while !node.sshd_listens() {
            if Instant::now() > deadline || !node.is_alive() {
                let log = node.read("/var/log/sshd.log").unwrap_or_default();
                let log = String::from_utf8_lossy(&log).into_owned();
                return Err(LabError::NotReady { node: node.name().to_owned(), log });
            }
            thread::sleep(GLANCE);
        }
    }
    Ok(())
}

fn table(nodes: &[Node]) -> String {
    nodes.iter().map(Node::to_line).collect()
}

pub(crate) fn disk_name(index: usize) -> String {
    format!("n{index}")
}

fn append(path: &Path, text: &str) -> Result<(), LabError> {
    let old = fs::read_to_string(path).map_err(LabError::io("read", path))?;
    write(path, &(old + text))
}

fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::io("write", path))
}
