//! What a lab shall look like.

use std::path::PathBuf;

use crate::error::{LabError, SpecMistake};
use crate::host_keys::{self, KeyType};
use crate::requirements::program_in;
use crate::root::Release;
use crate::substitute::Substitute;

/// Which shell `/bin/sh` is on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sh {
    /// As on Debian and Ubuntu.
    Dash,
    /// As on openEuler, CentOS and their relatives.
    Bash,
}

/// A user of every node.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) shell: String,
    /// User and group number; 0 for root.
    pub(crate) uid: u32,
}

impl User {
    /// The home directory, as the password database has it.
    pub(crate) fn home(&self) -> String {
        // `DOMAIN\name` lies in the folder of its domain, as winbind has it.
        if self.uid == 0 { "/root".to_owned() } else { format!("/home/{}", self.name.replace('\\', "/")) }
    }
}

/// A folder that several nodes have in common, as on a file server.
#[derive(Debug, Clone)]
pub(crate) struct SharedFolder {
    pub(crate) path: String,
    pub(crate) owner: String,
    pub(crate) mode: u32,
    pub(crate) nodes: Vec<usize>,
}

/// What one node has of its own.
#[derive(Debug, Clone)]
pub(crate) struct NodeSpec {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) sshd_config: String,
    pub(crate) sh: Option<Sh>,
    pub(crate) sftp: bool,
    /// None: that of the lab.
    pub(crate) release: Option<Release>,
    pub(crate) substitutes: Vec<Substitute>,
}

/// The plan of a lab: so many nodes, these users, those peculiarities.
///
/// Every node has root with the password `root-password` unless told otherwise. Passwords are hashed as
/// SHA-512 with 1,000 rounds, so that checking one costs next to nothing in benchmarks.
#[derive(Debug, Clone)]
pub struct LabSpec {
    pub(crate) users: Vec<User>,
    pub(crate) nodes: Vec<NodeSpec>,
    pub(crate) ipv6: bool,
    pub(crate) second_network: bool,
    pub(crate) program: Option<PathBuf>,
    /// `NAME=value` for every command that is run on a node from outside.
    pub(crate) variables: Vec<String>,
    pub(crate) shared: Vec<SharedFolder>,
    pub(crate) systems: bool,
    /// Whether sshd offers the key exchanges that it has by itself.
    pub(crate) as_shipped: bool,
    /// None: the machine's own.
    pub(crate) release: Option<Release>,
    /// Whether each node has no host key but one of Ed25519.
    one_key: bool,
    mistake: Option<SpecMistake>,
}

/// The number of the first ordinary user, as on every distribution.
const FIRST_UID: u32 = 1000;
/// A bridge takes at most 1,023 ports.
const MOST_NODES: usize = 1_023;
/// What whole systems boot.
const SYSTEMS: Release = Release::Bookworm;

impl LabSpec {
    /// A lab of `nodes` nodes called `node1`, `node2`, …, with sshd on port 22 and IPv4 only.
    #[must_use]
    pub fn new(nodes: usize) -> LabSpec {
        let root = User {
            name: "root".to_owned(),
            password: "root-password".to_owned(),
            shell: "/bin/bash".to_owned(),
            uid: 0,
        };
        let node = |index: usize| NodeSpec {
            name: format!("node{}", index + 1),
            port: 22,
            sshd_config: String::new(),
            sh: None,
            sftp: true,
            release: None,
            substitutes: Vec::new(),
        };
        let fits = (1..=MOST_NODES).contains(&nodes);
        LabSpec {
            users: vec![root],
            nodes: (0..nodes.min(MOST_NODES)).map(node).collect(),
            ipv6: false,
            second_network: false,
            program: None,
            variables: Vec::new(),
            shared: Vec::new(),
            systems: false,
            as_shipped: false,
            release: None,
            one_key: false,
            mistake: (!fits).then_some(SpecMistake::Nodes(nodes)),
        }
    }

    /// Adds an ordinary user with a password, a group of the same name and bash as login shell.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> LabSpec {
        let uid = FIRST_UID + u32::try_from(self.users.len()).unwrap_or(0) - 1;
        self.users.push(User {
            name: name.to_owned(),
            password: password.to_owned(),
            shell: "/bin/bash".to_owned(),
            uid,
        });
        self
    }

    /// Sets the password of root on all nodes.
    #[must_use]
    pub fn root_password(mut self, password: &str) -> LabSpec {
        self.users[0].password = password.to_owned();
        self
    }

    /// Gives a user (added before, or root) another login shell, for example `/bin/csh`.
    #[must_use]
    pub fn login_shell(mut self, user: &str, shell: &str) -> LabSpec {
        for one in self.users.iter_mut().filter(|one| one.name == user) {
            shell.clone_into(&mut one.shell);
        }
        self
    }

    /// Lets the sshd of one node listen on another port than 22.
    #[must_use]
    pub fn port(mut self, node: usize, port: u16) -> LabSpec {
        self.with_node(node, |spec| spec.port = port);
        self
    }

    /// Gives the nodes an IPv6 address each (`fd77::1`, `fd77::2`, …) beside the IPv4 one.
    #[must_use]
    pub fn ipv6(mut self, on: bool) -> LabSpec {
        self.ipv6 = on;
        self
    }

    /// Gives the nodes an address each (`10.78.0.1`, `10.78.0.2`, …) in another network beside the first.
    #[must_use]
    pub fn second_network(mut self) -> LabSpec {
        self.second_network = true;
        self
    }

    /// Puts lines at the top of `sshd_config` on one node. sshd takes the first value of an option, so these
    /// win; close a `Match` block with `Match all`.
    #[must_use]
    pub fn sshd_config(mut self, node: usize, lines: &str) -> LabSpec {
        self.with_node(node, |spec| add_lines(&mut spec.sshd_config, lines));
        self
    }

    /// Puts lines at the top of `sshd_config` on every node.
    #[must_use]
    pub fn sshd_config_all(mut self, lines: &str) -> LabSpec {
        self.nodes.iter_mut().for_each(|spec| add_lines(&mut spec.sshd_config, lines));
        self
    }

    /// Chooses what `/bin/sh` is on one node. Unless told, it is what the machine or the release has.
    #[must_use]
    pub fn sh(mut self, node: usize, sh: Sh) -> LabSpec {
        self.with_node(node, |spec| spec.sh = Some(sh));
        self
    }

    /// Leaves the SFTP subsystem out on one node.
    #[must_use]
    pub fn no_sftp(mut self, node: usize) -> LabSpec {
        self.with_node(node, |spec| spec.sftp = false);
        self
    }

    /// Names the nodes; the function gets the index, from 0.
    #[must_use]
    pub fn names(mut self, name: impl Fn(usize) -> String) -> LabSpec {
        self.nodes.iter_mut().enumerate().for_each(|(index, spec)| spec.name = name(index));
        self
    }

    /// Puts a program on every node, as `/usr/local/bin/gs_sshexkey`.
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> LabSpec {
        self.program = Some(path.into());
        self
    }

    /// Sets an environment variable for all that [`Node::command`](crate::Node::command) and
    /// [`Node::sh`](crate::Node::sh) run. Who comes by ssh or is run by cron does not have it.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> LabSpec {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Makes a folder one and the same on several nodes, empty and with this owner, as a file server, a cluster file
    /// system or a volume of containers does. Not on whole systems.
    #[must_use]
    pub fn shared_folder(mut self, nodes: &[usize], path: &str, owner: &str, mode: u32) -> LabSpec {
        nodes.iter().for_each(|node| self.with_node(*node, |_| {}));
        let (path, owner) = (path.to_owned(), owner.to_owned());
        self.shared.push(SharedFolder { path, owner, mode, nodes: nodes.to_vec() });
        self
    }

    /// Lets sshd and the kernel do as they do by themselves. Unless told, sshd offers Curve25519 alone, which costs a login
    /// a seventh of OpenSSH's first choice, and packets are acknowledged at once: plain ssh, which leaves Nagle's algorithm
    /// on until it has a session, waits twice for 40 ms else. Tests connect thousands of times, but what is measured must be
    /// what users have. Nodes of [another release](LabSpec::release) always offer their own key exchanges.
    #[must_use]
    pub fn as_shipped(mut self) -> LabSpec {
        self.as_shipped = true;
        self
    }

    /// Makes every node a whole system: the second tier. It boots the systemd of Debian bookworm, with sshd, cron
    /// and logind as services, polkit on demand, and firewalld installed but not enabled; it can
    /// [reboot](crate::Node::reboot). It needs the root file system that [`build_root`](crate::build_root) makes of
    /// [`Release::Bookworm`].
    #[must_use]
    pub fn systems(mut self) -> LabSpec {
        self.systems = true;
        self
    }

    /// Lays the nodes over another release instead of the machine's own system: ssh, sshd, cron, shells and
    /// libraries are of that release. It needs the root file system that [`build_root`](crate::build_root) makes
    /// of it.
    #[must_use]
    pub fn release(mut self, release: Release) -> LabSpec {
        self.release = Some(release);
        self
    }

    /// Lays one node over another release than the rest.
    #[must_use]
    pub fn node_release(mut self, node: usize, release: Release) -> LabSpec {
        self.with_node(node, |spec| spec.release = Some(release));
        self
    }

    /// Gives one node something in place of the usual.
    #[must_use]
    pub fn substitute(mut self, node: usize, substitute: Substitute) -> LabSpec {
        self.with_node(node, |spec| spec.substitutes.push(substitute));
        self
    }

    /// Gives each node one host key, of Ed25519, in place of the three of a fresh system. An RSA key takes longer to make than
    /// all the rest of a node, and of a thousand nodes three lines each are much to write down.
    #[must_use]
    pub fn one_host_key(mut self) -> LabSpec {
        self.one_key = true;
        self
    }

    /// The types of the nodes' host keys.
    pub(crate) fn key_types(&self) -> &'static [KeyType] {
        if self.one_key { host_keys::CHEAP } else { host_keys::USUAL }
    }

    /// The number of a user.
    pub(crate) fn uid(&self, name: &str) -> Result<u32, LabError> {
        let found = self.users.iter().find(|user| user.name == name);
        found.map(|user| user.uid).ok_or_else(|| LabError::UnknownUser { user: name.to_owned() })
    }

    fn with_node(&mut self, node: usize, change: impl FnOnce(&mut NodeSpec)) {
        match self.nodes.get_mut(node) {
            Some(spec) => change(spec),
            None => self.mistake = self.mistake.take().or(Some(SpecMistake::NoSuchNode(node))),
        }
    }

    /// The release that a node was asked to be of.
    pub(crate) fn release_of(&self, node: usize) -> Option<Release> {
        self.nodes.get(node).and_then(|node| node.release).or(self.release)
    }

    /// The release whose root each node lies over; none for the machine's own system.
    pub(crate) fn roots(&self) -> Result<Vec<Option<Release>>, LabError> {
        if !self.systems {
            return Ok((0..self.nodes.len()).map(|node| self.release_of(node)).collect());
        }
        if self.nodes.iter().any(|node| node.release.is_some() || !node.substitutes.is_empty()) {
            return Err(LabError::Spec(SpecMistake::OnlySystems));
        }
        match self.release {
            Some(release) if release != SYSTEMS => Err(LabError::Spec(SpecMistake::NoSystems(release))),
            _ => Ok(vec![Some(SYSTEMS); self.nodes.len()]),
        }
    }

    /// Whether a lab can be built like this over these systems.
    pub(crate) fn check(&self, bases: &[PathBuf]) -> Result<(), LabError> {
        if let Some(mistake) = &self.mistake {
            return Err(LabError::Spec(mistake.clone()));
        }
        if self.systems && !self.shared.is_empty() {
            return Err(LabError::Spec(SpecMistake::SharedBySystems));
        }
        let asked = self.nodes.iter().filter_map(|node| node.sh).map(|sh| sh.program().to_owned());
        let shells = self.users.iter().map(|user| user.shell.clone());
        for shell in asked.chain(shells) {
            let name = shell.rsplit('/').next().unwrap_or(&shell);
            if bases.iter().any(|base| program_in(base, name).is_none()) {
                return Err(LabError::Spec(SpecMistake::NoSuchShell(shell)));
            }
        }
        Ok(())
    }
}

impl Sh {
    /// The program's name.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Sh::Dash => "dash",
            Sh::Bash => "bash",
        }
    }
}

fn add_lines(config: &mut String, lines: &str) {
    config.push_str(lines.trim_end_matches('\n'));
    config.push('\n');
}
