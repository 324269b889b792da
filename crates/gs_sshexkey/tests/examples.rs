//! The examples and the commands of the guides, through the real program: all is read, and nothing goes to any node.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A log that cannot be. It is opened when the options, the nodes and the passwords were read, and before the network:
/// a run that ends with it has found nothing wrong with any of these.
const NO_LOG: &str = "/dev/null/log";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What the program says with these words and a log that cannot be, in a folder with the examples.
fn said(folder: &Path, words: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gs_sshexkey"));
    // Words that belong to another command come last.
    let own = words.iter().position(|word| word == "--").unwrap_or(words.len());
    command.args(&words[..own]);
    if !words.iter().any(|word| word == NO_LOG) {
        command.args(["-l", NO_LOG]);
    }
    let output = command.args(&words[own..]).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The examples where they can be used: a password file is nobody else's.
fn examples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let copy = folder.path().join(path.file_name().unwrap());
        fs::copy(&path, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    }
    // As the guides call them.
    fs::copy(folder.path().join("hostfile"), folder.path().join("hosts")).unwrap();
    fs::copy(folder.path().join("inventory.yml"), folder.path().join("inventory")).unwrap();
    folder
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn every_description_is_read_whole() {
    let folder = examples();
    let lines = [
        "-f hostfile",
        "-f hostfile --password-file passwords",
        "-X cluster.xml",
        "-i inventory.ini",
        "-i inventory.yml --group db",
    ];
    for line in lines {
        for verb in ["", "check ", "doctor --preflight "] {
            let said = said(folder.path(), &words(&format!("{verb}{line}")));
            assert!(said.contains("[GAUSS-50205]") && said.contains(NO_LOG), "{verb}{line}: {said}");
        }
    }
    // One mistake in any of them, and it is another error.
    for name in ["hostfile", "passwords", "cluster.xml", "inventory.ini", "inventory.yml"] {
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("192.0.2.12", "192.0.2.1200")).unwrap();
        let line = lines.iter().rfind(|line| line.contains(name)).unwrap();
        let said = said(folder.path(), &words(line));
        assert!(!said.contains("[GAUSS-50205]"), "{name}: {said}");
        fs::write(&path, text).unwrap();
    }
}

/// The commands in a text: from the program's name to what a shell does with it.
fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| {
        let at = line.find("gs_sshexkey ")?;
        // A comment, a path, a word of prose.
        let before = line[..at].trim_start();
        let other = ["#", "mv ", "cp ", "install "].iter().any(|word| before.starts_with(word));
        let own = !other && !before.ends_with(['/', '`', '\'']);
        let line = line[at..].split(['|', '>', ';', '#', '`']).next().unwrap_or_default();
        let line = line.split(" && ").next().unwrap_or_default();
        own.then(|| words(line).into_iter().skip(1).collect::<Vec<_>>())
    });
    // What has no log, or would do its work.
    let not = ["agent", "bundle", "help", "-V", "--version", "--help", "-?", "…"];
    let asks =
        |words: &Vec<String>| !words.iter().any(|word| not.contains(&word.as_str()) || word == "--explain");
    lines.filter(asks).map(|words| place(&words)).collect()
}

/// The same command over the examples, with a log that cannot be.
fn place(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    for at in 1..words.len() {
        match words[at - 1].as_str() {
            "-l" => words[at] = NO_LOG.to_owned(),
            "-f" => words[at] = "hostfile".to_owned(),
            "-X" => words[at] = "cluster.xml".to_owned(),
            "-i" => words[at] = "inventory".to_owned(),
            _ => {}
        }
    }
    words
}

#[test]
fn the_jobs_ask_for_what_there_is() {
    let folder = examples();
    for (name, count) in [("cron", 3), ("ci.yml", 2)] {
        let commands = commands(&fs::read_to_string(folder.path().join(name)).unwrap());
        assert_eq!(commands.len(), count, "{name}: {commands:?}");
        for words in commands {
            let said = said(folder.path(), &words);
            assert!(said.contains("[GAUSS-50205]") && said.contains(NO_LOG), "{words:?}: {said}");
        }
    }
}

/// Code blocks in the language `sh` of all guides.
fn blocks(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            blocks(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            let text = fs::read_to_string(&path).unwrap();
            let parts = text.split("```sh\n").skip(1);
            found.extend(parts.map(|part| (path.clone(), part.split("```").next().unwrap().to_owned())));
        }
    }
}

#[test]
fn the_guides_use_options_that_there_are() {
    let folder = examples();
    let mut found = Vec::new();
    blocks(&root().join("docs"), &mut found);
    let mut tried = 0;
    for (path, block) in found {
        for words in commands(&block) {
            tried += 1;
            let said = said(folder.path(), &words);
            assert!(said.contains("[GAUSS-50205]"), "{}: {words:?}: {said}", path.display());
        }
    }
    assert!(tried > 20, "only {tried} commands were found");
}
