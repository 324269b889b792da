//! `cargo xtask bench scale` and `rerun`: what every step of a cluster's life costs at several sizes, and how that grows.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use lab::{Lab, Node, Snapshot};
use serde_json::Value;

use crate::cargo::build_program;
use crate::error::TaskError;
use crate::growth::exponent;
use crate::labs::{self, ROOT_PASSWORD};
use crate::measure::{Cost, measure_told};
use crate::{packages, right};

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Scale {
    /// How many nodes, from few to many; one more comes and leaves
    #[arg(long, value_delimiter = ',', default_values_t = [100, 300, 1000])]
    nodes: Vec<usize>,
    /// What is proven: for each node the next one and so many others
    #[arg(long, default_value_t = 16)]
    sample: usize,
    /// Only these steps; each begins where the one before it ended
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Step::ALL)]
    steps: Vec<Step>,
    /// Measure this program instead of the one that is built now
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// How many nodes, from few to many
    #[arg(long, value_delimiter = ',', default_values_t = [200, 500])]
    nodes: Vec<usize>,
    /// What is proven: for each node the next one and so many others
    #[arg(long, default_value_t = 1)]
    sample: usize,
    /// Measure this program instead of the one that is built now
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

/// Something that is done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// `doctor --preflight` of fresh nodes
    Preflight,
    /// A dry run on fresh nodes
    DryRun,
    /// The set-up of trust from nothing
    SetUp,
    /// The same again, where nothing is to do
    Rerun,
    /// A dry run where nothing is to do
    DryRerun,
    /// A check where all is well
    Check,
    /// A check where some nodes are filtered, refuse, or say nothing
    Faulty,
    /// One node more
    Expand,
    /// One node less
    Shrink,
    /// All of it taken away
    Revoke,
}

const RERUN: [Step; 3] = [Step::SetUp, Step::Rerun, Step::DryRerun];
/// What must not grow faster than the nodes, in `rerun`: a square or more is what it is there to find. Linear growth with a
/// logarithm, and with what every node knows of all others, stays below.
const MOST_GROWTH: f64 = 1.6;
const HOSTS: &str = "/root/hosts";
const MORE_HOSTS: &str = "/root/more_hosts";
/// One of so many nodes is faulty.
const ONE_IN: usize = 20;

impl Step {
    const ALL: [Self; 10] = [
        Self::Preflight,
        Self::DryRun,
        Self::SetUp,
        Self::Rerun,
        Self::DryRerun,
        Self::Check,
        Self::Faulty,
        Self::Expand,
        Self::Shrink,
        Self::Revoke,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::DryRun => "dry run",
            Self::SetUp => "set-up",
            Self::Rerun => "set-up again",
            Self::DryRerun => "dry run again",
            Self::Check => "check",
            Self::Faulty => "check, 5% faulty",
            Self::Expand => "expand by one",
            Self::Shrink => "shrink by one",
            Self::Revoke => "revoke",
        }
    }

    /// The program's words.
    fn words<'a>(self, verify: &'a str, new: &'a str) -> Vec<&'a str> {
        match self {
            Self::Preflight => vec!["doctor", "-f", HOSTS, "--preflight"],
            Self::DryRun | Self::DryRerun => vec!["-f", HOSTS, "--dry-run"],
            Self::SetUp | Self::Rerun => vec!["-f", HOSTS, "--verify", verify],
            Self::Check => vec!["check", "-f", HOSTS, "--verify", verify],
            Self::Faulty => vec!["check", "-f", HOSTS, "--verify", verify, "--no-password", "--json"],
            Self::Expand => vec!["expand", "-f", HOSTS, "--add", new],
            Self::Shrink => vec!["shrink", "-f", MORE_HOSTS, "--remove", new, "--yes", "--verify", verify],
            Self::Revoke => vec!["revoke", "-f", HOSTS, "--yes"],
        }
    }
}

/// What one step cost at one size.
struct Figure {
    step: Step,
    nodes: usize,
    cost: Cost,
}

/// Measures and prints.
pub(crate) fn run(scale: &Scale) -> Result<(), TaskError> {
    let figures = measured(&scale.nodes, &scale.steps, scale.sample, scale.program.as_ref())?;
    print_growth(&figures, &scale.steps);
    Ok(())
}

/// Measures and prints. Fails if a run that has nothing to do costs more than the nodes account for.
pub(crate) fn rerun(rerun: &Rerun) -> Result<(), TaskError> {
    let figures = measured(&rerun.nodes, &RERUN, rerun.sample, rerun.program.as_ref())?;
    print_growth(&figures, &RERUN);
    let bounded = RERUN.into_iter().skip(1).flat_map(|step| {
        let growths = [("processor time", cpu as fn(&Cost) -> f64), ("memory", memory)];
        growths.map(|(what, value)| (step.name(), what, growth(&figures, step, value)))
    });
    for (step, what, growth) in bounded {
        if growth.is_some_and(|growth| growth > MOST_GROWTH) {
            let said = format!("the {what} of a {step} grows faster than nodes^{MOST_GROWTH}");
            return Err(TaskError::Measure { said });
        }
    }
    Ok(())
}

fn measured(
    sizes: &[usize],
    steps: &[Step],
    sample: usize,
    program: Option<&PathBuf>,
) -> Result<Vec<Figure>, TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    if sizes.iter().any(|nodes| *nodes < 2) {
        return Err(TaskError::Measure { said: "a pair has two nodes".to_owned() });
    }
    let program = program.map_or_else(|| build_program(""), |path| Ok(path.clone()))?;
    let mut figures = Vec::new();
    for nodes in sizes {
        let start = Instant::now();
        let lab = Lab::up(labs::spec(nodes + 1).program(&program))?;
        let up = start.elapsed().as_secs_f64();
        println!(
            "\n{nodes} nodes and one more, up in {up:.1} s; sampled: the next and {sample} others a node\n"
        );
        print_head();
        figures.extend(life(&lab, steps, sample)?);
        lab.down()?;
    }
    Ok(figures)
}

/// The steps on one lab, whose last node is the one that comes and leaves.
fn life(lab: &Lab, steps: &[Step], sample: usize) -> Result<Vec<Figure>, TaskError> {
    let (new, old) = lab.nodes().split_last().ok_or(TaskError::Measure { said: "no node".to_owned() })?;
    write_list(lab.node(0), HOSTS, old)?;
    write_list(lab.node(0), MORE_HOSTS, lab.nodes())?;
    let before = right::snapshots(lab.nodes());
    let (verify, address) = (format!("sample:{sample}"), new.ip().to_string());
    let mut figures = Vec::new();
    for step in steps {
        let cost = one(*step, old, &step.words(&verify, &address))?;
        let figure = Figure { step: *step, nodes: old.len(), cost };
        print(&figure);
        figures.push(figure);
        judge(*step, lab.nodes(), &before)?;
    }
    Ok(figures)
}

fn write_list(on: &Node, path: &str, nodes: &[Node]) -> Result<(), TaskError> {
    let hosts: String = nodes.iter().map(|node| format!("{}\n", node.ip())).collect();
    Ok(on.write(path, hosts.as_bytes(), 0o644, "root")?)
}

/// Does one step from the first of the nodes.
fn one(step: Step, nodes: &[Node], words: &[&str]) -> Result<Cost, TaskError> {
    let password = format!("{ROOT_PASSWORD}\n");
    if step != Step::Faulty {
        return Ok(measure_told(&nodes[0], words, &password, 0)?.0);
    }
    let faulty: Vec<&Node> = nodes.iter().skip(1).step_by(ONE_IN).collect();
    for (number, node) in faulty.iter().enumerate() {
        match number % 3 {
            0 => node.drop_port(node.port())?,
            1 => node.reject_port(node.port())?,
            _ => node.freeze()?,
        }
    }
    let (cost, said) = measure_told(&nodes[0], words, "", 1)?;
    for (number, node) in faulty.iter().enumerate() {
        if number % 3 == 2 { node.thaw()? } else { node.heal_network()? }
    }
    only_these(&said, &faulty).map_err(|said| TaskError::Measure { said })?;
    Ok(cost)
}

/// Whether a check says of exactly these nodes that they cannot be entered, and of no other that it cannot be called.
fn only_these(document: &[u8], faulty: &[&Node]) -> Result<(), String> {
    let document: Value = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    let mut barred: Vec<String> = list("nodes")
        .iter()
        .filter(|node| node["entered"].is_null())
        .filter_map(|node| Some(node["address"].as_str()?.to_owned()))
        .collect();
    let mut wanted: Vec<String> = faulty.iter().map(|node| node.ip().to_string()).collect();
    barred.sort();
    wanted.sort();
    if barred != wanted {
        return Err(format!("{} nodes are faulty, and {} were said to be", wanted.len(), barred.len()));
    }
    let slandered = list("faults").into_iter().find(|fault| {
        let to = fault["to"].as_str().unwrap_or_default();
        fault["state"] != "slow" && !wanted.iter().any(|node| node == to)
    });
    slandered.map_or(Ok(()), |fault| Err(format!("a healthy node was said to be broken: {fault}")))
}

/// Whether every file is right after a step.
fn judge(step: Step, nodes: &[Node], before: &[Snapshot]) -> Result<(), TaskError> {
    let old = &nodes[..nodes.len() - 1];
    match step {
        Step::Preflight | Step::DryRun | Step::Revoke => right::clean(nodes, before),
        Step::SetUp | Step::Rerun | Step::DryRerun | Step::Check | Step::Faulty => right::trusted(old),
        Step::Expand => right::trusted(nodes),
        Step::Shrink => {
            right::trusted(old)?;
            right::clean(&nodes[old.len()..], &before[old.len()..])
        }
    }
}

fn cpu(cost: &Cost) -> f64 {
    cost.cpu.as_secs_f64()
}

fn memory(cost: &Cost) -> f64 {
    cost.peak_memory as f64 / 1e6
}

fn output(cost: &Cost) -> f64 {
    cost.output as f64 / 1e6
}

fn print_head() {
    println!(
        "| nodes | step | wall, s | its processor time, s | a node, ms | the machine's, s | memory, MB | output, MB |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
}

fn print(figure: &Figure) {
    let Figure { step, nodes, cost } = figure;
    println!(
        "| {nodes} | {} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} | {:.2} |",
        step.name(),
        cost.wall.as_secs_f64(),
        cpu(cost),
        cpu(cost) * 1000.0 / *nodes as f64,
        cost.machine_cpu.as_secs_f64(),
        memory(cost),
        output(cost)
    );
}

/// How a value of a step grows from the least number of nodes to the greatest: with which power of it.
fn growth(figures: &[Figure], step: Step, value: fn(&Cost) -> f64) -> Option<f64> {
    let of_step = figures.iter().filter(|figure| figure.step == step);
    let points: Vec<(usize, f64)> = of_step.map(|figure| (figure.nodes, value(&figure.cost))).collect();
    exponent(*points.iter().min_by_key(|(nodes, _)| *nodes)?, *points.iter().max_by_key(|(nodes, _)| *nodes)?)
}

fn print_growth(figures: &[Figure], steps: &[Step]) {
    println!("\nValues grow with this power of the number of nodes (1: in proportion to it):\n");
    println!("| step | its processor time | memory | output |");
    println!("| --- | ---: | ---: | ---: |");
    for step in steps {
        let power =
            |value| growth(figures, *step, value).map_or("-".to_owned(), |power| format!("{power:.2}"));
        println!("| {} | {} | {} | {} |", step.name(), power(cpu), power(memory), power(output));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn growth_is_told_between_the_smallest_and_the_largest() {
        let figure = |step, nodes: usize, millis| Figure {
            step,
            nodes,
            cost: Cost { cpu: Duration::from_millis(millis), ..Cost::default() },
        };
        let figures = [
            figure(Step::Rerun, 100, 100),
            figure(Step::Rerun, 1000, 10_000),
            figure(Step::Rerun, 300, 500),
            figure(Step::Check, 100, 100),
        ];
        assert!((growth(&figures, Step::Rerun, cpu).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(growth(&figures, Step::Check, cpu), None, "one size tells no growth");
        assert_eq!(growth(&figures, Step::Revoke, cpu), None);
        assert_eq!(growth(&figures, Step::Rerun, memory), None, "nothing was measured");
    }
}
