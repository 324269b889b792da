//! Any bytes as a node's answer, carried by hand: its keys, or an error; and nothing of it but keys and a name in the
//! script that is made of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::bundle::{finish_script, parse_answer};
use trust::inventory::NodeSpec;

fuzz_target!(|bytes: &[u8]| {
    let node = NodeSpec { ip: [10, 0, 0, 1].into(), port: 22 };
    if let Ok(answer) = parse_answer(bytes, node, "omm") {
        assert!(!answer.host_keys.is_empty());
        let lines = answer.host_keys.len() * answer.hosts(node).len();
        let script = finish_script("omm", &[(node, answer)]);
        let known = script.split("gs_known='").nth(1).and_then(|rest| rest.split('\'').next());
        assert_eq!(known.map(|text| text.lines().count()), Some(lines));
    }
});
