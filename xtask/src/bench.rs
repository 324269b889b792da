//! `cargo xtask bench`: how fast the program is, and how fast anything could be with OpenSSH's own client.

use std::time::Duration;

use clap::{Args, Subcommand};
use lab::Lab;

use crate::cargo::build_program;
use crate::demo::write_hostfile;
use crate::error::TaskError;
use crate::floor::{self, Calls, Floor, Pairs};
use crate::labs::{self, ROOT_PASSWORD};
use crate::measure::{Cost, measure};
use crate::packages;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// A first set-up of trust on pristine nodes
    Setup(Setup),
    /// A check of every pair where all is well, and how its time grows with the nodes
    Check(crate::bench_check::Check),
    /// An examination of a cluster where all is well, against a check of it
    Doctor(crate::bench_doctor::Doctor),
    /// The keepalive of the agent: what it costs each minute, and how soon trust is back
    Agent(crate::bench_agent::Agent),
    /// A check that goes on: what watching costs the machine that watches
    Watch(crate::bench_watch::Watch),
    /// Expanding, shrinking, rotating and revoking, against the set-up
    Lifecycle(crate::bench_lifecycle::Lifecycle),
    /// Every step of a cluster's life at several sizes, and how what it costs grows with the nodes
    Scale(crate::bench_scale::Scale),
    /// A second set-up where nothing is to do: fails if its cost grows faster than the nodes
    Rerun(crate::bench_scale::Rerun),
}

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// How many nodes
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How many connections of the floor run at once; the best counts
    #[arg(long, value_delimiter = ',', default_values_t = [4, 8, 16])]
    parallel: Vec<usize>,
    /// Measure this many of the floor's pairs, picked at random, and scale
    #[arg(long, value_name = "PAIRS")]
    floor_sample: Option<usize>,
}

/// What the issue asks for.
const AIM: f64 = 0.3;
/// Where the program says how it proved what.
const LOG: &str = "/tmp/setup.log";
/// The program's words for a set-up.
const SET_UP: [&str; 4] = ["-f", "/root/hosts", "-l", LOG];
/// The same proofs with nothing but ssh's own settings: it can only prove a pair by calling it.
const CALLS: Calls = Calls { pairs: Pairs::ByAddressAndName, options: "" };

/// Measures and prints.
pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match bench {
        Bench::Setup(words) => setup(words),
        Bench::Check(words) => crate::bench_check::run(words),
        Bench::Doctor(words) => crate::bench_doctor::run(words),
        Bench::Agent(words) => crate::bench_agent::run(words),
        Bench::Watch(words) => crate::bench_watch::run(words),
        Bench::Lifecycle(words) => crate::bench_lifecycle::run(words),
        Bench::Scale(words) => crate::bench_scale::run(words),
        Bench::Rerun(words) => crate::bench_scale::rerun(words),
    }
}

fn setup(setup: &Setup) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_BENCH)?;
    let program = build_program("")?;
    let lab = Lab::up(labs::spec(setup.nodes).program(program))?;
    write_hostfile(&lab)?;
    let cost = measure(lab.node(0), &SET_UP, &format!("{ROOT_PASSWORD}\n"))?;
    print_cost(&lab, &cost, proofs(&lab));
    let mut floors = Vec::new();
    for parallel in &setup.parallel {
        let passwords = floor::passwords(&lab, *parallel);
        let pairs = floor::keys(&lab, CALLS, *parallel, setup.floor_sample);
        print_floor(&passwords, &pairs, *parallel, setup.floor_sample);
        floors.push((passwords.time + pairs.time, passwords.failed + pairs.failed));
    }
    if let Some(best) = floors.iter().map(|(time, _)| *time).min() {
        let ratio = cost.wall.as_secs_f64() / best.as_secs_f64();
        println!("ratio to the best floor    {ratio:8.2}    (aim: at most {AIM})");
    }
    lab.down()?;
    let failed = floors.iter().map(|(_, failed)| failed).sum();
    if failed == 0 { Ok(()) } else { Err(TaskError::Unreachable(failed)) }
}

/// How many pairs the program called, and how many it derived; `None` if its log does not say so.
fn proofs(lab: &Lab) -> Option<(usize, usize)> {
    let log = lab.node(0).read(LOG).ok()?;
    told_proofs(&String::from_utf8_lossy(&log))
}

/// The numbers of the line `N pairs work: N called, N derived by name`.
fn told_proofs(log: &str) -> Option<(usize, usize)> {
    let counts = log.lines().rev().find_map(|line| line.split_once(" pairs work: "))?.1;
    let (called, derived) = counts.split_once(" called, ")?;
    Some((called.parse().ok()?, derived.split(' ').next()?.parse().ok()?))
}

fn print_cost(lab: &Lab, cost: &Cost, proofs: Option<(usize, usize)>) {
    let nodes = lab.nodes().len();
    let mebibytes = cost.peak_memory >> 20;
    println!("\nnodes                      {nodes:8}");
    println!(
        "pairs to prove             {:8}    (every ordered pair, by address and by name)",
        2 * nodes * nodes
    );
    match proofs {
        Some((called, derived)) => {
            println!("  by a call of their own   {called:8}");
            println!("  derived from another     {derived:8}    (by name, as the calling node showed)");
        }
        None => println!("  the program did not say how it proved them"),
    }
    println!("the program                {:8.2} s", cost.wall.as_secs_f64());
    println!(
        "  its processor time       {:8.2} s  (user and system, its own process)",
        cost.cpu.as_secs_f64()
    );
    println!("  its peak memory          {mebibytes:8} MiB");
}

fn print_floor(passwords: &Floor, pairs: &Floor, parallel: usize, sample: Option<usize>) {
    let seconds = |time: Duration| time.as_secs_f64();
    print!(
        "the floor, {parallel:2} at once       {:8.2} s  (passwords {:.2} s, pairs {:.2} s",
        seconds(passwords.time + pairs.time),
        seconds(passwords.time),
        seconds(pairs.time)
    );
    match sample {
        Some(_) => println!(", scaled from {} pairs)", pairs.measured),
        None => println!(")"),
    }
    let failed = passwords.failed + pairs.failed;
    if failed > 0 {
        println!("  of which {failed} failed: this floor is too low");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_how_pairs_were_proven() {
        let head = "[2026-11-30 06:00:00.000000][7][gs_sshexkey][DEBUG]:";
        let log = format!("{head}x\n{head}18 pairs work: 10 called, 8 derived by name\n{head}y\n");
        assert_eq!(told_proofs(&log), Some((10, 8)));
        for wrong in ["", "18 pairs work", "18 pairs work: 10 called", "18 pairs work: a called, 8 derived"] {
            assert_eq!(told_proofs(wrong), None, "{wrong}");
        }
    }
}
