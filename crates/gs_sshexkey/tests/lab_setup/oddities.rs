//! What is odd on healthy nodes and does no harm: nothing is found, and every pair is green.

use lab::Node;

use crate::checking::must_be_green;
use crate::doctor::*;
use crate::harness::*;
use crate::saved::on_each;
use crate::tools::*;

const USERS: [&str; 2] = ["root", "omm"];

/// What is odd, and root's script that makes it on a node.
type Oddity = (&'static str, &'static str);

/// Of a user `$U` who has trust, in the home.
const OF_A_USER: &[Oddity] = &[
    (
        "profiles of logins that print",
        "echo 'echo welcome; date' >/etc/profile.d/hello.sh; echo 'uptime' >>.profile",
    ),
    (
        "a limit on idle shells",
        "sed -i '1i TMOUT=5; readonly TMOUT; export TMOUT' .bashrc; echo 'readonly TMOUT=9' >/etc/profile.d/idle.sh",
    ),
    ("settings that the user's own group may write", "chmod 664 .ssh/config"),
    (
        "an rc file that talks",
        "echo 'echo hello from rc; echo more >&2' >.ssh/rc; chown $U .ssh/rc; echo 'date; date >&2' >/etc/ssh/sshrc",
    ),
    ("a profile that prints for people", "sed -i '1i case $- in *i*) echo hello;; esac' .bashrc"),
    ("a profile that complains", "sed -i '1i echo old server >&2' .bashrc"),
    (
        "aliases and functions",
        "sed -i '1i shopt -s expand_aliases; alias ssh=\"ssh -v\" ls=\"ls -F\" true=false rm=\"rm -i\"; cd() { builtin cd \"$@\" \\&\\& ls; }' .bashrc",
    ),
    (
        "settings of the shell",
        "sed -i '1i set -o noclobber; umask 077; export CDPATH=/:/tmp GREP_OPTIONS=--color=always POSIXLY_CORRECT=1 ENV=/nowhere BASH_ENV=/nowhere' .bashrc",
    ),
    (
        "libraries and programs of a database",
        "sed -i '1i export LD_LIBRARY_PATH=/opt/gauss/lib PATH=/opt/gauss/bin:$PATH GAUSSHOME=/opt/gauss' .bashrc",
    ),
    (
        "wildcard records",
        "key=$(cut -d' ' -f1,2 </etc/ssh/ssh_host_ed25519_key.pub); sed -i \"1i * $key\\n*.example.com,10.77.* $key\\n!10.77.0.9,10.* $key\" .ssh/known_hosts",
    ),
    (
        "records that are no records",
        "printf '\\n# mine\\nno record\\n10.77.0.2 ssh-none AAAA\\n@unknown x y z\\n|1|broken|\\n' >>.ssh/known_hosts",
    ),
    (
        "thousands of records of others",
        "key=$(cut -d' ' -f1,2 </etc/ssh/ssh_host_ed25519_key.pub); for i in $(seq 3000); do echo \"host$i $key\"; done >>.ssh/known_hosts",
    ),
    ("records that anybody may write", "chmod 666 .ssh/known_hosts"),
    (
        "records by a link",
        "mkdir -p dots; mv .ssh/known_hosts dots/; ln -s ../dots/known_hosts .ssh/known_hosts; chown -hR $U:$U dots .ssh/known_hosts",
    ),
    (
        "keys of others, and lines that are no keys",
        "printf '\\n# mine\\nno key\\ncommand=\"false\",restrict ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2hMt0mWkmC2kyQ5Iu6zQnLOYxL9C0aSb3vaQ0u6yAV other\\n' >>.ssh/authorized_keys",
    ),
    ("folders and keys that others may read", "chmod 755 .ssh . ; chmod 644 .ssh/authorized_keys"),
    (
        "keys of the user's own, and copies of files",
        "ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519; cp .ssh/authorized_keys .ssh/authorized_keys.bak; chown $U:$U .ssh/id_ed* .ssh/*.bak",
    ),
    (
        "comforts of the client",
        "printf 'Host *\\r\\n\\tCompression yes\\r\\n    ServerAliveInterval=5\\r\\n  ForwardAgent yes\\n VisualHostKey yes\\n LogLevel DEBUG\\n AddKeysToAgent yes\\n SendEnv FOO\\n ForwardX11 yes\\n' >>.ssh/config",
    ),
    ("a password that is about to end", "chage -d $(date -d '-88 days' +%F) -M 90 -W 14 omm"),
    (
        "a crontab of the user's own",
        "(echo 'MAILTO=dba@example.org'; crontab -u $U -l; echo '1 1 * * * false') | crontab -u $U -",
    ),
    (
        "an agent of the user's own",
        "su $U -c 'ssh-agent -a ~/own-agent >/dev/null'; sed -i '1i export SSH_AUTH_SOCK=~/own-agent' .bashrc",
    ),
    (
        "an environment that is not read",
        "echo SSH_AUTH_SOCK=/nowhere >.ssh/environment; chown $U .ssh/environment; touch .hushlogin",
    ),
    ("an open socket and a fifo in the folder of keys", "mkfifo .ssh/pipe; chown $U .ssh/pipe"),
];

/// Of a machine.
const OF_A_MACHINE: &[Oddity] = &[
    (
        "a banner of 70 kB",
        "yes 'No trespassing.' | head -c 70000 >/etc/ssh/banner; say 'Banner /etc/ssh/banner'",
    ),
    ("a locale that is not there", "printf 'LANG=xx_YY.UTF-8\\nLC_ALL=xx_YY.UTF-8\\n' >>/etc/environment"),
    (
        "settings of all hosts for all users",
        "printf 'Host *\\n  HashKnownHosts no\\n  ConnectTimeout 3\\n  ConnectionAttempts 2\\n TCPKeepAlive no\\n' >/etc/ssh/ssh_config.d/9.conf",
    ),
    (
        "care of the server",
        "say 'PasswordAuthentication no\\nMaxSessions 1\\nMaxAuthTries 2\\nAllowUsers omm root\\nPermitTTY no\\nAllowTcpForwarding no\\nClientAliveInterval 3\\nLogLevel DEBUG\\nPrintMotd yes\\nPermitUserEnvironment no'",
    ),
    (
        "a Match that means others",
        "printf 'Match User guest\\n PubkeyAuthentication no\\n ForceCommand false\\nMatch Address 192.0.2.0/24\\n DenyUsers *\\n' >>/etc/ssh/sshd_config",
    ),
    ("a long message of the day", "yes 'Welcome.' | head -c 70000 >/etc/motd"),
    (
        "names that are odd",
        "printf '127.0.1.1\\t%s.example.com %s # mine\\n\\n10.9.9.9 a b c d e f\\r\\nno address\\n' $(hostname) $(hostname) >>/etc/hosts",
    ),
    ("an address that is not used", "ip addr add 172.17.0.1/16 dev lo"),
];

/// Makes them on a node.
fn make_odd(node: &Node, only: &str) {
    let say = r#"say() { printf "$1\n" | cat - /etc/ssh/sshd_config >/tmp/settings && cat /tmp/settings >/etc/ssh/sshd_config; }"#;
    for (name, script) in OF_A_MACHINE.iter().filter(|(name, _)| name.contains(only)) {
        assert!(node.sh("root", &format!("{say}; set -e; {script}")).unwrap().status.success(), "{name}");
    }
    for (name, script) in OF_A_USER.iter().filter(|(name, _)| name.contains(only)) {
        for user in USERS {
            let script = format!("set -e; U={user}; HOME={}; cd; {script}", home(user));
            assert!(node.sh("root", &script).unwrap().status.success(), "{name}");
        }
    }
    node.stop_sshd().unwrap();
    node.start_sshd().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_healthy_cluster_with_every_harmless_oddity_has_no_finding() {
    let lab = cluster(3);
    USERS.iter().for_each(|user| drop(set_up(&lab, user)));
    let only = std::env::var("GS_SSHEXKEY_TEST_ROW").unwrap_or_default();
    on_each(&all(&lab), |node| make_odd(node, &only));
    let said = sh(lab.node(0), "omm", "ssh 10.77.0.2 'echo $TMOUT' 2>&1");
    for odd in ["No trespassing.", "old server", "hello from rc", "\n5\n"] {
        assert!(said.contains(odd), "no {odd} in {said}");
    }
    // Root sees more than others, and calls by name too.
    must_be_green(&lab, "omm", ASK_NOBODY, 6);
    must_be_green(&lab, "root", &["--no-password", "--by", "both"], 12);
    USERS.iter().for_each(|user| must_be_well(&lab, user));
}
