//! Nodes that cannot be reached or entered.

use sshtrust::inventory::NodeSpec;
use sshtrust::session::{ConnectError, HostKeyConflict, SeenOtherwise, Strict, Unfit, UnknownHostKey};
use sshtrust::text::{printable, sh_quote};

use super::{FEW, MOST_KINDS, Report, addresses, named};

/// Where more is told about logins that want more than one proof.
pub(super) const EXPLAIN_FACTORS: &str = "gs_sshexkey doctor --explain second-factor";

type Failure = (NodeSpec, ConnectError);

/// One report for each kind of trouble, the network first.
pub(super) fn explain(failures: &[Failure]) -> Report {
    let (network, rest): (Vec<&Failure>, Vec<&Failure>) = failures.iter().partition(|(_, e)| e.is_network());
    let mut reports = Vec::new();
    if !network.is_empty() {
        let nodes = addresses(network.iter().map(|(node, _)| *node));
        let text = "The IP address cannot be pinged, which is caused by network faults.";
        let report = Report::new("50600", &format!("{text} The IP list is:{nodes}."));
        reports.push(network.iter().fold(report, |r, (node, error)| {
            r.on(*node, &format!("{error}. {}", network_cure(*node, error)))
        }));
    }
    let (mut unknown, mut changed) = (Vec::new(), Vec::new());
    let many =
        rest.iter().filter(|(_, error)| matches!(error, ConnectError::HostKeyChanged(_))).count() > FEW;
    // Nodes with the same trouble are told once.
    let mut alike: Vec<(Vec<NodeSpec>, &ConnectError)> = Vec::new();
    for (node, error) in rest {
        match error {
            ConnectError::HostKeyUnknown(key) => unknown.push((*node, &**key)),
            ConnectError::HostKeyChanged(conflict) if many => changed.push((*node, &**conflict)),
            error => match alike.iter_mut().find(|(_, known)| *known == error) {
                Some((nodes, _)) => nodes.push(*node),
                None => alike.push((vec![*node], error)),
            },
        }
    }
    reports.extend(alike.iter().take(MOST_KINDS).map(|(nodes, error)| one(nodes, error)));
    let more: Vec<NodeSpec> = alike.iter().skip(MOST_KINDS).flat_map(|(nodes, _)| nodes).copied().collect();
    if !more.is_empty() {
        let text = format!("{} cannot be entered either, each for another reason.", named(&more));
        reports.push(
            Report::other(&text).cure("The reasons are in the log: -l FILE. Or see 'gs_sshexkey doctor'."),
        );
    }
    if !changed.is_empty() {
        reports.push(changed_keys(&changed));
    }
    if !unknown.is_empty() {
        reports.push(unknown_keys(&unknown));
    }
    reports.into_iter().reduce(Report::and).unwrap_or_else(|| Report::other("No node can be reached."))
}

fn network_cure(node: NodeSpec, error: &ConnectError) -> String {
    match error {
        ConnectError::Refused => format!(
            "No SSH server listens on port {}, or a firewall rejects it: at the node, run 'systemctl start sshd' \
             ('ssh' on Debian), and open the port.",
            node.port
        ),
        ConnectError::TimedOut(_) => {
            format!("The node is down, the address is wrong, or a firewall drops port {}.", node.port)
        }
        ConnectError::Unreachable(_) => {
            "Check the address and the routes; a firewall may reject the connection.".to_owned()
        }
        ConnectError::Silent(_) => {
            "The server is overloaded or stopped, or large packets are lost on the way (MTU).".to_owned()
        }
        ConnectError::ClosedEarly { .. } => {
            "The server throttles (MaxStartups, PerSourcePenalties) or hosts.deny refuses this machine: wait and run \
             again; see the node's log of sshd."
                .to_owned()
        }
        _ => String::new(),
    }
}

fn one(nodes: &[NodeSpec], error: &ConnectError) -> Report {
    let Some(&node) = nodes.first() else { return Report::other("No node can be reached.") };
    let report = Report::new("51101", &format!("SSH exception: \n{}: {error}", named(nodes)));
    match error {
        ConnectError::HostKeyChanged(conflict) => host_key(report, node, conflict).cure(&format!(
            "Nothing secret was sent. If the node was reinstalled, or got another address, and the new fingerprint is \
             right, remove the old record with \"ssh-keygen -R {} -f {}\" and run again.",
            sh_quote(&printable(conflict.host.as_bytes())),
            shown(conflict)
        )),
        ConnectError::HostKeySeenOtherwise(seen) => {
            let report = seen_otherwise(report, node, seen);
            report.cure(&format!(
                "Nothing secret was sent there. Somebody may stand in between, or two machines have this address. Find out \
                 which fingerprint is the node's own: at its console, run '{}'.",
                console_command(&seen.key_type)
            ))
        }
        ConnectError::NoAuthentication => report.cure(
            "Anybody could be such a machine, so it is not taken for the node. At its console give the account a secret, \
             and set 'PermitEmptyPasswords no' in sshd_config.",
        ),
        ConnectError::HostKeyRevoked(conflict) => host_key(report, node, conflict).cure(
            "Nothing secret was sent. This key was declared stolen or retired: the node needs a new host key, or it is \
             not the node.",
        ),
        ConnectError::ForcedCommand { .. } => report.cure(
            "Run again at a terminal or with --password-file, if the node takes a password; or use a key that carries no \
             command= in its line of authorized_keys there.",
        ),
        ConnectError::NoPasswordMethod { passed, .. } if passed.iter().any(|key| key.why == Unfit::Locked) => report.cure(
            "Load the locked key into an agent (eval \"$(ssh-agent)\"; ssh-add) and run again, or install a key without a \
             passphrase there, or allow a login in its sshd_config (PasswordAuthentication, KbdInteractiveAuthentication, \
             PermitRootLogin).",
        ),
        ConnectError::NoPasswordMethod { .. } => report.cure(
            "Install a key of yours there first, or allow the login in its sshd_config (PasswordAuthentication, \
             KbdInteractiveAuthentication, PermitRootLogin). Or make trust at the nodes' consoles: gs_sshexkey help bundle.",
        ),
        ConnectError::SecondFactor { by_methods: true, .. } => report.cure(&format!(
            "Trust needs a login by key alone: at the node, append 'Match User USER' and 'AuthenticationMethods publickey' to \
             /etc/ssh/sshd_config, or see what wants more: {EXPLAIN_FACTORS}.",
        )),
        ConnectError::SecondFactor { .. } => report.cure(&format!(
            "A key does without that: install one of yours there first, or make trust at the nodes' consoles: gs_sshexkey help \
             bundle. See {EXPLAIN_FACTORS}."
        )),
        ConnectError::AccountRefused { .. } => report.cure(
            "So does sshd where PAM's account rules keep the user out: at the node, as root, look for /etc/nologin, for \
             pam_access or pam_time in /etc/pam.d, for an account that has ended (chage -l USER), and into the log of sshd.",
        ),
        ConnectError::PasswordExpired => report.cure("Log in at the node and run passwd."),
        ConnectError::NoCommonAlgorithm(_) => {
            report.cure("Allow one of the algorithms of this side in the node's sshd_config.")
        }
        _ => report.cure("See the node's log of sshd (journalctl -u sshd, /var/log/secure or auth.log)."),
    }
}

/// What shows the fingerprint of a node's own key of this type, at its console.
pub(super) fn console_command(key_type: &str) -> String {
    let kind = match key_type {
        "ssh-ed25519" => "ed25519",
        "ssh-rsa" => "rsa",
        _ => "ecdsa",
    };
    format!("ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub")
}

/// What this machine sees of a node, and what others see.
pub(super) fn seen_otherwise(report: Report, node: NodeSpec, seen: &SeenOtherwise) -> Report {
    let report = report.detail(&format!("{node} shows this machine {} {}", seen.key_type, seen.presented));
    seen.others
        .iter()
        .fold(report, |report, (other, print)| report.detail(&format!("it shows {other} {print}")))
}

/// Many nodes whose host key is another one than the recorded.
fn changed_keys(nodes: &[(NodeSpec, &HostKeyConflict)]) -> Report {
    let names = addresses(nodes.iter().map(|(node, _)| *node));
    let text = format!(
        "SSH exception: \nThe host keys of these nodes are other ones than those on record: {names}."
    );
    let report = nodes.iter().fold(Report::new("51101", &text), |report, (node, conflict)| {
        let HostKeyConflict { key_type, presented, recorded, line, .. } = conflict;
        let (host, file) = (printable(conflict.host.as_bytes()), shown(conflict));
        report.on(
            *node,
            &format!(
                "presents {key_type} {presented}; on record for {host} is {recorded}: {file}, line {line}"
            ),
        )
    });
    report.cure(
        "Nothing secret was sent. If the nodes were reinstalled, or got other addresses, and the new fingerprints are right, \
         remove the old records with \"ssh-keygen -R HOST -f FILE\" and run again.",
    )
}

/// Nodes whose host key no record knows, where only known ones count.
fn unknown_keys(nodes: &[(NodeSpec, &UnknownHostKey)]) -> Report {
    let names = addresses(nodes.iter().map(|(node, _)| *node));
    let text = format!("SSH exception: \nThe host keys of these nodes are not on record: {names}.");
    let report = nodes.iter().fold(Report::new("51101", &text), |report, (node, key)| {
        let console = console_command(&key.key_type);
        let text = format!("presents {} {}; at its console: {console}", key.key_type, key.presented);
        if nodes.len() > FEW { report.on(*node, &text) } else { report.detail(&format!("{node} {text}")) }
    });
    let asked = nodes.iter().any(|(_, key)| key.strict == Strict::Asked);
    let configured = nodes.iter().find_map(|(_, key)| match &key.strict {
        Strict::Configured(host) => Some(host),
        Strict::Asked => None,
    });
    let why = match configured {
        Some(host) if !asked => {
            format!("StrictHostKeyChecking is yes for {host} in the configuration of ssh")
        }
        _ => "--strict-host-keys takes known ones only".to_owned(),
    };
    report.cure(&format!(
        "Nothing secret was sent: {why}. Compare each fingerprint with what the command shows at the node's console. If they \
         are the same, record the keys (ssh-keyscan -p PORT ADDRESS >> ~/.ssh/known_hosts), or name a file of them with --host-keys.",
    ))
}

fn shown(conflict: &HostKeyConflict) -> String {
    printable(conflict.file.as_os_str().as_encoded_bytes())
}

fn host_key(report: Report, node: NodeSpec, conflict: &HostKeyConflict) -> Report {
    let host = printable(conflict.host.as_bytes());
    report
        .detail(&format!("{node} presents {} {}", conflict.key_type, conflict.presented))
        .detail(&format!("on record for {host} is {}", conflict.recorded))
        .detail(&match conflict.line {
            0 => format!("on the revocation list {}, or that cannot be read", shown(conflict)),
            line => format!("in {}, line {line}", shown(conflict)),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8, port: u16) -> NodeSpec {
        NodeSpec { ip: [10, 0, 0, number].into(), port }
    }

    fn conflict(host: &str) -> Box<HostKeyConflict> {
        let [key_type, presented, recorded] =
            ["ssh-ed25519", "SHA256:a", "ssh-ed25519 SHA256:b"].map(str::to_owned);
        let file = "/home/omm/.ssh/known_hosts".into();
        Box::new(HostKeyConflict { key_type, presented, recorded, host: host.to_owned(), file, line: 7 })
    }

    #[track_caller]
    fn must_say(error: ConnectError, words: &[&str]) {
        let text = explain(&[(node(2, 2222), error)]).to_string();
        assert!(!text.contains("password"), "{text}");
        for word in words {
            assert!(text.contains(word), "no {word} in {text}");
        }
    }

    #[test]
    fn a_contradiction_names_the_host_of_the_record_and_how_to_take_it_out() {
        let both = ["10.0.0.2:2222 presents ssh-ed25519 SHA256:a", "known_hosts, line 7"];
        let changed = ConnectError::HostKeyChanged(conflict("[plat2]:2222"));
        must_say(changed.clone(), &both);
        must_say(
            changed,
            &["on record for [plat2]:2222 is ssh-ed25519 SHA256:b", "-R '[plat2]:2222' -f /home/omm/.ssh/"],
        );
        must_say(ConnectError::HostKeyRevoked(conflict("*")), &both);
    }

    #[test]
    fn unknown_keys_are_told_together_each_with_what_to_compare() {
        let unknown = |number: u8, key_type: &str, strict: Strict| {
            let presented = format!("SHA256:{number}");
            let key = UnknownHostKey { key_type: key_type.to_owned(), presented, strict };
            (node(number, 22), ConnectError::HostKeyUnknown(Box::new(key)))
        };
        let asked = explain(&[
            unknown(2, "ssh-ed25519", Strict::Asked),
            unknown(3, "ecdsa-sha2-nistp256", Strict::Asked),
        ]);
        let text = asked.to_string();
        for words in [
            "not on record: ['10.0.0.2', '10.0.0.3'].",
            "10.0.0.2 presents ssh-ed25519 SHA256:2; at its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
            "10.0.0.3 presents ecdsa-sha2-nistp256 SHA256:3; at its console: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub",
            "--strict-host-keys takes known ones only",
        ] {
            assert!(text.contains(words), "no {words} in {text}");
        }
        let configured =
            explain(&[unknown(2, "ssh-rsa", Strict::Configured("plat2".to_owned()))]).to_string();
        assert!(configured.contains("StrictHostKeyChecking is yes for plat2"), "{configured}");
    }

    #[test]
    fn what_others_see_is_told_with_who_sees_it() {
        let (key_type, presented) = ("ssh-ed25519".to_owned(), "SHA256:a".to_owned());
        let others = vec![(node(3, 22), "SHA256:b".to_owned())];
        let seen = SeenOtherwise { key_type, presented, others };
        must_say(
            ConnectError::HostKeySeenOtherwise(Box::new(seen)),
            &[
                "shows this machine ssh-ed25519 SHA256:a",
                "it shows 10.0.0.3 SHA256:b",
                "Somebody may stand in between",
            ],
        );
        must_say(ConnectError::NoAuthentication, &["lets anybody in", "PermitEmptyPasswords no"]);
    }
}
