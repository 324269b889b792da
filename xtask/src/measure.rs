//! What one run of the program costs.

use std::fs;
use std::io::{self, Read as _};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lab::Node;

use crate::error::TaskError;

/// What a run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time of the program's own process.
    pub(crate) cpu: Duration,
    /// The same of the whole machine meanwhile, whoever spent it.
    pub(crate) machine_cpu: Duration,
    /// Of the program's own process, in bytes.
    pub(crate) peak_memory: u64,
    /// What it printed on standard output, in bytes; 0 where nobody read it.
    pub(crate) output: u64,
}

/// How often the program's counters are read. Both only grow, so the last reading is as good as exact.
const GLANCE: Duration = Duration::from_millis(4);
/// `/proc` counts processor time in these, on every Linux.
const TICK: Duration = Duration::from_millis(10);
const PROGRAM: &str = "gs_sshexkey";

/// Runs the program once on a node, as an installer would: no terminal, this on its standard input. It must succeed.
pub(crate) fn measure(node: &Node, arguments: &[&str], input: &str) -> Result<Cost, TaskError> {
    let (status, cost) = run(node, arguments, input, [Stdio::null(), Stdio::inherit()], |_| {})?;
    if status.success() { Ok(cost) } else { Err(TaskError::Program { status }) }
}

/// The same of a program that ends with this status, and what it printed: all is counted, the beginning is kept. What it says on
/// standard error is shown if it ends otherwise.
pub(crate) fn measure_told(
    node: &Node,
    arguments: &[&str],
    input: &str,
    wanted: i32,
) -> Result<(Cost, Vec<u8>), TaskError> {
    let (mut said, mut complained) = (None, None);
    let both = |child: &mut Child| {
        said = child.stdout.take().map(|out| thread::spawn(|| listen(out)));
        complained = child.stderr.take().map(|out| thread::spawn(|| listen(out)));
    };
    let (status, mut cost) = run(node, arguments, input, [Stdio::piped(), Stdio::piped()], both)?;
    let (kept, count) = said.and_then(|reader| reader.join().ok()).unwrap_or_default();
    cost.output = count;
    if status.code() == Some(wanted) {
        return Ok((cost, kept));
    }
    let (complaint, _) = complained.and_then(|reader| reader.join().ok()).unwrap_or_default();
    eprint!("{}", String::from_utf8_lossy(&complaint));
    Err(TaskError::Program { status })
}

fn run(
    node: &Node,
    arguments: &[&str],
    input: &str,
    [output, errors]: [Stdio; 2],
    started: impl FnOnce(&mut Child),
) -> Result<(ExitStatus, Cost), TaskError> {
    let (start, machine_before) = (Instant::now(), machine_time());
    let mut command = node.command("root");
    command.arg(PROGRAM).args(arguments);
    let start_error = |source| TaskError::Start { program: PROGRAM.to_owned(), source };
    let mut child =
        command.stdin(Stdio::piped()).stdout(output).stderr(errors).spawn().map_err(start_error)?;
    started(&mut child);
    if let Some(mut stdin) = child.stdin.take() {
        feed(&mut stdin, input).map_err(start_error)?;
    }
    let (status, mut cost) = watch(node, arguments, &mut child).map_err(start_error)?;
    cost.wall = start.elapsed();
    cost.machine_cpu = machine_time().saturating_sub(machine_before);
    Ok((status, cost))
}

/// Most that is kept of what the program printed, in bytes.
const MOST_KEPT: u64 = 64 << 20;

/// Reads to the end: the beginning, and how much it was in all.
fn listen(mut from: impl io::Read) -> (Vec<u8>, u64) {
    let mut kept = Vec::new();
    // What cannot be read any more is not counted either.
    let _ = from.by_ref().take(MOST_KEPT).read_to_end(&mut kept);
    let rest = io::copy(&mut from, &mut io::sink()).unwrap_or_default();
    let count = rest + kept.len() as u64;
    (kept, count)
}

/// A program that wants no input may close it, or end, at any time.
fn feed(stdin: &mut impl io::Write, input: &str) -> Result<(), io::Error> {
    match stdin.write_all(input.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Reads the counters of the program until it ends. It is a grandchild in the node, so the kernel's own
/// account of it at its end goes to another process.
fn watch(node: &Node, arguments: &[&str], child: &mut Child) -> Result<(ExitStatus, Cost), io::Error> {
    let (mut pid, mut cost) = (None, Cost::default());
    loop {
        pid = pid.or_else(|| program_pid(node, arguments));
        if let Some(pid) = pid {
            cost.cpu = cost.cpu.max(processor_time(pid).unwrap_or_default());
            cost.peak_memory = cost.peak_memory.max(peak_memory(pid).unwrap_or_default());
        }
        if let Some(status) = child.try_wait()? {
            return Ok((status, cost));
        }
        thread::sleep(GLANCE);
    }
}

pub(crate) fn program_pid(node: &Node, arguments: &[&str]) -> Option<i32> {
    let words = std::iter::once(PROGRAM).chain(arguments.iter().copied());
    let wanted: Vec<u8> = words.flat_map(|word| word.bytes().chain([0])).collect();
    node.processes().iter().find(|process| process.cmdline == wanted).map(|process| process.pid)
}

/// User and system time of all threads of a process.
pub(crate) fn processor_time(pid: i32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

/// The most memory that a process ever held, in bytes.
pub(crate) fn peak_memory(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

/// What all processors of the machine have spent since it booted.
fn machine_time() -> Duration {
    busy_time(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
}

/// The fields of the first line of `/proc/stat` are user, nice, system, idle, iowait, irq, softirq and more, see
/// proc_stat(5).
fn busy_time(stat: &str) -> Option<Duration> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
    let ticks = fields.map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    let busy: u64 = [0, 1, 2, 5, 6].iter().filter_map(|field| ticks.get(*field)).sum();
    Some(Duration::from_millis(10 * busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_not_busy() {
        let stat = "cpu  100 20 30 9999 888 4 6 77 5 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy_time(stat), Some(Duration::from_millis(1600)));
        assert_eq!(busy_time("intr 1 2\n"), None);
    }
}
