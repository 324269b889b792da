//! Any bytes as a hostfile: a cluster or an error, and a cluster is read again from what it prints.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::parse_hostfile;

fuzz_target!(|bytes: &[u8]| {
    let Ok(cluster) = parse_hostfile(bytes) else { return };
    let text: String = cluster.nodes.iter().map(|node| format!("{},{}\n", node.ip, node.port)).collect();
    assert_eq!(parse_hostfile(text.as_bytes()), Ok(cluster));
});
