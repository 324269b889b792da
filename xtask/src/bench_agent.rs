//! `cargo xtask bench agent`: what keeping the agent costs, and how soon trust is back after a crash.

use std::time::{Duration, Instant};

use clap::Args;
use lab::{Lab, Node};

use crate::cargo::build_program;
use crate::demo::write_hostfile;
use crate::error::TaskError;
use crate::labs::{self, ROOT_PASSWORD};
use crate::packages;

/// How to measure it.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// How often each way is run
    #[arg(long, default_value_t = 300)]
    runs: u32,
    /// How often the agent is killed, and brought back at once
    #[arg(long, default_value_t = 9)]
    crashes: usize,
    /// Leave out the crash that real cron heals, which takes up to a minute
    #[arg(long)]
    no_cron: bool,
}

const KEEP: &str = "gaussdb_tmp/bin/gs_sshexkey agent keep";
/// What the original's job does each minute when all is well, without the start of Python: the profile is read, the
/// processes are listed, the agent is asked.
const ORIGINAL: &str =
    "bash -c '. ~/.bashrc; ps ux | grep -v grep | grep ssh-agent; timeout 5 ssh-add -l' >/dev/null";
/// How long to wait for cron.
const PATIENCE: Duration = Duration::from_secs(90);

/// Measures and prints.
pub(crate) fn run(agent: &Agent) -> Result<(), TaskError> {
    packages::ensure(&packages::FOR_TESTS)?;
    let program = build_program("")?;
    let lab = Lab::up(labs::spec(2).program(program))?;
    write_hostfile(&lab)?;
    let node = lab.node(0);
    must(node, &format!("echo '{ROOT_PASSWORD}' | gs_sshexkey -f /root/hosts >/dev/null 2>&1"))?;
    if !agent.no_cron {
        println!("\nSIGKILL to trust, by cron  {:8.1} s  (at most a minute and the repair)", by_cron(&lab)?);
    }
    must(node, "pkill -x cron")?;
    let runs = agent.runs;
    let (wall, cpu) = cost(node, KEEP, runs)?;
    let (their_wall, their_cpu) = cost(node, ORIGINAL, runs)?;
    println!("\n{runs} runs each, nothing to do     wall, ms    processor time, ms");
    println!("gs_sshexkey agent keep       {wall:10.2}    {cpu:10.2}");
    println!("the original's shell commands{their_wall:10.2}    {their_cpu:10.2}");
    println!("ratio                        {:10.2}    {:10.2}", wall / their_wall, cpu / their_cpu);
    let mut times = (0..agent.crashes).map(|_| at_once(&lab)).collect::<Result<Vec<f64>, _>>()?;
    times.sort_by(f64::total_cmp);
    if let Some(median) = times.get(times.len() / 2) {
        println!("\nSIGKILL to trust, with a keep at once: median {median:.3} s of {}", times.len());
    }
    Ok(lab.down()?)
}

/// Wall and processor time of one run, in milliseconds.
fn cost(node: &Node, command: &str, runs: u32) -> Result<(f64, f64), TaskError> {
    let script = format!(
        "TIMEFORMAT='%R %U %S'; cd; {{ time for i in $(seq {runs}); do {command} || exit 1; done; }} 2>&1"
    );
    let text = must(node, &format!("bash -c {}", quote(&script)))?;
    let times: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let one = |seconds: f64| seconds * 1000.0 / f64::from(runs);
    match times.as_slice() {
        [wall, user, system] => Ok((one(*wall), one(user + system))),
        _ => Err(TaskError::Measure { said: text }),
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Kills the agent, leaves its socket behind, keeps it, and calls the other node.
fn at_once(lab: &Lab) -> Result<f64, TaskError> {
    let node = lab.node(0);
    must(node, "pkill -KILL -x ssh-agent")?;
    let start = Instant::now();
    must(node, &format!("cd; {KEEP} >/dev/null; {}", call(lab)))?;
    Ok(start.elapsed().as_secs_f64())
}

/// Kills the agent and waits until the other node can be called.
fn by_cron(lab: &Lab) -> Result<f64, TaskError> {
    let node = lab.node(0);
    must(node, "pkill -KILL -x ssh-agent")?;
    let start = Instant::now();
    while must(node, &call(lab)).is_err() {
        if start.elapsed() > PATIENCE {
            return Err(TaskError::Measure { said: "the agent did not come back".to_owned() });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(start.elapsed().as_secs_f64())
}

fn call(lab: &Lab) -> String {
    format!("ssh -n -o BatchMode=yes {} true 2>/dev/null", lab.node(1).ip())
}

fn must(node: &Node, script: &str) -> Result<String, TaskError> {
    let output = node.sh("root", script)?;
    if output.status.success() { Ok(output.stdout) } else { Err(TaskError::Measure { said: output.stderr }) }
}
