//! Clusters for tests, put together as real ones are.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use sshtrust::access::{Access, FileKind, KeysFile, Lock, Log, NodeAccess, PrivateKey, Seen, Settings, Use};
use sshtrust::enter::NoEntry;
use sshtrust::inventory::{NodeMap, NodeSpec};
use sshtrust::keep::PublicKey;
use sshtrust::operation::{AccessNode, AccessSeen};
use sshtrust::session::ConnectError;

use super::AccessReport;

/// A key of these parts; the first is its type.
fn blob(parts: &[&[u8]]) -> PublicKey {
    let bytes = parts.iter().flat_map(|part| {
        let size = u32::try_from(part.len()).unwrap().to_be_bytes();
        size.into_iter().chain(part.iter().copied())
    });
    PublicKey::from_blob(bytes.collect()).unwrap()
}

pub(in crate::reporter) fn ed25519(number: u16) -> PublicKey {
    let mut bytes = [7; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    blob(&[b"ssh-ed25519", &bytes])
}

fn rsa(bytes: usize) -> PublicKey {
    blob(&[b"ssh-rsa", b"\x01\x00\x01", &[&[0][..], &vec![0xff; bytes]].concat()])
}

fn dsa() -> PublicKey {
    let long = [0xff_u8; 128];
    blob(&[b"ssh-dss", &long, &long[..20], &long, &long])
}

/// A node with these lines and these private keys.
pub(in crate::reporter) fn node(
    number: usize,
    lines: &str,
    private: &[(&PublicKey, &str, Lock)],
) -> NodeAccess {
    let private = private.iter().map(|(key, name, lock)| PrivateKey {
        path: format!("/home/omm/.ssh/{name}"),
        key: Some((*key).clone()),
        lock: *lock,
    });
    NodeAccess {
        hostname: format!("node{number}"),
        version: Some((9, 2)),
        settings: Settings { seen: Seen::Effective, ..Settings::default() },
        local: "20260302101500".to_owned(),
        utc: "20260302021500".to_owned(),
        files: vec![KeysFile {
            kind: FileKind::File,
            open_to_others: false,
            path: "/home/omm/.ssh/authorized_keys".to_owned(),
            bytes: lines.as_bytes().to_vec(),
        }],
        private: private.collect(),
        private_seen: true,
        log: Log { since: Some("2026-02-01 00:00:07".to_owned()), ..Log::default() },
    }
}

/// `None`: a node that is down.
pub(in crate::reporter) fn report(nodes: Vec<Option<NodeAccess>>) -> AccessReport {
    let spec = |place: usize| {
        let [.., high, low] = u32::try_from(place + 1).unwrap().to_be_bytes();
        NodeSpec { ip: Ipv4Addr::new(10, 0, high, low).into(), port: 22 }
    };
    let not_read =
        |said: &Option<NodeAccess>| said.is_none().then_some(NoEntry::Connect(ConnectError::Refused));
    let entries: Vec<AccessNode> = nodes
        .iter()
        .enumerate()
        .map(|(place, said)| AccessNode { spec: spec(place), not_read: not_read(said) })
        .collect();
    let said = NodeMap::from(nodes);
    AccessReport {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH,
        took: Duration::from_millis(1_234),
        seen: AccessSeen { nodes: entries.into(), access: Access::of(&said), said },
    }
}

/// Nodes with keys of their own, and nothing odd.
pub(in crate::reporter) fn healthy(nodes: u16) -> AccessReport {
    let keys: Vec<PublicKey> = (1..=nodes).map(ed25519).collect();
    let lines: String =
        keys.iter().enumerate().map(|(n, key)| format!("{key} omm@node{} #OM\n", n + 1)).collect();
    let said =
        keys.iter().enumerate().map(|(n, key)| Some(node(n + 1, &lines, &[(key, "id_om", Lock::Locked)])));
    report(said.collect())
}

/// What an audit is for.
pub(in crate::reporter) fn audited() -> AccessReport {
    let (shared, alice, bob) = (ed25519(1), rsa(256), ed25519(3));
    let ours = format!("{shared} omm@node1 #OM\n");
    let from = format!("from=\"10.0.0.0/24\" {alice} alice@desk\n");
    let first = format!("{from}expiry-time=\"20260101\" {bob} bob (left in January)\n{ours}");
    let locked = (&shared, "id_om", Lock::Locked);
    let mut second = node(2, &first, &[locked]);
    let used = Use { time: "2026-03-01 17:40:12".to_owned(), from: "10.0.0.77".to_owned() };
    second.log.uses.insert(alice.fingerprint(), used);
    let third = node(3, &ours, &[locked, (&alice, "id_rsa", Lock::Open)]);
    report(vec![Some(node(1, &first, &[locked])), Some(second), Some(third)])
}

/// All that can be odd, and a node that is down.
pub(in crate::reporter) fn everything() -> AccessReport {
    let (shared, short, other) = (ed25519(1), rsa(128), ed25519(9));
    let lines = format!(
        "{shared} omm@node1 #OM\n{shared} mine\n{}\n{short} old\nfrom=\"10.0.0.1\" {other} two\n{other} two\n\
         ristrict {} typo\ncert-authority {} the authority\nssh-ed25519 AAAAbroken x\nrestrict {} r\n",
        dsa(),
        ed25519(10),
        ed25519(11),
        ed25519(12),
    );
    let mut first = node(1, &lines, &[]);
    first.settings.command = Some("/usr/bin/sss_ssh_authorizedkeys %u".to_owned());
    first.settings.authorities = Some("/etc/ssh/ca.pub".to_owned());
    first.files[0].open_to_others = true;
    let mut second = node(2, &lines.replace("restrict ", "command=\"/bin/date\" "), &[]);
    second.version = Some((7, 1));
    second.settings.seen = Seen::Not;
    second.log = Log::default();
    second.private_seen = false;
    let mut third = node(3, "", &[]);
    third.files[0].kind = FileKind::Unreadable;
    let mut fourth = node(4, &lines, &[]);
    fourth.settings.no_keys = true;
    report(vec![Some(first), Some(second), Some(third), Some(fourth), None])
}

/// A large cluster with keys of its own, a stranger on a part of it, an old node that lacks two keys, and nodes that are down.
pub(in crate::reporter) fn large() -> AccessReport {
    let keys: Vec<PublicKey> = (1..=1000).map(ed25519).collect();
    let line = |(n, key): (usize, &PublicKey)| format!("{key} omm@node{} #OM\n", n + 1);
    let lines: String = keys.iter().enumerate().map(line).collect();
    let stranger = format!("{lines}{} backup@vault\n", ed25519(5000));
    let old: String = keys.iter().enumerate().skip(2).map(line).collect();
    let said = keys.iter().enumerate().map(|(n, key)| {
        let lines = match n {
            499 => &old,
            n if n < 300 => &stranger,
            _ => &lines,
        };
        (n < 990).then(|| node(n + 1, lines, &[(key, "id_om", Lock::Locked)]))
    });
    report(said.collect())
}
