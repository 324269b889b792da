use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use serde_json::json;
use sshtrust::inventory::{NodeMap, NodeSpec};
use sshtrust::probe::{By, Cause};

use super::*;
use crate::reporter::access::sample as access;
use crate::reporter::doctor::sample as doctor;
use crate::reporter::doctor::{Stage, write_json as write_doctor};
use crate::reporter::sample::{CHANGED, Sample};
use crate::reporter::write_json as write_check;

/// Nodes `10.0.0.1` and so on, by these names.
fn cluster(names: &[&str]) -> Cluster {
    let spec = |place: usize| NodeSpec { ip: [10, 0, 0, u8::try_from(place + 1).unwrap()].into(), port: 22 };
    Cluster {
        nodes: (0..names.len()).map(spec).collect(),
        names: names.iter().map(|_| None).collect(),
        called: names.iter().map(|name| vec![(*name).to_owned()]).collect(),
    }
}

/// What becomes of a member in a cluster of two nodes, `db1.corp.example` and `DB2`, as omm.
fn becomes(name: &str, text: &str) -> String {
    let redactor = Redactor::of(&cluster(&["db1.corp.example", "DB2"]), "desk7");
    redactor.meet_user("omm");
    redactor.member(name, text.into()).as_str().unwrap().to_owned()
}

/// Fails with all texts that become another than the one that is wanted.
#[track_caller]
fn must_become(cases: &[(&str, &str)]) {
    let wrong = cases.iter().map(|(text, wanted)| (text, becomes("said", text), wanted));
    let wrong: Vec<_> = wrong.filter(|(_, told, wanted)| told != *wanted).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn texts() {
    let cases = [
        // Addresses, known and not, and what only looks like one.
        ("connect 10.0.0.2 port 22", "connect address-2 port 22"),
        ("10.0.0.11 or 10.0.0.1:2222, 10.0.0.1.", "address-3 or address-1:2222, address-1."),
        ("from ::ffff:10.0.0.1 to [fd00::7]:22", "from address-1 to [address-3]:22"),
        ("fe80::1%eth0 in 192.168.3.0/24", "address-3%eth0 in address-4/24"),
        ("listens on 0.0.0.0, [::]:22 and 127.0.0.1", "listens on 0.0.0.0, [::]:22 and 127.0.0.1"),
        ("OpenSSH_9.2p1, 7.4 or 1.2.3 at 12:34:56", "OpenSSH_9.2p1, 7.4 or 1.2.3 at 12:34:56"),
        ("10.0.0.[1-3,7] (4 nodes), fd00::[1-9]", "addresses-1 (4 nodes), addresses-2"),
        ("10.0.0.* sshd: array[1]", "addresses-1 sshd: array[1]"),
        (
            "node-10.0.0.1.sh ip-10-0-0-1 v10.0.0.2b 110.0.0.1x",
            "node-address-1.sh ip-address-1 vaddress-2b address-3x",
        ),
        ("lladdr 52:54:00:12:34:56", "lladdr card-1"),
        // Names of machines: each by all its names, in any case, with its domain.
        ("db1 DB1.Corp.Example db1.corp.example.", "host-1 host-1 host-1."),
        ("db2.corp.example and db20, db-2", "host-2 and db20, db-2"),
        ("search corp.example", "search domain-1"),
        ("here is desk7.lan", "here is this-machine"),
        (
            "Could not resolve hostname db7: Name or service not known",
            "Could not resolve hostname host-3: Name or service not known",
        ),
        ("hostname contains invalid characters", "hostname contains invalid characters"),
        // Users and their homes.
        ("su - omm -c 'chmod go-w '/home/omm''", "su - user-1 -c 'chmod go-w '/home/user-1''"),
        ("omm@10.0.0.1: Permission denied", "user-1@address-1: Permission denied"),
        ("alice@vault.example and alice", "user-2@host-3 and user-2"),
        ("command common comma", "command common comma"),
        ("/home/alice/.ssh, /root/.ssh", "/home/user-2/.ssh, /root/.ssh"),
        ("/export/home/alice ~alice/.ssh ~/.ssh", "/export/home/user-2 ~user-2/.ssh ~/.ssh"),
        ("drwxrwxrwx alice:dba", "drwxrwxrwx user-2:user-3"),
        ("-rw-------. root:root", "-rw-------. root:root"),
        (
            "Failed password for invalid user bob from 10.0.0.9 port 1",
            "Failed password for invalid user user-2 from address-3 port 1",
        ),
        (
            "user@1000.service ssh-ed25519-cert-v01@openssh.com",
            "user@1000.service ssh-ed25519-cert-v01@openssh.com",
        ),
        // What the program and OpenSSH call so themselves.
        ("~/gaussdb_tmp/gauss_socket_tmp of gs_sshexkey", "~/gaussdb_tmp/gauss_socket_tmp of gs_sshexkey"),
        // Keys.
        (
            "SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI.",
            "SHA256:redacted00000000000000000000000000000000001.",
        ),
        (
            "MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
            "SHA256:redacted00000000000000000000000000000000001",
        ),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDnZ4Fs1xQpm x", "ssh-ed25519 key-1 x"),
    ];
    must_become(&cases);
}

#[test]
fn what_ssh_and_sshd_say_of_machines_and_users() {
    must_become(&[
        (
            "connect to host jump.example.org port 22: Connection refused",
            "connect to host host-3 port 22: Connection refused",
        ),
        (
            "No ED25519 host key is known for gw.example.org and you have requested strict checking.",
            "No ED25519 host key is known for host-3 and you have requested strict checking.",
        ),
        (
            "Host key for gw.example.org has changed and you have requested strict checking.",
            "Host key for host-3 has changed and you have requested strict checking.",
        ),
        ("session opened for user bob(uid=1000)", "session opened for user user-2(uid=1000)"),
        ("authenticating user bob 10.0.0.2 port 1", "authenticating user user-2 address-2 port 1"),
    ]);
}

#[test]
fn settings_and_what_only_looks_like_them() {
    let cases = [
        ("AllowUsers alice bob@10.0.0.9", "AllowUsers user-2 user-3@address-3"),
        ("DenyGroups = dba | Port 22", "DenyGroups = user-2 | Port 22"),
        ("ProxyCommand nc -X 5 proxy.corp %h %p", "ProxyCommand value-1"),
        ("Match user alice", "Match value-1"),
        ("HostName vault", "HostName host-3"),
        ("User alice", "User user-2"),
        ("Host key verification failed.", "Host key verification failed."),
        (
            "User omm not allowed because not listed in AllowUsers",
            "User user-1 not allowed because not listed in AllowUsers",
        ),
        ("", ""),
        ("\u{4e92}\u{4fe1}db1\u{4fe1}10.0.0.1", "\u{4e92}\u{4fe1}host-1\u{4fe1}address-1"),
    ];
    must_become(&cases);
}

#[test]
fn members_have_rules_of_their_own() {
    let cases = [
        ("address", "10.0.0.1", "address-1"),
        ("host", "vault", "host-3"),
        ("found", "10.9.9.9, 10.0.0.2", "address-3, address-2"),
        ("name", "db1", "host-1"),
        ("user", "omm", "user-1"),
        ("user", "root", "root"),
        ("comment", "omm@db1", "user-1@host-1"),
        ("comment", "alice@desk", "comment-1"),
        ("comment", "backup of Alice", "comment-1"),
        ("comment", "", ""),
        (
            "options",
            "from=\"10.0.0.1,!10.0.0.9,10.1.0.0/16,*.corp\"",
            "from=\"address-1,!address-3,address-4/16,addresses-1\"",
        ),
        ("options", "command=\"/bin/x --of \\\"a\\\"\",no-pty", "command=\"value-1\",no-pty"),
        ("options", "expiry-time=\"20260101000000Z\",restrict", "expiry-time=\"20260101000000Z\",restrict"),
        ("line", "anything at all", "line-1"),
        // A word of ours stays, whatever a machine is called.
        ("state", "db1", "db1"),
        (
            "fingerprint",
            "SHA256:IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI",
            "SHA256:redacted00000000000000000000000000000000001",
        ),
        ("a member that is new", "10.0.0.1", "address-1"),
    ];
    for (name, text, wanted) in cases {
        assert_eq!(becomes(name, text), wanted, "{name}: {text}");
    }
}

#[test]
fn nothing_is_replaced_unless_it_is_wanted() {
    let all = json!({"address": "10.0.0.1", "said": ["omm@db1"], "user": "omm", "port": 22, "x": null});
    assert_eq!(Redactor::new(false, &cluster(&["db1"])).value(all.clone()), all);
    assert_eq!(Redactor::default().value(all.clone()), all);
}

/// Whether a word stands in a text, not as a part of another one.
fn stands(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let is_inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(&word).any(|(at, _)| {
        let behind = text[at + word.len()..].chars().next();
        !is_inside(text[..at].chars().next_back()) && !is_inside(behind)
    })
}

fn document(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn must_fit(schema: &str, document: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// The documents of all three verbs: none names anybody, and all are as the schemas say.
#[test]
fn whole_documents() {
    let name = ["node1", "node2", "node3", "node4", "node5"];
    let redactor = || Redactor::of(&cluster(&name), "node1");
    let broken = Sample::new(5).by(&[By::Ip, By::Name]).stopped(3).breaks(
        1,
        2,
        By::Ip,
        Cause::HostKeyChanged,
        CHANGED,
    );
    let broken =
        broken.breaks(2, 1, By::Ip, Cause::WrongAddress { found: "10.9.9.9".to_owned() }, "x").checked();
    let check = document(|out| write_check(&broken, &redactor(), out).unwrap());
    must_fit(include_str!("../../../../../docs/schema/check-1.schema.json"), &check);
    let mut all = vec![check];
    let healable = doctor::healable();
    let found = [doctor::reinstalled(5), doctor::stopped(5, 3), doctor::preflight()];
    let told = found.iter().map(|found| found.told(Stage::Found)).chain([healable.fixed(&healable)]);
    for told in told {
        let text = document(|out| write_doctor(&told, &redactor(), out).unwrap());
        must_fit(include_str!("../../../../../docs/schema/doctor-1.schema.json"), &text);
        all.push(text);
    }
    for report in [access::healthy(5), access::audited(), access::everything()] {
        let text = document(|out| crate::reporter::access::write_json(&report, &redactor(), out).unwrap());
        must_fit(include_str!("../../../../../docs/schema/access-1.schema.json"), &text);
        all.push(text);
    }
    let others = [
        "omm",
        "10.9.9.9",
        "10.0.0.77",
        "alice",
        "desk",
        "bob (left",
        "vault",
        "AAAAbroken",
        "IKyHezDQTZPay4hAkPvy3Hug3QG87Lz8wCiNfHEO2dI",
    ];
    let addresses: Vec<String> = (1..=5).map(|n| format!("10.0.0.{n}")).collect();
    for text in all {
        assert!(text.contains("address-1") && !text.contains("10.0.0."), "{text}");
        for word in name.iter().chain(&others).copied().chain(addresses.iter().map(String::as_str)) {
            assert!(!stands(&text, word), "{word} in {text}");
        }
    }
}

/// Names that nobody uses for anything else.
fn named() -> impl Strategy<Value = String> {
    "[a-z]{2}(-?[a-z0-9]){0,6}q[0-9]{2}(\\.q[a-z]{3}\\.test)?".prop_map(String::from)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No address and no name of the inventory stands in what is told, and each has one placeholder of its own.
    #[test]
    fn nobody_is_named(
        nodes in prop::collection::btree_map(any::<u32>(), (named(), any::<bool>()), 1..6),
        user in "[a-z_][a-z0-9_-]{0,7}u[0-9]{2}",
        around in prop::collection::vec("[ :/,;'\"()=|\\[\\]@\u{4e92}]{1,3}|[ ][a-z]{0,9}[ :]", 12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 11),
    ) {
        let ip = |bits: u32, six: bool| -> IpAddr {
            if six { std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 7, (bits >> 16) as u16, bits as u16).into() }
            else { std::net::Ipv4Addr::from(bits | 0x0100_0000).into() }
        };
        let specs: Vec<NodeSpec> = nodes.iter().map(|(bits, (_, six))| NodeSpec { ip: ip(*bits, *six), port: 22 }).collect();
        let unique: HashSet<IpAddr> = specs.iter().map(|spec| spec.ip).collect();
        let names: Vec<String> = nodes.values().map(|(name, _)| name.clone()).collect();
        let short: HashSet<&str> = names.iter().filter_map(|name| name.split('.').next()).collect();
        prop_assume!(unique.len() == specs.len() && short.len() == names.len());
        let cluster = Cluster {
            nodes: specs.iter().copied().collect(),
            names: names.iter().map(|_| None).collect::<NodeMap<_>>(),
            called: names.iter().map(|name| vec![name.clone()]).collect(),
        };
        let addresses: Vec<String> = specs.iter().map(|spec| spec.ip.to_string()).collect();
        let words: Vec<&String> = addresses.iter().chain(&names).chain([&user]).collect();
        let mut text = around[0].clone();
        for (word, behind) in order.iter().zip(&around[1..]) {
            text += words[word.index(words.len())];
            text += behind;
        }
        let redactor = Redactor::of(&cluster, "desk7");
        redactor.meet_user(&user);
        let said: Vec<Value> = words.iter().map(|word| json!(word)).collect();
        let told = redactor.value(json!({"said": text, "each": said, "path": format!("/home/{user}/{}", names[0])}));
        for word in &words {
            prop_assert!(!stands(&told.to_string(), word), "{word} of {text} in {told}");
        }
        let mut back: HashMap<&str, &str> = HashMap::new();
        for (word, placeholder) in words.iter().zip(told["each"].as_array().unwrap()) {
            let other = back.insert(placeholder.as_str().unwrap(), word);
            prop_assert!(other.is_none() || other == Some(word.as_str()), "{other:?} and {word} are {placeholder}");
        }
    }

    /// Any text at all: it ends, and what is told names no address.
    #[test]
    fn any_text(text in "\\PC{0,80}", at in any::<prop::sample::Index>()) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = places[at.index(places.len())];
        let text = format!("{} 10.0.0.1 {}", &text[..at], &text[at..]);
        let inside = becomes("said", &text.replace(" 10.0.0.1 ", "x10.0.0.1x"));
        prop_assert!(!inside.contains("x10.0.0.1x"), "{text}: {inside}");
        for member in ["said", "options", "comment", "host"] {
            prop_assert!(!becomes(member, &text).contains("10.0.0.1 "), "{member}: {text}");
        }
    }
}
