//! Nodes that cannot be reached or entered.

use sshtrust::inventory::NodeSpec;
use sshtrust::session::{ConnectError, HostKeyConflict};

use super::{Report, list};

type Failure = (NodeSpec, ConnectError);

/// One report for each kind of trouble, the network first.
pub(super) fn explain(failures: &[Failure]) -> Report {
    let (network, rest): (Vec<&Failure>, Vec<&Failure>) = failures.iter().partition(|(_, e)| e.is_network());
    let mut reports = Vec::new();
    if !network.is_empty() {
        let nodes = list(network.iter().map(|(node, _)| node.ip.to_string()));
        let text = "The IP address cannot be pinged, which is caused by network faults.";
        let report = Report::new("50600", &format!("{text} The IP list is:{nodes}."));
        reports.push(network.iter().fold(report, |r, (node, error)| {
            r.detail(&format!("{node}: {error}. {}", network_cure(*node, error)))
        }));
    }
    reports.extend(rest.into_iter().map(|(node, error)| one(*node, error)));
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

fn one(node: NodeSpec, error: &ConnectError) -> Report {
    let report = Report::new("51101", &format!("SSH exception: \n{node}: {error}"));
    match error {
        ConnectError::HostKeyChanged(conflict) => host_key(report, node, conflict).cure(&format!(
            "Nothing secret was sent. If the node was reinstalled, or got another address, and the new fingerprint is \
             right, remove the old record with \"ssh-keygen -R '{}' -f {}\" and run again.",
            known_hosts_name(node),
            conflict.file.display()
        )),
        ConnectError::HostKeyRevoked(conflict) => host_key(report, node, conflict).cure(
            "Nothing secret was sent. This key was declared stolen or retired: the node needs a new host key, or it is \
             not the node.",
        ),
        ConnectError::NoPasswordMethod(_) => report.cure(
            "Install a key of yours there first, or allow the login in its sshd_config (PasswordAuthentication, \
             KbdInteractiveAuthentication, PermitRootLogin). Or make trust at the nodes' consoles: gs_sshexkey help bundle.",
        ),
        ConnectError::PasswordExpired => report.cure("Log in at the node and run passwd."),
        ConnectError::NoCommonAlgorithm(_) => {
            report.cure("Allow one of the algorithms of this side in the node's sshd_config.")
        }
        _ => report.cure("See the node's log of sshd (journalctl -u sshd, /var/log/secure or auth.log)."),
    }
}

fn known_hosts_name(node: NodeSpec) -> String {
    if node.port == 22 { node.ip.to_string() } else { format!("[{}]:{}", node.ip, node.port) }
}

fn host_key(report: Report, node: NodeSpec, conflict: &HostKeyConflict) -> Report {
    report
        .detail(&format!("{node} presents {} {}", conflict.key_type, conflict.presented))
        .detail(&format!("on record is {}", conflict.recorded))
        .detail(&format!("in {}, line {}", conflict.file.display(), conflict.line))
}
