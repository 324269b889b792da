//! What to do about a caller's settings.

use std::collections::{BTreeMap, BTreeSet};

use sshfiles::{ClientSetting, SshConfig, public_half};

use super::Broken;
use crate::diagnose::{ByHand, Command, Cure};
use crate::inventory::NodeIx;
use crate::observe::{ClientCall, Evidence};
use crate::place::Place;
use crate::plan::Part;
use crate::text::sh_quote;

/// A host, what is known of a call of it or of one like it, and the settings that are to blame.
type Blamed<'a> = (&'a str, &'a ClientCall, &'a [(String, String)]);

/// So many hosts stand on a line.
const HOSTS_A_LINE: usize = 20;

/// The block that the set-up writes is put at the top again, where that is enough; else the edit is printed: lines for these
/// hosts above all others, and comments made of lines that nothing can outweigh.
pub(super) fn cure(node: NodeIx, evidence: &Evidence, broken: &[Broken<'_>]) -> Cure {
    let settings: BTreeSet<&str> = broken
        .iter()
        .flat_map(|one| one.blame.settings.iter().map(|(keyword, _)| keyword.as_str()))
        .collect();
    let blamed = broken.iter().map(|one| (one.edge.host.as_str(), one.call, one.blame.settings.as_slice()));
    let commands = by_hand(evidence, &blamed.collect::<Vec<_>>());
    let has_key = public_half(evidence.state.bytes(Place::PrivateKey)).is_some();
    if has_key && settings.iter().all(|keyword| is_in_block(keyword)) {
        return Cure::restore(node, [Part::Config], commands);
    }
    Cure::by_hand(node, ByHand::Judgement, commands)
}

/// The same before there is trust: of settings that no block outweighs. They stand in the way of the calls to all nodes.
pub(super) fn ahead(
    node: NodeIx,
    evidence: &Evidence,
    call: &ClientCall,
    settings: &[(String, String)],
) -> Cure {
    Cure::by_hand(node, ByHand::Judgement, by_hand(evidence, &[("*", call, settings)]))
}

/// Whether the block says something of a keyword.
fn is_in_block(keyword: &str) -> bool {
    let fixed = ["hostname", "port", "user", "identityagent", "proxyjump"];
    fixed.contains(&keyword) || SshConfig::needs().any(|(need, _)| need.eq_ignore_ascii_case(keyword))
}

fn by_hand(evidence: &Evidence, blamed: &[Blamed<'_>]) -> Vec<Command> {
    let mut outweighed: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
    let mut lines: BTreeSet<(String, usize)> = BTreeSet::new();
    for (host, call, settings) in blamed {
        let mut above: Vec<String> = Vec::new();
        for (keyword, value) in *settings {
            let place = evidence.client.place(&evidence.state.home, &call.host, keyword, value);
            match instead(evidence, call, keyword, place.as_ref()) {
                // What no host is to have goes where it stands.
                Some(lines) if *host != "*" || place.is_none() => {
                    let new: Vec<String> = lines.into_iter().filter(|line| !above.contains(line)).collect();
                    above.extend(new);
                }
                _ => lines.extend(place.map(|place| (place.path, place.line))),
            }
        }
        if !above.is_empty() {
            outweighed.entry(above).or_default().push(host);
        }
    }
    // Before lines move.
    let mut commands: Vec<Command> =
        lines.iter().map(|(path, line)| leave_out(evidence, path, *line)).collect();
    for (above, hosts) in &outweighed {
        commands.extend(hosts.chunks(HOSTS_A_LINE).map(|hosts| put_above(hosts, above)));
    }
    if commands.is_empty()
        && let Some((_, call, _)) = blamed.first()
    {
        commands.push(Command::new(format!("ssh -v -G {}", sh_quote(&call.host))));
    }
    commands
}

/// What outweighs a setting where it stands first; `None`: nothing does.
fn instead(
    evidence: &Evidence,
    call: &ClientCall,
    keyword: &str,
    place: Option<&ClientSetting>,
) -> Option<Vec<String>> {
    if let Some((need, value)) = SshConfig::needs().find(|(need, _)| need.eq_ignore_ascii_case(keyword)) {
        return Some(vec![format!("{need} {value}")]);
    }
    let written = place.and_then(|place| place.text.split([' ', '\t', '=']).next());
    let spelt = written.filter(|word| word.eq_ignore_ascii_case(keyword)).unwrap_or(keyword);
    let without = || call.without.iter().find(|(known, _)| known == keyword).map(|(_, value)| value.clone());
    let neutral = match keyword {
        "hostname" => "%h".to_owned(),
        "proxyjump" => return Some(vec!["ProxyCommand none".to_owned()]),
        "remotecommand" => "none".to_owned(),
        "sessiontype" => "default".to_owned(),
        // With a plus sign the defaults count, of which this is one everywhere.
        "kexalgorithms" => "+curve25519-sha256".to_owned(),
        "ciphers" => "+aes256-ctr".to_owned(),
        "macs" => "+hmac-sha2-256".to_owned(),
        "hostkeyalgorithms" | "pubkeyacceptedalgorithms" | "pubkeyacceptedkeytypes" => {
            "+ssh-ed25519".to_owned()
        }
        // Keys that are named first are tried first.
        "identityfile" | "identitiesonly" => {
            let mut keys: Vec<String> = evidence.keys.own.keys().map(|kind| format!("id_{kind}")).collect();
            keys.extend(evidence.state.entry(Place::PrivateKey).exists().then(|| "id_om".to_owned()));
            let lines: Vec<String> = keys.iter().map(|key| format!("IdentityFile ~/.ssh/{key}")).collect();
            return Some(lines).filter(|lines| !lines.is_empty());
        }
        // They add up, or nothing stands for their absence.
        "certificatefile" | "localforward" | "remoteforward" | "dynamicforward" | "hostkeyalias"
        | "bindaddress" | "bindinterface" | "refuseconnection" => return None,
        _ => without()?,
    };
    (!neutral.is_empty()).then(|| vec![format!("{spelt} {neutral}")])
}

/// Makes a comment of a line.
fn leave_out(evidence: &Evidence, path: &str, line: usize) -> Command {
    let quoted = sh_quote(path);
    let own = path.starts_with(&format!("{}/", evidence.state.home));
    let run = format!("sed -i '{line}s/^/#/' {quoted}");
    let command = if own { Command::new(run) } else { Command::root(run) };
    command.undo(format!("sed -i '{line}s/^#//' {quoted}"))
}

/// Puts lines for hosts above all others of the user's. What they said before they say still.
fn put_above(hosts: &[&str], lines: &[String]) -> Command {
    let first = format!("Host {}", hosts.join(" "));
    let lines = std::iter::once(first).chain(lines.iter().map(|line| format!("  {line}")));
    let lines: Vec<String> = lines.chain(["Match all".to_owned()]).map(|line| sh_quote(&line)).collect();
    let file = "~/.ssh/config";
    Command::new(format!(
        "(umask 077 && {{ printf '%s\\n' {}; cat {file} 2>/dev/null || :; }} >{file}.gs_new && cat {file}.gs_new >{file} \
         && rm {file}.gs_new)",
        lines.join(" ")
    ))
}
