use std::time::Duration;

use sshfiles::{line_changes, unified_diff};

use crate::processor_time;

#[test]
fn writes_what_diff_u_writes() {
    let cases: [(&str, &str, &str); 6] = [
        ("a\n", "a\n", ""),
        ("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"),
        ("a\n", "", "@@ -1 +0,0 @@\n-a\n"),
        (
            "a",
            "a\nb",
            "@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n",
        ),
        ("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nx\n", "@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+x\n"),
        ("a\n", "a\r\n", "@@ -1 +1 @@\n-a\n+a\\r\n"),
    ];
    for (old, new, body) in cases {
        let head = if body.is_empty() { "" } else { "--- f\n+++ f\n" };
        assert_eq!(unified_diff(old.as_bytes(), new.as_bytes(), "f"), format!("{head}{body}"));
    }
}

#[test]
fn distant_changes_make_hunks() {
    let old: String = (1..=30).map(|n| format!("{n}\n")).collect();
    let new = old.replace("\n5\n", "\nfive\n").replace("\n25\n", "\n");
    let diff = unified_diff(old.as_bytes(), new.as_bytes(), "~/.ssh/config");
    assert!(diff.starts_with("--- ~/.ssh/config\n+++ ~/.ssh/config\n@@ -2,7 +2,7 @@\n 2\n"), "{diff}");
    assert!(diff.contains("@@ -22,7 +22,6 @@\n 22\n 23\n 24\n-25\n 26\n"), "{diff}");
}

#[test]
fn is_safe_on_a_terminal() {
    let diff = unified_diff(b"", b"\x1b]0;x\x07\t\xff\0\x7f \xe2\x80\xae\xc2\x9b \xc3\xa9", "a\n\x1bb");
    assert!(diff.contains("+\\u{1b}]0;x\\u{7}\t\\xff\\u{0}\\u{7f} \\u{202e}\\u{9b} é\n"), "{diff}");
    assert!(diff.starts_with("--- a\\n\\u{1b}b\n"), "{diff}");
}

#[test]
fn large_files_take_no_time() {
    let file = |salt: &str| (0..6000).map(|n| format!("node{n} {salt} #OM\n")).collect::<String>();
    let time = processor_time(|| {
        let diff = unified_diff(file("old").as_bytes(), file("new").as_bytes(), "known_hosts");
        assert_eq!(diff.lines().count(), 12_003);
    });
    assert!(time < Duration::from_secs(3), "{time:?}");
}

#[test]
fn changes_of_lines_are_those_of_two_bags() {
    let cases: [(&str, &str, &[&str], &[&str]); 9] = [
        ("", "", &[], &[]),
        ("a\nb\n", "b\na\n", &[], &[]),
        ("a\nb", "a\nb\n", &[], &[]),
        ("a\n", "x\na\ny\nx\n", &["x", "y", "x"], &[]),
        ("x\na\nx\nb\n", "a\n", &[], &["x", "x", "b"]),
        ("x\nx\n", "x\nx\nx\n", &["x"], &[]),
        ("a\r\n", "a\n", &["a"], &["a\r"]),
        ("a\n\n", "a\n\n\nb\n", &["", "b"], &[]),
        ("p=1\nq\n", "q\np=2\n", &["p=2"], &["p=1"]),
    ];
    for (old, new, added, removed) in cases {
        let changes = line_changes(old.as_bytes(), new.as_bytes());
        let bytes =
            |lines: &[&str]| -> Vec<Vec<u8>> { lines.iter().map(|line| line.as_bytes().to_vec()).collect() };
        assert_eq!((changes.added, changes.removed), (bytes(added), bytes(removed)), "{old:?} {new:?}");
    }
}
