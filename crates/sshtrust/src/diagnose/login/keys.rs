//! Settings of sshd that refuse the key itself.

use sshfiles::PublicKey;

use super::edit::{add_for_user, comment_out, literal, put_first, replace};
use super::patterns::matches;
use super::settings::Place;
use crate::diagnose::{Case, Code, Command, Finding};
use crate::observe::{Evidence, LoginSettings as Settings, Setting};

/// One setting that refuses the key.
struct Part<'a> {
    pairs: Vec<usize>,
    lines: Vec<&'a Setting>,
    said: &'static str,
    cure: Vec<Command>,
}

/// `PubkeyAuthentication`, `PubkeyAcceptedAlgorithms`, `AuthenticationMethods`: one finding for all of them.
pub(super) fn keys_off(place: Place<'_>) -> Option<Finding> {
    let parts: Vec<Part<'_>> =
        [switched_off(place), not_listed(place), more_demanded(place)].into_iter().flatten().collect();
    if parts.is_empty() {
        return None;
    }
    let said: Vec<&str> = parts.iter().map(|part| part.said).collect();
    let lines: Vec<&Setting> = parts.iter().flat_map(|part| part.lines.iter().copied()).collect();
    let pairs = parts.iter().flat_map(|part| part.pairs.iter().copied()).collect();
    let finding = place.finding(Code::PubkeyAuthOff, pairs, &lines, &said.join(", "));
    Some(finding.cure(place.by_hand(parts.into_iter().flat_map(|part| part.cure).collect())))
}

fn switched_off(place: Place<'_>) -> Option<Part<'_>> {
    let pairs = place.refused(|settings, _| settings.no_keys)?;
    let lines = place.lines(&["PubkeyAuthentication"]);
    let by = "PubkeyAuthentication yes";
    let cure = lines.iter().map(|line| replace(line, "PubkeyAuthentication[[:space:]=]+[^[:space:]]+", by));
    let cure = or_first(cure.collect(), by);
    Some(Part { pairs, lines, said: "pubkeyauthentication no", cure })
}

fn not_listed(place: Place<'_>) -> Option<Part<'_>> {
    // What FIPS mode forbids is not a matter of settings.
    if place.evidence.state.ssh.fips {
        return None;
    }
    let kind = key_type(place.case);
    let refuses =
        |settings: &Settings| settings.algorithms.as_ref().is_some_and(|list| !accepts(list, &kind));
    let pairs = place.refused(|settings, _| refuses(settings))?;
    let lines = place.lines(&["PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"]);
    let cure = lines.iter().map(|line| accept(line, &kind)).collect();
    let cure = or_first(cure, &format!("PubkeyAcceptedAlgorithms +{kind}"));
    Some(Part { pairs, lines, said: "pubkeyacceptedalgorithms without the type of the key", cure })
}

fn more_demanded(place: Place<'_>) -> Option<Part<'_>> {
    let pairs = place.refused(|settings, _| demands_more(&settings.methods))?;
    let lines = place.lines(&["AuthenticationMethods"]);
    let cure = vec![add_for_user(&place.case.user, "AuthenticationMethods publickey")];
    Some(Part { pairs, lines, said: "authenticationmethods demand more than a key", cure })
}

fn or_first(commands: Vec<Command>, line: &str) -> Vec<Command> {
    if commands.is_empty() { vec![put_first(line)] } else { commands }
}

/// The type of the cluster's key; Ed25519 unless a node has another one.
fn key_type(case: &Case) -> String {
    let key = |evidence: &Evidence| {
        std::str::from_utf8(evidence.state.bytes("id_om.pub")).ok()?.parse::<PublicKey>().ok()
    };
    let known = case.seen().find_map(|(_, _, evidence)| key(evidence));
    known.map_or_else(|| "ssh-ed25519".to_owned(), |key| key.algorithm().to_owned())
}

/// Whether a list of `PubkeyAcceptedAlgorithms` has an algorithm for this type of key.
fn accepts(list: &str, kind: &str) -> bool {
    let names: &[&str] =
        if kind == "ssh-rsa" { &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] } else { &[kind] };
    let has = |list: &str, name: &str| list.split(',').any(|pattern| matches(name, pattern));
    match list.strip_prefix('-') {
        Some(removed) => names.iter().any(|name| !has(removed, name)),
        None => list.starts_with(['+', '^']) || names.iter().any(|name| has(list, name)),
    }
}

/// Lets a line accept the type of key.
fn accept(line: &Setting, kind: &str) -> Command {
    let keyword = "(PubkeyAccepted[A-Za-z]+[[:space:]=]+)";
    let names = if kind == "ssh-rsa" { "rsa-sha2-512,rsa-sha2-256" } else { kind };
    let taken_away = line.text.split([' ', '=']).any(|word| word.starts_with('-'));
    if taken_away { comment_out(line) } else { replace(line, keyword, &format!("\\1{},", literal(names))) }
}

/// Whether no list of `AuthenticationMethods` is fulfilled by one key.
fn demands_more(methods: &[String]) -> bool {
    !methods.is_empty() && !methods.iter().any(|list| matches!(list.as_str(), "publickey" | "any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_algorithms() {
        let cases = [
            ("ssh-ed25519,rsa-sha2-512", "ssh-ed25519", true),
            ("rsa-sha2-512", "ssh-ed25519", false),
            ("rsa-sha2-512", "ssh-rsa", true),
            ("ecdsa-*", "ecdsa-sha2-nistp256", true),
            ("+ssh-rsa", "ssh-ed25519", true),
            ("-ssh-ed25519*", "ssh-ed25519", false),
            ("-ssh-rsa", "ssh-rsa", true),
        ];
        for (list, kind, wanted) in cases {
            assert_eq!(accepts(list, kind), wanted, "{list} {kind}");
        }
    }

    #[test]
    fn methods() {
        let cases: [(&[&str], bool); 5] = [
            (&[], false),
            (&["any"], false),
            (&["publickey"], false),
            (&["publickey,password"], true),
            (&["publickey,password", "publickey"], false),
        ];
        for (methods, wanted) in cases {
            let methods: Vec<String> = methods.iter().map(|m| (*m).to_owned()).collect();
            assert_eq!(demands_more(&methods), wanted, "{methods:?}");
        }
    }
}
