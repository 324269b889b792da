//! The page as text: what is in it, how large it is, and that nothing breaks out.

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use sshtrust::probe::By;

use super::samples::*;
use super::*;
use crate::reporter::doctor::sample::{self as doctor, Examination};
use crate::reporter::sample::at;

fn english(checked: &Checked) -> String {
    page(&View::new(checked, Lang::En, TimeZone::UTC), None).into_string()
}

#[test]
fn a_healthy_page_says_so() {
    let page = english(&healthy(3));
    for wanted in [
        "<!DOCTYPE html><html lang=\"en\">",
        "Trust is complete: all 12 pairs of 3 nodes work",
        "<time datetime=\"2026-09-21T14:13:20+00:00\">2026-09-21 14:13:20 UTC+00:00</time>",
        "12.3 s",
        "10.20.0.3",
        "node0003",
        "None: every pair that was tried works.",
    ] {
        assert!(page.contains(wanted), "{wanted} is missing");
    }
    assert!(!page.contains("id=\"troubles\""));
}

#[test]
fn every_state_is_in_the_page() {
    let checked = mixed(8);
    let counts = checked.matrix.counts();
    let page = english(&checked);
    let states = [
        ("works", counts.works),
        ("slow", counts.slow),
        ("broken", counts.broken),
        ("throttled", counts.throttled),
        ("not seen", counts.unseen),
    ];
    for (state, count) in states {
        assert!(count > 0, "{state}");
        assert!(page.contains(&format!("<b>{count}</b> {state}</li>")), "{state}");
    }
    for class in ["slow", "broken", "throttled", "unseen"] {
        assert_eq!(
            page.matches(&format!("<path class=\"{class}\" d=\"M")).count(),
            2,
            "one for each picture: {class}"
        );
    }
    let rows = page.matches("<tr data-f=").count();
    assert_eq!(rows, counts.slow + counts.broken + counts.throttled);
    assert!(page.contains("Nobody reaches 10.20.0.2<"));
    assert!(page.contains("10.20.0.1 (node0001) does not reach 10.20.0.3 (node0003)"));
    assert!(page.contains("It says node0003; the description of the cluster says database3."));
    assert!(page.contains("Trust is broken: "));
}

#[test]
fn the_page_is_written_in_both_languages() {
    let page = |lang| page(&View::new(&mixed(8), lang, TimeZone::UTC), None).into_string();
    let chinese = page(Lang::Zh);
    assert!(chinese.contains("<html lang=\"zh-Hans\">"));
    assert!(chinese.contains("互信异常"));
    assert!(chinese.contains("没有节点能连接到 10.20.0.2"));
    assert!(!chinese.contains("Nobody reaches") && !chinese.contains("Likely cause"));
    assert!(!page(Lang::En).contains("互信"));
}

#[test]
fn the_words_of_ssh_are_told_once_for_all_hosts() {
    let page = english(&mixed(8));
    // By address and by name the words differ in nothing but the host.
    let column = page.split("<article").find(|entry| entry.contains("Nobody reaches")).unwrap();
    assert_eq!(column.matches("<pre>").count(), 1, "{column}");
    let rows = page.split("<tbody>").nth(1).unwrap();
    assert!(!rows.contains("@@@") && rows.contains("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"));
}

#[test]
fn what_cannot_be_judged_is_not_called_broken() {
    let unseen = english(&checked(3, &[By::Ip], |from, _, _| if from == 1 { Is::Unseen } else { Is::Works }));
    assert!(unseen.contains("Trust is not proven: 2 of 6 pairs could not be judged"));
    let slow = english(&checked(3, &[By::Ip], |from, _, _| if from == 1 { Is::Slow } else { Is::Works }));
    assert!(slow.contains("all 6 pairs of 3 nodes work, but 2 slowly"));
    for size in [0, 1] {
        assert!(english(&healthy(size)).contains("There was no pair to check"));
    }
}

#[test]
fn nothing_breaks_out_of_its_place() {
    let page = english(&hostile());
    // The page's own: one style, one script.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (1, 1));
    assert_eq!((page.matches("<style").count(), page.matches("</style").count()), (1, 1));
    for bad in
        ["<!--", "<img", "onerror=alert(1)>", "\u{2028}", "\u{202e}", "\u{1b}", "' onmouseover='alert(1)\""]
    {
        assert!(!page.contains(bad), "{bad:?}");
    }
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_is_fetched() {
    let page = english(&mixed(8));
    for bad in ["http://", "https://", "src=", "@import", "url(h", "url(/", " style=\"", " onclick"] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains(&digest(STYLE)) && page.contains(&digest(SCRIPT)));
    // Neither may end its element early.
    assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn pairs(checked: &Checked) -> u32 {
    let nodes = u32::try_from(checked.matrix.nodes().len()).unwrap();
    nodes * nodes
}

#[test]
fn large_clusters_give_small_pages() {
    let cases: [(&str, Checked, usize); 5] = [
        ("300 healthy", healthy(300), 500_000),
        ("300, a row and a column broken", crossed(300), 1_000_000),
        ("1,000 healthy", healthy(1_000), 1_000_000),
        ("1,000, a row and a column broken", crossed(1_000), 10_000_000),
        ("300 chequered", chequered(300), 10_000_000),
    ];
    let mut costs = Vec::new();
    for (what, checked, most) in cases {
        let began = processor_time();
        let length = english(&checked).len();
        assert!(length < most, "{what}: {length} bytes");
        costs.push((processor_time() - began).as_secs_f64() / f64::from(pairs(&checked)));
    }
    // A pair costs the same in a large cluster: what grows out of proportion is seen.
    assert!(costs[2] < 8.0 * costs[0] && costs[3] < 8.0 * costs[1], "{costs:?}");
}

fn explained(examination: &Examination, lang: Lang) -> String {
    let found = Found { case: &examination.case, diagnosis: &examination.diagnosis };
    page(&View::new(&examination.checked, lang, TimeZone::UTC), Some(found)).into_string()
}

#[test]
fn what_doctor_found_stands_above_the_pictures() {
    let english = explained(&doctor::stopped(3, 3), Lang::En);
    for wanted in [
        "<code>sshd-down</code> sshd does not run",
        "10.0.0.3 (node3)",
        "Yours to do: doctor cannot enter the node",
        "as root:</p><pre><code>systemctl enable --now sshd</code></pre>",
        "connect 10.0.0.3 port 22",
    ] {
        assert!(english.contains(wanted), "{wanted} is missing");
    }
    assert!(english.find("id=\"findings\"").unwrap() < english.find("id=\"pairs\"").unwrap());
    assert!(explained(&doctor::stopped(3, 3), Lang::Zh).contains("sshd 服务未运行"));
    assert!(!explained(&doctor::healthy(3), Lang::En).contains("id=\"findings\""));
    let many = explained(&doctor::flood(200), Lang::En);
    assert!(many.len() < 2_000_000, "{}", many.len());
}

#[test]
fn what_doctor_found_does_not_break_out() {
    for evil in HOSTILE {
        let evil = format!("{evil}</pre></code></article>");
        let page = explained(&doctor::hostile(&evil), Lang::En);
        let plain = explained(&doctor::hostile("plain"), Lang::En);
        assert_eq!(page.matches('<').count(), plain.matches('<').count(), "{evil}");
        assert!(!page.contains(['\u{2028}', '\u{202e}', '\u{1b}']), "{evil}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a node says, the page has the same elements.
    #[test]
    fn words_never_make_elements(text in any::<String>()) {
        let elements = |text: &str| {
            let mut checked = mixed(6);
            at(&mut checked, 0).name = Some(format!("x{text}"));
            checked.user = format!("x{text}");
            english(&checked).matches('<').count()
        };
        prop_assert_eq!(elements(&text), elements("plain"));
    }
}
