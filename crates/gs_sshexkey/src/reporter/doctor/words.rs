//! Words for what the diagnosis names.

use sshtrust::check::Checked;
use sshtrust::diagnose::{ByHand, Case, Command};
use sshtrust::inventory::NodeIx;
use sshtrust::observe::Unseen;
use sshtrust::plan::Part;
use sshtrust::text::printable;

use crate::i18n::{DoctorText, Lang};
use crate::reporter::matrix::{label, who};

/// So many ranges of addresses are written.
const MOST_RANGES: usize = 8;

/// Nodes in words.
pub(super) fn nodes<'a>(
    checked: &Checked,
    nodes: impl IntoIterator<Item = &'a NodeIx>,
    lang: Lang,
) -> String {
    let nodes: Vec<NodeIx> = nodes.into_iter().copied().collect();
    who(checked, &nodes, MOST_RANGES, lang)
}

/// Why a person has to do it.
pub(crate) fn by_hand(why: ByHand, lang: Lang) -> String {
    let text = match why {
        ByHand::NotEntered => DoctorText::WhyNotEntered {},
        ByHand::NeedsRoot => DoctorText::WhyNeedsRoot {},
        ByHand::Security => DoctorText::WhySecurity {},
        ByHand::Revoked => DoctorText::WhyRevoked {},
        ByHand::Unconfirmed => DoctorText::WhyUnconfirmed {},
        ByHand::Judgement => DoctorText::WhyJudgement {},
        ByHand::NeedsPassword => DoctorText::WhyNeedsPassword {},
        ByHand::NotMade => DoctorText::WhyNotMade {},
        ByHand::Wait => DoctorText::WhyWait {},
    };
    text.text(lang)
}

/// What is restored.
pub(crate) fn part(part: &Part, lang: Lang) -> String {
    let text = match part {
        Part::Key => DoctorText::PartKey {},
        Part::Authorize(_) | Part::Admit(_) => DoctorText::PartAuthorize {},
        Part::HostKeys(_) => DoctorText::PartHostKeys {},
        Part::Config => DoctorText::PartConfig {},
        Part::Profile => DoctorText::PartProfile {},
        Part::Mapping => DoctorText::PartMapping {},
        Part::Agent => DoctorText::PartAgent {},
        Part::Keepalive => DoctorText::PartKeepalive {},
    };
    text.text(lang)
}

/// A list of parts, each kind once.
pub(super) fn parts<'a>(parts: impl IntoIterator<Item = &'a Part>, lang: Lang) -> String {
    let mut words: Vec<String> = Vec::new();
    for part in parts {
        let word = self::part(part, lang);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(comma(lang))
}

/// What stands between the items of a list.
pub(super) const fn comma(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ", ",
        Lang::Zh => "、",
    }
}

/// What was not seen.
pub(super) fn unseen(what: Unseen, lang: Lang) -> String {
    let text = match what.as_str() {
        "sshd-settings" => DoctorText::UnseenSettings {},
        "sshd-files" => DoctorText::UnseenFiles {},
        "firewall" => DoctorText::UnseenFirewall {},
        "log" => DoctorText::UnseenLog {},
        "account" => DoctorText::UnseenAccount {},
        "selinux" => DoctorText::UnseenSelinux {},
        "acl" => DoctorText::UnseenAcl {},
        word => return DoctorText::UnseenOther { word: &word }.text(lang),
    };
    text.text(lang)
}

/// Who runs a command.
pub(super) fn runner(command: &Command, case: &Case) -> String {
    if command.as_root { "root".to_owned() } else { label(&case.user) }
}

/// A command, line by line, as it is typed. Nothing is cut off: it is there to be copied.
pub(crate) fn typed(command: &Command) -> Vec<String> {
    let harmless = |line: &str| {
        let mut out = String::new();
        for c in line.chars() {
            match c {
                ' ' | '\t' => out.push(' '),
                c => out.push_str(&printable(c.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        out.trim_end().to_owned()
    };
    command.run.split('\n').map(harmless).filter(|line| !line.is_empty()).collect()
}
