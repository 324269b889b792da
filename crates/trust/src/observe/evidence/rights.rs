//! Owners, modes, ACLs and labels where sshd and ssh look, and the settings that say where that is.

use std::collections::BTreeMap;

use sshfiles::SshdConfig;

use super::{Facts, Setting};
use crate::text::printable;

/// Most files and folders of which an ACL is read.
const MOST: usize = 40;

/// Who may write what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// The home directory, symbolic links resolved.
    pub home: String,
    /// The files in which sshd looks for keys, in its order.
    pub key_files: Vec<KeysFile>,
    /// Files and folders by path, those that are there.
    pub paths: BTreeMap<String, Right>,
    /// The groups that may write one of them, by number.
    pub groups: BTreeMap<u32, Group>,
    /// The entries of the ACLs on them, by path, as getfacl(1) prints them.
    pub acls: BTreeMap<String, Vec<String>>,
    /// The user may read, write and search the home; `None` if that was not seen.
    pub home_access: Option<bool>,
    /// The user may not look into the home or into `~/.ssh`: nothing that is in there was seen.
    pub closed: bool,
    /// sshd was built by Debian or its kin, which let a group write that only the owner is in.
    pub debian: bool,
    /// sshd's settings.
    pub settings: Settings,
    /// Where `AuthorizedKeysFile` stands.
    pub lines: Vec<Setting>,
    /// Files and folders that not even their owner may change: the flags of lsattr(1), and the path.
    pub fixed: Vec<(String, String)>,
    /// SELinux, where it enforces.
    pub selinux: Option<Selinux>,
}

/// A file in which sshd looks for keys (sshd_config(5), AuthorizedKeysFile).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysFile {
    /// Its path, tokens filled in.
    pub path: String,
    /// The same with symbolic links resolved; `None` if there is no such file.
    pub real: Option<String>,
    /// The same, or where it would be.
    pub will: String,
    /// Whether the user can put a file in its place.
    pub access: KeysAccess,
}

#[cfg(test)]
impl KeysFile {
    /// A file that no link leads to.
    pub(crate) fn at(path: &str, exists: bool) -> Self {
        let real = exists.then(|| path.to_owned());
        Self { path: path.to_owned(), real, will: path.to_owned(), access: KeysAccess::Open }
    }
}

/// Whether a file of keys can be written: a new one comes in the place of the old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeysAccess {
    /// It can, or nobody looked.
    #[default]
    Open,
    /// Its folder is closed to the user.
    Closed,
    /// Its folder is not there.
    NoFolder,
}

/// Owner and mode of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Permission bits, as chmod(1) takes them.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The same as ls(1) prints it, safe to show: `drwxr-xr-x root:root`.
    pub shown: String,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Names that the group database gives it.
    pub members: Vec<String>,
    /// Name and number of the users whose own group it is.
    pub primary: Vec<(String, u32)>,
}

/// What sshd_config(5) says about where keys are and how strictly they are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `StrictModes`.
    pub strict_modes: bool,
    /// `AuthorizedKeysFile`, if somebody set it.
    pub keys_files: Option<Vec<String>>,
    /// `AuthorizedKeysCommand`.
    pub keys_command: Option<String>,
    /// `RevokedKeys`.
    pub revoked_keys: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strict_modes: true, keys_files: None, keys_command: None, revoked_keys: None }
    }
}

/// What an enforcing SELinux makes of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selinux {
    /// The labels that the policy wants otherwise.
    pub wrong: Vec<Label>,
    /// The label of each path.
    pub contexts: BTreeMap<String, String>,
    /// Type of the home's file system, as stat(1) names it.
    pub filesystem: String,
    /// `use_nfs_home_dirs` is off.
    pub no_nfs_homes: bool,
    /// The line of `semanage port -l` on SSH's ports, if it was asked for and there.
    pub ports: Option<String>,
}

/// A label that the policy wants otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Of which path.
    pub path: String,
    /// The label it has.
    pub has: String,
    /// What matchpathcon(8) said, safe to show.
    pub said: String,
}

impl Rights {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let version = facts.text("ssh");
        let paths: BTreeMap<String, Right> = facts.text("rights-paths").lines().filter_map(right).collect();
        let gids = paths.values().map(|right| right.gid);
        let groups = gids.filter_map(|gid| {
            let name = format!("rights-group/{gid}");
            facts.has(&name).then(|| (gid, group(&facts.text(&name))))
        });
        Self {
            home: facts.text("rights-home"),
            key_files: facts.text("rights-keyfiles").lines().filter_map(keys_file).collect(),
            groups: groups.collect(),
            acls: (0..MOST).map_while(|index| acl(facts, index)).collect(),
            home_access: match facts.text("rights-access").as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            closed: facts.has("rights-closed"),
            debian: version.contains("Debian") || version.contains("Ubuntu"),
            lines: facts.text("rights-lines").lines().filter_map(Setting::parse).collect(),
            fixed: facts.text("rights-fixed").lines().filter_map(fixed).collect(),
            settings: settings(facts.raw("rights-sshd")),
            selinux: facts.has("rights-selinux").then(|| selinux(facts)),
            paths,
        }
    }
}

/// `path TAB real path TAB where it will be TAB access`.
fn keys_file(line: &str) -> Option<KeysFile> {
    let mut words = line.split('\t');
    let path = words.next().filter(|path| !path.is_empty())?.to_owned();
    let mut next = || words.next().filter(|word| !word.is_empty()).map(str::to_owned);
    let (real, will) = (next(), next());
    let access = match next().as_deref() {
        Some("no") => KeysAccess::Closed,
        Some("missing") => KeysAccess::NoFolder,
        _ => KeysAccess::Open,
    };
    let will = will.or_else(|| real.clone()).unwrap_or_else(|| path.clone());
    Some(KeysFile { path, real, will, access })
}

/// `----i---------e------- /root/.ssh`.
fn fixed(line: &str) -> Option<(String, String)> {
    let (flags, path) = line.split_once(' ')?;
    let path = path.trim_start();
    let flags = printable(flags.trim_matches('-').as_bytes());
    path.starts_with('/').then(|| (flags, path.to_owned()))
}

/// `755 0 0 drwxr-xr-x root:root /root`.
fn right(line: &str) -> Option<(String, Right)> {
    let mut words = line.splitn(6, ' ');
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let (uid, gid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let shown = printable(format!("{} {}", words.next()?, words.next()?).as_bytes());
    Some((words.next()?.to_owned(), Right { mode, uid, gid, shown }))
}

/// The line of group(5), then `name:uid:gid` of each user.
fn group(text: &str) -> Group {
    let mut lines = text.lines();
    let members = lines.next().unwrap_or_default().split(':').nth(3).unwrap_or_default();
    let members = members.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let user = |line: &str| {
        let mut words = line.split(':');
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    };
    Group { members, primary: lines.filter_map(user).collect() }
}

/// The path, then what getfacl(1) says.
fn acl(facts: Facts<'_>, index: usize) -> Option<(String, Vec<String>)> {
    let name = format!("rights-acl/{index}");
    let text = facts.has(&name).then(|| facts.text(&name))?;
    let (path, entries) = text.split_once('\n').unwrap_or((&text, ""));
    let entries = entries.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Some((path.to_owned(), entries.map(str::to_owned).collect()))
}

fn settings(bytes: &[u8]) -> Settings {
    let config = SshdConfig::parse(bytes);
    let set = |keyword: &str| {
        let value = config.get(keyword)?.first()?.clone();
        (!value.eq_ignore_ascii_case("none")).then_some(value)
    };
    Settings {
        strict_modes: config.get("StrictModes").is_none_or(|words| words.first().is_none_or(|w| w != "no")),
        keys_files: config.get("AuthorizedKeysFile"),
        keys_command: set("AuthorizedKeysCommand"),
        revoked_keys: set("RevokedKeys"),
    }
}

fn selinux(facts: Facts<'_>) -> Selinux {
    let contexts = facts.text("rights-contexts");
    let context = |line: &str| line.split_once(' ').map(|(label, path)| (path.to_owned(), label.to_owned()));
    Selinux {
        wrong: facts.text("rights-labels").lines().filter_map(label).collect(),
        contexts: contexts.lines().filter_map(context).collect(),
        filesystem: printable(facts.text("rights-filesystem").as_bytes()),
        no_nfs_homes: facts.text("rights-nfs").ends_with("off"),
        ports: facts.lines("rights-port").into_iter().next(),
    }
}

/// `/root/.ssh has context A, should be B`.
fn label(line: &str) -> Option<Label> {
    let (path, rest) = line.split_once(" has context ")?;
    let (has, _) = rest.split_once(", should be ")?;
    Some(Label { path: path.to_owned(), has: has.to_owned(), said: printable(line.as_bytes()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::parse::Frames;
    use proptest::prelude::*;

    fn take(frames: &[(&str, &str)]) -> Rights {
        let text: String =
            frames.iter().map(|(name, text)| format!("\nT fact {name}\n{text}\nT end\n")).collect();
        Rights::take(Facts(&Frames::parse(text.as_bytes(), "T")))
    }

    #[test]
    fn what_the_script_prints_is_read() {
        let rights = take(&[
            ("ssh", "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17"),
            ("rights-home", "/srv/omm"),
            (
                "rights-sshd",
                "strictmodes no\nauthorizedkeysfile .ssh/a /etc/k/%u\nauthorizedkeyscommand none\nrevokedkeys /r\n",
            ),
            (
                "rights-keyfiles",
                "/home/omm/.ssh/a\t/srv/omm/.ssh/a\t/srv/omm/.ssh/a\tyes\n/etc/k/omm\t\t/etc/k/omm\tno\n/x/y\t\t/x/y\tmissing\n",
            ),
            ("rights-lines", "/etc/ssh/sshd_config:7:AuthorizedKeysFile /etc/k/%u\n"),
            ("rights-fixed", "----i---------e------- /srv/omm/.ssh\nlsattr: no\n"),
            (
                "rights-paths",
                "1777 0 5 drwxrwxrwt root:tty /srv/a b\nrubbish\n700 1000 1000 drwx------ omm:omm /srv/omm\n",
            ),
            ("rights-access", "no"),
            ("rights-group/5", "tty:x:5:omm,\nomm:1000:5\n"),
            ("rights-acl/0", "/srv/a b\n# file\nuser::rwx\nuser:7:rw-\n"),
        ]);
        assert!(rights.debian && !rights.settings.strict_modes && rights.selinux.is_none());
        assert_eq!(rights.settings.keys_command, None);
        assert_eq!(rights.settings.revoked_keys.as_deref(), Some("/r"));
        assert_eq!(rights.key_files.len(), 3);
        assert_eq!(
            (rights.key_files[1].real.as_deref(), rights.key_files[1].will.as_str()),
            (None, "/etc/k/omm")
        );
        let access: Vec<KeysAccess> = rights.key_files.iter().map(|file| file.access).collect();
        assert_eq!(access, [KeysAccess::Open, KeysAccess::Closed, KeysAccess::NoFolder]);
        assert_eq!((rights.lines.len(), rights.lines[0].line), (1, 7));
        assert_eq!(rights.fixed, [("i---------e".to_owned(), "/srv/omm/.ssh".to_owned())]);
        let place = &rights.paths["/srv/a b"];
        assert_eq!((place.mode, place.gid, place.shown.as_str()), (0o1777, 5, "drwxrwxrwt root:tty"));
        assert_eq!(rights.groups[&5].primary, [("omm".to_owned(), 1000)]);
        assert_eq!(rights.acls["/srv/a b"], ["user::rwx", "user:7:rw-"]);
        assert_eq!(rights.home_access, Some(false));
    }

    #[test]
    fn labels() {
        let rights = take(&[
            ("rights-selinux", "Enforcing"),
            (
                "rights-labels",
                "/root verified.\n/root/.ssh has context a:b:user_home_t:s0, should be a:b:ssh_home_t:s0\n",
            ),
            ("rights-contexts", "a:b:admin_home_t:s0 /root\n"),
            ("rights-nfs", "use_nfs_home_dirs --> off"),
        ]);
        let selinux = rights.selinux.unwrap();
        assert_eq!((selinux.wrong.len(), selinux.wrong[0].path.as_str()), (1, "/root/.ssh"));
        assert_eq!(selinux.wrong[0].has, "a:b:user_home_t:s0");
        assert!(selinux.no_nfs_homes && selinux.contexts.contains_key("/root"));
    }

    proptest! {
        #[test]
        fn any_answer_is_read(texts in proptest::collection::vec("(?s).{0,60}|[0-7]{3} [0-9 ]{1,9}a b c d", 9)) {
            let names = ["rights-paths", "rights-keyfiles", "rights-group/1", "rights-acl/0", "rights-sshd",
                "rights-labels", "rights-contexts", "rights-selinux", "rights-port"];
            let frames: Vec<_> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
            take(&frames);
        }
    }
}
