//! `cargo xtask bench`: how fast the program is, and how fast anything could be with OpenSSH's own client.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use lab::{Lab, LabSpec, Node};

use crate::cargo::build_program;
use crate::demo::write_hostfile;
use crate::error::TaskError;
use crate::floor::{self, Floor};
use crate::labs::ROOT_PASSWORD;
use crate::packages;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// A first set-up of trust on pristine nodes
    Setup(Setup),
    /// The keepalive of the agent: what it costs each minute, and how soon trust is back
    Agent(crate::bench_agent::Agent),
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

/// The program's own cost.
struct Cost {
    wall: Duration,
    cpu: Duration,
    /// In bytes.
    peak_memory: u64,
}

/// How often the program's counters are read. Both only grow, so the last reading is as good as exact.
const GLANCE: Duration = Duration::from_millis(4);
/// `/proc` counts processor time in these, on every Linux.
const TICK: Duration = Duration::from_millis(10);
/// What the issue asks for.
const AIM: f64 = 0.5;

/// Measures and prints.
pub(crate) fn run(bench: &Bench) -> Result<(), TaskError> {
    match bench {
        Bench::Setup(words) => setup(words),
        Bench::Agent(words) => crate::bench_agent::run(words),
    }
}

fn setup(setup: &Setup) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_BENCH)?;
    let program = build_program()?;
    let lab = Lab::up(LabSpec::new(setup.nodes).root_password(ROOT_PASSWORD).program(program))?;
    write_hostfile(&lab)?;
    let cost = measure(lab.node(0))?;
    print_cost(&lab, &cost);
    let mut floors = Vec::new();
    for parallel in &setup.parallel {
        let floor = floor::measure(&lab, *parallel, setup.floor_sample);
        print_floor(&floor, *parallel, setup.floor_sample);
        floors.push(floor);
    }
    if let Some(best) = floors.iter().map(Floor::total).min() {
        let ratio = cost.wall.as_secs_f64() / best.as_secs_f64();
        println!("ratio to the best floor    {ratio:8.2}    (aim: at most {AIM})");
    }
    lab.down()?;
    let failed = floors.iter().map(|floor| floor.failed).sum();
    if failed == 0 { Ok(()) } else { Err(TaskError::Unreachable(failed)) }
}

fn print_cost(lab: &Lab, cost: &Cost) {
    let nodes = lab.nodes().len();
    let mebibytes = cost.peak_memory >> 20;
    println!("\nnodes                      {nodes:8}");
    println!(
        "connections to verify      {:8}    (every ordered pair, by address and by name)",
        2 * nodes * nodes
    );
    println!("the program                {:8.2} s", cost.wall.as_secs_f64());
    println!(
        "  its processor time       {:8.2} s  (user and system, its own process)",
        cost.cpu.as_secs_f64()
    );
    println!("  its peak memory          {mebibytes:8} MiB");
}

fn print_floor(floor: &Floor, parallel: usize, sample: Option<usize>) {
    let (passwords, pairs) = (floor.passwords.as_secs_f64(), floor.pairs.as_secs_f64());
    let total = floor.total().as_secs_f64();
    print!(
        "the floor, {parallel:2} at once       {total:8.2} s  (passwords {passwords:.2} s, pairs {pairs:.2} s"
    );
    match sample {
        Some(sample) => println!(", scaled from {} pairs)", sample.min(floor.measured)),
        None => println!(")"),
    }
    if floor.failed > 0 {
        println!("  of which {} failed: this floor is too low", floor.failed);
    }
}

/// Runs the program once, as an installer would: no terminal, the password on standard input.
fn measure(node: &Node) -> Result<Cost, TaskError> {
    let start = Instant::now();
    let mut command = node.command("root");
    command.args(["gs_sshexkey", "-f", "/root/hosts"]);
    let start_error = |source| TaskError::Start { program: "gs_sshexkey".to_owned(), source };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(start_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(format!("{ROOT_PASSWORD}\n").as_bytes()).map_err(start_error)?;
    }
    let (status, cpu, peak_memory) = watch(node, &mut child).map_err(start_error)?;
    let wall = start.elapsed();
    if status.success() { Ok(Cost { wall, cpu, peak_memory }) } else { Err(TaskError::Program { status }) }
}

/// Reads the counters of the program until it ends. It is a grandchild in the node, so the kernel's own
/// account of it at its end goes to another process.
fn watch(
    node: &Node,
    child: &mut Child,
) -> Result<(std::process::ExitStatus, Duration, u64), std::io::Error> {
    let (mut pid, mut cpu, mut peak) = (None, Duration::ZERO, 0);
    loop {
        pid = pid.or_else(|| program_pid(node));
        if let Some(pid) = pid {
            cpu = cpu.max(processor_time(pid).unwrap_or_default());
            peak = peak.max(peak_memory(pid).unwrap_or_default());
        }
        if let Some(status) = child.try_wait()? {
            return Ok((status, cpu, peak));
        }
        thread::sleep(GLANCE);
    }
}

fn program_pid(node: &Node) -> Option<i32> {
    let is_it = |cmdline: &[u8]| cmdline.starts_with(b"gs_sshexkey\0-f\0");
    node.processes().iter().find(|process| is_it(&process.cmdline)).map(|process| process.pid)
}

/// User and system time of all threads of a process.
fn processor_time(pid: i32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

/// The most memory that a process ever held, in bytes.
fn peak_memory(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}
