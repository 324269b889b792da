//! `gs_sshexkey bundle`: trust by hand.

mod collect;
mod folder;
mod machine;

use sshtrust::bundle::{README, node_script, readme, script_name};
use sshtrust::inventory::Cluster;

use self::folder::{Folder, shown};
use self::machine::{Keys, keys};
use super::setup::unwritable_log;
use super::source;
use crate::args::Bundle;
use crate::errors::Report;
use crate::host;
use crate::i18n::{BundleText, Lang};
use crate::log::Log;
use crate::reporter::Classic;

/// Most nodes that are listed on the screen.
const MOST_LISTED: usize = 20;
/// Scripts are run, the rest is read; by their owner.
const RUN: u32 = 0o700;
const READ: u32 = 0o600;

/// Runs it. The error was already shown.
pub(crate) fn run(words: &Bundle) -> Result<(), ()> {
    let log = match &words.log {
        Some(path) => Log::open(path).map_err(|(path, e)| unwritable_log(&path, &e)),
        None => Ok(Log::default()),
    };
    let (log, early) = match log {
        Ok(log) => (log, Ok(())),
        Err(report) => (Log::default(), Err(report)),
    };
    let screen = Classic::new(log, true, words.lang);
    let work = || {
        let cluster = source::read(&words.source)?;
        if words.collect {
            return collect::collect(words, &cluster, &screen);
        }
        write(words, &cluster, &screen)
    };
    early.and_then(|()| work()).map_err(|report| screen.error(&report))
}

/// The first round: a script for each node.
fn write(words: &Bundle, cluster: &Cluster, screen: &Classic) -> Result<(), Report> {
    let user = host::user()?;
    let folder = Folder::make(&words.folder)?;
    let keys = keys(&user, cluster.nodes.as_slice())?;
    let wanted: Vec<String> = cluster.nodes.iter().map(|node| script_name(*node)).collect();
    folder.remove_scripts_but(&wanted)?;
    for (node, name) in cluster.nodes.iter().zip(&wanted) {
        folder.write(name, node_script(&user.name, *node, &keys.guests).as_bytes(), RUN)?;
    }
    folder.write(README, readme(&user.name, cluster.nodes.as_slice()).as_bytes(), READ)?;
    tell(words.lang, cluster, &user.name, &keys, &folder, screen);
    Ok(())
}

fn tell(lang: Lang, cluster: &Cluster, user: &str, keys: &Keys, folder: &Folder, screen: &Classic) {
    let say = |text: BundleText<'_>| screen.say(&text.text(lang));
    let user = &sshtrust::text::printable(user.as_bytes());
    let path = &shown(&keys.path);
    if keys.made {
        say(BundleText::MadeKey { path });
    } else if !keys.open {
        screen.hint(&BundleText::NoOpenKey { path }.text(lang));
    }
    say(BundleText::LetsIn { user });
    for guest in &keys.guests {
        say(BundleText::UserKey { kind: &guest.key.algorithm(), fingerprint: &guest.key.fingerprint() });
    }
    say(BundleText::Wrote { count: &cluster.nodes.len(), folder: &folder.shown() });
    say(BundleText::NextRun { user });
    for node in cluster.nodes.iter().take(MOST_LISTED) {
        say(BundleText::Run { node, script: &script_name(*node) });
    }
    match cluster.nodes.len().saturating_sub(MOST_LISTED) {
        0 => {}
        count => say(BundleText::MoreNodes { count: &count }),
    }
    say(BundleText::NextCollect { folder: &folder.shown() });
}
