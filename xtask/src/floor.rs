//! The floor: the same logins, all by OpenSSH's own client, and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lab::{Lab, Node};

use crate::labs::ROOT_PASSWORD;

/// What some logins took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    /// Scaled if only some were measured.
    pub(crate) time: Duration,
    /// How many were measured.
    pub(crate) measured: usize,
    /// How many of those failed. None should.
    pub(crate) failed: usize,
}

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// Every node calls every node, itself too, by address and by name.
    ByAddressAndName,
    /// Every node calls every other one by address.
    OthersByAddress,
}

/// Logins by key, and how they are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calls {
    pub(crate) pairs: Pairs,
    /// Words for `ssh`, beside `-o BatchMode=yes`.
    pub(crate) options: &'static str,
}

/// Some connections of one node, made one after the other by one shell.
struct Batch<'a> {
    from: &'a Node,
    script: String,
}

/// At most this many connections a batch: entering a node costs a few milliseconds, which must not count.
const MOST_A_BATCH: usize = 8;
/// The key would come first now that trust exists.
const BY_PASSWORD: &str = "sshpass -e ssh -n -o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/floor \
                           -o PubkeyAuthentication=no";

/// One login by password to every node, with so many at once.
pub(crate) fn passwords(lab: &Lab, parallel: usize) -> Floor {
    let one = |to: &Node| {
        let script =
            format!("SSHPASS='{ROOT_PASSWORD}' {BY_PASSWORD} {} true 2>/dev/null || echo failed", to.ip());
        Batch { from: lab.node(0), script }
    };
    let batches: Vec<Batch<'_>> = lab.nodes().iter().map(one).collect();
    let (time, failed) = time(&batches, parallel);
    Floor { time, measured: batches.len(), failed }
}

/// One login by key for every pair, with so many at once over all nodes. Trust must exist.
pub(crate) fn keys(lab: &Lab, calls: Calls, parallel: usize, sample: Option<usize>) -> Floor {
    let mut pairs = all_pairs(lab, calls.pairs);
    let all = pairs.len();
    if let Some(sample) = sample {
        shuffle(&mut pairs);
        pairs.truncate(sample.max(1));
    }
    let measured = pairs.len();
    let (time, failed) = time(&pair_batches(lab, pairs, calls.options, parallel), parallel);
    let scale = all as f64 / measured.max(1) as f64;
    Floor { time: time.mul_f64(scale), measured, failed }
}

/// Every ordered pair, in an order in which no node is called by many at once: at step k, node i calls node i + k.
fn all_pairs(lab: &Lab, pairs: Pairs) -> Vec<(usize, String)> {
    let nodes = lab.nodes();
    let first = usize::from(pairs == Pairs::OthersByAddress);
    let steps = (first..nodes.len()).flat_map(|step| (0..nodes.len()).map(move |from| (from, step)));
    steps
        .flat_map(|(from, step)| {
            let to = &nodes[(from + step) % nodes.len()];
            let name = (pairs == Pairs::ByAddressAndName).then(|| (from, to.name().to_owned()));
            std::iter::once((from, to.ip().to_string())).chain(name)
        })
        .collect()
}

fn pair_batches<'a>(
    lab: &'a Lab,
    pairs: Vec<(usize, String)>,
    options: &str,
    parallel: usize,
) -> Vec<Batch<'a>> {
    let size = (pairs.len() / (4 * parallel.max(1))).clamp(1, MOST_A_BATCH);
    let mut of_node: Vec<Vec<String>> = lab.nodes().iter().map(|_| Vec::new()).collect();
    for (from, name) in pairs {
        of_node[from].push(name);
    }
    // Round by round over the nodes, to keep the order from above.
    let rounds = of_node.iter().map(|names| names.len().div_ceil(size)).max().unwrap_or(0);
    let places = (0..rounds).flat_map(|round| (0..of_node.len()).map(move |from| (round, from)));
    places
        .filter_map(|(round, from)| {
            let names = of_node[from].chunks(size).nth(round)?.join(" ");
            let script = format!(
                "for name in {names}; do \
                 ssh -n -o BatchMode=yes {options} $name true 2>/dev/null || echo failed; done"
            );
            Some(Batch { from: lab.node(from), script })
        })
        .collect()
}

/// Works all batches off with so many threads; counts what failed.
fn time(batches: &[Batch<'_>], parallel: usize) -> (Duration, usize) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..parallel.min(batches.len()) {
            scope.spawn(|| {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let output = batch.from.sh("root", &batch.script);
                    let failures = output.map_or(1, |output| output.stdout.lines().count());
                    failed.fetch_add(failures, Ordering::Relaxed);
                }
            });
        }
    });
    (start.elapsed(), failed.into_inner())
}

/// A fair shuffle (Fisher and Yates) with a small generator (Knuth's MMIX): the same pairs in every run.
fn shuffle<T>(items: &mut [T]) {
    let mut state: u64 = 1;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
        items.swap(last, pick);
    }
}
