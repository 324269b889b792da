//! What sshd says of the keys that it takes.

use sshfiles::SshdConfig;

/// Whether a text is of a pattern's form; ssh_config(5), PATTERNS.
#[must_use]
pub fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where to go on if it does not fit: the last star, and how much it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(c) if *c == '?' || text.get(at) == Some(c) => (at, place) = (at + 1, place + 1),
            _ => match star {
                Some((kept, taken)) => {
                    star = Some((kept, taken + 1));
                    (at, place) = (taken + 1, kept + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(place).all(|c| *c == '*')
}

/// The daemon's list of key algorithms, if it says one. The keyword had another name before OpenSSH 8.5.
pub(super) fn accepted_algorithms(settings: &[u8]) -> Option<String> {
    let settings = SshdConfig::parse(settings);
    let list = settings.get("PubkeyAcceptedAlgorithms").or_else(|| settings.get("PubkeyAcceptedKeyTypes"));
    list?.first().cloned()
}

/// Whether a list of `PubkeyAcceptedAlgorithms` has an algorithm for this type of key, as a public key file names it. A
/// list that only adds to the defaults (`+`, `^`), or takes from them (`-`), leaves the others in.
#[must_use]
pub fn accepts_key(list: &str, kind: &str) -> bool {
    let names: &[&str] =
        if kind == "ssh-rsa" { &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] } else { &[kind] };
    let has = |list: &str, name: &str| list.split(',').any(|pattern| matches(name, pattern));
    match list.strip_prefix('-') {
        Some(removed) => names.iter().any(|name| !has(removed, name)),
        None => list.starts_with(['+', '^']) || names.iter().any(|name| has(list, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_openssh() {
        let cases = [
            ("root", "root", true),
            ("root", "ro*", true),
            ("root", "r??t", true),
            ("root", "r?t", false),
            ("root", "*", true),
            ("", "*", true),
            ("", "?", false),
            ("omm", "o*m*m", true),
            ("ommx", "o*m", false),
            ("Root", "root", false),
        ];
        for (text, pattern, wanted) in cases {
            assert_eq!(matches(text, pattern), wanted, "{text} {pattern}");
        }
    }

    #[test]
    fn lists_of_algorithms() {
        let cases = [
            ("ssh-ed25519,rsa-sha2-512", "ssh-ed25519", true),
            ("rsa-sha2-512", "ssh-ed25519", false),
            ("rsa-sha2-512", "ssh-rsa", true),
            ("ecdsa-*", "ecdsa-sha2-nistp256", true),
            ("+ssh-rsa", "ssh-ed25519", true),
            ("-ssh-ed25519*", "ssh-ed25519", false),
            ("-ssh-rsa", "ssh-rsa", true),
        ];
        for (list, kind, wanted) in cases {
            assert_eq!(accepts_key(list, kind), wanted, "{list} {kind}");
        }
    }

    #[test]
    fn settings_of_a_daemon() {
        let cases = [
            ("", true, true),
            ("PubkeyAcceptedAlgorithms ssh-ed25519,ssh-rsa", true, false),
            ("pubkeyacceptedkeytypes ecdsa-sha2-nistp256,ssh-rsa", false, true),
            ("PubkeyAcceptedAlgorithms +ssh-rsa", true, true),
            ("PubkeyAcceptedAlgorithms ^ssh-rsa", true, true),
            ("PubkeyAcceptedAlgorithms -ssh-ed25519", false, true),
            ("PubkeyAcceptedAlgorithms -ecdsa-*", true, false),
            ("PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com,rsa-*", false, false),
        ];
        for (text, ed25519, ecdsa) in cases {
            let list = accepted_algorithms(text.as_bytes());
            let takes = |kind: &str| list.as_ref().is_none_or(|list| accepts_key(list, kind));
            assert_eq!((takes("ssh-ed25519"), takes("ecdsa-sha2-nistp256")), (ed25519, ecdsa), "{text}");
        }
    }
}
