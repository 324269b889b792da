//! `revoke` and what is not the tool's own: trust that openGauss's tool made, agents of containers.

use lab::{Container, Node};

use crate::before::*;
use crate::harness::*;
use crate::revoking::*;
use crate::saved::on_each;
use crate::store::seal;
use crate::tools::*;

const PHRASE: &str = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF";
/// Their job, as it stands in the crontab.
const THEIR_JOB: &str =
    "*/1 * * * * source ~/.bashrc;python3 /gauss/script/local/CheckSshAgent.py >>/dev/null 2>&1 &";

/// What their tool writes on a node, the key pair and the store apart. `$hosts`: `ADDRESS NAME` lines.
const THEIRS: &str = r#"
cd; umask 077
echo "$(cat .ssh/id_om.pub) #OM" >>.ssh/authorized_keys
for ip in $addresses; do ssh-keyscan -t ed25519 "$ip" 2>/dev/null | sed 's/$/ #OM/'; done >>.ssh/known_hosts
cp .ssh/id_om unlocked && ssh-keygen -q -p -P "$phrase" -N '' -f unlocked >/dev/null
eval "$(ssh-agent -a ~/gaussdb_tmp/gauss_socket_tmp)" >/dev/null
ssh-add -q unlocked; rm unlocked
# Above the guard that some systems have in it.
sed -i "1i export SSH_AUTH_SOCK=$SSH_AUTH_SOCK\nexport SSH_AGENT_PID=$SSH_AGENT_PID" .bashrc
{ crontab -l 2>/dev/null; echo "$job"; } | crontab -
"#;

/// Makes trust as their tool does, by hand.
#[track_caller]
pub(crate) fn their_trust(nodes: &[&Node], user: &str) {
    let pair = format!(
        "mkdir -p /var/lib/pair && ssh-keygen -qt ed25519 -N {PHRASE} -C {user}@node1 -f /var/lib/pair/{user}"
    );
    sh(nodes[0], "root", &pair);
    let keys = ["", ".pub"].map(|end| nodes[0].read(format!("/var/lib/pair/{user}{end}")).unwrap());
    let addresses = addresses(nodes).join(" ");
    on_each(nodes, |node| {
        sh(node, user, "mkdir -pm 700 ~/.ssh ~/gaussdb_tmp");
        for (end, bytes) in ["", ".pub"].iter().zip(&keys) {
            node.write(at_home(user, &format!(".ssh/id_om{end}")), bytes, 0o600, user).unwrap();
        }
        for (path, bytes) in seal(PHRASE) {
            node.write(at_home(user, &format!("gaussdb_tmp/ssh_protect/{path}")), &bytes, 0o600, user)
                .unwrap();
        }
        sh(
            node,
            "root",
            &format!("chown -R {user}:{user} ~{user}/gaussdb_tmp; chmod -R go= ~{user}/gaussdb_tmp"),
        );
        sh(node, user, &format!("addresses='{addresses}' phrase='{PHRASE}' job='{THEIR_JOB}'{THEIRS}"));
    });
}

/// The mapping, which their tool writes as root.
fn their_mapping(nodes: &[&Node]) {
    let lines: String = nodes
        .iter()
        .map(|node| format!("{}  {}  #Gauss OM IP Hosts Mapping\\n", node.ip(), node.name()))
        .collect();
    on_each(nodes, |node| sh(node, "root", &format!("printf '{lines}' >>/etc/hosts")));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_that_their_tool_made_is_taken_away() {
    let lab = cluster(3);
    let nodes = all(&lab);
    let mine = "cd; mkdir -m 700 .ssh; for f in authorized_keys known_hosts config; do echo '# mine' >.ssh/$f; done; \
                echo '5 3 * * * true' | crontab -; ssh-agent -a /tmp/own.$(id -un) >/dev/null";
    for user in ["root", "omm"] {
        on_each(&nodes, |node| sh(node, user, mine));
    }
    let before = Untrusted::of(&nodes);
    their_mapping(&nodes);
    let stolen = ["omm", "root"].map(|user| {
        their_trust(&nodes, user);
        let call = format!("ssh -n -o BatchMode=yes -o UpdateHostKeys=no {} true", nodes[1].ip());
        sh(nodes[0], user, &format!(". ~/.bashrc; {call}"));
        Stolen::from(nodes[0], user, &nodes)
    });
    let screen = must_revoke(nodes[0], "omm", &nodes, &[]);
    assert!(screen.contains("CheckSshAgent.py"), "{screen}");
    let (_, ending) = screen.split_once("The trust of omm is gone").unwrap();
    assert!(ending.contains("/etc/hosts: only root can take the names out"), "{screen}");
    assert!(text(nodes[0], "/etc/hosts").contains("#Gauss OM IP Hosts Mapping"));
    must_revoke(nodes[0], "root", &nodes, &[]);
    before.must_be_back(&nodes);
    stolen.iter().for_each(|stolen| stolen.must_be_refused_by(&nodes));
    for (node, user) in nodes.iter().flat_map(|node| ["root", "omm"].map(|user| (node, user))) {
        sh(node, user, "SSH_AUTH_SOCK=/tmp/own.$(id -un) ssh-add -l; [ $? -le 1 ]");
    }
}

#[track_caller]
fn must_live(node: &Node, agents: &[Container], when: &str) {
    for agent in agents {
        assert!(node.agent_answers_in(agent).unwrap(), "{when}: an agent of a container is gone");
    }
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn the_agent_of_a_container_on_the_same_path_lives_whatever_is_done_on_the_host() {
    let lab = cluster(2);
    let nodes = all(&lab);
    let node = nodes[1];
    nodes.iter().for_each(|node| drop(sh(node, "root", "pkill -x cron")));
    let agents = ["root", "omm"]
        .map(|user| node.container_with_agent(user, &at_home(user, "gaussdb_tmp/gauss_socket_tmp")).unwrap());
    let before = Untrusted::of(&nodes);
    keep_out(nodes[0], nodes[1]);
    for user in ["root", "omm"] {
        let failed = run(nodes[0], user, &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
        failed.must_fail_with(&["All nodes were put back as they were."]);
        must_live(node, &agents, "a failed set-up");
    }
    let_in(nodes[0]);
    for user in ["root", "omm"] {
        set_up(&lab, user);
        must_live(node, &agents, "a set-up");
        for (what, script) in [
            ("keep", "~/gaussdb_tmp/bin/gs_sshexkey agent keep"),
            ("stop", "gs_sshexkey agent stop"),
            ("keep where it was stopped", "~/gaussdb_tmp/bin/gs_sshexkey agent keep"),
            ("start", "gs_sshexkey agent start"),
        ] {
            sh(node, user, script);
            must_live(node, &agents, what);
        }
        must_trust(&nodes, user, false);
    }
    for user in ["root", "omm"] {
        must_revoke(nodes[0], user, &nodes, &[]);
        must_live(node, &agents, "revoke");
    }
    before.must_be_back(&nodes);
}
