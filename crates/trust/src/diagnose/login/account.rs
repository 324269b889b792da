//! Rules about the state of an account: expired, locked, kept out by a file.

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::enter::{ConnectError, NoEntry};
use crate::inventory::NodeIx;
use crate::observe::Evidence;
use crate::probe::{Cause, EdgeIx};
use crate::text::sh_quote;

const A_DAY: i64 = 86_400;

/// The findings about the state of accounts.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    (case.nodes.indices())
        .flat_map(|node| {
            let kept_out = closed_to_all(case, node).or_else(|| kept_out_by_pam(case, node));
            [expired(case, node), locked(case, node), kept_out]
        })
        .flatten()
        .collect()
}

/// Why the coordinator could not enter, in the words of the node.
pub(super) fn refusal(case: &Case, node: NodeIx) -> Option<String> {
    case.node(node)?.entry.as_ref().err().map(NoEntry::to_string)
}

/// What an account or a password has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// A new password is demanded.
    MustChange,
    /// The account is closed.
    Closed,
}

fn told(text: &str) -> Option<Age> {
    if text.contains("account has expired") {
        return Some(Age::Closed);
    }
    let signs = ["Password change required", "password has expired"];
    signs.iter().any(|sign| text.contains(sign)).then_some(Age::MustChange)
}

/// What the shadow file says, with a text to show.
fn recorded(evidence: &Evidence) -> Option<(Age, String)> {
    let ageing = evidence.login.ageing?;
    let today = evidence.machine.clock?.said / A_DAY;
    let day = |day: Option<i64>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let said = format!(
        "last change: day {}, valid for {} days, account closes on day {}; today is day {today}",
        day(ageing.changed),
        day(ageing.most),
        day(ageing.expires)
    );
    let age = match (ageing.is_closed(today), ageing.must_change(today)) {
        (true, _) => Age::Closed,
        (false, true) => Age::MustChange,
        (false, false) => return None,
    };
    Some((age, said))
}

/// The account or its password has expired. Callers are told so after the key was accepted.
fn expired(case: &Case, node: NodeIx) -> Option<Finding> {
    let pairs = case.pairs(|edge| {
        let fits = matches!(edge.cause, Cause::PasswordExpired | Cause::NoLogin);
        edge.to == node && edge.from != node && fits && told(&edge.said).is_some()
    });
    let entry = case.node(node)?.entry.as_ref().err();
    let barred = match entry {
        Some(NoEntry::Connect(ConnectError::PasswordExpired)) => Some(Age::MustChange),
        Some(why) => told(&why.to_string()),
        None => None,
    };
    let seen = case.node(node)?.evidence.as_ref().and_then(recorded);
    // The record alone is nothing where sshd does not ask PAM: then it breaks nothing.
    if pairs.is_empty() && barred.is_none() && !(case.preflight && seen.is_some()) {
        return None;
    }
    let mut finding = Finding::new(Code::PasswordExpired, node).bars(entry.is_some());
    let mut age = barred;
    if let Some((recorded, said)) = &seen {
        age = Some(*recorded);
        finding = finding.seen(node, &format!("getent shadow {}", case.user), said);
    } else if let Some(edge) = pairs.first().and_then(|pair| case.edge(*pair)) {
        age = told(&edge.said).or(age);
        finding = finding.seen(edge.from, &format!("ssh {}", edge.host), &edge.said);
    } else if let Some(why) = refusal(case, node) {
        finding = finding.seen_from_here(&format!("ssh {}", case.label(node)), &why);
    }
    let user = sh_quote(&case.user);
    let command = match age {
        Some(Age::Closed) => format!("chage -E -1 {user}"),
        _ => format!("passwd {user}"),
    };
    // A key that opens nothing because of that is refused in the same way, or without a word.
    let barring = match entry {
        Some(NoEntry::Connect(ConnectError::AccountRefused { .. })) => {
            case.pairs_to(node, &[Cause::PasswordExpired, Cause::ClosedEarly, Cause::HungUp])
        }
        Some(_) => case.pairs_to(node, &[Cause::PasswordExpired]),
        None => Vec::new(),
    };
    let finding = finding.explains(pairs).explains(barring);
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, [Command::root(command)])))
}

/// The account is locked: for passwords after wrong ones, or, where sshd does without PAM, for keys too.
fn locked(case: &Case, node: NodeIx) -> Option<Finding> {
    let evidence = case.node(node)?.evidence.as_ref()?;
    let user = sh_quote(&case.user);
    let no_pam = evidence.login.settings.iter().any(|settings| settings.no_pam);
    let pairs = case.pairs_to(node, &[Cause::KeyRefused]);
    if no_pam && evidence.login.ageing?.locked && (case.preflight || !pairs.is_empty()) {
        let unlock = format!("passwd -u {user} || usermod -p '*' {user}");
        let finding = Finding::new(Code::AccountLocked, node).explains(pairs);
        let finding = finding.seen(
            node,
            &format!("passwd -S {}", case.user),
            "the password is locked, and UsePAM is no",
        );
        return Some(finding.cure(Cure::by_hand(node, ByHand::Security, [Command::root(unlock)])));
    }
    let lockout = evidence.login.lockout.as_ref()?;
    let program = lockout.program;
    let finding = Finding::new(Code::AccountLocked, node);
    let finding = finding.seen(node, &format!("{program} --user {}", case.user), &lockout.said);
    let unlock = Command::root(format!("{program} --user {user} --reset"));
    Some(finding.cure(Cure::by_hand(node, ByHand::Security, [unlock])))
}

/// Whether the server ended the call without an answer, with words of its own before that or not.
const fn hung_up(cause: &Cause) -> bool {
    matches!(cause, Cause::ClosedEarly | Cause::HungUp)
}

/// Only root may log in while there is `/etc/nologin` or `/run/nologin`: pam_nologin(8).
fn closed_to_all(case: &Case, node: NodeIx) -> Option<Finding> {
    let says_so = |text: &str| text.contains("pam_nologin") || text.contains("System is booting up");
    let file = case.node(node)?.evidence.as_ref().and_then(|evidence| evidence.login.nologin.clone());
    let words = file.as_ref().map_or("", |(_, text)| text.as_str());
    let pairs = case.pairs(|edge| {
        let said = says_so(&edge.said) || (!words.is_empty() && edge.said.contains(words));
        // Without words of its own the server just hangs up.
        let silent = file.is_some() && hung_up(&edge.cause);
        edge.to == node && edge.from != node && (said || silent)
    });
    if pairs.is_empty() && !(case.preflight && file.is_some()) {
        return None;
    }
    let finding = Finding::new(Code::AccountNotAllowed, node);
    // A server that hangs up without a word may have another reason to.
    let mute =
        |pair: &EdgeIx| case.edge(*pair).is_some_and(|edge| hung_up(&edge.cause) && !says_so(&edge.said));
    let finding = if !pairs.is_empty() && pairs.iter().all(mute) { finding.likely() } else { finding };
    let finding = match (&file, pairs.first().and_then(|pair| case.edge(*pair))) {
        (Some((path, text)), _) => finding.seen(node, path, text),
        (None, Some(edge)) => finding.seen(edge.from, &format!("ssh {}", edge.host), &edge.said),
        (None, None) => finding,
    };
    let remove = Command::root("rm -f /run/nologin /etc/nologin");
    let barred = case.node(node)?.entry.is_err();
    Some(finding.explains(pairs).bars(barred).cure(Cure::by_hand(node, ByHand::Judgement, [remove])))
}

/// Where to look for the rule of PAM's that keeps a user out: pam_nologin(8), pam_access(8), pam_time(8), pam_listfile(8),
/// pam_succeed_if(8), and directories that are asked.
pub(super) fn look_at_pam(user: &str) -> [Command; 4] {
    let rules = "^[^#]*pam_(access|time|listfile|succeed_if|shells|sss|ldap|winbind|faillock|tally2)";
    let user = sh_quote(user);
    [
        Command::root("cat /run/nologin /etc/nologin 2>/dev/null || :"),
        Command::root(format!("chage -l {user}")),
        Command::root(format!("grep -nE {} /etc/pam.d/sshd /etc/pam.d/*-a[cu]* || :", sh_quote(rules))),
        Command::root("grep -vE '^(#|$)' /etc/security/access.conf /etc/security/time.conf || :"),
    ]
}

/// sshd wrote that PAM keeps the user out. To the caller it says nothing, or what PAM says.
fn kept_out_by_pam(case: &Case, node: NodeIx) -> Option<Finding> {
    let evidence = case.node(node)?.evidence.as_ref()?;
    let words = format!("Access denied for user {} by PAM account configuration", case.user);
    let line = evidence.service.refusals.iter().find(|line| line.contains(&words))?;
    let pairs = case.pairs_to(node, &[Cause::ClosedEarly, Cause::HungUp, Cause::NoLogin]);
    let told = |pair: &EdgeIx| case.edge(*pair).is_some_and(|edge| told(&edge.said).is_some());
    let pairs: Vec<EdgeIx> = pairs.into_iter().filter(|pair| !told(pair)).collect();
    if pairs.is_empty() {
        return None;
    }
    let cure = Cure::by_hand(node, ByHand::Judgement, look_at_pam(&case.user));
    let finding = Finding::new(Code::AccountNotAllowed, node).seen(node, "the log of sshd", line);
    Some(finding.explains(pairs).cure(cure))
}
