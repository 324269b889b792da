//! Where the tool's files lie on a node, and which files of a node matter at all.

use std::fmt;

/// The tool's agent socket, below the home directory.
pub const AGENT_SOCKET: &str = "gaussdb_tmp/gauss_socket_tmp";
/// The folder of the tool's own files, below the home directory.
pub const TOOL_DIR: &str = "gaussdb_tmp";
/// The log of the keepalive, in that folder.
pub const LOG: &str = "keepalive.log";
/// The same of the time before, when it had become large.
pub const OLD_LOG: &str = "keepalive.log.1";
/// The passphrase store, below the home directory.
pub const STORE_DIR: &str = "gaussdb_tmp/ssh_protect";

/// Where a part of the passphrase lies below the store; `kind` is `cipher` or `rand`.
#[must_use]
pub fn part_path(kind: &str, part: u8) -> String {
    format!("{kind}/key_{part}/server.key.{kind}")
}

/// A file or folder of a node that matters. In the order in which they are judged: folders before what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The home directory.
    Home,
    /// `~/.ssh`.
    SshDir,
    /// `~/.ssh/id_om`.
    PrivateKey,
    /// `~/.ssh/id_om.pub`.
    PublicKey,
    /// `authorized_keys`, where sshd looks for it.
    AuthorizedKeys,
    /// `~/.ssh/known_hosts`.
    KnownHosts,
    /// `~/.ssh/config`.
    Config,
    /// `~/.bashrc`.
    Bashrc,
    /// `/etc/hosts`.
    Hosts,
    /// [`TOOL_DIR`].
    ToolDir,
    /// [`STORE_DIR`].
    StoreDir,
    /// The encrypted half of a part of the passphrase.
    Cipher(u8),
    /// The other half: what its key is derived from.
    Rand(u8),
    /// What the tool has made, one path a line, below [`TOOL_DIR`].
    Made,
    /// A public key that is let in already, and is yet to become the cluster's, below [`TOOL_DIR`].
    Pending,
    /// Says that lingering was turned on by the tool, below [`TOOL_DIR`].
    LingerMark,
    /// The folder of the program, below [`TOOL_DIR`].
    ProgramDir,
    /// `~/.config`.
    ConfigDir,
    /// `~/.config/systemd`.
    SystemdDir,
    /// `~/.config/systemd/user`.
    UnitDir,
    /// The unit that runs the keepalive.
    Service,
    /// The unit that says when.
    Timer,
    /// The profile that the user's login shell reads.
    LoginProfile,
    /// The user's table of cron. It has no path; its stamp is the digest of it.
    Crontab,
}

/// The places that have one word each, and the word that stands for them in the scripts.
const WORDS: [(Place, &str); 22] = [
    (Place::Home, "home"),
    (Place::SshDir, "ssh-dir"),
    (Place::PrivateKey, "id_om"),
    (Place::PublicKey, "id_om.pub"),
    (Place::AuthorizedKeys, "authorized_keys"),
    (Place::KnownHosts, "known_hosts"),
    (Place::Config, "config"),
    (Place::Bashrc, "bashrc"),
    (Place::Hosts, "hosts"),
    (Place::ToolDir, "tool-dir"),
    (Place::StoreDir, "store-dir"),
    (Place::Made, "made"),
    (Place::Pending, "pending"),
    (Place::LingerMark, "linger-mark"),
    (Place::ProgramDir, "bin-dir"),
    (Place::ConfigDir, "config-dir"),
    (Place::SystemdDir, "systemd-dir"),
    (Place::UnitDir, "unit-dir"),
    (Place::Service, "service"),
    (Place::Timer, "timer"),
    (Place::LoginProfile, "login-profile"),
    (Place::Crontab, "crontab"),
];

impl Place {
    /// The place that a script calls by this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let part = |kind: &str| word.strip_prefix(kind)?.parse().ok();
        let known = WORDS.iter().find(|(_, known)| *known == word).map(|(place, _)| *place);
        known.or_else(|| part("cipher/").map(Self::Cipher)).or_else(|| part("rand/").map(Self::Rand))
    }

    /// Whether it is a folder.
    #[must_use]
    pub const fn is_dir(self) -> bool {
        matches!(
            self,
            Self::Home
                | Self::SshDir
                | Self::ToolDir
                | Self::StoreDir
                | Self::ProgramDir
                | Self::ConfigDir
                | Self::SystemdDir
                | Self::UnitDir
        )
    }

    /// Whether it belongs to the keepalive alone.
    #[must_use]
    pub const fn is_keepalive(self) -> bool {
        matches!(
            self,
            Self::ProgramDir
                | Self::ConfigDir
                | Self::SystemdDir
                | Self::UnitDir
                | Self::Service
                | Self::Timer
                | Self::LoginProfile
                | Self::Crontab
        )
    }

    /// Whether the administrator decides where it lies: a link of somebody else's may lead there.
    #[must_use]
    pub const fn is_the_systems(self) -> bool {
        matches!(self, Self::Home | Self::Hosts)
    }
}

impl fmt::Display for Place {
    /// The word that the scripts have for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cipher(part) => write!(f, "cipher/{part}"),
            Self::Rand(part) => write!(f, "rand/{part}"),
            other => {
                let word = WORDS.iter().find(|(place, _)| place == other).map(|(_, word)| *word);
                f.write_str(word.unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_word_of_its_own() {
        let parts = (0..8).flat_map(|part| [Place::Cipher(part), Place::Rand(part)]);
        for place in WORDS.iter().map(|(place, _)| *place).chain(parts) {
            assert_eq!(Place::named(&place.to_string()), Some(place));
        }
        for word in ["", "no-such", "cipher", "cipher/", "cipher/x", "rand/256", "cipher/-1"] {
            assert_eq!(Place::named(word), None, "{word}");
        }
    }
}
