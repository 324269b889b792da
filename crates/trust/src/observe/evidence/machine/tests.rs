use std::fmt::Write;

use proptest::prelude::*;

use super::super::super::parse::Frames;
use super::*;

/// What these facts come to.
fn read(facts: &[(&str, &str)]) -> Machine {
    let mut text = String::new();
    for (name, fact) in facts {
        writeln!(text, "\nT fact {name}\n{fact}\nT end").unwrap();
    }
    Machine::take(Facts(&Frames::parse(text.as_bytes(), "T")))
}

#[test]
fn disks() {
    const INODES: &str = "/dev/vda1 1000 10 990 1% /";
    let cases = [
        ("/dev/vda1 ext4 1000 500 500 50% /", INODES, "", false, false, false),
        ("/dev/vda1 ext4 1000 1000 0 100% /", INODES, "rw,noatime", true, false, false),
        ("/dev/vda1 ext4 1000 500 500 50% /", "/dev/vda1 1000 1000 0 100% /", "", true, false, false),
        // A file system without a fixed number of inodes.
        ("/dev/vda1 btrfs 1000 500 500 50% /", "/dev/vda1 0 0 0 - /", "", false, false, false),
        ("nas:/a b nfs4 1000 500 500 50% /home", "nas:/a b 0 0 0 - /home", "ro,relatime", false, true, true),
    ];
    for (line, inodes, mount, full, read_only, shared) in cases {
        let disk =
            read(&[("machine-disk", line), ("machine-inodes", inodes), ("mount", mount)]).disk.unwrap();
        assert_eq!((disk.full, disk.read_only, disk.can_be_shared()), (full, read_only, shared), "{line}");
    }
    assert_eq!(read(&[("machine-disk", "no")]).disk, None);
}

#[test]
fn limits_that_are_reached() {
    let said =
        "\tBlock limit reached on /dev/x\n\tIn file grace period on /dev/x\n\tOver file quota on /dev/y\n";
    assert_eq!(
        read(&[("machine-quota", said)]).quota,
        ["Block limit reached on /dev/x", "Over file quota on /dev/y"]
    );
}

#[test]
fn names_and_identities() {
    let machine = read(&[
        ("machine-names", "node2 10.0.0.9\nnode3 -\nnonsense\n"),
        ("machine-id", "00000000000000000000000000000001"),
        ("machine-clock", "1700000000"),
        ("machine-has", "apt-get\nsystemd\n"),
    ]);
    let names = [("node2".to_owned(), Some("10.0.0.9".to_owned())), ("node3".to_owned(), None)];
    assert_eq!(machine.names, names);
    assert!(machine.id.is_some() && machine.has("systemd") && !machine.has("yum"));
    assert_eq!(read(&[("machine-id", "uninitialized")]).id, None);
}

#[test]
fn libraries_of_somebody_else() {
    let libraries = read(&[
        ("machine-ld", "LD_LIBRARY_PATH=/opt/lib\nssh: error while loading shared libraries: x\n"),
        ("machine-ld-right", "/lib/x86_64-linux-gnu\n"),
        ("machine-ld-lines", "/root/.bashrc:3:export LD_LIBRARY_PATH=/opt/lib\n"),
    ]);
    let libraries = libraries.libraries.unwrap();
    assert_eq!((libraries.set.as_str(), libraries.lines[0].line), ("LD_LIBRARY_PATH=/opt/lib", 3));
    assert_eq!(libraries.right.as_deref(), Some("/lib/x86_64-linux-gnu"));
    let odd =
        read(&[("machine-ld", "LD_PRELOAD=x\n"), ("machine-ld-right", "/a$(reboot)")]).libraries.unwrap();
    assert_eq!(odd.right, None);
}

proptest! {
    #[test]
    fn any_facts_give_an_answer(fact in "[ -~\n\t\u{80}-\u{ff}]{0,120}") {
        let names = ["machine-id", "machine-clock", "machine-disk", "machine-inodes", "machine-quota", "machine-names", "machine-ld",
            "machine-ld-right", "machine-ld-lines", "machine-has", "mount"];
        let facts: Vec<(&str, &str)> = names.iter().map(|name| (*name, fact.as_str())).collect();
        let _ = read(&facts);
    }
}
