//! A node that has voted to keep a change, and what it does when it hears no more.

use std::path::Path;

use sshtrust::apply::{ApplyError, Run};
use sshtrust::inventory::NodeSpec;

use crate::home::*;

/// A run that another node decides, which cannot be reached: nothing listens on that port.
fn decided_elsewhere() -> Run {
    Run { decider: Some(NodeSpec { ip: [127, 0, 0, 1].into(), port: 1 }), ..run() }
}

#[tokio::test]
async fn the_one_who_decides_goes_back_when_its_coordinator_is_gone() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    site.prepare().await.unwrap();
    drop((site, shell));
    tokio::task::spawn_blocking(move || home.await_tree(&before)).await.unwrap();
}

#[tokio::test]
async fn a_node_whose_decider_is_out_of_reach_waits_and_the_next_run_settles_it() {
    for keep in [true, false] {
        let home = Home::new();
        let before = tree(home.dir.path());
        let (site, shell) = home.site().await;
        // Asked more often than each second.
        shell.define("gs_tick=0.01", LIMIT).await.unwrap();
        let run = decided_elsewhere();
        site.apply(&run, &home.plan(), key(), &home.programs()).await.unwrap();
        site.prepare().await.unwrap();
        let changed = std::fs::read(home.path(".ssh/known_hosts")).unwrap();
        drop((site, shell));
        let (next, _shell) = home.site().await;
        while !next.lock().await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let found = next.recover().await.unwrap();
        let waiting = found.waiting.unwrap();
        assert_eq!((waiting.run, waiting.decider), (run.id.clone(), run.decider));
        assert!(!found.undone);
        assert_eq!(std::fs::read(home.path(".ssh/known_hosts")).unwrap(), changed, "it guessed");
        assert!(next.begin(&decided_elsewhere()).await.is_err(), "a change on top of one that waits");
        if keep {
            assert!(!next.has_kept(&run.id).await);
            assert!(next.commit().await.unwrap().durable);
            assert!(next.has_kept(&run.id).await);
            end_agent(&home);
        } else {
            assert_eq!(next.abort().await.unwrap(), []);
            next.unlock().await.unwrap();
            assert_eq!(tree(home.dir.path()), before);
        }
        assert!(next.recover().await.unwrap().waiting.is_none());
    }
}

#[tokio::test]
async fn a_decision_that_the_power_cut_off_is_found_and_finished() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    let run = run();
    site.apply(&run, &home.plan(), key(), &home.programs()).await.unwrap();
    site.prepare().await.unwrap();
    // The claim is on the disk, and nothing after it.
    let script = "mv \"$gs_journal.prepared\" \"$gs_journal.kept\"; gs_at_end=";
    shell.define(script, LIMIT).await.unwrap().success("claiming").unwrap();
    drop((site, shell));
    let (next, _shell) = home.site().await;
    let found = next.recover().await.unwrap();
    assert!(!found.undone && found.waiting.is_none());
    assert!(next.has_kept(&run.id).await, "its peers will ask");
    assert!(!Path::new(&home.path(".gs_sshexkey.journal.kept")).exists());
    assert!(Path::new(&home.path(".ssh/id_om")).exists());
    end_agent(&home);
}

#[tokio::test]
async fn who_has_gone_back_cannot_commit() {
    let home = Home::new();
    let (site, _shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    site.prepare().await.unwrap();
    site.undo().await.unwrap();
    assert_eq!(site.commit().await, Err(ApplyError::GaveUp));
}

#[tokio::test]
async fn the_vote_and_the_decision_are_on_the_disk_before_they_are_answered() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    // What was renamed when the home was last made durable.
    let log = home.path("synced");
    let script = format!(
        "sync() {{ case \"$*\" in --help) command sync --help ;; *\"$gs_home\") ls -A \"$gs_home\" >'{log}'; command sync \"$@\" ;; \
         *) command sync \"$@\" ;; esac; }}"
    );
    shell.define(&script, LIMIT).await.unwrap().success("watching").unwrap();
    let synced = |name: &str| {
        let seen = std::fs::read_to_string(&log).unwrap_or_default();
        seen.lines().any(|line| line == name)
    };
    site.prepare().await.unwrap();
    assert!(synced(".gs_sshexkey.journal.prepared"));
    site.commit().await.unwrap();
    assert!(synced(".gs_sshexkey.journal.kept"));
    std::fs::remove_file(&log).unwrap();
    end_agent(&home);
}

#[tokio::test]
async fn a_journal_that_says_too_little_is_not_undone_by_the_node_itself() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    shell.define("gs_at_end=; rm \"$gs_journal/run\" \"$gs_journal\"/run.*", LIMIT).await.unwrap();
    drop((site, shell));
    let changed = std::fs::read(home.path(".ssh/known_hosts")).unwrap();
    let (next, _shell) = home.site().await;
    assert!(next.recover_carefully().await.unwrap().unjudged);
    assert_eq!(std::fs::read(home.path(".ssh/known_hosts")).unwrap(), changed);
    assert!(next.recover().await.unwrap().undone, "a run that holds all nodes does judge it");
}
