//! The hosts of a group, each with the variables that win.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use super::{AnsibleError, AnsibleMistake, Entry, Inventory, Key, Value, Vars};
use crate::inventory::{Address, Host, MOST_NODES, Mistake, is_host_name, port};
use crate::text::printable;

impl Inventory {
    /// The hosts of a group, in the order of the file.
    pub(super) fn select(&self, group: &str) -> Result<Vec<Host>, AnsibleError> {
        let shown = printable(group.as_bytes());
        if !self.groups.contains_key(group) && !matches!(group, "all" | "ungrouped") {
            let known = ["all"].into_iter().chain(self.groups.keys().map(String::as_str));
            let known: BTreeSet<String> = known.map(|name| printable(name.as_bytes())).collect();
            return Err(AnsibleError::NoGroup { group: shown, known: known.into_iter().take(30).collect() });
        }
        let depths = self.depths()?;
        let members = self.members(group);
        let chosen: Vec<(usize, &Entry)> =
            self.hosts.iter().enumerate().filter(|(at, _)| members.contains(at)).collect();
        if chosen.is_empty() {
            return Err(AnsibleError::NoHosts(shown));
        }
        if chosen.len() > MOST_NODES {
            return Err(AnsibleError::TooMany);
        }
        let parents = self.parents();
        let mut of_host: HashMap<usize, Vec<&str>> = HashMap::new();
        for (name, group) in &self.groups {
            group.hosts.iter().for_each(|at| of_host.entry(*at).or_default().push(name));
        }
        let mut mistakes = Vec::new();
        let mut hosts = Vec::new();
        for (at, entry) in chosen {
            let direct = of_host.get(&at).map_or(&[][..], Vec::as_slice);
            let vars = self.vars(entry, &ancestors(direct, &parents), &depths);
            match host(entry, &vars) {
                Ok(host) => hosts.push(host),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(hosts) } else { Err(AnsibleError::Mistakes(mistakes)) }
    }

    /// How far each group is from `all`, by the longest way.
    fn depths(&self) -> Result<HashMap<&str, usize>, AnsibleError> {
        let mut waiting: BTreeMap<&str, usize> = self.groups.keys().map(|name| (name.as_str(), 0)).collect();
        for (child, _) in self.edges().flat_map(|(_, children)| children) {
            waiting.entry(child).and_modify(|count| *count += 1);
        }
        let mut depths: HashMap<&str, usize> = HashMap::new();
        let mut ready: Vec<(&str, usize)> =
            waiting.iter().filter(|(_, count)| **count == 0).map(|(name, _)| (*name, 1)).collect();
        while let Some((name, depth)) = ready.pop() {
            depths.insert(name, depth);
            let children = self.groups.get(name).filter(|_| name != "all").map_or(&[][..], |g| &g.children);
            for (child, _) in children {
                let deepest = depths.entry(child).or_default();
                *deepest = (*deepest).max(depth + 1);
                let deepest = *deepest;
                if let Some(count) = waiting.get_mut(child.as_str()) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push((child, deepest));
                    }
                }
            }
        }
        let stuck = waiting.iter().find(|(_, count)| **count > 0);
        let Some((name, _)) = stuck else { return Ok(depths) };
        let line = self.edges().flat_map(|(_, children)| children).find(|(child, _)| child == name);
        Err(AnsibleError::Mistakes(vec![Mistake {
            line: line.map_or(1, |(_, line)| *line),
            error: AnsibleMistake::Loop(printable(name.as_bytes())),
        }]))
    }

    /// The groups with their children. That `all` contains all goes without saying.
    fn edges(&self) -> impl Iterator<Item = (&str, &Vec<(String, usize)>)> {
        self.groups.iter().filter(|(name, _)| *name != "all").map(|(name, g)| (name.as_str(), &g.children))
    }

    fn parents(&self) -> HashMap<&str, Vec<&str>> {
        let mut parents: HashMap<&str, Vec<&str>> = HashMap::new();
        for (name, children) in self.edges() {
            children.iter().for_each(|(child, _)| parents.entry(child).or_default().push(name));
        }
        parents
    }

    /// Indexes of the hosts of a group and of the groups in it.
    fn members(&self, group: &str) -> HashSet<usize> {
        let all = 0..self.hosts.len();
        match group {
            "all" => return all.collect(),
            "ungrouped" => {
                return all.filter(|at| self.hosts.get(*at).is_some_and(|host| !host.grouped)).collect();
            }
            _ => {}
        }
        let (mut members, mut met, mut work) = (HashSet::new(), HashSet::new(), vec![group]);
        while let Some(name) = work.pop() {
            let Some(group) = self.groups.get(name).filter(|_| met.insert(name)) else { continue };
            members.extend(&group.hosts);
            work.extend(group.children.iter().map(|(child, _)| child.as_str()));
        }
        members
    }

    /// The variables of a host: those of `all`, of its groups from the outermost to the innermost, its own.
    fn vars(&self, entry: &Entry, groups: &HashSet<&str>, depths: &HashMap<&str, usize>) -> Vars {
        let priority = |name: &str| -> i64 {
            let vars = self.groups.get(name).map(|group| &group.vars);
            let value = vars.and_then(|vars| vars.get(&Key::Priority)).and_then(|value| value.text.as_ref());
            value.and_then(|text| text.parse().ok()).unwrap_or(1)
        };
        let mut order: Vec<(usize, i64, &str)> = groups
            .iter()
            .filter(|name| **name != "all")
            .map(|name| (depths.get(name).copied().unwrap_or_default(), priority(name), *name))
            .collect();
        order.sort_unstable();
        let outermost = self.groups.get("all").into_iter();
        let groups = outermost.chain(order.iter().filter_map(|(_, _, name)| self.groups.get(*name)));
        let mut vars = Vars::new();
        for layer in groups.map(|group| &group.vars).chain([&entry.vars]) {
            vars.extend(layer.iter().map(|(key, value)| (*key, value.clone())));
        }
        vars
    }
}

/// Groups and all that contain them.
fn ancestors<'a>(direct: &[&'a str], parents: &HashMap<&str, Vec<&'a str>>) -> HashSet<&'a str> {
    let (mut found, mut work) = (HashSet::new(), direct.to_vec());
    while let Some(name) = work.pop() {
        if found.insert(name) {
            work.extend(parents.get(name).into_iter().flatten());
        }
    }
    found
}

/// Where a host is, by its variables or else by its alias.
fn host(entry: &Entry, vars: &Vars) -> Result<Host, Mistake<AnsibleMistake>> {
    let alias = printable(entry.alias.as_bytes());
    let get = |old: Key, new: Key, name: &'static str| -> Result<Option<(&str, usize)>, _> {
        let Some(Value { text, line }) = vars.get(&old).or_else(|| vars.get(&new)) else { return Ok(None) };
        match text.as_deref().filter(|text| !text.contains("{{") && !text.contains("{%")) {
            Some(text) => Ok(Some((text, *line))),
            None => {
                let error = AnsibleMistake::NotPlain { name, host: alias.clone() };
                Err(Mistake { line: *line, error })
            }
        }
    };
    let (word, line) =
        get(Key::SshHost, Key::Host, "ansible_host")?.unwrap_or((entry.alias.as_str(), entry.line));
    let address = Address::read(word)
        .map_err(|_| Mistake { line, error: AnsibleMistake::Address(printable(word.as_bytes())) })?;
    let port = match get(Key::SshPort, Key::Port, "ansible_port")? {
        None => None,
        Some((text, line)) => Some(port(text).ok_or_else(|| {
            let value = printable(text.as_bytes());
            Mistake { line, error: AnsibleMistake::Port { host: alias.clone(), value } }
        })?),
    };
    // The alias is whatever the writer liked: it says nothing about the machine's own name.
    let called = Some(&entry.alias).filter(|alias| is_host_name(alias) && alias.parse::<IpAddr>().is_err());
    let called = called.into_iter().cloned().collect();
    Ok(Host { address, port, name: None, called, origin: format!("line {} ({alias})", entry.line) })
}
