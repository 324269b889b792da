//! `gs_sshexkey bundle --collect`: what the nodes answered.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sshtrust::bundle::{
    Answer, FINISH, KnownHosts, LARGEST_ANSWER, PublicKey, admit, answer_name, finish_script, merge,
    parse_answer, settle_names, twins,
};
use sshtrust::inventory::{Cluster, NodeSpec};
use sshtrust::session::HostKeyConflict;
use sshtrust::text::printable;

use super::RUN;
use super::folder::{Folder, shown};
use super::machine::put_known_hosts;
use crate::args::Bundle;
use crate::errors::{self, NoAnswer, Report};
use crate::host::{self, User};
use crate::i18n::{BundleText, Lang};
use crate::reporter::Classic;

/// The files of the system in which ssh(1) looks for host keys, behind the two of the user.
const SYSTEM_RECORDS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// What the nodes said.
#[derive(Default)]
struct Heard {
    answers: Vec<(NodeSpec, Answer)>,
    without: Vec<(NodeSpec, NoAnswer)>,
    conflicts: Vec<(NodeSpec, HostKeyConflict)>,
}

/// The second round: the answers. Nodes without one are named at the end, when the rest is done.
pub(super) fn collect(words: &Bundle, cluster: &Cluster, screen: &Classic) -> Result<(), Report> {
    let user = host::user()?;
    let folder = Folder::open(&words.folder)?;
    let records = records(&user.home)?;
    let mut heard = hear(&folder, cluster, &user, &records);
    let troubles = troubles(&heard, &folder);
    for (node, name) in settle_names(&records, &mut heard.answers) {
        screen.hint(&BundleText::NameLeftOut { node: &node, name: &name }.text(words.lang));
    }
    if !heard.answers.is_empty() {
        show(words.lang, &heard.answers, screen);
        remember(words.lang, &user, records, &heard.answers, screen)?;
        folder.write(FINISH, finish_script(&user.name, &heard.answers).as_bytes(), RUN)?;
        screen.say(&BundleText::WroteFinish { path: &shown(&folder.path(FINISH)) }.text(words.lang));
    }
    match troubles {
        Some(report) => Err(report),
        None => {
            screen.say(&BundleText::WaysOn { user: &printable(user.name.as_bytes()) }.text(words.lang));
            Ok(())
        }
    }
}

fn hear(folder: &Folder, cluster: &Cluster, user: &User, records: &[(PathBuf, KnownHosts)]) -> Heard {
    let mut heard = Heard::default();
    for node in &cluster.nodes {
        let answer = match folder.read(&answer_name(*node), LARGEST_ANSWER) {
            Ok(Some(bytes)) => parse_answer(&bytes, *node, &user.name).map_err(NoAnswer::from),
            Ok(None) => Err(NoAnswer::Missing),
            Err(error) => Err(NoAnswer::Unreadable(error.to_string())),
        };
        match answer {
            Ok(answer) => match admit(records, *node, &answer) {
                Ok(()) => heard.answers.push((*node, answer)),
                Err(conflict) => heard.conflicts.push((*node, *conflict)),
            },
            Err(why) => heard.without.push((*node, why)),
        }
    }
    heard
}

fn troubles(heard: &Heard, folder: &Folder) -> Option<Report> {
    let without = (!heard.without.is_empty()).then(|| errors::answers(&heard.without, &folder.shown()));
    let conflicts = (!heard.conflicts.is_empty()).then(|| errors::conflicts(&heard.conflicts));
    [without, conflicts].into_iter().flatten().reduce(Report::and)
}

/// Fingerprints, for a person to compare.
fn show(lang: Lang, answers: &[(NodeSpec, Answer)], screen: &Classic) {
    screen.say(&BundleText::Compare {}.text(lang));
    for (node, answer) in answers {
        screen.say(&node.to_string());
        for key in &answer.host_keys {
            let (kind, fingerprint) = words(key);
            screen.say(&BundleText::HostKey { kind: &kind, fingerprint: &fingerprint }.text(lang));
        }
        let (kind, fingerprint) = words(&answer.public_key);
        screen.say(&BundleText::UserKey { kind: &kind, fingerprint: &fingerprint }.text(lang));
    }
    for (one, other) in twins(answers) {
        screen.hint(&BundleText::Twins { one: &one, other: &other }.text(lang));
    }
}

fn words(key: &PublicKey) -> (String, String) {
    (key.algorithm().to_owned(), key.fingerprint())
}

/// Adds the nodes to the user's `known_hosts`, which is the first of the records.
fn remember(
    lang: Lang,
    user: &User,
    records: Vec<(PathBuf, KnownHosts)>,
    answers: &[(NodeSpec, Answer)],
    screen: &Classic,
) -> Result<(), Report> {
    let Some((path, mut known)) = records.into_iter().next() else { return Ok(()) };
    let before = known.to_bytes();
    for replaced in merge(&mut known, answers) {
        let (kind, fingerprint) = words(&replaced.old);
        let text = BundleText::Replaced { node: &replaced.node, kind: &kind, fingerprint: &fingerprint };
        screen.say(&text.text(lang));
    }
    let after = known.to_bytes();
    let (path, count) = (&shown(&path), &answers.len());
    let text = if after == before {
        BundleText::KnownBefore { path, count }
    } else {
        put_known_hosts(user, &after)?;
        BundleText::Recorded { path, count }
    };
    screen.say(&text.text(lang));
    Ok(())
}

fn records(home: &Path) -> Result<Vec<(PathBuf, KnownHosts)>, Report> {
    let own = [".ssh/known_hosts", ".ssh/known_hosts2"].map(|name| home.join(name));
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => Ok((path, KnownHosts::parse(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok((path, KnownHosts::parse(&[]))),
        Err(error) => {
            let path = shown(&path);
            Err(Report::new("50204", &format!("Failed to read {path}. {error}"))
                .cure(&format!("Give the user the right to read it: chown and chmod {path}.")))
        }
    };
    own.into_iter().chain(SYSTEM_RECORDS.map(PathBuf::from)).map(read).collect()
}
