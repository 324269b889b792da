//! The jobs that bring the agent back, taken away.

use std::sync::Arc;

use sshfiles::Crontab;

use super::job::UNIT;
use crate::observe::{Entry, Linger, NodeState};
use crate::place::Place;
use crate::plan::{Content, FileEdit, Found, Job, Taking};
use crate::text::sh_quote;

/// Takes the jobs from a node: the line in the crontab, openGauss's own too, and the timer.
pub fn take(state: &NodeState, taking: &mut Taking) {
    let Some(keepalive) = &state.keepalive else { return };
    let table = keepalive.entry(Place::Crontab);
    let mut lines = Crontab::parse(&table.bytes);
    let path = table.path.clone();
    let jobs = lines.remove_job() > 0;
    if jobs {
        taking.found.push(Found::Job { by: Job::Cron, path });
    }
    let checks = lines.remove_agent_check() > 0;
    if checks {
        taking.found.push(Found::AgentCheck);
    }
    if jobs || checks {
        let content = Content::Bytes(Arc::new(lines.to_bytes()));
        taking.crontab = Some(FileEdit { old: table.clone(), content, mode: None, secret: false });
    }
    let units = [keepalive.entry(Place::Service), keepalive.entry(Place::Timer)];
    if units.iter().any(|unit| unit.exists()) {
        let path = units.iter().find(|unit| unit.exists()).map(|unit| unit.path.clone()).unwrap_or_default();
        taking.found.push(Found::Job { by: Job::Timer, path });
        taking.after.push(timer_off(state, &units));
    }
    if state.entry(Place::LingerMark).exists() && keepalive.linger == Linger::On {
        taking.found.push(Found::Linger);
        let mark = sh_quote(&state.entry(Place::LingerMark).path);
        taking.after.push(format!(
            "[ ! -e {mark} ] || gs_bounded 20 loginctl disable-linger \"$gs_user\" </dev/null"
        ));
    }
}

fn timer_off(state: &NodeState, units: &[&Entry]) -> String {
    let files: Vec<String> =
        units.iter().filter(|unit| unit.exists()).map(|unit| sh_quote(&unit.path)).collect();
    let wants = sh_quote(&format!("{}/.config/systemd/user/timers.target.wants", state.home));
    format!(
        "XDG_RUNTIME_DIR=/run/user/$gs_uid; export XDG_RUNTIME_DIR; \
         gs_bounded 20 systemctl --user disable --now {UNIT}.timer </dev/null 2>/dev/null; rm -f {files}; \
         rmdir {wants} 2>/dev/null; gs_bounded 20 systemctl --user daemon-reload </dev/null 2>/dev/null; :",
        files = files.join(" ")
    )
}
