//! What stands in the clear in private key files: the public half, and how the private one is locked.

use std::process::Command;

use proptest::prelude::*;
use sshfiles::{Locking, PublicKey, locking, public_half};

/// A key pair that ssh-keygen makes: the private file and the public key. Nothing where it is not installed.
fn pair(options: &[&str]) -> Option<(Vec<u8>, PublicKey)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-C", "a b"]).args(options).arg("-f").arg(&path).output();
    let made = made.ok()?;
    assert!(made.status.success(), "{options:?}: {made:?}");
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    Some((std::fs::read(path).unwrap(), public.parse().unwrap()))
}

#[test]
fn ssh_keygen_agrees_whatever_locks_the_key() {
    let kinds: [&[&str]; 7] = [
        &["-t", "ed25519", "-N", ""],
        &["-t", "ed25519", "-N", "secret"],
        &["-t", "ecdsa", "-N", ""],
        &["-t", "ecdsa", "-N", "secret", "-Z", "aes128-cbc"],
        &["-t", "rsa", "-b", "2048", "-N", ""],
        &["-t", "ed25519", "-N", "secret", "-Z", "aes256-gcm@openssh.com"],
        &["-t", "ed25519", "-N", "secret", "-Z", "chacha20-poly1305@openssh.com"],
    ];
    for kind in kinds {
        let Some((file, public)) = pair(kind) else { return };
        assert_eq!(public_half(&file), Some(public), "{kind:?}");
    }
}

#[test]
fn ssh_keygen_agrees_on_what_opening_costs() {
    let cases: [(&[&str], &str, &str, usize, u32); 4] = [
        (&["-N", ""], "none", "none", 0, 0),
        (&["-N", "secret", "-a", "1"], "aes256-ctr", "bcrypt", 16, 1),
        (&["-N", "secret", "-a", "3", "-Z", "aes128-cbc"], "aes128-cbc", "bcrypt", 16, 3),
        (
            &["-N", "secret", "-a", "40", "-Z", "chacha20-poly1305@openssh.com"],
            "chacha20-poly1305@openssh.com",
            "bcrypt",
            16,
            40,
        ),
    ];
    for (options, cipher, kdf, salt, rounds) in cases {
        let Some((file, _)) = pair(&[&["-t", "ed25519"][..], options].concat()) else { return };
        let wanted = Locking { cipher: cipher.to_owned(), kdf: kdf.to_owned(), salt, rounds };
        assert_eq!(locking(&file), Some(wanted), "{options:?}");
    }
    assert_eq!(locking(b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"), None);
}

#[test]
fn a_file_that_is_cut_short_is_none() {
    for options in [["-N", ""], ["-N", "secret"]] {
        let Some((file, _)) = pair(&[&["-t", "ed25519"][..], &options].concat()) else { return };
        // The file's last line end is no part of the key.
        for length in 0..file.len() - 1 {
            assert_eq!(public_half(&file[..length]), None, "{length}");
        }
        let lines: Vec<&str> = std::str::from_utf8(&file).unwrap().lines().collect();
        for lost in 0..lines.len() {
            let others: Vec<&str> =
                lines.iter().enumerate().filter(|(place, _)| *place != lost).map(|(_, line)| *line).collect();
            assert_eq!(public_half(others.join("\n").as_bytes()), None, "without line {lost}");
        }
    }
}

#[test]
fn other_formats_are_none() {
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
    for text in
        ["", "ssh-ed25519 AAAA", pem, "-----BEGIN OPENSSH PRIVATE KEY----------END OPENSSH PRIVATE KEY-----"]
    {
        assert_eq!(public_half(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (public_half(&bytes), locking(&bytes));
    }
}
