//! Changes that go wrong at every possible step: afterwards a node has all old bytes, or all new ones.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sshtrust::plan::{Keepalive, NodePlan};

use crate::home::*;

#[tokio::test]
async fn a_change_is_made_kept_and_leaves_no_journal() {
    let home = Home::new();
    let (site, _shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    site.renew().await.unwrap();
    site.prepare().await.unwrap();
    site.commit().await.unwrap();
    let now = tree(home.dir.path());
    let names: Vec<String> =
        now.keys().map(|p| p.strip_prefix(home.dir.path()).unwrap().display().to_string()).collect();
    let wanted = [
        ".bashrc",
        ".ssh",
        ".ssh/id_om",
        ".ssh/known_hosts",
        "dot files",
        "dot files/it's a profile",
        "gaussdb_tmp",
        "gaussdb_tmp/.kept_runs",
        "gaussdb_tmp/.made",
        "gaussdb_tmp/bin",
        "gaussdb_tmp/bin/gs_sshexkey",
        "gaussdb_tmp/gauss_socket_tmp",
        "table",
    ];
    assert_eq!(names, wanted);
    assert_eq!(fs::metadata(home.path(".ssh/known_hosts")).unwrap().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(home.path(".ssh")).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(home.path("gaussdb_tmp/bin/gs_sshexkey")).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::read_to_string(home.path("table")).unwrap(), "our job #OM\n# mine\n0 1 * * * x\n");
    let profile = fs::read_to_string(home.path(".bashrc")).unwrap();
    assert!(profile.ends_with("return\n") && profile.contains("export SSH_AGENT_PID="), "{profile}");
    end_agent(&home);
}

#[tokio::test]
async fn whatever_command_fails_the_undo_gives_the_old_bytes_back() {
    for at in 1.. {
        let home = Home::new();
        let before = tree(home.dir.path());
        let (site, shell) = home.site().await;
        home.break_at(&shell, at, "return 1").await;
        let result = site.apply(&run(), &home.plan(), key(), &home.programs()).await;
        let calls = home.calls();
        home.break_at(&shell, 0, "return 1").await;
        site.undo().await.unwrap_or_else(|e| panic!("call {at}: {e}"));
        assert_eq!(tree(home.dir.path()), before, "call {at}: {result:?}");
        home.calls();
        if calls < at {
            result.unwrap();
            assert!(calls > 20, "the calls were not counted");
            return;
        }
    }
}

#[tokio::test]
async fn a_keepalive_that_cannot_be_leaves_nothing_of_itself() {
    // The commands of the keepalive are the last ones of a change.
    let mut failed = 0;
    let home = Home::new();
    let (site, shell) = home.site().await;
    home.break_at(&shell, 0, "return 1").await;
    site.apply(&run(), &NodePlan { keepalive: Keepalive::Off, ..home.plan() }, key(), &home.programs())
        .await
        .unwrap();
    let first = home.calls();
    site.undo().await.unwrap();
    for at in first + 1.. {
        let home = Home::new();
        let (site, shell) = home.site().await;
        home.break_at(&shell, at, "return 1").await;
        let kept = site.apply(&run(), &home.plan(), key(), &home.programs()).await;
        let calls = home.calls();
        home.break_at(&shell, 0, "return 1").await;
        if let Ok(Keepalive::Unable(why)) = &kept {
            failed += 1;
            site.prepare().await.unwrap();
            site.commit().await.unwrap();
            let left: Vec<_> =
                tree(home.dir.path()).into_keys().filter(|p| p.ends_with("gs_sshexkey")).collect();
            let program = home.path("gaussdb_tmp/bin/gs_sshexkey");
            let staged = tree(home.dir.path()).into_keys().any(|p| p.display().to_string().contains("/.gs_"));
            assert!(!staged && left.iter().all(|p| *p == Path::new(&program)), "call {at}: {why}: {left:?}");
            assert_eq!(
                fs::read_to_string(home.path("table")).unwrap(),
                "# mine\n0 1 * * * x",
                "call {at}: {why}"
            );
            end_agent(&home);
        } else {
            site.undo().await.unwrap_or_else(|e| panic!("call {at}: {e}"));
        }
        home.calls();
        if calls < at {
            assert!(failed > 5, "only {failed} calls failed");
            return;
        }
    }
}

#[tokio::test]
async fn a_lost_connection_undoes_by_itself() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    assert_ne!(tree(home.dir.path()), before);
    drop((site, shell));
    tokio::task::spawn_blocking(move || home.await_tree(&before)).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_shell_is_seen_at_once_and_where_it_cannot_be_it_is_looked_for() {
    // An hour between two glances: nothing but the end of the shell wakes the watcher.
    let at_once = "gs_hurry=3600";
    // A 6 of the login profile is none of the watcher's.
    let without_pipe = "gs_hurry=3; exec 6</dev/null; mkfifo() { return 1; }";
    // As of a busybox(1) that wants -t.
    let other_timeout = "gs_hurry=3; timeout() { [ \"$2\" != cat ] || return 1; command timeout \"$@\"; }";
    for way in [at_once, without_pipe, other_timeout] {
        let home = Home::new();
        let before = tree(home.dir.path());
        let (site, shell) = home.site().await;
        shell.define(way, LIMIT).await.unwrap().success("hurrying").unwrap();
        site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
        // Nothing is left to the shell itself.
        shell.run("kill -9 $$", LIMIT).await.unwrap_err();
        tokio::task::spawn_blocking(move || home.await_tree(&before)).await.unwrap();
    }
}

#[tokio::test]
async fn a_sign_of_life_at_the_last_glance_counts() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    // One glance a file, so that the last one before the node goes back is the one that finds the sign.
    let glance = format!(
        "gs_tick=0.01; gs_look() {{ gs_turn=$((${{gs_turn:-0}} + 1)); echo $gs_turn >'{0}/seen'; \
         until [ -e '{0}/turn'$gs_turn ] || [ ! -d '{0}' ]; do sleep 0.01; done; }}",
        home.tools()
    );
    shell.define(&glance, LIMIT).await.unwrap().success("stopping the clock").unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    let glance_at = |turn: usize| {
        fs::write(format!("{}/turn{turn}", home.tools()), "").unwrap();
        let seen = format!("{}/seen", home.tools());
        let next = format!("{}\n", turn + 1);
        await_that("it went back", move || fs::read_to_string(&seen).is_ok_and(|text| text == next))
    };
    for turn in 1..=4 {
        glance_at(turn).await;
    }
    site.renew().await.unwrap();
    // The fifth finds it, and four more without one are none too many.
    for turn in 5..=9 {
        glance_at(turn).await;
    }
    site.prepare().await.unwrap();
    assert!(site.commit().await.unwrap().durable);
    end_agent(&home);
}

#[tokio::test]
async fn a_coordinator_that_is_silent_for_too_long_is_given_up() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    shell.define(&home.clock(), LIMIT).await.unwrap().success("stopping the clock").unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    home.lose_patience();
    let home = Arc::new(home);
    let waiting = home.clone();
    tokio::task::spawn_blocking(move || waiting.await_tree(&before)).await.unwrap();
    assert!(site.renew().await.is_err(), "too late to go on");
    assert!(site.prepare().await.is_err(), "too late to keep");
    // The lock of a coordinator that is gone does not stay for hours.
    let (next, _other) = home.site().await;
    while !next.lock().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn after_a_power_cut_at_any_command_the_next_run_recovers() {
    for at in 1.. {
        let home = Home::new();
        let before = tree(home.dir.path());
        let (site, shell) = home.site().await;
        assert!(site.lock().await.unwrap());
        // The whole process group, as a power cut would: nothing gets to clean up.
        home.break_at(&shell, at, "kill -9 0").await;
        let result = site.apply(&run(), &home.plan(), key(), &home.programs()).await;
        let calls = home.calls();
        drop((site, shell));
        let (site, _shell) = home.site().await;
        while !site.lock().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        site.recover().await.unwrap_or_else(|e| panic!("call {at}: {e}"));
        site.unlock().await.unwrap();
        assert_eq!(tree(home.dir.path()), before, "call {at}: {result:?}");
        if calls < at {
            result.unwrap();
            return;
        }
        result.unwrap_err();
    }
}

#[tokio::test]
async fn what_somebody_changed_after_the_run_is_not_undone() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    // A power cut leaves no watcher.
    shell.define("gs_watch() { :; }", LIMIT).await.unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    // Days later, after a power cut: the owner has edited one file, another one was left as it was.
    shell.define("gs_at_end=", LIMIT).await.unwrap();
    drop((site, shell));
    fs::write(home.path(".ssh/known_hosts"), "edited later by its owner").unwrap();
    let (site, _shell) = home.site().await;
    assert!(site.recover().await.unwrap().undone);
    assert_eq!(fs::read_to_string(home.path(".ssh/known_hosts")).unwrap(), "edited later by its owner");
    assert_eq!(fs::read_to_string(home.path(".bashrc")).unwrap(), "return\n");
    assert!(!Path::new(&home.path(".ssh/id_om")).exists());
    assert!(!Path::new(&home.path(".gs_sshexkey.journal.undo")).exists());
}

#[tokio::test]
async fn a_journal_that_is_not_ones_own_is_left_alone() {
    let home = Home::new();
    let (site, _shell) = home.site().await;
    fs::create_dir(home.path(".gs_sshexkey.journal")).unwrap();
    fs::write(home.path(".gs_sshexkey.journal/0000.undo"), format!("rm {}", home.path(".ssh/known_hosts")))
        .unwrap();
    let before = tree(home.dir.path());
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap_err();
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn folders_that_are_there_or_get_filled_stay() {
    let home = Home::new();
    fs::create_dir(home.path("gaussdb_tmp")).unwrap();
    let before = tree(home.dir.path());
    let (site, _shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before, "a folder that was there is not removed");
}

#[tokio::test]
async fn a_file_that_somebody_else_changed_is_not_overwritten() {
    let home = Home::new();
    let plan = home.plan();
    fs::write(home.path(".ssh/known_hosts"), "a line that came between").unwrap();
    let before = tree(home.dir.path());
    let (site, _shell) = home.site().await;
    let error = site.apply(&run(), &plan, key(), &home.programs()).await.unwrap_err();
    assert!(error.to_string().contains("known_hosts was changed by somebody else"), "{error}");
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn two_runs_do_not_work_on_one_home() {
    let home = Home::new();
    let (one, _shell) = home.site().await;
    let (two, _other) = home.site().await;
    assert!(one.lock().await.unwrap());
    assert!(!two.lock().await.unwrap());
    one.unlock().await.unwrap();
    assert!(two.lock().await.unwrap());
}
