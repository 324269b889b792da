//! Asks `ssh -G` what the client's configuration on this machine says about host keys, where it says anything.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use sshfiles::{SshConfig, matches_pattern};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use trust::host_keys::{ClientSays, Scan, scan};

/// A command of the user's configuration (`Match exec`) may hang.
const LIMIT: Duration = Duration::from_secs(5);
/// The same, for all hosts together. What was not said by then counts as not known.
const LIMIT_OF_ALL: Duration = Duration::from_secs(60);
/// Most that are asked at a time.
const AT_ONCE: usize = 8;
/// Most files of configuration that include each other; `ssh` follows 16 levels.
const MOST_FILES: usize = 256;
const SYSTEM: &str = "/etc/ssh/ssh_config";

/// What somebody could type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Host {
    /// An address or a name.
    pub(super) name: String,
    /// The port.
    pub(super) port: u16,
}

/// What the configuration says.
#[derive(Debug, Default)]
pub(super) struct Client {
    said: HashMap<Host, ClientSays>,
    /// It says `StrictHostKeyChecking yes` for some host: what counts where `ssh` could not be asked.
    pub(super) may_be_strict: bool,
}

impl Client {
    /// Asks about these hosts, if any file of the configuration has anything in it that matters; else all is as by default.
    pub(super) async fn ask(hosts: &[Host], user: &str, home: &Path) -> Self {
        let found = Configuration::of(home).found;
        if !found.decides {
            return Self::default();
        }
        let (gate, end) = (&Semaphore::new(AT_ONCE), Instant::now() + LIMIT_OF_ALL);
        let asking = hosts.iter().map(|host| async move {
            let _slot = gate.acquire().await;
            let said = timeout_at(end.min(Instant::now() + LIMIT), ask(host, user));
            Some((host.clone(), said.await.ok()??))
        });
        let said = join_all(asking).await.into_iter().flatten().collect();
        Self { said, may_be_strict: found.strict }
    }

    /// What it says about one; `None` if nothing is known.
    pub(super) fn says(&self, name: &str, port: u16) -> Option<&ClientSays> {
        self.said.get(&Host { name: name.to_owned(), port })
    }
}

async fn ask(host: &Host, user: &str) -> Option<ClientSays> {
    let mut ssh = Command::new("ssh");
    ssh.args(["-G", "-p", &host.port.to_string(), "-l", user, "--", &host.name]);
    // A database's libraries are not those of ssh.
    ssh.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD");
    let output = ssh.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).output();
    let output = output.await.ok()?;
    output.status.success().then(|| ClientSays::read(&String::from_utf8_lossy(&output.stdout)))?
}

/// All files of the client's configuration, looked through.
struct Configuration<'a> {
    home: &'a Path,
    found: Scan,
    files: usize,
}

impl<'a> Configuration<'a> {
    fn of(home: &'a Path) -> Self {
        let mut all = Self { home, found: Scan::default(), files: 0 };
        all.file(&home.join(".ssh/config"), &home.join(".ssh"));
        all.file(Path::new(SYSTEM), Path::new("/etc/ssh"));
        all
    }

    /// Looks through one file; a relative name in it counts from `folder`. What cannot be read may say anything.
    fn file(&mut self, path: &Path, folder: &Path) {
        self.files += 1;
        if self.files > MOST_FILES {
            self.found.decides = true;
            return;
        }
        let bytes = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => std::fs::read(path),
            Ok(_) => Err(std::io::ErrorKind::InvalidInput.into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => Err(error),
        };
        let Ok(bytes) = bytes else {
            self.found.decides = true;
            return;
        };
        // What this program has written there says nothing about host keys.
        let mut config = SshConfig::parse(&bytes);
        config.remove_block();
        let Scan { decides, strict, includes } = scan(&config.to_bytes());
        self.found.decides |= decides;
        self.found.strict |= strict;
        for name in includes {
            match self.paths(&name, folder) {
                Some(paths) => paths.iter().for_each(|path| self.file(path, folder)),
                None => self.found.decides = true,
            }
        }
    }

    /// The files that a name stands for (glob(7)), with wildcards in the last part only; `None` if that is not known here.
    fn paths(&self, name: &str, folder: &Path) -> Option<Vec<PathBuf>> {
        let path = match name.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None if name.starts_with('~') => return None,
            None => folder.join(name),
        };
        let (parent, last) = (path.parent()?.to_str()?, path.file_name()?.to_str()?);
        if parent.contains(['*', '?', '[', '{', '%', '$', '\\']) || last.contains(['[', '{', '%', '$', '\\'])
        {
            return None;
        }
        if !last.contains(['*', '?']) {
            return Some(vec![path]);
        }
        let Ok(entries) = std::fs::read_dir(parent) else { return Some(Vec::new()) };
        let names = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let fits = |path: &PathBuf| {
            path.file_name().is_some_and(|name| matches_pattern(last.as_bytes(), name.as_encoded_bytes()))
        };
        Some(names.filter(fits).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decides(files: &[(&str, &str)]) -> bool {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".ssh/more")).unwrap();
        for (name, text) in files {
            std::fs::write(home.path().join(".ssh").join(name), text).unwrap();
        }
        let mut all = Configuration { home: home.path(), found: Scan::default(), files: 0 };
        all.file(&home.path().join(".ssh/config"), &home.path().join(".ssh"));
        all.found.decides
    }

    #[test]
    fn included_files_are_looked_through_and_what_is_not_understood_counts() {
        assert!(!decides(&[]));
        assert!(!decides(&[("config", "Include more/*.conf\nHost *\nUser x\n")]));
        assert!(!decides(&[("config", "Include more/*.conf\n"), ("more/a", "HostKeyAlias x\n")]));
        assert!(decides(&[("config", "Include more/*.conf\n"), ("more/a.conf", "HostKeyAlias x\n")]));
        assert!(decides(&[
            ("config", "Include ~/.ssh/b\n"),
            ("b", "include config c\n"),
            ("c", "HostName x\n")
        ]));
        for line in ["Include m*/x", "Include ~root/x", "Include ${HOME}/x", "Include more"] {
            assert!(decides(&[("config", line)]), "{line}");
        }
        // Two that include each other come to an end.
        assert!(decides(&[("config", "Include b\n"), ("b", "Include config\n")]));
    }

    #[test]
    fn the_block_of_this_program_says_nothing() {
        let mut config = SshConfig::parse(b"Host *\n User x\n");
        config.set_block("Host 10.0.0.1\n\tHostName 10.0.0.1\n\tPort 2222\n");
        let text = String::from_utf8(config.to_bytes()).unwrap();
        assert!(!decides(&[("config", &text)]));
    }
}
