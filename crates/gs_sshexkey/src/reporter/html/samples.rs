//! Results made by hand.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use sshtrust::check::{Checked, CheckedNode, NoEntry};
use sshtrust::event::Login;
use sshtrust::inventory::{NodeIx, NodeMap, NodeSpec};
use sshtrust::probe::{By, Cause, Pair, PairState, TrustEdge, TrustMatrix, likely_cause};
use sshtrust::session::ConnectError;

use crate::reporter::sample::{at, ix};

/// By address and by name.
pub(super) const BOTH: [By; 2] = [By::Ip, By::Name];

/// How one pair shall be.
pub(super) enum Is {
    /// It works, after so many milliseconds.
    Works,
    /// It is slow.
    Slow,
    /// It was not tried.
    Unseen,
    /// It is broken: exit status, and what `ssh` said of a host.
    Broken(i32, &'static str),
    /// It was turned away.
    Throttled,
}

fn node(index: usize) -> NodeSpec {
    let [high, low] = u16::try_from(index + 1).unwrap().to_be_bytes();
    NodeSpec { ip: Ipv4Addr::new(10, 20, high, low).into(), port: 22 }
}

/// A result whose pairs are as a function says; a node and itself are no pair.
pub(super) fn checked(size: usize, by: &[By], is: impl Fn(usize, usize, By) -> Is) -> Checked {
    let specs: NodeMap<NodeSpec> = (0..size).map(node).collect();
    let mut matrix = TrustMatrix::new(specs.clone(), by.to_vec());
    for from in 0..size {
        for to in (0..size).filter(|to| *to != from) {
            by.iter().for_each(|by| file(&mut matrix, (from, to, *by), &is(from, to, *by)));
        }
    }
    let nodes = specs.into_iter().enumerate().map(|(index, spec)| CheckedNode {
        spec,
        name: Some(format!("node{:04}", index + 1)),
        described: None,
        no_name: None,
        entry: Ok(if index == 0 { Login::Local } else { Login::Key }),
        expires: None,
    });
    Checked {
        user: "omm".to_owned(),
        began: SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        took: Duration::from_millis(12_340),
        nodes: nodes.collect(),
        matrix,
    }
}

fn file(matrix: &mut TrustMatrix, (from, to, by): (usize, usize, By), is: &Is) {
    let host = match by {
        By::Ip => node(to).ip.to_string(),
        By::Name => format!("node{:04}", to + 1),
    };
    let millis = 200 + u32::try_from((from * 7 + to * 13) % 90).unwrap();
    let (from, to) = (NodeIx::new(from), NodeIx::new(to));
    let mut add = |state, status, said: String, millis| {
        let cause = likely_cause(status, &said);
        let host = host.clone();
        matrix.add(TrustEdge { from, to, by, host, state, status, said, cause, millis });
    };
    match is {
        Is::Works => matrix.set(from, to, by, Pair { state: PairState::Works, millis }),
        Is::Slow => matrix.set(from, to, by, Pair { state: PairState::Slow, millis: 4_000 + millis }),
        Is::Unseen => matrix.set(from, to, by, Pair::UNSEEN),
        Is::Broken(status, said) => {
            add(PairState::Broken, Some(*status), said.replace("%h", &host), 10 * millis);
        }
        Is::Throttled => {
            let said = "kex_exchange_identification: banner line 0: Not allowed at this time".to_owned();
            add(PairState::Throttled, Some(255), said, 9_000);
        }
    }
}

/// All pairs work.
pub(super) fn healthy(size: usize) -> Checked {
    checked(size, &BOTH, |_, _, _| Is::Works)
}

pub(super) const REFUSED: Is = Is::Broken(255, "ssh: connect to host %h port 22: Connection refused");
const CHANGED: Is = Is::Broken(
    255,
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ | @    WARNING: REMOTE HOST IDENTIFICATION HAS \
     CHANGED!     @ | @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ | IT IS POSSIBLE THAT SOMEONE IS \
     DOING SOMETHING NASTY! | Someone could be eavesdropping on you right now (man-in-the-middle attack)! | It is also \
     possible that a host key has just been changed. | Offending ED25519 key in /home/omm/.ssh/known_hosts:3 | Host key \
     for %h has changed and you have requested strict checking. | Host key verification failed.",
);

/// Every state, with a stopped server, a node that could not be entered, a changed host key, a slow node, another name.
/// At least 6 nodes.
pub(super) fn mixed(size: usize) -> Checked {
    let mut checked = checked(size, &BOTH, move |from, to, by| match (from, to) {
        (1, _) => Is::Unseen,
        (_, 1) => REFUSED,
        (0, 2) => CHANGED,
        (_, 3) if by == By::Name && from % 2 == 0 => {
            Is::Broken(255, "ssh: Could not resolve hostname %h: Name or service not known")
        }
        (3, 4) => Is::Throttled,
        (_, 5) if from == size - 1 => Is::Slow,
        _ => Is::Works,
    });
    at(&mut checked, 1).entry = Err(NoEntry::Connect(ConnectError::Refused));
    at(&mut checked, 1).name = None;
    at(&mut checked, 2).described = Some("database3".to_owned());
    checked
}

/// One row and one column are broken.
pub(super) fn crossed(size: usize) -> Checked {
    checked(size, &BOTH, |from, to, _| match (from, to) {
        (4, _) => Is::Broken(255, "omm@%h: Permission denied (publickey,password)."),
        (_, 7) => REFUSED,
        _ => Is::Works,
    })
}

/// A mixture without any runs, and all of it said by long words.
pub(super) fn chequered(size: usize) -> Checked {
    checked(size, &BOTH, |from, to, _| match (from * 2 + to) % 4 {
        0 => CHANGED,
        1 => Is::Works,
        2 => Is::Slow,
        _ => Is::Throttled,
    })
}

/// Text that would break out of every place that it is put in.
pub(super) const HOSTILE: [&str; 6] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\u{2028}\u{202e}gnp.exe\u{1b}[31m",
    "</style></title></textarea></svg>{shown}&lt;",
];

/// Everything that nodes say is hostile.
pub(super) fn hostile() -> Checked {
    let mut checked = checked(HOSTILE.len(), &BOTH, |_, _, _| Is::Works);
    for (index, text) in HOSTILE.into_iter().enumerate() {
        checked.matrix.add(TrustEdge {
            from: ix(index),
            to: ix((index + 1) % HOSTILE.len()),
            by: By::Name,
            host: text.to_owned(),
            state: PairState::Broken,
            status: Some(255),
            said: format!("{text} | {text}"),
            cause: Cause::WrongAddress { found: text.to_owned() },
            millis: 1,
        });
        let node = at(&mut checked, index);
        node.name = Some(text.to_owned());
        node.described = Some(format!("other {text}"));
        node.entry = Err(NoEntry::Connect(ConnectError::Protocol(text.to_owned())));
    }
    checked.user = HOSTILE[0].to_owned();
    checked
}
