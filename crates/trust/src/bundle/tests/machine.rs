//! A machine for scripts: a home, host keys, and the tools that would tell about the real one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::super::*;

/// How to run a script: the words before its path.
pub(super) type Shell = &'static [&'static str];

/// The shells of the distributions; those that are not on this machine are left out.
const SHELLS: [Shell; 4] = [&["sh"], &["dash"], &["bash"], &["busybox", "ash"]];

pub(super) fn shells() -> Vec<Shell> {
    let there = |shell: &Shell| Command::new(shell[0]).args(&shell[1..]).args(["-c", ":"]).status().is_ok();
    SHELLS.into_iter().filter(there).collect()
}

pub(super) struct Machine {
    pub(super) dir: TempDir,
    shell: Shell,
}

/// How a script ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    #[track_caller]
    pub(super) fn must_be_well(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self
    }

    #[track_caller]
    pub(super) fn must_say(self, code: i32, text: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(self.err.contains(text), "no \"{text}\" in {}", self.err);
        self
    }
}

impl Machine {
    /// A machine of the user omm at 10.0.0.1 with an Ed25519 host key.
    pub(super) fn new(shell: Shell) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap(), shell };
        for folder in ["home", "etc", "bin", "stick"] {
            fs::create_dir(machine.path(folder)).unwrap();
        }
        machine.keygen("etc/ssh_host_ed25519_key", "");
        machine.tool("id", "case $1 in -un) echo omm ;; *) echo 0 ;; esac");
        let (home, etc) = (machine.path("home"), machine.path("etc"));
        machine.tool("getent", &format!("echo omm:x:1000:1000::{}:/bin/sh", home.display()));
        machine.tool("hostname", "echo '10.0.0.1 192.168.0.1 '");
        machine.tool("ip", "exit 1");
        // That of the whole machine takes its time.
        machine.tool("sync", ":");
        machine.tool("sshd", &format!("echo hostkey {}/ssh_host_ed25519_key", etc.display()));
        machine
    }

    /// The same with a key pair that is quickly made.
    pub(super) fn with_key(shell: Shell) -> Self {
        let machine = Self::new(shell);
        fs::create_dir(machine.path("home/.ssh")).unwrap();
        machine.keygen("home/.ssh/id_rsa", "");
        machine
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A tool that stands before the real one.
    pub(super) fn tool(&self, name: &str, script: &str) {
        self.put(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n").as_bytes());
        fs::set_permissions(self.path(&format!("bin/{name}")), Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn keygen(&self, name: &str, passphrase: &str) {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-C", "c", "-N", passphrase, "-f"]).arg(self.path(name));
        assert!(keygen.status().unwrap().success());
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(super) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.read(name)).into_owned()
    }

    /// The two words of a public key file.
    pub(super) fn key(&self, name: &str) -> String {
        self.text(name).split(' ').take(2).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// All files of the home with their rights.
    pub(super) fn home(&self) -> Vec<(PathBuf, u32, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.path("home"), &mut found);
        found.sort();
        found
    }

    pub(super) fn run_words(&self, words: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut path = vec![self.path("bin")];
        if self.shell[0] == "busybox" {
            path.push(self.applets());
        }
        path.extend(["/usr/bin", "/bin"].map(PathBuf::from));
        let mut command = Command::new(self.shell[0]);
        command.args(&self.shell[1..]).args(words).env_clear().current_dir(self.path("stick"));
        // The shell itself is found by this process's own search path.
        command.env("PATH", std::env::join_paths(path).unwrap()).envs(environment.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs a script from the stick.
    pub(super) fn run(&self, script: &str, arguments: &[&str]) -> Ended {
        self.put("stick/script.sh", self.prepared(script).as_bytes());
        self.run_words(&[&["script.sh"], arguments].concat(), &[("LANG", "C.UTF-8")])
    }

    /// A script as this shell has to have it. BusyBox takes its own tools before those of the search path, but not before
    /// functions.
    pub(super) fn prepared(&self, script: &str) -> String {
        if self.shell[0] != "busybox" {
            return script.to_owned();
        }
        let names = fs::read_dir(self.path("bin")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let functions: String = names
            .map(|name| format!("{name}() {{ {}/{name} \"$@\"; }}\n", self.path("bin").display()))
            .collect();
        functions + script
    }

    /// BusyBox's own tools, so that it is not only its shell that is tried.
    fn applets(&self) -> PathBuf {
        let folder = self.path("applets");
        let list = Command::new("busybox").arg("--list").output().unwrap().stdout;
        let own = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join("busybox"))
            .find(|path| path.exists())
            .unwrap_or_default();
        if fs::create_dir(&folder).is_ok() {
            for name in String::from_utf8_lossy(&list).lines() {
                let _ = symlink(&own, folder.join(name));
            }
        }
        folder
    }
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        let bytes = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        found.push((path.clone(), meta.permissions().mode() & 0o7777, bytes));
        if meta.is_dir() {
            walk(&path, found);
        }
    }
}

/// The script of 10.0.0.1.
pub(super) fn script(guests: &[Guest]) -> String {
    node_script("omm", super::node("10.0.0.1"), guests)
}
