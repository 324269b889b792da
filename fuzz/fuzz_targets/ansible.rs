//! Any bytes as an Ansible inventory, in either form: hosts, or mistakes with their lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::MOST_NODES;
use trust::inventory::ansible::{AnsibleError, parse_ansible};

fuzz_target!(|bytes: &[u8]| {
    match parse_ansible(bytes, "all") {
        Ok(hosts) => assert!(!hosts.is_empty() && hosts.len() <= MOST_NODES),
        Err(AnsibleError::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| mistake.line > 0));
        }
        Err(_) => {}
    }
});
