//! Any bytes as `/etc/hosts`: unedited, with a mapping set, and with it removed again.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use sshfiles::Hosts;

fuzz_target!(|bytes: &[u8]| {
    let mapping = [(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), "node1".to_owned())];
    let mut file = Hosts::parse(bytes);
    assert_eq!(file.to_bytes(), bytes);
    file.remove_mapping();
    let clean = file.to_bytes();
    assert!(file.set_mapping(&mapping, false));
    assert!(!file.set_mapping(&mapping, true));
    assert!(file.lookup("NODE1").iter().any(|(_, _, ours)| *ours));
    assert_eq!(file.remove_mapping(), 1);
    // But for a final newline that was missing.
    let left = file.to_bytes();
    assert!(left == clean || left.strip_suffix(b"\n") == Some(&clean));
});
