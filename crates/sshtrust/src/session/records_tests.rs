//! Real files, and a real `ssh -G`.

use trust::host_keys::HostKeyVerdict;

use super::*;
use crate::inventory::Member;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

fn cluster() -> Cluster {
    let spec = NodeSpec { ip: "10.9.9.9".parse().unwrap(), port: 22 };
    let (name, called) = (Some("plat1".to_owned()), vec!["plat1.example".to_owned()]);
    Cluster::new(vec![Member { spec, name, called, origin: String::new() }]).unwrap()
}

/// What is found in a home with these files below `.ssh`.
async fn find(files: &[(&str, &str)], strict: bool, own: &[IpAddr]) -> TrustedHosts {
    let (home, cluster) = (tempfile::tempdir().unwrap(), cluster());
    std::fs::create_dir(home.path().join(".ssh")).unwrap();
    for (name, text) in files {
        std::fs::write(home.path().join(".ssh").join(name), text).unwrap();
    }
    let policy = HostKeyPolicy { strict, pins: None };
    let (home, user) = (home.path(), "nobody");
    let search = Search { cluster: &cluster, user, home, own, confirmed: &[], policy: &policy };
    find_records(search).await.unwrap()
}

fn node() -> NodeSpec {
    cluster().nodes.as_slice()[0]
}

fn verdict(trusted: &TrustedHosts) -> HostKeyVerdict {
    trusted.check(node(), &A.parse().unwrap(), None)
}

#[tokio::test]
async fn every_name_is_looked_up_in_every_default_file() {
    for file in ["known_hosts", "known_hosts2"] {
        for host in ["10.9.9.9", "plat1", "PLAT1.example"] {
            let trusted = find(&[(file, &format!("{host} {B}\n"))], false, &[]).await;
            let HostKeyVerdict::Changed(conflict) = verdict(&trusted) else { panic!("{file} {host}") };
            assert_eq!(conflict.host, host.replace("PLAT1", "plat1"));
            assert!(conflict.file.ends_with(file));
        }
    }
    assert_eq!(verdict(&find(&[], false, &[]).await), HostKeyVerdict::Unknown);
}

#[tokio::test]
async fn strictness_is_for_all_but_this_machine() {
    assert_eq!(find(&[], true, &[]).await.strict(node()), Some(&Strict::Asked));
    assert_eq!(find(&[], true, &[node().ip]).await.strict(node()), None);
    assert_eq!(find(&[], false, &[]).await.strict(node()), None);
}

#[test]
fn a_pipe_is_not_waited_for_and_a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path()).unwrap().is_none());
    assert!(read(Path::new("/dev/null")).unwrap().is_none());
    assert!(read(&folder.path().join("none")).unwrap().is_none());
    std::fs::write(folder.path().join("file"), "x").unwrap();
    assert!(read(&folder.path().join("file/x")).unwrap().is_none());
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(read(&pipe).unwrap().is_none());
}

fn said(text: &str) -> ClientSays {
    ClientSays::read(text).unwrap()
}

#[test]
fn what_ssh_says_decides_where_a_host_is_looked_up() {
    let home = tempfile::tempdir().unwrap();
    let own = home.path().join("own");
    std::fs::write(&own, format!("x {A}\n")).unwrap();
    let mut files = Files { home: home.path(), read: HashMap::new() };
    let place = Place { typed: "plat1", node: node(), user: "nobody" };
    let mut hosts = |text: &str| {
        let text = format!("{text}\nuserknownhostsfile %d/own\nglobalknownhostsfile none");
        let found = files.lookups(place, Some(&said(&text))).unwrap();
        assert!(found.iter().all(|lookup| lookup.files.len() == 1 && lookup.files[0].path == own));
        found.into_iter().map(|lookup| (lookup.host, lookup.port)).collect::<Vec<_>>()
    };
    let of = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 22)).collect::<Vec<_>>();
    assert_eq!(hosts("hostname plat1"), of(&["plat1"]));
    assert_eq!(hosts("hostname plat1.example"), of(&["plat1", "plat1.example"]));
    assert_eq!(hosts("hostname 10.9.9.9"), of(&["plat1", "10.9.9.9"]));
    // That is another machine.
    assert_eq!(hosts("hostname 10.9.9.8"), of(&["plat1"]));
    assert_eq!(hosts("hostname plat1\nhostkeyalias cluster"), of(&["cluster"]));
    let odd = said("hostname plat1\nuserknownhostsfile /keys/%C");
    assert!(files.lookups(place, Some(&odd)).is_err());
}

#[test]
fn revoked_host_keys_are_read_in_both_forms() {
    let home = tempfile::tempdir().unwrap();
    let files = Files { home: home.path(), read: HashMap::new() };
    let place = Place { typed: "plat1", node: node(), user: "nobody" };
    let said = said("hostname plat1\nrevokedhostkeys %d/revoked");
    let mut revoked = Revoked::default();
    assert!(files.revoked(place, &said, &mut revoked).is_err(), "ssh takes no key then");
    let path = home.path().join("revoked");
    std::fs::write(&path, format!("# c\n{A} old\n")).unwrap();
    files.revoked(place, &said, &mut revoked).unwrap();
    assert_eq!((revoked.keys.len(), revoked.keys[0].1.line), (1, 2));
    assert_eq!(revoked.keys[0].1.key.to_string(), A);
    std::fs::write(&path, b"SSHKRL\n\0\0\0\0\x01").unwrap();
    files.revoked(place, &said, &mut revoked).unwrap();
    assert_eq!((revoked.keys.len(), revoked.lists), (1, vec![path]));
}
