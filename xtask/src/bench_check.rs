//! `cargo xtask bench check`: how fast every pair is tried, against plain `ssh` started by hand on every node.

use clap::Args;
use lab::Lab;

use crate::cargo::build_program;
use crate::demo::write_hostfile;
use crate::error::TaskError;
use crate::floor::{self, Calls, Floor, Pairs};
use crate::growth::{Growth, pairs};
use crate::labs::{self, ROOT_PASSWORD};
use crate::measure::{Cost, measure};
use crate::packages;

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How many nodes; several numbers, as in 3,10,30, also tell how the time grows
    #[arg(long, value_delimiter = ',', default_values_t = [30])]
    nodes: Vec<usize>,
    /// How many connections of the floors run at once; the best counts
    #[arg(long, value_delimiter = ',', default_values_t = [4, 8, 16])]
    parallel: Vec<usize>,
    /// Measure this many of the floors' pairs, picked at random, and scale
    #[arg(long, value_name = "PAIRS")]
    floor_sample: Option<usize>,
}

/// The program's words for the set-up, which is not measured: names are not called.
const SET_UP: [&str; 3] = ["-f", "/root/hosts", "--skip-hostname-set"];
/// The program's words for a check.
const CHECK: [&str; 3] = ["check", "-f", "/root/hosts"];
/// What plain `ssh` does, and the same with a key exchange that costs less processor time. Names, calls, and what the
/// issue asks for.
const FLOORS: [(&str, Calls, f64); 2] = [
    ("plain ssh", Calls { pairs: Pairs::OthersByAddress, options: "" }, 0.4),
    (
        "cheap ssh",
        Calls { pairs: Pairs::OthersByAddress, options: "-o KexAlgorithms=^curve25519-sha256" },
        1.1,
    ),
];
/// Processor time of the program itself, in hundredths of all that the machine spends.
const AIM_SHARE: f64 = 5.0;
/// In bytes.
const AIM_MEMORY: f64 = 60e6;
/// For so many nodes the growth is told.
const FAR: usize = 1000;

/// What was measured with one number of nodes.
struct Round {
    nodes: usize,
    cost: Cost,
    /// The best of each floor, in the order of [`FLOORS`], in seconds.
    floors: [f64; 2],
}

/// Measures and prints.
pub(crate) fn run(check: &Check) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    if check.nodes.iter().any(|nodes| *nodes < 2) {
        return Err(TaskError::Measure { said: "a pair has two nodes".to_owned() });
    }
    let program = build_program("")?;
    let mut rounds = Vec::new();
    for nodes in &check.nodes {
        let lab = Lab::up(labs::spec(*nodes).program(&program))?;
        rounds.push(one_round(check, &lab)?);
        lab.down()?;
    }
    print_growth(&rounds);
    Ok(())
}

fn one_round(check: &Check, lab: &Lab) -> Result<Round, TaskError> {
    write_hostfile(lab)?;
    measure(lab.node(0), &SET_UP, &format!("{ROOT_PASSWORD}\n"))?;
    let cost = measure(lab.node(0), &CHECK, "")?;
    let nodes = lab.nodes().len();
    print_cost(nodes, &cost);
    let mut floors = [0.0; 2];
    for ((name, calls, _), best) in FLOORS.into_iter().zip(&mut floors) {
        *best = best_floor(check, lab, name, calls)?;
    }
    for ((name, _, aim), best) in FLOORS.into_iter().zip(floors) {
        let ratio = cost.wall.as_secs_f64() / best;
        println!("time against {name}     {ratio:8.2}    (aim: at most {aim})");
    }
    Ok(Round { nodes, cost, floors })
}

/// The best time of one floor, in seconds, over all numbers of connections at once. One in which a connection failed
/// does not count: it did too little.
fn best_floor(check: &Check, lab: &Lab, name: &str, calls: Calls) -> Result<f64, TaskError> {
    let mut best: Option<f64> = None;
    let mut failed = 0;
    for parallel in &check.parallel {
        let floor = floor::keys(lab, calls, *parallel, check.floor_sample);
        print_floor(&floor, name, *parallel, lab.nodes().len(), check.floor_sample);
        failed += floor.failed;
        if floor.failed == 0 {
            let time = floor.time.as_secs_f64();
            best = Some(best.map_or(time, |best| best.min(time)));
        }
    }
    best.ok_or(TaskError::Unreachable(failed))
}

fn print_cost(nodes: usize, cost: &Cost) {
    let all = pairs(nodes);
    let (wall, cpu, machine) =
        (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64(), cost.machine_cpu.as_secs_f64());
    let share = 100.0 * cpu / machine.max(0.01);
    let megabytes = cost.peak_memory as f64 / 1e6;
    println!("\nnodes                      {nodes:8}");
    println!("ordered pairs              {all:8}    (by address, no node with itself)");
    println!("the program                {wall:8.2} s  {:8.1} pairs a second", all / wall);
    println!(
        "  its processor time       {cpu:8.2} s  ({share:.1}% of the machine's {machine:.2} s; aim: below {AIM_SHARE}%)"
    );
    println!("  its peak memory          {megabytes:8.1} MB (aim: below {} MB)", AIM_MEMORY / 1e6);
}

fn print_floor(floor: &Floor, name: &str, parallel: usize, nodes: usize, sample: Option<usize>) {
    let time = floor.time.as_secs_f64();
    print!("{name}, {parallel:2} at once       {time:8.2} s  {:8.1} pairs a second", pairs(nodes) / time);
    match sample {
        Some(_) => println!("  (scaled from {} pairs)", floor.measured),
        None => println!(),
    }
    if floor.failed > 0 {
        println!("  of which {} failed: does not count", floor.failed);
    }
}

fn print_growth(rounds: &[Round]) {
    let figure = |name: &str, [unit, small]: [&str; 2], value: &dyn Fn(&Round) -> f64| {
        let points: Vec<(usize, f64)> = rounds.iter().map(|round| (round.nodes, value(round))).collect();
        if let Some(growth) = Growth::fit(&points) {
            let (fixed, pair, far) = (growth.fixed, growth.pair * 1000.0, growth.at(FAR));
            println!("{name:22} {fixed:10.2} {unit} {pair:14.3} {small} {far:14.0} {unit}");
        }
    };
    if rounds.len() > 1 {
        println!("\nvalue = fixed + pair·N·(N-1)    fixed         for a pair   for {FAR} nodes");
        figure("the program", ["s ", "ms"], &|round| round.cost.wall.as_secs_f64());
        figure("  its processor time", ["s ", "ms"], &|round| round.cost.cpu.as_secs_f64());
        figure("  its peak memory", ["MB", "kB"], &|round| round.cost.peak_memory as f64 / 1e6);
        figure("plain ssh", ["s ", "ms"], &|round| round.floors[0]);
        figure("cheap ssh", ["s ", "ms"], &|round| round.floors[1]);
    }
}
