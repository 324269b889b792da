//! What is shown of 1,000 nodes, 30 of them broken in different ways: a row a screen. Nothing scrolls for a minute, and no page is
//! too large for a browser.

mod samples;

use sshtrust::setup::SetupError;

use self::samples::*;
use super::access::sample as access;
use super::sample::spec;
use super::{
    Redactor, Style, doctor as told, expand, html, json, layout, matrix, prometheus, revoke, rotate, shrink,
};
use crate::i18n::Lang;

type Screen = (&'static str, fn(&Style) -> String, usize);

/// A screen each, and the most lines that it may have.
const SCREENS: [Screen; 24] = [
    ("check", |style| matrix::render(&CHECKED, style), 75),
    ("check-every-first", |style| round(1, style.lang), 30),
    ("check-every", |style| round(2, style.lang), 30),
    ("doctor", |style| told::render_text(&EXAMINED.told(told::Stage::Found), style), 100),
    (
        "doctor-plan",
        |style| told::render_plan(&EXAMINED.told(told::Stage::Planned), &EXAMINED.treatment, &[0], style),
        60,
    ),
    ("access", |style| super::access::render(&access::large(), style), 60),
    ("revoke-plan", |style| revoke::render_plan(&revoking(revoke::Stage::Planned), style), 70),
    ("revoke-done", |style| revoke::render_text(&revoking(revoke::Stage::Done), style), 70),
    ("revoke-barred", |style| revoke::render_text(&revoking(revoke::Stage::Barred), style), 60),
    ("rotate-plan", |style| rotate::render_plan(&rotating(rotate::Stage::Planned, rotated), style), 40),
    ("rotate-done", |style| rotate::render_text(&rotating(rotate::Stage::Done, ended), style), 60),
    ("shrink-plan", |style| shrink::render_plan(&shrinking(rotate::Stage::Planned, rotated), style), 60),
    ("shrink-done", |style| shrink::render_text(&shrinking(rotate::Stage::Done, ended), style), 60),
    ("expand-done", |style| expand::render_text(&expanding(expand::Stage::Done), style), 40),
    ("expand-dry-run", |style| expand::render_text(&expanding(expand::Stage::DryRun), style), 40),
    ("unreachable", |_| setup_error(&SetupError::Unreachable(barred_nodes())), 60),
    ("all-unreachable", |_| setup_error(&SetupError::Unreachable(refused((1..=SIZE).map(spec)))), 10),
    (
        "wrong-password",
        |_| setup_error(&SetupError::WrongPassword(broken().map(|n| spec(n as u32)).collect())),
        10,
    ),
    ("busy", |_| setup_error(&SetupError::Busy((1..=SIZE).map(spec).collect())), 10),
    ("failed", |_| setup_error(&SetupError::Failed { nodes: failures(), undone: undone() }), 60),
    ("undecided", |_| setup_error(&SetupError::Undecided(failures())), 40),
    (
        "not-trusted",
        |_| {
            let (matrix, otherwise) = (Box::new(CHECKED.matrix.clone()), Vec::new());
            setup_error(&SetupError::NotTrusted { matrix, otherwise, undone: undone() })
        },
        60,
    ),
    (
        "foreseen",
        |_| {
            let found = EXAMINED.diagnosis.findings.iter();
            let found = found.map(|finding| (spec(finding.node.get() as u32 + 1), finding.clone()));
            setup_error(&SetupError::Foreseen(found.collect()))
        },
        100,
    ),
    (
        "serves-others",
        |_| {
            setup_error(&SetupError::ServesOthers(
                (1..=SIZE).map(|n| (spec(n), vec!["old".to_owned(); 40])).collect(),
            ))
        },
        10,
    ),
];

type File = (&'static str, fn(Lang) -> String, usize);

/// A file each, and the most kilobytes that it may have. Faults for programs are all there: 20,000 of them here.
const FILES: [File; 9] = [
    ("check.html", |lang| html::render(&CHECKED, lang), 5 << 10),
    (
        "doctor.html",
        |lang| html::render_findings(&EXAMINED.checked, &EXAMINED.case, &EXAMINED.diagnosis, lang),
        5 << 10,
    ),
    ("check.json", |_| document(|out| json::write(&CHECKED, &Redactor::default(), out).unwrap()), 16 << 10),
    (
        "doctor.json",
        |_| {
            document(|out| {
                told::write_json(&EXAMINED.told(told::Stage::Found), &Redactor::default(), out).unwrap()
            })
        },
        16 << 10,
    ),
    ("check.prom", |_| prometheus::render(&CHECKED, None, None), 400),
    (
        "revoke.json",
        |_| document(|out| revoke::write_json(&revoking(revoke::Stage::Done), out).unwrap()),
        2 << 10,
    ),
    (
        "rotate.json",
        |_| document(|out| rotate::write_json(&rotating(rotate::Stage::Done, ended), out).unwrap()),
        1 << 10,
    ),
    (
        "shrink.json",
        |_| document(|out| shrink::write_json(&shrinking(rotate::Stage::Done, ended), out).unwrap()),
        1 << 10,
    ),
    (
        "expand.json",
        |_| document(|out| expand::write_json(&expanding(expand::Stage::Done), out).unwrap()),
        1 << 10,
    ),
];

/// Where somebody wants to look at them, they are written: `SHOW_SCREENS=FOLDER`.
fn keep(name: &str, lang: Lang, text: &str) {
    if let Some(folder) = std::env::var_os("SHOW_SCREENS") {
        let path = std::path::Path::new(&folder).join(format!("{name}-{lang:?}"));
        std::fs::write(path, text).unwrap();
    }
}

#[test]
fn no_screen_scrolls_for_a_minute() {
    let mut failed = Vec::new();
    for (name, draw, lines) in SCREENS {
        for lang in Lang::ALL {
            let text = draw(&Style { lang, width: 80, colour: false, unicode: true });
            keep(name, lang, &text);
            // A line that is too long for a terminal is several.
            let shown: usize = text.lines().map(|line| layout::width(line).div_ceil(80).max(1)).sum();
            if shown > lines {
                failed.push(format!("{name} {lang:?}: {shown} lines, and not {lines}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn no_file_is_too_large() {
    let mut failed = Vec::new();
    for (name, write, kilobytes) in FILES {
        // What programs read has one language.
        for lang in Lang::ALL.into_iter().filter(|lang| *lang == Lang::En || name.ends_with(".html")) {
            let text = write(lang);
            keep(name, lang, &text);
            if text.len() > kilobytes << 10 {
                failed.push(format!("{name} {lang:?}: {} KiB, and not {kilobytes}", text.len() >> 10));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
