//! Clocks that differ: certificates, expiry and the age of passwords are misjudged.

use crate::diagnose::{ByHand, Case, Code, Command, Cure, Finding};
use crate::inventory::NodeIx;
use crate::observe::{Clock, Machine};

/// Clocks may differ by so many seconds.
const TOLERANCE: u64 = 60;

/// How far a clock is ahead of the coordinator's, in seconds: at least and at most. Nobody knows when between the
/// question and the answer it was read.
fn ahead(clock: Clock) -> (i64, i64) {
    (clock.said.saturating_sub(clock.to), clock.said.saturating_sub(clock.from))
}

/// Each clock that is wrong if the others are right. Of two, the machine that runs the program is believed, or the first.
pub(super) fn find(case: &Case) -> Vec<Finding> {
    let seen: Vec<(NodeIx, &Machine, Clock)> =
        case.seen().filter_map(|(node, _, e)| Some((node, &e.machine, e.machine.clock?))).collect();
    let middle = |clock: Clock| {
        let (least, most) = ahead(clock);
        least.midpoint(most)
    };
    let mut all: Vec<i64> = seen.iter().map(|(_, _, clock)| middle(*clock)).collect();
    all.sort_unstable();
    let local = seen.iter().find(|(node, ..)| case.node(*node).is_some_and(|node| node.local));
    let reference = match seen.as_slice() {
        [first, _] => middle(local.unwrap_or(first).2),
        _ => match all.get(all.len() / 2) {
            Some(median) => *median,
            None => return Vec::new(),
        },
    };
    let off = |clock: Clock| {
        let (least, most) = ahead(clock);
        if least > reference {
            least.saturating_sub(reference)
        } else {
            most.min(reference).saturating_sub(reference)
        }
    };
    let right = seen.iter().filter(|(_, _, clock)| off(*clock).unsigned_abs() <= TOLERANCE).count();
    let wrong = seen.iter().filter(|(_, _, clock)| off(*clock).unsigned_abs() > TOLERANCE);
    wrong
        .map(|(node, machine, clock)| {
            let finding = finding(*node, machine, *clock, off(*clock));
            // Half against half: nobody knows who is right.
            if right * 2 > seen.len() { finding } else { finding.likely() }
        })
        .collect()
}

fn finding(node: NodeIx, machine: &Machine, clock: Clock, off: i64) -> Finding {
    let how = if off > 0 { "ahead of" } else { "behind" };
    let said = format!("{}: {} seconds {how} the others", clock.said, off.unsigned_abs());
    let commands: &[&str] = match () {
        () if machine.has("chronyc") => {
            &["systemctl enable --now chronyd || systemctl enable --now chrony", "chronyc makestep"]
        }
        () if machine.has("ntpd") => &["systemctl enable --now ntpd || systemctl enable --now ntp"],
        () if machine.has("timedatectl") && machine.has("systemd") => &["timedatectl set-ntp true"],
        () => &["date"],
    };
    let commands = commands.iter().map(|command| Command::root(*command));
    Finding::new(Code::ClockSkew, node).seen(node, "date +%s", &said).cure(Cure::by_hand(
        node,
        ByHand::Judgement,
        commands,
    ))
}
