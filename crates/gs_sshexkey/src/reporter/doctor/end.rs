//! The end of the screen: what was healed, the verdict, and what to type next.

use std::collections::BTreeSet;

use sshtrust::diagnose::{Code, Diagnosis, Finding, Healing};
use sshtrust::doctor::NodeTreatment;
use sshtrust::text::printable;

use super::findings::whereabouts;
use super::text::{found, is_planned, signs, title};
use super::{Fixed, Group, Stage, Told, groups};
use crate::i18n::{DoctorText, Lang};
use crate::reporter::layout::{grouped, seconds, wrap};
use crate::reporter::matrix::{label, section};
use crate::reporter::style::{Style, Tone};
use sshtrust::inventory::NodeIx;
use sshtrust::observe::Unseen;
use sshtrust::probe::EdgeIx;

/// All of the end, section by section.
pub(super) fn draw(told: &Told<'_>, style: &Style) -> Vec<Vec<String>> {
    let mut sections = Vec::new();
    match &told.stage {
        Stage::Fixed(fixed) => sections.extend(healed(told, fixed, style)),
        Stage::Declined => sections.push(said(&DoctorText::NothingChanged {}, Tone::Head, style)),
        Stage::Unable if !told.diagnosis.is_healthy() => {
            sections.push(said(&DoctorText::UnableToHeal {}, Tone::Head, style));
        }
        Stage::Found | Stage::Planned | Stage::Unable => {}
    }
    if !told.repeated || matches!(told.stage, Stage::Fixed(_)) {
        sections.push(verdict(told, style));
    }
    sections.push(next(told, style));
    sections
}

fn said(text: &DoctorText<'_>, tone: Tone, style: &Style) -> Vec<String> {
    let lines = wrap(&text.text(style.lang), style.width, "", "  ");
    lines.iter().map(|line| style.paint(tone, line)).collect()
}

/// What is the same finding before and after.
fn key(finding: &Finding) -> (Code, NodeIx, Option<NodeIx>) {
    (finding.code, finding.node, finding.about)
}

fn only(diagnosis: &Diagnosis, keep: impl Fn(&Finding) -> bool) -> Diagnosis {
    Diagnosis { findings: diagnosis.findings.iter().filter(|finding| keep(finding)).cloned().collect() }
}

/// What became of each finding, and what is new.
fn healed(told: &Told<'_>, fixed: &Fixed<'_>, style: &Style) -> Vec<Vec<String>> {
    let before: BTreeSet<_> = fixed.before.findings.iter().map(key).collect();
    let after: BTreeSet<_> = told.diagnosis.findings.iter().map(key).collect();
    let gone = only(fixed.before, |finding| !after.contains(&key(finding)));
    let left = only(told.diagnosis, |finding| before.contains(&key(finding)));
    let new = only(told.diagnosis, |finding| !before.contains(&key(finding)));
    let (colon, _) = signs(style.lang);
    let item = |group: &Group<'_>| format!("{}{colon}{}", group.code, whereabouts(group, told, style));
    let listed = |heading: DoctorText<'_>, diagnosis: &Diagnosis| {
        let items = groups(diagnosis).iter().map(item).collect();
        section(&heading.text(style.lang), items, style)
    };
    let failed = fixed.failed.iter().map(|failure| {
        format!("{}{colon}{}", failure.node, printable(failure.trouble.to_string().as_bytes()))
    });
    let mut sections = vec![
        listed(DoctorText::Healed {}, &gone),
        section(&DoctorText::Failed {}.text(style.lang), failed.collect(), style),
    ];
    let stuck = stuck(told, fixed);
    sections.push(listed(DoctorText::Stuck {}, &stuck));
    if told.repeated {
        let left = only(&left, |finding| !stuck.findings.iter().any(|known| key(known) == key(finding)));
        sections.push(listed(DoctorText::Left {}, &left));
        let new = groups(&new);
        let mut full = found(told, &new, style);
        if let Some(first) = full.first_mut() {
            first.splice(0..0, title(&DoctorText::New {}, style));
        }
        sections.extend(full);
    }
    sections
}

/// The findings that were treated and are found again: the same once more would not help.
fn stuck(told: &Told<'_>, fixed: &Fixed<'_>) -> Diagnosis {
    let treated: BTreeSet<_> =
        fixed.before.findings.iter().filter(|finding| was_treated(finding, fixed)).map(key).collect();
    only(told.diagnosis, |finding| treated.contains(&key(finding)) && heals(finding))
}

/// Whether the program does something about a finding by itself.
fn heals(finding: &Finding) -> bool {
    finding.cures.iter().any(|cure| !matches!(cure.healing, Healing::ByHand(_)))
}

/// Whether what the program does about a finding was part of the plan.
fn was_treated(finding: &Finding, fixed: &Fixed<'_>) -> bool {
    finding.cures.iter().any(|cure| {
        let plans = fixed.nodes.iter().filter(|plan| plan.node == cure.node);
        let done = |plan: &NodeTreatment| match &cure.healing {
            Healing::Run => cure.commands.iter().all(|command| plan.commands.contains(command)),
            Healing::Restore(parts) => parts.iter().all(|part| plan.parts.contains(part)),
            Healing::ByHand(_) => false,
        };
        plans.into_iter().any(done)
    })
}

/// How many pairs were tried, and that they are a sample if they are one.
fn pairs(told: &Told<'_>, lang: Lang) -> String {
    let matrix = &told.checked.matrix;
    let count = grouped(matrix.counts().total());
    matrix.sampled().map_or(count.clone(), |_| DoctorText::SampledCount { count: &count }.text(lang))
}

/// How it stands, in one line.
fn verdict(told: &Told<'_>, style: &Style) -> Vec<String> {
    let counts = told.checked.matrix.counts();
    let seconds = &seconds(told.checked.took);
    let nodes = &grouped(told.case.nodes.len());
    let pairs = &pairs(told, style.lang);
    let all = groups(told.diagnosis);
    let number = &grouped(all.len());
    let broken = counts.broken + counts.throttled;
    let explained =
        told.diagnosis.findings.iter().filter(|f| !matches!(f.code, Code::OneWay | Code::Unexplained));
    let explained: BTreeSet<EdgeIx> = explained.flat_map(|finding| finding.pairs.iter().copied()).collect();
    let unexplained = broken.saturating_sub(explained.len());
    let what = &match unexplained {
        0 => DoctorText::AllExplained {}.text(style.lang),
        some => DoctorText::Unexplained { count: &grouped(some) }.text(style.lang),
    };
    let untried = counts.total().saturating_sub(counts.good() + broken);
    let healthy = told.diagnosis.is_healthy();
    let barred = told.case.nodes.iter().filter(|node| node.entry.is_err()).count();
    let closed = closed(told);
    let text = match () {
        () if told.case.preflight && healthy && barred > 0 => {
            DoctorText::ReadyBut { count: &grouped(barred), nodes, seconds }
        }
        () if told.case.preflight && healthy && closed > 0 => {
            DoctorText::ReadyUnseen { count: &grouped(closed), nodes, seconds }
        }
        () if told.case.preflight && healthy => DoctorText::Ready { nodes, seconds },
        () if told.case.preflight => DoctorText::NotReady { found: number, seconds },
        () if broken > 0 => DoctorText::Verdict { broken: &grouped(broken), pairs, what, seconds },
        () if !healthy && barred > 0 => DoctorText::Barred { count: &grouped(barred), nodes, seconds },
        () if !healthy => DoctorText::OnlyRisks { pairs, risks: number, seconds },
        () if untried > 0 => DoctorText::NotAllTried { untried: &grouped(untried), pairs, seconds },
        () if matches!(told.stage, Stage::Fixed(_)) => DoctorText::WellAgain { pairs, nodes, seconds },
        () => DoctorText::AllWell { pairs, nodes, seconds },
    };
    let tone = match () {
        () if healthy && (barred > 0 || untried > 0 || (told.case.preflight && closed > 0)) => Tone::Unknown,
        () if healthy => Tone::Good,
        () if broken > 0 || barred > 0 || told.case.preflight => Tone::Bad,
        () => Tone::Odd,
    };
    let mut lines = said(&text, tone, style);
    if told.case.preflight && closed > 0 {
        // A command, so it is not broken.
        let user = &label(&told.case.user);
        lines.push(DoctorText::AskRoot { user }.text(style.lang));
    }
    lines
}

/// How many nodes have files of sshd's settings that this user may not read.
fn closed(told: &Told<'_>) -> usize {
    told.unseen.iter().filter(|seen| seen.iter().flatten().any(|what| *what == Unseen::SshdFiles)).count()
}

/// Whether there is something that the program heals, beside what was treated in vain.
fn heals_more(told: &Told<'_>, fixed: &Fixed<'_>) -> bool {
    let stuck: BTreeSet<_> = stuck(told, fixed).findings.iter().map(key).collect();
    told.diagnosis.findings.iter().any(|finding| heals(finding) && !stuck.contains(&key(finding)))
}

/// What to type next. The command is not broken: it is there to be copied.
fn next(told: &Told<'_>, style: &Style) -> Vec<String> {
    let lang = style.lang;
    let healthy = told.diagnosis.is_healthy();
    let (text, note) = match (&told.stage, healthy) {
        (Stage::Found, true) if told.case.preflight && told.case.nodes.iter().all(|n| n.entry.is_ok()) => {
            (DoctorText::NextSetup { command: &told.next.setup }, None)
        }
        (_, true) => return Vec::new(),
        _ if is_planned(told) => return Vec::new(),
        (Stage::Found, false) if told.is_healed() && !told.case.preflight => {
            (DoctorText::NextFix { command: &told.next.fix }, Some(DoctorText::NextFixNote {}))
        }
        // What came to light only now.
        (Stage::Fixed(fixed), false) if heals_more(told, fixed) => {
            (DoctorText::NextFix { command: &told.next.fix }, None)
        }
        (Stage::Declined, false) => (DoctorText::NextFix { command: &told.next.fix }, None),
        _ => (DoctorText::NextAgain { command: &told.next.again }, None),
    };
    let mut lines = vec![style.paint(Tone::Head, &text.text(lang))];
    lines.extend(note.iter().flat_map(|note| wrap(&note.text(lang), style.width, "", "")));
    lines
}
