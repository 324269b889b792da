//! What is left of secrets in the memory of a run.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::process::Command;

use lab::Node;

use crate::before::*;
use crate::harness::*;
use crate::store::passphrase;
use crate::tools::*;

/// The system's page, in bytes.
const PAGE: usize = 4096;

/// All that the run on a node has written into its memory, in pieces without untouched pages.
fn memory(node: &Node) -> Vec<Vec<u8>> {
    let runs = node.processes();
    let run = runs.iter().find(|p| p.cmdline.starts_with(b"gs_sshexkey\0-f")).unwrap();
    let maps = read_to_string(format!("/proc/{}/maps", run.pid)).unwrap();
    let memory = File::open(format!("/proc/{}/mem", run.pid)).unwrap();
    let writable = maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw"));
    let regions = writable.filter_map(|line| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // What the system keeps there for itself cannot be read.
        memory.read_exact_at(&mut bytes, start).ok().map(|()| bytes)
    });
    regions.flat_map(|region| touched(&region)).collect()
}

fn touched(region: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    for page in region.chunks(PAGE) {
        match (page == [0; PAGE], pieces.last_mut()) {
            (false, Some(piece)) => piece.extend_from_slice(page),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces
}

fn times(memory: &[Vec<u8>], secret: &[u8]) -> usize {
    memory.iter().map(|bytes| bytes.windows(secret.len()).filter(|window| *window == secret).count()).sum()
}

/// The secret scalar of the cluster's key as its bytes, and as it stands in the text of an unlocked file.
fn open_key(node: &Node) -> [Vec<u8>; 2] {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, node.read("/root/.ssh/id_om").unwrap()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut unlock = Command::new("ssh-keygen");
    unlock.args(["-q", "-p", "-P", &passphrase(node, "/root"), "-N", "", "-f"]).arg(&path);
    assert!(unlock.status().unwrap().success());
    let text = read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('-')).collect();
    let blob = data_encoding::BASE64.decode(lines.concat().as_bytes()).unwrap();
    let last = |bytes: &[u8]| blob.windows(bytes.len()).rposition(|window| window == bytes);
    let (seed, length) = match last(&[0, 0, 0, 65, 4]) {
        // ECDSA: the point, and the number as an mpint.
        Some(point) => {
            let number = point + 4 + 65;
            let length = usize::from(blob[number + 3]);
            (number + 4 + length.saturating_sub(32), length.min(32))
        }
        // Ed25519: 64 bytes, the seed and the public key.
        None => (last(&[0, 0, 0, 64]).unwrap() + 4, 32),
    };
    // A piece of the text within the seed and within a line.
    let whole = lines.concat();
    let width = lines[0].len();
    let first = seed.div_ceil(3) * 4;
    let place = (first..first + 16).step_by(4).find(|at| at % width + 20 <= width).unwrap();
    [blob[seed..seed + length].to_vec(), whole.as_bytes()[place..place + 20].to_vec()]
}

/// The words of `ssh` where a pair is tried, and not only asked what its settings come to.
const CALL: &str = "*UpdateHostKeys=no*boot_id*";

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_password_and_no_open_key_is_in_memory_while_pairs_are_verified() {
    let lab = cluster(3);
    let nodes = all(&lab);
    gate(nodes[1], "ssh-add", "-");
    gate(nodes[2], "ssh", CALL);
    let run = start(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    wait_at_gate(nodes[1]);
    let before = memory(nodes[0]);
    open_gate(nodes[1]);
    wait_at_gate(nodes[2]);
    let during = memory(nodes[0]);
    let [seed, text] = open_key(nodes[2]);
    open_gate(nodes[2]);
    finish(run).must_succeed();
    assert!(times(&before, &seed) > 0, "the search finds what is there");
    let found = [PASSWORD.as_bytes(), &seed, &text].map(|secret| times(&during, secret));
    assert_eq!(found, [0, 0, 0], "the password, the key, the key as text");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn no_open_key_stays_in_memory_where_nothing_else_is_sent() {
    let lab = cluster(3);
    let nodes = all(&lab);
    // Longer than what is sent to open another shell.
    set_up_with(&lab, "root", &["--key-type", "ecdsa"]);
    sh(nodes[1], "root", "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -D");
    gate(nodes[2], "ssh", CALL);
    let run = start(nodes[0], "root", &hostfile(&nodes), &[], &format!("{PASSWORD}\n"));
    wait_at_gate(nodes[2]);
    let during = memory(nodes[0]);
    open_gate(nodes[2]);
    finish(run).must_succeed();
    sh(nodes[1], "root", "SSH_AUTH_SOCK=~/gaussdb_tmp/gauss_socket_tmp ssh-add -l");
    let found = open_key(nodes[2]).map(|secret| times(&during, &secret));
    assert_eq!(found, [0, 0], "the key, the key as text");
}
