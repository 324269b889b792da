use std::time::Duration;

use sshfiles::{KnownHosts, Marker, PublicKey};

use crate::{corpus, key, key_of, processor_time, text};

fn matches(field: &str, host: &str, port: u16) -> bool {
    let line = format!("{field} {}", key(1));
    !KnownHosts::parse(line.as_bytes()).lookup(host, port).is_empty()
}

#[test]
fn matches_as_ssh_does() {
    let cases = [
        ("10.0.0.1", "10.0.0.1", 22, true),
        ("10.0.0.1", "10.0.0.11", 22, false),
        ("10.0.0.11", "10.0.0.1", 22, false),
        ("10.0.0.1", "10.0.0.1", 2222, false),
        ("10a0.0.1", "10.0.0.1", 22, false),
        ("a,10.0.0.1,b", "10.0.0.1", 22, true),
        ("Node1.Example.COM", "node1.example.com", 22, true),
        ("node1", "NODE1", 22, true),
        ("[10.0.0.1]:2222", "10.0.0.1", 2222, true),
        ("[10.0.0.1]:2222", "10.0.0.1", 22, false),
        ("[10.0.0.1]:2222", "10.0.0.1", 222, false),
        ("[10.0.0.1]:22", "10.0.0.1", 22, false),
        ("[fe80::1]:2222", "FE80::1", 2222, true),
        ("fe80::1", "fe80::1", 22, true),
        ("[10.0.0.*]:2222", "10.0.0.7", 2222, true),
        ("10.0.0.*", "10.0.0.7", 2222, false),
        ("*", "anything", 2222, true),
        ("10.0.0.*", "10.0.0.77", 22, true),
        ("10.0.0.?", "10.0.0.77", 22, false),
        ("10.0.0.??", "10.0.0.77", 22, true),
        ("n*de*1", "node-node21", 22, true),
        ("n*de*1", "node-node12", 22, false),
        ("***a", "bca", 22, true),
        ("*.example.com,!db.example.com", "web.example.com", 22, true),
        ("*.example.com,!db.example.com", "db.example.com", 22, false),
        ("!db.example.com,*.example.com", "db.example.com", 22, false),
        ("!web", "db", 22, false),
        ("!DB,*", "db", 22, false),
        ("a,,b", "b", 22, true),
        ("|1|broken|hash", "|1|broken|hash", 22, false),
        ("|2|a|b", "a", 22, false),
    ];
    for (field, host, port, want) in cases {
        assert_eq!(matches(field, host, port), want, "{field} {host} {port}");
    }
}

#[test]
fn many_stars_take_no_time() {
    let field = "*a".repeat(500);
    let host = "a".repeat(20_000);
    let time = processor_time(|| assert!(!matches(&format!("{field}b"), &host, 22)));
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn reads_lines_as_ssh_does() {
    let k = key(1);
    let cases = [
        (format!("h {k}"), Some((Marker::None, false))),
        (format!(" \th\t{}\t {}\t#OM", k.algorithm(), k.base64()), Some((Marker::None, true))),
        (format!("h {k} #OM\r"), Some((Marker::None, true))),
        (format!("h {k}\r"), Some((Marker::None, false))),
        (format!("h {k} #OM comment"), Some((Marker::None, false))),
        (format!("@revoked h {k}"), Some((Marker::Revoked, false))),
        (format!("@revoked\th {k} #OM"), Some((Marker::Revoked, false))),
        (format!("@cert-authority  h {k} c"), Some((Marker::CertAuthority, false))),
        (format!("@other h {k}"), None),
        (format!("@revoked @cert-authority h {k}"), None),
        (format!("@revokedh h {k}"), None),
        (format!("# h {k}"), None),
        (format!("h #{k}"), None),
        (format!("h ssh-rsa {}", k.base64()), None),
        (format!("h{k}"), None),
        ("h 1024 35 12345".into(), None),
        ("h".into(), None),
        (format!("h\0 {k}"), None),
    ];
    for (line, want) in cases {
        let known = KnownHosts::parse(line.as_bytes());
        let seen = known.lookup("h", 22).first().map(|found| (found.marker, found.ours));
        assert_eq!(seen, want, "{line:?}");
    }
}

#[test]
fn reads_the_examples() {
    let lines = |file: &str, host: &str, port| -> Vec<usize> {
        let known = KnownHosts::parse(&corpus(file));
        known.lookup(host, port).iter().map(|found| found.line).collect()
    };
    for file in ["known_hosts", "known_hosts.crlf"] {
        assert_eq!(lines(file, "10.0.0.1", 22), [2, 7]);
        assert_eq!(lines(file, "10.0.0.11", 22), [3, 7]);
        assert_eq!(lines(file, "fe80::1", 2222), [4, 7]);
        assert_eq!(lines(file, "web.example.com", 22), [5, 7]);
        assert_eq!(lines(file, "db1.example.com", 22), [7]);
        assert_eq!(lines(file, "node7", 22), [7, 9]);
        assert_eq!(lines(file, "10.0.0.2", 22), [7, 13, 14]);
    }
    assert_eq!(lines("known_hosts.hashed", "hidden.example.com", 22), [1]);
    assert_eq!(lines("known_hosts.hashed", "Hidden.example.com", 2222), [2]);
    assert_eq!(lines("known_hosts.hashed", "10.0.0.1", 22), [3]);
    assert!(lines("known_hosts.hashed", "10.0.0.11", 22).is_empty());
}

#[test]
fn sets_our_lines() {
    let (a, b, c) = (key(1), key_of("ssh-rsa", 2), key_of("ecdsa-sha2-nistp256", 3));
    let user = format!("h {a} mine\nx,y {c} #OM\n");
    let cases: Vec<(String, Vec<&PublicKey>, String)> = vec![
        (String::new(), vec![&a, &b], format!("h {a} #OM\nh {b} #OM\n")),
        (user.clone(), vec![&a, &a], format!("{user}h {a} #OM\n")),
        ("# x".into(), vec![&a], format!("# x\nh {a} #OM\n")),
        ("\n".into(), vec![&a], format!("\nh {a} #OM\n")),
        ("# x\r\n".into(), vec![&a], format!("# x\r\nh {a} #OM\n")),
        (format!("h {a} #OM\n# x\nh {b} #OM\n"), vec![&b, &c], format!("# x\nh {b} #OM\nh {c} #OM\n")),
        (format!("h {a} #OM\nh {a} #OM\n"), vec![&a], format!("h {a} #OM\n")),
        (format!("h {a} #OM\n# x"), vec![], "# x".into()),
        (
            format!("hh {a} #OM\n[h]:2222 {a} #OM\n"),
            vec![&b],
            format!("hh {a} #OM\n[h]:2222 {a} #OM\nh {b} #OM\n"),
        ),
        (format!("h {b} #OM\nh {a} #OM"), vec![&a], format!("h {a} #OM\n")),
        (format!("h* {b} #OM\n"), vec![&a], format!("h* {b} #OM\nh {a} #OM\n")),
        (format!("x,h {a} #OM\nh,y {c} #OM\n"), vec![&a, &b], format!("x,h {a} #OM\ny {c} #OM\nh {b} #OM\n")),
        (format!("h,h {c} #OM\nh,y {a} #OM\nx,h {a} #OM"), vec![&a], format!("h,y {a} #OM\nx {a} #OM\n")),
    ];
    for (before, keys, after) in cases {
        let keys: Vec<PublicKey> = keys.into_iter().cloned().collect();
        let mut known = KnownHosts::parse(before.as_bytes());
        assert!(known.set_ours(&["h"], 22, &keys), "{before}");
        assert!(!known.set_ours(&["h"], 22, &keys), "{before}");
        assert_eq!(text(known.to_bytes()), after);
        assert!(!KnownHosts::parse(after.as_bytes()).set_ours(&["H"], 22, &keys), "{before}");
    }
}

#[test]
fn hosts_that_are_one_machine_share_a_line_a_key_and_older_lines_stay() {
    let (a, b, old) = (key(1), key_of("ssh-rsa", 2), key(9));
    let apart = format!("h {a} #OM\ni {a} #OM\n");
    let cases = [
        (String::new(), format!("h,i {a} #OM\nh,i {b} #OM\n")),
        (format!("h,i {a} #OM\nh,i {b} #OM\n"), format!("h,i {a} #OM\nh,i {b} #OM\n")),
        (apart.clone(), format!("{apart}h,i {b} #OM\n")),
        (format!("h {a} #OM\ni {b} #OM\n"), format!("h {a} #OM\ni {b} #OM\ni {a} #OM\nh {b} #OM\n")),
        // Host keys that were made anew, and a machine that got another name.
        (format!("# 1\nh,i {old} #OM\n"), format!("# 1\nh,i {a} #OM\nh,i {b} #OM\n")),
        (format!("h,was {old} #OM\n"), format!("was {old} #OM\nh,i {a} #OM\nh,i {b} #OM\n")),
        // The user's own say nothing here.
        (format!("h,i {a}\nh,i {old} mine\n"), {
            format!("h,i {a}\nh,i {old} mine\nh,i {a} #OM\nh,i {b} #OM\n")
        }),
    ];
    for (before, after) in cases {
        let mut known = KnownHosts::parse(before.as_bytes());
        let keys = [a.clone(), b.clone()];
        assert_eq!(known.set_ours(&["h", "i", "H", "a b"], 22, &keys), before != after, "{before}");
        assert_eq!(text(known.to_bytes()), after);
        assert!(!known.set_ours(&["i", "h"], 22, &keys), "{before}");
    }
    let mut known = KnownHosts::parse(b"");
    assert!(known.set_ours(&["fe80::2", "i"], 2222, std::slice::from_ref(&a)));
    assert_eq!(text(known.to_bytes()), format!("[fe80::2]:2222,[i]:2222 {a} #OM\n"));
}

#[test]
fn hosts_are_taken_from_shared_lines_and_others_stay() {
    let (a, b) = (key(1), key(2));
    let before = format!("h,I {a} #OM\nh {b} #OM\n# x\nh,i {a} mine\nx,y {b} #OM\n");
    let mut known = KnownHosts::parse(before.as_bytes());
    let said: Vec<String> = known.ours().into_iter().map(|(host, _)| host).collect();
    assert_eq!(said, ["h", "i", "h", "x", "y"]);
    assert_eq!(known.remove_ours_if(|host, key| host == "h" || host == "y" && *key == a), 2);
    assert_eq!(text(known.to_bytes()), format!("I {a} #OM\n# x\nh,i {a} mine\nx,y {b} #OM\n"));
    assert_eq!(known.remove_ours_if(|host, _| host == "h"), 0);
    assert_eq!(known.remove_ours_if(|_, _| true), 3);
    assert_eq!(text(known.to_bytes()), format!("# x\nh,i {a} mine\n"));
}

/// `ssh-keygen -H` of `10.0.0.1`.
const HASHED: &str = "|1|aMt35REPf5e7TpCfbLWTB/iVkMQ=|KHKZs/Rb1RGi0rul570CIdLImlw=";

#[test]
fn replaces_exactly_one_host() {
    let (right, wrong) = (key(1), key(9));
    let cases = [
        ("", format!("10.0.0.1 {right} #OM\n")),
        ("10.0.0.1 W mine\n", format!("10.0.0.1 {right} #OM\n")),
        ("10.0.0.1 R mine\n10.0.0.1 W\n", format!("10.0.0.1 {right} mine\n")),
        (" node1,10.0.0.1  W #OM\n", format!(" node1  {wrong} #OM\n10.0.0.1 {right} #OM\n")),
        ("10.0.0.1,10.0.0.1 W\r\n", format!("10.0.0.1 {right} #OM\n")),
        ("# 1\n10.0.0.11 W\nNODE1 W", {
            format!("# 1\n10.0.0.11 {wrong}\nNODE1 {wrong}\n10.0.0.1 {right} #OM\n")
        }),
        ("[10.0.0.1]:2222 W\n10.0.0.1 R\n", format!("[10.0.0.1]:2222 {wrong}\n10.0.0.1 {right}\n")),
        ("@revoked 10.0.0.1 W\n10.0.0.* W\n10.0.0.1 R\n", {
            format!("@revoked 10.0.0.1 {wrong}\n10.0.0.* {wrong}\n10.0.0.1 {right}\n")
        }),
        ("H W\nH R\n", format!("{HASHED} {right}\n")),
    ];
    for (before, after) in cases {
        let before = before.replace('W', &wrong.to_string()).replace('R', &right.to_string());
        let before = before.replace("H ", &format!("{HASHED} "));
        let mut known = KnownHosts::parse(before.as_bytes());
        assert_eq!(known.replace("10.0.0.1", 22, std::slice::from_ref(&right)), before != after, "{before}");
        assert_eq!(text(known.to_bytes()), after);
        assert!(!known.replace("10.0.0.1", 22, &[right.clone(), right.clone()]), "{before}");
    }
    let mut known = KnownHosts::parse(format!("a,NODE1,b {wrong}\n[node1]:22 {wrong}\n").as_bytes());
    assert!(known.replace("Node1", 22, std::slice::from_ref(&right)));
    assert_eq!(known.lookup("b", 22).len() + known.lookup("a", 22).len(), 2);
    assert_eq!(known.lookup("node1", 22).first().map(|found| found.key.clone()), Some(right.clone()));
    assert!(!known.replace("no,host", 22, &[right]));
}

#[test]
fn sets_other_ports_and_looks_them_up() {
    let mut known = KnownHosts::parse(b"# first\n");
    assert!(known.set_ours(&["fe80::1"], 2222, &[key(1)]));
    assert!(known.set_ours(&["fe80::1"], 22, &[key(2)]));
    assert_eq!(
        text(known.to_bytes()),
        format!("# first\n[fe80::1]:2222 {} #OM\nfe80::1 {} #OM\n", key(1), key(2))
    );
    let found = known.lookup("fe80::1", 2222);
    assert_eq!(found.iter().map(|f| (f.line, f.ours)).collect::<Vec<_>>(), [(2, true)]);
    assert!(known.set_ours(&["fe80::1"], 2222, &[]));
    assert_eq!(known.lookup("fe80::1", 22).first().map(|f| f.line), Some(2));
    assert!(known.lookup("fe80::1", 2222).is_empty());
}

#[test]
fn refuses_hosts_that_would_change_the_line() {
    for host in ["", "a b", "a,b", "*", "!a", "@revoked", "#a", "|1|x", "a\nb", "[a]:22", "é"] {
        let mut known = KnownHosts::parse(b"x");
        assert!(!known.set_ours(&[host], 22, &[key(1)]), "{host:?}");
        assert_eq!(known.to_bytes(), b"x");
    }
}

#[test]
fn removes_all_of_ours() {
    let (a, b) = (key(1), key(2));
    let user = format!("# #OM\nh {a}\n@revoked h {a} #OM\n");
    let before = format!("h {b} #OM\n{user}*.x {a} #OM\nx,y {a} #OM\r\n");
    let mut known = KnownHosts::parse(before.as_bytes());
    assert_eq!(known.remove_ours(), 3);
    assert_eq!(known.remove_ours(), 0);
    assert_eq!(text(known.to_bytes()), user);
    assert!(known.lookup("a.x", 22).is_empty());
    assert_eq!(known.lookup("h", 22).len(), 2);
}

#[test]
fn many_names_take_time_for_each_and_not_for_each_pair() {
    let keys = [key(1), key_of("ssh-rsa", 2), key_of("ecdsa-sha2-nistp256", 3)];
    let new_keys = [key(4), key_of("ssh-rsa", 5), key_of("ecdsa-sha2-nistp256", 3)];
    let work = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("node{n}.example.com")).collect();
        processor_time(|| {
            let mut known = KnownHosts::parse(b"* mine\n");
            assert!(names.iter().all(|name| known.set_ours(&[name], 22, &keys)));
            let mut known = KnownHosts::parse(&known.to_bytes());
            assert!(!names.iter().any(|name| known.set_ours(&[name], 22, &keys)));
            assert!(names.iter().all(|name| known.set_ours(&[name], 22, &new_keys)));
            assert!(names.iter().all(|name| known.lookup(name, 22).len() == 3));
            assert_eq!(known.remove_ours(), 3 * count);
            assert_eq!(known.to_bytes(), b"* mine\n");
        })
    };
    // Eight times as many: not 64 times the time.
    let (few, many) = (work(250), work(2000));
    assert!(many < few * 24, "{few:?} {many:?}");
}
