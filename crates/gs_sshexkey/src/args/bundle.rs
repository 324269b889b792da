//! The words of `bundle`.

use std::path::PathBuf;

use super::{Source, source, unknown};
use crate::errors::Report;
use crate::i18n::Lang;

/// Trust by hand: what to write, or what to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The folder that is carried.
    pub(crate) folder: PathBuf,
    /// Read the answers.
    pub(crate) collect: bool,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

/// Puts the job together.
pub(super) fn job(mut words: super::Words, lang: Lang) -> Result<Bundle, Report> {
    const SEE: &str = "See gs_sshexkey help bundle.";
    if let Some(other) = words.rest.get(1) {
        return Err(unknown(&sshtrust::text::printable(other.as_encoded_bytes())).cure(SEE));
    }
    let folder = words.check.output.take();
    let of_others = [
        (words.skip_hostname_set, "--skip-hostname-set"),
        (words.no_deduplicate, "--no-deduplicate"),
        (words.dry_run, "--dry-run"),
        (words.key_type.is_some(), "--key-type"),
        (words.no_keepalive, "--no-keepalive"),
        (words.password_file.is_some(), "--password-file"),
        (words.json, "--json"),
    ];
    let other = of_others.iter().find(|(given, _)| *given).map(|(_, word)| *word);
    if let Some(word) = other.or_else(|| words.check.given()) {
        return Err(unknown(word).cure(SEE));
    }
    let source = source::read(words.source)?;
    let required = || Report::new("50001", "Incorrect parameter. Parameter '-o' is required.");
    Ok(Bundle {
        source,
        folder: folder.ok_or_else(|| required().cure("Name the folder that you will carry to the nodes."))?,
        collect: words.collect,
        log: words.log,
        lang,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Job;
    use super::super::tests::read;
    use super::*;

    #[test]
    fn good_lines() {
        for (line, collect) in [("bundle -f h -o d", false), ("bundle --collect -f h --output d", true)] {
            let Ok(Job::Bundle(words)) = read(line) else { panic!("{line}") };
            assert_eq!((words.folder, words.collect), (PathBuf::from("d"), collect), "{line}");
            assert_eq!(words.source, Source::Hostfile("h".into()), "{line}");
        }
        let Ok(Job::Bundle(words)) = read("bundle --hosts a,b -o d -l log --lang zh") else { panic!() };
        assert_eq!(words.source, Source::Hosts { spec: "a,b".to_owned(), port: 22 });
        assert_eq!((words.log, words.lang), (Some("log".into()), Lang::Zh));
    }

    #[test]
    fn mistakes_have_a_message() {
        let cases = [
            ("bundle -o d", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("bundle -f h", "[GAUSS-50001] : Incorrect parameter. Parameter '-o' is required."),
            ("bundle -f h -o d now", "[GAUSS-50000] : Unrecognized parameter: now."),
            ("bundle -f h -o d --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
            ("bundle -f h -o d --by ip", "[GAUSS-50000] : Unrecognized parameter: --by."),
            ("bundle -f h -o d --dry-run", "[GAUSS-50000] : Unrecognized parameter: --dry-run."),
            (
                "bundle -f h -o d --password-file p",
                "[GAUSS-50000] : Unrecognized parameter: --password-file.",
            ),
            ("-f h --collect", "[GAUSS-50000] : Unrecognized parameter: --collect."),
            ("check -f h --collect", "[GAUSS-50000] : Unrecognized parameter: --collect."),
        ];
        for (line, wanted) in cases {
            assert_eq!(read(line).unwrap_err().to_string().lines().next(), Some(wanted), "{line}");
        }
    }
}
