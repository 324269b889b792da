//! What breaks trust, at length: the text of `doctor --explain` and of `docs/causes.md`.
//!
//! What the lines of a text are, is told at [`Line`].

mod account;
mod agent;
mod bounds;
mod client;
mod commands;
mod document;
mod factors;
mod line;
mod machine;
mod members;
mod network;
mod server;
mod settings;
mod storage;

use sshtrust::diagnose::Code;

use super::{Lang, messages};
pub(crate) use line::{Line, System, lines};

/// What is told about a cause, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CauseText {
    /// What is wrong: one short line.
    pub(crate) title: &'static str,
    /// What the user sees, in the words of `ssh` too.
    pub(crate) symptom: &'static str,
    /// Why it happens.
    pub(crate) causes: &'static str,
    /// What doctor reads to see it.
    pub(crate) seen: &'static str,
    /// What to do.
    pub(crate) cure: &'static str,
    /// What `doctor --fix` does of it, and what it leaves to people: in English the rest of a sentence.
    pub(crate) fix: &'static str,
    /// How to keep it from coming back.
    pub(crate) prevention: &'static str,
}

/// The texts of one cause in both languages.
#[derive(Debug, Clone, Copy)]
struct Texts {
    en: CauseText,
    zh: CauseText,
}

/// Defines the texts of causes: each part in English, then in Chinese, so that none can lack one.
macro_rules! causes {
    ($($name:ident {
        title $title_en:literal $title_zh:literal;
        symptom $symptom_en:literal $symptom_zh:literal;
        causes $causes_en:literal $causes_zh:literal;
        seen $seen_en:literal $seen_zh:literal;
        cure $cure_en:literal $cure_zh:literal;
        fix $fix:expr;
        prevention $prevention_en:literal $prevention_zh:literal;
    })*) => {
        $(pub(super) const $name: $crate::i18n::causes::Texts = $crate::i18n::causes::Texts {
            en: $crate::i18n::causes::CauseText {
                title: $title_en,
                symptom: $symptom_en,
                causes: $causes_en,
                seen: $seen_en,
                cure: $cure_en,
                fix: $fix.0,
                prevention: $prevention_en,
            },
            zh: $crate::i18n::causes::CauseText {
                title: $title_zh,
                symptom: $symptom_zh,
                causes: $causes_zh,
                seen: $seen_zh,
                cure: $cure_zh,
                fix: $fix.1,
                prevention: $prevention_zh,
            },
        };)*
    };
}
use causes;

/// What is told about a cause.
pub(crate) const fn cause_text(code: Code, lang: Lang) -> CauseText {
    let texts = texts(code);
    match lang {
        Lang::En => texts.en,
        Lang::Zh => texts.zh,
    }
}

/// What stands before the catalogue, in Markdown.
#[cfg(test)]
pub(crate) const fn intro(lang: Lang) -> &'static str {
    match lang {
        Lang::En => include_str!("intro.en.md"),
        Lang::Zh => include_str!("intro.zh.md"),
    }
}

#[expect(clippy::too_many_lines, reason = "a line for each cause")]
const fn texts(code: Code) -> Texts {
    match code {
        Code::SshdDown => document::SSHD_DOWN,
        Code::Firewall => document::FIREWALL,
        Code::HomePermissions => document::HOME_PERMISSIONS,
        Code::KeyPermissions => document::KEY_PERMISSIONS,
        Code::KnownHostsConflict => document::KNOWN_HOSTS_CONFLICT,
        Code::KeyMismatch => document::KEY_MISMATCH,
        Code::AgentDead => agent::AGENT_DEAD,
        Code::AgentKilledAtLogout => agent::AGENT_KILLED_AT_LOGOUT,
        Code::KeepaliveMissing => agent::KEEPALIVE_MISSING,
        Code::NoTrust => members::NO_TRUST,
        Code::Expired => bounds::EXPIRED,
        Code::Expiring => bounds::EXPIRING,
        Code::FromMismatch => bounds::FROM_MISMATCH,
        Code::Penalised => server::PENALISED,
        Code::MaxStartups => server::MAX_STARTUPS,
        Code::MaxAuthTries => client::MAX_AUTH_TRIES,
        Code::MaxSessions => server::MAX_SESSIONS,
        Code::CommandRefused => commands::COMMAND_REFUSED,
        Code::ForcedCommand => commands::FORCED_COMMAND,
        Code::PasswordAuthOff => settings::PASSWORD_AUTH_OFF,
        Code::RootLoginOff => settings::ROOT_LOGIN_OFF,
        Code::AccountNotAllowed => settings::ACCOUNT_NOT_ALLOWED,
        Code::AuthorizedKeysElsewhere => settings::AUTHORIZED_KEYS_ELSEWHERE,
        Code::PubkeyAuthOff => settings::PUBKEY_AUTH_OFF,
        Code::SecondFactor => factors::SECOND_FACTOR,
        Code::SelinuxContext => storage::SELINUX_CONTEXT,
        Code::AccountLocked => account::ACCOUNT_LOCKED,
        Code::PasswordExpired => account::PASSWORD_EXPIRED,
        Code::NoLoginShell => account::NO_LOGIN_SHELL,
        Code::NoisyShell => account::NOISY_SHELL,
        Code::ProfileBlocks => account::PROFILE_BLOCKS,
        Code::ForeignShell => account::FOREIGN_SHELL,
        Code::NoSftp => server::NO_SFTP,
        Code::UnwritableFile => storage::UNWRITABLE_FILE,
        Code::DiskFull => storage::DISK_FULL,
        Code::Quota => storage::QUOTA,
        Code::ReadOnlyHome => storage::READ_ONLY_HOME,
        Code::SharedHome => storage::SHARED_HOME,
        Code::ClonedNode => machine::CLONED_NODE,
        Code::DuplicateIp => network::DUPLICATE_IP,
        Code::HostsMapping => network::HOSTS_MAPPING,
        Code::WrongMachine => commands::WRONG_MACHINE,
        Code::TcpWrappers => server::TCP_WRAPPERS,
        Code::Mtu => network::MTU,
        Code::SlowDns => server::SLOW_DNS,
        Code::FipsNoEd25519 => machine::FIPS_NO_ED25519,
        Code::NoCommonAlgorithm => machine::NO_COMMON_ALGORITHM,
        Code::LdLibraryPath => client::LD_LIBRARY_PATH,
        Code::SocketPathTooLong => agent::SOCKET_PATH_TOO_LONG,
        Code::HomeUnusable => account::HOME_UNUSABLE,
        Code::ClockSkew => machine::CLOCK_SKEW,
        Code::NodeDown => network::NODE_DOWN,
        Code::PasswordRefused => account::PASSWORD_REFUSED,
        Code::NoPassword => account::NO_PASSWORD,
        Code::ProgramMissing => client::PROGRAM_MISSING,
        Code::SshConfigBroken => client::SSH_CONFIG_BROKEN,
        Code::ClientSettings => client::CLIENT_SETTINGS,
        Code::NameDiffers => machine::NAME_DIFFERS,
        Code::MembersDiffer => members::MEMBERS_DIFFER,
        Code::OneWay => network::ONE_WAY,
        Code::Unexplained => network::UNEXPLAINED,
    }
}

messages! {
    /// Headings and labels around the text of a cause.
    CauseLabel {
        Symptom {} "Symptom" "问题现象";
        Causes {} "Causes" "可能原因";
        Seen {} "How it is seen" "判断依据";
        Cure {} "Cure" "处理办法";
        Fix { does } "`doctor --fix` {does}" "`doctor --fix` 的处理：{does}";
        Prevention {} "Prevention" "预防措施";
        RedHat {} "openEuler, CentOS, Kylin and the like:" "openEuler、CentOS、麒麟等：";
        Debian {} "Debian, Ubuntu and the like:" "Debian、Ubuntu 等：";
    }
}

/// What `--fix` does about a setting of sshd.
const PRINTS_SETTINGS: (&str, &str) = (
    "prints the commands. How sshd is set is for the administrator to decide, so it changes nothing there.",
    "只打印命令。sshd 的配置由管理员决定，不会自动修改。",
);

/// What `--fix` does about the network, the disk and other things that it cannot change.
const PRINTS: (&str, &str) = ("prints what to do. It changes nothing.", "只打印处理办法，不做任何修改。");
