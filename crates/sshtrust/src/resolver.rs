//! Addresses of names, as this machine resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::inventory::parse_getent;

/// How many shells ask at a time.
const AT_ONCE: usize = 16;
/// The system's own tool knows every source of names (nsswitch.conf(5)) that a static program does not.
const SCRIPT: &str = r#"command -v getent >/dev/null || exit 69
for name; do echo "= $name"; getent ahosts "$name"; done
exit 0"#;

/// How long all names may take. A name server that does not answer costs 10 seconds a name, or more.
const LIMIT: Duration = Duration::from_secs(20);

/// Asks for all names. A name that is not known is left out, and so is one that no server has told in time.
///
/// # Errors
/// Why the system's tool could not be asked.
pub async fn addresses(names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<IpAddr>>, String> {
    ask(names, SCRIPT, LIMIT).await
}

async fn ask(
    names: &BTreeSet<String>,
    script: &'static str,
    limit: Duration,
) -> Result<BTreeMap<String, Vec<IpAddr>>, String> {
    let names: Vec<&String> = names.iter().collect();
    let mut shells = JoinSet::new();
    for part in names.chunks(names.len().div_ceil(AT_ONCE).max(1)) {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).args(part).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").stdin(Stdio::null()).stderr(Stdio::null());
        // The tool that waits ends with its shell.
        command.process_group(0).stdout(Stdio::piped()).kill_on_drop(true);
        shells.spawn(async move { told(command, limit).await });
    }
    let mut found = BTreeMap::new();
    while let Some(ended) = shells.join_next().await {
        let said = ended.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let said = said.ok_or("It is not there, or it was ended.")?;
        found.extend(parse_getent(&said));
    }
    Ok(found)
}

/// What a command prints until it ends or the time is over; `None`: it failed.
async fn told(mut command: Command, limit: Duration) -> std::io::Result<Option<Vec<u8>>> {
    let mut child = command.spawn()?;
    let mut said = Vec::new();
    let reading = async {
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut said).await?;
        }
        child.wait().await
    };
    let Ok(status) = timeout(limit, reading).await else {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // It may have ended just now, which is as good.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        return Ok(Some(said));
    };
    Ok(status?.success().then_some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_server_that_does_not_answer_holds_up_nobody() {
        let script = r#"for name; do echo "= $name"; [ "$name" = slow ] && sleep 600; echo "10.0.0.7 STREAM $name"; done"#;
        let names = ["fast", "slow"].map(str::to_owned).into();
        let found = ask(&names, script, Duration::from_secs(2)).await.unwrap();
        assert_eq!(found.get("fast").map(Vec::as_slice), Some(&[IpAddr::from([10, 0, 0, 7])][..]));
        assert!(found.get("slow").is_none_or(Vec::is_empty), "{found:?}");
        assert!(ask(&names, "exit 69", LIMIT).await.is_err());
    }
}
