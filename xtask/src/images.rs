//! `cargo xtask images`: the pictures of the README, taken of the real program on real nodes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use lab::{Lab, Node};

use crate::cargo::{build_program, run as run_command};
use crate::error::TaskError;
use crate::{labs, packages};

/// How to take them.
#[derive(Debug, Args)]
pub(crate) struct Images {
    /// Take this build of the program instead of making one
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where to put them
    #[arg(long, default_value = "docs/images")]
    folder: PathBuf,
}

/// The user of the cluster, and its password. It guards nothing: the nodes are reachable from each other only.
const USER: (&str, &str) = ("omm", "Lab-omm-1");
/// Languages, and what the names of their pictures end in.
const LANGUAGES: [(&str, &str); 2] = [("en", ""), ("zh", ".zh")];
/// The picture of the matrix, in pixels.
const PAGE: (usize, usize) = (960, 1030);
/// The picture of a terminal: columns, pixels a column, pixels a line.
const SCREEN: (usize, usize, usize) = (100, 9, 19);

/// Takes all of them.
pub(crate) fn run(images: &Images) -> Result<(), TaskError> {
    packages::ensure(&[packages::FOR_CLUSTER.as_slice(), &packages::FOR_BROWSER].concat())?;
    let program = images.program.clone().map_or_else(|| build_program(""), Ok)?;
    fs::create_dir_all(&images.folder).map_err(io("make", &images.folder))?;
    matrix(&images.folder, &program)?;
    doctor(&images.folder, &program)
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> TaskError {
    let program = format!("{what} {}", path.display());
    move |source| TaskError::Start { program, source }
}

/// A cluster with trust.
fn cluster(nodes: usize, program: &Path) -> Result<Lab, TaskError> {
    let (user, password) = USER;
    let lab = Lab::up(labs::spec(nodes).user(user, password).program(program))?;
    let hosts: String = lab.nodes().iter().map(|node| format!("{}\n", node.ip())).collect();
    lab.node(0).write("/home/omm/hostfile", hosts.as_bytes(), 0o644, user)?;
    lab.node(0).write("/home/omm/passwords", format!("{password}\n").as_bytes(), 0o600, user)?;
    must(lab.node(0), "gs_sshexkey -f hostfile --password-file passwords")?;
    Ok(lab)
}

fn must(node: &Node, script: &str) -> Result<(), TaskError> {
    let output = node.sh(USER.0, &format!("cd; {script}"))?;
    if output.status.success() { Ok(()) } else { Err(TaskError::Program { status: output.status }) }
}

/// The page of `check`: a stopped server, a home that others may write, a lost key, and one record that is missing.
fn matrix(folder: &Path, program: &Path) -> Result<(), TaskError> {
    let lab = cluster(12, program)?;
    lab.node(4).stop_sshd()?;
    must(lab.node(8), "chmod o+w .")?;
    must(lab.node(2), "gs_sshexkey agent stop && mv .ssh/id_om .ssh/id_om.away")?;
    must(lab.node(10), &format!("ssh-keygen -R {}", lab.node(1).ip()))?;
    for (lang, end) in LANGUAGES {
        let check = format!("cd; gs_sshexkey check -f hostfile --no-password --lang {lang} --html page.html");
        // That pairs do not work is what it is for.
        lab.node(0).sh(USER.0, &check)?;
        let page = folder.join(format!("page{end}.html"));
        let bytes = lab.node(0).read("/home/omm/page.html")?;
        let text = without_lists(&String::from_utf8_lossy(&bytes));
        fs::write(&page, text).map_err(io("write", &page))?;
        shoot(&page, &folder.join(format!("matrix{end}.png")), PAGE)?;
    }
    Ok(lab.down()?)
}

/// The page without what stands between its head and the matrix: a picture has no room for it.
fn without_lists(page: &str) -> String {
    ["troubles", "entry", "names"].iter().fold(page.to_owned(), |page, list| {
        page.replace(&format!("<section id=\"{list}\""), &format!("<section hidden id=\"{list}\""))
    })
}

/// The screen of `doctor`, at a terminal.
fn doctor(folder: &Path, program: &Path) -> Result<(), TaskError> {
    let lab = cluster(4, program)?;
    must(lab.node(2), "chmod o+w .")?;
    lab.node(3).stop_sshd()?;
    for (lang, end) in LANGUAGES {
        let line = format!(
            "gs_sshexkey doctor -f hostfile --password-file passwords{}",
            match lang {
                "en" => String::new(),
                lang => format!(" --lang {lang}"),
            }
        );
        let columns = SCREEN.0;
        let command = format!("cd; stty cols {columns}; TERM=xterm LANG=C.UTF-8 {line} 2>/dev/null");
        let (_, shown) = lab.node(0).terminal(USER.0, &command)?.finish()?;
        let screen = format!("[omm@node1 ~]$ {line}\r\n{shown}");
        let page = folder.join(format!("page{end}.html"));
        fs::write(&page, terminal(&screen)).map_err(io("write", &page))?;
        let size = (columns * SCREEN.1 + 48, lines(&screen) * SCREEN.2 + 40);
        shoot(&page, &folder.join(format!("doctor{end}.png")), size)?;
    }
    Ok(lab.down()?)
}

/// How many lines a screen takes where long ones are wrapped, as a terminal does. Wide characters never are: the program
/// breaks such lines itself.
fn lines(screen: &str) -> usize {
    let long = |line: &str| line.trim_end().chars().count().max(1).div_ceil(SCREEN.0);
    screen.trim_end().lines().map(long).sum()
}

/// A screen as a page: its colours (ECMA-48, SGR) as classes, everything else as text.
fn terminal(screen: &str) -> String {
    let mut body = String::new();
    let mut open = false;
    for (place, piece) in screen.trim_end().split('\u{1b}').enumerate() {
        let (codes, text) = match piece.strip_prefix('[').and_then(|rest| rest.split_once('m')) {
            Some((codes, text)) if place > 0 => (codes, text),
            _ => ("", piece),
        };
        if open {
            body.push_str("</b>");
        }
        open = !matches!(codes, "" | "0");
        if open {
            let classes: String = codes.split(';').map(|code| format!(" c{code}")).collect();
            body.push_str(&format!("<b class=\"{}\">", classes.trim()));
        }
        body.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('\r', ""));
    }
    if open {
        body.push_str("</b>");
    }
    let (columns, column, line) = SCREEN;
    let width = columns * column + column / 2;
    format!(
        "<!doctype html><meta charset=utf-8><style>\
         body{{margin:0;background:#1e2127;color:#d7dae0}}\
         pre{{margin:20px 24px;width:{width}px;white-space:pre-wrap;word-break:break-all;font:15px/{line}px 'DejaVu Sans Mono','WenQuanYi Micro Hei Mono',monospace}}\
         b{{font-weight:normal}}.c1{{font-weight:bold}}.c2{{opacity:.65}}.c31{{color:#ef6b73}}\
         .c32{{color:#98c379}}.c33{{color:#e5c07b}}.c36{{color:#56b6c2}}\
         </style><pre>{body}</pre>"
    )
}

/// Takes a picture of a page, and removes the page.
fn shoot(page: &Path, picture: &Path, (width, height): (usize, usize)) -> Result<(), TaskError> {
    let page = fs::canonicalize(page).map_err(io("find", page))?;
    run_command(
        // What it says is about the desktop that is not there.
        Command::new("chromium")
            .stderr(std::process::Stdio::null())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("file://{}", page.display())),
    )?;
    fs::remove_file(&page).map_err(io("remove", &page))
}
