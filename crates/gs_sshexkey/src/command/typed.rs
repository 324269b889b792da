//! Commands that the user can type next.

use sshtrust::text::{printable, sh_quote};

/// A command line that a shell reads as these words, safe to show.
pub(super) fn command(verb: &[&str], words: &[String]) -> String {
    let plain = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:,=@%+".contains(&b));
    let words = words.iter().map(|word| if plain(word) { word.clone() } else { sh_quote(word) });
    let all: Vec<String> = ["gs_sshexkey"].iter().chain(verb).map(|w| (*w).to_owned()).chain(words).collect();
    printable(all.join(" ").as_bytes())
}
