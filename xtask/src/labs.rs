//! `cargo xtask lab`: labs that stand until they are taken down.

use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Subcommand;
use lab::{Lab, LabError, LabInfo, LabSpec, Release};

use crate::cargo::build_program;
use crate::error::TaskError;
use crate::packages;

/// What to do with labs.
#[derive(Debug, Subcommand)]
pub(crate) enum LabTask {
    /// Bring a lab up that stands until it is taken down
    Up {
        /// How many nodes
        #[arg(long, default_value_t = 3)]
        nodes: usize,
        /// Put the program on the nodes
        #[arg(long)]
        program: bool,
        /// Make every node a whole system, which boots systemd and can reboot
        #[arg(long)]
        systems: bool,
        /// Lay the nodes over this release of Debian instead of the machine's own system
        #[arg(long, value_parser = release)]
        release: Option<Release>,
    },
    /// Make the root file systems of whole systems and of other releases, if this machine lacks them
    Root,
    /// List the labs of this machine
    List,
    /// Open a root shell on a node
    Enter {
        /// The lab's name, as `list` shows it
        lab: String,
        /// The node's name
        #[arg(default_value = "node1")]
        node: String,
    },
    /// Take a lab down
    Down {
        /// The lab's name, as `list` shows it
        lab: String,
    },
}

/// The password of root in every lab of ours. It guards nothing: the nodes are reachable from each other only.
pub(crate) const ROOT_PASSWORD: &str = "Lab-root-1";

/// The lab of a demonstration or a measurement: with the key exchange that users have.
pub(crate) fn spec(nodes: usize) -> LabSpec {
    LabSpec::new(nodes).root_password(ROOT_PASSWORD).as_shipped()
}

/// Does it.
pub(crate) fn run(task: &LabTask) -> Result<(), TaskError> {
    match task {
        LabTask::Up { nodes, program, systems, release } => up(*nodes, *program, *systems, *release),
        LabTask::Root => {
            packages::ensure(&[])?;
            Release::ALL.into_iter().try_for_each(packages::ensure_root)
        }
        LabTask::List => {
            lab::reap_dead_labs()?;
            lab::labs().iter().for_each(describe);
            Ok(())
        }
        LabTask::Enter { lab, node } => enter(lab, node),
        LabTask::Down { lab } => Ok(lab::take_down(lab)?),
    }
}

/// Lets a lab stand after us, and says how to use it.
pub(crate) fn keep(lab: Lab) -> Result<(), TaskError> {
    let id = lab.detach()?;
    println!("\nThe lab {id} stands. root's password on its nodes is {ROOT_PASSWORD}");
    if let Some(info) = lab::labs().into_iter().find(|info| info.id == id) {
        for (name, ip, pid) in &info.nodes {
            println!(
                "  {name} {ip}: {} env -i -C /root TERM=\"$TERM\" HOME=/root bash -l",
                lab::enter_words(*pid).iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
            );
        }
    }
    println!("  or: cargo xtask lab enter {id} node1");
    println!("Take it down with: cargo xtask lab down {id}");
    Ok(())
}

fn release(name: &str) -> Result<Release, String> {
    let names = Release::ALL.map(Release::name).join(", ");
    Release::named(name).ok_or_else(|| format!("known are {names}"))
}

fn up(nodes: usize, program: bool, systems: bool, release: Option<Release>) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    let mut spec = spec(nodes);
    if systems {
        packages::ensure_systems()?;
        spec = spec.systems();
    }
    if let Some(release) = release {
        packages::ensure_root(release)?;
        spec = spec.release(release);
    }
    if program {
        spec = spec.program(build_program("")?);
    }
    keep(Lab::up(spec)?)
}

/// A word for a shell.
fn quote(word: &str) -> String {
    if word.contains([' ', '"', '$']) { format!("'{word}'") } else { word.to_owned() }
}

fn describe(info: &LabInfo) {
    let fate = if info.detached { "stands until it is taken down" } else { "ends with its owner" };
    println!("{} ({} nodes, {fate})", info.id, info.nodes.len());
    for (name, ip, pid) in &info.nodes {
        println!("  {name} {ip} process 1 is {pid}");
    }
}

fn enter(id: &str, node: &str) -> Result<(), TaskError> {
    let unknown = || LabError::UnknownLab { id: format!("{id} with a node {node}") };
    let info = lab::labs().into_iter().find(|info| info.id == id).ok_or_else(unknown)?;
    let (_, _, pid) = info.nodes.iter().find(|(name, ..)| name == node).ok_or_else(unknown)?;
    let words = lab::enter_words(*pid);
    let term = std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["env", "-i", "-C", "/root", &format!("TERM={term}"), "HOME=/root"]);
    command.args(["USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LANG=C.UTF-8", "bash", "-l"]);
    // Returns only if it fails.
    Err(TaskError::Start { program: "nsenter".to_owned(), source: command.exec() })
}
