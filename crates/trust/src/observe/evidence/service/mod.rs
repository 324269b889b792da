//! Whether sshd runs and as what it is set, who filters packets, and what the network answers.

mod iptables;
mod network;
mod nft;
mod rules;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sshfiles::SshdConfig;

use super::Facts;

pub use network::{Callee, Neighbour};
pub use rules::{Chain, Condition, Field, Hook, Manager, Rule, Verdict};

/// What starts services on a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Init {
    /// systemd(1) runs and knows the service.
    Systemd,
    /// service(8) and a script in `/etc/init.d`.
    Sysv,
    /// Nothing does, as in a container.
    #[default]
    Nothing,
}

/// A process, as proc_pid_stat(5) tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its state: `T` is stopped.
    pub state: char,
    /// What it calls itself, safe to show. sshd tells there how many callers are not logged in yet.
    pub title: String,
}

/// A unit of systemd, as systemctl(1) shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub id: String,
    /// `LoadState`: `loaded`, `masked`, `not-found`, ...
    pub load: String,
    /// `ActiveState`: `active`, `inactive`, `failed`, ...
    pub active: String,
    /// `UnitFileState`: `enabled`, `disabled`, ...
    pub enabled: String,
}

/// The files of TCP wrappers (hosts_access(5)), where sshd reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrappers {
    /// Lines of `/etc/hosts.deny`, safe to show.
    pub deny: Vec<String>,
    /// Lines of `/etc/hosts.allow`, safe to show.
    pub allow: Vec<String>,
}

/// What was seen of sshd and of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// What starts services.
    pub init: Init,
    /// The name of sshd's unit or script, without ending: `sshd`, or `ssh` on Debian and its relatives.
    pub unit: String,
    /// The path of sshd; `None`: it is not installed, or not where programs are.
    pub program: Option<String>,
    /// Programs of firewalls that are there; and `firewalld-runs`, `ufw-on`.
    pub tools: BTreeSet<String>,
    /// The listening sshd.
    pub process: Option<Process>,
    /// Where something listens for TCP; `None`: not seen.
    pub listens: Option<Vec<SocketAddr>>,
    /// sshd's settings, in the grammar of sshd_config(5).
    pub settings: String,
    /// They are those that sshd takes; else what its files say, as far as they can be read.
    pub effective: bool,
    /// Why sshd does not take its configuration (`sshd -t`), safe to show.
    pub test: Vec<String>,
    /// The units of sshd, if it does not listen.
    pub units: Vec<Unit>,
    /// The last lines of its journal, if it does not listen, safe to show.
    pub journal: Vec<String>,
    /// What sshd lately wrote about callers that it turns away as punished, safe to show.
    pub penalties: Vec<String>,
    /// Why sshd lately let somebody not in, in its own words, safe to show; if somebody had no success.
    pub refusals: Vec<String>,
    /// Every chain of the packet filter.
    pub rules: Vec<Chain>,
    /// firewalld's zone, if the port does not seem open in it, safe to show.
    pub zone: Vec<String>,
    /// TCP wrappers, if sshd asks them and they deny something.
    pub wrappers: Option<Wrappers>,
    /// Addresses, with their interfaces.
    pub addresses: Vec<(String, IpAddr)>,
    /// Hardware addresses of its interfaces.
    pub hardware: BTreeSet<String>,
    /// Which hardware addresses it knows of neighbours.
    pub neighbours: Vec<Neighbour>,
    /// How long it took to look up the name of an address, in hundredths of seconds; if sshd does that.
    pub lookups: Vec<(IpAddr, u64)>,
    /// What the network answers where its `ssh` had no success.
    pub callees: Vec<Callee>,
    /// The algorithms that its `ssh` offers, safe to show; if it had no success somewhere.
    pub offers: Vec<String>,
    /// Lines of sshd's configuration that choose algorithms: file, line, text; safe to show.
    pub chosen: Vec<String>,
    /// The same of the configuration of `ssh`.
    pub chosen_by_caller: Vec<String>,
}

impl Service {
    pub(super) fn take(facts: Facts<'_>) -> Self {
        let tools = facts.text("service-tools");
        let mut lines = tools.lines();
        let mut next = || lines.next().unwrap_or_default().trim().to_owned();
        let init = match next().as_str() {
            "systemd" => Init::Systemd,
            "sysv" => Init::Sysv,
            _ => Init::Nothing,
        };
        let (unit, program) = (next(), next());
        let mut tools: BTreeSet<String> = next().split_whitespace().map(str::to_owned).collect();
        let rules = rules(facts);
        // It takes its chains away when it ends.
        if rules.iter().any(|chain| chain.table.ends_with(" firewalld") || chain.name == "INPUT_ZONES") {
            tools.insert("firewalld-runs".to_owned());
        }
        let effective = facts.has("service-settings") && !facts.has("service-test");
        let settings = if effective { facts.text("service-settings") } else { facts.text("service-files") };
        let (addresses, hardware) = (
            network::addresses(&facts.text("service-addresses")),
            network::hardware(&facts.text("service-hardware")),
        );
        Self {
            init,
            unit: if unit == "ssh" { unit } else { "sshd".to_owned() },
            program: Some(program).filter(|program| program.starts_with('/')),
            tools,
            process: process(&facts.lines("service-process")),
            listens: facts.has("service-listens").then(|| network::listeners(&facts.text("service-listens"))),
            settings,
            effective,
            test: facts.lines("service-test"),
            units: units(&facts.text("service-units")),
            journal: facts.lines("service-journal"),
            penalties: facts.lines("service-penalties"),
            refusals: facts.lines("service-refusals"),
            rules,
            zone: facts.lines("service-zone"),
            wrappers: (facts.text("service-libwrap") == "yes")
                .then(|| Wrappers { deny: facts.lines("service-deny"), allow: facts.lines("service-allow") }),
            addresses,
            hardware,
            neighbours: network::neighbours(&facts.text("service-neighbours")),
            lookups: network::lookups(&facts.text("service-lookups")),
            callees: network::callees(&facts.text("service-callees")),
            offers: facts.lines("service-offers"),
            chosen: facts.lines("service-chosen"),
            chosen_by_caller: facts.lines("service-chosen-by-caller"),
        }
    }

    /// A setting of sshd, its arguments apart.
    #[must_use]
    pub fn setting(&self, keyword: &str) -> Option<Vec<String>> {
        SshdConfig::parse(self.settings.as_bytes()).get(keyword)
    }

    /// A setting of sshd that is a number.
    #[must_use]
    pub fn number(&self, keyword: &str) -> Option<u32> {
        self.setting(keyword)?.first()?.parse().ok()
    }

    /// Whether somebody listens on a port of this address; `None`: not seen.
    #[must_use]
    pub fn listens_on(&self, ip: IpAddr, port: u16) -> Option<bool> {
        let fits = |at: &SocketAddr| at.port() == port && (at.ip() == ip || is_any(at.ip()));
        self.listens.as_ref().map(|places| places.iter().any(fits))
    }

    /// Whether a program of a firewall is there.
    #[must_use]
    pub fn has(&self, tool: &str) -> bool {
        self.tools.contains(tool)
    }

    /// The interface that has this address.
    #[must_use]
    pub fn interface(&self, ip: IpAddr) -> Option<&str> {
        self.addresses.iter().find(|(_, own)| *own == ip).map(|(name, _)| name.as_str())
    }
}

fn is_any(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::UNSPECIFIED) || ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

fn rules(facts: Facts<'_>) -> Vec<Chain> {
    let mut rules = nft::parse(&facts.text("service-nft"));
    for fact in ["service-iptables", "service-ip6tables"] {
        let text = facts.text(fact);
        if let Some((tool, listing)) = text.split_once('\n') {
            rules.extend(iptables::parse(tool.trim(), listing));
        }
    }
    rules
}

/// The line of proc_pid_stat(5), then the arguments.
fn process(lines: &[String]) -> Option<Process> {
    let (stat, rest) = lines.split_first()?;
    // The name in brackets may have anything in it.
    let (pid, after) = (stat.split(' ').next()?, stat.rsplit_once(')')?.1);
    let state = after.trim_start().chars().next()?;
    let title = rest.join(" ");
    // One that serves a caller tells whom: `sshd: root@pts/0`.
    let listener = title.contains("[listener]") || !title.starts_with("sshd: ");
    listener.then_some(Process { pid: pid.parse().ok()?, state, title })
}

/// Blocks of `Key=value`, set apart by empty lines.
fn units(text: &str) -> Vec<Unit> {
    let block = |block: &str| {
        let value = |key: &str| {
            let mut lines = block.lines().filter_map(|line| line.trim().split_once('='));
            lines.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        Unit {
            id: value("Id"),
            load: value("LoadState"),
            active: value("ActiveState"),
            enabled: value("UnitFileState"),
        }
    };
    text.split("\n\n").map(block).filter(|unit| !unit.id.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::parse::Frames;
    use super::*;
    use proptest::prelude::*;

    fn take(facts: &[(&str, &str)]) -> Service {
        let text: String =
            facts.iter().map(|(name, body)| format!("\nT fact {name}\n{body}\nT end\n")).collect();
        Service::take(Facts(&Frames::parse(text.as_bytes(), "T")))
    }

    #[test]
    fn nothing_printed_is_nothing_seen() {
        let seen = take(&[]);
        assert_eq!(seen, Service { unit: "sshd".to_owned(), ..Service::default() });
        assert_eq!(seen.listens_on([10, 0, 0, 1].into(), 22), None);
    }

    #[test]
    fn what_the_script_prints_is_read() {
        let seen = take(&[
            ("service-tools", "systemd\nssh\n/usr/sbin/sshd\n nft firewall-cmd firewalld-runs"),
            (
                "service-process",
                "17 (sshd) T 1 17 17 0\nsshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
            ),
            (
                "service-listens",
                "   0: 00000000:0016 00000000:0000 0A 00000000:00000000\n   1: 0100007F:0019 00000000:0000 0A 0",
            ),
            (
                "service-settings",
                "port 22\nmaxstartups 10:30:100\nmaxsessions 0\nsubsystem sftp internal-sftp",
            ),
            (
                "service-units",
                "Id=ssh.service\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n\nId=ssh.socket\nLoadState=not-found\n",
            ),
            ("service-libwrap", "yes"),
            ("service-deny", "# all\nsshd: ALL\n"),
        ]);
        assert_eq!((seen.init, seen.unit.as_str(), seen.effective), (Init::Systemd, "ssh", true));
        assert!(seen.has("firewalld-runs") && !seen.has("ufw"));
        let process = seen.process.clone().unwrap();
        assert_eq!((process.pid, process.state), (17, 'T'));
        assert!(process.title.ends_with("startups"));
        let at = |ip: [u8; 4], port| seen.listens_on(ip.into(), port);
        assert_eq!(
            (at([10, 0, 0, 1], 22), at([10, 0, 0, 1], 25), at([127, 0, 0, 1], 25)),
            (Some(true), Some(false), Some(true))
        );
        assert_eq!((seen.number("MaxSessions"), seen.setting("Subsystem").unwrap().len()), (Some(0), 2));
        assert_eq!(seen.units.len(), 2);
        assert_eq!((seen.units[0].active.as_str(), seen.units[1].load.as_str()), ("failed", "not-found"));
        assert_eq!(seen.wrappers.unwrap().deny, ["# all", "sshd: ALL"]);
        // What sshd does not take is not in effect.
        let broken = take(&[("service-settings", ""), ("service-test", "line 3: Bad \u{1b}[1m option")]);
        assert!(!broken.effective && broken.test == ["line 3: Bad \\u{1b}[1m option"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~\n]{0,200}") {
            for name in ["tools", "process", "listens", "settings", "test", "units", "nft", "iptables", "deny",
                         "addresses", "hardware", "neighbours", "lookups", "callees"] {
                let mut output = format!("\nT fact service-{name}\n").into_bytes();
                output.extend_from_slice(&bytes);
                output.extend_from_slice(text.as_bytes());
                output.extend_from_slice(b"\nT end\n");
                let _ = Service::take(Facts(&Frames::parse(&output, "T")));
            }
        }

        #[test]
        fn almost_rules_give_an_answer(words in proptest::collection::vec(
            "table|inet|ip|chain|\\{|\\}|\n|type|filter|hook|input|policy|drop|;|tcp|dport|!=|22|@x|\\{ 22, 80 \\}|jump|\"a b|# handle|7|-A|INPUT|-s|!|-j|REJECT|-p|-m|--dport|ct|state|,", 0..60)) {
            let text = words.join(" ");
            let _ = nft::parse(&text);
            let _ = iptables::parse("iptables", &text);
        }
    }
}
