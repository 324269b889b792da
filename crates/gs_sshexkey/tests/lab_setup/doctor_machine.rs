//! `doctor` and the machine: disk, names, clock, libraries, who it is.

use lab::{Lab, Node};
use serde_json::Value;

use crate::doctor::*;
use crate::harness::*;
use crate::tools::*;

/// A cluster where a user's trust stands.
fn trusted(nodes: usize, user: &str) -> Lab {
    let lab = cluster(nodes);
    set_up(&lab, user);
    lab
}

const BY_BOTH: &[&str] = &["--no-password", "--by", "both"];

/// The finding about a node.
fn about<'a>(lab: &Lab, document: &'a Value, node: usize) -> &'a Value {
    let ip = lab.node(node).ip().to_string();
    document["findings"].as_array().unwrap().iter().find(|finding| finding["node"] == *ip).unwrap()
}

/// Puts a program on a node that is found before the system's of that name.
fn record(node: &Node, name: &str, script: &str) {
    node.write(format!("/usr/local/sbin/{name}"), format!("#!/bin/sh\n{script}\n").as_bytes(), 0o755, "root")
        .unwrap();
}

/// Takes it away.
fn forget(node: &Node, name: &str) {
    sh(node, "root", &format!("rm /usr/local/sbin/{name}"));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_full_disk_and_a_home_that_cannot_be_written() {
    let lab = trusted(3, "omm");
    lab.node(1).fill_disk("omm").unwrap();
    lab.node(2).read_only_home("omm").unwrap();
    let wanted = [("disk-full", 1), ("read-only-home", 2)];
    let document = must_find(&lab, "omm", ASK_NOBODY, "", &wanted);
    assert_eq!(about(&lab, &document, 1)["breaks"], false, "{document:#}");
    lab.node(1).free_disk("omm").unwrap();
    for command in about(&lab, &document, 2)["cures"][0]["commands"].as_array().unwrap() {
        // The kernel's log may be closed here.
        let _ = lab.node(2).sh("root", command.as_str().unwrap());
    }
    must_be_well(&lab, "omm");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn names_that_lead_elsewhere_or_nowhere() {
    let lab = trusted(4, "root");
    set_up(&lab, "omm");
    let (third, fourth) = (lab.node(2), lab.node(3));
    let mapping = |node: &Node| text(node, "/etc/hosts");
    let before: Vec<String> = lab.nodes().iter().map(mapping).collect();
    // A line of ours that says something else; one that is gone.
    let (right, wrong) =
        (format!("{}  {}", third.ip(), third.name()), format!("{}  {}", fourth.ip(), third.name()));
    sh(lab.node(1), "root", &format!("sed -i 's/^{right}/{wrong}/' /etc/hosts"));
    sh(third, "root", &format!("sed -i '/ {}  #Gauss/d' /etc/hosts", lab.node(0).name()));
    let wanted = [("hosts-mapping", 1), ("hosts-mapping", 2)];
    let document = must_find(&lab, "root", BY_BOTH, "", &wanted);
    let finding = about(&lab, &document, 1);
    assert_eq!(
        (&finding["about"], &finding["pairs"]),
        (&third.ip().to_string().into(), &1.into()),
        "{document:#}"
    );
    // It is seen by who does not call by name, too.
    let document = must_find(&lab, "root", ASK_NOBODY, "", &wanted);
    assert_eq!(about(&lab, &document, 1)["breaks"], false, "{document:#}");
    must_heal(&lab, "root", BY_BOTH, "");
    let healed: Vec<String> = lab.nodes().iter().map(mapping).collect();
    assert_eq!(healed, before);
    // By hand too.
    sh(lab.node(1), "root", &format!("sed -i 's/^{right}/{wrong}/' /etc/hosts"));
    sh(third, "root", &format!("sed -i '/ {}  #Gauss/d' /etc/hosts", lab.node(0).name()));
    let document = must_find(&lab, "root", BY_BOTH, "", &wanted);
    cure_by_hand(&lab, "root", &document);
    must_find(&lab, "root", BY_BOTH, "", &[]);
    // A line of the user's stands before ours; a file that only root reads.
    sh(lab.node(1), "root", &format!("sed -i '1i {}  {}' /etc/hosts", fourth.ip(), third.name()));
    sh(fourth, "root", "chmod 600 /etc/hosts");
    let document = must_find(&lab, "omm", BY_BOTH, "", &[("hosts-mapping", 1), ("hosts-mapping", 3)]);
    assert_eq!(about(&lab, &document, 3)["pairs"], 3, "{document:#}");
    cure_by_hand(&lab, "root", &document);
    must_find(&lab, "omm", BY_BOTH, "", &[]);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn machines_that_were_cloned_or_have_another_name() {
    let lab = cluster(4);
    // As from one image, before trust was made.
    let keys = sh(lab.node(1), "root", "cd /etc/ssh && tar -cf - ssh_host_* | base64 -w0");
    sh(lab.node(2), "root", &format!("cd /etc/ssh && echo '{}' | base64 -d | tar -xf -", keys.trim()));
    lab.node(2).stop_sshd().unwrap();
    lab.node(2).start_sshd().unwrap();
    sh(lab.node(3), "root", "echo 00000000000000000000000000000002 >/etc/machine-id");
    set_up(&lab, "root");
    let wanted = [("cloned-node", 2), ("cloned-node", 3)];
    let document = must_find(&lab, "root", ASK_NOBODY, "", &wanted);
    let second = lab.node(1).ip().to_string();
    for node in [2, 3] {
        let finding = about(&lab, &document, node);
        assert_eq!(
            (&finding["about"], &finding["breaks"]),
            (&second.clone().into(), &false.into()),
            "{finding:#}"
        );
    }
    let mine = |finding: &Value| finding["node"] == lab.node(3).ip().to_string();
    let only: Vec<Value> =
        document["findings"].as_array().unwrap().iter().filter(|f| mine(f)).cloned().collect();
    cure_by_hand(&lab, "root", &serde_json::json!({ "findings": only }));
    must_find(&lab, "root", ASK_NOBODY, "", &[("cloned-node", 2)]);
    // New host keys, which a person vouches for.
    lab.node(2).change_host_keys().unwrap();
    let accept = format!("--accept-host-key={}", lab.node(2).ip());
    must_heal(&lab, "root", &["--no-password", &accept], "");
    must_be_well(&lab, "root");

    // A name that another node has, and one that the description does not know.
    sh(lab.node(3), "root", &format!("hostname {}", lab.node(2).name()));
    let document = must_find(&lab, "root", ASK_NOBODY, "", &[("cloned-node", 3)]);
    assert_eq!(about(&lab, &document, 3)["about"], lab.node(2).ip().to_string(), "{document:#}");
    sh(lab.node(3), "root", "hostname other4");
    let device = |node: &Node| {
        let (name, ip) = (node.name(), node.ip());
        format!(
            "<DEVICE sn=\"{name}\"><PARAM name=\"name\" value=\"{name}\"/><PARAM name=\"backIp1\" value=\"{ip}\"/></DEVICE>"
        )
    };
    let names: Vec<&str> = lab.nodes().iter().map(Node::name).collect();
    let devices: String = lab.nodes().iter().map(device).collect();
    let xml = format!(
        "<?xml version=\"1.0\"?><ROOT><CLUSTER><PARAM name=\"nodeNames\" value=\"{}\"/></CLUSTER>\
         <DEVICELIST>{devices}</DEVICELIST></ROOT>",
        names.join(",")
    );
    lab.node(0).write("/root/cluster.xml", xml.as_bytes(), 0o644, "root").unwrap();
    let examine = || -> Value {
        let mut command = lab.node(0).command("root");
        let words = ["gs_sshexkey", "doctor", "-X", "/root/cluster.xml", "--no-password", "--json"];
        serde_json::from_slice(&command.args(words).output().unwrap().stdout).unwrap()
    };
    let document = examine();
    assert_eq!(findings(&lab, &document), [("name-differs".to_owned(), 3)], "{document:#}");
    cure_by_hand(&lab, "root", &document);
    assert_eq!(findings(&lab, &examine()), []);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn libraries_of_a_database_under_which_ssh_does_not_start() {
    let lab = trusted(3, "omm");
    let node = lab.node(1);
    let set = "export GAUSSHOME=/opt/db\nexport LD_LIBRARY_PATH=$GAUSSHOME/lib\n";
    sh(node, "root", "mkdir -p /opt/db/lib");
    let profile = format!("{set}{}", text(node, "/home/omm/.bashrc"));
    node.write("/home/omm/.bashrc", profile.as_bytes(), 0o644, "omm").unwrap();
    // That alone does no harm.
    must_be_well(&lab, "omm");
    let library = sh(node, "root", "ldd /usr/bin/ssh | sed -n 's/.*\\(libcrypto[^ ]*\\) =>.*/\\1/p'");
    sh(node, "root", &format!("echo broken >/opt/db/lib/{}", library.trim()));
    // The probe does without profiles, so no pair is broken; the user's shells are.
    let document = must_find(&lab, "omm", ASK_NOBODY, "", &[("ld-library-path", 1)]);
    let finding = about(&lab, &document, 1);
    assert_eq!(finding["breaks"], false, "{finding:#}");
    assert!(finding["witnesses"].to_string().contains("LD_LIBRARY_PATH=/opt/db/lib"), "{finding:#}");
    cure_by_hand(&lab, "omm", &document);
    must_be_well(&lab, "omm");
    let called = sh(node, "omm", ". ~/.bashrc; ssh -V 2>&1; echo $LD_LIBRARY_PATH");
    assert!(called.contains("OpenSSH") && called.trim().ends_with(":/opt/db/lib"), "{called}");

    // For all users: then the calls themselves fail.
    let node = lab.node(0);
    sh(
        node,
        "root",
        &format!(
            "mkdir -p /opt/lib && echo broken >/opt/lib/{0} && mv /usr/bin/ssh /usr/bin/ssh.real",
            library.trim()
        ),
    );
    node.write(
        "/usr/bin/ssh",
        b"#!/bin/sh\nexec env LD_LIBRARY_PATH=/opt/lib /usr/bin/ssh.real \"$@\"\n",
        0o755,
        "root",
    )
    .unwrap();
    let document = must_find(&lab, "omm", ASK_NOBODY, "", &[("ld-library-path", 0)]);
    assert_eq!(about(&lab, &document, 0)["pairs"], 2, "{document:#}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn recorded_clocks_quotas_and_homes_on_the_network() {
    let lab = trusted(4, "root");
    // No node has a clock of its own here, nor quotas, nor NFS.
    record(
        lab.node(1),
        "date",
        "[ \"$*\" = +%s ] && exec /bin/date -d '+1000 seconds' +%s\nexec /bin/date \"$@\"",
    );
    record(lab.node(2), "quota", "printf '\\tBlock limit reached on /dev/vdb1\\n'");
    let wanted = [("quota", 2), ("clock-skew", 1)];
    let document = must_find(&lab, "root", ASK_NOBODY, "", &wanted);
    let said = about(&lab, &document, 1)["witnesses"].to_string();
    assert!(said.contains("seconds ahead of the others"), "{document:#}");
    forget(lab.node(1), "date");
    // A limit that is only near.
    record(lab.node(2), "quota", "printf '\\tIn block grace period on /dev/vdb1\\n'");
    must_be_well(&lab, "root");
    let disk = "[ \"$1\" = -PTk ] || exec /bin/df \"$@\"\nprintf 'Filesystem Type 1024-blocks Used Available Capacity Mounted on\\n\
                nas:/export/home nfs4 1000000 500 999500 1%% /root\\n'";
    for node in [1, 3] {
        record(lab.node(node), "df", disk);
        record(lab.node(node), "stat", "/usr/bin/stat \"$@\" | sed 's/ [0-9]*:\\([0-9]*:\\)/ 4711:\\1/'");
    }
    let document = must_find(&lab, "root", ASK_NOBODY, "", &[("shared-home", 3)]);
    assert_eq!(about(&lab, &document, 3)["about"], lab.node(1).ip().to_string(), "{document:#}");
    // The same disk, and another home on it.
    forget(lab.node(3), "stat");
    must_be_well(&lab, "root");
}
