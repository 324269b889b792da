//! The languages of the screen. The classic transcript is read by programs and stays English.

mod access;
mod agent;
mod bundle;
mod cause;
mod causes;
mod changes;
mod check;
mod doctor;
mod expand;
mod host_keys;
mod page;
mod revoke;
mod rotate;
mod shrink;
mod watch;
mod with;

use std::fmt::Display;

pub(crate) use access::AccessText;
pub(crate) use agent::AgentText;
pub(crate) use bundle::BundleText;
pub(crate) use cause::{barred, barred_code, cause, headline};
#[cfg(test)]
pub(crate) use causes::intro;
pub(crate) use causes::{CauseLabel, CauseText, Line, System, cause_text, lines};
pub(crate) use changes::ChangesText;
pub(crate) use check::Message;
pub(crate) use doctor::DoctorText;
pub(crate) use expand::ExpandText;
pub(crate) use host_keys::HostKeyText;
pub(crate) use page::{PageText, by as page_by, state as page_state};
pub(crate) use revoke::RevokeText;
pub(crate) use rotate::RotateText;
pub(crate) use shrink::ShrinkText;
pub(crate) use watch::WatchText;
pub(crate) use with::WithText;

/// A language that the screen is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    /// Both.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Reads a word such as `zh`, `en_US.UTF-8` or `C`: the name of a locale (setlocale(3)) or a language tag.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let language = word.split(['_', '-', '.', '@']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" | "c" | "posix" => Some(Self::En),
            _ => None,
        }
    }

    /// The language of the locale: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides (locale(7)).
    pub(crate) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| variable(name));
        let first = set.into_iter().find(|value| !value.is_empty());
        first.and_then(|value| Self::named(&value)).unwrap_or_default()
    }
}

/// The language of this process where none is named.
pub(crate) fn of_environment() -> Lang {
    let variable = |name: &str| std::env::var(name).ok();
    // Everything is written in UTF-8: in another character set Chinese would be unreadable, English is not.
    if is_utf8(variable) { Lang::of_locale(variable) } else { Lang::En }
}

/// Whether the locale's characters are UTF-8 (locale(7)).
pub(crate) fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| variable(name));
    let first = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    first.contains("utf-8") || first.contains("utf8")
}

/// A value that a message shows.
pub(crate) type Value<'a> = &'a dyn Display;

/// Defines the messages of one part of the screen in both languages, so that none can lack one. Every variant names its
/// variables; both texts use them in braces.
macro_rules! messages {
    ($(#[$meta:meta])* $name:ident { $($variant:ident { $($field:ident),* } $en:literal $zh:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        pub(crate) enum $name<'a> {
            $($variant { $($field: $crate::i18n::Value<'a>,)* },)*
            // Keeps the lifetime where no message has a variable.
            #[expect(dead_code, reason = "never made")]
            Never(std::marker::PhantomData<&'a ()>, std::convert::Infallible),
        }

        impl $name<'_> {
            /// The text.
            #[must_use]
            #[allow(clippy::useless_format, reason = "some messages have no variables")]
            pub(crate) fn text(&self, lang: $crate::i18n::Lang) -> String {
                match (lang, self) {
                    $(
                        ($crate::i18n::Lang::En, Self::$variant { $($field),* }) => format!($en),
                        ($crate::i18n::Lang::Zh, Self::$variant { $($field),* }) => format!($zh),
                    )*
                    (_, Self::Never(_, never)) => match *never {},
                }
            }

            /// Every message, with the names of its variables in their places.
            #[cfg(test)]
            pub(super) fn samples() -> Vec<$crate::i18n::Sample> {
                vec![$({
                    let message = Self::$variant { $($field: &concat!("<", stringify!($field), ">")),* };
                    (
                        $crate::i18n::Lang::ALL.map(|lang| message.text(lang)),
                        vec![$(concat!("<", stringify!($field), ">").to_owned()),*],
                    )
                }),*]
            }
        }
    };
}
pub(crate) use messages;

/// A message in both languages, with the names of its variables in their places, and these names.
#[cfg(test)]
pub(crate) type Sample = ([String; 2], Vec<String>);

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a text has a Chinese character (CJK Unified Ideographs).
    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_variables() {
        let samples = [
            Message::samples(),
            cause::Reason::samples(),
            cause::Barred::samples(),
            cause::Passed::samples(),
            AgentText::samples(),
            BundleText::samples(),
            ChangesText::samples(),
            PageText::samples(),
            CauseLabel::samples(),
            DoctorText::samples(),
            HostKeyText::samples(),
            RevokeText::samples(),
            AccessText::samples(),
            ExpandText::samples(),
            WithText::samples(),
            WatchText::samples(),
            RotateText::samples(),
            ShrinkText::samples(),
        ]
        .concat();
        for ([english, chinese], variables) in samples {
            for variable in &variables {
                let count = |text: &str| text.matches(variable.as_str()).count();
                assert!(count(&english) > 0, "{english} lacks {variable}");
                assert_eq!(count(&english), count(&chinese), "{english}\n{chinese}");
            }
            assert!(is_chinese(&chinese) && !is_chinese(&english), "{english}\n{chinese}");
        }
    }

    #[test]
    fn the_locale_tells_the_character_set() {
        let of = |variables: &[(&str, &str)]| {
            is_utf8(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(of(&[("LANG", "zh_CN.UTF-8")]));
        assert!(of(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]));
        assert!(!of(&[("LANG", "zh_CN.GB18030")]));
        assert!(!of(&[]));
    }

    #[test]
    fn the_locale_chooses() {
        let of = |variables: &[(&str, &str)]| {
            Lang::of_locale(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US"), ("LC_MESSAGES", "zh_CN")]), Lang::Zh);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "zh-Hans")]), Lang::Zh);
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8")]), Lang::En);
    }
}
