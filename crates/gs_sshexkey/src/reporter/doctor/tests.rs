use std::path::PathBuf;

use super::sample::*;
use super::*;
use crate::i18n::Lang;
use crate::reporter::layout::width;
use crate::reporter::style::Style;
use crate::reporter::transcript;
use sshtrust::diagnose::Code;

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };
const CHINESE: Style = Style { lang: Lang::Zh, ..PLAIN };
const NARROW: Style = Style { width: 40, ..PLAIN };

/// Every screen that has a transcript.
fn screens() -> Vec<(&'static str, String, Style)> {
    let draw = |told: Told<'_>, style: Style| (render_text(&told, &style), style);
    let found = |examination: &Examination, style: Style| draw(examination.told(Stage::Found), style);
    let mut all = Vec::new();
    let mut add = |name, (text, style)| all.push((name, text, style));
    add("doctor-healthy", found(&healthy(30), PLAIN));
    add("doctor-healthy-zh", found(&healthy(30), CHINESE));
    add("doctor-stopped", found(&stopped(3, 3), PLAIN));
    add("doctor-stopped-zh", found(&stopped(3, 3), CHINESE));
    add("doctor-healable", found(&healable(), PLAIN));
    add("doctor-healable-zh", found(&healable(), CHINESE));
    add("doctor-healable-narrow", found(&healable(), NARROW));
    add("doctor-healable-wide", found(&healable(), Style { width: 160, ..PLAIN }));
    add("doctor-reinstalled-100", found(&reinstalled(100), PLAIN));
    add("doctor-reinstalled-100-zh-narrow", found(&reinstalled(100), Style { width: 60, ..CHINESE }));
    add("doctor-preflight", found(&preflight(), PLAIN));
    add("doctor-preflight-zh", found(&preflight(), CHINESE));
    add("doctor-preflight-ready", found(&healthy(30).preflight(), PLAIN));
    add("doctor-closed", found(&closed(), PLAIN));
    add("doctor-closed-zh", found(&closed(), CHINESE));
    let mut unseen = closed().preflight();
    unseen.diagnosis.findings.clear();
    add("doctor-preflight-closed", found(&unseen, PLAIN));
    add("doctor-unable", draw(stopped(3, 3).told(Stage::Unable), PLAIN));
    let sick = healable();
    let plan = |style: Style| (render_plan(&sick.told(Stage::Planned), &sick.treatment, &[], &style), style);
    add("doctor-plan", plan(PLAIN));
    add("doctor-plan-zh", plan(CHINESE));
    add("doctor-declined", draw(sick.told(Stage::Declined).repeated(true), PLAIN));
    let well = healthy(5);
    add("doctor-fixed", draw(sick.fixed(&well).repeated(true), PLAIN));
    add("doctor-fixed-zh", draw(sick.fixed(&well).repeated(true), CHINESE));
    let mut failing = healable();
    failing.failed = vec![failure(&failing, 3)];
    let mut half = healable();
    half.diagnosis.findings.truncate(1);
    half.diagnosis.findings.extend(stopped(5, 4).diagnosis.findings);
    add("doctor-half-fixed", draw(failing.fixed(&half).repeated(true), PLAIN));
    add("doctor-half-fixed-zh", draw(failing.fixed(&half).repeated(true), CHINESE));
    all
}

#[test]
fn every_screen_is_as_its_transcript() {
    for (name, text, _) in screens() {
        transcript::must_show(name, &text);
    }
}

#[test]
fn the_guides_show_what_is_really_shown() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let shown = [
        ("doctor.md", ["doctor-healable", "doctor-plan", "doctor-fixed"]),
        ("doctor.zh.md", ["doctor-healable-zh", "doctor-plan-zh", "doctor-fixed-zh"]),
    ];
    for (guide, names) in shown {
        let text = std::fs::read_to_string(docs.join(guide)).unwrap();
        for name in names {
            let screen = transcript::read(name);
            assert!(text.contains(screen.trim_matches('\n')), "{guide} does not show {name}");
        }
    }
}

/// Commands are there to be copied and never broken; all else fits.
#[test]
fn only_commands_are_wider_than_the_screen() {
    for (name, text, style) in screens() {
        for line in text.lines().filter(|line| width(line) > style.width) {
            let command = line.starts_with("       ") || line.contains("gs_sshexkey doctor -f");
            assert!(command, "{name}: {line}");
        }
    }
}

#[test]
fn a_thousand_nodes_do_not_flood_the_screen() {
    let text = render_text(&reinstalled(1_000).told(Stage::Found), &PLAIN);
    assert!(text.lines().count() < 60, "{text}");
    // All that can be wrong, everywhere.
    let all = flood(200);
    for lang in Lang::ALL {
        let style = Style { lang, ..PLAIN };
        let found = render_text(&all.told(Stage::Found), &style);
        assert!(found.lines().count() < 400, "{}", found.lines().count());
        let plan = render_plan(&all.told(Stage::Planned), &all.treatment, &all.left, &style);
        assert!(plan.lines().count() < 150, "{}", plan.lines().count());
        let end = render_text(&all.fixed(&healthy(200)).repeated(true), &style);
        assert!(end.lines().count() < 60, "{}", end.lines().count());
    }
    // The log keeps all of it.
    let whole = render_whole_plan(&all.told(Stage::Planned), &all.treatment, &PLAIN);
    assert!((0..200).all(|node| whole.contains(&format!("mend '{node}'\n"))));
}

#[test]
fn a_fault_on_many_nodes_is_told_once() {
    let all = reinstalled(100);
    let groups = groups(&all.diagnosis);
    assert_eq!(groups.len(), 2);
    assert_eq!((groups[0].nodes.len(), groups[0].about.len(), groups[0].pairs.len()), (99, 1, 99));
    assert_eq!(remedies(&groups[0]).len(), 1);
    // Findings of one code with other cures are not the same to the reader.
    let healable = healable();
    assert_eq!(super::groups(&healable.diagnosis).len(), 3);
}

#[test]
fn what_nodes_say_cannot_reach_the_terminal() {
    let evil = "x\u{1b}[31m\u{202e}\u{200b}\r\n\u{9b}2J\u{7}$(reboot)";
    let all = hostile(evil);
    let bad = |c: char| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{202e}').contains(&c);
    for lang in Lang::ALL {
        let style = Style { lang, ..PLAIN };
        let texts = [
            render_text(&all.told(Stage::Found), &style),
            render_plan(&all.told(Stage::Planned), &all.treatment, &[0], &style),
            render_whole_plan(&all.told(Stage::Planned), &all.treatment, &style),
            render_text(&all.fixed(&all).repeated(true), &style),
        ];
        for text in texts {
            assert!(!text.contains(bad), "{text:?}");
        }
    }
}

#[test]
fn commands_are_told_to_the_last_letter() {
    let long = format!("printf '%s\\n' '{}' >> '/home/omm/.ssh/authorized_keys'", "A".repeat(5_000));
    let typed = |run: &str| typed(&sshtrust::diagnose::Command::new(run));
    assert_eq!(typed(&long), [long.as_str()]);
    assert_eq!(typed("cat <<'END'\n  two\nEND\n"), ["cat <<'END'", "  two", "END"]);
    assert_eq!(typed("rm 'a\u{1b}b'"), ["rm 'a\\u{1b}b'"]);
}

#[test]
fn everything_that_is_not_seen_has_words() {
    for what in Unseen::ALL {
        for lang in Lang::ALL {
            let text = words::unseen(*what, lang);
            assert!(!text.starts_with(what.as_str()), "{text}");
        }
    }
}

#[test]
fn colours_add_nothing_but_colours() {
    let all = healable();
    for told in [all.told(Stage::Found), all.fixed(&all)] {
        let plain = render_text(&told, &PLAIN);
        let coloured = render_text(&told, &Style { colour: true, ..PLAIN });
        assert!(coloured.contains('\x1b'));
        let mut parts = coloured.split("\x1b[");
        let mut bare = parts.next().unwrap().to_owned();
        parts.for_each(|part| bare.push_str(part.split_once('m').unwrap().1));
        assert_eq!(bare, plain);
    }
}

#[test]
fn what_was_treated_and_is_found_again_is_not_advised_again() {
    let draw =
        |before: &Examination, after: &Examination| render_text(&before.fixed(after).repeated(true), &PLAIN);
    // All of it was treated, and one of it is found again.
    let before = healable();
    let mut after = healable();
    after.diagnosis.findings.retain(|finding| finding.code == Code::KeyMismatch);
    let text = draw(&before, &after);
    let (_, told) = text.split_once("Was treated and is found again").unwrap_or_else(|| panic!("{text}"));
    let (told, _) = told.split_once("\n\n").unwrap();
    assert!(told.contains("key-mismatch") && !text.contains("doctor -f hostfile --fix"), "{text}");
    // What was not part of the plan may still be healed.
    let mut before = healable();
    before.treatment.clear();
    let text = draw(&before, &after);
    assert!(!text.contains("Was treated") && text.contains("--fix"), "{text}");
}
