//! Others who write into the same files and folders while a run is at work, and processes that are not the run's.

use std::fs;
use std::path::Path;

use sshtrust::apply::{ApplyError, Late, Remnant};

use crate::home::*;

/// Edits a file as an administrator does.
fn append(path: &str, line: &str) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

#[tokio::test]
async fn what_was_edited_during_the_run_keeps_the_edit_and_loses_the_runs_lines() {
    let home = Home::new();
    let (site, _shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    append(&home.path(".ssh/known_hosts"), "a colleague's line");
    append(&home.path(".bashrc"), "alias ll='ls -l'");
    let mut remnants = site.undo().await.unwrap();
    remnants.sort_by_key(|remnant| remnant.path().to_owned());
    let merged =
        [".ssh/known_hosts", "dot files/it's a profile"].map(|name| Remnant::Merged(home.path(name)));
    assert_eq!(remnants, merged);
    let known_hosts = fs::read_to_string(home.path(".ssh/known_hosts")).unwrap();
    assert_eq!(known_hosts, "user's own line, no newline\na colleague's line\n");
    let profile = fs::read_to_string(home.path(".bashrc")).unwrap();
    assert_eq!(profile, "return\nalias ll='ls -l'\n");
}

#[tokio::test]
async fn lines_that_the_run_had_replaced_come_back_into_an_edited_file() {
    for awk in [true, false] {
        let home = Home::new();
        let old = "mine\nold line of ours #OM\nmine too\n";
        fs::write(home.path(".ssh/known_hosts"), old).unwrap();
        let mut plan = home.plan();
        let edit = plan.files.iter_mut().find(|edit| edit.old.path.ends_with("known_hosts")).unwrap();
        let new = b"mine\nnew line of ours #OM\nmine too\n";
        edit.content = sshtrust::plan::Content::Bytes(std::sync::Arc::new(new.to_vec()));
        let (site, shell) = home.site().await;
        if !awk {
            // A node without awk(1).
            let none = "command() { [ \"$2\" != awk ] || return 1; builtin_command \"$@\"; }\n\
                        builtin_command() { unset -f command; command \"$@\"; gs_status=$?; return $gs_status; }";
            shell.define(none, LIMIT).await.unwrap();
        }
        site.apply(&run(), &plan, key(), &home.programs()).await.unwrap();
        append(&home.path(".ssh/known_hosts"), "a colleague's line");
        site.undo().await.unwrap();
        let mut lines: Vec<String> =
            fs::read_to_string(home.path(".ssh/known_hosts")).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["a colleague's line", "mine", "mine too", "old line of ours #OM"], "awk: {awk}");
    }
}

#[tokio::test]
async fn a_line_that_comes_between_the_link_and_the_rename_is_not_lost() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    // At the very last moment, after every look.
    let script = format!(
        "mv() {{ case \"$*\" in *.new*known_hosts) echo 'a line at the last moment' >>'{}' ;; esac; command mv \"$@\"; }}",
        home.path(".ssh/known_hosts")
    );
    shell.define(&script, LIMIT).await.unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    site.prepare().await.unwrap();
    let committed = site.commit().await.unwrap();
    assert_eq!(committed.late, [Late::Carried(home.path(".ssh/known_hosts"))]);
    let text = fs::read_to_string(home.path(".ssh/known_hosts")).unwrap();
    assert!(text.contains("a line at the last moment\n") && text.contains("and ours\n"), "{text}");
    end_agent(&home);
}

#[tokio::test]
async fn a_file_that_is_changed_after_it_was_saved_is_not_replaced() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    let script =
        format!("gs_sync_journal() {{ echo 'a line in between' >>'{}'; }}", home.path(".ssh/known_hosts"));
    shell.define(&script, LIMIT).await.unwrap();
    let result = site.apply(&run(), &home.plan(), key(), &home.programs()).await;
    assert!(matches!(result, Err(ApplyError::Changed(_))), "{result:?}");
    site.undo().await.unwrap();
    let text = fs::read_to_string(home.path(".ssh/known_hosts")).unwrap();
    assert_eq!(text, "user's own line, no newlinea line in between\n");
}

#[tokio::test]
async fn an_undo_writes_nothing_that_is_not_whole() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    // A node that shares the journal's file system has emptied what was kept.
    shell.define("for f in \"$gs_journal\"/*.old; do rm \"$f\"; true >\"$f\"; done", LIMIT).await.unwrap();
    let error = site.undo().await.unwrap_err().to_string();
    assert!(error.contains("is not whole any more"), "{error}");
    let text = fs::read_to_string(home.path(".ssh/known_hosts")).unwrap();
    assert!(text.contains("user's own line"), "{text}");
}

#[tokio::test]
async fn folders_that_two_nodes_share_show_themselves() {
    let (one, two) = (Home::new(), Home::new());
    fs::remove_dir_all(two.path(".ssh")).unwrap();
    std::os::unix::fs::symlink(one.path(".ssh"), two.path(".ssh")).unwrap();
    let (first, _one) = one.site().await;
    let (second, _two) = two.site().await;
    let run = run();
    let folders = |home: &Home| vec![home.path(".ssh"), home.path("gaussdb_tmp")];
    for (site, home) in [(&first, &one), (&second, &two)] {
        site.begin(&run).await.unwrap();
        site.claim(&folders(home)).await.unwrap();
    }
    let found = first.rivals(&folders(&one)).await.unwrap();
    assert_eq!(found, [(second.mark().to_owned(), one.path(".ssh"))]);
    // Undone, nothing of it is left.
    first.undo().await.unwrap();
    second.undo().await.unwrap();
    assert_eq!(fs::read_dir(one.path(".ssh")).unwrap().count(), 1);
}

#[tokio::test]
async fn the_watcher_ends_nobody_who_has_the_number_of_a_loop_that_is_gone() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    // The number is another process's by now: it began at another time.
    let later = "gs_started() { [ -e \"$gs_home/later\" ] && echo 2 || echo 1; }";
    shell.define(&format!("{}; {later}", home.clock()), LIMIT).await.unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    fs::write(home.path("later"), "").unwrap();
    home.lose_patience();
    let path = home.path("later");
    let home = std::sync::Arc::new(home);
    let waiting = home.clone();
    tokio::task::spawn_blocking(move || {
        let journal = waiting.path(".gs_sshexkey.journal");
        let gone = |path: &str| !Path::new(path).exists();
        let lock = waiting.path(".gs_sshexkey.lock");
        while !gone(&journal) || !gone(&format!("{journal}.undo")) || !gone(&lock) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    })
    .await
    .unwrap();
    fs::remove_file(path).unwrap();
    assert_eq!(tree(home.dir.path()), before, "the node went back");
    assert!(shell.run("true", LIMIT).await.is_ok(), "the process with that number was ended");
}
