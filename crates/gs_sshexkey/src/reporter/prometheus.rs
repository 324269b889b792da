//! What `check` found, for node_exporter's textfile collector: Prometheus's text exposition format, version 0.0.4.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sshtrust::check::Checked;
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, PairState};

use super::file::replace;
use super::json::{by_word, state_word};

/// So much of an old file is read, in bytes. 1,000 nodes make 200 KB.
const LARGEST_OLD: u64 = 4 << 20;
/// So many broken pairs have a line of their own.
const MOST_BROKEN: usize = 200;
/// Upper bounds of the classes of times, in seconds.
const BOUNDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// When trust ends.
const EXPIRY: &str = "gs_sshexkey_expiry_timestamp_seconds";
/// When every pair last worked.
const LAST_SUCCESS: &str = "gs_sshexkey_last_success_timestamp_seconds";

/// What a check that goes on tells of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    /// From the beginning of a round to that of the next.
    pub(crate) interval: Duration,
    /// Rounds since it began.
    pub(crate) rounds: u64,
    /// Pairs that had changed, in all rounds.
    pub(crate) changes: u64,
    /// How often the command for a change has failed.
    pub(crate) failed_hooks: u64,
}

/// When every pair last worked, by the file that the check before wrote; `None` if it does not tell.
pub(crate) fn last_success(old: &str) -> Option<f64> {
    let value = old.lines().find_map(|line| line.strip_prefix(LAST_SUCCESS)?.strip_prefix(' '))?;
    value.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
}

/// Replaces a file of metrics, and carries over what it knew of the last success. Without a result the check could not be
/// done.
///
/// # Errors
/// Those of writing. An old file that cannot be read knew nothing.
pub(crate) fn replace_file(
    path: &Path,
    checked: Option<&Checked>,
    figures: Option<&Figures>,
) -> io::Result<()> {
    let mut old = String::new();
    // A pipe would be waited for.
    if std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
        let file = File::open(path).map(|file| file.take(LARGEST_OLD));
        let _ = file.and_then(|mut file| file.read_to_string(&mut old));
    }
    let before = last_success(&old);
    let text =
        checked.map_or_else(|| render_failure(SystemTime::now(), before), |c| render(c, before, figures));
    replace(path, |out| out.write_all(text.as_bytes()))
}

/// The text of a check that could not be done.
fn render_failure(now: SystemTime, last_success: Option<f64>) -> String {
    let mut page = Page(String::new());
    verdict(&mut page, false, stamp(now), last_success);
    page.0
}

/// The text. `last_success`: what the check before knew of it, in seconds since 1970. `figures`: of a check that goes on.
pub(crate) fn render(checked: &Checked, last_success: Option<f64>, figures: Option<&Figures>) -> String {
    let mut page = Page(String::new());
    whole(&mut page, checked, last_success);
    pairs(&mut page, checked);
    nodes(&mut page, checked);
    broken(&mut page, checked);
    times(&mut page, checked);
    figures.into_iter().for_each(|figures| watch(&mut page, figures));
    page.0
}

/// The text as it grows. Writing to a String cannot fail.
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
        let _ = match labels.is_empty() {
            true => writeln!(self.0, "{name} {value}"),
            false => writeln!(self.0, "{name}{{{}}} {value}", labels.join(",")),
        };
    }

    fn single(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.metric(name, "gauge", help);
        self.sample(name, &[], value);
    }
}

/// A label's value: backslash, quote and line end are escaped.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn stamp(time: SystemTime) -> f64 {
    // Whole milliseconds: more would only be noise.
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| (since.as_secs_f64() * 1_000.0).round() / 1_000.0)
}

fn whole(page: &mut Page, checked: &Checked, last_success: Option<f64>) {
    verdict(page, checked.is_healthy(), stamp(checked.began + checked.took), last_success);
    page.single("gs_sshexkey_check_duration_seconds", "How long the check took.", checked.took.as_secs_f64());
    page.single("gs_sshexkey_nodes", "Nodes of the cluster.", checked.nodes.len());
}

fn verdict(page: &mut Page, healthy: bool, end: f64, last_success: Option<f64>) {
    page.single(
        "gs_sshexkey_check_success",
        "Whether every pair of nodes that was called works.",
        u8::from(healthy),
    );
    page.single("gs_sshexkey_check_timestamp_seconds", "When the check ended.", end);
    if let Some(last) = if healthy { Some(end) } else { last_success } {
        page.single(LAST_SUCCESS, "When a check last found that every pair that it called works.", last);
    }
}

fn pairs(page: &mut Page, checked: &Checked) {
    const STATES: [PairState; 5] =
        [PairState::Works, PairState::Slow, PairState::Broken, PairState::Throttled, PairState::Unseen];
    if let Some(sampled) = checked.matrix.sampled() {
        page.single(
            "gs_sshexkey_pairs_sampled_of",
            "Pairs that those which were called stand for.",
            sampled.of,
        );
    }
    page.metric("gs_sshexkey_pairs", "gauge", "Ordered pairs of nodes by the way to call and by state.");
    for by in checked.matrix.by() {
        for state in STATES {
            let count = checked.matrix.iter().filter(|(.., b, pair)| b == by && pair.state == state).count();
            page.sample("gs_sshexkey_pairs", &[("by", by_word(*by)), ("state", state_word(state))], count);
        }
    }
}

fn nodes(page: &mut Page, checked: &Checked) {
    let called = checked.nodes.indices().map(|node| checked.matrix.edges_to(node).len()).collect();
    let calls = checked.nodes.indices().map(|node| checked.matrix.edges_from(node).len()).collect();
    let entered: Vec<usize> = checked.nodes.iter().map(|node| usize::from(node.entry.is_ok())).collect();
    let metrics = [
        ("gs_sshexkey_node_entered", "Whether the check could log in to the node.", entered),
        ("gs_sshexkey_node_unreachable_pairs", "Pairs that lead to the node and do not work.", called),
        ("gs_sshexkey_node_failing_calls", "Pairs that start at the node and do not work.", calls),
    ];
    for (name, help, values) in metrics {
        page.metric(name, "gauge", help);
        for (node, value) in checked.nodes.iter().zip(values) {
            page.sample(name, &[("node", &node.spec.to_string())], value);
        }
    }
    let ends = || checked.nodes.iter().filter_map(|node| Some((node.spec, node.expires?)));
    if ends().next().is_some() {
        page.metric(
            EXPIRY,
            "gauge",
            "When the first of the tool's lines in authorized_keys ends, on nodes that have an end.",
        );
        ends().for_each(|(node, end)| page.sample(EXPIRY, &[("node", &node.to_string())], end));
    }
}

fn broken(page: &mut Page, checked: &Checked) {
    let nodes = checked.matrix.nodes();
    let name_of = |node: NodeIx| nodes.get(node).map(ToString::to_string).unwrap_or_default();
    let edges = checked.matrix.edges();
    page.metric("gs_sshexkey_pair_broken", "gauge", "Pairs that do not work, with the likely cause.");
    for edge in edges.iter().take(MOST_BROKEN) {
        let labels = [
            ("from", name_of(edge.from)),
            ("to", name_of(edge.to)),
            ("by", by_word(edge.by).to_owned()),
            ("cause", edge.cause.code().to_owned()),
        ];
        let labels: Vec<(&str, &str)> =
            labels.iter().map(|(label, value)| (*label, value.as_str())).collect();
        page.sample("gs_sshexkey_pair_broken", &labels, 1);
    }
    page.single(
        "gs_sshexkey_pair_broken_left_out",
        "Pairs that do not work and have no line of their own.",
        edges.len().saturating_sub(MOST_BROKEN),
    );
}

/// A check that goes on. What it was told to do is told too, so that a rule can say when it is late.
fn watch(page: &mut Page, figures: &Figures) {
    let interval = figures.interval.as_secs_f64();
    page.single(
        "gs_sshexkey_watch_interval_seconds",
        "From the beginning of a round to that of the next.",
        interval,
    );
    let counters = [
        ("gs_sshexkey_watch_rounds_total", "Rounds since the watch began.", figures.rounds),
        ("gs_sshexkey_watch_changes_total", "Pairs that were found changed.", figures.changes),
        ("gs_sshexkey_watch_hook_failures_total", "Calls of --on-change that failed.", figures.failed_hooks),
    ];
    for (name, help, value) in counters {
        page.metric(name, "counter", help);
        page.sample(name, &[], value);
    }
}

/// How long the pairs took that work.
fn times(page: &mut Page, checked: &Checked) {
    const NAME: &str = "gs_sshexkey_pair_seconds";
    page.metric(NAME, "histogram", "How long the pairs took that work.");
    for by in checked.matrix.by() {
        one_way(page, NAME, *by, checked);
    }
}

fn one_way(page: &mut Page, name: &str, by: By, checked: &Checked) {
    let good = checked.matrix.iter().filter(|(.., b, pair)| *b == by && pair.state.is_good());
    let millis: Vec<u32> = good.map(|(.., pair)| pair.millis).collect();
    let bucket = format!("{name}_bucket");
    let by = ("by", by_word(by));
    for bound in BOUNDS {
        let count = millis.iter().filter(|millis| f64::from(**millis) / 1_000.0 <= bound).count();
        page.sample(&bucket, &[by, ("le", &bound.to_string())], count);
    }
    page.sample(&bucket, &[by, ("le", "+Inf")], millis.len());
    let sum: u64 = millis.iter().map(|millis| u64::from(*millis)).sum();
    page.sample(&format!("{name}_sum"), &[by], sum as f64 / 1_000.0);
    page.sample(&format!("{name}_count"), &[by], millis.len());
}

#[cfg(test)]
mod tests;
