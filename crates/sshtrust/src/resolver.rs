//! Addresses of names, as this machine resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::process::Stdio;

use tokio::process::Command;
use tokio::task::JoinSet;

use crate::inventory::parse_getent;

/// How many shells ask at a time.
const AT_ONCE: usize = 16;
/// The system's own tool knows every source of names (nsswitch.conf(5)) that a static program does not.
const SCRIPT: &str = r#"command -v getent >/dev/null || exit 69
for name; do echo "= $name"; getent ahosts "$name"; done
exit 0"#;

/// Asks for all names. A name that is not known is left out. Takes as long as the system's name servers do: 10 seconds a
/// name, if one does not answer.
///
/// # Errors
/// Why the system's tool could not be asked.
pub async fn addresses(names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<IpAddr>>, String> {
    let names: Vec<&String> = names.iter().collect();
    let mut shells = JoinSet::new();
    for part in names.chunks(names.len().div_ceil(AT_ONCE).max(1)) {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).args(part).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").stdin(Stdio::null()).kill_on_drop(true);
        shells.spawn(async move { command.output().await });
    }
    let mut found = BTreeMap::new();
    while let Some(ended) = shells.join_next().await {
        let output = ended.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err("It is not there, or it was ended.".to_owned());
        }
        found.extend(parse_getent(&output.stdout));
    }
    Ok(found)
}
