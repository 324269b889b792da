//! `revoke` on real nodes: what its tests share, and that it leaves nothing, whatever the user had before.

use std::process::{Child, Stdio};

use lab::{Kind, Lab, Node, Snapshot};

use crate::before::*;
use crate::harness::*;
use crate::saved::on_each;
use crate::store::passphrase;
use crate::tools::*;

/// Starts `revoke` on a node; `input` is its standard input.
pub(crate) fn start_revoke(on: &Node, user: &str, hosts: &str, flags: &[&str], input: &str) -> Child {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, user).unwrap();
    let mut command = on.command(user);
    command.args(["gs_sshexkey", "revoke", "-f", "/tmp/hostfile"]).args(flags);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that needs no answer does not read it.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    child
}

/// Runs `revoke` from a node over some, to its end.
pub(crate) fn revoke(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> Run {
    finish(start_revoke(on, user, &hostfile(nodes), flags, ""))
}

/// Takes the trust away from all, which must be done and proven; the screen.
#[track_caller]
pub(crate) fn must_revoke(on: &Node, user: &str, nodes: &[&Node], flags: &[&str]) -> String {
    let flags: Vec<&str> = ["--yes"].iter().chain(flags).copied().collect();
    let run = revoke(on, user, nodes, &flags);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}\n{}", run.stdout, run.stderr);
    let count = nodes.len();
    assert!(run.stdout.contains(&format!("The trust of {user} is gone: {count} nodes.\n")), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("is refused: {count} of {count}.\n")), "{}", run.stdout);
    run.stdout
}

/// The cluster's private key, kept without its passphrase by somebody who should not have it.
pub(crate) struct Stolen<'a> {
    node: &'a Node,
    user: &'a str,
}

impl<'a> Stolen<'a> {
    /// Takes it from a node, where it opens all of them.
    #[track_caller]
    pub(crate) fn from(node: &'a Node, user: &'a str, nodes: &[&Node]) -> Self {
        let phrase = passphrase(node, &home(user));
        sh(node, "root", "mkdir -p /var/lib/stolen && chmod 1777 /var/lib/stolen");
        let steal = "umask 077 && cp ~/.ssh/id_om /var/lib/stolen/$USER && \
                     ssh-keygen -q -p -P \"$phrase\" -N '' -f /var/lib/stolen/$USER >/dev/null";
        sh(node, user, &format!("phrase='{phrase}'; USER={user}; {steal}"));
        let stolen = Self { node, user };
        for to in nodes {
            assert_eq!(stolen.used_at(to), "", "the key does not open {}", to.name());
        }
        stolen
    }

    /// What ssh says; empty if it is let in.
    fn used_at(&self, to: &Node) -> String {
        let Self { node, user } = self;
        let script = format!(
            "ssh -n -F none -p {} -i /var/lib/stolen/{user} -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
             -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=20 {} true",
            to.port(),
            to.ip()
        );
        let said = node.sh(user, &script).unwrap();
        if said.status.success() { String::new() } else { format!("refused: {}", said.stderr) }
    }

    /// Law 2: it opens none of these any more.
    #[track_caller]
    pub(crate) fn must_be_refused_by(&self, nodes: &[&Node]) {
        for to in nodes {
            let said = self.used_at(to);
            assert!(said.contains("Permission denied"), "{}: \"{said}\"", to.name());
        }
    }
}

/// What a node is made of, its clocks left out: Debian's crontab(1) writes the time into the table.
pub(crate) fn state(node: &Node) -> Snapshot {
    let mut all = snapshot(node);
    for (path, entry) in &mut all.entries {
        if path.starts_with("/var/spool/cron/crontabs/") {
            let lines: Vec<&[u8]> = entry.content.split(|byte| *byte == b'\n').collect();
            let kept: Vec<&[u8]> = lines
                .into_iter()
                .filter(|line| !line.starts_with(b"# (") && !line.starts_with(b"# DO NOT EDIT"))
                .collect();
            entry.content = kept.join(&b'\n');
        }
    }
    all
}

/// Nodes as they were before trust.
pub(crate) struct Untrusted(Vec<Snapshot>, Before);

impl Untrusted {
    pub(crate) fn of(nodes: &[&Node]) -> Self {
        let before = Before::of(nodes);
        Self(nodes.iter().map(|node| state(node)).collect(), before)
    }

    /// Law 3: all is as it was, but for a final newline that was missing, and rights that are tighter now.
    #[track_caller]
    pub(crate) fn must_be_back(&self, nodes: &[&Node]) {
        self.must_have_same_files(nodes);
        nodes.iter().enumerate().for_each(|(index, node)| self.1.must_be_quiet(index, node));
    }

    #[track_caller]
    pub(crate) fn must_have_same_files(&self, nodes: &[&Node]) {
        nodes.iter().enumerate().for_each(|(index, node)| self.must_have_same_files_at(index, node));
    }

    #[track_caller]
    pub(crate) fn must_have_same_files_at(&self, index: usize, node: &Node) {
        let before = &self.0[index];
        let mut now = state(node);
        for (path, entry) in &mut now.entries {
            let Some(was) = before.entries.get(path) else { continue };
            let ended = !was.content.ends_with(b"\n") && entry.content == [&was.content[..], b"\n"].concat();
            if ended && was.kind == Kind::File {
                entry.content.clone_from(&was.content);
            }
            if entry.mode & !was.mode == 0 {
                entry.mode = was.mode;
            }
        }
        let diff = before.diff(&now);
        assert!(diff.is_empty(), "{} differs:\n{diff}{}", node.name(), self.shown(node, before));
    }

    /// The texts of what differs.
    fn shown(&self, node: &Node, before: &Snapshot) -> String {
        let now = state(node);
        let differs = before
            .entries
            .iter()
            .filter(|(path, was)| now.entries.get(*path).is_some_and(|entry| entry.content != was.content));
        let show = |(path, was): (&String, &lab::Entry)| {
            format!(
                "{path}\nwas: {}\nis:  {}\n",
                was.content.escape_ascii(),
                now.entries[path].content.escape_ascii()
            )
        };
        differs.map(show).collect()
    }
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

/// What a user may have before: each is run in the home of each user of one node.
fn awkward_starts() -> Vec<String> {
    let starts = [
        // Nothing at all.
        "rm -rf .ssh .bashrc .profile .bash_logout",
        // No final newline anywhere, and rights that sshd does not like.
        "mkdir -m 755 .ssh; printf 'KEY me' >.ssh/authorized_keys; printf 'old.example KEY' >.ssh/known_hosts; \
         printf 'Host *\\n  Port 22' >.ssh/config; printf 'umask 022' >.bashrc; chmod 666 .ssh/known_hosts; rm .profile",
        // Lines as Windows ends them, bytes that are no text, blank lines at the end; the job goes into the profile.
        "mkdir -m 700 .ssh; printf '# win\\r\\nKEY me\\r\\n\\r\\n' >.ssh/authorized_keys; \
         printf '\\377\\376 no line\\n@revoked * KEY\\r\\n\\n\\n' >.ssh/known_hosts; \
         printf 'Host other\\r\\n\\tHostName 10.9.9.9\\r\\n# \\377' >.ssh/config; \
         printf 'export A=1\\r\\n# \\300\\n\\nunset SSH_AUTH_SOCK\\n' >.bashrc; printf '# mine \\377' >.profile",
        // Links of the user's own, an agent of the user's own, a long table of jobs.
        "mkdir -m 700 .ssh dotfiles; for f in config authorized_keys known_hosts; do echo \"# $f\" >dotfiles/$f; \
         ln -s ../dotfiles/$f .ssh/$f; done; mv .bashrc dotfiles/bashrc; ln -s dotfiles/bashrc .bashrc; \
         ssh-agent -a /tmp/own.$(id -un) >/dev/null; for i in $(seq 200); do echo \"$i 3 * * 0 true $i\"; done >/tmp/jobs; \
         sed 's/^[0-9]* /5 /' /tmp/jobs | crontab -; rm /tmp/jobs",
        // Files that are empty, a guard in the profile, a table without a job.
        "mkdir -m 700 .ssh; : >.ssh/authorized_keys; : >.ssh/known_hosts; : >.ssh/config; : >.profile; \
         printf 'case $- in\\n *i*) ;;\\n *) return;;\\nesac\\nalias l=ls' >.bashrc; echo '# none' | crontab -",
        // Keys and lines of the user's own, one of them named as the tool names its own, exports of an agent.
        "mkdir -m 700 .ssh; ssh-keygen -qt ed25519 -N '' -f .ssh/id_ed25519; \
         sed 's/$/ #OM not at the end/' .ssh/id_ed25519.pub >.ssh/authorized_keys; \
         printf 'Compression yes\\nHost *\\n\\tIdentityFile ~/.ssh/id_ed25519\\n\\tIdentitiesOnly yes' >.ssh/config; \
         printf 'export SSH_AUTH_SOCK=/tmp/else\\nexport SSH_AGENT_PID=\\n[ -z \"$PS1\" ] && return' >.bashrc",
    ];
    starts.map(|start| format!("cd; {}", start.replace("KEY", KEY))).to_vec()
}

/// The same for `/etc/hosts`.
const AWKWARD_HOSTS: [&str; 6] = [
    "true",
    "printf '127.0.0.1 localhost' >/etc/hosts",
    "printf '127.0.0.1 localhost\\r\\n# \\377\\n10.1.1.1 a b c' >/etc/hosts",
    "cp -p /etc/hosts /run/hosts; mount --bind /run/hosts /etc/hosts",
    "printf '127.0.0.1\\tlocalhost # home\\n\\n#Gauss OM IP Hosts Mapping\\n' >/etc/hosts; chown root:omm /etc/hosts; chmod 664 /etc/hosts",
    "printf '127.0.0.1 localhost\\n10.77.0.2\\t\\tnode2 # mine\\n' >/etc/hosts",
];

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn nothing_is_left_whatever_the_user_had() {
    let lab = cluster(6);
    let nodes = all(&lab);
    // Where cron does not run, the job is in the profile.
    nodes[1..3].iter().for_each(|node| drop(sh(node, "root", "pkill -x cron")));
    for (node, (start, hosts)) in nodes.iter().zip(awkward_starts().iter().zip(AWKWARD_HOSTS)) {
        ["root", "omm"].iter().for_each(|user| drop(sh(node, user, start)));
        sh(node, "root", hosts);
    }
    let before = Untrusted::of(&nodes);
    let stolen = ["root", "omm"].map(|user| {
        set_up(&lab, user);
        Stolen::from(nodes[0], user, &nodes)
    });
    for user in ["omm", "root"] {
        let screen = must_revoke(nodes[0], user, &nodes, &[]);
        // It is told where the job is.
        let profile = format!("the job in {}", at_home(user, ".profile"));
        assert!(screen.contains("the job in the user's crontab") && screen.contains(&profile), "{screen}");
    }
    before.must_be_back(&nodes);
    stolen.iter().for_each(|stolen| stolen.must_be_refused_by(&nodes));
    for user in ["root", "omm"] {
        sh(nodes[3], user, "SSH_AUTH_SOCK=/tmp/own.$(id -un) ssh-add -l; [ $? -le 1 ]");
        // Once more, there is nothing.
        let run =
            finish(start_revoke(nodes[0], user, &hostfile(&nodes), &["--yes"], &format!("{PASSWORD}\n")));
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(&format!("There is no trust of {user} on 6 nodes")), "{}", run.stdout);
    }
    before.must_be_back(&nodes);
    // And what was taken away can be made again.
    set_up(&lab, "omm");
    must_revoke(nodes[5], "omm", &nodes, &[]);
    before.must_be_back(&nodes);
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn timers_and_lingering_go_as_they_came() {
    let lab = Lab::up(spec(3).systems()).unwrap();
    let nodes = all(&lab);
    on_each(&nodes, |node| {
        // The first boot of a user's manager makes folders of its own; on the last node it was on before.
        let manager = "loginctl enable-linger omm && systemctl start user@1000";
        sh(node, "root", manager);
        if node.name() != "node3" {
            sh(node, "root", "loginctl disable-linger omm");
        }
        if node.name() != "node1" {
            sh(node, "root", "systemctl disable --quiet --now cron.service && rm /usr/bin/crontab");
        }
    });
    let lingers = |node: &&Node| sh(node, "root", "ls /var/lib/systemd/linger");
    let before: Vec<Snapshot> = nodes.iter().map(|node| state(node)).collect();
    let lingered: Vec<String> = nodes.iter().map(lingers).collect();
    for user in ["root", "omm"] {
        set_up(&lab, user);
    }
    let stolen = Stolen::from(nodes[1], "omm", &nodes);
    for user in ["root", "omm"] {
        must_revoke(nodes[1], user, &nodes, &[]);
    }
    stolen.must_be_refused_by(&nodes);
    assert_eq!(nodes.iter().map(lingers).collect::<Vec<_>>(), lingered);
    for (node, before) in nodes.iter().zip(&before) {
        let diff = before.diff(&state(node));
        assert!(diff.is_empty(), "{} differs:\n{diff}", node.name());
        for user in ["root", "omm"] {
            let left = node.sh(user, "XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user list-units --all 'gs_sshexkey*' --no-legend");
            assert_eq!(left.unwrap().stdout, "", "{}", node.name());
        }
        assert_eq!(node.sh("root", "pgrep -a ssh-agent").unwrap().stdout, "", "{}", node.name());
    }
}
