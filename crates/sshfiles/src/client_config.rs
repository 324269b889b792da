//! The files that make up the configuration of ssh(1), as in ssh_config(5): what they say of a host, and where.

use crate::known_hosts::matches_pattern;
use crate::sshd_config::split_directive;

/// OpenSSH follows includes so far.
const MOST_DEPTH: usize = 16;
/// Nobody has more lines, or includes more; files that include each other stop there.
const MOST_SETTINGS: usize = 20_000;
const MOST_FILES: usize = 200;

/// A setting for a host, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSetting {
    /// The file.
    pub path: String,
    /// The number that an editor would show for the line, from 1.
    pub line: usize,
    /// The keyword, in lower case.
    pub keyword: String,
    /// Its arguments, a blank between them.
    pub value: String,
    /// The line as it stands, without white space around it.
    pub text: String,
    /// It counts for the host; else it stands below a `Match` whose condition is not known here.
    pub sure: bool,
}

/// The files in the order in which ssh begins to read them: a file that another one includes stands anywhere behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientConfig {
    files: Vec<(String, Vec<u8>)>,
}

/// Whether lines count for the host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    No,
    Perhaps,
    Yes,
}

impl ClientConfig {
    /// Takes paths and bytes.
    pub fn new(files: Vec<(String, Vec<u8>)>) -> Self {
        Self { files }
    }

    /// What the files say of a host that was called so, in the order in which ssh reads it: of a keyword with one value the
    /// first counts. `roots`: the files that nobody includes.
    pub fn settings(&self, host: &str, roots: &[&str]) -> Vec<ClientSetting> {
        let mut walk = Walk { config: self, host, found: Vec::new(), opened: 0 };
        for root in roots {
            walk.file(root, Scope::Yes, 0);
        }
        walk.found
    }
}

struct Walk<'a> {
    config: &'a ClientConfig,
    host: &'a str,
    found: Vec<ClientSetting>,
    opened: usize,
}

impl Walk<'_> {
    /// Reads a file; what it says of other hosts ends with it.
    fn file(&mut self, path: &str, outer: Scope, depth: usize) {
        let Some((_, bytes)) = self.config.files.iter().find(|(known, _)| known == path) else { return };
        self.opened += 1;
        let mut scope = outer;
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let text = String::from_utf8_lossy(line);
            let Some((keyword, arguments)) = split_directive(&text) else { continue };
            match keyword.as_str() {
                "host" => scope = narrower(outer, self.named(&arguments)),
                "match" => scope = narrower(outer, self.matched(&arguments)),
                _ if scope == Scope::No || self.found.len() >= MOST_SETTINGS => {}
                "include" if depth < MOST_DEPTH && self.opened < MOST_FILES => {
                    self.include(path, &arguments, scope, depth + 1)
                }
                _ => self.found.push(ClientSetting {
                    path: path.to_owned(),
                    line: index + 1,
                    keyword,
                    value: arguments.join(" "),
                    text: text.trim().to_owned(),
                    sure: scope == Scope::Yes,
                }),
            }
        }
    }

    fn include(&mut self, from: &str, patterns: &[String], scope: Scope, depth: usize) {
        for pattern in patterns {
            // The user's are below the home, the others beside the system's file. Only the end of a path has to be known.
            let pattern = pattern.strip_prefix("~/").unwrap_or(pattern);
            let mut paths: Vec<&String> = self.config.files.iter().map(|(path, _)| path).collect();
            paths.sort();
            let fits = |path: &str| {
                let whole = pattern.starts_with('/');
                let part = if whole { Some(path) } else { tail(path, pattern) };
                path != from && part.is_some_and(|part| matches_path(pattern, part))
            };
            let paths: Vec<String> = paths.into_iter().filter(|path| fits(path)).cloned().collect();
            for path in paths {
                if self.opened < MOST_FILES {
                    self.file(&path, scope, depth);
                }
            }
        }
    }

    fn named(&self, patterns: &[String]) -> Scope {
        let fits = |pattern: &str| matches_pattern(pattern.as_bytes(), self.host.as_bytes());
        let negated = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(fits);
        let named = patterns.iter().any(|pattern| !pattern.starts_with('!') && fits(pattern));
        if named && !negated { Scope::Yes } else { Scope::No }
    }

    /// `Match`: what it asks of the host as it was typed is known, the rest is not.
    fn matched(&self, conditions: &[String]) -> Scope {
        let (mut scope, mut words) = (Scope::Yes, conditions.iter());
        while let Some(word) = words.next() {
            let word = word.to_ascii_lowercase();
            let next = match word.as_str() {
                "all" => Scope::Yes,
                "originalhost" => {
                    let list = words.next().map(String::as_str).unwrap_or_default();
                    self.named(&list.split(',').map(str::to_owned).collect::<Vec<_>>())
                }
                "canonical" | "final" => Scope::Perhaps,
                _ => {
                    words.next();
                    Scope::Perhaps
                }
            };
            scope = narrower(scope, next);
        }
        scope
    }
}

fn narrower(one: Scope, other: Scope) -> Scope {
    match (one, other) {
        (Scope::No, _) | (_, Scope::No) => Scope::No,
        (Scope::Yes, Scope::Yes) => Scope::Yes,
        _ => Scope::Perhaps,
    }
}

/// The end of a path that has as many parts as a pattern.
fn tail<'a>(path: &'a str, pattern: &str) -> Option<&'a str> {
    let parts = pattern.split('/').count();
    let (at, _) = path.rmatch_indices('/').nth(parts - 1)?;
    path.get(at + 1..)
}

/// Whether a path fits a pattern of glob(7), whose wildcards stand for no slash. Classes in brackets fit nothing.
fn matches_path(pattern: &str, path: &str) -> bool {
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(pattern, part): (&&str, &&str)| matches_pattern(pattern.as_bytes(), part.as_bytes());
    patterns.len() == parts.len() && patterns.iter().zip(&parts).all(fits)
}
