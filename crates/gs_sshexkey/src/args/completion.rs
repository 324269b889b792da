//! What shells complete: made of the same definitions that the command line is read with, and of the help.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::aot;
use sshtrust::diagnose::Code;

use super::Line;
use crate::help::{Block, Topic, blocks, text};
use crate::i18n::Lang;

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Stands in what is generated where the nodes of the hostfile belong.
const NODES: &str = "GS_NODES";
/// Options whose values are nodes that are in the list, by their name in the definitions.
const OF_NODES: [&str; 2] = ["remove", "accept_host_key"];
/// Options whose values are codes of causes.
const OF_CODES: [&str; 3] = ["only", "skip", "explain"];

/// How the nodes of the hostfile are read, in the language of a shell. What is in that file is data: only what an address
/// can consist of comes through.
const fn reader(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("completion/nodes.bash"),
        Shell::Zsh => include_str!("completion/nodes.zsh"),
        Shell::Fish => include_str!("completion/nodes.fish"),
    }
}

/// The whole script for a shell.
pub(crate) fn completion(shell: Shell) -> String {
    let mut command = command();
    let mut bytes = Vec::new();
    let name = "gs_sshexkey";
    match shell {
        Shell::Bash => aot::generate(aot::Shell::Bash, &mut command, name, &mut bytes),
        Shell::Zsh => aot::generate(aot::Shell::Zsh, &mut command, name, &mut bytes),
        Shell::Fish => aot::generate(aot::Shell::Fish, &mut command, name, &mut bytes),
    }
    let script = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => {
            let call = "$(_gs_sshexkey_nodes)";
            let script = script.replace(&format!("$(compgen -W \"{NODES}\" -- \"${{cur}}\")"), call);
            format!("{}\n{script}", reader(shell))
        }
        Shell::Zsh => {
            let script = script.replace(&format!("({NODES})"), "_gs_sshexkey_nodes");
            // The first line says what is completed.
            let (first, rest) = script.split_once('\n').unwrap_or(("", &script));
            format!("{first}\n\n{}{rest}", reader(shell))
        }
        Shell::Fish => {
            let script = script.replace(&format!("\"{NODES}\\t''\""), "\"(__gs_sshexkey_nodes)\"");
            // To fish a question mark stands for any letter, and its reader of options takes none.
            let script = script.replace(" ?/help", " help").replace(" -s ? ", " -s '?' ");
            format!("{}\n{script}", reader(shell))
        }
    }
}

/// The command line with what only shells want to know, and without what is not shown.
fn command() -> Command {
    let line = Line::command();
    let verbs = line.get_subcommands().map(|verb| match Topic::named(verb.get_name()) {
        Some(topic) => told(verb, topic.word().unwrap_or_default(), topic.summary(Lang::En), topic),
        None => told(verb, "help", "shows the help", Topic::General),
    });
    told(&line, "gs_sshexkey", Topic::General.summary(Lang::En), Topic::Setup).subcommands(verbs)
}

/// A command with what the help says of it.
fn told(command: &Command, name: &'static str, about: &'static str, topic: Topic) -> Command {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let args = shown.map(|arg| told_option(arg.clone(), name, topic));
    Command::new(name).about(about).args(args).disable_help_flag(true).disable_help_subcommand(true)
}

/// An option with what the help says of it, and with the values that there are.
fn told_option(arg: Arg, command: &str, topic: Topic) -> Arg {
    let flags = flags(&arg);
    // What a page leaves to another one stands there.
    let mut topics = [topic, Topic::Setup, Topic::Check, Topic::General].into_iter();
    let said = topics.find_map(|topic| said(topic, &flags));
    let arg = match said {
        Some(said) => arg.help(said),
        None => arg,
    };
    let id = arg.get_id().as_str().to_owned();
    match (command, id.as_str()) {
        (_, id) if OF_NODES.contains(&id) => arg.value_parser(PossibleValuesParser::new([NODES])),
        (_, id) if OF_CODES.contains(&id) => {
            arg.value_parser(PossibleValuesParser::new(Code::ALL.iter().map(|code| code.as_str())))
        }
        ("bundle", "folder") => arg.value_hint(ValueHint::DirPath),
        ("help", "words") => {
            arg.value_parser(PossibleValuesParser::new(Topic::ALL.iter().filter_map(|t| t.word())))
        }
        ("agent", "words") => {
            arg.value_parser(PossibleValuesParser::new(["status", "start", "stop", "keep"]))
        }
        _ => arg,
    }
}

/// Every option of every verb as it is written, and under no verb those of the classic command.
#[cfg(test)]
pub(crate) fn options() -> Vec<(Option<String>, Vec<String>)> {
    let line = Line::command();
    let of = |command: &Command| {
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
        shown.flat_map(flags).collect::<Vec<String>>()
    };
    let verbs = line.get_subcommands().filter(|verb| verb.get_name() != "help");
    let verbs = verbs.map(|verb| (Some(verb.get_name().to_owned()), of(verb)));
    std::iter::once((None, of(&line))).chain(verbs).collect()
}

/// How an option is written.
fn flags(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    short.into_iter().chain(arg.get_long().map(|long| format!("--{long}"))).collect()
}

/// The first sentence of what the help on a topic says of an option, if it says it there.
fn said(topic: Topic, flags: &[String]) -> Option<String> {
    let blocks = blocks(text(topic, Lang::En));
    let mut items = blocks.iter().filter_map(|block| match block {
        Block::Item(about, what) if !what.starts_with("As ") => Some((about, what)),
        _ => None,
    });
    let words = |about: &str| about.split([' ', ',']).map(str::to_owned).collect::<Vec<String>>();
    let (_, what) = items.find(|(about, _)| words(about).iter().any(|word| flags.contains(word)))?;
    // A single word before a colon is a value, which says nothing alone.
    let ends = [". ", "; ", ": "].iter().filter_map(|mark| what.find(mark).map(|end| (*mark, end)));
    let says = |(mark, end): &(&str, usize)| {
        *mark != ": " || what.get(..*end).is_some_and(|said| said.contains(' '))
    };
    let end = ends.filter(says).map(|(_, end)| end).min().unwrap_or(what.len());
    what.get(..end).map(|sentence| sentence.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command as Program, Stdio};

    use super::*;

    #[test]
    fn what_is_generated_has_a_place_for_nodes_and_codes() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completion(shell);
            assert!(!script.contains(NODES), "{shell:?}");
            // Its definition, and the two options.
            assert!(script.matches("_gs_sshexkey_nodes").count() >= 3, "{shell:?}");
            for code in Code::ALL {
                assert!(script.contains(code.as_str()), "{shell:?} {}", code.as_str());
            }
        }
        let zsh = completion(Shell::Zsh);
        assert!(zsh.starts_with("#compdef gs_sshexkey\n") && zsh.contains("[Ask for no password]"), "{zsh}");
        assert!(zsh.contains("[A node set]") && zsh.contains("'check:shows who can reach whom'"), "{zsh}");
    }

    /// What bash offers for a line whose last word is being typed.
    fn offered(script: &str, folder: &std::path::Path, line: &str) -> Vec<String> {
        let script = format!(
            "{script}\nCOMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}\nread -ra COMP_WORDS <<<\"$COMP_LINE\"\n\
             [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             compopt() {{ :; }}\n\
             _gs_sshexkey gs_sshexkey \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let mut bash = Program::new("bash")
            .current_dir(folder)
            .env("HOME", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = bash.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_offers_verbs_options_codes_and_the_nodes_of_the_hostfile() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = "# nodes\n10.0.0.1\n\n 10.0.0.2,2222\nfd00::1\nfd00::2 here\n$(touch bad)\n`touch bad`\n10.0.0.3;touch\n";
        std::fs::write(dir.path().join("hosts"), hosts).unwrap();
        let script = completion(Shell::Bash);
        let all = ["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"];
        for (line, wanted) in [
            ("gs_sshexkey ro", &["rotate"][..]),
            ("gs_sshexkey check --fo", &["--format"]),
            ("gs_sshexkey check --format p", &["prometheus"]),
            ("gs_sshexkey doctor --explain sshd", &["sshd-down", "sshd-stopped"]),
            ("gs_sshexkey help sh", &["shrink"]),
            ("gs_sshexkey agent sta", &["status", "start"]),
            ("gs_sshexkey shrink -f hosts --remove ", &all),
            ("gs_sshexkey -f ~/hosts shrink --remove ", &all),
            ("gs_sshexkey doctor -f hosts --fix --accept-host-key 10.0.0.2", &["10.0.0.2"]),
            ("gs_sshexkey shrink -f hosts --remove 10.0.0.1,10.0.0.2", &["10.0.0.1,10.0.0.2"]),
            // Of a word with colons bash puts back only what stands behind the last one.
            ("gs_sshexkey shrink -f hosts --remove fd00::", &["1", "2"]),
            ("gs_sshexkey shrink -f missing --remove ", &[""]),
            ("gs_sshexkey shrink --remove ", &[""]),
        ] {
            let offered = offered(&script, dir.path(), line);
            if wanted.first().is_some_and(|first| first.starts_with("sshd")) {
                assert!(
                    !offered.is_empty() && offered.iter().all(|code| code.starts_with("sshd")),
                    "{line}: {offered:?}"
                );
                continue;
            }
            assert_eq!(offered, wanted, "{line}");
        }
        assert!(!dir.path().join("bad").exists());
    }
}
