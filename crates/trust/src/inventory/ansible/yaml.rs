//! The form of Ansible's plugin `yaml`: groups with `hosts`, `children` and `vars`.
//!
//! The document is kept as its nodes stand in the file. An alias is a second way to the same node, never a copy, and the
//! walk over it has a budget, so that aliases of aliases cost nothing.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{AnsibleError, AnsibleMistake, Inventory, Key, Value, Vars};
use crate::inventory::Mistake;
use crate::text::printable;

/// Most entries of mappings that are looked at.
const BUDGET: usize = 400_000;

/// Deepest nesting. A group in a group takes two levels.
const DEEPEST: usize = 200;

type Id = usize;

#[derive(Debug)]
enum Node {
    /// A text; `None` if it is null.
    Scalar(Option<String>),
    /// Of a kind that no value here can be: a tag of its own (`!vault`).
    Tagged,
    Sequence(Vec<Id>),
    /// Key, its line, value.
    Mapping(Vec<(String, usize, Id)>),
}

/// A YAML document whose outermost node is a mapping.
#[derive(Debug, Default)]
pub(super) struct Document {
    nodes: Vec<Node>,
    root: Id,
}

/// Whether a person would call a text YAML, even if it cannot be read.
pub(super) fn is_likely(text: &str) -> bool {
    let meant = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().find(meant).is_some_and(|line| {
        let (key, behind) = line.split_once(':').unwrap_or((line, "-"));
        let word = !key.contains(|c: char| c.is_whitespace() || "=[".contains(c));
        let ends = behind.is_empty() || behind.starts_with(char::is_whitespace);
        line.starts_with("---") || line.starts_with('{') || (word && ends)
    })
}

/// Reads a document. `None` if it is YAML, but no mapping.
pub(super) fn load(text: &str) -> Result<Option<Document>, Mistake<AnsibleMistake>> {
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let what = error.info().to_owned();
            broken(error.marker().line(), &what)
        })?;
        let line = span.start.line();
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(broken(line, "there is a second document"));
            }
        }
        builder.event(event, line)?;
    }
    let Some(root) = builder.root else { return Ok(None) };
    let document = Document { nodes: builder.nodes, root };
    Ok(matches!(document.nodes.get(root), Some(Node::Mapping(_))).then_some(document))
}

fn broken(line: usize, what: &str) -> Mistake<AnsibleMistake> {
    Mistake { line: line.max(1), error: AnsibleMistake::Yaml(printable(what.as_bytes())) }
}

/// A collection that is not closed yet.
struct Open {
    id: Id,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(String, usize)>,
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
    root: Option<Id>,
}

impl Builder {
    fn event(&mut self, event: Event, line: usize) -> Result<(), Mistake<AnsibleMistake>> {
        if self.open.len() > DEEPEST {
            return Err(broken(line, "it is nested too deeply"));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let null = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let node = match tag {
                    Some(tag) if !tag.is_yaml_core_schema() => Node::Tagged,
                    _ => Node::Scalar((!null).then(|| text.into_owned())),
                };
                let id = self.push(node);
                self.anchors.insert(anchor, id);
                self.place(id, line)
            }
            Event::SequenceStart(anchor, _) => {
                let id = self.push(Node::Sequence(Vec::new()));
                self.open.push(Open { id, anchor, key: None });
                Ok(())
            }
            Event::MappingStart(anchor, _) => {
                let id = self.push(Node::Mapping(Vec::new()));
                self.open.push(Open { id, anchor, key: None });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(done) = self.open.pop() else { return Ok(()) };
                // Only now: nothing can contain itself.
                self.anchors.insert(done.anchor, done.id);
                self.place(done.id, line)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(id) => self.place(*id, line),
                None => Err(broken(line, "an alias of something that contains it")),
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn push(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, id: Id, line: usize) -> Result<(), Mistake<AnsibleMistake>> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return Ok(());
        };
        let waiting = open.key.take();
        let text = match self.nodes.get(id) {
            Some(Node::Scalar(text)) => Some(text.clone().unwrap_or_default()),
            _ => None,
        };
        match (self.nodes.get_mut(open.id), waiting) {
            (Some(Node::Sequence(items)), _) => items.push(id),
            (Some(Node::Mapping(entries)), Some((key, line))) => entries.push((key, line, id)),
            (_, None) => match text {
                Some(text) => open.key = Some((text, line)),
                None => return Err(broken(line, "a key that is no text")),
            },
            _ => {}
        }
        Ok(())
    }
}

impl Document {
    /// The groups and hosts.
    pub(super) fn inventory(&self) -> Result<Inventory, AnsibleError> {
        let mut walk = Walk { document: self, inventory: Inventory::default(), budget: BUDGET };
        walk.run()?;
        let mut inventory = walk.inventory;
        if inventory.mistakes.is_empty() {
            return Ok(inventory);
        }
        inventory.mistakes.sort_by_key(|mistake| mistake.line);
        Err(AnsibleError::Mistakes(inventory.mistakes))
    }
}

struct Walk<'a> {
    document: &'a Document,
    inventory: Inventory,
    budget: usize,
}

type Entries<'a> = Vec<(&'a str, usize, Id)>;
/// The same where a text alone may stand in place of the mapping.
type Listed<'a> = Vec<(&'a str, usize, Option<Id>)>;

impl<'a> Walk<'a> {
    fn run(&mut self) -> Result<(), AnsibleError> {
        let top = self.mapping(self.document.root)?.unwrap_or_default();
        let plain = |id| matches!(self.document.nodes.get(id), Some(Node::Scalar(Some(_))));
        if top.iter().any(|(key, _, id)| *key == "plugin" && plain(*id)) {
            return Err(AnsibleError::Plugin);
        }
        let mut work: Entries<'a> = top;
        while let Some((name, line, id)) = work.pop() {
            self.inventory.group(name)?;
            let Some(parts) = self.demand(id, line, name)? else { continue };
            for (key, line, id) in parts {
                match key {
                    "hosts" => self.hosts(name, line, id)?,
                    "vars" => {
                        let vars = self.vars(line, id, "vars")?;
                        self.inventory.group(name)?.vars.extend(vars);
                    }
                    "children" => {
                        let children = self.listed(line, id, "children")?;
                        let known = &mut self.inventory.group(name)?.children;
                        known.extend(children.iter().map(|(child, line, _)| ((*child).to_owned(), *line)));
                        for (child, line, id) in children {
                            match id {
                                Some(id) => work.push((child, line, id)),
                                None => drop(self.inventory.group(child)?),
                            }
                        }
                    }
                    // Ansible warns of it and goes on.
                    _ => {}
                }
            }
        }
        self.in_order();
        Ok(())
    }

    /// The hosts in the order of the file; the walk went over the groups in another.
    fn in_order(&mut self) {
        let inventory = &mut self.inventory;
        let mut order: Vec<usize> = (0..inventory.hosts.len()).collect();
        order.sort_by_key(|at| inventory.hosts.get(*at).map(|host| host.line));
        let mut new = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            if let Some(place) = new.get_mut(*from) {
                *place = to;
            }
        }
        let moved = |at: &usize| new.get(*at).copied().unwrap_or(*at);
        inventory.groups.values_mut().for_each(|g| g.hosts.iter_mut().for_each(|at| *at = moved(at)));
        inventory.index.values_mut().for_each(|at| *at = moved(at));
        inventory.hosts.sort_by_key(|host| host.line);
    }

    /// The entries of a mapping with those that it merges (`<<`); its own come first and win.
    fn mapping(&mut self, id: Id) -> Result<Option<Entries<'a>>, AnsibleError> {
        let Some(Node::Mapping(_)) = self.document.nodes.get(id) else { return Ok(None) };
        let (mut found, mut keys) = (Entries::new(), HashSet::new());
        let (mut work, mut met) = (vec![id], HashSet::new());
        while let Some(id) = work.pop() {
            let entries = match self.document.nodes.get(id) {
                _ if !met.insert(id) => continue,
                Some(Node::Mapping(entries)) => entries,
                Some(Node::Sequence(items)) => {
                    work.extend(items.iter().rev());
                    continue;
                }
                _ => continue,
            };
            self.budget = self.budget.checked_sub(entries.len() + 1).ok_or(AnsibleError::TooMany)?;
            for (key, line, value) in entries {
                if key == "<<" {
                    work.push(*value);
                } else if keys.insert(key.as_str()) {
                    found.push((key.as_str(), *line, *value));
                }
            }
        }
        Ok(Some(found))
    }

    /// A mapping; null counts as an empty one, anything else is a mistake.
    fn demand(&mut self, id: Id, line: usize, what: &str) -> Result<Option<Entries<'a>>, AnsibleError> {
        if let Some(Node::Scalar(None)) = self.document.nodes.get(id) {
            return Ok(None);
        }
        let found = self.mapping(id)?;
        if found.is_none() {
            self.inventory.wrong(line, AnsibleMistake::NotAMapping(printable(what.as_bytes())));
        }
        Ok(found)
    }

    /// A mapping, or the one text that Ansible takes in its place.
    fn listed(&mut self, line: usize, id: Id, what: &str) -> Result<Listed<'a>, AnsibleError> {
        if let Some(Node::Scalar(Some(only))) = self.document.nodes.get(id) {
            return Ok(vec![(only.as_str(), line, None)]);
        }
        let found = self.demand(id, line, what)?.unwrap_or_default();
        Ok(found.into_iter().map(|(key, line, id)| (key, line, Some(id))).collect())
    }

    fn hosts(&mut self, group: &str, line: usize, id: Id) -> Result<(), AnsibleError> {
        for (pattern, line, id) in self.listed(line, id, "hosts")? {
            let vars = match id {
                Some(id) => self.vars(line, id, pattern)?,
                None => Vars::new(),
            };
            self.inventory.add(group, pattern, line, &vars)?;
        }
        Ok(())
    }

    fn vars(&mut self, line: usize, id: Id, what: &str) -> Result<Vars, AnsibleError> {
        let entries = self.demand(id, line, what)?.unwrap_or_default();
        let value = |(name, line, id): (&str, usize, Id)| {
            let text = match self.document.nodes.get(id)? {
                Node::Scalar(None) => return None,
                Node::Scalar(text) => text.clone(),
                _ => None,
            };
            Some((Key::read(name)?, Value { text, line }))
        };
        Ok(entries.into_iter().filter_map(value).collect())
    }
}
