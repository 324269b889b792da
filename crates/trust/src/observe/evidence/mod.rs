//! What only a diagnosis needs to know of a node. One file a family, each for a script of its own; all of them run
//! behind `observe.sh`, so that it is still one round trip.

mod client;
mod keys;
mod login;
mod machine;
mod rights;
mod service;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use sshfiles::KnownHosts;

use super::parse::Frames;
use super::{NodeState, ObserveError};
use crate::inventory::NodeSpec;
use crate::place::Place;
use crate::text::printable;

pub use client::{Client, ClientCall};
pub(crate) use keys::CLASSIC;
pub use keys::{Keys, OwnKey, Revoked, Spared};
pub use login::{Ageing, Lockout, Login, Setting, Settings as LoginSettings, Shell as LoginShell, ShellKind};
pub use machine::{Clock, Disk, Libraries, Machine};
pub use rights::{Group, KeysAccess, KeysFile, Label, Right, Rights, Selinux, Settings};
pub use service::{
    Callee, Chain, Condition, Field, Hook, Init, Manager, Neighbour, Process, Rule, Service, Unit, Verdict,
    Wrappers,
};

/// For what evidence is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To find out why trust is broken: all of it.
    Diagnosis,
    /// To set trust up: what would make that fail on a node that was entered.
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
    /// Calls from it that failed, by host and port: what do its own settings of ssh make of them?
    pub calls: Vec<(String, u16)>,
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
    /// What its settings of ssh make of calls that failed.
    pub client: Client,
    /// What this user may not see there.
    pub not_seen: BTreeSet<Unseen>,
    /// The files of host keys, read when they are first asked for: large clusters have large ones.
    pub(crate) records: Records,
}

/// Files of host keys with their paths, in the order in which ssh reads them. They follow from the rest, so they do not
/// count in a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records(OnceLock<Arc<Vec<Table>>>);

/// One of them; its content is held once for all nodes that have it.
type Table = (String, Arc<KnownHosts>);

impl PartialEq for Records {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Records {}

impl Evidence {
    /// The files of host keys that ssh reads, in its order.
    pub(crate) fn known_hosts(&self) -> &[Table] {
        let read = || {
            let own = self.state.entries.get(&Place::KnownHosts);
            let own = own.map(|own| (own.path.clone(), own.bytes.known_hosts()));
            let others = self.keys.known_hosts().map(|(path, known)| (path.to_owned(), Arc::new(known)));
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
    /// A file of sshd's settings that only root may read: nobody knows what it says.
    SshdFiles "sshd-files"
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

/// Reads what the scripts of a diagnosis printed. Total: a node may send anything.
///
/// # Errors
/// [`ObserveError`] if what every node tells is missing.
pub fn parse_evidence(frames: Frames<'_>, spec: NodeSpec, user: &str) -> Result<Evidence, ObserveError> {
    let facts = Facts(&frames);
    let not_seen = Unseen::ALL.iter().filter(|word| facts.has(&format!("unseen/{}", word.as_str())));
    let not_seen = not_seen.copied().collect();
    let (service, rights) = (Service::take(facts), Rights::take(facts));
    let (keys, login, machine) = (Keys::take(facts), Login::take(facts), Machine::take(facts));
    let client = Client::take(facts);
    let state = frames.into_state(spec, user, true)?;
    Ok(Evidence {
        state,
        service,
        rights,
        keys,
        login,
        machine,
        client,
        not_seen,
        records: Records::default(),
    })
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
