//! What the options say about host keys.

use std::path::Path;
use std::sync::Arc;

use sshtrust::enter::{HostKeyPolicy, RecordFile};
use sshtrust::inventory::Cluster;
use sshtrust::text::printable;

use super::source::read_bounded;
use crate::args::HostKeys;
use crate::errors::Report;

/// Largest file of host keys that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// Reads the file, if there is one. It has to speak of a node of the cluster: else it is the wrong file.
///
/// # Errors
/// The screen that says what is wrong with it.
pub(super) fn read(words: &HostKeys, cluster: &Cluster) -> Result<HostKeyPolicy, Report> {
    let pins = words.file.as_deref().map(|path| pins(path, cluster)).transpose()?;
    Ok(HostKeyPolicy { strict: words.strict, pins: pins.map(Arc::new) })
}

fn pins(path: &Path, cluster: &Cluster) -> Result<RecordFile, Report> {
    const CURE: &str =
        "Name a file in the form of known_hosts, with a line for each node: ADDRESS ssh-ed25519 KEY.";
    let name = printable(path.as_os_str().as_encoded_bytes());
    let bytes = read_bounded(path, LARGEST, "a file of host keys")
        .map_err(|error| Report::new("50204", &format!("Failed to read {name}. {error}")).cure(CURE))?;
    let file = RecordFile::parse(path.to_owned(), &bytes);
    if !file.speaks_of_any(cluster) {
        let text = "The parameter '--host-keys' value is incorrect. It has no key of any of the nodes.";
        return Err(Report::new("50004", text).detail(&name).cure(CURE));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_file_that_says_nothing_of_the_nodes_is_the_wrong_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let cluster = sshtrust::inventory::parse_hostfile(b"10.0.0.1\n10.0.0.2,2222\n").unwrap();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&HostKeys { strict: false, file: Some(path.clone()) }, &cluster)
        };
        for good in [
            format!("10.0.0.1 {KEY}\n"),
            format!("[10.0.0.2]:2222 {KEY}\n"),
            // Without its port it is meant for the node too.
            format!("10.0.0.2 {KEY}\n"),
            format!("@cert-authority * {KEY}"),
        ] {
            assert!(read(&good).unwrap().pins.is_some(), "{good}");
        }
        for bad in [String::new(), KEY.to_owned(), format!("10.0.0.3 {KEY}\n")] {
            let report = read(&bad).unwrap_err().to_string();
            assert!(
                report.starts_with("[GAUSS-50004] : The parameter '--host-keys' value is incorrect."),
                "{report}"
            );
            assert!(report.contains("/keys\n"), "{report}");
        }
        std::fs::remove_file(&path).unwrap();
        let absent =
            super::read(&HostKeys { strict: false, file: Some(path) }, &cluster).unwrap_err().to_string();
        assert!(absent.starts_with("[GAUSS-50204] : Failed to read "), "{absent}");
    }
}
