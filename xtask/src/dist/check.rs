//! What is given away starts where there is nothing.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist::builds::Build;
use crate::dist::{at, output_of, write};
use crate::error::TaskError;
use crate::tree;

/// All that the program may need on a node: a shell, OpenSSH, grep and coreutils.
const NEEDED: &str = "sh ssh ssh-agent ssh-add ssh-keygen grep basename cat chgrp chmod chown cp cut date dd dirname env expr \
                      head id ln ls mkdir mkfifo mktemp mv od printf readlink rm rmdir sha256sum sleep sort stat sync tail tee \
                      touch tr true uname uniq wc";
/// What it is asked there, the status that it has to end with, and a part of what it has to say.
const QUESTIONS: [(&[&str], i32, &str); 6] = [
    (&["--version"], 0, "gs_sshexkey "),
    (&["help", "doctor", "--lang", "zh"], 0, "--accept-host-key"),
    (&["agent", "status"], 1, "there is no trust on this node"),
    (&["agent", "start"], 1, "/root/.ssh/id_om does not exist"),
    (&["-f", "/missing"], 1, "The /missing does not exist"),
    // It has looked at itself through its shell.
    (&["check", "--hosts", "127.0.0.1", "--no-password"], 2, "no pair of nodes"),
];
/// Gives a root the kernel's own files, and runs the program there.
const INSIDE: &str = "mount --rbind /dev \"$0/dev\" && mount -t proc proc \"$0/proc\" && exec chroot \"$0\" /gs_sshexkey \"$@\"";

/// Runs the build for this machine on a root with nothing but itself, and on one with what every node has too.
pub(super) fn starts_alone(builds: &[Build]) -> Result<(), TaskError> {
    for build in builds.iter().filter(|build| build.runs_here()) {
        let root = tree::root().join("target/dist-root");
        let checked = check(build, &root);
        let _ = fs::remove_dir_all(&root);
        checked?;
    }
    Ok(())
}

fn check(build: &Build, root: &Path) -> Result<(), TaskError> {
    let _ = fs::remove_dir_all(root);
    place(&build.program, &root.join("gs_sshexkey"))?;
    // Nothing but itself.
    let mut alone = in_namespaces(&["--map-root-user", "chroot"]);
    output_of(alone.arg(root).args(["/gs_sshexkey", "--version"]))?;
    for name in NEEDED.split_whitespace() {
        place_with_libraries(name, root)?;
    }
    write(&root.join("etc/passwd"), b"root:x:0:0::/root:/bin/sh\n")?;
    for folder in ["root", "dev", "proc", "tmp"] {
        fs::create_dir_all(root.join(folder)).map_err(at(root))?;
    }
    for (words, status, said) in QUESTIONS {
        let mut command =
            in_namespaces(&["--map-root-user", "--mount", "--pid", "--fork", "sh", "-c", INSIDE]);
        let output = command.arg(root).args(words).output().map_err(at(root))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        if output.status.code() != Some(status) || !text.contains(said) {
            let line = words.join(" ");
            let command = format!("gs_sshexkey {line} on a bare root ({}: {})", output.status, text.trim());
            return Err(TaskError::Failed { command });
        }
    }
    eprintln!("The program runs on a root with nothing but itself, a shell, OpenSSH, grep and coreutils.");
    Ok(())
}

/// A command in namespaces of its own, in which we have root's rights.
fn in_namespaces(words: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(words).env_clear();
    command.env("PATH", "/bin:/usr/bin:/sbin:/usr/sbin").env("HOME", "/root");
    command
}

fn place(from: &Path, to: &Path) -> Result<(), TaskError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::copy(from, to).map(drop).map_err(at(from))
}

/// A program of this machine, and the libraries that it is linked with.
fn place_with_libraries(name: &str, root: &Path) -> Result<(), TaskError> {
    let folders = ["/usr/bin", "/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    let program = found.ok_or_else(|| TaskError::Failed { command: format!("looking for {name}") })?;
    let list = output_of(Command::new("ldd").arg(&program))?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let words = list.split_whitespace().filter(|word| word.starts_with('/'));
    let libraries: BTreeSet<PathBuf> = words.map(PathBuf::from).collect();
    for path in std::iter::once(program).chain(libraries) {
        place(&path, &root.join(path.strip_prefix("/").unwrap_or(&path)))?;
    }
    let bin = root.join("bin");
    if !bin.exists() {
        symlink("usr/bin", &bin).map_err(at(&bin))?;
    }
    Ok(())
}
