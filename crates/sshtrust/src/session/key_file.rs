//! Private keys of this machine's user in files: every format that OpenSSH has written.
//!
//! Its own one is the default since OpenSSH 7.8. Before, so on every CentOS 7, it was PEM: PKCS#1 for RSA (RFC 8017), SEC 1
//! for ECDSA (RFC 5915). PKCS#8 (RFC 5958) is what `ssh-keygen -m PKCS8` and openssl(1) write.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use russh::keys::{Error, PrivateKey, decode_secret_key};
use sshfiles::PublicKey;
use trust::enter::Unfit;
use zeroize::Zeroizing;

use crate::text::printable;

/// Largest key file, in bytes: RSA with 16384 bits takes 13 KiB.
const LARGEST: u64 = 64 << 10;

/// Reads a key, or says why it cannot be used. `None` if there is none.
pub(super) fn read(path: &Path) -> Option<Result<PrivateKey, Unfit>> {
    match content(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(Unfit::Unreadable(printable(error.to_string().as_bytes())))),
        Ok(bytes) => Some(decode(&bytes)),
    }
}

fn content(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let about = std::fs::metadata(path)?;
    // A pipe would never be read to its end.
    if !about.is_file() || about.len() > LARGEST {
        return Err(io::Error::other("it is no file that could hold a key"));
    }
    // With room from the start, so that growing leaves no copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize));
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<PrivateKey, Unfit> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unfit::UnknownFormat)?;
    let label =
        |line: &'_ str| Some(line.trim_end().strip_prefix("-----BEGIN ")?.strip_suffix("-----")?.to_owned());
    match text.lines().find_map(label).as_deref() {
        Some("ENCRYPTED PRIVATE KEY") => return Err(Unfit::Locked),
        Some("DSA PRIVATE KEY") => return Err(Unfit::Dsa),
        Some("OPENSSH PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY") => {}
        _ => return Err(Unfit::UnknownFormat),
    }
    // RFC 1421, 4.6.1.1: the locked form of PEM.
    if text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")) {
        return Err(Unfit::Locked);
    }
    decode_secret_key(text, None).map_err(|error| match error {
        Error::KeyIsEncrypted => Unfit::Locked,
        Error::UnknownAlgorithm(_) | Error::UnsupportedKeyType { .. } => Unfit::UnknownFormat,
        _ => unfit_type(bytes).unwrap_or(Unfit::Broken),
    })
}

/// What is wrong with the type of a key in OpenSSH's format, whose public half stands in the clear.
fn unfit_type(bytes: &[u8]) -> Option<Unfit> {
    let public: PublicKey = sshfiles::public_half(bytes)?;
    match public.algorithm() {
        "ssh-dss" => Some(Unfit::Dsa),
        name if name.starts_with("sk-") => Some(Unfit::Token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What is in a folder after ssh-keygen(1) made a key there.
    fn keygen(dir: &Path, words: &[&str]) -> std::path::PathBuf {
        let path = dir.join(words.join("_"));
        let mut command = Command::new("ssh-keygen");
        let made = command.args(["-q", "-C", "me", "-f"]).arg(&path).args(words).output().unwrap();
        assert!(made.status.success(), "{words:?}: {made:?}");
        path
    }

    #[test]
    fn all_that_ssh_keygen_writes_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let types: [&[&str]; 5] = [
            &["-t", "rsa", "-b", "2048"],
            &["-t", "ecdsa", "-b", "256"],
            &["-t", "ecdsa", "-b", "384"],
            &["-t", "ecdsa", "-b", "521"],
            &["-t", "ed25519"],
        ];
        for kind in types {
            for format in ["RFC4716", "PEM", "PKCS8"] {
                let words = [kind, &["-m", format, "-N", ""]].concat();
                let path = keygen(dir.path(), &words);
                let key = read(&path).unwrap().unwrap_or_else(|why| panic!("{words:?}: {why}"));
                let public = std::fs::read_to_string(path.with_extension("pub"))
                    .unwrap_or_else(|_| std::fs::read_to_string(format!("{}.pub", path.display())).unwrap());
                let wanted = public.split(' ').nth(1).unwrap().to_owned();
                let shown = key.public_key().to_openssh().unwrap();
                assert_eq!(shown.split(' ').nth(1), Some(wanted.as_str()), "{words:?}");
            }
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_says_why() {
        let dir = tempfile::tempdir().unwrap();
        for kind in ["rsa", "ecdsa", "ed25519"] {
            for format in ["RFC4716", "PEM", "PKCS8"] {
                let path = keygen(dir.path(), &["-t", kind, "-m", format, "-N", "open sesame"]);
                assert_eq!(read(&path).unwrap().err(), Some(Unfit::Locked), "{kind} {format}");
            }
        }
        let file = dir.path().join("file");
        let cases: [(&str, Unfit); 6] = [
            ("", Unfit::UnknownFormat),
            ("ssh-ed25519 AAAA me\n", Unfit::UnknownFormat),
            ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", Unfit::UnknownFormat),
            ("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", Unfit::Dsa),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", Unfit::Broken),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", Unfit::Broken),
        ];
        for (text, wanted) in cases {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read(&file).unwrap().err(), Some(wanted), "{text}");
        }
        assert!(matches!(read(dir.path()).unwrap().err(), Some(Unfit::Unreadable(_))));
        assert!(read(&dir.path().join("nothing")).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(
            label in "(RSA |EC |OPENSSH |ENCRYPTED |)PRIVATE KEY",
            body in "[A-Za-z0-9+/=\r\n]{0,200}",
            header in "(DEK-Info: AES-128-CBC,[0-9a-f]{0,40}\n)?",
        ) {
            let text = format!("-----BEGIN {label}-----\n{header}{body}\n-----END {label}-----\n");
            let _ = decode(text.as_bytes());
        }
    }
}
