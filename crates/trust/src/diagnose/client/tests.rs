use super::find;
use crate::diagnose::sample::{healthy, short};
use crate::diagnose::{Case, Certainty, Code, Healing, diagnose};
use crate::inventory::NodeIx;
use crate::observe::ClientCall;
use crate::probe::{Cause, PairState};

/// A call of the second node to the first: what settings make of it.
fn call(with: &[(&str, &str)], works_without: bool) -> ClientCall {
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let without = [("port", "22"), ("user", "root"), ("kexalgorithms", "curve25519-sha256")];
    ClientCall { host: "10.0.0.1".to_owned(), with: pairs(with), without: pairs(&without), works_without }
}

fn case(cause: Cause, said: &str, with: &[(&str, &str)], works_without: bool) -> Case {
    let mut case = healthy(3);
    case.break_pair(1, 0, cause, said);
    let client = &mut case.seen_mut(1).client;
    (client.calls, client.asked) = (vec![call(with, works_without)], 1);
    case
}

/// How a call failed, what settings make of it, whether it works without them; what is found, and whether it is certain.
type Row<'a> = (Cause, &'a str, &'a [(&'a str, &'a str)], bool, Option<Certainty>);

const CERTAIN: Option<Certainty> = Some(Certainty::Certain);
const LIKELY: Option<Certainty> = Some(Certainty::Likely);

#[test]
fn settings_are_to_blame_where_that_was_tried_or_where_nothing_else_could_be() {
    let rows: &[Row<'_>] = &[
        (Cause::Refused, "", &[("port", "2222")], true, CERTAIN),
        // The callee's sshd is down too: that is still to be seen.
        (Cause::Refused, "", &[("port", "2222")], false, LIKELY),
        (Cause::HostKeyChanged, "", &[("hostname", "10.0.0.3")], false, LIKELY),
        // Another name of the same node; only what was tried says that it is none.
        (Cause::Refused, "", &[("hostname", "node1.example.com")], false, None),
        (Cause::Refused, "", &[("hostname", "node1.example.com")], true, CERTAIN),
        (Cause::NameUnknown, "", &[("hostname", "no.such.example.com")], false, LIKELY),
        (Cause::Refused, "", &[("hostname", "10.0.0.1")], false, None),
        (Cause::Refused, "", &[("user", "admin")], false, None),
        (Cause::KeyRefused, "", &[("user", "admin")], true, CERTAIN),
        (Cause::KeyRefused, "", &[("user", "admin")], false, LIKELY),
        (Cause::KeyRefused, "", &[("pubkeyauthentication", "false")], true, CERTAIN),
        (Cause::KeyRefused, "", &[("preferredauthentications", "password")], true, CERTAIN),
        (Cause::KeyRefused, "", &[("preferredauthentications", "password,publickey")], false, None),
        (Cause::HostKeyUnknown, "", &[("userknownhostsfile", "/dev/null")], true, CERTAIN),
        // The record is missing as well; and where it is read, another rule knows better.
        (Cause::HostKeyUnknown, "", &[("userknownhostsfile", "/dev/null")], false, LIKELY),
        (Cause::HostKeyUnknown, "", &[("userknownhostsfile", "/x /root/.ssh/known_hosts")], false, None),
        (Cause::ProxyFailed, "", &[("proxycommand", "/no/such")], true, CERTAIN),
        // Through a host that leads there the callee answers.
        (Cause::KeyRefused, "", &[("proxyjump", "gate")], false, None),
        (Cause::NoCommonAlgorithm, "no matching cipher", &[("ciphers", "aes128-cbc")], true, CERTAIN),
        (Cause::NoCommonAlgorithm, "no matching cipher", &[("ciphers", "aes128-cbc")], false, None),
        (
            Cause::Other,
            "Cannot execute command-line and remote command.",
            &[("remotecommand", "tmux")],
            false,
            LIKELY,
        ),
        (
            Cause::Other,
            "bind 10.9.9.9: Cannot assign requested address",
            &[("bindaddress", "10.9.9.9")],
            true,
            CERTAIN,
        ),
        // Whatever it is, it was tried.
        (Cause::Hung, "", &[("ipqos", "ef")], true, CERTAIN),
        // What comes and goes by itself is no proof.
        (Cause::MaxStartups, "", &[("ciphers", "aes256-ctr")], true, None),
        // Said by ssh itself, with the line.
        (Cause::BadConfig, "", &[("port", "2222")], true, None),
    ];
    for (cause, said, with, works, wanted) in rows {
        let found = find(&case(cause.clone(), said, with, *works));
        let row = format!("{cause:?} {with:?} {works}");
        assert_eq!(found.first().map(|finding| finding.certainty), *wanted, "{row}");
        if wanted.is_some() {
            assert_eq!(short(&found), [("client-settings", 1, 1)], "{row}");
        }
    }
}

#[test]
fn nobody_else_explains_a_pair_whose_caller_leads_elsewhere() {
    let mut case = case(Cause::HostKeyUnknown, "", &[("userknownhostsfile", "/dev/null")], true);
    let found = diagnose(&case).findings;
    assert_eq!(short(&found), [("client-settings", 1, 1)]);
    // Two callers with the same words, of which one has other settings.
    case.break_pair(2, 0, Cause::HostKeyUnknown, "");
    let found = diagnose(&case).findings;
    assert_eq!(short(&found), [("known-hosts-conflict", 2, 1), ("client-settings", 1, 1)]);
}

#[test]
fn calls_beyond_those_that_were_asked_about_fail_alike() {
    let mut case = case(Cause::Refused, "", &[("port", "2222")], true);
    case.break_pair(1, 2, Cause::Refused, "");
    assert_eq!(short(&find(&case)), [("client-settings", 1, 2)]);
    // One that was asked about, and of which nothing is out of order, is another matter.
    case.seen_mut(1).client.asked = 2;
    assert_eq!(short(&find(&case)), [("client-settings", 1, 1)]);
    assert_eq!(
        case.matrix.get(NodeIx::new(1), NodeIx::new(2), crate::probe::By::Ip).unwrap().state,
        PairState::Broken
    );
}

#[test]
fn what_outweighs_a_setting_is_printed() {
    let cures = |with: &[(&str, &str)]| {
        let case = case(Cause::KeyRefused, "", with, true);
        let found = find(&case);
        assert_eq!(found[0].code, Code::ClientSettings);
        let cure = found[0].cures[0].clone();
        assert!(matches!(cure.healing, Healing::ByHand(_)));
        cure.commands.into_iter().map(|command| command.run).collect::<Vec<String>>()
    };
    let above = |line: &str| {
        format!(
            "(umask 077 && {{ printf '%s\\n' 'Host 10.0.0.1' '  {line}' 'Match all'; cat ~/.ssh/config 2>/dev/null || :; }} \
             >~/.ssh/config.gs_new && cat ~/.ssh/config.gs_new >~/.ssh/config && rm ~/.ssh/config.gs_new)"
        )
    };
    assert_eq!(cures(&[("user", "admin")]), [above("user root")]);
    assert_eq!(cures(&[("proxyjump", "gate")]), [above("ProxyCommand none")]);
    assert_eq!(cures(&[("hostname", "10.9.9.9")]), [above("hostname %h")]);
    assert_eq!(cures(&[("hostkeyalias", "x")]), ["ssh -v -G '10.0.0.1'"]);
}

#[test]
fn what_no_block_outweighs_is_told_before_there_is_trust() {
    let told = |with: &[(&str, &str)]| {
        let mut case = case(Cause::Other, "", with, false);
        (case.preflight, case.matrix) = (true, healthy(3).matrix);
        find(&case).first().map(|finding| finding.certainty)
    };
    assert_eq!(told(&[("remotecommand", "tmux")]), CERTAIN);
    assert_eq!(told(&[("sessiontype", "none"), ("hostkeyalias", "cluster")]), CERTAIN);
    assert_eq!(told(&[("hostkeyalias", "cluster")]), LIKELY);
    assert_eq!(told(&[("hostkeyalias", "10.0.0.1")]), None);
    assert_eq!(told(&[("port", "2222"), ("sessiontype", "default")]), None);
}
