//! What only a diagnosis needs to know of a node: a script a family, all behind `observe.sh`, so that it is still one
//! round trip.

use std::fmt::Write;
use std::time::Duration;

use trust::observe::{Evidence, Frames, ObserveError, Purpose, Questions, parse_evidence};

use super::{KEEPALIVE, SCRIPT, Shelf, now, read_between, read_within};
use crate::inventory::NodeSpec;
use crate::node::Shell;
use crate::probe::SSH;
use crate::text::sh_quote;

pub(super) const COMMON: &str = include_str!("evidence/common.sh");
/// In the order of the families, and whether the set-up wants them too.
const FAMILIES: [(&str, bool); 6] = [
    (include_str!("evidence/service.sh"), false),
    (include_str!("evidence/rights.sh"), true),
    (include_str!("evidence/keys.sh"), false),
    (include_str!("evidence/login.sh"), true),
    (include_str!("evidence/machine.sh"), false),
    (include_str!("evidence/client.sh"), true),
];
/// How long gathering may take on a busy node. Each command in it that may hang is bounded by itself.
const LIMIT: Duration = Duration::from_secs(120);

/// Gathers the evidence of one node, in one round trip, but for large files that no other node of the run has sent.
///
/// # Errors
/// [`ObserveError`] if it could not be read.
pub async fn gather(
    shell: &Shell,
    spec: NodeSpec,
    user: &str,
    questions: &Questions,
    purpose: Purpose,
    shelf: &Shelf,
) -> Result<Evidence, ObserveError> {
    let script = format!("{}{}", shelf.head(), script(user, questions, purpose));
    let from = now();
    let (token, output) = read_within(shell, script, LIMIT).await?;
    let mut frames = Frames::parse(&output, &token);
    shelf.complete(shell, &mut frames).await?;
    let mut evidence = parse_evidence(frames, spec, user)?;
    read_between(&mut evidence.state.clock, from);
    if let Some(clock) = &mut evidence.machine.clock {
        (clock.from, clock.to) = (from, now());
    }
    Ok(evidence)
}

/// The whole script. Only what was checked or quoted goes into it.
fn script(user: &str, questions: &Questions, purpose: Purpose) -> String {
    let mut head = String::new();
    let names: Vec<&str> = questions.names.iter().map(|(name, _)| name.as_str()).collect();
    let addresses: Vec<String> = questions.names.iter().map(|(_, ip)| ip.to_string()).collect();
    let callees: Vec<String> = questions.callees.iter().map(|n| format!("{},{}", n.ip, n.port)).collect();
    let peers: Vec<String> = questions.peers.iter().map(ToString::to_string).collect();
    let calls: Vec<String> = questions.calls.iter().map(|(host, port)| format!("{host}/{port}")).collect();
    let port = questions.port;
    let purpose_word = if purpose == Purpose::SetUp { "set-up" } else { "diagnosis" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        head,
        "gs_user={} gs_names={} gs_addresses={} gs_peers={} gs_callees={} gs_port={port} \
         gs_purpose={purpose_word} gs_in_vain={} gs_calls={}\n{}",
        sh_quote(user),
        sh_quote(&names.join(" ")),
        sh_quote(&addresses.join(" ")),
        sh_quote(&peers.join(" ")),
        sh_quote(&callees.join(" ")),
        if questions.in_vain { "yes" } else { "" },
        sh_quote(&calls.join(" ")),
        without_settings(),
    );
    let wanted = FAMILIES.iter().filter(|(_, for_set_up)| purpose == Purpose::Diagnosis || *for_set_up);
    let families: String = wanted.map(|(script, _)| *script).collect();
    format!("{head}{COMMON}{SCRIPT}{KEEPALIVE}{families}")
}

/// Functions that call as the program does: by the node's settings, below what the block in `~/.ssh/config` says, and by that
/// alone.
fn without_settings() -> String {
    let needs = sshfiles::SshConfig::needs();
    let needs: String =
        needs.map(|(key, value)| format!(" -o {}", sh_quote(&format!("{key}={value}")))).collect();
    let ssh = format!("${{gs_brief:+timeout 15}} {SSH} -o ConnectTimeout=10");
    let words = [
        ("usual", String::new()),
        ("below", format!("{needs} -o HostName=%h")),
        ("bare", format!(" -F none{needs}")),
    ];
    words.map(|(name, words)| format!("gs_{name}() {{ {ssh}{words} \"$@\"; }}\n")).concat()
}
