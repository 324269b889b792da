//! Which of a caller's settings break a call.

use std::net::IpAddr;

use sshfiles::SshConfig;

use crate::diagnose::Case;
use crate::observe::{ClientCall, Evidence};
use crate::place::Place;
use crate::probe::{Cause, TrustEdge};

/// What breaks a call.
#[derive(Clone)]
pub(super) struct Blame {
    /// The settings: keyword and value, as `ssh -G` prints them.
    pub(super) settings: Vec<(String, String)>,
    /// The call was seen to work without them.
    pub(super) tried: bool,
}

/// What is to blame for a call that fails; `None`: nothing in the settings, as far as was seen.
pub(super) fn blame(case: &Case, evidence: &Evidence, edge: &TrustEdge, call: &ClientCall) -> Option<Blame> {
    let all: Vec<&(String, String)> =
        call.with.iter().filter(|(keyword, _)| counts(evidence, edge, keyword)).collect();
    let guilty = |pair: &&&(String, String)| breaks(case, evidence, edge, call, &pair.0, &pair.1);
    let surely: Vec<&(String, String)> = all.iter().filter(guilty).copied().collect();
    // A server that turns callers away may let the next one in by chance.
    let tried = call.works_without && (!edge.cause.is_throttling() || !surely.is_empty());
    if all.is_empty() || (surely.is_empty() && !tried) {
        return None;
    }
    let kind = of_kind(&edge.said);
    let fits: Vec<&(String, String)> =
        all.iter().filter(|(keyword, _)| kind.contains(&keyword.as_str())).copied().collect();
    let chosen = if !surely.is_empty() {
        surely
    } else if !fits.is_empty() {
        fits
    } else {
        all
    };
    Some(Blame { settings: chosen.into_iter().cloned().collect(), tried })
}

/// Whether a setting is no other rule's business: that `ssh` does not find the tool's key is the agent's, where the block is
/// missing that says so.
fn counts(evidence: &Evidence, edge: &TrustEdge, keyword: &str) -> bool {
    let about_keys = matches!(keyword, "identityfile" | "identityagent");
    let has_key = evidence.state.entry(Place::PrivateKey).exists();
    let named = || {
        let known = SshConfig::parse(evidence.state.bytes(Place::Config)).block_entries();
        known.iter().any(|known| known.address == edge.host || known.name == edge.host)
    };
    !about_keys || !has_key || named()
}

/// The keywords that words of `ssh` are about.
fn of_kind(said: &str) -> &'static [&'static str] {
    const KINDS: [(&str, &[&str]); 7] = [
        ("key exchange method", &["kexalgorithms"]),
        ("host key type", &["hostkeyalgorithms"]),
        ("cipher", &["ciphers"]),
        ("MAC", &["macs"]),
        ("mutual signature", &["pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes"]),
        ("host key is known", &["hostkeyalgorithms", "hostkeyalias", "userknownhostsfile"]),
        ("revoked", &["revokedhostkeys"]),
    ];
    KINDS.iter().find(|(words, _)| said.contains(words)).map_or(&[], |(_, keywords)| keywords)
}

/// Whether a setting by itself makes the call fail in the way in which it failed, whatever the called node does.
fn breaks(
    case: &Case,
    evidence: &Evidence,
    edge: &TrustEdge,
    call: &ClientCall,
    keyword: &str,
    value: &str,
) -> bool {
    let cause = &edge.cause;
    let set = !value.is_empty() && !value.eq_ignore_ascii_case("none");
    let late =
        matches!(cause, Cause::KeyRefused | Cause::NoLogin | Cause::PasswordExpired | Cause::AgentUseless);
    let host_key = matches!(cause, Cause::HostKeyUnknown | Cause::HostKeyChanged | Cause::HostKeyRevoked);
    // Of values that add up, and of lists, nobody can say so.
    match keyword {
        "hostname" => leads_away(case, edge, value),
        "port" => true,
        // Through one that works the callee answers itself.
        "proxycommand" | "proxyjump" => set && !late && !host_key,
        "user" => late,
        "pubkeyauthentication" => matches!(value, "no" | "false") && late,
        "preferredauthentications" => late && !value.split(',').any(|method| method == "publickey"),
        "userknownhostsfile" => host_key && !reads_own(evidence, value),
        "hostkeyalias" => set && host_key,
        "remotecommand" | "refuseconnection" => set && matches!(cause, Cause::Other),
        "sessiontype" => value != "default" && matches!(cause, Cause::Other | Cause::Hung | Cause::NoLogin),
        "addressfamily" => matches!(cause, Cause::NameUnknown | Cause::Other) && call.works_without,
        "bindaddress" | "bindinterface" => set && edge.said.contains("bind"),
        _ => false,
    }
}

/// Whether a host name of the settings is not the called node. Where another name leads, only the caller can say.
fn leads_away(case: &Case, edge: &TrustEdge, value: &str) -> bool {
    let ip = case.node(edge.to).map(|node| node.spec.ip);
    match value.parse::<IpAddr>() {
        Ok(value) => Some(value) != ip,
        Err(_) if value.eq_ignore_ascii_case(&edge.host) => false,
        Err(_) => matches!(edge.cause, Cause::NameUnknown | Cause::WrongAddress { .. }),
    }
}

/// Whether the user's own file of host keys is among those that are read.
fn reads_own(evidence: &Evidence, value: &str) -> bool {
    let own = format!("{}/.ssh/known_hosts", evidence.state.home);
    value.split_whitespace().any(|path| path == own || path == "~/.ssh/known_hosts")
}
