use sshfiles::lines::Lines;
use sshfiles::{KeyError, PublicKey};

use crate::{key, key_of};

/// The public key of the first test vector in RFC 8032, section 7.1.
const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

#[test]
fn reads_and_prints_a_key() {
    for line in [ED25519.to_owned(), format!("{ED25519} a comment # x"), format!("  {ED25519}\tc\r\n")] {
        let key: PublicKey = line.parse().unwrap();
        assert_eq!(key.algorithm(), "ssh-ed25519");
        assert_eq!(key.to_string(), ED25519);
        assert_eq!(key.blob().len(), 51);
        assert_eq!(PublicKey::from_blob(key.blob().to_vec()), Ok(key));
    }
}

#[test]
fn fingerprint_is_unpadded() {
    let fingerprint = ED25519.parse::<PublicKey>().unwrap().fingerprint();
    assert_eq!(fingerprint.len(), "SHA256:".len() + 43);
    assert!(fingerprint.starts_with("SHA256:") && !fingerprint.ends_with('='));
}

#[test]
fn refuses_what_is_no_key() {
    let base64 = key(1).base64();
    let cases = [
        ("", KeyError::MissingField),
        ("ssh-ed25519", KeyError::MissingField),
        ("ssh-ed25519 AAAA!", KeyError::Base64),
        ("ssh-ed25519 AAAAC3Nz", KeyError::Truncated),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", KeyError::Truncated),
        ("ssh-ed25519 AAAAAAAA", KeyError::Algorithm),
        ("ssh-ed25519 AAAAAAAAAAA=", KeyError::Algorithm),
        ("ssh-ed25519 AAAAAQAAAAA=", KeyError::Algorithm),
        (&format!("ssh-rsa {base64}"), KeyError::Mismatch),
        // Padding is not optional.
        ("ssh-ed25519 AAAAAQAAAAA", KeyError::Base64),
    ];
    for (line, error) in cases {
        assert_eq!(line.parse::<PublicKey>(), Err(error), "{line}");
    }
}

#[test]
fn takes_algorithms_not_invented_yet() {
    let key = key_of("ssh-mldsa65@openssh.com", 1);
    assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
    let too_long = key_of("ssh-ed25519", 1).blob().iter().map(|_| b'x').collect::<Vec<u8>>();
    assert_eq!(PublicKey::from_blob(too_long), Err(KeyError::Truncated));
}

#[test]
fn lines_keep_numbers_and_get_the_missing_final_newline() {
    let mut lines = Lines::parse(b"a\r\n\nb");
    assert_eq!(lines.unfinished(), Some((2, &b"b"[..])));
    lines.insert(2, b"w".to_vec());
    assert_eq!(lines.to_bytes(), b"a\r\n\nw\nb");
    assert!(lines.remove(2));
    let mut lines = Lines::parse(&lines.to_bytes());
    assert_eq!(lines.len(), 3);
    assert!(!lines.is_empty());
    assert_eq!(lines.get(0), Some(&b"a\r"[..]));
    let c = lines.push(b"c".to_vec());
    assert_eq!((c, lines.number(c)), (3, 4));
    assert!(lines.remove(1));
    assert!(!lines.remove(1));
    assert!(!lines.remove(9));
    assert_eq!(lines.number(c), 3);
    lines.insert(1, b"x".to_vec());
    assert_eq!(lines.to_bytes(), b"a\r\nx\nb\nc\n");
    assert_eq!((lines.get(2), lines.number(3), lines.end()), (None, 3, 5));
}

#[test]
fn an_empty_file_gets_whole_lines() {
    let mut lines = Lines::parse(b"");
    assert!(lines.is_empty());
    lines.push(b"a".to_vec());
    assert_eq!(lines.to_bytes(), b"a\n");
    lines.remove(0);
    assert_eq!(lines.to_bytes(), b"");
}

#[test]
fn an_empty_last_line_is_not_lost() {
    let mut lines = Lines::parse(b"a\n\nb");
    lines.remove(2);
    assert_eq!(lines.to_bytes(), b"a\n\n");
}

#[test]
fn what_goes_below_an_unfinished_line_ends_both() {
    for (before, at) in [(&b"a"[..], 1), (b"a", 9), (b"a\nb", 2)] {
        let mut lines = Lines::parse(before);
        lines.insert(at, b"x".to_vec());
        assert_eq!(lines.to_bytes(), [before, b"\nx\n"].concat());
        assert_eq!(lines.unfinished(), None);
    }
    // Nothing but gaps follows.
    let mut lines = Lines::parse(b"a\nb");
    lines.remove(1);
    lines.insert(1, b"x".to_vec());
    assert_eq!(lines.to_bytes(), b"a\nx\n");
}
