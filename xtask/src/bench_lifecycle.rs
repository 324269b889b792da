//! `cargo xtask bench lifecycle`: what the verbs of trust's life cost, against the set-up of the same cluster.

use std::time::Duration;

use clap::Args;
use lab::{Lab, Node};

use crate::cargo::build_program;
use crate::error::TaskError;
use crate::labs::{self, ROOT_PASSWORD};
use crate::measure::{Cost, measure};
use crate::packages;

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Lifecycle {
    /// How many nodes; one more comes and leaves
    #[arg(long, default_value_t = 30)]
    nodes: usize,
    /// How often the whole life is run, on the same lab; the median of each counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

/// The verbs in the order of a life, and how much of the set-up's time each may take.
const VERBS: [(&str, f64); 4] =
    [("expand by one", 0.2), ("shrink by one", 0.2), ("rotate", 1.3), ("revoke", 0.15)];
/// The cluster, and the same with the node that comes.
const HOSTS: &str = "/root/hosts";
const MORE_HOSTS: &str = "/root/more_hosts";

/// Measures and prints.
pub(crate) fn run(words: &Lifecycle) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_CLUSTER)?;
    if words.nodes < 2 || words.runs == 0 {
        return Err(TaskError::Measure { said: "a pair has two nodes, and one run is the least".to_owned() });
    }
    let program = build_program("")?;
    let lab = Lab::up(labs::spec(words.nodes + 1).program(program))?;
    let mut lives = Vec::new();
    for _ in 0..words.runs {
        lives.push(live(&lab)?);
    }
    lab.down()?;
    println!("\nnodes                      {:8}", words.nodes);
    let set_up = print("set-up", &lives, 0);
    for (number, (verb, aim)) in VERBS.into_iter().enumerate() {
        let time = print(verb, &lives, number + 1);
        println!("  against the set-up       {:8.2}    (aim: at most {aim})", time / set_up);
    }
    Ok(())
}

/// The set-up, and the verbs after it. Each is proven by the program itself, which fails otherwise.
fn live(lab: &Lab) -> Result<[Cost; 5], TaskError> {
    let (new, old) = lab.nodes().split_last().ok_or(TaskError::Measure { said: "no node".to_owned() })?;
    let first = lab.node(0);
    let (new, password) = (new.ip().to_string(), format!("{ROOT_PASSWORD}\n"));
    write_list(first, HOSTS, old)?;
    write_list(first, MORE_HOSTS, lab.nodes())?;
    Ok([
        measure(first, &["-f", HOSTS], &password)?,
        measure(first, &["expand", "-f", HOSTS, "--add", &new], &password)?,
        measure(first, &["shrink", "-f", MORE_HOSTS, "--remove", &new, "--yes"], "")?,
        measure(first, &["rotate", "-f", HOSTS, "--yes"], "")?,
        measure(first, &["revoke", "-f", HOSTS, "--yes"], "")?,
    ])
}

fn write_list(on: &Node, path: &str, nodes: &[Node]) -> Result<(), TaskError> {
    let hosts: String = nodes.iter().map(|node| format!("{}\n", node.ip())).collect();
    Ok(on.write(path, hosts.as_bytes(), 0o644, "root")?)
}

/// Prints what one of the verbs took, and returns the median of its times in seconds.
fn print(verb: &str, lives: &[[Cost; 5]], number: usize) -> f64 {
    let costs: Vec<Cost> = lives.iter().map(|life| life[number]).collect();
    let wall = median(costs.iter().map(|cost| cost.wall));
    let machine = median(costs.iter().map(|cost| cost.machine_cpu));
    println!("{verb:22}     {wall:8.2} s");
    println!("  the machine's processors {machine:8.2} s");
    wall
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_in_any_order() {
        let seconds = |times: &[u64]| median(times.iter().map(|time| Duration::from_secs(*time)));
        assert_eq!([seconds(&[9, 1, 5]), seconds(&[2]), seconds(&[])], [5.0, 2.0, 0.0]);
    }
}
