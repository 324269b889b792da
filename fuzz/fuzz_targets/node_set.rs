//! Any text as a node set: some distinct words, or a mistake. What was expanded expands to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trust::inventory::MOST_NODES;
use trust::inventory::nodeset::{expand, parse_nodeset};

fuzz_target!(|text: &str| {
    let _ = parse_nodeset(text);
    let Ok(words) = expand(text) else { return };
    assert!(!words.is_empty() && words.len() <= MOST_NODES);
    let joined = words.join(",");
    // A long prefix before a range makes more text than is read.
    if joined.len() <= 4_096 {
        assert_eq!(expand(&joined), Ok(words));
    }
});
