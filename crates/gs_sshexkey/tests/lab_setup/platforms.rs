//! Trust between nodes that are not alike: other releases, clients, servers, userlands, shells, networks, clocks, names,
//! homes. What does not work is told before anything is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lab::{Lab, LabSpec, Node, Release, Substitute};
use serde_json::Value;

use crate::before::wait_until;
use crate::checking::check_with;
use crate::doctor::start_doctor;
use crate::harness::*;
use crate::saved::on_each;
use crate::tools::*;

/// What becomes of a row.
enum Told {
    /// Trust is made, kept, and stays as it is.
    Works,
    /// The same, and this is told of this node.
    WorksBut(&'static str, usize),
    /// This cause on this node, for the preflight and the set-up, and nothing is written.
    Refused(&'static str, usize),
}
use Told::{Refused, Works, WorksBut};

/// Three nodes and a user.
struct Row {
    name: &'static str,
    user: &'static str,
    lab: fn(LabSpec) -> LabSpec,
    /// Scripts of root that make the state, before trust is made.
    make: &'static [(usize, &'static str)],
    told: Told,
}

/// A row of a login shell that all nodes have.
macro_rules! shell {
    ($shell:literal, $told:expr) => {
        Row {
            name: concat!($shell, " as login shell"),
            user: "omm",
            lab: |spec| spec.login_shell("omm", $shell),
            make: &[],
            told: $told,
        }
    };
}

/// A row of a state that a script makes on all nodes.
macro_rules! everywhere {
    ($name:literal, $make:expr, $told:expr) => {
        Row {
            name: $name,
            user: "omm",
            lab: |spec| spec,
            make: &[(0, $make), (1, $make), (2, $make)],
            told: $told,
        }
    };
}

/// The second factor that many have: a code from a telephone, asked for by PAM.
const CODE: &str = "printf 'K7XQ5M2T4ZRWP3JY\\n\" TOTP_AUTH\\n' >/home/omm/.google_authenticator; \
                    chmod 400 /home/omm/.google_authenticator; chown omm:omm /home/omm/.google_authenticator; \
                    echo 'auth required pam_google_authenticator.so' >>/etc/pam.d/sshd";

const DOMAIN_USER: &str = r"LAB\omm";

const ROWS: &[Row] = &[
    Row {
        name: "OpenSSH 8.4, 9.2 and 10",
        user: "omm",
        lab: |spec| spec.node_release(0, Release::Bullseye).node_release(2, Release::Trixie),
        make: &[],
        told: Works,
    },
    Row {
        name: "OpenSSH 8.4 alone",
        user: "root",
        lab: |spec| spec.release(Release::Bullseye),
        make: &[],
        told: Works,
    },
    Row {
        name: "the client of OpenSSH 7.5 on all nodes",
        user: "root",
        lab: |spec| (0..3).fold(spec, |spec, node| spec.substitute(node, Substitute::OldClient)),
        make: &[],
        told: Works,
    },
    Row {
        name: "dropbear on all nodes",
        user: "omm",
        lab: |spec| (0..3).fold(spec, |spec, node| spec.substitute(node, Substitute::Dropbear)),
        make: &[],
        told: Works,
    },
    Row {
        name: "busybox on all nodes",
        user: "omm",
        lab: |spec| (0..3).fold(spec, |spec, node| spec.substitute(node, Substitute::Busybox)),
        make: &[],
        told: Works,
    },
    shell!("/bin/zsh", Works),
    shell!("/usr/bin/fish", Works),
    shell!("/bin/tcsh", Works),
    shell!("/bin/ksh", Works),
    shell!("/bin/dash", Works),
    Row {
        name: "a restricted login shell",
        user: "omm",
        lab: |spec| spec,
        make: &[(1, "usermod --shell /bin/rbash omm")],
        told: Refused("foreign-shell", 1),
    },
    Row {
        name: "a second factor by PAM, asked for by itself",
        user: "omm",
        lab: |spec| spec.sshd_config(1, "KbdInteractiveAuthentication yes\nPasswordAuthentication no\n"),
        make: &[(1, CODE)],
        told: Refused("second-factor", 1),
    },
    Row {
        name: "a second factor by PAM, where passwords are on",
        user: "omm",
        lab: |spec| spec.sshd_config(1, "KbdInteractiveAuthentication yes\n"),
        make: &[(1, CODE)],
        told: Refused("second-factor", 1),
    },
    Row { name: "two networks", user: "root", lab: LabSpec::second_network, make: &[], told: Works },
    Row {
        name: "a clock that is two days ahead",
        user: "omm",
        lab: |spec| spec.substitute(1, Substitute::ClockAhead),
        make: &[],
        told: WorksBut("clock-skew", 1),
    },
    Row {
        name: "a user of a domain",
        user: DOMAIN_USER,
        lab: |spec| spec.user(DOMAIN_USER, PASSWORD),
        make: &[],
        told: Works,
    },
    everywhere!(
        "a home with a blank, a quote and Chinese letters",
        "mv /home/omm \"/home/o m'm 数据\"; usermod --home \"/home/o m'm 数据\" omm; ln -s \"o m'm 数据\" /home/omm",
        Works
    ),
    everywhere!("a home by a link", "mv /home/omm /srv/omm && ln -s /srv/omm /home/omm", Works),
    everywhere!(
        "a home with a percent sign",
        "cp -a /home/omm /home/5%0; usermod --home /home/5%0 omm",
        Refused("home-unusable", 0)
    ),
    everywhere!("umask 000", "sed -i '1i umask 000' /home/omm/.bashrc", Works),
    everywhere!("umask 077", "sed -i '1i umask 077' /home/omm/.bashrc", Works),
    everywhere!(
        "a Chinese locale of two bytes a letter",
        "printf 'LANG=zh_CN.GB18030\\nLC_ALL=zh_CN.GB18030\\n' | tee /etc/default/locale >/etc/environment",
        Works
    ),
    Row {
        name: "ports of their own",
        user: "root",
        lab: |spec| spec.port(0, 2222).port(2, 65000),
        make: &[],
        told: Works,
    },
];

/// Several rows in one cluster.
const TOGETHER: &[Row] = &[
    Row {
        name: "8.4 with zsh, dropbear with busybox, 10 with fish",
        user: "omm",
        lab: |spec| {
            let spec = spec.node_release(0, Release::Bullseye).node_release(2, Release::Trixie);
            spec.substitute(1, Substitute::Dropbear).substitute(1, Substitute::Busybox)
        },
        make: &[(0, "usermod --shell /bin/zsh omm"), (2, "usermod --shell /usr/bin/fish omm")],
        told: Works,
    },
    Row {
        name: "a user of a domain with ksh, the client of 7.5, a clock ahead with tcsh, two networks",
        user: DOMAIN_USER,
        lab: |spec| {
            let spec = spec.user(DOMAIN_USER, PASSWORD).second_network();
            spec.substitute(1, Substitute::OldClient).substitute(2, Substitute::ClockAhead).port(2, 2222)
        },
        make: &[
            (0, r"usermod --shell /bin/ksh 'LAB\omm'"),
            (1, r"usermod --shell /bin/dash 'LAB\omm'"),
            (2, r"usermod --shell /bin/tcsh 'LAB\omm'"),
        ],
        told: WorksBut("clock-skew", 2),
    },
];

/// The hostfile: where there are two networks, the first node is in one and the others in the other.
fn hosts(lab: &Lab) -> String {
    let address = |(index, node): (usize, &Node)| {
        let ip = node.second_ip().filter(|_| index > 0).unwrap_or(node.ip());
        format!("{ip},{}\n", node.port())
    };
    lab.nodes().iter().enumerate().map(address).collect()
}

/// The document of a command, and its exit status.
#[track_caller]
fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}:\n{}\n{}", run.stdout, run.stderr))
}

/// The causes that were found, and where.
fn causes(document: &Value) -> Vec<(&str, &str)> {
    let findings = document["findings"].as_array().into_iter().flatten();
    findings
        .map(|f| (f["code"].as_str().unwrap_or_default(), f["node"].as_str().unwrap_or_default()))
        .collect()
}

/// Brings a row's lab up.
fn bring_up(row: &Row) -> Lab {
    // Cheap, and all of these know it.
    let plain = spec(3).release(Release::Bookworm).sshd_config_all("KexAlgorithms curve25519-sha256\n");
    let lab = Lab::up((row.lab)(plain)).unwrap();
    for (node, script) in row.make {
        sh(lab.node(*node), "root", script);
    }
    lab
}

/// Fails unless the row is what it is said to be.
#[track_caller]
fn must_hold(row: &Row) {
    let lab = bring_up(row);
    match row.told {
        Works => must_work(&lab, row.user, &[]),
        WorksBut(code, node) => must_work(&lab, row.user, &[(code, node)]),
        Refused(code, node) => must_be_refused(&lab, row.user, code, node),
    }
}

/// Fails unless trust is made, seen to work, kept, and left alone by a second run.
#[track_caller]
fn must_work(lab: &Lab, user: &str, told: &[(&str, usize)]) {
    let (nodes, hosts) = (all(lab), hosts(lab));
    run(nodes[0], user, &hosts, &[], &format!("{PASSWORD}\n")).must_succeed();
    must_be_green_and_told(lab, user, &hosts, told);
    // By programs that are not ours.
    let calls: String =
        hosts.lines().filter_map(|line| line.split_once(',')).map(|(ip, _)| format!(" {ip}")).collect();
    let call = format!(
        "for h in{calls}; do env -i PATH=/usr/bin:/bin ssh -n -o BatchMode=yes -o StrictHostKeyChecking=yes $h true || exit; done"
    );
    on_each(&nodes, |node| drop(sh(node, user, &call)));
    must_bring_the_agent_back(nodes[2], user);
    let before = snapshots(&nodes);
    let again = run(nodes[0], user, &hosts, &[], "").must_succeed();
    assert!(!again.asked(), "{}", again.stdout);
    must_be_unchanged(&nodes, &before);
}

/// Fails unless an agent that died comes back by the node's own job: that of cron, or that of the login.
#[track_caller]
fn must_bring_the_agent_back(node: &Node, user: &str) {
    sh(node, "root", &format!("pkill -KILL -u '{}' ssh-agent", sh(node, user, "id -u").trim()));
    let job = node.sh(user, "crontab -l").unwrap().stdout;
    let job = marked(&job).first().and_then(|line| line.strip_prefix("* * * * * ")).map(str::to_owned);
    sh(node, user, &job.unwrap_or_else(|| "bash --login -c : </dev/null".to_owned()));
    assert!(wait_until(|| node
        .sh(user, "~/gaussdb_tmp/bin/gs_sshexkey agent status")
        .unwrap()
        .status
        .success()));
}

/// Fails unless every pair is green and exactly this is found.
#[track_caller]
fn must_be_green_and_told(lab: &Lab, user: &str, hosts: &str, told: &[(&str, usize)]) {
    let flags = &["--json", "--no-password"];
    let checked = check_with(lab.node(0), user, hosts, flags, "");
    let seen = document(&checked);
    assert_eq!((checked.code, &seen["healthy"]), (Some(0), &Value::Bool(true)), "{seen:#}");
    assert_eq!(seen["counts"]["total"], 6, "{seen:#}");
    let found = finish(start_doctor(lab.node(0), user, hosts, flags, ""));
    let seen = document(&found);
    let addresses: Vec<&str> =
        hosts.lines().filter_map(|line| line.split_once(',')).map(|(ip, _)| ip).collect();
    let wanted: Vec<(&str, &str)> = told.iter().map(|(code, node)| (*code, addresses[*node])).collect();
    assert_eq!((found.code, causes(&seen)), (Some(i32::from(!told.is_empty())), wanted), "{seen:#}");
}

/// Fails unless the preflight and the set-up say why not, before anything is written.
#[track_caller]
fn must_be_refused(lab: &Lab, user: &str, code: &str, node: usize) {
    let (nodes, hosts, answer) = (all(lab), hosts(lab), format!("{PASSWORD}\n"));
    let before = snapshots(&nodes);
    let found = document(&finish(start_doctor(nodes[0], user, &hosts, &["--json", "--preflight"], &answer)));
    let ip = nodes[node].ip().to_string();
    let said = causes(&found);
    assert!(said.contains(&(code, &ip)) && said.iter().all(|(other, _)| *other == code), "{found:#}");
    let failed = run(nodes[0], user, &hosts, &[], &answer);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    assert!(failed.stderr.contains(&ip), "{}", failed.stderr);
    assert!(!failed.stderr.contains("put back"), "it was written: {}", failed.stderr);
    must_be_unchanged(&nodes, &before);
}

/// All rows, so that one that fails hides no other.
#[track_caller]
fn all_must_hold(rows: &[Row]) {
    let only = std::env::var("GS_SSHEXKEY_TEST_ROW").unwrap_or_default();
    let mut failed = Vec::new();
    for row in rows.iter().filter(|row| row.name.contains(&only)) {
        println!("{}", row.name);
        if catch_unwind(AssertUnwindSafe(|| must_hold(row))).is_err() {
            failed.push(row.name);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nodes_that_are_not_alike_trust_each_other() {
    all_must_hold(TOGETHER);
}

// A lab for each row: with `cargo xtask test --scale`.

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn each_alone_holds_what_is_said_of_it() {
    all_must_hold(ROWS);
}
