//! `second-factor`: a key alone, or a password alone, is not enough.

use std::collections::BTreeSet;

use super::edit::{add_for_user, reload};
use super::settings::Server;
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, Factor, NoEntry};
use crate::inventory::NodeIx;
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

/// The findings about nodes that want more.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    (case.nodes.indices()).filter_map(|node| at(case, node)).collect()
}

/// What this machine met there: a key that was accepted and not enough, or a password.
fn met(case: &Case, node: NodeIx) -> Option<&ConnectError> {
    let known = case.node(node)?;
    let barred = match &known.entry {
        Err(NoEntry::Connect(error @ ConnectError::SecondFactor { .. })) => Some(error),
        _ => None,
    };
    barred.or(known.wants_more.as_ref())
}

fn at(case: &Case, node: NodeIx) -> Option<Finding> {
    let known = case.node(node)?;
    let met = met(case, node);
    let seen = known.evidence.as_ref().map(|evidence| Server { case, index: node, evidence });
    let configured = seen.and_then(|server| {
        let pairs = server.refused(|settings, _| demands_more(&settings.methods))?;
        Some((pairs, server.lines(&["AuthenticationMethods"])))
    });
    if met.is_none() && configured.is_none() {
        return None;
    }
    let mut finding = Finding::new(Code::SecondFactor, node);
    if let (Some(server), Some((pairs, lines))) = (seen, &configured) {
        finding = server.finding(
            Code::SecondFactor,
            pairs.clone(),
            lines,
            "authenticationmethods demand more than a key",
        );
    }
    let by_methods = match met {
        Some(ConnectError::SecondFactor { by_methods, .. }) => *by_methods,
        _ => true,
    };
    if let Some(error) = met {
        let source = format!("ssh {}@{}", case.user, case.label(node));
        finding = finding.seen_from_here(&source, &error.to_string()).bars(known.entry.is_err());
        finding = finding.explains(alike(case, node, error));
    }
    Some(cure(case, finding, by_methods))
}

/// The pairs that failed as this machine did: after a key that was accepted the server does not name `publickey` any more.
fn alike(case: &Case, node: NodeIx, met: &ConnectError) -> Vec<EdgeIx> {
    let by_key = matches!(met, ConnectError::SecondFactor { first: Factor::Key, .. });
    let refused: BTreeSet<EdgeIx> = case.pairs_to(node, &[Cause::KeyRefused]).into_iter().collect();
    let fits = |pair: &EdgeIx| by_key && case.edge(*pair).is_some_and(|edge| !offers_key(&edge.said));
    refused.into_iter().filter(fits).collect()
}

/// Whether the words of a refused call still name `publickey` among the methods.
fn offers_key(said: &str) -> bool {
    let listed = said.rsplit_once("Permission denied (").map_or("", |(_, rest)| rest);
    listed.split([',', ')']).any(|method| method == "publickey")
}

fn cure(case: &Case, finding: Finding, by_methods: bool) -> Finding {
    let node = finding.node;
    if by_methods {
        let methods = add_for_user(&case.user, "AuthenticationMethods publickey");
        return finding.cure(Cure::by_hand(node, ByHand::Security, [methods, reload(case, node)]));
    }
    // PAM's dialogue is not held with a key: what the program would do is carried there.
    let mut finding = finding;
    if let Some(here) = case.nodes.position(|node| node.local) {
        let bundle = Command::new("gs_sshexkey bundle -f HOSTFILE -o DIR");
        finding = finding.cure(Cure::by_hand(here, ByHand::NotEntered, [bundle]));
    }
    let user = sh_quote(&case.user);
    let look = Command::root(format!(
        "sshd -T -C user={user},host=localhost,addr=127.0.0.1 | grep -E '^(usepam|authenticationmethods|kbdinteractive)'; \
         grep -nE '^(auth|@include)' /etc/pam.d/sshd"
    ));
    finding.cure(Cure::by_hand(node, ByHand::Security, [look]))
}

/// Whether no list of `AuthenticationMethods` is fulfilled by one key.
fn demands_more(methods: &[String]) -> bool {
    !methods.is_empty() && !methods.iter().any(|list| matches!(list.as_str(), "publickey" | "any"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::sample::{healthy, short};

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

    #[test]
    fn a_key_that_was_accepted_and_not_enough_explains_the_pairs_that_met_the_same() {
        let error = |first, by_methods| ConnectError::SecondFactor {
            first,
            wants: "password".to_owned(),
            by_methods,
            passed: Vec::new(),
        };
        let after_key = "root@10.0.0.2: Permission denied (password,keyboard-interactive).";
        let no_key = "root@10.0.0.2: Permission denied (publickey,password).";
        // What this machine met, what the pairs say, how many are explained.
        let cases = [
            (error(Factor::Key, true), after_key, 2),
            (error(Factor::Key, true), no_key, 0),
            (error(Factor::Password, true), after_key, 0),
            (error(Factor::Password, false), no_key, 0),
        ];
        for (error, said, wanted) in cases {
            let mut case = healthy(3);
            case.bar(1, error.clone());
            case.break_column(1, &Cause::KeyRefused, said);
            let found = find(&case);
            assert_eq!(short(&found), [("second-factor", 1, wanted)], "{error} {said}");
            assert!(found[0].bars);
            // A node that was entered all the same, by the password too.
            let mut case = healthy(3);
            case.break_column(1, &Cause::KeyRefused, said);
            case.at(1).wants_more = Some(error.clone());
            assert_eq!(short(&find(&case)), [("second-factor", 1, wanted)], "{error} {said}");
        }
        assert_eq!(find(&healthy(3)), []);
    }

    #[test]
    fn a_cure_of_pam_does_not_switch_passwords_on() {
        let wants = "it asks \"Verification code:\"".to_owned();
        let error = ConnectError::SecondFactor {
            first: Factor::Password,
            wants,
            by_methods: false,
            passed: Vec::new(),
        };
        let mut case = healthy(2);
        case.preflight = true;
        case.bar(1, error);
        let cures = format!("{:?}", find(&case)[0].cures);
        assert!(cures.contains("gs_sshexkey bundle") && !cures.contains("PasswordAuthentication"), "{cures}");
    }
}
