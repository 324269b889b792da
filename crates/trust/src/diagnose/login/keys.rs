//! Settings of sshd that refuse the key itself.

use sshfiles::PublicKey;

use super::edit::{comment_out, literal, put_first, replace};
use super::settings::Server;
use crate::diagnose::{Case, Code, Command, Finding};
use crate::observe::{Evidence, LoginSettings as Settings, Setting, accepts_key};
use crate::place::Place;
use crate::plan::fitting_type;
use crate::probe::EdgeIx;

/// One setting that refuses the key.
struct Refusal<'a> {
    pairs: Vec<EdgeIx>,
    lines: Vec<&'a Setting>,
    said: &'static str,
    cure: Vec<Command>,
}

/// `PubkeyAuthentication` and `PubkeyAcceptedAlgorithms`: one finding for both.
pub(super) fn keys_off(server: Server<'_>) -> Option<Finding> {
    let refusals: Vec<Refusal<'_>> =
        [switched_off(server), not_listed(server)].into_iter().flatten().collect();
    if refusals.is_empty() {
        return None;
    }
    let said: Vec<&str> = refusals.iter().map(|refusal| refusal.said).collect();
    let lines: Vec<&Setting> = refusals.iter().flat_map(|refusal| refusal.lines.iter().copied()).collect();
    let pairs = refusals.iter().flat_map(|refusal| refusal.pairs.iter().copied()).collect();
    let finding = server.finding(Code::PubkeyAuthOff, pairs, &lines, &said.join(", "));
    Some(finding.cure(server.by_hand(refusals.into_iter().flat_map(|refusal| refusal.cure).collect())))
}

fn switched_off(server: Server<'_>) -> Option<Refusal<'_>> {
    let pairs = server.refused(|settings, _| settings.no_keys)?;
    let lines = server.lines(&["PubkeyAuthentication"]);
    let by = "PubkeyAuthentication yes";
    let cure = lines.iter().map(|line| replace(line, "PubkeyAuthentication[[:space:]=]+[^[:space:]]+", by));
    let cure = or_first(cure.collect(), by);
    Some(Refusal { pairs, lines, said: "pubkeyauthentication no", cure })
}

fn not_listed(server: Server<'_>) -> Option<Refusal<'_>> {
    // What FIPS mode forbids is not a matter of settings.
    if server.evidence.state.ssh.fips {
        return None;
    }
    let kind = key_type(server.case);
    let refuses =
        |settings: &Settings| settings.algorithms.as_ref().is_some_and(|list| !accepts_key(list, &kind));
    let pairs = server.refused(|settings, _| refuses(settings))?;
    let lines = server.lines(&["PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"]);
    let cure = lines.iter().map(|line| accept(line, &kind)).collect();
    let cure = or_first(cure, &format!("PubkeyAcceptedAlgorithms +{kind}"));
    Some(Refusal { pairs, lines, said: "pubkeyacceptedalgorithms without the type of the key", cure })
}

fn or_first(commands: Vec<Command>, line: &str) -> Vec<Command> {
    if commands.is_empty() { vec![put_first(line)] } else { commands }
}

/// The type of the cluster's key: of the one that will be used if that is known, else of the one that is there. Before
/// trust is made one that a node refuses is replaced, so that the type counts that the set-up would choose.
fn key_type(case: &Case) -> String {
    if let Some(kind) = &case.key_type {
        return kind.clone();
    }
    let key = |evidence: &Evidence| {
        std::str::from_utf8(evidence.state.bytes(Place::PublicKey)).ok()?.parse::<PublicKey>().ok()
    };
    let states: Vec<_> = case.seen().map(|(_, _, evidence)| &evidence.state).collect();
    let stays =
        |key: &PublicKey| !case.preflight || states.iter().all(|state| state.takes_key(key.algorithm()));
    let known = case.seen().find_map(|(_, _, evidence)| key(evidence)).filter(stays);
    known.map_or_else(|| fitting_type(&states).name().to_owned(), |key| key.algorithm().to_owned())
}

/// Lets a line accept the type of key.
fn accept(line: &Setting, kind: &str) -> Command {
    let keyword = "(PubkeyAccepted[A-Za-z]+[[:space:]=]+)";
    let names = if kind == "ssh-rsa" { "rsa-sha2-512,rsa-sha2-256" } else { kind };
    let taken_away = line.text.split([' ', '=']).any(|word| word.starts_with('-'));
    if taken_away { comment_out(line) } else { replace(line, keyword, &format!("\\1{},", literal(names))) }
}
