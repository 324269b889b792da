//! Settings of sshd that refuse the user although the key is right.

use std::net::IpAddr;

use super::edit::{comment_out, lines, literal, put_first, reload, replace};
use super::keys::keys_off;
use super::patterns::Caller;
use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Evidence, LoginSettings as Settings, Setting, matches};
use crate::probe::{Cause, EdgeIx};

/// The findings about settings of sshd.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let servers = case.seen().map(|(index, _, evidence)| Server { case, index, evidence });
    servers.flat_map(|server| [root_off(server), not_allowed(server), keys_off(server)]).flatten().collect()
}

/// A node that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) case: &'a Case,
    pub(super) index: NodeIx,
    pub(super) evidence: &'a Evidence,
}

impl<'a> Server<'a> {
    /// Pairs that lead here, whose key was refused, and whose caller these settings refuse. In a preflight none; but
    /// then it must be so for one that will call. `None`: nothing of that.
    pub(super) fn refused(self, refuses: impl Fn(&Settings, Caller<'_>) -> bool) -> Option<Vec<EdgeIx>> {
        let settings = &self.evidence.login.settings;
        let judge = |from: NodeIx| {
            let node = self.case.node(from);
            let address = node.map(|node| node.spec.ip);
            let caller =
                Caller { user: &self.case.user, address, name: node.and_then(|node| node.name.as_deref()) };
            for_caller(settings, address).is_some_and(|settings| refuses(settings, caller))
        };
        if self.case.preflight {
            let others = self.case.nodes.indices().filter(|from| *from != self.index);
            return others.into_iter().any(judge).then(Vec::new);
        }
        let pairs = self.case.pairs_to(self.index, &[Cause::KeyRefused]);
        let from = |pair: EdgeIx| self.case.edge(pair).map(|edge| edge.from);
        let pairs: Vec<EdgeIx> = pairs.into_iter().filter(|pair| from(*pair).is_some_and(judge)).collect();
        (!pairs.is_empty()).then_some(pairs)
    }

    /// A finding with the lines that say so, or else with what sshd says.
    pub(super) fn finding(self, code: Code, pairs: Vec<EdgeIx>, lines: &[&Setting], said: &str) -> Finding {
        let finding = Finding::new(code, self.index).explains(pairs);
        if lines.is_empty() {
            return finding.seen(self.index, "sshd -T", said);
        }
        lines.iter().take(3).fold(finding, |finding, line| {
            finding.seen(self.index, &format!("{}:{}", line.file, line.line), &line.text)
        })
    }

    pub(super) fn by_hand(self, mut commands: Vec<Command>) -> Cure {
        commands.push(reload(self.case, self.index));
        Cure::by_hand(self.index, ByHand::Security, commands)
    }

    pub(super) fn lines(self, keywords: &[&str]) -> Vec<&'a Setting> {
        lines(self.evidence, keywords)
    }
}

/// What sshd's settings come to for a caller.
pub(super) fn for_caller(settings: &[Settings], from: Option<IpAddr>) -> Option<&Settings> {
    let own = settings.iter().find(|one| one.from.is_some() && one.from == from);
    // Where they depend on the caller, what they are for others says nothing about this one.
    let depends = settings.iter().any(|one| one.from.is_some());
    own.or_else(|| settings.iter().find(|one| one.from.is_none() && !depends))
}

/// `PermitRootLogin`.
fn root_off(server: Server<'_>) -> Option<Finding> {
    let refuses =
        |settings: &Settings, _: Caller<'_>| matches!(settings.root.as_str(), "no" | "forced-commands-only");
    if !server.evidence.is_root() {
        return None;
    }
    let pairs = server.refused(refuses)?;
    let lines = server.lines(&["PermitRootLogin"]);
    let finding = server.finding(Code::RootLoginOff, pairs, &lines, "permitrootlogin no");
    let right = "PermitRootLogin prohibit-password";
    let mut commands: Vec<Command> =
        lines.iter().map(|line| replace(line, "PermitRootLogin[[:space:]=]+[^[:space:]]+", right)).collect();
    if commands.is_empty() {
        commands.push(put_first(right));
    }
    Some(finding.cure(server.by_hand(commands)))
}

/// Why an account is not let in.
enum Refusal<'a> {
    /// The pattern of `DenyUsers`.
    DeniedUser(&'a str),
    NotAllowedUser,
    /// The pattern of `DenyGroups`.
    DeniedGroup(&'a str),
    NotAllowedGroup,
}

/// In the order in which sshd looks; sshd_config(5), AllowUsers.
fn refusal<'a>(settings: &'a Settings, caller: Caller<'_>, groups: &[String]) -> Option<Refusal<'a>> {
    let in_group = |pattern: &&String| groups.iter().any(|group| matches(group, pattern));
    if let Some(pattern) = settings.deny_users.iter().find(|pattern| caller.is_meant(pattern)) {
        return Some(Refusal::DeniedUser(pattern));
    }
    if !settings.allow_users.is_empty() && !settings.allow_users.iter().any(|p| caller.is_meant(p)) {
        return Some(Refusal::NotAllowedUser);
    }
    if groups.is_empty() {
        return None;
    }
    if let Some(pattern) = settings.deny_groups.iter().find(in_group) {
        return Some(Refusal::DeniedGroup(pattern));
    }
    let stranger = !settings.allow_groups.is_empty() && !settings.allow_groups.iter().any(|p| in_group(&p));
    stranger.then_some(Refusal::NotAllowedGroup)
}

/// `AllowUsers` and its like.
fn not_allowed(server: Server<'_>) -> Option<Finding> {
    let groups = &server.evidence.login.groups;
    let pairs = server.refused(|settings, caller| refusal(settings, caller, groups).is_some())?;
    // The callers may be refused for different reasons; each of them is told.
    let callers: Vec<NodeIx> = match pairs.is_empty() {
        true => server.case.nodes.indices().filter(|from| *from != server.index).collect(),
        false => pairs.iter().filter_map(|pair| server.case.edge(*pair).map(|edge| edge.from)).collect(),
    };
    let mut told: Vec<&'static str> = Vec::new();
    let (mut seen, mut commands) = (Vec::new(), Vec::new());
    let mut addresses: Vec<IpAddr> =
        callers.iter().filter_map(|c| Some(server.case.node(*c)?.spec.ip)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    for address in &addresses {
        let Some(settings) = for_caller(&server.evidence.login.settings, Some(*address)) else { continue };
        let name =
            server.case.nodes.iter().find(|node| node.spec.ip == *address).and_then(|n| n.name.as_deref());
        let caller = Caller { user: &server.case.user, address: Some(*address), name };
        let Some(refusal) = refusal(settings, caller, groups) else { continue };
        let keyword = keyword(&refusal);
        if told.contains(&keyword) {
            continue;
        }
        told.push(keyword);
        let lines = server.lines(&[keyword]);
        commands.extend(admit(server, &refusal, settings, &lines, &addresses));
        seen.extend(lines);
    }
    let said = format!("{} keep out {}", told.join(", "), server.case.user);
    Some(server.finding(Code::AccountNotAllowed, pairs, &seen, &said).cure(server.by_hand(commands)))
}

const fn keyword(refusal: &Refusal<'_>) -> &'static str {
    match refusal {
        Refusal::DeniedUser(_) => "DenyUsers",
        Refusal::NotAllowedUser => "AllowUsers",
        Refusal::DeniedGroup(_) => "DenyGroups",
        Refusal::NotAllowedGroup => "AllowGroups",
    }
}

/// What lets the account in.
fn admit(
    server: Server<'_>,
    refusal: &Refusal<'_>,
    settings: &Settings,
    lines: &[&Setting],
    callers: &[IpAddr],
) -> Vec<Command> {
    let user = &server.case.user;
    let add = |keyword: &str, words: &str| -> Vec<Command> {
        let by = format!("\\1{} ", literal(words));
        let first = lines.first();
        first.map(|line| replace(line, &format!("({keyword}[[:space:]=]+)"), &by)).into_iter().collect()
    };
    match refusal {
        Refusal::DeniedUser(pattern) | Refusal::DeniedGroup(pattern) => {
            lines.iter().filter_map(|line| without(line, pattern)).collect()
        }
        // Where the user may come from some hosts only, the nodes become such hosts.
        Refusal::NotAllowedUser if settings.allow_users.iter().any(|p| bound(p, user)) => {
            let words: Vec<String> = callers.iter().map(|address| format!("{user}@{address}")).collect();
            add("AllowUsers", &words.join(" "))
        }
        Refusal::NotAllowedUser => add("AllowUsers", user),
        Refusal::NotAllowedGroup => {
            server.evidence.login.groups.first().map_or_else(Vec::new, |group| add("AllowGroups", group))
        }
    }
}

/// Whether a pattern means the user on some hosts.
fn bound(pattern: &str, user: &str) -> bool {
    pattern.split_once('@').is_some_and(|(name, _)| matches(user, name))
}

/// Takes a word from a line, if it is there; a line without words would keep sshd from starting.
fn without(line: &Setting, word: &str) -> Option<Command> {
    let words: Vec<&str> = line.text.split([' ', '=']).filter(|word| !word.is_empty()).skip(1).collect();
    if !words.contains(&word) {
        return None;
    }
    if words.len() == 1 {
        return Some(comment_out(line));
    }
    Some(replace(line, &format!("[[:space:]]+{}([[:space:]]|$)", literal(word)), "\\1"))
}
