//! A node that is a folder of this machine, worked on through the real shell with the real scripts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sshtrust::apply::{Run, Worksite};
use sshtrust::identity::{IdentityKey, KeyType};
use sshtrust::inventory::NodeSpec;
use sshtrust::limits::Limits;
use sshtrust::node::{Shell, local};
use sshtrust::observe::{Entry, EntryKind};
use sshtrust::plan::{
    AgentEdit, Content, DirEdit, FileEdit, Job, JobEdit, Keepalive, KeepaliveEdit, NodePlan,
};
use sshtrust::program::{Program, Programs};

pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Commands that the scripts use to change something; each of their calls is made to fail in turn.
const COMMANDS: [&str; 13] =
    ["mkdir", "chmod", "mv", "ln", "cp", "rm", "cat", "head", "tail", "dd", "gzip", "sha256sum", "crontab"];
/// A crontab(1) that keeps its table in the home of the test, so that the machine's own stays out of it.
const CRONTAB: &str = "#!/bin/sh\ncase $1 in\n-l) [ -e table ] || { echo 'no crontab for me' >&2; exit 1; }; cat table ;;\n\
                       -r) rm table ;;\n-) cat >table.new && mv table.new table ;;\nesac\n";

/// What is at a path: its rights and its bytes.
pub(crate) type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

pub(crate) fn tree(dir: &Path) -> Tree {
    try_tree(dir).unwrap()
}

/// Fails if something goes away while it is looked at.
pub(crate) fn try_tree(dir: &Path) -> std::io::Result<Tree> {
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

pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
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

    /// The watcher's clock: it stands until [`Home::lose_patience`], whatever the machine has to do.
    pub(crate) fn clock(&self) -> String {
        let tools = self.tools();
        format!(
            "gs_tick=0.01; gs_look() {{ until [ -e '{tools}/late' ] || [ ! -d '{tools}' ]; do sleep 0.01; done; }}"
        )
    }

    /// The coordinator has been silent for too long by now.
    pub(crate) fn lose_patience(&self) {
        fs::write(format!("{}/late", self.tools()), "").unwrap();
    }

    /// A folder of programs, outside of the home.
    pub(crate) fn tools(&self) -> String {
        format!("{}.tools", self.dir.path().display())
    }

    fn program(&self) -> Program {
        Program::read(Path::new(&format!("{}/new", self.tools()))).unwrap()
    }

    pub(crate) fn programs(&self) -> Programs {
        [("m68k".to_owned(), self.program())].into_iter().collect()
    }

    pub(crate) fn keepalive(&self) -> Keepalive {
        let table = self.entry("table");
        let digest = Program::read(Path::new(&self.path("table"))).unwrap().build().digest.clone();
        let content = Content::Bytes(Arc::new(b"our job #OM\n# mine\n0 1 * * * x\n".to_vec()));
        let file = FileEdit { old: Entry { stamp: digest, ..table }, content, mode: None, secret: false };
        let bin = DirEdit { path: self.path("gaussdb_tmp/bin"), old_mode: None, mode: 0o700 };
        let edit = KeepaliveEdit {
            linger: false,
            older: false,
            dirs: vec![bin],
            program: Some((self.path("gaussdb_tmp/bin/gs_sshexkey"), self.program().build().clone())),
            jobs: vec![JobEdit { job: Job::Cron, dirs: Vec::new(), files: vec![file] }],
        };
        Keepalive::By { job: Job::Cron, why: String::new(), edit }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    pub(crate) fn entry(&self, name: &str) -> Entry {
        let path = self.path(name);
        let Ok(meta) = fs::metadata(&path) else { return Entry::absent(&path) };
        let stamp = format!("{}:{}:{}:{}", meta.ino(), meta.size(), meta.mtime(), meta.ctime());
        let bytes = fs::read(&path).unwrap().into();
        Entry { kind: EntryKind::File, mode: meta.mode() & 0o7777, stamp, bytes, ..Entry::absent(&path) }
    }

    pub(crate) fn plan(&self) -> NodePlan {
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
            keys_file: self.path(".ssh/authorized_keys"),
            dirs: vec![
                DirEdit { path: self.path(".ssh"), old_mode: Some(0o755), mode: 0o700 },
                DirEdit { path: self.path("gaussdb_tmp"), old_mode: None, mode: 0o700 },
            ],
            agent: AgentEdit::Start { stale_socket: false },
            files: vec![
                file(".ssh/id_om", "key\n", Some(0o600)),
                file(".ssh/known_hosts", "user's own line, no newline\nand ours\n", None),
                FileEdit { old, content, mode: None, secret: false },
            ],
            keepalive: self.keepalive(),
        }
    }

    /// A worksite whose home is this folder.
    pub(crate) async fn site(&self) -> (Worksite, Shell) {
        let user = std::process::Command::new("id").arg("-un").output().unwrap();
        let shell = local::shell().await.unwrap();
        let site =
            Worksite::open(shell.clone(), String::from_utf8(user.stdout).unwrap().trim(), Limits::default())
                .await
                .unwrap();
        let home = self.dir.path().display();
        let tools = self.tools();
        let script =
            format!("gs_home='{home}'; gs_journal=$gs_home/.gs_sshexkey.journal; PATH='{tools}':$PATH");
        shell.define(&script, LIMIT).await.unwrap().success("moving home").unwrap();
        (site, shell)
    }

    /// Makes the call number `at` of the commands above do `what` instead of its work.
    pub(crate) async fn break_at(&self, shell: &Shell, at: usize, what: &str) {
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

    pub(crate) fn tickets(&self) -> String {
        format!("{}.tickets", self.dir.path().display())
    }

    /// How many calls there were since [`Self::break_at`].
    pub(crate) fn calls(&self) -> usize {
        let calls = fs::read_dir(self.tickets()).unwrap().count();
        fs::remove_dir_all(self.tickets()).unwrap();
        calls
    }

    /// Waits until the node has gone back by itself.
    pub(crate) fn await_tree(&self, wanted: &Tree) {
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

/// A run of one node, which decides for itself.
pub(crate) fn run() -> Run {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Run { id: format!("{count:08x}"), decider: None, peers: Vec::new() }
}

pub(crate) fn key() -> &'static IdentityKey {
    static KEY: std::sync::OnceLock<IdentityKey> = std::sync::OnceLock::new();
    KEY.get_or_init(|| IdentityKey::generate(KeyType::Ed25519, "test").unwrap())
}

/// An agent outlives the run; the test must not leave it.
pub(crate) fn end_agent(home: &Home) {
    let profile = fs::read_to_string(home.path(".bashrc")).unwrap();
    let pid = profile.lines().find_map(|l| l.strip_prefix("export SSH_AGENT_PID=")).unwrap();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
}

/// Waits until something is so.
pub(crate) async fn await_that(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
