//! Any bytes as openGauss's cluster XML: a cluster of named nodes, or mistakes with their lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::xml::parse_xml;

fuzz_target!(|bytes: &[u8]| {
    match parse_xml(bytes, 22) {
        Ok(cluster) => {
            assert!(!cluster.nodes.is_empty() && cluster.nodes.len() == cluster.names.len());
            assert!(cluster.names.iter().all(Option::is_some));
        }
        Err(mistakes) => assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| mistake.line > 0)),
    }
});
