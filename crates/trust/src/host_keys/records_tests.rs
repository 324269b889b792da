//! Tables: what is on record for the address and the names of a node, and what that says of a key.

use std::sync::Arc;

use sshfiles::KnownHosts;

use super::*;
use crate::host_keys::RecordFile;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const P256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const IP: &str = "10.0.0.1";
const NAME: &str = "plat1";

fn key(line: &str) -> PublicKey {
    line.parse().unwrap()
}

fn file(path: &str, text: &str) -> Arc<RecordFile> {
    Arc::new(RecordFile { path: path.into(), records: KnownHosts::parse(text.as_bytes()) })
}

fn lookups(text: &str, port: u16) -> Vec<Lookup> {
    let files = vec![file("known_hosts", text)];
    [IP, NAME].map(|host| Lookup { host: host.to_owned(), port, files: files.clone() }).to_vec()
}

fn verdict(text: &str, port: u16) -> HostKeyVerdict {
    NodeRecords::new(&lookups(text, port)).check(&key(A), None)
}

/// `word` is the verdict; where there is a conflict, the host of its record, and the line.
fn must_be(text: &str, port: u16, word: &str) {
    let said = match verdict(text, port) {
        HostKeyVerdict::Known => "known".to_owned(),
        HostKeyVerdict::Unknown => "unknown".to_owned(),
        HostKeyVerdict::Changed(conflict) => format!("changed {} {}", conflict.host, conflict.line),
        HostKeyVerdict::Revoked(conflict) => format!("revoked {} {}", conflict.host, conflict.line),
    };
    assert_eq!(said, word, "{text}");
}

#[test]
fn an_address_is_judged_as_ssh_does() {
    must_be("", 22, "unknown");
    must_be(&format!("{IP} {A}\n"), 22, "known");
    must_be(&format!("10.0.0.11 {B}\n"), 22, "unknown");
    must_be(&format!("{IP} {B}\n{IP} {A}\n"), 22, "known");
    must_be(&format!("# c\n{IP} {B}\n"), 22, "changed 10.0.0.1 2");
    must_be(&format!("{IP} {A}\n@revoked * {A}\n"), 22, "revoked 10.0.0.1 2");
    must_be(&format!("{IP} {B}\n"), 2222, "unknown");
    // Another type than the recorded one is what a man in the middle would offer.
    must_be(&format!("{IP} {P256}\n"), 22, "changed 10.0.0.1 1");
    must_be(&format!("{IP} {P256}\n{IP} {A}\n"), 22, "known");
    must_be(&format!("[{IP}]:2222 {B}\n"), 2222, "changed [10.0.0.1]:2222 1");
    // ssh looks without the port too, and only for the same key.
    must_be(&format!("{IP} {A}\n"), 2222, "known");
    must_be(&format!("{IP} {A}\n@revoked {IP} {A}\n"), 2222, "unknown");
    must_be(&format!("{IP} {A}\n[{IP}]:2222 {B}\n"), 2222, "changed [10.0.0.1]:2222 2");
}

#[test]
fn a_name_counts_as_much_as_the_address() {
    must_be(&format!("{NAME} {A}\n"), 22, "known");
    must_be(&format!("PLAT1,other {B}\n"), 22, "changed plat1 1");
    must_be(&format!("{IP} {A}\n{NAME} {B}\n"), 22, "changed plat1 2");
    must_be(&format!("{IP} {B}\n{NAME} {A}\n"), 22, "changed 10.0.0.1 1");
    must_be(&format!("{IP} {A}\n@revoked {NAME} {A}\n"), 22, "revoked plat1 2");
    must_be(&format!("[{NAME}]:2222 {B}\n"), 2222, "changed [plat1]:2222 1");
    must_be(&format!("plat* {B}\n"), 22, "changed plat1 1");
    must_be(&format!("plat*,!plat1 {B}\n"), 22, "unknown");
    // HMAC-SHA1 of "plat1" with a salt of zeros, as `ssh-keygen -H` writes it.
    must_be(&format!("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|{HASH} {B}\n"), 22, "changed plat1 1");
    // A key of another type under one host is no contradiction if this one is known under another.
    must_be(&format!("{IP} {A}\n{NAME} {P256}\n"), 22, "known");
    must_be(&format!("{NAME} {P256}\n"), 22, "changed plat1 1");
}

const HASH: &str = "daeR7o0ui+D5YCGlY1kLJ7C2bY0=";

#[test]
fn types_of_all_hosts_are_asked_for_first() {
    let text = format!("{IP} {P256}\n{NAME} {A}\n@cert-authority * {B}\n@revoked * {B}\n");
    let records = NodeRecords::new(&lookups(&text, 22));
    assert_eq!(records.types(), ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    assert!(records.wants_certificate());
    assert!(!NodeRecords::new(&lookups(&format!("{IP} {A}\n"), 22)).wants_certificate());
}

#[test]
fn a_confirmed_key_is_taken_and_no_other_and_no_revoked_one() {
    let verdict = |text: &str, confirmed: &str| {
        let records = NodeRecords::new(&lookups(text, 22));
        records.confirming(vec![key(confirmed).fingerprint()]).check(&key(A), None)
    };
    let stale = format!("{IP} {B}\n");
    assert_eq!(verdict(&stale, A), HostKeyVerdict::Known);
    assert!(matches!(verdict(&stale, B), HostKeyVerdict::Changed(_)));
    assert_eq!(verdict("", A), HostKeyVerdict::Known);
    assert!(matches!(verdict(&format!("@revoked * {A}\n"), A), HostKeyVerdict::Revoked(_)));
}

#[test]
fn keys_that_are_revoked_for_every_host_are_never_taken() {
    let revoked = KnownHosts::parse(format!("* {A}\n").as_bytes()).lookup("x", 22);
    let revoked = revoked.into_iter().map(|hit| ("revoked_keys".into(), hit)).collect();
    let records = NodeRecords::new(&lookups(&format!("{IP} {A}\n"), 22)).revoking(revoked);
    let records = records.confirming(vec![key(A).fingerprint()]);
    assert!(matches!(records.check(&key(A), None), HostKeyVerdict::Revoked(_)));
    assert!(matches!(records.check(&key(B), None), HostKeyVerdict::Changed(_)));
}

#[test]
fn a_file_of_pins_alone_makes_the_keys_of_its_nodes_known() {
    let check = |records: &str, pins: &str| {
        let records = NodeRecords::new(&lookups(records, 22)).pinned(&lookups(pins, 22));
        records.check(&key(A), None)
    };
    use HostKeyVerdict::{Changed, Known, Revoked, Unknown};
    assert_eq!(check("", &format!("{NAME} {A}\n")), Known);
    assert!(matches!(check("", &format!("{NAME} {B}\n")), Changed(c) if c.host == NAME));
    assert!(matches!(check(&format!("{IP} {A}\n"), &format!("{IP} {B}\n")), Changed(_)));
    assert_eq!(check(&format!("{IP} {B}\n"), &format!("{IP} {A}\n")), Known);
    assert!(matches!(check(&format!("@revoked * {A}\n"), &format!("{IP} {A}\n")), Revoked(_)));
    assert!(matches!(check("", &format!("{IP} {A}\n@revoked {IP} {A}\n")), Revoked(_)));
    // A plain key where the file wants a certificate.
    assert_eq!(check(&format!("{IP} {A}\n"), &format!("@cert-authority {IP} {B}\n")), Unknown);
    // A node that the file does not name is judged as ever.
    assert_eq!(check(&format!("{IP} {A}\n"), &format!("10.0.0.9 {B}\n")), Known);
    assert!(matches!(check(&format!("{IP} {B}\n"), &format!("10.0.0.9 {A}\n")), Changed(_)));
}

fn certificate() -> HostCertificate {
    let principals = vec![NAME.to_owned()];
    let (key, authority) = (key(A), key(B));
    HostCertificate { key, authority, holds: true, of_host: true, principals, critical: false }
}

#[test]
fn a_certificate_of_an_authority_that_covers_the_host_makes_its_key_known() {
    use HostKeyVerdict::{Changed, Known, Revoked, Unknown};
    let check = |text: &str, change: fn(&mut HostCertificate)| {
        let mut certificate = certificate();
        change(&mut certificate);
        NodeRecords::new(&lookups(text, 22)).check(&certificate.key.clone(), Some(&certificate))
    };
    let covered = format!("@cert-authority *.example.com,plat* {B}\n");
    assert_eq!(check(&covered, |_| {}), Known);
    assert_eq!(check(&covered, |c| c.principals = Vec::new()), Known);
    assert_eq!(check(&covered, |c| c.principals = vec!["plat?".to_owned()]), Known);
    let spoilt: [fn(&mut HostCertificate); 6] = [
        |c| c.holds = false,
        |c| c.of_host = false,
        |c| c.critical = true,
        |c| c.principals = vec!["plat2".to_owned()],
        // The authority covers the name, and not the address.
        |c| c.principals = vec![IP.to_owned()],
        |c| c.authority = key(A),
    ];
    for change in spoilt {
        // As ssh does, the key within is judged as if it had come alone.
        assert_eq!(check(&covered, change), Unknown);
        assert_eq!(check(&format!("{covered}{IP} {A}\n"), change), Known);
    }
    assert_eq!(check(&format!("@cert-authority plat2 {B}\n"), |_| {}), Unknown);
    assert_eq!(
        check(&format!("{NAME} {B}\n"), |_| {}).clone(),
        check(&format!("{NAME} {B}\n"), |c| c.holds = false)
    );
    for revoked in [A, B] {
        assert!(matches!(check(&format!("{covered}@revoked * {revoked}\n"), |_| {}), Revoked(_)));
    }
    // The plain record of the very host that is certified does not count; that of another does.
    assert_eq!(check(&format!("{covered}{NAME} {P256}\n"), |_| {}), Known);
    assert!(matches!(check(&format!("{covered}{IP} {B}\n"), |_| {}), Changed(c) if c.host == IP));
}
