//! The help, in both languages. The manual pages are the same texts, set otherwise.

mod blocks;
mod manual;
#[cfg(test)]
mod options;

use crate::i18n::Lang;

pub(crate) use blocks::{Block, blocks};
pub(crate) use manual::manual;

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
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::General,
        Self::Setup,
        Self::Check,
        Self::Doctor,
        Self::Expand,
        Self::Shrink,
        Self::Rotate,
        Self::Revoke,
        Self::With,
        Self::Access,
        Self::Bundle,
        Self::Agent,
    ];

    /// The topic by its word after `help`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        // What it was called when it was done by hand.
        let word = if word == "remove" { "revoke" } else { word };
        Self::ALL.into_iter().find(|topic| topic.word() == Some(word))
    }

    /// Its word after `help`. The general help has none.
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::General => None,
            Self::Setup => Some("setup"),
            Self::Check => Some("check"),
            Self::Doctor => Some("doctor"),
            Self::Bundle => Some("bundle"),
            Self::Agent => Some("agent"),
            Self::Expand => Some("expand"),
            Self::Revoke => Some("revoke"),
            Self::Access => Some("access"),
            Self::Rotate => Some("rotate"),
            Self::With => Some("with"),
            Self::Shrink => Some("shrink"),
        }
    }

    /// In a few words, as lists of manual pages and shells show it.
    pub(crate) const fn summary(self, lang: Lang) -> &'static str {
        let (english, chinese) = match self {
            Self::General => (
                "sets up, proves, mends and takes away SSH trust between nodes",
                "建立、检查、修复和去除节点间的 SSH 互信",
            ),
            Self::Setup => ("makes every node able to ssh to every other", "让所有节点能够互相免密登录"),
            Self::Check => ("shows who can reach whom", "检查谁能免密登录谁"),
            Self::Doctor => ("finds out why trust was lost, and brings it back", "找出互信丢失的原因并修复"),
            Self::Bundle => {
                ("makes trust by hand, where no password opens a node", "无法用密码登录时手工建立互信")
            }
            Self::Agent => {
                ("shows, starts and ends the agent of this machine", "查看、启动和结束本机的 agent")
            }
            Self::Expand => ("adds nodes to a cluster that has trust", "为已有互信的集群添加节点"),
            Self::Revoke => ("takes trust away", "去除互信"),
            Self::Access => ("shows who can get in", "查看谁能登录"),
            Self::Rotate => ("gives every node a new key", "为所有节点更换密钥"),
            Self::With => ("makes trust for the length of one command", "只在一条命令执行期间建立互信"),
            Self::Shrink => ("takes nodes out of a cluster", "从集群中移除节点"),
        };
        match lang {
            Lang::En => english,
            Lang::Zh => chinese,
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
        for topic in Topic::ALL {
            let [mut english, mut chinese] = Lang::ALL.map(|lang| flags(text(topic, lang)));
            english.sort_unstable();
            chinese.sort_unstable();
            assert_eq!(english, chinese, "{topic:?}");
        }
    }

    #[test]
    fn no_line_is_wider_than_a_page() {
        for topic in Topic::ALL {
            for line in Lang::ALL.iter().flat_map(|lang| text(topic, *lang).lines()) {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= 124, "{line}");
            }
        }
    }
}
