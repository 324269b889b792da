use std::collections::{BTreeMap, HashMap, HashSet};

use sshtrust::check::NoEntry;
use sshtrust::probe::Cause;

use super::*;
use crate::reporter::sample::Sample;

/// A strict reader of the text exposition format 0.0.4. Gives every sample by its name and labels.
fn read(text: &str) -> Result<BTreeMap<String, f64>, String> {
    let mut types: HashMap<String, String> = HashMap::new();
    let mut helped: HashSet<String> = HashSet::new();
    let mut closed: HashSet<String> = HashSet::new();
    let mut open = String::new();
    let mut samples = BTreeMap::new();
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    for line in text.lines() {
        let wrong = |why: &str| Err(format!("{why}: {line}"));
        if let Some(rest) = line.strip_prefix("# ") {
            let words: Vec<&str> = rest.splitn(3, ' ').collect();
            let [kind, name, what] = words.as_slice() else { return wrong("too few words") };
            if *kind == "HELP" {
                if !helped.insert((*name).to_owned()) {
                    return wrong("a second HELP");
                }
                closed.insert(std::mem::replace(&mut open, (*name).to_owned()));
            } else if *kind == "TYPE" && ["gauge", "counter", "histogram"].contains(what) {
                if *name != open || types.insert((*name).to_owned(), (*what).to_owned()).is_some() {
                    return wrong("TYPE is not behind its HELP");
                }
            } else {
                return wrong("unknown comment");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
        let name = series.split('{').next().unwrap_or_default();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|end| name.strip_suffix(end))
            .find(|base| types.get(*base).is_some_and(|kind| kind == "histogram"))
            .unwrap_or(name);
        if family != open || closed.contains(family) || !types.contains_key(family) {
            return wrong("a sample outside of its metric");
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':') {
            return wrong("bad name");
        }
        labels(series.strip_prefix(name).unwrap_or_default())?;
        let number: f64 = value.parse().map_err(|_| format!("no number: {line}"))?;
        if samples.insert(series.to_owned(), number).is_some() {
            return wrong("twice");
        }
    }
    Ok(samples)
}

/// `{name="value",...}` or nothing.
fn labels(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let mut rest = text.strip_prefix('{').ok_or("no brace")?;
    let mut names = HashSet::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or(format!("no label in {text}"))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase()) || !names.insert(name) {
            return Err(format!("bad label in {text}"));
        }
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next() {
                Some((end, '"')) => break end,
                Some((_, '\\')) => match chars.next() {
                    Some((_, '\\' | '"' | 'n')) => {}
                    _ => return Err(format!("bad escape in {text}")),
                },
                Some(_) => {}
                None => return Err(format!("no end in {text}")),
            }
        };
        rest = value.get(end + 1..).unwrap_or_default();
        match rest {
            "}" => return Ok(()),
            more => rest = more.strip_prefix(',').ok_or(format!("no comma in {text}"))?,
        }
    }
}

#[test]
fn the_strict_reader_is_strict() {
    let head = "# HELP a b\n# TYPE a gauge\n";
    for good in ["a 1\n", "a{x=\"\\\\ \\\" \\n\"} 1\n", "a{x=\"1\",y=\"2\"} 1.5\n"] {
        assert!(read(&format!("{head}{good}")).is_ok(), "{good}");
    }
    let bad = [
        "a 1",
        "a x\n",
        "b 1\n",
        "a 1\na 2\n",
        "a{x=\"\"\"} 1\n",
        "a{x=\"\\t\"} 1\n",
        "a{x=\"1\"y=\"2\"} 1\n",
        "# HELP a b\n",
        "# TYPE a gauge\n",
        "# HELP b c\n# TYPE b gauge\nb 1\na 1\n",
        "a{x=\"1\",x=\"2\"} 1\n",
    ];
    for bad in bad {
        assert!(read(&format!("{head}{bad}")).is_err(), "{bad}");
    }
}

fn some() -> Checked {
    Sample::new(5)
        .by(&[By::Ip, By::Name])
        .slow(1, 2, 12_500)
        .breaks(2, 3, By::Ip, Cause::KeyRefused, "no")
        .breaks(1, 3, By::Name, Cause::MaxStartups, "no")
        .barred(4, NoEntry::NoPassword(String::new()))
        .checked()
}

fn figures() -> Figures {
    Figures { interval: Duration::from_secs(300), rounds: 7, changes: 12, failed_hooks: 1 }
}

#[test]
fn everything_that_is_promised_is_there() {
    let samples = read(&render(&some(), Some(1_700_000_000.5), Some(&figures()))).unwrap();
    let cases = [
        ("gs_sshexkey_check_success", 0.0),
        ("gs_sshexkey_check_timestamp_seconds", 1_800_000_021.68),
        ("gs_sshexkey_check_duration_seconds", 21.43),
        ("gs_sshexkey_last_success_timestamp_seconds", 1_700_000_000.5),
        ("gs_sshexkey_nodes", 5.0),
        ("gs_sshexkey_pairs{by=\"ip\",state=\"works\"}", 14.0),
        ("gs_sshexkey_pairs{by=\"ip\",state=\"slow\"}", 1.0),
        ("gs_sshexkey_pairs{by=\"ip\",state=\"broken\"}", 1.0),
        ("gs_sshexkey_pairs{by=\"ip\",state=\"throttled\"}", 0.0),
        ("gs_sshexkey_pairs{by=\"name\",state=\"throttled\"}", 1.0),
        ("gs_sshexkey_pairs{by=\"name\",state=\"unseen\"}", 4.0),
        ("gs_sshexkey_node_entered{node=\"10.0.0.4\"}", 0.0),
        ("gs_sshexkey_node_entered{node=\"10.0.0.5\"}", 1.0),
        ("gs_sshexkey_node_unreachable_pairs{node=\"10.0.0.3\"}", 2.0),
        ("gs_sshexkey_node_failing_calls{node=\"10.0.0.2\"}", 1.0),
        ("gs_sshexkey_pair_broken{from=\"10.0.0.2\",to=\"10.0.0.3\",by=\"ip\",cause=\"key-refused\"}", 1.0),
        ("gs_sshexkey_pair_broken_left_out", 0.0),
        ("gs_sshexkey_pair_seconds_bucket{by=\"ip\",le=\"0.1\"}", 0.0),
        ("gs_sshexkey_pair_seconds_bucket{by=\"ip\",le=\"10\"}", 14.0),
        ("gs_sshexkey_pair_seconds_bucket{by=\"ip\",le=\"+Inf\"}", 15.0),
        ("gs_sshexkey_pair_seconds_count{by=\"ip\"}", 15.0),
        ("gs_sshexkey_watch_interval_seconds", 300.0),
        ("gs_sshexkey_watch_rounds_total", 7.0),
        ("gs_sshexkey_watch_changes_total", 12.0),
        ("gs_sshexkey_watch_hook_failures_total", 1.0),
    ];
    for (series, wanted) in cases {
        assert_eq!(samples.get(series), Some(&wanted), "{series} in {samples:#?}");
    }
}

#[test]
fn the_last_success_is_carried_over() {
    let healthy = render(&Sample::new(3).checked(), None, None);
    let then = last_success(&healthy);
    assert_eq!(then, Some(1_800_000_021.68));
    let broken = render(&some(), then, None);
    assert_eq!(last_success(&broken), then);
    assert_eq!(last_success(&render(&some(), last_success(&broken), None)), then);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trust.prom");
    let in_file = || last_success(&std::fs::read_to_string(&path).unwrap());
    replace_file(&path, Some(&some()), Some(&figures())).unwrap();
    assert_eq!(in_file(), None);
    replace_file(&path, Some(&Sample::new(3).checked()), None).unwrap();
    assert_eq!(in_file(), then);
    replace_file(&path, Some(&some()), Some(&figures())).unwrap();
    assert_eq!(in_file(), then);
    // Where there was none, none is made up.
    let never = render(&some(), None, None);
    assert!(read(&never).is_ok() && !never.contains(LAST_SUCCESS));
    for bad in [
        "",
        "\u{0}\u{1}",
        "gs_sshexkey_last_success_timestamp_seconds",
        "gs_sshexkey_last_success_timestamp_seconds NaN\n",
        "# HELP gs_sshexkey_last_success_timestamp_seconds 5",
    ] {
        assert_eq!(last_success(bad), None, "{bad}");
    }
}

#[test]
fn what_is_broken_is_bounded() {
    let mut sample = Sample::new(30);
    for node in [3, 5, 7, 9, 11, 13, 15, 17] {
        sample = sample.stopped(node);
    }
    let checked = sample.checked();
    let samples = read(&render(&checked, None, None)).unwrap();
    let lines = samples.keys().filter(|series| series.starts_with("gs_sshexkey_pair_broken{")).count();
    assert_eq!(lines, MOST_BROKEN.min(checked.matrix.edges().len()));
    let left = checked.matrix.edges().len() - lines;
    assert_eq!(samples.get("gs_sshexkey_pair_broken_left_out"), Some(&(left as f64)));
}

#[test]
fn labels_are_escaped() {
    let mut page = Page(String::new());
    page.metric("a", "gauge", "b");
    page.sample("a", &[("x", "\\ \" \n"), ("y", "\u{4e92}")], 1);
    assert_eq!(page.0, "# HELP a b\n# TYPE a gauge\na{x=\"\\\\ \\\" \\n\",y=\"\u{4e92}\"} 1\n");
    assert!(read(&page.0).is_ok());
}

/// The metrics that a text names, without the parts of a histogram.
fn named(text: &str) -> std::collections::BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| word.starts_with("gs_sshexkey_"));
    let base = |name: &str| {
        let part = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        part.unwrap_or(name).to_owned()
    };
    names.map(base).collect()
}

#[test]
fn guides_rules_and_dashboard_name_metrics_that_are_written() {
    let mut checked = some();
    crate::reporter::sample::at(&mut checked, 0).expires = Some(1_800_000_000);
    let text = render(&checked, Some(1.0), Some(&figures()));
    let sampled = crate::reporter::sample::Sample::new(8).drawn(2, 1).checked();
    let of_samples = named(&render(&sampled, None, None));
    let written: std::collections::BTreeSet<_> = named(&text).union(&of_samples).cloned().collect();
    assert!(written.len() > 15, "{written:?}");
    let docs = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    // A guide's table has them all; whoever only uses them names none that is not there.
    for guide in ["check.md", "check.zh.md"] {
        assert_eq!(named(&docs(guide)), written, "{guide}");
    }
    for (user, least) in [
        ("monitoring/rules.yml", 4),
        ("monitoring/rules_test.yml", 4),
        ("monitoring/dashboard.json", 8),
        ("monitoring/README.md", 1),
        ("monitoring/README.zh.md", 1),
    ] {
        let used = named(&docs(user));
        let unknown: Vec<&String> = used.difference(&written).collect();
        assert!(unknown.is_empty() && used.len() >= least, "{user}: {unknown:?} of {used:?}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&docs("monitoring/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.iter().all(|panel| panel["targets"][0]["expr"].is_string()), "{panels:#?}");
}
