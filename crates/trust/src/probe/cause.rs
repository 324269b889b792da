//! What the words of `ssh` most likely mean. Pure.

use crate::inventory::NodeSpec;

/// Exit status of timeout(1) when it had to end the call.
pub const TIMED_OUT: i32 = 124;
/// What is said of such a call that said nothing itself: these words, and of how many seconds.
pub const NO_ANSWER: &str = "no answer within";

/// The likely cause of a call that failed. The texts of ssh(1) are those of OpenSSH 7.4 to 10.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Nothing listens on the port, or a firewall rejects.
    Refused,
    /// No answer to the TCP connection: the machine is down, or a firewall drops.
    TimedOut,
    /// The network knows no way, or a firewall prohibits it.
    NoRoute,
    /// TCP works, but the SSH server says nothing, or falls silent in the handshake.
    Hung,
    /// The server hung up before the login, at every try.
    ClosedEarly,
    /// The server said something and hung up, in the middle of the login: nearly always PAM, which keeps the account out,
    /// whatever the key.
    HungUp,
    /// The program or the host by which the caller's settings go there does not.
    ProxyFailed,
    /// The server said that the caller is penalised (`PerSourcePenalties`).
    Penalised,
    /// The server said that too many callers were there (`MaxStartups`).
    MaxStartups,
    /// The host key is another one than the recorded one.
    HostKeyChanged,
    /// The host key is marked `@revoked`.
    HostKeyRevoked,
    /// No host key is on record.
    HostKeyUnknown,
    /// The key was refused.
    KeyRefused,
    /// The caller's agent does not sign: it is dead, empty, or hangs.
    AgentUseless,
    /// The server hung up after too many keys.
    TooManyKeys,
    /// `ssh` ignores a key or a configuration file because others may write or read it.
    Permissions,
    /// The host name is not known on the calling node.
    NameUnknown,
    /// The host name leads to another address.
    WrongAddress {
        /// Where it leads, safe to show.
        found: String,
    },
    /// Another machine answered than the one that was entered at this address.
    WrongMachine {
        /// The node of the cluster that answered; `None`: one that is not of the cluster, or nobody knows which.
        answered: Option<NodeSpec>,
    },
    /// The call ended well, and what it was to run did not run.
    ForcedCommand,
    /// The server let the caller in and refused to run anything.
    CommandRefused,
    /// The two sides share no algorithm.
    NoCommonAlgorithm,
    /// The account's password has expired.
    PasswordExpired,
    /// The account may not log in, or has no login shell.
    NoLogin,
    /// `ssh` cannot start because of its libraries.
    Libraries,
    /// There is no `ssh` on the calling node.
    NoSsh,
    /// A file of `ssh`'s configuration on the calling node is wrong.
    BadConfig,
    /// None of these.
    Other,
}

impl Cause {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::NoRoute => "no-route",
            Self::Hung => "hung",
            Self::ClosedEarly => "closed-early",
            Self::HungUp => "hung-up",
            Self::ProxyFailed => "proxy-failed",
            Self::Penalised => "penalised",
            Self::MaxStartups => "max-startups",
            Self::HostKeyChanged => "host-key-changed",
            Self::HostKeyRevoked => "host-key-revoked",
            Self::HostKeyUnknown => "host-key-unknown",
            Self::KeyRefused => "key-refused",
            Self::AgentUseless => "agent-useless",
            Self::TooManyKeys => "too-many-keys",
            Self::Permissions => "permissions",
            Self::NameUnknown => "name-unknown",
            Self::WrongAddress { .. } => "wrong-address",
            Self::WrongMachine { .. } => "wrong-machine",
            Self::ForcedCommand => "forced-command",
            Self::CommandRefused => "command-refused",
            Self::NoCommonAlgorithm => "no-common-algorithm",
            Self::PasswordExpired => "password-expired",
            Self::NoLogin => "no-login",
            Self::Libraries => "libraries",
            Self::NoSsh => "no-ssh",
            Self::BadConfig => "bad-config",
            Self::Other => "other",
        }
    }

    /// Whether the same call may work a little later.
    #[must_use]
    pub const fn is_throttling(&self) -> bool {
        matches!(self, Self::ClosedEarly | Self::Penalised | Self::MaxStartups)
    }
}

/// Signs in the words of `ssh`, the surest first.
const SIGNS: [(&str, Cause); 48] = [
    ("Exceeded MaxStartups", Cause::MaxStartups),
    ("Not allowed at this time", Cause::Penalised),
    // A connection that has no address is one to a `ProxyCommand` of its own.
    ("UNKNOWN port 65535", Cause::ProxyFailed),
    // OpenSSH before 8 says nothing of it; the shell that starts the program does.
    (": exec: ", Cause::ProxyFailed),
    ("marked as revoked", Cause::HostKeyRevoked),
    ("REVOKED HOST KEY DETECTED", Cause::HostKeyRevoked),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", Cause::HostKeyChanged),
    ("host key is known for", Cause::HostKeyUnknown),
    ("Host key verification failed", Cause::HostKeyUnknown),
    ("Could not resolve hostname", Cause::NameUnknown),
    ("timed out during banner exchange", Cause::Hung),
    // From OpenSSH 7.4 to 8: the same, with the system's words behind it.
    ("banner exchange: Connection to", Cause::ClosedEarly),
    ("exchange_identification", Cause::ClosedEarly),
    ("Connection reset by peer", Cause::ClosedEarly),
    ("Broken pipe", Cause::ClosedEarly),
    ("Connection refused", Cause::Refused),
    ("No route to host", Cause::NoRoute),
    ("Network is unreachable", Cause::NoRoute),
    ("Connection timed out", Cause::TimedOut),
    ("Operation timed out", Cause::TimedOut),
    ("not responding", Cause::Hung),
    // `Connection to 10.0.0.1 port 22 timed out`: in the key exchange.
    (" timed out", Cause::Hung),
    ("no matching ", Cause::NoCommonAlgorithm),
    ("no mutual signature", Cause::NoCommonAlgorithm),
    ("Too many authentication failures", Cause::TooManyKeys),
    ("Password change required", Cause::PasswordExpired),
    ("Your password has expired", Cause::PasswordExpired),
    ("account is currently not available", Cause::NoLogin),
    // Of OpenSSH, where ForceCommand is internal-sftp.
    ("This service allows sftp connections only", Cause::ForcedCommand),
    ("account has expired", Cause::NoLogin),
    ("System is booting up", Cause::NoLogin),
    ("pam_nologin", Cause::NoLogin),
    ("UNPROTECTED PRIVATE KEY FILE", Cause::Permissions),
    ("Bad owner or permissions", Cause::Permissions),
    ("Bad configuration option", Cause::BadConfig),
    ("terminating, ", Cause::BadConfig),
    ("OpenSSL version mismatch", Cause::Libraries),
    ("symbol lookup error", Cause::Libraries),
    ("error while loading shared libraries", Cause::Libraries),
    // After the login: the session, or the command in it. It comes with the end of the connection.
    ("exec request failed on channel", Cause::CommandRefused),
    ("shell request failed on channel", Cause::CommandRefused),
    (": open failed: ", Cause::CommandRefused),
    ("signing failed", Cause::AgentUseless),
    ("communication with agent failed", Cause::AgentUseless),
    ("agent refused operation", Cause::AgentUseless),
    ("Permission denied (", Cause::KeyRefused),
    // What shells say that cannot start a process.
    ("annot fork", Cause::CommandRefused),
    ("fork: ", Cause::CommandRefused),
];

/// Judges a failed call by its exit status and by what `ssh` printed, in which a banner of the called node may stand too:
/// where it is clear how far the call came, only the signs of that stage count.
#[must_use]
pub fn likely_cause(status: Option<i32>, said: &str) -> Cause {
    let last = said.rsplit(" | ").next().unwrap_or_default();
    let stage: fn(&Cause) -> bool = match status {
        Some(TIMED_OUT) => return Cause::Hung,
        Some(127) => |cause| matches!(cause, Cause::Libraries),
        // ssh(1): "exits with the exit status of the remote command or with 255 if an error occurred".
        Some(status) if status != 255 => |cause| {
            let ends = matches!(cause, Cause::PasswordExpired | Cause::NoLogin);
            ends || matches!(cause, Cause::ForcedCommand | Cause::CommandRefused)
        },
        _ if last.contains("Permission denied (") => {
            |cause| matches!(cause, Cause::Permissions | Cause::AgentUseless | Cause::KeyRefused)
        }
        _ if stops_at_a_line(said) => return Cause::BadConfig,
        _ => |_| true,
    };
    let found = SIGNS.iter().find(|(sign, cause)| stage(cause) && said.contains(sign));
    match (status, found) {
        (_, Some((_, cause))) => cause.clone(),
        (Some(127), None) => Cause::NoSsh,
        // sshd says nothing else where PAM opens no session (session.c).
        (Some(254), None) if said.is_empty() => Cause::CommandRefused,
        (Some(status), None) if status != 255 => Cause::NoLogin,
        // Words of the server reach the user after the key exchange only. Without any nobody knows how far it came: ssh of
        // OpenSSH 10 does not tell where the connection ended before the server's identification string.
        (_, None) if last.starts_with("Connection closed by") && last != said => Cause::HungUp,
        (_, None) if said.contains("Connection closed by") => Cause::ClosedEarly,
        _ => Cause::Other,
    }
}

/// Whether `ssh` ended at a line of its configuration, whatever is wrong there: `/root/.ssh/config line 3: Bad ...`. The
/// file may be any that another one includes.
fn stops_at_a_line(said: &str) -> bool {
    let last = said.rsplit(" | ").next().unwrap_or_default();
    let Some((file, rest)) = last.split_once(": line ").or_else(|| last.split_once(" line ")) else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    file.starts_with('/') && !file.contains(' ') && digits > 0 && rest.get(digits..digits + 1) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    use Cause::*;

    const WORDS: &[(i32, &str, Cause)] = &[
        (255, "ssh: connect to host 10.0.0.1 port 22: Connection refused", Refused),
        (255, "ssh: connect to host 10.0.0.1 port 22: Connection timed out", TimedOut),
        (255, "ssh: connect to host 10.0.0.1 port 22: No route to host", NoRoute),
        (255, "Connection timed out during banner exchange | Connection to 10.0.0.1 port 22 timed out", Hung),
        (124, "", Hung),
        (255, "Connection to 10.0.0.1 port 22 timed out", Hung),
        (255, "Timeout, server 10.0.0.1 not responding.", Hung),
        (
            255,
            "kex_exchange_identification: Connection closed by remote host | Connection closed by 10.0.0.1 port 22",
            ClosedEarly,
        ),
        (255, "kex_exchange_identification: read: Connection reset by peer", ClosedEarly),
        (255, "ssh_exchange_identification: Connection closed by remote host", ClosedEarly),
        (255, "ssh_exchange_identification: Exceeded MaxStartups", MaxStartups),
        (255, "kex_exchange_identification: banner line 0: Not allowed at this time", Penalised),
        (255, "Connection closed by 10.0.0.1 port 22", ClosedEarly),
        (255, "Down for maintenance | Connection closed by 10.0.0.1 port 22", HungUp),
        (
            255,
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ | Offending ED25519 key in /root/.ssh/known_hosts:3 | Host key verification failed.",
            HostKeyChanged,
        ),
        (
            255,
            "No ED25519 host key is known for 10.0.0.1 and you have requested strict checking. | Host key verification failed.",
            HostKeyUnknown,
        ),
        (255, "@ WARNING: REVOKED HOST KEY DETECTED! @ | Host key verification failed.", HostKeyRevoked),
        (255, "ssh: Could not resolve hostname node2: Name or service not known", NameUnknown),
        (255, "root@10.0.0.1: Permission denied (publickey,password).", KeyRefused),
        (
            255,
            "sign_and_send_pubkey: signing failed for ED25519 \"/root/.ssh/id_om\" from agent: agent refused operation | root@10.0.0.1: Permission denied (publickey).",
            AgentUseless,
        ),
        (255, "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures", TooManyKeys),
        (
            255,
            "WARNING: UNPROTECTED PRIVATE KEY FILE! | root@10.0.0.1: Permission denied (publickey).",
            Permissions,
        ),
        (255, "Bad owner or permissions on /root/.ssh/config", Permissions),
        (
            255,
            "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa",
            NoCommonAlgorithm,
        ),
        (1, "Password change required but no TTY available.", PasswordExpired),
        (1, "This account is currently not available.", NoLogin),
        (1, "", NoLogin),
        (1, "Exceeded MaxStartups is what a profile said", NoLogin),
        (
            255,
            "Idle sessions are timed out. Connection refused without a badge. | root@10.0.0.1: Permission denied (publickey).",
            KeyRefused,
        ),
        (127, "sh: ssh: not found", NoSsh),
        (255, "OpenSSL version mismatch. Built against 30000020, you have 101010af", Libraries),
        (255, "/root/.ssh/config: line 3: Bad configuration option: foo", BadConfig),
        (255, "/root/.ssh/config line 3: Bad key types 'ssh-old'.", BadConfig),
        (255, "/etc/ssh/ssh_config.d/x.conf line 12: no argument after keyword \"port\"", BadConfig),
        (
            255,
            "/root/.ssh/config line 9: Unsupported option \"x\" | root@10.0.0.1: Permission denied (publickey).",
            KeyRefused,
        ),
        (
            255,
            "/bin/sh: 1: exec: /usr/bin/proxy: not found | kex_exchange_identification: Connection closed by remote host | Connection closed by UNKNOWN port 65535",
            ProxyFailed,
        ),
        (
            255,
            "ssh: connect to host gate port 22: Connection refused | kex_exchange_identification: Connection closed by remote host | Connection closed by UNKNOWN port 65535",
            ProxyFailed,
        ),
        (
            255,
            "sh: 1: exec: /usr/bin/proxy: not found | ssh_exchange_identification: Connection closed by remote host",
            ProxyFailed,
        ),
        (254, "", CommandRefused),
        (254, "Closed for maintenance", NoLogin),
        (254, "-bash: fork: retry: Resource temporarily unavailable", CommandRefused),
        (2, "sh: 1: Cannot fork", CommandRefused),
        (1, "This service allows sftp connections only.", ForcedCommand),
        (255, "exec request failed on channel 0", CommandRefused),
        (
            255,
            "channel 0: open failed: connect failed: open failed | Connection closed by 10.0.0.1 port 22",
            CommandRefused,
        ),
        (255, "something new", Other),
    ];

    #[test]
    fn the_words_of_ssh_are_understood() {
        for (status, said, wanted) in WORDS {
            assert_eq!(likely_cause(Some(*status), said), *wanted, "{said}");
        }
        assert_eq!(likely_cause(None, ""), Other);
    }
}
