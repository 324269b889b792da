//! Large files of which only a part becomes another one: the node puts it into what it has.

use std::fs;

use sshtrust::apply::ApplyError;
use sshtrust::plan::{Content, FileEdit, NodePlan};

use crate::home::*;

/// Too large to be sent again for a line.
fn large() -> Vec<u8> {
    (0..300).map(|line| format!("host{line} ssh-rsa AAAA{line}\n")).collect::<String>().into_bytes()
}

/// A home with that file, and what makes it another one, of which so many bytes are sent.
fn planned(old: &[u8], new: &[u8]) -> (Home, NodePlan, usize) {
    let home = Home::new();
    fs::write(home.path(".ssh/known_hosts"), old).unwrap();
    let old = home.entry(".ssh/known_hosts");
    let content = Content::of(&old.bytes, new.to_vec());
    let Content::Spliced(splice) = &content else { panic!("all of it is sent") };
    let sent = splice.new.len();
    let plan = home.plan();
    let edit = FileEdit { old, content, mode: None, secret: false };
    (home, NodePlan { files: vec![edit], ..plan }, sent)
}

#[tokio::test]
async fn a_part_comes_into_its_place_and_goes_again() {
    let large = large();
    let half = large.len() / 2;
    let with = |middle: &[u8]| [&large[..half], middle, &large[half..]].concat();
    // Before, after, and how many bytes are sent.
    let cases: [(Vec<u8>, Vec<u8>, usize); 7] = [
        (large.clone(), [&large[..], b"more\n"].concat(), 5),
        (with(b""), with(b"a\0b"), 3),
        (with(b"AAA"), with(b"BB"), 2),
        (with(b"AAA"), with(b""), 0),
        (large.clone(), large[1..].to_vec(), 0),
        (large[..half].to_vec(), [&large[..half], b"\nno newline before, none behind"].concat(), 31),
        (large.clone(), large.clone(), 0),
    ];
    for (number, (old, new, size)) in cases.into_iter().enumerate() {
        let (home, plan, sent) = planned(&old, &new);
        assert_eq!(sent, size, "{number}");
        let path = home.path(".ssh/known_hosts");
        let (site, _shell) = home.site().await;
        site.apply_files(&run(), &plan).await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), new, "{number}");
        site.undo().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), old, "{number}");
        site.apply_files(&run(), &NodePlan { files: vec![again(&home, &new)], ..plan }).await.unwrap();
        site.prepare().await.unwrap();
        site.commit().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), new, "{number}");
    }
}

/// The same edit of the file as it lies there.
fn again(home: &Home, new: &[u8]) -> FileEdit {
    let old = home.entry(".ssh/known_hosts");
    FileEdit { content: Content::of(&old.bytes, new.to_vec()), old, mode: None, secret: false }
}

#[tokio::test]
async fn what_is_not_the_file_that_was_read_gets_no_part() {
    let (old, new) = (large(), [large(), b"more\n".to_vec()].concat());
    let (home, plan, _) = planned(&old, &new);
    let (site, shell) = home.site().await;
    // As if it had been changed within a second of the look: it bears the stamp that was read.
    shell.define("gs_same() { :; }", LIMIT).await.unwrap();
    let mut strange = old;
    strange[10..14].copy_from_slice(b"edit");
    fs::write(home.path(".ssh/known_hosts"), &strange).unwrap();
    let before = tree(home.dir.path());
    let refused = site.apply_files(&run(), &plan).await.unwrap_err();
    assert!(matches!(&refused, ApplyError::Changed(said) if said.contains("known_hosts")), "{refused:?}");
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn whatever_command_fails_a_part_is_in_its_place_or_the_old_file_is() {
    let (old, new) = (large(), [large(), b"more\n".to_vec()].concat());
    for at in 1.. {
        let (home, plan, _) = planned(&old, &new);
        let before = tree(home.dir.path());
        let (site, shell) = home.site().await;
        home.break_at(&shell, at, "return 1").await;
        let result = site.apply_files(&run(), &plan).await;
        let calls = home.calls();
        home.break_at(&shell, 0, "return 1").await;
        if result.is_ok() {
            assert_eq!(fs::read(home.path(".ssh/known_hosts")).unwrap(), new, "call {at}");
        }
        site.undo().await.unwrap_or_else(|e| panic!("call {at}: {e}"));
        assert_eq!(tree(home.dir.path()), before, "call {at}: {result:?}");
        home.calls();
        if calls < at {
            return result.unwrap();
        }
    }
}
