use super::sample::{blob, dsa, ed25519, node, rsa};
use super::*;

fn ix(places: &[usize]) -> Vec<NodeIx> {
    places.iter().map(|place| NodeIx::new(*place)).collect()
}

fn of(nodes: Vec<NodeAccess>) -> Access {
    Access::of(&nodes.into_iter().map(Some).collect())
}

/// The state of the first line of a node.
fn state(node: NodeAccess) -> State {
    of(vec![node]).keys[0].grants[0].state.clone()
}

#[test]
fn a_healthy_cluster_has_nothing_odd() {
    let keys = [ed25519(1), ed25519(2), ed25519(3)];
    let lines: String = keys.iter().map(|key| format!("{key} omm@node #OM\n")).collect();
    let access = of(keys.iter().map(|key| node(&lines, &[(key, Lock::Locked)])).collect());
    assert_eq!((access.let_in(), access.foreign(), access.odd()), (3, 0, 0));
    assert!(access.notes.is_empty() && access.broken.is_empty());
    for (place, key) in access.keys.iter().enumerate() {
        assert!(key.ours && key.odd.is_empty(), "{key:?}");
        assert_eq!(key.grants.iter().map(|grant| grant.node).collect::<Vec<_>>(), ix(&[0, 1, 2]));
        assert_eq!((key.halves.len(), key.halves[0].node), (1, NodeIx::new(place)));
        assert_eq!((key.variants.len(), key.variants[0].comment.as_str()), (1, "omm@node"));
    }
}

#[test]
fn what_each_line_lets_in() {
    let key = ed25519(1);
    let with = |options: &str| state(node(&format!("{options} {key} x"), &[]));
    let option = |name: &str| State::Ignored(Ignored::Option(BadOption::Unknown(name.to_owned())));
    assert_eq!(state(node(&format!("{key}"), &[])), State::Plain);
    assert_eq!(with("restrict"), State::Restricted);
    assert_eq!(with(r#"expiry-time="20260302101501""#), State::Restricted);
    assert_eq!(with(r#"expiry-time="20260302101459""#), State::Expired);
    assert_eq!(with(r#"expiry-time="20270101",expiry-time="20260101""#), State::Expired);
    // By its own clock, in UTC, the time is not over yet.
    assert_eq!(with(r#"expiry-time="20260302101459Z""#), State::Restricted);
    assert_eq!(with("ristrict"), option("ristrict"));
    let old = |options: &str, version| {
        state(NodeAccess { version: Some(version), ..node(&format!("{options} {key}"), &[]) })
    };
    assert_eq!(
        old(r#"expiry-time="20270101""#, (7, 4)),
        State::Ignored(Ignored::Option(BadOption::Old("expiry-time".to_owned(), (7, 7))))
    );
    assert_eq!(
        old("restrict", (7, 1)),
        State::Ignored(Ignored::Option(BadOption::Old("restrict".to_owned(), (7, 2))))
    );
    let kind = |key: &PublicKey| state(node(&key.to_string(), &[]));
    assert_eq!(kind(&dsa()), State::Ignored(Ignored::NotAccepted));
    assert_eq!(kind(&rsa(768)), State::Ignored(Ignored::Short));
    assert_eq!(kind(&rsa(1024)), State::Plain);
    assert_eq!(kind(&blob(&[b"ssh-quantum", b"x"])), State::Ignored(Ignored::Type));
    let told =
        |key: &PublicKey, settings: Settings| state(NodeAccess { settings, ..node(&key.to_string(), &[]) });
    let accepted = |list: &str| Settings { accepted: Some(list.to_owned()), ..Settings::default() };
    assert_eq!(told(&dsa(), accepted("+ssh-dss")), State::Plain);
    assert_eq!(told(&dsa(), accepted("+ssh-rsa")), State::Ignored(Ignored::NotAccepted));
    assert_eq!(told(&key, accepted("rsa-sha2-512")), State::Ignored(Ignored::NotAccepted));
    assert_eq!(
        told(&rsa(2048), Settings { least_rsa: Some(3072), ..Settings::default() }),
        State::Ignored(Ignored::Short)
    );
    assert_eq!(
        told(&key, Settings { no_keys: true, ..Settings::default() }),
        State::Ignored(Ignored::NoKeys)
    );
}

#[test]
fn what_is_odd_is_told_with_its_nodes() {
    let odd = |lines: &[&str], private: &[(&PublicKey, Lock)]| {
        of(lines.iter().map(|lines| node(lines, private)).collect()).keys[0].odd.clone()
    };
    let key = ed25519(1);
    let (plain, from) = (format!("{key} me"), format!("from=\"10.0.0.1\" {key} me"));
    let ours = format!("{key} me #OM");
    let both = format!("{from}\n{plain}");
    assert_eq!(odd(&[&plain, "", &plain], &[]), [Odd::Missing(ix(&[1]))]);
    assert_eq!(odd(&[&both, &both], &[]), [Odd::Defeated(ix(&[0, 1]))]);
    // Whom `from` turns away comes to the plain line; whom a command answers does not.
    let answered = format!("command=\"true\" {plain}\n{plain}");
    assert_eq!(odd(&[&answered], &[]), [Odd::Twice(ix(&[0]))]);
    let first = format!("{plain}\ncommand=\"true\" {plain}");
    assert_eq!(odd(&[&first], &[]), [Odd::Defeated(ix(&[0]))]);
    let narrower = format!("{from}\nrestrict {plain}");
    assert_eq!(odd(&[&narrower], &[]), [Odd::Twice(ix(&[0]))]);
    assert_eq!(odd(&[&plain, &from], &[]), [Odd::Differs]);
    // The same end on nodes of two zones; an end on one only.
    let ends = |time: &str| format!("expiry-time=\"{time}\" {ours}");
    let [here, there] = [ends("209901011200"), ends("209901012000")];
    assert!(!odd(&[&here, &there], &[]).contains(&Odd::Differs));
    assert!(odd(&[&here, &ours], &[]).contains(&Odd::Differs));
    assert_eq!(odd(&[&ours], &[]), [Odd::NoHalf]);
    assert_eq!(odd(&[&ours], &[(&key, Lock::Locked)]), []);
    assert_eq!(odd(&[&ours], &[(&key, Lock::Open)]), [Odd::OpenHalf(ix(&[0]))]);
    let own_too = format!("{ours}\n{plain}");
    assert_eq!(odd(&[&own_too], &[(&key, Lock::Locked)]), [Odd::OwnLine(ix(&[0]))]);
    assert_eq!(odd(&[&format!("cert-authority {plain}")], &[]), [Odd::Authority]);
    assert_eq!(odd(&[&format!("expiry-time=\"20200101\" {plain}")], &[]), [Odd::Expired(ix(&[0]))]);
    let weak = dsa().to_string();
    assert_eq!(odd(&[&weak], &[]), [Odd::Weak, Odd::Ignored(Ignored::NotAccepted, ix(&[0]))]);
    // A line that sshd ignores defeats nothing.
    let ignored = format!("{from}\nno-such {plain}");
    assert_eq!(
        odd(&[&ignored], &[]),
        [Odd::Ignored(Ignored::Option(BadOption::Unknown("no-such".to_owned())), ix(&[0]))]
    );
}

#[test]
fn what_could_not_be_seen_is_not_said_to_be_missing() {
    let key = ed25519(1);
    let ours = format!("{key} #OM");
    // One node was not read: the private half may lie there.
    let access = Access::of(&[Some(node(&ours, &[])), None].into_iter().collect());
    assert_eq!(access.keys[0].odd, []);
    // A file could not be read: the key may stand in it.
    let mut closed = node("", &[]);
    closed.files[0].kind = FileKind::Unreadable;
    closed.private_seen = false;
    let access = of(vec![node(&ours, &[]), closed]);
    assert_eq!(access.keys[0].odd, []);
    let notes: Vec<_> = access.notes.iter().map(|(node, note)| (node.get(), note.clone())).collect();
    let path = "/home/omm/.ssh/authorized_keys".to_owned();
    assert_eq!(notes, [(1, Note::FileUnseen(path)), (1, Note::HalvesUnseen)]);
}

#[test]
fn the_last_use_is_that_of_all_nodes_and_never_a_guess() {
    let key = ed25519(1);
    let line = key.to_string();
    let with = |since: Option<&str>, time: Option<&str>| {
        let mut said = node(&line, &[]);
        said.log.since = since.map(str::to_owned);
        let used = |time: &str| Use { time: time.to_owned(), from: "10.0.0.9".to_owned() };
        said.log.uses = time.map(|time| (key.fingerprint(), used(time))).into_iter().collect();
        said
    };
    let last = |nodes: Vec<NodeAccess>| of(nodes).keys[0].last_use.clone();
    let both = last(vec![
        with(Some("2026-01-01"), Some("2026-02-01")),
        with(Some("2026-01-01"), Some("2026-02-02")),
    ]);
    let LastUse::At(used, at) = both else { panic!("{both:?}") };
    assert_eq!((used.time.as_str(), at), ("2026-02-02", NodeIx::new(1)));
    let never = last(vec![with(Some("2026-01-01"), None), with(Some("2026-01-05"), None)]);
    assert_eq!(never, LastUse::NotSince("2026-01-05".to_owned()));
    assert_eq!(last(vec![with(Some("2026-01-01"), None), with(None, None)]), LastUse::Unknown);
}

#[test]
fn broken_lines_and_hostile_texts_are_kept_harmless() {
    let key = ed25519(1);
    let lines = format!("# fine\n\nssh-ed25519 AAAAbroken\u{1b}[2J x\n{key} evil\u{1b}[31m\u{202e} #OM\n");
    let access = of(vec![node(&lines, &[])]);
    let broken = &access.broken[0];
    assert_eq!((access.broken.len(), broken.line), (1, 3));
    assert_eq!(broken.text, "ssh-ed25519 AAAAbroken\\u{1b}[2J x");
    assert_eq!(access.keys[0].variants[0].comment, "evil\\u{1b}[31m\\u{202e}");
}

#[test]
fn a_thousand_nodes_with_keys_of_their_own_are_put_together_soon() {
    let keys: Vec<PublicKey> = (0..1000_u16)
        .map(|number| {
            let mut bytes = [7; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            blob(&[b"ssh-ed25519", &bytes])
        })
        .collect();
    let lines: String = keys.iter().map(|key| format!("{key} omm@node #OM\n")).collect();
    let access = of(keys.iter().map(|key| node(&lines, &[(key, Lock::Locked)])).collect());
    assert_eq!((access.keys.len(), access.odd()), (1000, 0));
    assert!(access.keys.iter().all(|key| key.grants.len() == 1000));
}
