//! Paths that somebody else may have a hand in.

use super::*;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder of our own with `a/b/file`, whatever the umask is.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("a/b")).unwrap();
    fs::write(dir.path().join("a/b/file"), "").unwrap();
    ["a", "a/b"].iter().for_each(|name| mode(&dir.path().join(name), 0o755));
    mode(&dir.path().join("a/b/file"), 0o755);
    dir
}

/// Where the file, and where the folder that it lies in is weak, and how.
fn weak(dir: &Path, name: &str) -> Option<(String, Weakness)> {
    let shown = |error: Unguarded| {
        let real = dir.canonicalize().unwrap();
        (error.path.strip_prefix(real).unwrap_or(&error.path).display().to_string(), error.why)
    };
    file(&dir.join(name)).err().map(shown)
}

#[test]
fn owner_and_rights_of_a_step_are_judged() {
    let (me, other, root) = (1000, 1001, 0);
    for (owner, rights, role, wanted) in [
        (me, 0o755, Role::Last, None),
        (root, 0o555, Role::Last, None),
        (other, 0o700, Role::Last, Some(Weakness::Owner(other))),
        (other, 0o700, Role::OnTheWay, Some(Weakness::Owner(other))),
        (me, 0o775, Role::Last, Some(Weakness::Writable(0o775))),
        (root, 0o702, Role::OnTheWay, Some(Weakness::Writable(0o702))),
        (root, 0o1777, Role::OnTheWay, None),
        (root, 0o1777, Role::Last, Some(Weakness::Writable(0o1777))),
        (other, 0o1777, Role::OnTheWay, Some(Weakness::Owner(other))),
    ] {
        assert_eq!(judge(owner, 0o40_000 | rights, me, role), wanted, "{owner} {rights:o} {role:?}");
    }
}

#[test]
fn every_step_to_a_file_counts() {
    for (name, rights) in [("a/b/file", 0o775), ("a/b", 0o775), ("a/b", 0o1777), ("a", 0o757), ("a", 0o775)] {
        let dir = place();
        assert_eq!(weak(dir.path(), "a/b/file"), None);
        mode(&dir.path().join(name), rights);
        let wanted = Some((name.to_owned(), Weakness::Writable(rights)));
        assert_eq!(weak(dir.path(), "a/b/file"), wanted, "{name} {rights:o}");
        // Nor by another way.
        symlink(dir.path().join("a/b"), dir.path().join("link")).unwrap();
        symlink("link/../b/./file", dir.path().join("second")).unwrap();
        assert_eq!(weak(dir.path(), "second"), wanted, "{name} {rights:o}");
    }
    let dir = place();
    // A sticky folder on the way is as /tmp is.
    mode(&dir.path().join("a"), 0o1777);
    assert_eq!(weak(dir.path(), "a/b/file"), None);
    symlink("loop", dir.path().join("loop")).unwrap();
    assert!(matches!(weak(dir.path(), "loop"), Some((_, Weakness::Links))));
    assert!(matches!(weak(dir.path(), "a/b/none"), Some((_, Weakness::Unseen(_)))));
    assert!(matches!(weak(dir.path(), "a/b"), Some((_, Weakness::Kind))));
    assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    assert!(matches!(weak(dir.path(), "pipe"), Some((_, Weakness::Kind))));
}

#[test]
fn a_link_on_the_way_lies_in_a_guarded_folder_too() {
    let dir = place();
    fs::create_dir(dir.path().join("open")).unwrap();
    symlink("../a/b", dir.path().join("open/link")).unwrap();
    mode(&dir.path().join("open"), 0o777);
    let wanted = ("open".to_owned(), Weakness::Writable(0o777));
    assert_eq!(weak(dir.path(), "open/link/file"), Some(wanted));
}

#[test]
fn a_folder_that_is_not_there_yet_is_judged_by_what_it_will_lie_in() {
    let dir = place();
    let there = |name: &str| folder(&dir.path().join(name)).map_err(|error| error.why);
    assert_eq!((there("a/b"), there("a/b/c/d"), there("a/b/file")), (Ok(()), Ok(()), Err(Weakness::Kind)));
    mode(&dir.path().join("a"), 0o777);
    let weak = Err(Weakness::Writable(0o777));
    assert_eq!(
        (there("a"), there("a/b"), there("a/c"), there("a/c/d")),
        (weak.clone(), weak.clone(), weak.clone(), weak)
    );
    // Whatever is made in a sticky folder is ours, but the folder itself is no place for it.
    mode(&dir.path().join("a"), 0o1777);
    assert_eq!((there("a"), there("a/c"), there("a/b")), (Err(Weakness::Writable(0o1777)), Ok(()), Ok(())));
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn what_belongs_to_another_user_is_not_guarded() {
    for name in ["a", "a/b", "a/b/file"] {
        let dir = place();
        let path = dir.path().join(name);
        chown(&path, Some(4242), None).unwrap();
        assert_eq!(weak(dir.path(), "a/b/file"), Some((name.to_owned(), Weakness::Owner(4242))));
    }
    // In a sticky folder anybody can leave a link.
    let dir = place();
    mode(dir.path(), 0o1777);
    symlink("a/b", dir.path().join("link")).unwrap();
    std::os::unix::fs::lchown(dir.path().join("link"), Some(4242), None).unwrap();
    assert_eq!(weak(dir.path(), "link/file"), Some(("link".to_owned(), Weakness::Owner(4242))));
    // A folder that another user has made where ours was to be.
    let dir = place();
    fs::create_dir(dir.path().join("out")).unwrap();
    chown(dir.path().join("out"), Some(4242), None).unwrap();
    assert_eq!(folder(&dir.path().join("out/bundle")).unwrap_err().why, Weakness::Owner(4242));
}
