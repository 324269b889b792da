//! Addresses of names, as this machine resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use sshtrust::inventory::parse_getent;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::errors::Report;

/// How long all answers may take together. A name server that does not answer costs 10 seconds a name.
const LIMIT: Duration = Duration::from_secs(60);
/// How many shells ask at a time.
const AT_ONCE: usize = 16;
/// The system's own tool knows every source of names (nsswitch.conf(5)) that a static program does not.
const SCRIPT: &str = r#"command -v getent >/dev/null || exit 69
for name; do echo "= $name"; getent ahosts "$name"; done
exit 0"#;

/// Asks for all names. A name that is not known is left out.
///
/// # Errors
/// The screen, if the tool is missing or does not come to an end.
pub(crate) fn addresses(names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<IpAddr>>, Report> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let failed = |why: &str| Report::new("51400", &format!("Failed to execute the command: getent. {why}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| failed(&e.to_string()))?;
    let asked = runtime.block_on(async { timeout(LIMIT, ask(names)).await });
    let late = |_| {
        failed(&format!("No answer in {} seconds.", LIMIT.as_secs()))
            .cure("See whether the name server answers.")
    };
    let outputs = asked.map_err(late)?.map_err(|why| failed(&why).cure("Name the nodes by address."))?;
    Ok(outputs.iter().flat_map(|output| parse_getent(output)).collect())
}

async fn ask(names: &BTreeSet<String>) -> Result<Vec<Vec<u8>>, String> {
    let names: Vec<&String> = names.iter().collect();
    let mut shells = JoinSet::new();
    for part in names.chunks(names.len().div_ceil(AT_ONCE)) {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).args(part).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").stdin(Stdio::null()).kill_on_drop(true);
        shells.spawn(async move { command.output().await });
    }
    let mut outputs = Vec::new();
    while let Some(ended) = shells.join_next().await {
        let output = ended.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err("It is not there, or it was ended.".to_owned());
        }
        outputs.push(output.stdout);
    }
    Ok(outputs)
}
