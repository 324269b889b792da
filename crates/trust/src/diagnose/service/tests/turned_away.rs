//! Who is reached and turns callers away, and what the way does to their packets.

use super::super::find;
use super::*;
use crate::inventory::NodeIx;

#[test]
fn only_a_measured_path_is_too_narrow() {
    let mut case = cluster(4);
    case.bar(3, ConnectError::Silent(20));
    case.break_column(3, &Cause::Hung, "Connection to 10.0.0.4 port 22 timed out");
    let wide = Callee { ping: true, mtu: Some(1500), passes: Some(1500), ..callee(3) };
    case.seen_mut(0).service.callees = vec![wide.clone()];
    assert_eq!(short(&find(&case)), []);
    case.seen_mut(1).service.callees = vec![Callee { passes: Some(576), ..wide.clone() }];
    case.seen_mut(2).service.callees = vec![Callee { passes: Some(576), ..wide }];
    let found = find(&case);
    assert_eq!((short(&found), found[0].bars), (vec![("mtu", 3, 3)], true));
    assert!(commands(&found)[0].ends_with("mtu 576"));
}

#[test]
fn an_address_of_two_machines_is_told_with_its_second_owner() {
    let mut case = cluster(4);
    case.seen_mut(2).service.addresses.push(("eth0".to_owned(), spec(1).ip));
    case.break_pair(3, 1, Cause::HostKeyChanged, "CHANGED");
    let found = find(&case);
    assert_eq!((short(&found), found[0].about), (vec![("duplicate-ip", 1, 1)], Some(NodeIx::new(2))));
    // One machine that is listed under two addresses is not two.
    let same = case.seen_mut(1).service.hardware.clone();
    case.seen_mut(2).service.hardware = same;
    assert_eq!(short(&find(&case)), []);
    // The program met the other one.
    let mut case = cluster(3);
    case.seen_mut(2).service.addresses.push(("eth0".to_owned(), spec(1).ip));
    case.bar(
        1,
        ConnectError::HostKeyChanged(Box::new(HostKeyConflict {
            key_type: String::new(),
            presented: String::new(),
            recorded: String::new(),
            host: "10.0.0.3".to_owned(),
            file: "/x".into(),
            line: 1,
        })),
    );
    assert_eq!(short(&find(&case)), [("duplicate-ip", 1, 0)]);
}

#[test]
fn slow_name_servers_count_only_where_sshd_asks_them() {
    for (setting, time, found) in [("yes", 500, true), ("yes", 20, false), ("no", 500, false)] {
        let mut case = cluster(3);
        let service = &mut case.seen_mut(1).service;
        service.settings.push_str(&format!("\nusedns {setting}"));
        service.lookups = vec![(spec(0).ip, time)];
        assert_eq!(find(&case).len(), usize::from(found), "{setting} {time}");
    }
}

#[test]
fn limits_of_sshd_are_told_from_each_other() {
    let mut case = cluster(4);
    case.break_pair(1, 0, Cause::Penalised, "Not allowed at this time");
    case.break_pair(2, 0, Cause::MaxStartups, "Exceeded MaxStartups");
    case.break_pair(3, 2, Cause::TooManyKeys, "Too many authentication failures");
    case.break_pair(0, 3, Cause::Other, "channel 0: open failed: connect failed: open failed");
    case.seen_mut(3).service.settings = "maxsessions 0\nsubsystem sftp x".to_owned();
    let wanted =
        [("penalised", 0, 1), ("max-startups", 0, 1), ("max-sessions", 3, 1), ("max-auth-tries", 3, 1)];
    assert_eq!(short(&find(&case)), wanted);
    // Before 8.5 it hung up without a word.
    let mut case = cluster(3);
    case.break_pair(1, 0, Cause::ClosedEarly, "closed");
    assert_eq!(short(&find(&case)), []);
    if let Some(process) = &mut case.seen_mut(0).service.process {
        process.title = "sshd: /usr/sbin/sshd [listener] 2 of 2-2 startups".to_owned();
    }
    case.seen_mut(0).service.settings = "maxstartups 2:30:2\nsubsystem sftp x".to_owned();
    let found = find(&case);
    assert_eq!((short(&found), healing(&found)), (vec![("max-startups", 0, 1)], &Healing::Run));
}

#[test]
fn a_punished_caller_is_told_by_the_log() {
    let mut case = cluster(3);
    case.break_pair(1, 0, Cause::ClosedEarly, "read: Connection reset by peer");
    case.break_pair(2, 0, Cause::ClosedEarly, "read: Connection reset by peer");
    let line = "drop connection #0 from [10.0.0.2]:35512 on [10.0.0.1]:22 penalty: failed authentication";
    case.seen_mut(0).service.penalties = vec![line.to_owned()];
    let found = find(&case);
    assert_eq!((short(&found), found[0].pairs[0].get()), (vec![("penalised", 0, 1)], 0));
    assert_eq!(found[0].witnesses[0].said, line);
}

#[test]
fn few_tries_are_the_fault_of_who_allows_so_few() {
    let mut case = cluster(3);
    case.break_pair(1, 2, Cause::TooManyKeys, "Too many");
    case.seen_mut(2).service.settings.push_str("\nmaxauthtries 1");
    case.seen_mut(1).service.offers = vec!["identityfile ~/.ssh/id_om".to_owned()];
    assert_eq!(short(&find(&case)), [("max-auth-tries", 2, 1)]);
    case.seen_mut(1).service.offers = vec!["identityfile ~/.ssh/x".to_owned(); 7];
    assert_eq!(short(&find(&case)), [("max-auth-tries", 1, 1)]);
}

#[test]
fn the_side_that_chose_its_algorithms_has_the_fault() {
    let said = "Unable to negotiate with 10.0.0.3 port 22: no matching cipher found. Their offer: aes256-cbc";
    let mut case = cluster(3);
    case.break_pair(0, 2, Cause::NoCommonAlgorithm, said);
    case.break_pair(1, 2, Cause::NoCommonAlgorithm, said);
    case.seen_mut(0).service.offers = vec!["ciphers aes128-ctr,aes256-ctr".to_owned()];
    let found = find(&case);
    assert_eq!(short(&found), [("no-common-algorithm", 2, 2)]);
    assert!(commands(&found)[0].starts_with("sed -i '1i Ciphers +aes256-ctr' /etc/ssh/sshd_config"));
    case.seen_mut(0).service.chosen_by_caller = vec!["/root/.ssh/config:3:Ciphers aes128-ctr".to_owned()];
    let found = find(&case);
    assert_eq!(short(&found), [("no-common-algorithm", 0, 1), ("no-common-algorithm", 2, 1)]);
    assert_eq!(commands(&found)[0], "sed -i '3s/^/#/' '/root/.ssh/config'");
}

#[test]
fn the_cure_edits_the_option_that_the_two_sides_do_not_agree_on() {
    let unable = |what: &str| {
        format!("Unable to negotiate with 10.0.0.2 port 22: no matching {what} found. Their offer: x")
    };
    let own = |kind: &str, ours: &str| {
        format!("no common {kind} algorithm; this side offers {ours}; the node offers x")
    };
    // What a caller's `ssh` says, what this program met itself, what the caller offers, the line.
    let cases: [(String, Option<String>, &str, &str); 11] = [
        (unable("key exchange method"), None, "", "KexAlgorithms +curve25519-sha256"),
        (unable("cipher"), None, "", "Ciphers +aes256-ctr"),
        (unable("MAC"), None, "", "MACs +hmac-sha2-256"),
        (unable("MAC"), None, "macs umac-64@openssh.com", "MACs +umac-64@openssh.com"),
        (unable("host key type"), None, "", "HostKeyAlgorithms +ssh-ed25519"),
        (unable("host key type"), None, "hostkeyalgorithms rsa-sha2-256", "HostKeyAlgorithms +rsa-sha2-256"),
        (unable("MAC"), Some(own("Mac", "hmac-sha1")), "", "MACs +hmac-sha1"),
        (String::new(), Some(own("Mac", "hmac-sha2-512,hmac-sha2-256")), "", "MACs +hmac-sha2-256"),
        (String::new(), Some(own("Cipher", "aes128-ctr")), "", "Ciphers +aes128-ctr"),
        (
            String::new(),
            Some(own("Key", "ecdsa-sha2-nistp256")),
            "",
            "HostKeyAlgorithms +ecdsa-sha2-nistp256",
        ),
        (String::new(), Some(own("Kex", "curve25519-sha256")), "", "KexAlgorithms +curve25519-sha256"),
    ];
    for (said, own, offers, wanted) in cases {
        let mut case = cluster(2);
        if let Some(own) = own {
            case.bar(1, ConnectError::NoCommonAlgorithm(own));
        }
        if !said.is_empty() {
            case.break_pair(0, 1, Cause::NoCommonAlgorithm, &said);
        }
        case.seen_mut(0).service.offers = vec![offers.to_owned()];
        let found = find(&case);
        let begins = format!("sed -i '1i {wanted}' /etc/ssh/sshd_config");
        assert!(commands(&found)[0].starts_with(&begins), "{said}: {:?}", commands(&found));
        // Nobody has seen the line that says so.
        assert_eq!(found[0].certainty, Certainty::Likely, "{said}");
    }
    // A line about another kind has nothing to do with it.
    let mut case = cluster(3);
    case.break_pair(0, 1, Cause::NoCommonAlgorithm, &unable("MAC"));
    case.seen_mut(1).service.chosen = vec!["/etc/ssh/sshd_config:3:Ciphers aes128-ctr".to_owned()];
    case.seen_mut(0).service.chosen_by_caller = vec![
        "/root/.ssh/config:3:MACs hmac-sha1".to_owned(),
        "/root/.ssh/config:4:Ciphers aes128-ctr".to_owned(),
    ];
    let found = find(&case);
    assert_eq!(
        (short(&found), found[0].certainty),
        (vec![("no-common-algorithm", 0, 1)], Certainty::Certain)
    );
    assert_eq!(commands(&found), ["sed -i '3s/^/#/' '/root/.ssh/config'"]);
    // Host keys that the node does not have help nobody.
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAABADBwcE=";
    let mut case = cluster(2);
    case.break_pair(0, 1, Cause::NoCommonAlgorithm, &unable("host key type"));
    case.seen_mut(0).service.offers = vec!["hostkeyalgorithms ssh-ed25519".to_owned()];
    case.seen_mut(1).keys.host_keys = vec![rsa.parse().unwrap()];
    assert_eq!(commands(&find(&case))[0], "ssh-keygen -A");
}

#[test]
fn a_missing_subsystem_is_a_risk_where_it_is_seen_for_certain() {
    let mut case = cluster(2);
    case.seen_mut(1).service.settings = "port 22".to_owned();
    let found = find(&case);
    assert_eq!((short(&found), found[0].breaks()), (vec![("no-sftp", 1, 0)], false));
    case.seen_mut(1).service.effective = false;
    assert_eq!(short(&find(&case)), []);
}

#[test]
fn tcp_wrappers_deny_whom_they_name() {
    // What is denied, what is allowed, and whether 10.0.0.2 is kept out for certain.
    let cases: [(&str, &str, bool); 12] = [
        ("sshd: ALL", "", true),
        ("ALL: ALL", "", true),
        ("ALL: 10.0.0.", "", true),
        ("sshd , vsftpd: 10.0.0.2", "", true),
        ("sshd: 10.0.0.0/255.255.255.0", "", true),
        ("sshd: 10.0.0.0/24", "", true),
        ("sshd: ALL", "sshd: 10.0.0.", false),
        ("sshd: ALL", "vsftpd: ALL", true),
        ("vsftpd: ALL", "", false),
        ("sshd: 10.0.0.3", "", false),
        ("# sshd: ALL", "", false),
        ("sshd: ALL EXCEPT 10.0.0.2", "", false),
    ];
    for (deny, allow, wanted) in cases {
        let mut case = cluster(3);
        case.seen_mut(0).service.wrappers =
            Some(Wrappers { deny: vec![deny.to_owned()], allow: vec![allow.to_owned()] });
        assert_eq!(short(&find(&case)), [], "{deny}: nobody was turned away");
        case.break_pair(1, 0, Cause::ClosedEarly, "Connection closed by remote host");
        let found = find(&case);
        assert_eq!(!found.is_empty(), wanted, "{deny} | {allow}");
        if wanted {
            assert_eq!((short(&found), healing(&found)), (vec![("tcp-wrappers", 0, 1)], &Healing::Run));
        }
    }
}
