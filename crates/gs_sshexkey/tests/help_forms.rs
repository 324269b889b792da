//! The help in the forms of other programs, judged by those: manual pages and completions. Need their tools, which
//! `cargo xtask test` installs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Every topic, and what goes before its name.
fn topics() -> Vec<Option<String>> {
    let list = help(&["--form", "topics"]);
    std::iter::once(None).chain(list.lines().map(|topic| Some(topic.to_owned()))).collect()
}

fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gs_sshexkey"));
    let output = command.arg("help").args(words).env("SOURCE_DATE_EPOCH", "1735689600").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// What a command printed on both outputs, and whether it ended well.
fn judged(command: &mut Command) -> (String, String, bool) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.success())
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The text of a page as man(1) shows it, without what makes letters bold; there must be no warning.
fn shown(path: &Path, width: &str) -> String {
    let mut man = Command::new("man");
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"]).arg(path);
    let quiet = [
        ("MANROFFSEQ", ""),
        ("MANWIDTH", width),
        ("LC_ALL", "C.UTF-8"),
        ("GROFF_NO_SGR", "1"),
        ("PAGER", "cat"),
    ];
    let (text, warnings, well) = judged(man.envs(quiet).env("MANPAGER", "cat"));
    assert!(well && warnings.is_empty(), "{}: {warnings}", path.display());
    let mut plain: Vec<char> = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letters.peek() == Some(&'\u{8}') {
            letters.next();
            continue;
        }
        plain.push(letter);
    }
    plain.into_iter().collect()
}

#[test]
#[ignore = "needs man, groff and mandoc: run `cargo xtask test`"]
fn manual_pages_render_without_warnings_and_say_what_the_help_says() {
    let dir = tempfile::tempdir().unwrap();
    for topic in topics() {
        for lang in ["en", "zh"] {
            let words: Vec<&str> = topic.iter().map(String::as_str).chain(["--lang", lang]).collect();
            let page = help(&[&words[..], &["--form", "roff"]].concat());
            assert!(page.contains(" 1 \"2025-01-01\" \"gs_sshexkey "), "{page}");
            let path = dir.path().join(format!("{}.{lang}.1", topic.as_deref().unwrap_or("general")));
            fs::write(&path, page).unwrap();
            let (text, errors, well) =
                judged(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&path));
            assert!(well, "{text}{errors}");
            // Narrow terminals have lines that are hard to break.
            for width in ["60", "80", "132"] {
                let shown = squeezed(&shown(&path, width));
                for line in
                    help(&words).lines().map(|line| line.trim().split("  ").next().unwrap_or_default())
                {
                    let line = squeezed(line);
                    let heading = ["Usage:", "用法："].contains(&line.as_str());
                    assert!(heading || shown.contains(&line), "{topic:?} {lang} {width}: {line}\n{shown}");
                }
            }
        }
    }
}

/// What fish offers for a line.
fn fish(folder: &Path, line: &str) -> Vec<String> {
    let script = format!("source completion.fish; complete -C '{line}'");
    let (text, errors, well) = judged(
        Command::new("fish").args(["--no-config", "-c", &script]).current_dir(folder).env("HOME", folder),
    );
    assert!(well && errors.is_empty(), "{errors}");
    text.lines().filter_map(|line| line.split('\t').next().map(str::to_owned)).collect()
}

/// The nodes that zsh is given for the words of a line. What takes them is replaced: zsh completes at a terminal only.
fn zsh(folder: &Path, words: &str) -> Vec<String> {
    let script = format!(
        "compdef() {{ }}; compset() {{ }}; compadd() {{ print -rl -- \"${{@[2,-1]}}\" }}\n\
         source ./_gs_sshexkey; words=({words}); _gs_sshexkey_nodes || true"
    );
    let (text, errors, well) =
        judged(Command::new("zsh").args(["-f", "-c", &script]).current_dir(folder).env("HOME", folder));
    assert!(well && errors.is_empty(), "{errors}");
    text.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs fish and zsh: run `cargo xtask test`"]
fn fish_and_zsh_offer_options_codes_and_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    // What is no address comes through nowhere, and is run by nobody.
    let hosts = "# nodes\n10.0.0.1\n10.0.0.2,2222\nfd00::1\n(touch bad)\n$(touch bad)\n`touch bad`\n";
    fs::write(folder.join("hosts"), hosts).unwrap();
    fs::write(folder.join("completion.fish"), help(&["--form", "fish"])).unwrap();
    fs::write(folder.join("_gs_sshexkey"), help(&["--form", "zsh"])).unwrap();
    let nodes = ["10.0.0.1", "10.0.0.2", "fd00::1"];
    for (line, wanted) in [
        ("gs_sshexkey ro", &["rotate"][..]),
        ("gs_sshexkey check --fo", &["--format"]),
        ("gs_sshexkey check --by n", &["name"]),
        ("gs_sshexkey doctor --explain mtu", &["mtu"]),
        ("gs_sshexkey shrink -f hosts --remove ", &nodes),
        ("gs_sshexkey shrink -f ~/hosts --remove ", &nodes),
        ("gs_sshexkey shrink --remove ", &[]),
    ] {
        assert_eq!(fish(folder, line), wanted, "{line}");
    }
    let (_, errors, well) = judged(Command::new("zsh").args(["-n", "_gs_sshexkey"]).current_dir(folder));
    assert!(well && errors.is_empty(), "{errors}");
    for (words, wanted) in [
        ("gs_sshexkey shrink -f hosts --remove ''", &nodes[..]),
        ("gs_sshexkey -f \\~/hosts shrink --remove ''", &nodes),
        ("gs_sshexkey shrink -f missing --remove ''", &[]),
        ("gs_sshexkey shrink --remove ''", &[]),
    ] {
        assert_eq!(zsh(folder, words), wanted, "{words}");
    }
    assert!(!folder.join("bad").exists());
}
