//! The help as other programs read it: manual pages and completions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::{Form, Shell, completion};
use crate::help::{Topic, manual};
use crate::i18n::Lang;

/// When what is built was written, in seconds since 1970, for builds that are to have the same bytes whenever they are made.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The text of a form.
pub(super) fn written(form: Form, topic: Topic, lang: Lang) -> String {
    match form {
        Form::Roff => manual(topic, lang, &date()),
        Form::Bash => completion(Shell::Bash),
        Form::Zsh => completion(Shell::Zsh),
        Form::Fish => completion(Shell::Fish),
        Form::Topics => {
            Topic::ALL.iter().filter_map(|topic| topic.word()).map(|word| format!("{word}\n")).collect()
        }
    }
}

/// The date of a manual page; empty where nobody says when the program was written.
fn date() -> String {
    let seconds = std::env::var(EPOCH).ok().and_then(|text| text.parse().ok());
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map(|moment| moment.to_zoned(TimeZone::UTC).date().to_string()).unwrap_or_default()
}
