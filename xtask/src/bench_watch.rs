//! `cargo xtask bench watch`: what a check that goes on costs the machine that watches.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use lab::{Lab, Node};

use crate::cargo::build_program;
use crate::demo::write_hostfile;
use crate::error::TaskError;
use crate::labs::{self, ROOT_PASSWORD};
use crate::measure::{measure, peak_memory, processor_time, program_pid};
use crate::packages;

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// How many nodes
    #[arg(long, default_value_t = 30)]
    nodes: usize,
    /// The time between two rounds, in seconds
    #[arg(long, default_value_t = 300)]
    every: u64,
    /// How many rounds, after the first
    #[arg(long, default_value_t = 2)]
    rounds: u64,
}

/// The program's words for the set-up, which is not measured.
const SET_UP: [&str; 3] = ["-f", "/root/hosts", "--skip-hostname-set"];
const METRICS: &str = "/root/trust.prom";
/// How often to look whether a round has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// Of one processor, in hundredths.
const AIM_SHARE: f64 = 1.0;
const PROGRAM: &str = "gs_sshexkey";

/// The counters at the end of a round.
struct Reading {
    when: Instant,
    cpu: Duration,
}

/// Measures and prints.
pub(crate) fn run(words: &Watch) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    let program = build_program("")?;
    let lab = Lab::up(labs::spec(words.nodes).program(program))?;
    write_hostfile(&lab)?;
    let node = lab.node(0);
    measure(node, &SET_UP, &format!("{ROOT_PASSWORD}\n"))?;
    let every = format!("{}s", words.every);
    let watch = ["check", "-f", "/root/hosts", "--every", &every, "--format", "prometheus", "-o", METRICS];
    let mut command = node.command("root");
    command.arg(PROGRAM).args(watch).stdin(Stdio::null()).stdout(Stdio::null());
    let start_error = |source| TaskError::Start { program: PROGRAM.to_owned(), source };
    let mut child = command.spawn().map_err(start_error)?;
    let limit = Duration::from_secs(600 + words.every);
    let first = end_of_round(node, &watch, 1, limit)?;
    let last =
        end_of_round(node, &watch, 1 + words.rounds, limit * u32::try_from(words.rounds).unwrap_or(1))?;
    let memory = program_pid(node, &watch).and_then(peak_memory).unwrap_or_default();
    node.signal(PROGRAM, "TERM")?;
    let status = child.wait().map_err(start_error)?;
    lab.down()?;
    print(words, &first, &last, memory);
    if status.success() { Ok(()) } else { Err(TaskError::Program { status }) }
}

/// Waits until so many rounds have ended.
fn end_of_round(node: &Node, words: &[&str], rounds: u64, limit: Duration) -> Result<Reading, TaskError> {
    let start = Instant::now();
    while made(node) < rounds {
        if start.elapsed() > limit {
            return Err(TaskError::Measure { said: "no round has ended for long".to_owned() });
        }
        thread::sleep(GLANCE);
    }
    let cpu = program_pid(node, words).and_then(processor_time);
    let cpu = cpu.ok_or_else(|| TaskError::Measure { said: "the watch has ended".to_owned() })?;
    Ok(Reading { when: Instant::now(), cpu })
}

/// How many rounds the metrics tell of.
fn made(node: &Node) -> u64 {
    let bytes = node.read(METRICS).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let value = text.lines().find_map(|line| line.strip_prefix("gs_sshexkey_watch_rounds_total "));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn print(words: &Watch, first: &Reading, last: &Reading, memory: u64) {
    let (wall, cpu) = ((last.when - first.when).as_secs_f64(), (last.cpu - first.cpu).as_secs_f64());
    let a_round = cpu / words.rounds.max(1) as f64;
    println!("\nnodes                      {:8}", words.nodes);
    println!(
        "rounds                     {:8}    (one each {} s, after the first)",
        words.rounds, words.every
    );
    println!("its processor time a round {a_round:8.3} s  (the time until the next included)");
    println!("of one processor           {:8.3}%    (aim: below {AIM_SHARE}%)", 100.0 * cpu / wall);
    println!("its peak memory            {:8.1} MB", memory as f64 / 1e6);
}
