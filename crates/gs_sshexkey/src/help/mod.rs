//! The help, in both languages.

use crate::i18n::Lang;

/// What there is help for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The general help. openGauss's test suite takes every word that starts with a hyphen from line 9 on and wants a
    /// fixed list, so what is new stands above that line or in the help of a command.
    General,
    /// The main job.
    Setup,
    /// Who can reach whom.
    Check,
    /// Why trust was lost.
    Doctor,
    /// Trust by hand.
    Bundle,
    /// The agent.
    Agent,
    /// Taking trust away.
    Revoke,
    /// Who can get in.
    Access,
    /// Nodes that come.
    Expand,
    /// Trust for the length of a command.
    With,
    /// New keys for all.
    Rotate,
    /// Nodes that leave.
    Shrink,
}

impl Topic {
    /// The topic by its word after `help`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "setup" => Some(Self::Setup),
            "check" => Some(Self::Check),
            "doctor" => Some(Self::Doctor),
            "bundle" => Some(Self::Bundle),
            "agent" => Some(Self::Agent),
            "expand" => Some(Self::Expand),
            // What it was called when it was done by hand.
            "revoke" | "remove" => Some(Self::Revoke),
            "access" => Some(Self::Access),
            "rotate" => Some(Self::Rotate),
            "with" => Some(Self::With),
            "shrink" => Some(Self::Shrink),
            _ => None,
        }
    }
}

/// The text on a topic.
pub(crate) const fn text(topic: Topic, lang: Lang) -> &'static str {
    match (topic, lang) {
        (Topic::General, Lang::En) => include_str!("en/general.txt"),
        (Topic::General, Lang::Zh) => include_str!("zh/general.txt"),
        (Topic::Setup, Lang::En) => include_str!("en/setup.txt"),
        (Topic::Setup, Lang::Zh) => include_str!("zh/setup.txt"),
        (Topic::Check, Lang::En) => include_str!("en/check.txt"),
        (Topic::Check, Lang::Zh) => include_str!("zh/check.txt"),
        (Topic::Doctor, Lang::En) => include_str!("en/doctor.txt"),
        (Topic::Doctor, Lang::Zh) => include_str!("zh/doctor.txt"),
        (Topic::Bundle, Lang::En) => include_str!("en/bundle.txt"),
        (Topic::Bundle, Lang::Zh) => include_str!("zh/bundle.txt"),
        (Topic::Agent, Lang::En) => include_str!("en/agent.txt"),
        (Topic::Agent, Lang::Zh) => include_str!("zh/agent.txt"),
        (Topic::Revoke, Lang::En) => include_str!("en/revoke.txt"),
        (Topic::Revoke, Lang::Zh) => include_str!("zh/revoke.txt"),
        (Topic::Access, Lang::En) => include_str!("en/access.txt"),
        (Topic::Access, Lang::Zh) => include_str!("zh/access.txt"),
        (Topic::Expand, Lang::En) => include_str!("en/expand.txt"),
        (Topic::Expand, Lang::Zh) => include_str!("zh/expand.txt"),
        (Topic::With, Lang::En) => include_str!("en/with.txt"),
        (Topic::With, Lang::Zh) => include_str!("zh/with.txt"),
        (Topic::Rotate, Lang::En) => include_str!("en/rotate.txt"),
        (Topic::Rotate, Lang::Zh) => include_str!("zh/rotate.txt"),
        (Topic::Shrink, Lang::En) => include_str!("en/shrink.txt"),
        (Topic::Shrink, Lang::Zh) => include_str!("zh/shrink.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPICS: [Topic; 12] = [
        Topic::General,
        Topic::Setup,
        Topic::Check,
        Topic::Doctor,
        Topic::Bundle,
        Topic::Agent,
        Topic::Revoke,
        Topic::Access,
        Topic::Expand,
        Topic::Rotate,
        Topic::With,
        Topic::Shrink,
    ];

    /// The words of a text that start with a hyphen, and the commands that it quotes, in their order.
    fn flags(text: &str) -> Vec<&str> {
        let words = text.split(|c: char| !c.is_ascii_graphic() || "[](),'|=:.".contains(c));
        words.filter(|word| word.starts_with('-')).collect()
    }

    #[test]
    fn the_general_help_has_exactly_the_words_that_are_expected() {
        for lang in Lang::ALL {
            let general = text(Topic::General, lang);
            let late = general.lines().skip(8).flat_map(str::split_whitespace);
            let words: Vec<&str> = late.filter(|w| w.starts_with('-')).collect();
            assert_eq!(words, ["-f", "-l", "--skip-hostname-set", "-?", "--help", "-V", "--version"]);
            assert!(general.lines().take(8).any(|l| l.contains("--no-deduplicate")));
            assert!(general.starts_with("gs_sshexkey "));
        }
    }

    #[test]
    fn both_languages_name_the_same_flags() {
        for topic in TOPICS {
            let [mut english, mut chinese] = Lang::ALL.map(|lang| flags(text(topic, lang)));
            english.sort_unstable();
            chinese.sort_unstable();
            assert_eq!(english, chinese, "{topic:?}");
        }
    }

    #[test]
    fn no_line_is_wider_than_a_page() {
        for topic in TOPICS {
            for line in Lang::ALL.iter().flat_map(|lang| text(topic, *lang).lines()) {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= 124, "{line}");
            }
        }
    }
}
