//! Addresses of the names in a description, as this machine resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use crate::errors::Report;

/// How long all answers may take together. A name server that does not answer costs 10 seconds a name.
const LIMIT: Duration = Duration::from_secs(60);

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
    let asked = runtime.block_on(async { timeout(LIMIT, sshtrust::resolver::addresses(names)).await });
    let late = |_| {
        failed(&format!("No answer in {} seconds.", LIMIT.as_secs()))
            .cure("See whether the name server answers.")
    };
    asked.map_err(late)?.map_err(|why| failed(&why).cure("Name the nodes by address."))
}
