use std::collections::HashSet;
use std::path::PathBuf;

use super::catalogue::catalogue;
use super::*;
use crate::reporter::transcript;

const PLAIN: Style = Style { lang: Lang::En, width: 80, colour: false, unicode: true };

/// Whether a text has a Chinese character or sign.
fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{3000}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c))
}

/// Every text of every cause: whose, in which language, which part, and the text.
fn texts() -> Vec<(Code, Lang, &'static str, &'static str)> {
    let mut all = Vec::new();
    for code in Code::ALL {
        for lang in Lang::ALL {
            let text = cause_text(*code, lang);
            let parts = [
                ("title", text.title),
                ("symptom", text.symptom),
                ("causes", text.causes),
                ("seen", text.seen),
                ("cure", text.cure),
                ("fix", text.fix),
                ("prevention", text.prevention),
            ];
            all.extend(parts.map(|(part, text)| (*code, lang, part, text)));
        }
    }
    all
}

/// What people read of a text, without what machines say and read.
fn prose(text: &str) -> String {
    let prose = |line| match line {
        Line::Paragraph(text) | Line::Item(text) => Some(text),
        Line::Said(_) | Line::Command(..) => None,
    };
    lines(text).filter_map(prose).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_cause_is_told_in_full_in_both_languages() {
    for (code, lang, part, text) in texts() {
        assert!(lines(text).next().is_some(), "{code} {lang:?} {part} is empty");
        let prose = prose(text);
        match lang {
            Lang::En => assert!(!is_chinese(text), "{code} {part}: {text}"),
            // Where nothing but the words of ssh is told, there is nothing to translate.
            Lang::Zh => assert!(prose.is_empty() || is_chinese(&prose), "{code} {part}: {text}"),
        }
        assert!(part == "symptom" || !prose.is_empty(), "{code} {lang:?} {part}");
    }
}

#[test]
fn both_languages_give_the_same_commands_and_the_same_words_of_ssh() {
    // Lines that have a word for the reader in them.
    let differs = |line: &str| line.contains("NameOfTheOption") || line.contains("选项名");
    let machine = |text: &'static str| -> Vec<Line<'static>> {
        let of = |line: &Line<'_>| match line {
            Line::Said(text) | Line::Command(_, text) => !differs(text),
            _ => false,
        };
        lines(text).filter(of).collect()
    };
    for code in Code::ALL {
        let [english, chinese] = Lang::ALL.map(|lang| cause_text(*code, lang));
        assert_eq!(machine(english.symptom), machine(chinese.symptom), "{code}");
        assert_eq!(machine(english.cure), machine(chinese.cure), "{code}");
    }
}

#[test]
fn every_cause_has_a_title_of_its_own_that_fits_a_line() {
    let mut seen = HashSet::new();
    for (code, lang, _, title) in texts().into_iter().filter(|(_, _, part, _)| *part == "title") {
        assert!(seen.insert((lang == Lang::En, title)), "{code} {title}");
        assert!(width(&format!("{code}: {title}")) <= 80, "{code} {title}");
        assert!(!title.ends_with(['.', '。']) && !title.contains('\n'), "{code} {title}");
    }
    assert_eq!(seen.len(), 2 * Code::ALL.len());
}

#[test]
fn sentences_end_and_marks_come_in_pairs() {
    for (code, lang, part, text) in texts().into_iter().filter(|(_, _, part, _)| *part != "title") {
        for line in prose(text).lines() {
            let ends = match lang {
                Lang::En => ['.', ':', '?'],
                Lang::Zh => ['。', '：', '？'],
            };
            assert!(line.ends_with(ends), "{code} {lang:?} {part}: {line}");
            assert_eq!(line.matches('`').count() % 2, 0, "{code} {lang:?} {part}: {line}");
            // Outside of backticks these would be markup in the catalogue.
            let words: String = line.split('`').step_by(2).collect();
            assert!(
                !words.contains(['*', '_', '<', '>', '[', ']', '#', '|']),
                "{code} {lang:?} {part}: {line}"
            );
        }
    }
}

#[test]
fn no_line_is_wider_than_the_screen() {
    for code in Code::ALL {
        for lang in Lang::ALL {
            for columns in [80, 100, 200] {
                let text = explain(*code, &Style { lang, width: columns, ..PLAIN });
                let wide = text.lines().find(|line| width(line) > columns.min(WIDEST));
                assert_eq!(wide, None, "{code} {lang:?} {columns}");
            }
        }
    }
}

/// On a narrow screen only commands are wider: they are there to be copied.
#[test]
fn commands_are_never_broken() {
    for code in Code::ALL {
        for lang in Lang::ALL {
            let text = explain(*code, &Style { lang, width: 40, ..PLAIN });
            for line in text.lines().filter(|line| width(line) > 40) {
                assert!(line.starts_with("    # ") || line.starts_with("    $ "), "{code}: {line}");
            }
            for line in lines(cause_text(*code, lang).cure) {
                if let Line::Command(_, command) = line {
                    assert!(text.lines().any(|line| line.trim_start() == command), "{code}: {command}");
                }
            }
        }
    }
}

#[test]
fn colours_add_nothing_to_the_text() {
    let plain = explain(Code::Firewall, &PLAIN);
    let coloured = explain(Code::Firewall, &Style { colour: true, ..PLAIN });
    assert!(coloured.contains('\x1b'));
    let mut bare = coloured;
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}

#[test]
fn code_marks_are_for_the_catalogue_only() {
    assert_eq!(plain("run `ssh -V` as `root`", Lang::En), "run 'ssh -V' as root");
    assert_eq!(plain("执行 `ssh -V` 检查", Lang::Zh), "执行 ssh -V 检查");
    for code in Code::ALL {
        for lang in Lang::ALL {
            assert!(!explain(*code, &Style { lang, ..PLAIN }).contains('`'), "{code}");
        }
    }
}

/// A command for all systems right below those for one kind would be read as one of them.
#[test]
fn it_is_plain_which_commands_are_for_which_system() {
    for (code, lang, part, text) in texts() {
        let all: Vec<_> = lines(text).collect();
        for pair in all.windows(2) {
            let mixed = matches!(pair, [Line::Command(Some(_), _), Line::Command(None, _)]);
            assert!(!mixed, "{code} {lang:?} {part}: {pair:?}");
        }
    }
}

#[test]
fn every_explanation_is_as_its_transcript() {
    let chinese = Style { lang: Lang::Zh, ..PLAIN };
    let screens = [
        ("explain-sshd-down", Code::SshdDown, PLAIN),
        ("explain-known-hosts-conflict-zh", Code::KnownHostsConflict, chinese),
        ("explain-max-auth-tries-narrow", Code::MaxAuthTries, Style { width: 40, ..PLAIN }),
    ];
    for (name, code, style) in screens {
        transcript::must_show(name, &explain(code, &style));
    }
}

/// With `UPDATE_DOCS` set, the catalogues are written instead.
#[test]
fn the_catalogues_are_as_the_texts() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, lang) in [("causes.md", Lang::En), ("causes.zh.md", Lang::Zh)] {
        transcript::must_be_the_file(&docs.join(name), &catalogue(lang), "UPDATE_DOCS");
    }
}

#[test]
fn the_catalogue_leads_to_every_cause_the_users_own_first() {
    for lang in Lang::ALL {
        let text = catalogue(lang);
        let mut at = 0;
        for code in Code::ALL {
            let entry = format!("[`{code}`](#{code}) ");
            let place = text.find(&entry).unwrap();
            assert!(place > at, "{code}");
            at = place;
            assert_eq!(text.matches(&format!("<a id=\"{code}\"></a>\n### `{code}` ")).count(), 1, "{code}");
        }
        assert_eq!(text.matches("```").count() % 2, 0);
        assert!(!text.contains("\n\n\n"));
    }
}
