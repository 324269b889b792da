//! Files that several nodes have are fetched from one of them, and only what has the digest is taken for them.

use std::fs;

use sshtrust::inventory::NodeSpec;
use sshtrust::node::Shell;
use sshtrust::observe::{NodeState, Shelf, look};
use sshtrust::place::Place;
use tokio::task::JoinSet;

use crate::home::{Home, LIMIT};

/// Larger than what comes at once.
fn table() -> Vec<u8> {
    (0..400).map(|line| format!("host{line} ssh-rsa AAAA{line}\n")).collect::<String>().into_bytes()
}

/// A node with that table, whose reading of it is counted.
async fn node(home: &Home) -> Shell {
    fs::write(home.path(".ssh/known_hosts"), table()).unwrap();
    let (_, shell) = home.site().await;
    let count = home.path("count");
    let counted =
        format!("cat() {{ case $1 in */.ssh/known_hosts) echo x >>'{count}' ;; esac; command cat \"$@\"; }}");
    shell.define(&counted, LIMIT).await.unwrap().success("counting").unwrap();
    shell
}

async fn read(shell: &Shell, shelf: &Shelf) -> NodeState {
    let spec = NodeSpec { ip: [127, 0, 0, 1].into(), port: 22 };
    look(shell, spec, "me", false, shelf).await.unwrap()
}

/// How often a node sent its table.
fn sent(home: &Home) -> usize {
    fs::read_to_string(home.path("count")).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn a_content_that_all_have_is_sent_by_one() {
    let homes: Vec<Home> = (0..4).map(|_| Home::new()).collect();
    let shelf: &'static Shelf = Box::leak(Box::new(Shelf::with_at_once(4096)));
    let mut reading = JoinSet::new();
    for home in &homes {
        let shell = node(home).await;
        reading.spawn(async move { read(&shell, shelf).await });
    }
    for state in reading.join_all().await {
        assert_eq!(*state.entry(Place::KnownHosts).bytes, *table());
    }
    assert_eq!(homes.iter().map(sent).sum::<usize>(), 1, "a content went over the wire more than once");
    // A second look sends it no more.
    let (_, shell) = homes[0].site().await;
    assert_eq!(*read(&shell, shelf).await.entry(Place::KnownHosts).bytes, *table());
    assert_eq!(homes.iter().map(sent).sum::<usize>(), 1);
}

#[tokio::test]
async fn only_what_has_the_digest_is_taken_for_the_content() {
    let more = [table(), b"more\n".to_vec()].concat();
    let digest_of_table = {
        let home = Home::new();
        fs::write(home.path("table.txt"), table()).unwrap();
        let output = std::process::Command::new("sha256sum").arg(home.path("table.txt")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
    };
    // What the first node's sha256sum(1) does, and what its table is then. Whatever it is, the others have theirs.
    let cases: [(&str, String, &[u8]); 5] = [
        ("the file changes after that", "command sha256sum; echo more >>\"$gs_path\"".to_owned(), &more),
        ("a lie", format!("echo more >>\"$gs_path\"; echo '{digest_of_table}  -'"), &more),
        ("a stranger's digest", format!("echo '{}  -'", "0".repeat(64)), &table()),
        ("no digest", "echo rubbish".to_owned(), &table()),
        ("there is none", "return 127".to_owned(), &table()),
    ];
    for (name, does, wanted) in cases {
        let shelf = Shelf::with_at_once(4096);
        let homes: Vec<Home> = (0..3).map(|_| Home::new()).collect();
        for (place, home) in homes.iter().enumerate() {
            let shell = node(home).await;
            if place == 0 {
                let script = format!("sha256sum() {{ {does}; }}");
                shell.define(&script, LIMIT).await.unwrap().success("defining").unwrap();
            }
            let state = read(&shell, &shelf).await;
            let known = state.entry(Place::KnownHosts);
            assert_eq!(*known.bytes, *if place == 0 { wanted.to_vec() } else { table() }, "{name}: {place}");
            // With the stamp of what was read: a change after it shows when the file is written.
            let stamp = home.entry(".ssh/known_hosts").stamp;
            assert_eq!(known.stamp, stamp, "{name}: {place}");
        }
        let sent: Vec<usize> = homes.iter().map(sent).collect();
        assert_eq!(sent, [1, 1, 0], "{name}");
    }
}
