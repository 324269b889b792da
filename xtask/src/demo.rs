//! `cargo xtask demo`: the real program on real nodes, at a real terminal.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use lab::{Lab, Node};

use crate::cargo::build_program;
use crate::error::TaskError;
use crate::labs::{self, ROOT_PASSWORD, keep};
use crate::packages;

/// What the demo shall look like.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many nodes
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Let the nodes stand afterwards, and say how to enter them
    #[arg(long)]
    keep: bool,
}

/// How long the program may take until it asks for the password.
const PATIENCE: Duration = Duration::from_secs(120);
/// Beyond this many nodes the table is a count.
const MOST_COLUMNS: usize = 12;

/// Shows it all.
pub(crate) fn run(demo: &Demo) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    let program = build_program("")?;
    let start = Instant::now();
    let lab = Lab::up(labs::spec(demo.nodes).program(program))?;
    println!("\n{} nodes are up after {:.2} s.", demo.nodes, start.elapsed().as_secs_f64());
    set_up_trust(&lab)?;
    let failed = show_connections(&lab);
    show_check(&lab)?;
    show_doctor(&lab)?;
    if demo.keep {
        keep(lab)?;
    } else {
        lab.down()?;
    }
    if failed == 0 { Ok(()) } else { Err(TaskError::Unreachable(failed)) }
}

/// Writes the hostfile with every node of the lab to the first one.
pub(crate) fn write_hostfile(lab: &Lab) -> Result<(), TaskError> {
    let hosts: String = lab.nodes().iter().map(|node| format!("{}\n", node.ip())).collect();
    Ok(lab.node(0).write("/root/hosts", hosts.as_bytes(), 0o644, "root")?)
}

fn set_up_trust(lab: &Lab) -> Result<(), TaskError> {
    write_hostfile(lab)?;
    println!("On {}, at a terminal (the demo types root's password):\n", lab.node(0).name());
    println!("root@{}:~# gs_sshexkey -f /root/hosts", lab.node(0).name());
    let start = Instant::now();
    let mut terminal = lab.node(0).terminal("root", "gs_sshexkey -f /root/hosts")?;
    terminal.mirror();
    // If it never asks, what it printed instead is on the screen already.
    if terminal.expect("Password: ", PATIENCE).is_ok() {
        terminal.type_line(ROOT_PASSWORD)?;
    }
    let (status, _) = terminal.finish()?;
    println!("\nIt took {:.2} s and ended with {status}.", start.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(TaskError::Program { status }) }
}

/// What the program itself sees of it.
fn show_check(lab: &Lab) -> Result<(), TaskError> {
    println!("\nroot@{}:~# gs_sshexkey check -f /root/hosts --by both", lab.node(0).name());
    let terminal = lab.node(0).terminal("root", "LANG=C.UTF-8 gs_sshexkey check -f /root/hosts --by both")?;
    terminal.mirror();
    let (status, _) = terminal.finish()?;
    if status.success() { Ok(()) } else { Err(TaskError::Program { status }) }
}

/// Loses trust by a slip of the hand, and has it found and brought back.
fn show_doctor(lab: &Lab) -> Result<(), TaskError> {
    let Some(victim) = lab.nodes().last().filter(|_| lab.nodes().len() > 1) else { return Ok(()) };
    println!("\nSomebody makes a mistake, and sshd there refuses every key from now on:");
    println!("root@{}:~# chmod o+w /root", victim.name());
    victim.sh("root", "chmod o+w /root")?;
    println!("\nroot@{}:~# gs_sshexkey doctor -f /root/hosts --fix", lab.node(0).name());
    let command = "LANG=C.UTF-8 gs_sshexkey doctor -f /root/hosts --fix";
    let mut terminal = lab.node(0).terminal("root", command)?;
    terminal.mirror();
    for (question, answer) in [("Password: ", ROOT_PASSWORD), ("[y/N] ", "y")] {
        // If it never asks, what it printed instead is on the screen already.
        if terminal.expect(question, PATIENCE).is_ok() {
            terminal.type_line(answer)?;
        }
    }
    let (status, _) = terminal.finish()?;
    if status.success() { Ok(()) } else { Err(TaskError::Program { status }) }
}

/// Runs plain `ssh` from every node to every other, by address and by name. Returns how many failed.
fn show_connections(lab: &Lab) -> usize {
    println!("\nssh -o BatchMode=yes -o StrictHostKeyChecking=yes, in a process that sourced nothing.");
    println!("From each node (row) to each node, by address and by name:\n");
    let rows: Vec<Vec<bool>> = thread::scope(|scope| {
        let workers: Vec<_> =
            lab.nodes().iter().map(|from| scope.spawn(|| connect(from, lab.nodes()))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let width = lab.nodes().iter().map(|node| node.name().len()).max().unwrap_or(0).max(5);
    if lab.nodes().len() <= MOST_COLUMNS {
        print_head(lab.nodes(), width);
    }
    for (from, row) in lab.nodes().iter().zip(&rows) {
        print_row(from, row, width, lab.nodes().len());
    }
    let all = 2 * lab.nodes().len() * lab.nodes().len();
    let good = rows.iter().flatten().filter(|reached| **reached).count();
    println!("\n{good} of {all} connections work.");
    all - good
}

fn print_head(nodes: &[Node], width: usize) {
    print!("{:width$}", "");
    nodes.iter().for_each(|node| print!("  {:width$}", node.name()));
    println!();
}

fn print_row(from: &Node, row: &[bool], width: usize, nodes: usize) {
    print!("{:width$}", from.name());
    if nodes > MOST_COLUMNS {
        println!("  {} of {} reached", row.iter().filter(|reached| **reached).count(), 2 * nodes);
        return;
    }
    let word = |reached: &bool| if *reached { "ok" } else { "--" };
    for pair in row.chunks(2) {
        print!("  {:width$}", pair.iter().map(word).collect::<Vec<_>>().join(" "));
    }
    println!();
}

/// For each target whether its address and its name lead to it: two answers a node.
fn connect(from: &Node, targets: &[Node]) -> Vec<bool> {
    let names = targets.iter().flat_map(|to| [(to.ip().to_string(), to), (to.name().to_owned(), to)]);
    names
        .map(|(name, to)| {
            let script = format!("exec ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes {name} hostname");
            let answer = from.sh("root", &script);
            answer.is_ok_and(|out| out.status.success() && out.stdout.trim() == to.name())
        })
        .collect()
}
