//! The lock of a node: what keeps runs apart, and who cannot stand in their way.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sshtrust::apply::Worksite;
use sshtrust::node::Shell;

use crate::home::*;

/// A home that only its owner can read, and one that others can.
const RIGHTS: [u32; 4] = [0o700, 0o711, 0o750, 0o755];
const FILE: &str = ".gs_sshexkey.lock";

fn home(rights: u32) -> Home {
    let home = Home::new();
    fs::set_permissions(home.dir.path(), Permissions::from_mode(rights)).unwrap();
    home
}

/// Holds the home as any user can who may read it: not as descriptor 9, which would be one of our own runs.
fn stranger(home: &Home) -> File {
    let opened: Vec<File> = (0..10).map(|_| File::open(home.dir.path()).unwrap()).collect();
    let file = opened.into_iter().next_back().unwrap();
    assert!(file.as_raw_fd() > 9);
    file.try_lock().unwrap();
    file
}

/// A program before this one at work: its shell has the home as descriptor 9.
fn old_run(home: &Home) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", "exec 9<\"$1\"; flock -n 9 && echo held; read -r end", "sh", &home.path("")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// Takes a lock that is about to be free: what had it may still be ending.
async fn must_get(site: &Worksite) {
    while !site.lock().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_free(path: &str) -> bool {
    Command::new("flock").args(["-n", path, "true"]).status().unwrap().success()
}

fn await_none(path: &str) {
    let deadline = std::time::Instant::now() + LIMIT;
    while Path::new(path).exists() {
        assert!(std::time::Instant::now() < deadline, "{path} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn runs_are_kept_apart_and_nothing_is_left() {
    for rights in RIGHTS {
        let home = home(rights);
        let before = tree(home.dir.path());
        let (one, _shell) = home.site().await;
        let (two, shell) = home.site().await;
        assert!(one.lock().await.unwrap(), "{rights:o}");
        assert!(!two.lock().await.unwrap() && !two.lock_to_look().await.unwrap(), "{rights:o}");
        // A program before this one waits too.
        assert!(!is_free(&home.path("")), "{rights:o}");
        one.unlock().await.unwrap();
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
        assert!(two.lock().await.unwrap() && !one.lock().await.unwrap(), "{rights:o}");
        // The end of the shell is the end of the lock.
        drop((two, shell));
        must_get(&one).await;
        one.unlock().await.unwrap();
        await_none(&home.path(FILE));
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
    }
}

/// A keep that takes too long ends while its shell is at work: nobody reads how that request ends.
#[test]
fn no_lock_is_left_where_nobody_hears_any_more_how_a_request_ended() {
    let home = home(0o755);
    let (begun, gate) = (home.path("begun"), home.path("gate"));
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let script = format!("true >'{begun}'; read -r line <'{gate}'");
    runtime.spawn({
        let opening = runtime.block_on(home.site());
        async move {
            let (site, shell) = opening;
            assert!(site.lock().await.unwrap());
            shell.run(&script, LIMIT).await
        }
    });
    let deadline = std::time::Instant::now() + LIMIT;
    while !Path::new(&begun).exists() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Path::new(&home.path(FILE)).exists());
    // The end of the program, as far as its shell can see.
    runtime.shutdown_timeout(LIMIT);
    fs::write(&gate, "go\n").unwrap();
    await_none(&home.path(FILE));
}

#[tokio::test]
async fn who_only_looks_writes_nothing() {
    for rights in RIGHTS {
        let home = home(rights);
        let before = tree(home.dir.path());
        let (site, _shell) = home.site().await;
        assert!(site.lock_to_look().await.unwrap());
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
        site.unlock().await.unwrap();
        // Nor takes it away what a run that was killed has left.
        fs::write(home.path(FILE), "").unwrap();
        fs::set_permissions(home.path(FILE), Permissions::from_mode(0o600)).unwrap();
        let before = tree(home.dir.path());
        assert!(site.lock_to_look().await.unwrap());
        site.unlock().await.unwrap();
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
    }
}

#[tokio::test]
async fn a_stranger_who_holds_what_others_can_open_is_in_nobodys_way() {
    for rights in [0o750, 0o755] {
        let home = home(rights);
        let before = tree(home.dir.path());
        let _held = stranger(&home);
        let (one, _shell) = home.site().await;
        let (two, _other) = home.site().await;
        assert!(one.lock_to_look().await.unwrap(), "{rights:o}");
        one.unlock().await.unwrap();
        assert!(one.lock().await.unwrap(), "{rights:o}");
        assert!(!two.lock().await.unwrap(), "{rights:o}: two runs at a time");
        one.unlock().await.unwrap();
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
        // What others could open is closed to them.
        fs::write(home.path(FILE), "").unwrap();
        fs::set_permissions(home.path(FILE), Permissions::from_mode(0o644)).unwrap();
        assert!(two.lock().await.unwrap() && !one.lock().await.unwrap(), "{rights:o}");
        assert_eq!(fs::metadata(home.path(FILE)).unwrap().permissions().mode() & 0o7777, 0o600);
        two.unlock().await.unwrap();
        assert_eq!(tree(home.dir.path()), before, "{rights:o}");
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    let home = home(0o755);
    std::os::unix::fs::symlink("elsewhere", home.path(FILE)).unwrap();
    let (one, _shell) = home.site().await;
    let (two, _other) = home.site().await;
    // The home decides then.
    assert!(one.lock().await.unwrap() && !two.lock().await.unwrap());
    assert!(!Path::new(&home.path("elsewhere")).exists());
}

#[tokio::test]
async fn a_program_before_this_one_that_is_at_work_is_waited_for() {
    for rights in RIGHTS {
        let home = home(rights);
        let old = old_run(&home);
        let (site, _shell) = home.site().await;
        assert!(!site.lock().await.unwrap() && !site.lock_to_look().await.unwrap(), "{rights:o}");
        assert!(!Path::new(&home.path(FILE)).exists(), "{rights:o}");
        end(old);
        must_get(&site).await;
    }
}

#[tokio::test]
async fn what_a_run_that_was_killed_has_left_is_no_lock() {
    let home = home(0o755);
    let (site, shell) = home.site().await;
    assert!(site.lock().await.unwrap());
    shell.run("kill -9 $$", LIMIT).await.unwrap_err();
    assert!(Path::new(&home.path(FILE)).exists());
    let (site, _shell) = home.site().await;
    must_get(&site).await;
    site.unlock().await.unwrap();
    assert!(!Path::new(&home.path(FILE)).exists());
}

#[tokio::test]
async fn the_lock_of_a_node_that_goes_back_by_itself_goes_with_that() {
    let home = home(0o755);
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    shell.define(&home.clock(), LIMIT).await.unwrap().success("hurrying").unwrap();
    assert!(site.lock().await.unwrap());
    site.apply(&run(), &home.plan(), key(), &home.programs()).await.unwrap();
    home.lose_patience();
    // The coordinator says nothing: the watcher ends the shell, undoes, and leaves nothing.
    tokio::task::spawn_blocking(move || home.await_tree(&before)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_want_it_one_at_a_time_has_it() {
    let home = home(0o755);
    let sites: Vec<(Worksite, Shell)> = futures_util::future::join_all((0..6).map(|_| home.site())).await;
    let inside = home.path("inside");
    let working = sites.into_iter().map(|(site, shell)| {
        let inside = inside.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                must_get(&site).await;
                let script = format!("mkdir '{inside}' && rmdir '{inside}'");
                shell.run(&script, LIMIT).await.unwrap().success("being alone").unwrap();
                site.unlock().await.unwrap();
            }
        })
    });
    for done in working.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    assert!(!Path::new(&home.path(FILE)).exists());
}
