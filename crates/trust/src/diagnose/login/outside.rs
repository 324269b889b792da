//! Nodes that keep the coordinator out: what can be said of them from outside.

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, NoEntry};
use crate::probe::Cause;
use crate::text::sh_quote;

use super::account::look_at_pam;
use super::edit::{put_first, reload};
use crate::inventory::NodeIx;

/// The findings about nodes that take no password, or not this one.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    (case.nodes.indices()).filter_map(|node| barred(case, node)).collect()
}

fn barred(case: &Case, node: NodeIx) -> Option<Finding> {
    let why = case.node(node)?.entry.as_ref().err()?;
    let finding = match why {
        NoEntry::WrongPassword => refused(case, node),
        NoEntry::NoPassword(_) => not_given(case, node),
        NoEntry::Connect(ConnectError::NoPasswordMethod { .. }) => takes_none(case, node),
        NoEntry::Connect(ConnectError::AccountRefused { .. }) => kept_out(case, node),
        _ => return None,
    };
    // Nobody can look why the node takes the callers' keys no more; but as it takes no password either, that is where
    // to begin.
    let finding = finding.explains(case.pairs_to(node, &[Cause::KeyRefused]));
    let source = format!("ssh {}@{}", case.user, case.label(node));
    Some(finding.bars(true).seen_from_here(&source, &why.to_string()))
}

/// The password was refused: the user is not there, has another password, is locked, or is not let in.
fn refused(case: &Case, node: NodeIx) -> Finding {
    let user = sh_quote(&case.user);
    let settings = "^(permitrootlogin|allowusers|denyusers|allowgroups|denygroups|pubkeyauthentication) ";
    // PAM may want a second factor, for which sshd gives it the password once more: that looks the same.
    let factors = "pam_(google_authenticator|oath|duo|radius|u2f|yubico|otp|faillock|tally2|access)";
    let commands = [
        Command::root(format!("id {user}")),
        Command::root(format!(
            "sshd -T -C user={user},host=localhost,addr=127.0.0.1 | grep -E {}",
            sh_quote(settings)
        )),
        Command::root(format!("grep -nE {} /etc/pam.d/sshd /etc/pam.d/*-auth || :", sh_quote(factors))),
        Command::root(format!("! command -v faillock >/dev/null || faillock --user {user}")),
        Command::root(format!("passwd {user}")),
    ];
    let cure = Cure::by_hand(node, ByHand::Security, commands);
    Finding::new(Code::PasswordRefused, node).likely().cure(cure)
}

/// Nobody gave a password, so nobody could look.
fn not_given(case: &Case, node: NodeIx) -> Finding {
    let here = case.nodes.position(|node| node.local).unwrap_or(node);
    let preflight = if case.preflight { " --preflight" } else { "" };
    let again = Command::new(format!("gs_sshexkey doctor{preflight} -f HOSTFILE --password-file FILE"));
    Finding::new(Code::NoPassword, node).likely().cure(Cure::by_hand(here, ByHand::NeedsPassword, [again]))
}

/// It hangs up on whoever has proven to be the user: callers hear no more than that the connection was closed.
fn kept_out(case: &Case, node: NodeIx) -> Finding {
    let pairs = case.pairs_to(node, &[Cause::ClosedEarly, Cause::HungUp, Cause::NoLogin]);
    let cure = Cure::by_hand(node, ByHand::Judgement, look_at_pam(&case.user));
    Finding::new(Code::AccountNotAllowed, node).likely().explains(pairs).cure(cure)
}

/// It takes no password, at least not as the first step: what the program would do is carried there. From outside a list of
/// methods that begins with a key looks the same, so it is asked first.
fn takes_none(case: &Case, node: NodeIx) -> Finding {
    let mut finding = Finding::new(Code::PasswordAuthOff, node).likely();
    if let Some(here) = case.nodes.position(|node| node.local) {
        let bundle = Command::new("gs_sshexkey bundle -f HOSTFILE -o DIR");
        finding = finding.cure(Cure::by_hand(here, ByHand::NotEntered, [bundle]));
    }
    let user = sh_quote(&case.user);
    let look = Command::root(format!(
        "sshd -T -C user={user},host=localhost,addr=127.0.0.1 | \
         grep -E '^(passwordauthentication|kbdinteractiveauthentication|challengeresponseauthentication|authenticationmethods) '"
    ));
    let switch_on = [look, put_first("PasswordAuthentication yes"), reload(case, node)];
    finding.cure(Cure::by_hand(node, ByHand::Security, switch_on))
}
