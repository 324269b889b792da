//! Answers, records and scripts.

mod machine;
mod scripts;

use proptest::prelude::*;

use super::*;

pub(super) const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
pub(super) const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const P256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(super) fn node(ip: &str) -> NodeSpec {
    NodeSpec { ip: ip.parse().unwrap(), port: 22 }
}

fn answer(host_key: &str, public_key: &str) -> Answer {
    let host_keys = vec![host_key.parse().unwrap()];
    Answer { host_keys, public_key: public_key.parse().unwrap(), name: None }
}

fn good() -> String {
    format!(
        "gs_sshexkey-answer 1\nnode 10.0.0.1\nuser omm\nname node1\nhost-key {P256}\nhost-key {ED25519}\npublic-key {OTHER}\nend\n"
    )
}

fn read(text: &str) -> Result<Answer, AnswerError> {
    parse_answer(text.as_bytes(), node("10.0.0.1"), "omm")
}

#[test]
fn a_whole_answer_is_read() {
    let answer = read(&good()).unwrap();
    let kinds: Vec<&str> = answer.host_keys.iter().map(PublicKey::algorithm).collect();
    assert_eq!(kinds, ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    assert_eq!((answer.public_key.to_string().as_str(), answer.name.as_deref()), (OTHER, Some("node1")));
    for name in ["10.0.0.2", "localhost", "a b", "-o", "a,b", "*", ""] {
        assert_eq!(read(&good().replace("node1", name)).unwrap().name, None, "{name}");
    }
    assert_eq!(read(&good().replace('\n', "\r\n")).unwrap(), answer, "a stick from another system");
    let doubled = good().replace("public-key", &format!("host-key {P256}\npublic-key"));
    assert_eq!(read(&doubled).unwrap(), answer);
    let v6 = good().replace("10.0.0.1", "fd00:0::1");
    assert_eq!(parse_answer(v6.as_bytes(), node("fd00::1"), "omm").unwrap(), answer);
}

#[test]
fn what_is_no_answer_of_this_node_is_refused() {
    let other = |from: &str, to: &str| read(&good().replace(from, to)).unwrap_err();
    assert_eq!(read(""), Err(AnswerError::Form));
    assert_eq!(parse_answer(b"\xff", node("10.0.0.1"), "omm"), Err(AnswerError::Form));
    assert_eq!(other("answer 1", "answer 2"), AnswerError::Form);
    assert_eq!(other("10.0.0.1", "10.0.0.2"), AnswerError::OtherNode("10.0.0.2".to_owned()));
    assert_eq!(other("10.0.0.1", "\u{1b}[2J"), AnswerError::OtherNode("\\u{1b}[2J".to_owned()));
    assert_eq!(other("omm", "root"), AnswerError::OtherUser("root".to_owned()));
    assert_eq!(other("end\n", ""), AnswerError::CutShort);
    assert_eq!(other(&format!("public-key {OTHER}\n"), ""), AnswerError::CutShort);
    assert_eq!(other("end\n", "end\nmore\n"), AnswerError::Line(8));
    assert_eq!(other("end\n", &format!("public-key {OTHER}\nend\n")), AnswerError::Line(8));
    assert_eq!(other("host-key ecdsa", "@revoked ecdsa"), AnswerError::Line(5));
    let many: String = "x\n".repeat(17).replace('x', &format!("host-key {P256}"));
    assert_eq!(other("public-key", &format!("{many}public-key")), AnswerError::TooMany);
}

#[test]
fn a_key_that_could_be_more_than_a_key_is_refused() {
    let certificate = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAA";
    for key in [
        certificate.to_owned(),
        format!("command=\"sh\" {OTHER}"),
        format!("{OTHER} comment"),
        format!("{OTHER}'; reboot; '"),
        format!("{OTHER}\t#OM"),
        format!("cert-authority {OTHER}"),
        OTHER.replace("ssh-ed25519", "ssh-rsa"),
        OTHER.replace(' ', "  "),
        "ssh-ed25519".to_owned(),
        String::new(),
    ] {
        assert_eq!(read(&good().replace(OTHER, &key)).unwrap_err(), AnswerError::Key(7), "{key}");
        assert!(matches!(read(&good().replace(P256, &key)), Err(AnswerError::Key(5))), "{key}");
    }
}

#[test]
fn records_of_the_users_own_are_not_overruled() {
    let records = |text: &str| vec![("known_hosts".into(), KnownHosts::parse(text.as_bytes()))];
    let judge = |text: &str| admit(&records(text), node("10.0.0.1"), &answer(ED25519, OTHER));
    for good in [
        String::new(),
        format!("10.0.0.1 {ED25519}\n"),
        format!("10.0.0.1 {P256}\n"),
        format!("10.0.0.2 {OTHER}\n"),
        format!("10.0.0.1 {OTHER} #OM\n"),
        format!("10.0.0.1 {OTHER}\n10.0.0.1 {ED25519}\n"),
        format!("@revoked 10.0.0.1 {OTHER}\n"),
    ] {
        assert_eq!(judge(&good), Ok(()), "{good}");
    }
    let conflict = judge(&format!("# mine\n10.0.0.* {OTHER}\n")).unwrap_err();
    assert_eq!(
        (conflict.line, conflict.presented.as_str()),
        (2, answer(ED25519, OTHER).host_keys[0].fingerprint().as_str())
    );
    assert!(conflict.recorded.starts_with("ssh-ed25519 SHA256:"), "{conflict:?}");
    assert!(judge(&format!("@revoked * {ED25519}\n")).is_err());
    assert!(judge(&format!("@revoked * {ED25519}\n10.0.0.1 {ED25519}\n")).is_err());
}

#[test]
fn answers_are_merged_into_the_records_once() {
    let start = format!("10.0.0.1 {OTHER} #OM\n10.0.0.9 {OTHER} #OM\nmine {OTHER}");
    let mut known = KnownHosts::parse(start.as_bytes());
    let far = NodeSpec { port: 2222, ..node("fd00::1") };
    let answers = [(node("10.0.0.1"), answer(ED25519, OTHER)), (far, answer(P256, OTHER))];
    let replaced = merge(&mut known, &answers);
    assert_eq!(replaced, [Replaced { node: node("10.0.0.1"), old: OTHER.parse().unwrap() }]);
    let text = String::from_utf8(known.to_bytes()).unwrap();
    let wanted =
        format!("10.0.0.9 {OTHER} #OM\nmine {OTHER}\n10.0.0.1 {ED25519} #OM\n[fd00::1]:2222 {P256} #OM\n");
    assert_eq!(text, wanted);
    assert_eq!(merge(&mut known, &answers), []);
    assert_eq!(known.to_bytes(), wanted.as_bytes());
}

#[test]
fn names_that_are_not_one_nodes_alone_are_left_out() {
    let named = |name: &str, key: &str| Answer { name: Some(name.to_owned()), ..answer(key, OTHER) };
    let mut answers = [
        (node("10.0.0.1"), named("a", ED25519)),
        (node("10.0.0.2"), named("A", P256)),
        (node("10.0.0.3"), named("mine", ED25519)),
        (node("10.0.0.4"), named("c", ED25519)),
    ];
    let records =
        [("known_hosts".into(), KnownHosts::parse(format!("mine {OTHER}\nc {ED25519}\n").as_bytes()))];
    let left: Vec<String> = settle_names(&records, &mut answers).into_iter().map(|(_, name)| name).collect();
    assert_eq!(left, ["a", "A", "mine"]);
    let names: Vec<_> = answers.iter().map(|(_, answer)| answer.name.as_deref()).collect();
    assert_eq!(names, [None, None, None, Some("c")]);
    let mut known = KnownHosts::parse(b"");
    merge(&mut known, &answers[3..]);
    let text = String::from_utf8(known.to_bytes()).unwrap();
    assert_eq!(text, format!("10.0.0.4,c {ED25519} #OM\n"));
}

#[test]
fn machines_that_answered_twice_are_seen() {
    let one = answer(ED25519, OTHER);
    let answers =
        [(node("10.0.0.1"), one.clone()), (node("10.0.0.2"), answer(P256, OTHER)), (node("10.0.0.3"), one)];
    assert_eq!(twins(&answers), [(node("10.0.0.1"), node("10.0.0.3"))]);
}

#[test]
fn names_are_safe_and_found_again() {
    let v6 = NodeSpec { port: 2222, ..node("fd00::1") };
    assert_eq!((script_name(v6), answer_name(v6)), ("node-fd00__1.sh".into(), "answer-fd00__1.txt".into()));
    assert_eq!(known_hosts_name(v6), "[fd00::1]:2222");
    assert_eq!(FileKind::named(&script_name(v6)), Some(FileKind::Script));
    assert_eq!(FileKind::named(&answer_name(v6)), Some(FileKind::Answer));
    assert_eq!(FileKind::named("id_rsa"), None);
    assert_eq!(plain_comment("a b#'\n\u{7528}@h-1"), "a_b____@h-1");
    let script = node_script("omm", v6, &[]);
    assert!(
        FileKind::Script.is_ours(script.as_bytes())
            && FileKind::Finish.is_ours(finish_script("omm", &[]).as_bytes())
    );
    assert!(FileKind::Readme.is_ours(readme("omm", &[v6]).as_bytes()));
    assert!(!FileKind::Script.is_ours(b"#!/bin/sh\necho\n# gs_sshexkey bundle 1\n"));
}

#[test]
fn the_readme_names_every_node_in_both_languages() {
    let text = readme("omm", &[node("10.0.0.1"), node("fd00::1")]);
    assert_eq!(text.matches("sh node-10.0.0.1.sh\n").count(), 2);
    assert_eq!(text.matches("sh node-fd00__1.sh\n").count(), 2);
    assert!(!text.contains(['{', '}']), "{text}");
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_answer(&bytes, node("10.0.0.1"), "omm");
    }

    #[test]
    fn a_damaged_answer_brings_nothing_but_keys(at in 0usize..500, byte in any::<u8>(), cut in 0usize..500) {
        let mut bytes = good().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut % bytes.len() / 3);
        if let Ok(answer) = parse_answer(&bytes, node("10.0.0.1"), "omm") {
            let keys = answer.host_keys.iter().chain([&answer.public_key]).map(ToString::to_string);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=- ".contains(&byte);
            prop_assert!(keys.collect::<String>().bytes().all(plain));
        }
    }

    #[test]
    fn a_part_of_an_answer_is_none(end in 0usize..500) {
        let text = good();
        let end = end % (text.len() - 1);
        prop_assert!(read(&text[..end]).is_err());
    }
}
