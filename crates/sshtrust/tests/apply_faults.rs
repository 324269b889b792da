//! Changes that go wrong at every possible step: afterwards a node has all old bytes, or all new ones.
//!
//! The node is a folder of this machine, worked on through the real shell with the real scripts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sshtrust::apply::Worksite;
use sshtrust::identity::{IdentityKey, KeyType};
use sshtrust::inventory::NodeSpec;
use sshtrust::node::{Shell, local};
use sshtrust::observe::{Entry, EntryKind};
use sshtrust::plan::{
    AgentEdit, Content, DirEdit, FileEdit, Job, JobEdit, Keepalive, KeepaliveEdit, NodePlan,
};
use sshtrust::program::Program;

const LIMIT: Duration = Duration::from_secs(30);
/// Commands that the scripts use to change something; each of their calls is made to fail in turn.
const COMMANDS: [&str; 13] =
    ["mkdir", "chmod", "mv", "ln", "cp", "rm", "cat", "head", "tail", "dd", "gzip", "sha256sum", "crontab"];
/// A crontab(1) that keeps its table in the home of the test, so that the machine's own stays out of it.
const CRONTAB: &str = "#!/bin/sh\ncase $1 in\n-l) [ -e table ] || { echo 'no crontab for me' >&2; exit 1; }; cat table ;;\n\
                       -r) rm table ;;\n-) cat >table.new && mv table.new table ;;\nesac\n";

/// What is at a path: its rights and its bytes.
type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn tree(dir: &Path) -> Tree {
    try_tree(dir).unwrap()
}

/// Fails if something goes away while it is looked at.
fn try_tree(dir: &Path) -> std::io::Result<Tree> {
    let mut found = Tree::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let meta = path.symlink_metadata()?;
        let bytes = if meta.is_file() { fs::read(&path)? } else { Vec::new() };
        if meta.is_dir() {
            found.extend(try_tree(&path)?);
        }
        found.insert(path, (meta.mode(), bytes));
    }
    Ok(found)
}

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path(".ssh")).unwrap();
        fs::set_permissions(path(".ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path(".ssh/known_hosts"), "user's own line, no newline").unwrap();
        fs::set_permissions(path(".ssh/known_hosts"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::create_dir(path("dot files")).unwrap();
        fs::write(path("dot files/it's a profile"), "return\n").unwrap();
        symlink("dot files/it's a profile", path(".bashrc")).unwrap();
        fs::write(path("table"), "# mine\n0 1 * * * x").unwrap();
        fs::set_permissions(path("table"), fs::Permissions::from_mode(0o600)).unwrap();
        let home = Self { dir };
        fs::create_dir(home.tools()).unwrap();
        let program = "#!/bin/sh\n[ \"$1\" = --version ]\n";
        for (name, text) in
            [("crontab", CRONTAB.replace("table", &home.path("table"))), ("new", program.to_owned())]
        {
            let path = format!("{}/{name}", home.tools());
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        home
    }

    /// A folder of programs, outside of the home.
    fn tools(&self) -> String {
        format!("{}.tools", self.dir.path().display())
    }

    fn keepalive(&self) -> Keepalive {
        let program = Program::read(Path::new(&format!("{}/new", self.tools()))).unwrap();
        let table = self.entry("table");
        let digest = Program::read(Path::new(&self.path("table"))).unwrap().digest().to_owned();
        let content = Content::Bytes(Arc::new(b"our job #OM\n# mine\n0 1 * * * x\n".to_vec()));
        let file = FileEdit { old: Entry { stamp: digest, ..table }, content, mode: None, secret: false };
        let bin = DirEdit { path: self.path("gaussdb_tmp/bin"), old_mode: None, mode: 0o700 };
        let edit = KeepaliveEdit {
            linger: false,
            older: false,
            dirs: vec![bin],
            program: Some((self.path("gaussdb_tmp/bin/gs_sshexkey"), Arc::new(program))),
            jobs: vec![JobEdit { job: Job::Cron, dirs: Vec::new(), files: vec![file] }],
        };
        Keepalive::By { job: Job::Cron, why: String::new(), edit }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn entry(&self, name: &str) -> Entry {
        let path = self.path(name);
        let Ok(meta) = fs::metadata(&path) else { return Entry::absent(&path) };
        let stamp = format!("{}:{}:{}:{}", meta.ino(), meta.size(), meta.mtime(), meta.ctime());
        let bytes = fs::read(&path).unwrap();
        Entry { kind: EntryKind::File, mode: meta.mode() & 0o7777, stamp, bytes, ..Entry::absent(&path) }
    }

    fn plan(&self) -> NodePlan {
        let bytes = |text: &str| Content::Bytes(Arc::new(text.as_bytes().to_vec()));
        let file = |name: &str, text: &str, mode| FileEdit {
            old: self.entry(name),
            content: bytes(text),
            mode,
            secret: false,
        };
        let socket = self.path("gaussdb_tmp/gauss_socket_tmp");
        let old = self.entry("dot files/it's a profile");
        let content = Content::Profile { old: old.bytes.clone(), socket: socket.clone() };
        NodePlan {
            spec: NodeSpec { ip: [127, 0, 0, 1].into(), port: 22 },
            socket,
            dirs: vec![
                DirEdit { path: self.path(".ssh"), old_mode: Some(0o755), mode: 0o700 },
                DirEdit { path: self.path("gaussdb_tmp"), old_mode: None, mode: 0o700 },
            ],
            agent: AgentEdit::Start { stale_socket: false },
            files: vec![
                file(".ssh/id_om", "key\n", Some(0o600)),
                file(".ssh/known_hosts", "user's own line, no newline\nand ours", None),
                FileEdit { old, content, mode: None, secret: false },
            ],
            keepalive: self.keepalive(),
        }
    }

    /// A worksite whose home is this folder.
    async fn site(&self) -> (Worksite, Shell) {
        let user = std::process::Command::new("id").arg("-un").output().unwrap();
        let shell = local::shell().await.unwrap();
        let site =
            Worksite::open(shell.clone(), String::from_utf8(user.stdout).unwrap().trim()).await.unwrap();
        let home = self.dir.path().display();
        let tools = self.tools();
        let script =
            format!("gs_home='{home}'; gs_journal=$gs_home/.gs_sshexkey.journal; PATH='{tools}':$PATH");
        shell.define(&script, LIMIT).await.unwrap().success("moving home").unwrap();
        (site, shell)
    }

    /// Makes the call number `at` of the commands above do `what` instead of its work.
    async fn break_at(&self, shell: &Shell, at: usize, what: &str) {
        let count = self.tickets();
        fs::create_dir(&count).unwrap();
        // Calls in a pipeline come at the same time: each takes the next free ticket, and only one gets it.
        let mut script = format!(
            "gs_fault() {{ gs_ticket=1; set -C\n\
             until {{ true >'{count}/'$gs_ticket; }} 2>/dev/null || [ ! -d '{count}' ]; do \
             gs_ticket=$((gs_ticket + 1)); done; set +C\n\
             [ $gs_ticket -ne {at} ] || {{ {what}; }}; }}\n"
        );
        for command in COMMANDS {
            script.push_str(&format!("{command}() {{ gs_fault && command {command} \"$@\"; }}\n"));
        }
        shell.define(&script, LIMIT).await.unwrap().success("breaking").unwrap();
    }

    fn tickets(&self) -> String {
        format!("{}.tickets", self.dir.path().display())
    }

    /// How many calls there were since [`Self::break_at`].
    fn calls(&self) -> usize {
        let calls = fs::read_dir(self.tickets()).unwrap().count();
        fs::remove_dir_all(self.tickets()).unwrap();
        calls
    }

    /// Waits until the node has gone back by itself.
    fn await_tree(&self, wanted: &Tree) {
        let deadline = Instant::now() + LIMIT;
        while try_tree(self.dir.path()).ok().as_ref() != Some(wanted) {
            assert!(
                Instant::now() < deadline,
                "the node did not go back:\n{:#?}",
                tree(self.dir.path()).keys()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What stays behind is in the machine's folder for such things.
        let _ = fs::remove_dir_all(self.tools());
    }
}

fn key() -> &'static IdentityKey {
    static KEY: std::sync::OnceLock<IdentityKey> = std::sync::OnceLock::new();
    KEY.get_or_init(|| IdentityKey::generate(KeyType::Ed25519, "test").unwrap())
}

#[tokio::test]
async fn a_change_is_made_kept_and_leaves_no_journal() {
    let home = Home::new();
    let (site, _shell) = home.site().await;
    site.apply(&home.plan(), key()).await.unwrap();
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
        let result = site.apply(&home.plan(), key()).await;
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
    site.apply(&NodePlan { keepalive: Keepalive::Off, ..home.plan() }, key()).await.unwrap();
    let first = home.calls();
    site.undo().await.unwrap();
    for at in first + 1.. {
        let home = Home::new();
        let (site, shell) = home.site().await;
        home.break_at(&shell, at, "return 1").await;
        let kept = site.apply(&home.plan(), key()).await;
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

/// An agent outlives the run; the test must not leave it.
fn end_agent(home: &Home) {
    let profile = fs::read_to_string(home.path(".bashrc")).unwrap();
    let pid = profile.lines().find_map(|l| l.strip_prefix("export SSH_AGENT_PID=")).unwrap();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
}

#[tokio::test]
async fn a_lost_connection_undoes_by_itself() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    site.apply(&home.plan(), key()).await.unwrap();
    assert_ne!(tree(home.dir.path()), before);
    drop((site, shell));
    tokio::task::spawn_blocking(move || home.await_tree(&before)).await.unwrap();
}

#[tokio::test]
async fn a_coordinator_that_is_silent_for_too_long_is_given_up() {
    let home = Home::new();
    let before = tree(home.dir.path());
    let (site, shell) = home.site().await;
    // A tick is a second otherwise.
    shell.define("gs_tick=0.01", LIMIT).await.unwrap().success("hurrying").unwrap();
    site.apply(&home.plan(), key()).await.unwrap();
    site.renew().await.unwrap();
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
        let result = site.apply(&home.plan(), key()).await;
        let calls = home.calls();
        drop((site, shell));
        let (site, _shell) = home.site().await;
        while !site.lock().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        site.recover().await.unwrap_or_else(|e| panic!("call {at}: {e}"));
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
    site.apply(&home.plan(), key()).await.unwrap();
    // Days later, after a power cut: the owner has edited one file, another one was left as it was.
    shell.define("gs_at_end=", LIMIT).await.unwrap();
    drop((site, shell));
    fs::write(home.path(".ssh/known_hosts"), "edited later by its owner").unwrap();
    let (site, _shell) = home.site().await;
    assert!(site.recover().await.unwrap());
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
    site.apply(&home.plan(), key()).await.unwrap_err();
    site.undo().await.unwrap();
    assert_eq!(tree(home.dir.path()), before);
}

#[tokio::test]
async fn folders_that_are_there_or_get_filled_stay() {
    let home = Home::new();
    fs::create_dir(home.path("gaussdb_tmp")).unwrap();
    let before = tree(home.dir.path());
    let (site, _shell) = home.site().await;
    site.apply(&home.plan(), key()).await.unwrap();
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
    let error = site.apply(&plan, key()).await.unwrap_err();
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
