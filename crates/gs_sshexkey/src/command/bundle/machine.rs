//! What `bundle` reads and changes on the coordinator itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sshtrust::bundle::PublicKey;
use sshtrust::bundle::{Guest, known_hosts_script, node_comment, own_key_script, plain_comment};
use sshtrust::enter::own_addresses;
use sshtrust::identity::read_public;
use sshtrust::inventory::NodeSpec;
use sshtrust::session::Credentials;
use sshtrust::text::printable;

use super::folder::shown;
use crate::command::runtime;
use crate::errors::Report;
use crate::host::User;

/// Default identities of ssh(1) whose public halves the nodes let in.
const IDENTITIES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];
/// The one of the manual procedure.
const OWN: &str = "id_rsa";
/// Largest public key file that is read, in bytes.
const LARGEST_KEY: usize = 64 << 10;

/// The keys of the coordinator's user.
pub(super) struct Keys {
    /// Those that the nodes shall let in. Never empty.
    pub(super) guests: Vec<Guest>,
    /// One was made just now.
    pub(super) made: bool,
    /// One of them opens without a passphrase.
    pub(super) open: bool,
    /// Where that of the manual procedure lies.
    pub(super) path: PathBuf,
}

/// The user's keys. Without one that opens by itself, and without `~/.ssh/id_rsa`, that is made.
pub(super) fn keys(user: &User, nodes: &[NodeSpec]) -> Result<Keys, Report> {
    let path = user.home.join(".ssh").join(OWN);
    let mut open = opens(&user.home)?;
    let made = !open && !path.exists();
    if made {
        sh(&own_key_script(&user.name), &[]).map_err(|said| {
            Report::new("51108", &format!("Ssh-keygen failed. {said}"))
                .cure("Do as the message says, and run this again.")
        })?;
        open = opens(&user.home)?;
    }
    let own = own_addresses();
    let here = nodes.iter().find(|node| own.contains(&node.ip));
    let comment = |name: &str| match here {
        // The same line that this machine's own script writes.
        Some(node) if name == OWN => node_comment(&user.name, *node),
        _ => plain_comment(&format!("{}@coordinator-{name}", user.name)),
    };
    let guest = |name: &str, key: PublicKey| Guest { key, comment: comment(name) };
    let files = IDENTITIES.iter().filter_map(|name| Some(guest(name, public(&user.home, name)?)));
    let guests: Vec<Guest> =
        read_public(&user.home).map(|key| guest("id_om", key)).into_iter().chain(files).collect();
    if guests.is_empty() {
        let path = shown(&path);
        return Err(Report::new("50201", &format!("The {path}.pub does not exist."))
            .cure(&format!("Make it from the private key: ssh-keygen -y -f {path} > {path}.pub")));
    }
    Ok(Keys { guests, made, open, path })
}

/// Whether there is a key that the set-up of trust can use without asking.
fn opens(home: &Path) -> Result<bool, Report> {
    let found = runtime::complete(Credentials::collect(home, None))?;
    Ok(!found.keys().is_empty())
}

fn public(home: &Path, name: &str) -> Option<PublicKey> {
    let text = std::fs::read_to_string(home.join(".ssh").join(format!("{name}.pub"))).ok()?;
    let line = text.lines().next().filter(|_| text.len() <= LARGEST_KEY)?;
    line.parse().ok()
}

/// Puts new content into `~/.ssh/known_hosts`.
pub(super) fn put_known_hosts(user: &User, bytes: &[u8]) -> Result<(), Report> {
    sh(&known_hosts_script(&user.name), bytes).map_err(|said| {
        let path = shown(&user.home.join(".ssh/known_hosts"));
        Report::new("50205", &format!("Failed to write {path}. {said}"))
            .cure("Do as the message says, and run this again.")
    })
}

/// Runs a script of ours on this machine; else what it said.
fn sh(script: &str, input: &[u8]) -> Result<(), String> {
    let run = || {
        let mut child = Command::new("sh")
            .args(["-c", script, "gs_sshexkey"])
            // Errors of the program are in English.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A script that fails early does not read it, and says why.
            let _ = stdin.write_all(input);
        }
        child.wait_with_output()
    };
    let output = run().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(printable(&output.stderr)) }
}
