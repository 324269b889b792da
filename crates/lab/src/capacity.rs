//! What a lab of so many nodes takes of its machine, against what there is. Told before anything starts: what gives in the
//! middle of a thousand nodes does not say what it was.

use std::fmt;
use std::fs;

use rustix::process::{Resource as Limit, getrlimit};

/// Something of which every node takes a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Memory that programs can have, in MiB.
    Memory,
    /// Processes and threads.
    Processes,
    /// Namespaces of each kind.
    Namespaces,
    /// Mounts of one mount namespace: the keeper's has those of all nodes.
    Mounts,
    /// Open files of one process: the program under test holds a connection to every node.
    Descriptors,
}

/// A resource of which this machine has too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    /// Which.
    pub resource: Resource,
    /// How much the lab needs.
    pub needs: u64,
    /// How much there is.
    pub has: u64,
}

/// What a lab takes: once, and for each node. Measured at 1,000 nodes where trust was set up, and rounded up.
const PRICES: [(Resource, u64, u64); 5] = [
    // A node takes about 4 MiB when it is up; a program on it and what is written there take more.
    (Resource::Memory, 512, 6),
    // Process 1, sleep, sshd, cron, what waits for them outside; then calls that come and go.
    (Resource::Processes, 500, 12),
    (Resource::Namespaces, 8, 1),
    (Resource::Mounts, 100, 2),
    (Resource::Descriptors, 200, 2),
];

impl Resource {
    /// What to do about a shortage.
    const fn cure(self) -> &'static str {
        match self {
            Resource::Memory => "end other programs, or give the machine or its container more",
            Resource::Processes => {
                "raise kernel.pid_max and kernel.threads-max (sysctl), or pids.max of the container"
            }
            Resource::Namespaces => "raise user.max_net_namespaces and its sisters (sysctl)",
            Resource::Mounts => "raise fs.mount-max (sysctl)",
            Resource::Descriptors => "raise the hard limit of open files (ulimit -Hn)",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Resource::Memory => "MiB of memory",
            Resource::Processes => "processes",
            Resource::Namespaces => "namespaces of each kind",
            Resource::Mounts => "mounts",
            Resource::Descriptors => "open files of a process",
        }
    }

    /// How much of it this machine still has; `None`: it does not say, or there is no bound.
    fn has(self) -> Option<u64> {
        match self {
            Resource::Memory => least([available_memory(), rest_of_group("memory", 1 << 20)]),
            Resource::Processes => {
                let most =
                    least([number("/proc/sys/kernel/pid_max"), number("/proc/sys/kernel/threads-max")]);
                least([most.map(|most| most.saturating_sub(threads())), rest_of_group("pids", 1)])
            }
            Resource::Namespaces => {
                let kinds = ["net", "mnt", "pid", "uts", "ipc"];
                least(kinds.map(|kind| number(&format!("/proc/sys/user/max_{kind}_namespaces"))))
            }
            Resource::Mounts => number("/proc/sys/fs/mount-max"),
            // What runs on a node inherits it, and the program raises its own limit as far as this goes.
            Resource::Descriptors => getrlimit(Limit::Nofile).maximum,
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, cure) = (self.resource.name(), self.resource.cure());
        write!(
            out,
            "It needs {} {name}, and there are {}: {cure}, or bring up fewer nodes.",
            self.needs, self.has
        )
    }
}

/// All of which this machine has too little for so many nodes.
pub(crate) fn shortages(nodes: usize) -> Vec<Shortage> {
    short(nodes, Resource::has)
}

fn short(nodes: usize, has: impl Fn(Resource) -> Option<u64>) -> Vec<Shortage> {
    let nodes = u64::try_from(nodes).unwrap_or(u64::MAX);
    let all = PRICES.into_iter().filter_map(|(resource, once, each)| {
        Some(Shortage {
            resource,
            needs: nodes.saturating_mul(each).saturating_add(once),
            has: has(resource)?,
        })
    });
    all.filter(|shortage| shortage.has < shortage.needs).collect()
}

fn least<const N: usize>(bounds: [Option<u64>; N]) -> Option<u64> {
    bounds.into_iter().flatten().min()
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// In MiB, as proc_meminfo(5) estimates it.
fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

/// What the control group of a container still allows, where this process sees it as the root of its hierarchy.
fn rest_of_group(controller: &str, unit: u64) -> Option<u64> {
    let most = number(&format!("/sys/fs/cgroup/{controller}.max"))?;
    let taken = number(&format!("/sys/fs/cgroup/{controller}.current")).unwrap_or_default();
    Some(most.saturating_sub(taken) / unit)
}

/// The threads of the whole machine: the fourth field of proc_loadavg(5), `running/all`.
fn threads() -> u64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let all = text.split_ascii_whitespace().nth(3).and_then(|word| word.split_once('/')?.1.parse().ok());
    all.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_is_named_with_its_cure_and_nothing_else() {
        use Resource::{Descriptors, Memory, Mounts, Namespaces, Processes};
        let plenty = |_: Resource| Some(u64::MAX);
        assert_eq!(short(1000, plenty), []);
        assert_eq!(short(1000, |_| None), [], "who says nothing has no bound");
        // Which resource there is little of, how much, for how many nodes it is too little, and for how many enough.
        let cases = [
            (Memory, 3_000, 1_000, 400),
            (Processes, 4_096, 300, 299),
            (Namespaces, 1_000, 1_000, 992),
            (Mounts, 1_000, 451, 450),
            (Descriptors, 1_024, 1_000, 400),
        ];
        for (resource, has, too_many, enough) in cases {
            let machine = |other: Resource| Some(if other == resource { has } else { u64::MAX });
            assert_eq!(short(enough, machine), [], "{resource:?}");
            let [shortage] = short(too_many, machine)[..] else { panic!("{resource:?} is not missed") };
            assert_eq!((shortage.resource, shortage.has), (resource, has));
            let said = shortage.to_string();
            assert!(
                said.contains(&format!("and there are {has}")) && said.contains(resource.cure()),
                "{said}"
            );
        }
        assert_eq!(short(1000, |_| Some(0)).len(), PRICES.len());
    }

    #[test]
    fn this_machine_can_be_asked() {
        assert_eq!(short(1, Resource::has), []);
        assert!(Resource::Memory.has().is_some_and(|memory| memory > 0));
        assert!(Resource::Processes.has().is_some_and(|processes| processes > 0));
    }
}
