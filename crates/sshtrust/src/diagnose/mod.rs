//! From what was seen to why trust is broken. Pure, so its tests are tables; one file a family of rules.

mod code;

pub use code::{Code, NoSuchCode, OF_THE_DOCUMENT};
