//! Every option of every verb is told everywhere: in the help, in its manual page, to the shells, and in the guides.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::args::{Shell, completion, options};

/// Where a verb's options are told besides the reference.
const GUIDES: [(&str, &[&str]); 11] = [
    ("setup", &["setup", "agent", "lifecycle"]),
    ("check", &["check"]),
    ("doctor", &["doctor", "check"]),
    ("expand", &["lifecycle"]),
    ("shrink", &["lifecycle"]),
    ("rotate", &["lifecycle"]),
    ("with", &["lifecycle"]),
    ("revoke", &["revoke"]),
    ("access", &["access"]),
    ("bundle", &["manual/"]),
    ("agent", &["agent"]),
];

/// The reference and the guides for a verb.
fn guide(verb: &str, lang: Lang) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (reference, end, hand) = match lang {
        Lang::En => ("docs/reference.md", ".md", "docs/manual/en.md"),
        Lang::Zh => ("docs/reference.zh.md", ".zh.md", "docs/manual/zh.md"),
    };
    let (_, guides) = GUIDES.iter().find(|(name, _)| *name == verb).expect(verb);
    let paths = guides.iter().map(|guide| match *guide {
        "manual/" => hand.to_owned(),
        guide => format!("docs/{guide}{end}"),
    });
    let read = |path: String| std::fs::read_to_string(top.join(path)).unwrap();
    std::iter::once(reference.to_owned()).chain(paths).map(read).collect()
}

/// The words of a text that can be options.
fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-?_".contains(c)));
    words.filter(|word| word.starts_with('-')).collect()
}

/// What a shell's script offers for a verb; for the classic command, where there is none.
fn offered(shell: Shell, script: &str, verb: Option<&str>) -> BTreeSet<String> {
    let between = |from: &str, to: &str| {
        let (_, after) = script.split_once(from).unwrap_or_else(|| panic!("{shell:?} {from}"));
        after.split_once(to).map_or(after, |(text, _)| text).to_owned()
    };
    let owned = |text: &str| words(text).into_iter().map(str::to_owned).collect();
    match shell {
        Shell::Bash => {
            let case = verb.map_or("gs_sshexkey".to_owned(), |verb| format!("gs_sshexkey__subcmd__{verb}"));
            owned(&between(&format!("        {case})\n            opts=\""), "\""))
        }
        Shell::Zsh => owned(&verb.map_or_else(
            || between("_arguments \"${_arguments_options[@]}\"", "&& ret=0"),
            |verb| between(&format!("({verb})\n_arguments"), "&& ret=0"),
        )),
        Shell::Fish => {
            let when = match verb {
                Some(verb) => format!("__fish_gs_sshexkey_using_subcommand {verb}\""),
                None => "__fish_gs_sshexkey_needs_command\"".to_owned(),
            };
            let lines = script.lines().filter_map(|line| line.split_once(&when)).map(|(_, options)| options);
            let option = |line: &str| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let pairs = words.windows(2).take_while(|pair| pair[0] != "-d");
                pairs
                    .filter_map(|pair| match pair[0] {
                        "-s" => Some(format!("-{}", pair[1].trim_matches('\''))),
                        "-l" => Some(format!("--{}", pair[1])),
                        _ => None,
                    })
                    .collect::<Vec<String>>()
            };
            lines.flat_map(option).collect()
        }
    }
}

/// Where an option of a verb is told and where not, in a language: of those places that people read.
fn untold(name: &str, option: &str, lang: Lang) -> Vec<&'static str> {
    let topic = Topic::named(name).unwrap_or_else(|| panic!("{name} has no help"));
    // What all take is told once.
    let is_common = ["-?", "--help", "-V", "--version"].contains(&option);
    let general = if is_common { text(Topic::General, lang) } else { "" };
    let help = format!("{} {general}", text(topic, lang));
    let page = manual(if is_common { Topic::General } else { topic }, lang, "").replace("\\fB", " ");
    let places = [("help", help), ("manual page", page.replace("\\-", "-")), ("guide", guide(name, lang))];
    places.iter().filter(|(_, told)| !words(told).contains(option)).map(|(place, _)| *place).collect()
}

#[test]
fn every_option_of_every_verb_is_told_everywhere() {
    let scripts = [Shell::Bash, Shell::Zsh, Shell::Fish].map(|shell| (shell, completion(shell)));
    let (mut missing, mut count) = (Vec::new(), 0);
    for (verb, options) in options() {
        let name = verb.as_deref().unwrap_or("setup");
        let offered =
            scripts.each_ref().map(|(shell, script)| (shell, offered(*shell, script, verb.as_deref())));
        for option in options {
            count += 1;
            for lang in Lang::ALL {
                let places = untold(name, &option, lang);
                missing.extend(places.iter().map(|place| format!("{name} {option}: {place} ({lang:?})")));
            }
            let without = offered.iter().filter(|(_, all)| !all.contains(&option));
            missing.extend(without.map(|(shell, _)| format!("{name} {option}: {shell:?}")));
        }
    }
    assert!(count > 150, "{count}");
    assert!(missing.is_empty(), "{missing:#?}");
}
