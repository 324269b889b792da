//! `gs_sshexkey agent`: the agent of this machine's user.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sshtrust::identity::TOOL_DIR;
use sshtrust::keep::{self, Account, Agent, Exports, Kept, Status, StoreState};
use sshtrust::plan::Job;

use crate::args::AgentJob;
use crate::errors::{self, Report};
use crate::host;
use crate::log::{Level, Log};

/// The keepalive's own log, in the tool's folder. A job of cron has no screen.
const LOG: &str = "keepalive.log";
/// From this size on, in bytes, a log is put aside and a new one begun.
const LARGEST_LOG: u64 = 64 << 10;

/// Runs it. The error was already shown.
pub(crate) fn run(job: AgentJob) -> Result<(), ()> {
    let result = host::user().and_then(|user| {
        let account = Account { user: user.name, home: user.home };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Report::other(&format!("The program cannot start: {e}")))?;
        let result = runtime.block_on(work(&account, job));
        runtime.shutdown_background();
        result
    });
    match result {
        Ok(healthy) => healthy.then_some(()).ok_or(()),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            Err(())
        }
    }
}

/// Does the job. `false`: it was done, and the agent is not as it should be.
async fn work(account: &Account, job: AgentJob) -> Result<bool, Report> {
    match job {
        AgentJob::Status { json } => {
            let status = keep::status(account).await.map_err(|e| errors::keep(&e))?;
            if json {
                say(&format!("{:#}", as_json(account, &status)));
            } else {
                say(&as_text(account, &status));
            }
            Ok(status.holds_key())
        }
        AgentJob::Stop => {
            let ended = keep::stop(account).await.map_err(|e| errors::keep(&e))?;
            let what =
                if ended.is_empty() { "There was no agent to stop." } else { "The agent was stopped." };
            say(&format!("{what} It stays away until 'gs_sshexkey agent start'."));
            Ok(true)
        }
        AgentJob::Start => tell(account, keep::start(account).await, "The agent lives and holds the key."),
        AgentJob::Keep => tell(account, keep::keep(account).await, ""),
    }
}

/// What a keep did, on the screen and in its log; `healthy` is said where there was nothing to do.
fn tell(account: &Account, result: Result<Kept, keep::KeepError>, healthy: &str) -> Result<bool, Report> {
    let text = match result {
        Ok(Kept::Healthy | Kept::Stopped) => {
            say(healthy);
            return Ok(true);
        }
        Ok(Kept::Busy) => {
            if healthy.is_empty() {
                return Ok(true);
            }
            return Err(Report::other("Another run of gs_sshexkey is at work on the agent.")
                .cure("Wait until it has ended and run again."));
        }
        Ok(Kept::Repaired(pid)) if pid.is_empty() => "The agent was given the key.".to_owned(),
        Ok(Kept::Repaired(pid)) => format!("The agent was started (process {pid}) and given the key."),
        Ok(Kept::ExportsSet) => "The exports in ~/.bashrc were set right.".to_owned(),
        Err(error) => {
            let report = errors::keep(&error);
            log(account, Level::Error, &report.to_string());
            return Err(report);
        }
    };
    log(account, Level::Log, &text);
    say(&text);
    Ok(true)
}

fn say(text: &str) {
    if !text.is_empty() {
        // Nobody may be listening.
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    }
}

/// Appends to the keepalive's log. What fails each minute is said once.
fn log(account: &Account, level: Level, text: &str) {
    let folder = account.home.join(TOOL_DIR);
    let path = folder.join(LOG);
    let last = std::fs::read_to_string(&path).unwrap_or_default();
    if !folder.is_dir() || (level == Level::Error && last.ends_with(&format!(":{}\n", last_line(text)))) {
        return;
    }
    if last.len() as u64 > LARGEST_LOG {
        let _ = std::fs::rename(&path, folder.join(format!("{LOG}.1")));
    }
    // A log that cannot be written is no reason not to keep the agent.
    let _ = Log::open(&path).map(|log| log.write(level, text));
}

fn last_line(text: &str) -> &str {
    text.lines().next_back().unwrap_or_default()
}

fn agent_word(status: &Status) -> &'static str {
    match status.agent {
        Agent::Holds(_) => "running",
        Agent::None if status.stopped => "stopped",
        Agent::None => "missing",
        Agent::Dead => "dead",
        Agent::Silent => "silent",
    }
}

const fn job_word(job: Option<Job>) -> &'static str {
    match job {
        Some(Job::Cron) => "cron",
        Some(Job::Timer) => "timer",
        Some(Job::Profile) => "login",
        None => "none",
    }
}

fn as_json(account: &Account, status: &Status) -> Value {
    let key = status.key.as_ref();
    let exports = match status.exports {
        Exports::Right => "right",
        Exports::Stale => "stale",
        Exports::Missing => "missing",
    };
    json!({
        "schema": 1,
        "user": account.user,
        "socket": text_of(&account.socket()),
        "agent": agent_word(status),
        "stopped": status.stopped,
        "processes": status.processes,
        "key": key.map(sshtrust::keep::PublicKey::fingerprint),
        "key_type": key.map(|key| key.algorithm().to_owned()),
        "key_held": status.holds_key(),
        "passphrase_opens_key": status.store == StoreState::OpensKey,
        "exports": exports,
        "program": status.program,
        "keepalive": job_word(status.job),
        "cron_trouble": status.cron_trouble,
        "healthy": status.holds_key(),
    })
}

fn text_of(path: &Path) -> String {
    sshtrust::text::printable(path.as_os_str().as_encoded_bytes())
}

fn as_text(account: &Account, status: &Status) -> String {
    let processes: Vec<String> = status.processes.iter().map(ToString::to_string).collect();
    let agent = match agent_word(status) {
        "running" => format!("running, process {}", processes.join(" ")),
        "stopped" => "stopped by 'gs_sshexkey agent stop'".to_owned(),
        "missing" if processes.is_empty() => "not running".to_owned(),
        "missing" => format!("its socket is gone, process {}", processes.join(" ")),
        "dead" => "not running; its socket was left behind".to_owned(),
        _ => format!("does not answer, process {}", processes.join(" ")),
    };
    let key = status.key.as_ref().map_or_else(
        || "none: there is no trust on this node".to_owned(),
        |key| {
            let held = if status.holds_key() { "held by the agent" } else { "NOT held by the agent" };
            format!("{} {}, {held}", key.algorithm(), key.fingerprint())
        },
    );
    let store = match status.store {
        StoreState::OpensKey => "opens the key",
        StoreState::Useless => "CANNOT be read or does not open the key",
    };
    let exports = match status.exports {
        Exports::Right => "right",
        Exports::Stale => "name a process that is no agent",
        Exports::Missing => "missing",
    };
    let program = if status.program.is_some() { "in place" } else { "not on this node" };
    format!(
        "Socket      {}\nAgent       {agent}\nKey         {key}\nPassphrase  {store}\nExports     {exports}\n\
         Program     {program}\nKeepalive   {}\n",
        text_of(&account.socket()),
        keepalive(status),
    )
}

/// When the agent comes back.
fn keepalive(status: &Status) -> String {
    let trouble =
        if status.cron_trouble.is_empty() { String::new() } else { format!("; {}", status.cron_trouble) };
    match status.job {
        Some(Job::Cron) => "by cron, each minute".to_owned(),
        Some(Job::Timer) => format!("by a timer of the user's systemd, each minute{trouble}"),
        Some(Job::Profile) => format!("at login{trouble}"),
        None => format!("NONE: the agent does not come back by itself{trouble}"),
    }
}
