//! What only a diagnosis needs to know of a node. One file a family, each with a script of its own; all of them run
//! behind `observe.sh`, so that it is still one round trip.

mod keys;
mod login;
mod machine;
mod rights;
mod service;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use sshfiles::KnownHosts;

use super::parse::Frames;
use super::{KEEPALIVE, NodeState, ObserveError, SCRIPT, read_within};
use crate::inventory::NodeSpec;
use crate::node::Shell;
use crate::text::{printable, sh_quote};

pub(crate) use keys::CLASSIC;
pub use keys::{Keys, OwnKey, Revoked, Spared};
pub use login::{Ageing, Lockout, Login, Setting, Settings as LoginSettings, Shell as LoginShell, ShellKind};
pub use machine::{Clock, Disk, Libraries, Machine};
pub use rights::{Group, KeysFile, Label, Right, Rights, Selinux, Settings};
pub use service::{
    Callee, Chain, Condition, Field, Hook, Init, Manager, Neighbour, Process, Rule, Service, Unit, Verdict,
    Wrappers,
};

const COMMON: &str = include_str!("common.sh");
/// In the order of the families, and whether the set-up wants them too.
const FAMILIES: [(&str, bool); 5] = [
    (include_str!("service.sh"), false),
    (include_str!("rights.sh"), true),
    (include_str!("keys.sh"), false),
    (include_str!("login.sh"), true),
    (include_str!("machine.sh"), false),
];
/// How long gathering may take on a busy node. Each command in it that may hang is bounded by itself.
const LIMIT: Duration = Duration::from_secs(120);

/// How much is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// All.
    Whole,
    /// What would make a set-up fail on a node that was entered.
    SetUp,
}

/// What a diagnosis asks of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// The names of the cluster's nodes, with the addresses that they should lead to.
    pub names: Vec<(String, IpAddr)>,
    /// The addresses of all nodes: sshd's settings may depend on who calls.
    pub peers: Vec<IpAddr>,
    /// Nodes that this one could not reach: what does the network answer?
    pub callees: Vec<NodeSpec>,
    /// Somebody could not reach or enter this node: sshd may have said why.
    pub in_vain: bool,
    /// The port on which this node's sshd should listen.
    pub port: u16,
}

/// Everything that was read from a node for a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Facts and files, as the set-up reads them, with the keepalive.
    pub state: NodeState,
    /// sshd, what listens, firewalls, logs.
    pub service: Service,
    /// Owners, modes, ACLs and labels.
    pub rights: Rights,
    /// Keys, host keys and agents.
    pub keys: Keys,
    /// The account and its shell.
    pub login: Login,
    /// Disks, names, clock, libraries, machine identity.
    pub machine: Machine,
    /// What this user may not see there.
    pub not_seen: BTreeSet<Unseen>,
    /// The files of host keys, read when they are first asked for: large clusters have large ones.
    pub(crate) records: Records,
}

/// Files of host keys with their paths, in the order in which ssh reads them. They follow from the rest, so they do not
/// count in a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records(OnceLock<Arc<Vec<(String, KnownHosts)>>>);

impl PartialEq for Records {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Records {}

impl Evidence {
    /// The files of host keys that ssh reads, in its order.
    pub(crate) fn known_hosts(&self) -> &[(String, KnownHosts)] {
        let read = || {
            let own = self.state.entries.get("known_hosts");
            let own = own.map(|own| (own.path.clone(), KnownHosts::parse(&own.bytes)));
            let others = self.keys.known_hosts().map(|(path, known)| (path.to_owned(), known));
            Arc::new(own.into_iter().chain(others).collect())
        };
        self.records.0.get_or_init(read)
    }

    /// Whether the user is root there.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.state.uid == 0
    }
}

macro_rules! unseen {
    ($($(#[$meta:meta])* $variant:ident $word:literal)*) => {
        /// What cannot be seen without root, or without a program that is not there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Unseen {
            $($(#[$meta])* $variant,)*
        }

        impl Unseen {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// A stable word, also that of the script.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

unseen! {
    /// sshd's effective settings (`sshd -T`).
    SshdSettings "sshd-settings"
    /// The rules of the firewall.
    Firewall "firewall"
    /// What sshd wrote into the journal or the log.
    Log "log"
    /// The state of the account: locked, expired.
    Account "account"
    /// SELinux labels.
    Selinux "selinux"
    /// ACLs, because getfacl(1) is not there.
    Acl "acl"
}

/// Gathers the evidence of one node, in one round trip.
///
/// # Errors
/// [`ObserveError`] if it could not be read.
pub async fn gather(
    shell: &Shell,
    spec: NodeSpec,
    user: &str,
    questions: &Questions,
    breadth: Breadth,
) -> Result<Evidence, ObserveError> {
    let script = script(user, questions, breadth);
    let from = now();
    let (token, output) = read_within(shell, &script, LIMIT).await?;
    let mut evidence = parse(&output, &token, spec, user)?;
    if let Some(clock) = &mut evidence.machine.clock {
        (clock.from, clock.to) = (from, now());
    }
    Ok(evidence)
}

/// Seconds since 1970 by the clock of this machine.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The whole script. Only what was checked or quoted goes into it.
fn script(user: &str, questions: &Questions, breadth: Breadth) -> String {
    let mut head = String::new();
    let names: Vec<&str> = questions.names.iter().map(|(name, _)| name.as_str()).collect();
    let addresses: Vec<String> = questions.names.iter().map(|(_, ip)| ip.to_string()).collect();
    let callees: Vec<String> = questions.callees.iter().map(|n| format!("{},{}", n.ip, n.port)).collect();
    let peers: Vec<String> = questions.peers.iter().map(ToString::to_string).collect();
    let port = questions.port;
    let breadth_word = if breadth == Breadth::SetUp { "set-up" } else { "whole" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        head,
        "gs_user={} gs_names={} gs_addresses={} gs_peers={} gs_callees={} gs_port={port} \
         gs_breadth={breadth_word} gs_in_vain={}",
        sh_quote(user),
        sh_quote(&names.join(" ")),
        sh_quote(&addresses.join(" ")),
        sh_quote(&peers.join(" ")),
        sh_quote(&callees.join(" ")),
        if questions.in_vain { "yes" } else { "" },
    );
    let wanted = FAMILIES.iter().filter(|(_, for_set_up)| breadth == Breadth::Whole || *for_set_up);
    let families: String = wanted.map(|(script, _)| *script).collect();
    format!("{head}{COMMON}{SCRIPT}{KEEPALIVE}{families}")
}

/// Reads what the script printed. Total: a node may send anything.
fn parse(output: &[u8], token: &str, spec: NodeSpec, user: &str) -> Result<Evidence, ObserveError> {
    let frames = Frames::parse(output, token);
    let facts = Facts(&frames);
    let not_seen = Unseen::ALL.iter().filter(|word| facts.has(&format!("unseen/{}", word.as_str())));
    let not_seen = not_seen.copied().collect();
    let (service, rights) = (Service::take(facts), Rights::take(facts));
    let (keys, login, machine) = (Keys::take(facts), Login::take(facts), Machine::take(facts));
    let state = frames.into_state(spec, user, true)?;
    Ok(Evidence { state, service, rights, keys, login, machine, not_seen, records: Records::default() })
}

/// The facts of an observation, by name. One that is not there is empty.
#[derive(Clone, Copy)]
struct Facts<'a>(&'a Frames<'a>);

impl<'a> Facts<'a> {
    /// Whether the script printed it at all.
    fn has(self, name: &str) -> bool {
        self.0.raw_fact(name).is_some()
    }

    /// Its bytes.
    fn raw(self, name: &str) -> &'a [u8] {
        self.0.raw_fact(name).unwrap_or_default()
    }

    /// It as text, without white space around it. To be made [`printable`] before anyone sees it.
    fn text(self, name: &str) -> String {
        String::from_utf8_lossy(self.raw(name)).trim().to_owned()
    }

    /// It as lines, each safe to show.
    fn lines(self, name: &str) -> Vec<String> {
        self.text(name).lines().map(|line| printable(line.as_bytes())).filter(|l| !l.is_empty()).collect()
    }
}
