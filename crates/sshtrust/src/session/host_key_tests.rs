//! Certificates that OpenSSH's own ssh-keygen makes.

use std::path::Path;
use std::process::Command;

use super::*;

fn keygen(folder: &Path, words: &str) {
    let words: Vec<&str> = words.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
    let done = Command::new("ssh-keygen").current_dir(folder).args(&words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A certificate for a host key, signed with these words and by this type of authority.
fn signed(words: &str, authority: &str) -> (HostCertificate, PublicKey, PublicKey) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    keygen(folder, &format!("-q -t {authority} -N '' -f ca"));
    keygen(folder, "-q -t ed25519 -N '' -f host");
    keygen(folder, &format!("-q -s ca -I id {words} host.pub"));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let presented = Certificate::from_openssh(read("host-cert.pub").trim()).unwrap();
    let key = |name: &str| read(name).parse::<PublicKey>().unwrap();
    (certificate(&presented).unwrap(), key("host.pub"), key("ca.pub"))
}

#[test]
fn a_certificate_is_read_whole() {
    for authority in ["ed25519", "ecdsa", "rsa"] {
        let (read, host, ca) = signed("-h -n plat1,10.0.0.1", authority);
        assert_eq!((&read.key, &read.authority), (&host, &ca));
        assert!(read.holds && read.of_host && !read.critical, "{authority}: {read:?}");
        assert!(read.certifies("plat1") && read.certifies("10.0.0.1") && !read.certifies("plat2"));
    }
}

#[test]
fn what_ssh_would_not_take_does_not_certify() {
    let cases = [
        ("-n plat1", "one of a user"),
        ("-h -n plat1 -V 20200101:20200201", "one that has ended"),
        ("-h -n plat1 -V +1w:+2w", "one that has not begun"),
        ("-h -n plat2", "one of another host"),
    ];
    for (words, what) in cases {
        assert!(!signed(words, "ed25519").0.certifies("plat1"), "{what}");
    }
    assert!(!signed("-h -n plat1 -t ssh-rsa", "rsa").0.certifies("plat1"), "SHA-1");
}

#[test]
fn a_signature_that_was_made_for_other_words_does_not_hold() {
    let (folder, wrong) = (tempfile::tempdir().unwrap(), "plat9");
    let folder = folder.path();
    keygen(folder, "-q -t ed25519 -N '' -f ca");
    keygen(folder, "-q -t ed25519 -N '' -f host");
    keygen(folder, "-q -s ca -I id -h -n plat1 host.pub");
    let text = std::fs::read_to_string(folder.join("host-cert.pub")).unwrap();
    let mut bytes = Certificate::from_openssh(text.trim()).unwrap().to_bytes().unwrap();
    let at = bytes.windows(5).position(|five| five == b"plat1").unwrap();
    bytes[at..at + 5].copy_from_slice(wrong.as_bytes());
    let forged = certificate(&Certificate::from_bytes(&bytes).unwrap()).unwrap();
    assert_eq!(forged.principals, [wrong]);
    assert!(!forged.holds && !forged.certifies(wrong));
}
