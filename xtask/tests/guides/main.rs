//! The guides: what is told in two languages has one shape, and every link leads somewhere.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use markdown::{Block, Document};

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every guide, by its path from the project's folder.
fn guides() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from("docs"), PathBuf::from("examples"), PathBuf::from(".github")];
    for entry in fs::read_dir(root()).unwrap() {
        take(&entry.unwrap().path(), &mut found, &mut Vec::new());
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            take(&entry.unwrap().path(), &mut found, &mut folders);
        }
    }
    found
}

fn take(path: &Path, found: &mut BTreeMap<PathBuf, String>, folders: &mut Vec<PathBuf>) {
    let short = path.strip_prefix(root()).unwrap().to_owned();
    if path.is_dir() {
        folders.push(short);
    } else if path.extension().is_some_and(|end| end == "md") {
        found.insert(short, fs::read_to_string(path).unwrap());
    }
}

/// The Chinese twin of a guide, if its name is an English one's.
fn twin(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    match name {
        "en.md" => Some(path.with_file_name("zh.md")),
        _ => Some(path.with_file_name(format!("{}.zh.md", name.strip_suffix(".md")?))),
    }
}

/// Where two guides begin to differ, for the one who mends it.
fn difference(english: &Document, chinese: &Document) -> Option<String> {
    let mut pairs = english.blocks.iter().zip(&chinese.blocks);
    let told = |block: Option<&(usize, Block)>| match block {
        Some((line, block)) => format!("line {line}: {block:?}"),
        None => "nothing more".to_owned(),
    };
    let place = pairs.position(|((_, one), (_, other))| one != other);
    let place = place.unwrap_or(english.blocks.len().min(chinese.blocks.len()));
    let (one, other) = (english.blocks.get(place), chinese.blocks.get(place));
    (one.is_some() || other.is_some()).then(|| format!("  {}\n  {}", told(one), told(other)))
}

#[test]
fn twins_have_one_shape() {
    let guides = guides();
    let read = |path: &Path| guides.get(path).map(|text| Document::read(text));
    let mut twins = 0;
    let mut wrong = Vec::new();
    for english in guides.keys() {
        let Some(chinese) = twin(english).filter(|path| guides.contains_key(path)) else { continue };
        let (Some(one), Some(other)) = (read(english), read(&chinese)) else { continue };
        twins += 1;
        assert!(one.blocks.len() > 3, "{}", english.display());
        if let Some(difference) = difference(&one, &other) {
            wrong.push(format!("{} and {}:\n{difference}", english.display(), chinese.display()));
        }
    }
    assert!(twins >= 12, "only {twins} twins were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_has_a_chinese_name_has_an_english_twin() {
    let guides = guides();
    let paired: BTreeSet<PathBuf> = guides.keys().filter_map(|path| twin(path)).collect();
    let chinese = guides.keys().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".zh.md") || name.ends_with("/zh.md")
    });
    let alone: Vec<&PathBuf> = chinese.filter(|path| !paired.contains(*path)).collect();
    assert!(alone.is_empty(), "{alone:?}");
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
        path
    })
}

#[test]
fn every_link_leads_somewhere() {
    let guides = guides();
    let documents: BTreeMap<&Path, Document> =
        guides.iter().map(|(path, text)| (path.as_path(), Document::read(text))).collect();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for (path, document) in &documents {
        for (line, link) in &document.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.to_path_buf(),
                file => plain(&path.parent().unwrap_or(Path::new("")).join(file)),
            };
            let leads = match documents.get(target.as_path()) {
                Some(other) => place.is_empty() || other.places.contains(place),
                None => place.is_empty() && root().join(&target).exists(),
            };
            if !leads {
                wrong.push(format!("{}:{line}: {link}", path.display()));
            }
        }
    }
    assert!(checked > 200, "only {checked} links were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a reader of one language would miss is seen: each of these pairs differs.
#[test]
fn a_twin_that_lacks_something_is_seen() {
    let whole = "# A\n\nText.\n\n- one\n- two\n  1. deep\n\n## B\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```sh\nls\n```\n\n    indented\n";
    let document = Document::read(whole);
    assert_eq!(difference(&document, &Document::read(&whole.replace("Text", "\u{6587}"))), None);
    let losses = [
        "Text.\n",
        "- two\n",
        "  1. deep\n",
        "## B\n",
        "| 1 | 2 |\n",
        "```sh\nls\n```\n",
        "    indented\n",
        "# A\n",
    ];
    let changes = [
        ("## B", "### B"),
        ("```sh", "```"),
        ("1. deep", "- deep"),
        ("| 1 | 2 |", "| 1 |"),
        ("ls\n", "ls\nls\n"),
    ];
    for (old, new) in losses.map(|loss| (loss, "")).iter().chain(&changes) {
        let other = Document::read(&whole.replacen(old, new, 1));
        assert!(difference(&document, &other).is_some(), "{old:?} -> {new:?}");
        assert!(difference(&other, &document).is_some(), "{new:?} -> {old:?}");
    }
}
