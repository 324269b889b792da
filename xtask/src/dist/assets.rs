//! What lies beside the program in every package: made by the program itself, or of what cargo knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist::builds::Build;
use crate::dist::contents::{File, Kind};
use crate::dist::{PACKAGE, dependencies, licences, output_of, sbom, write};
use crate::error::TaskError;
use crate::tree;

/// The languages of the manual pages: for the program, and the folder that man(1) looks into.
const LANGUAGES: [(&str, &str); 2] = [("en", ""), ("zh", "zh_CN/")];

/// Writes them below a folder, and says where they belong.
pub(super) fn write_all(builds: &[Build], work: &Path, epoch: &str) -> Result<Vec<File>, TaskError> {
    let own = builds.iter().find(|build| build.runs_here()).ok_or(TaskError::NoProgram)?;
    let program = own.program.as_path();
    let mut files = manuals(program, work, epoch)?;
    files.extend(completions(program, work)?);
    files.extend(units());
    files.extend(documents());
    let dependencies = dependencies::read()?;
    for (name, text) in
        [(licences::NAME, licences::text(&dependencies)?), (sbom::NAME, sbom::text(&dependencies))]
    {
        let path = work.join(name);
        write(&path, text.as_bytes())?;
        files.push(File::new(path, format!("/usr/share/doc/{PACKAGE}/{name}")));
    }
    Ok(files)
}

/// What the program writes of its help.
fn help(program: &Path, words: &[&str], epoch: &str) -> Result<Vec<u8>, TaskError> {
    output_of(Command::new(program).arg("help").args(words).env("SOURCE_DATE_EPOCH", epoch))
}

fn manuals(program: &Path, work: &Path, epoch: &str) -> Result<Vec<File>, TaskError> {
    let topics = help(program, &["--form", "topics"], epoch)?;
    let topics = String::from_utf8_lossy(&topics).into_owned();
    let mut files = Vec::new();
    for topic in std::iter::once(None).chain(topics.lines().map(Some)) {
        let name = topic.map_or("gs_sshexkey.1".to_owned(), |topic| format!("gs_sshexkey-{topic}.1"));
        for (lang, folder) in LANGUAGES {
            let words: Vec<&str> = topic.into_iter().chain(["--form", "roff", "--lang", lang]).collect();
            let path = work.join(format!("man/{folder}{name}"));
            write(&path, &help(program, &words, epoch)?)?;
            // Without the time and the name of the file in it.
            output_of(Command::new("gzip").args(["-9", "-n", "-f"]).arg(&path))?;
            let packed = path.with_added_extension("gz");
            files.push(File::new(packed, format!("/usr/share/man/{folder}man1/{name}.gz")));
        }
    }
    Ok(files)
}

fn completions(program: &Path, work: &Path) -> Result<Vec<File>, TaskError> {
    let mut files = Vec::new();
    for (shell, places) in [
        ("bash", &[(Kind::Both, "/usr/share/bash-completion/completions/gs_sshexkey")][..]),
        (
            "zsh",
            &[
                (Kind::Deb, "/usr/share/zsh/vendor-completions/_gs_sshexkey"),
                (Kind::Rpm, "/usr/share/zsh/site-functions/_gs_sshexkey"),
            ],
        ),
        ("fish", &[(Kind::Both, "/usr/share/fish/vendor_completions.d/gs_sshexkey.fish")]),
    ] {
        let path = work.join(format!("completion/{shell}"));
        write(&path, &help(program, &["--form", shell], "0")?)?;
        files.extend(
            places.iter().map(|(kind, place)| File::new(path.clone(), (*place).to_owned()).only(*kind)),
        );
    }
    Ok(files)
}

/// Units of systemd, which are not enabled: there is nothing that could enable them.
fn units() -> Vec<File> {
    let is_unit = |path: &String| {
        path.starts_with("dist/systemd/") && (path.ends_with(".service") || path.ends_with(".timer"))
    };
    tracked(is_unit)
        .into_iter()
        .map(|(path, name)| {
            let name = name.trim_start_matches("dist/systemd/");
            File::new(path, format!("/usr/lib/systemd/system/{name}"))
        })
        .collect()
}

/// The guides, laid out as in the repository, so that their links lead somewhere.
fn documents() -> Vec<File> {
    let tops = ["README.md", "README.zh.md", "CHANGELOG.md", "LICENSE"];
    let is_document = |path: &String| {
        path.starts_with("docs/") || path.starts_with("examples/") || tops.contains(&path.as_str())
    };
    let document =
        |(path, name): (PathBuf, String)| File::new(path, format!("/usr/share/doc/{PACKAGE}/{name}"));
    let files = tracked(is_document).into_iter().map(document);
    // Where Debian looks for it.
    let copyright = File::new(tree::root().join("LICENSE"), format!("/usr/share/doc/{PACKAGE}/copyright"));
    files.chain([copyright.only(Kind::Deb)]).collect()
}

/// Files of the repository: where they are, and their names in it, sorted.
fn tracked(wanted: impl Fn(&String) -> bool) -> Vec<(PathBuf, String)> {
    let mut names: Vec<String> = tree::files().unwrap_or_default().into_iter().filter(wanted).collect();
    names.sort();
    let there = names.into_iter().map(|name| (tree::root().join(&name), name));
    there.filter(|(path, _)| path.is_file()).collect()
}
