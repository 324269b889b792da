//! `gs_sshexkey agent`: the agent of this machine's user.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sshtrust::identity::TOOL_DIR;
use sshtrust::keep::{self, Account, Agent, Exports, Holder, Kept, Status, StoreState};
use sshtrust::place::{LOG, OLD_LOG};
use sshtrust::plan::Job;

use crate::args::AgentJob;
use crate::errors::{self, Report};
use crate::host;
use crate::i18n::{AgentText, Lang};
use crate::log::{Level, Log};

/// From this size on, in bytes, a log is put aside and a new one begun.
const LARGEST_LOG: u64 = 64 << 10;

/// Runs it. The error was already shown.
pub(crate) fn run(job: AgentJob, lang: Lang) -> Result<(), ()> {
    let result = host::user().and_then(|user| {
        let account = Account { user: user.name, home: user.home };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Report::other(&format!("The program cannot start: {e}")))?;
        let result = runtime.block_on(work(&account, job, lang));
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
async fn work(account: &Account, job: AgentJob, lang: Lang) -> Result<bool, Report> {
    match job {
        AgentJob::Status { json } => {
            let status = keep::status(account).await.map_err(|e| errors::keep(&e))?;
            if json {
                say(&format!("{:#}", as_json(account, &status)));
            } else {
                say(&as_text(account, &status, lang));
            }
            Ok(status.holds_key())
        }
        AgentJob::Stop => {
            let ended = keep::stop(account).await.map_err(|e| errors::keep(&e))?;
            let text = if ended.is_empty() { AgentText::NothingToStop {} } else { AgentText::WasStopped {} };
            say(&text.text(lang));
            Ok(true)
        }
        AgentJob::Start => tell(account, keep::start(account).await, &AgentText::Lives {}.text(lang), lang),
        AgentJob::Keep => tell(account, keep::keep(account).await, "", lang),
    }
}

/// What a keep did, on the screen and, in English, in its log; `healthy` is said where there was nothing to do.
fn tell(
    account: &Account,
    result: Result<Kept, keep::KeepError>,
    healthy: &str,
    lang: Lang,
) -> Result<bool, Report> {
    let both = |text: AgentText<'_>| [text.text(Lang::En), text.text(lang)];
    let [logged, said] = match result {
        Ok(Kept::Healthy | Kept::Stopped) => {
            say(healthy);
            return Ok(true);
        }
        Ok(Kept::Busy(holder)) => {
            if healthy.is_empty() {
                tell_held(account, holder, lang);
                return Ok(true);
            }
            return Err(Report::other("Another run of gs_sshexkey is at work on the agent.")
                .cure("Wait until it has ended and run again."));
        }
        Ok(Kept::Repaired(pid)) if pid.is_empty() => both(AgentText::GivenKey {}),
        Ok(Kept::Repaired(pid)) => both(AgentText::Started { pid: &pid }),
        Ok(Kept::ExportsSet) => both(AgentText::ExportsSet {}),
        Ok(Kept::Recovered) => both(AgentText::Recovered {}),
        Ok(Kept::Waiting) => both(AgentText::Waiting {}),
        Ok(Kept::Unjudged) => {
            if healthy.is_empty() {
                return Ok(true);
            }
            both(AgentText::Unjudged {})
        }
        Err(error) => {
            let report = errors::keep(&error);
            log(account, Level::Error, &report.to_string());
            return Err(report);
        }
    };
    log(account, Level::Log, &logged);
    say(&said);
    Ok(true)
}

/// A lock that a job finds held for minutes: somebody may wait for the agent, and this run never end.
fn tell_held(account: &Account, holder: Option<Holder>, lang: Lang) {
    if let Some(Holder { pid, .. }) = holder.filter(Holder::is_long) {
        let text = AgentText::HeldLong { pid: &pid };
        log(account, Level::Error, &text.text(Lang::En));
        say(&text.text(lang));
    }
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
        let _ = std::fs::rename(&path, folder.join(OLD_LOG));
    }
    // A log that cannot be written is no reason not to keep the agent. Nor is a folder made for it: an undo may have taken it
    // away just now.
    let _ = Log::append(&path).map(|log| log.write(level, text));
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
        "held_by": status.held_by.map(|holder| holder.pid),
        "held_seconds": status.held_by.map(|holder| holder.age.as_secs()),
        "healthy": status.holds_key(),
    })
}

fn text_of(path: &Path) -> String {
    sshtrust::text::printable(path.as_os_str().as_encoded_bytes())
}

fn as_text(account: &Account, status: &Status, lang: Lang) -> String {
    let processes: Vec<String> = status.processes.iter().map(ToString::to_string).collect();
    let pids = processes.join(" ");
    let agent = match agent_word(status) {
        "running" => AgentText::Running { pids: &pids },
        "stopped" => AgentText::Stopped {},
        "missing" if pids.is_empty() => AgentText::NotRunning {},
        "missing" => AgentText::SocketGone { pids: &pids },
        "dead" => AgentText::SocketLeft {},
        _ => AgentText::Silent { pids: &pids },
    };
    let key = status.key.as_ref().map_or_else(
        || AgentText::NoKey {}.text(lang),
        |key| {
            let (kind, fingerprint) = (&key.algorithm(), &key.fingerprint());
            if status.holds_key() {
                AgentText::KeyHeld { kind, fingerprint }.text(lang)
            } else {
                AgentText::KeyNotHeld { kind, fingerprint }.text(lang)
            }
        },
    );
    let why;
    let store = match &status.store {
        StoreState::OpensKey => AgentText::StoreOpens {},
        StoreState::Useless => AgentText::StoreUseless {},
        StoreState::NotTried(reason) => {
            why = reason.to_string();
            AgentText::StoreNotTried { why: &why }
        }
    };
    let exports = match status.exports {
        Exports::Right => AgentText::ExportsRight {},
        Exports::Stale => AgentText::ExportsStale {},
        Exports::Missing => AgentText::ExportsMissing {},
    };
    let program =
        if status.program.is_some() { AgentText::ProgramThere {} } else { AgentText::ProgramMissing {} };
    let screen = AgentText::Screen {
        socket: &text_of(&account.socket()),
        agent: &agent.text(lang),
        key: &key,
        store: &store.text(lang),
        exports: &exports.text(lang),
        program: &program.text(lang),
        keepalive: &keepalive(status, lang),
    };
    let held = status.held_by.filter(Holder::is_long);
    let held = held
        .map(|Holder { pid, age }| AgentText::Held { pid: &pid, minutes: &(age.as_secs() / 60) }.text(lang));
    screen.text(lang) + &held.unwrap_or_default()
}

/// When the agent comes back.
fn keepalive(status: &Status, lang: Lang) -> String {
    let why = &status.cron_trouble;
    let trouble = match lang {
        _ if why.is_empty() => String::new(),
        Lang::En => format!("; {why}"),
        Lang::Zh => format!("（{why}）"),
    };
    let text = match status.job {
        Some(Job::Cron) => AgentText::ByCron {},
        Some(Job::Timer) => AgentText::ByTimer { trouble: &trouble },
        Some(Job::Profile) => AgentText::AtLogin { trouble: &trouble },
        None => AgentText::ByNothing { trouble: &trouble },
    };
    text.text(lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<Status> {
        let status = Status {
            agent: Agent::None,
            processes: Vec::new(),
            stopped: false,
            key: None,
            store: StoreState::Useless,
            exports: Exports::Missing,
            program: None,
            job: None,
            cron_trouble: String::new(),
            held_by: None,
        };
        let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[7; 32]].concat();
        let key = keep::PublicKey::from_blob(blob).ok();
        assert!(key.is_some());
        let blob = key.as_ref().map(|key| key.blob().to_vec()).unwrap_or_default();
        vec![
            status.clone(),
            Status { stopped: true, ..status.clone() },
            Status { processes: vec![7], ..status.clone() },
            Status { agent: Agent::Dead, exports: Exports::Stale, ..status.clone() },
            Status {
                agent: Agent::Silent,
                job: Some(Job::Profile),
                cron_trouble: "no cron".to_owned(),
                ..status.clone()
            },
            Status { key: key.clone(), job: Some(Job::Timer), ..status },
            Status {
                agent: Agent::Holds(vec![blob]),
                processes: vec![7, 8],
                stopped: false,
                key,
                store: StoreState::OpensKey,
                exports: Exports::Right,
                program: Some("0f".repeat(32)),
                job: Some(Job::Cron),
                cron_trouble: String::new(),
                held_by: Some(Holder { pid: 77, age: std::time::Duration::from_secs(731) }),
            },
        ]
    }

    fn account() -> Account {
        Account { user: "omm".to_owned(), home: "/home/omm".into() }
    }

    #[test]
    fn what_programs_read_is_as_the_schema_says() {
        let schema = include_str!("../../../../docs/schema/agent-status-1.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for status in states() {
            let good = as_json(&account(), &status);
            let errors: Vec<String> = validator.iter_errors(&good).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            for member in good.as_object().unwrap().keys() {
                let mut bad = good.clone();
                bad.as_object_mut().unwrap().remove(member);
                assert!(!validator.is_valid(&bad), "{member}");
            }
        }
        let mut bad = as_json(&account(), &states()[0]);
        bad["agent"] = "tired".into();
        assert!(!validator.is_valid(&bad));
    }

    #[test]
    fn a_lock_that_is_held_for_minutes_is_told_once() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(TOOL_DIR)).unwrap();
        let account = Account { user: "omm".to_owned(), home: home.path().to_owned() };
        let written = || std::fs::read_to_string(home.path().join(TOOL_DIR).join(LOG)).unwrap_or_default();
        let found = |seconds| {
            let holder = Holder { pid: 77, age: std::time::Duration::from_secs(seconds) };
            tell(&account, Ok(Kept::Busy(Some(holder))), "", Lang::Zh)
        };
        assert_eq!((found(20), tell(&account, Ok(Kept::Busy(None)), "", Lang::En)), (Ok(true), Ok(true)));
        assert_eq!(written(), "");
        assert_eq!((found(200), found(260)), (Ok(true), Ok(true)));
        let log = written();
        assert_eq!(
            (log.lines().count(), log.contains("process 77"), log.contains("kill 77")),
            (1, true, true),
            "{log}"
        );
        // Whoever asks for the agent is told at once.
        let asked = tell(&account, Ok(Kept::Busy(None)), "healthy", Lang::En).unwrap_err().to_string();
        assert!(asked.contains("Another run of gs_sshexkey is at work"), "{asked}");
    }

    #[test]
    fn the_screen_lines_up_in_both_languages() {
        for status in states() {
            for (lang, column) in [(Lang::En, 12), (Lang::Zh, 10)] {
                let text = as_text(&account(), &status, lang);
                assert_eq!(text.lines().count(), if status.held_by.is_some() { 8 } else { 7 }, "{text}");
                for line in text.lines() {
                    let label = line.split("  ").next().unwrap();
                    let before = line.len() - line.trim_start_matches(label).trim_start().len();
                    assert_eq!(unicode_width::UnicodeWidthStr::width(&line[..before]), column, "{line}");
                }
            }
        }
        let text = as_text(&account(), &states()[6], Lang::En);
        assert!(
            text.contains("Agent       running, process 7 8\n") && text.contains(", held by the agent\n")
        );
    }
}
