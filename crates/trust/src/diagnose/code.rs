//! The stable names of what breaks trust.

use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident $word:literal)*) => {
        /// What broke trust, or will. The words are stable: programs and people's notes refer to them.
        ///
        /// The order is the one in which a person is told: first the six causes of openGauss's own document on lost
        /// trust, in its order; then what hides behind the same symptoms.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$meta])* $variant,)*
        }

        impl Code {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

codes! {
    /// The SSH server does not run, or cannot start.
    SshdDown "sshd-down"
    /// A firewall keeps callers away from the port.
    Firewall "firewall"
    /// Owner or mode of a folder on the way to `authorized_keys`: sshd ignores the file (sshd_config(5), StrictModes).
    HomePermissions "home-permissions"
    /// Owner or mode of a key file, of `authorized_keys` or of ssh's configuration.
    KeyPermissions "key-permissions"
    /// The host key on record is missing, or not the one that the node presents now.
    KnownHostsConflict "known-hosts-conflict"
    /// A node's public key is not in a peer's `authorized_keys`, or private and public file do not belong together.
    KeyMismatch "key-mismatch"
    /// The tool's ssh-agent is dead, hangs or lacks the key, or shells and `ssh` do not find it.
    AgentDead "agent-dead"
    /// logind ends the agent when its session ends (logind.conf(5), KillUserProcesses).
    AgentKilledAtLogout "agent-killed-at-logout"
    /// Nothing brings the agent back after a reboot.
    KeepaliveMissing "keepalive-missing"
    /// Trust was never made between these nodes.
    NoTrust "no-trust"
    /// The lines that let the callers in have ended (sshd(8), expiry-time).
    Expired "expired"
    /// They end soon.
    Expiring "expiring"
    /// A caller's address is not in the list of the line that would let it in (sshd(8), from).
    FromMismatch "from-mismatch"
    /// sshd turns an address away for a while (sshd_config(5), PerSourcePenalties).
    Penalised "penalised"
    /// sshd turns callers away as too many (sshd_config(5), MaxStartups).
    MaxStartups "max-startups"
    /// The caller offers more keys than sshd allows tries (sshd_config(5), MaxAuthTries).
    MaxAuthTries "max-auth-tries"
    /// sshd allows too few sessions a connection (sshd_config(5), MaxSessions).
    MaxSessions "max-sessions"
    /// sshd lets the account in and starts no process for it.
    CommandRefused "command-refused"
    /// A call is let in, and something else runs than what was asked for (sshd_config(5), ForceCommand; sshd(8), command).
    ForcedCommand "forced-command"
    /// The node takes no password, so that only a key opens it.
    PasswordAuthOff "password-auth-off"
    /// sshd refuses root (sshd_config(5), PermitRootLogin).
    RootLoginOff "root-login-off"
    /// sshd refuses this account (sshd_config(5), AllowUsers, AllowGroups, DenyUsers, DenyGroups).
    AccountNotAllowed "account-not-allowed"
    /// sshd reads keys elsewhere than where they were written (sshd_config(5), AuthorizedKeysFile, RevokedKeys).
    AuthorizedKeysElsewhere "authorized-keys-elsewhere"
    /// sshd takes no public key, or not of this type (sshd_config(5), PubkeyAuthentication).
    PubkeyAuthOff "pubkey-auth-off"
    /// A key alone is not enough, or a password (sshd_config(5), AuthenticationMethods; pam(8)).
    SecondFactor "second-factor"
    /// The SELinux label of a file or of the port (restorecon(8), semanage-port(8)).
    SelinuxContext "selinux-context"
    /// The account is locked after wrong passwords, or by passwd(1).
    AccountLocked "account-locked"
    /// The account or its password has expired (chage(1)).
    PasswordExpired "password-expired"
    /// The account has no login shell (nologin(8)).
    NoLoginShell "no-login-shell"
    /// The profile prints where nobody is at a terminal.
    NoisyShell "noisy-shell"
    /// The profile, or `~/.ssh/rc`, ends the login, replaces the shell, or waits for an answer: no command runs.
    ProfileBlocks "profile-blocks"
    /// The login shell is not a POSIX shell, or a restricted one.
    ForeignShell "foreign-shell"
    /// sshd has no SFTP subsystem (sshd_config(5), Subsystem).
    NoSftp "no-sftp"
    /// A file that trust needs cannot be written: by an attribute (chattr(1)), its kind, or a link of somebody else's.
    UnwritableFile "unwritable-file"
    /// No space is left where the home is.
    DiskFull "disk-full"
    /// The user's quota is used up.
    Quota "quota"
    /// The home is on a file system that is mounted read-only.
    ReadOnlyHome "read-only-home"
    /// Two nodes share one home directory.
    SharedHome "shared-home"
    /// Two nodes have the same host keys, machine-id(5) or host name.
    ClonedNode "cloned-node"
    /// Two machines answer for one address.
    DuplicateIp "duplicate-ip"
    /// A node's name leads to a wrong address or nowhere, or `/etc/hosts` cannot be read.
    HostsMapping "hosts-mapping"
    /// A caller is led to another machine than the one that was entered at the address.
    WrongMachine "wrong-machine"
    /// TCP wrappers turn callers away (hosts_access(5)).
    TcpWrappers "tcp-wrappers"
    /// Large packets are lost on the way.
    Mtu "mtu"
    /// sshd waits for a name server before it lets anybody in (sshd_config(5), UseDNS).
    SlowDns "slow-dns"
    /// FIPS mode forbids the type of the key.
    FipsNoEd25519 "fips-no-ed25519"
    /// The two sides share no algorithm.
    NoCommonAlgorithm "no-common-algorithm"
    /// Libraries of somebody else are loaded into ssh (ld.so(8), LD_LIBRARY_PATH).
    LdLibraryPath "ld-library-path"
    /// The path of the agent's socket does not fit unix(7).
    SocketPathTooLong "socket-path-too-long"
    /// ssh cannot use the home: its path has a `%` in it (ssh_config(5), TOKENS), or it is not there.
    HomeUnusable "home-unusable"
    /// The clocks of the nodes differ.
    ClockSkew "clock-skew"
    /// The machine is down, or cut off from the network.
    NodeDown "node-down"
    /// The node refused the password.
    PasswordRefused "password-refused"
    /// No key opens the node, and no password was given.
    NoPassword "no-password"
    /// A program that is needed is not installed.
    ProgramMissing "program-missing"
    /// A configuration file of ssh on the calling node is wrong or cannot be used.
    SshConfigBroken "ssh-config-broken"
    /// The caller's own settings of ssh lead elsewhere, or forbid what trust needs (ssh_config(5)).
    ClientSettings "client-settings"
    /// The host name is not the one that the description of the cluster gives.
    NameDiffers "name-differs"
    /// The files know other nodes than the description of the cluster lists.
    MembersDiffer "members-differ"
    /// One direction works, the other does not, and no cause was seen.
    OneWay "one-way"
    /// A pair does not work, and no cause was seen.
    Unexplained "unexplained"
}

/// The number of codes that come from openGauss's own document.
pub const OF_THE_DOCUMENT: usize = 6;

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such code")]
pub struct NoSuchCode;

impl FromStr for Code {
    type Err = NoSuchCode;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().find(|code| code.as_str() == word).copied().ok_or(NoSuchCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_word_and_only_by_that() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }
        assert!(Code::ALL.is_sorted());
        assert_eq!("sshd".parse::<Code>(), Err(NoSuchCode));
    }
}
