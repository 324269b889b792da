//! What was decided is finished, whoever dies or fails meanwhile; and a script that fails never takes the shell with it.

use std::fs;
use std::path::Path;

use sshtrust::apply::ApplyError;

use crate::home::*;

#[tokio::test]
async fn a_node_finishes_what_it_keeps_when_its_coordinator_or_its_shell_is_gone() {
    // PIPE: nobody reads the answer. TERM: sshd ends the session. KILL: the shell itself is gone. At the rename that is the
    // claim, and at the first thing that is made durable after it.
    for (command, signal) in
        [("mv", "PIPE"), ("sync", "PIPE"), ("mv", "TERM"), ("sync", "TERM"), ("mv", "KILL"), ("sync", "KILL")]
    {
        let when = format!("{signal} at {command}");
        let home = Home::new();
        let (site, shell) = home.site().await;
        shell.define("gs_tick=0.01", LIMIT).await.unwrap();
        let run = run();
        site.apply(&run, &home.plan(), key(), &home.programs()).await.unwrap();
        let script = format!(
            "echo 'true >\"$gs_home/ran\"' >\"$gs_journal.prepared/99999.after\"\n\
             {command}() {{ command {command} \"$@\"; gs_done=$?; [ \"$1\" = --help ] || [ -n \"$gs_cut\" ] || \
             {{ gs_cut=1; kill -{signal} $$; }}; return $gs_done; }}"
        );
        site.prepare().await.unwrap();
        shell.define(&script, LIMIT).await.unwrap().success("cutting").unwrap();
        // Nobody knows whether it answers.
        let _ = site.commit().await;
        drop((site, shell));
        let journal = home.path(".gs_sshexkey.journal");
        await_that(&format!("{when}: it stays half kept"), || {
            ["", ".prepared", ".kept"].iter().all(|end| !Path::new(&format!("{journal}{end}")).exists())
        })
        .await;
        assert!(Path::new(&home.path("ran")).exists(), "{when}: what comes after was not done");
        let (next, _shell) = home.site().await;
        assert!(next.has_kept(&run.id).await, "{when}");
        end_agent(&home);
    }
}

#[tokio::test]
async fn what_an_earlier_stage_has_kept_does_not_stand_in_the_way_of_the_next() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    let kept = home.path(".gs_sshexkey.journal.kept");
    fs::create_dir(&kept).unwrap();
    fs::write(format!("{kept}/run"), "run 0123\n").unwrap();
    shell.define("rm() { return 1; }", LIMIT).await.unwrap();
    let refused = site.begin(&run()).await;
    assert!(matches!(refused, Err(ApplyError::Unwritable(_))), "{refused:?}");
    shell.define("unset -f rm", LIMIT).await.unwrap();
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    assert!(!Path::new(&kept).exists());
    site.prepare().await.unwrap();
    assert!(site.commit().await.unwrap().durable);
    end_agent(&home);
}

#[tokio::test]
async fn late_lines_are_carried_over_once_also_where_nobody_reads_of_them() {
    let home = Home::new();
    let (_site, shell) = home.site().await;
    let kept = home.path(".gs_sshexkey.journal.kept");
    fs::create_dir(&kept).unwrap();
    let names = ["one", "two"];
    for name in names {
        fs::write(home.path(name), "new\n").unwrap();
        fs::write(format!("{kept}/{name}.path"), home.path(name)).unwrap();
        fs::write(format!("{kept}/{name}.old"), "old\n").unwrap();
    }
    // A pipe whose reader is gone.
    let script = "cd \"$gs_journal.kept\"; for f in one two; do cksum <$f.old >$f.sum; echo late >>$f.old; done\n\
                  echo 'true >\"$gs_home/ran\"' >three.after\n\
                  mkfifo \"$gs_home/pipe\"; exec 8<>\"$gs_home/pipe\" 7>\"$gs_home/pipe\" 8<&-\n\
                  gs_discard >&7; gs_discard >&7";
    shell.run(script, LIMIT).await.unwrap();
    for name in names {
        assert_eq!(fs::read_to_string(home.path(name)).unwrap(), "new\nlate\n", "{name}");
    }
    assert!(Path::new(&home.path("ran")).exists() && !Path::new(&kept).exists());
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_is_named_and_the_shell_lives() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    site.begin(&run()).await.unwrap();
    shell.define("gs_note() { return 1; }", LIMIT).await.unwrap();
    let refused = site.claim(&[home.path(".ssh")]).await;
    assert!(
        matches!(&refused, Err(ApplyError::Unwritable(why)) if why.contains("cannot write")),
        "{refused:?}"
    );
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn a_vote_that_cannot_be_made_durable_says_what_cannot_be_written() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    shell
        .define("gs_sync() { [ \"$1\" != \"$gs_home\" ] || [ -e \"$gs_home/healed\" ]; }", LIMIT)
        .await
        .unwrap();
    let refused = site.prepare().await;
    assert!(
        matches!(&refused, Err(ApplyError::Unwritable(why)) if why.contains("cannot write")),
        "{refused:?}"
    );
    fs::write(home.path("healed"), "").unwrap();
    site.undo().await.unwrap();
    fs::remove_file(home.path("healed")).unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn a_home_that_cannot_be_opened_does_not_end_the_shell() {
    let home = Home::new();
    let (site, shell) = home.site().await;
    // It goes away after it was looked at.
    let script =
        "command() { if [ \"$1\" = -v ]; then mv \"$gs_home\" \"$gs_home.$gs_mark\"; else \"$@\"; fi; }";
    shell.define(script, LIMIT).await.unwrap();
    assert!(site.lock().await.unwrap());
    let back = "mv \"$gs_home.$gs_mark\" \"$gs_home\"";
    shell.define(back, LIMIT).await.unwrap().success("living").unwrap();
}
