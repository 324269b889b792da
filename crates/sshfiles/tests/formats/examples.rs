//! Every example file through every parser: unedited, edited and undone.

use sshfiles::{AuthorizedKeys, Hosts, KnownHosts, ShellProfile, SshConfig, SshdConfig};

use crate::{corpus_path, is_restored, key};

fn examples() -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(corpus_path("")).unwrap();
    let files: Vec<_> = folder
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
        .collect();
    assert!(files.len() > 15);
    files
}

#[test]
fn unedited_files_come_back() {
    for (name, bytes) in examples() {
        assert_eq!(AuthorizedKeys::parse(&bytes).to_bytes(), bytes, "{name}");
        assert_eq!(KnownHosts::parse(&bytes).to_bytes(), bytes, "{name}");
        assert_eq!(SshConfig::parse(&bytes).to_bytes(), bytes, "{name}");
        assert_eq!(Hosts::parse(&bytes).to_bytes(), bytes, "{name}");
        assert_eq!(ShellProfile::parse(&bytes).to_bytes(), bytes, "{name}");
        SshdConfig::parse(&bytes);
    }
}

#[test]
fn edits_are_undone() {
    let socket = "/home/omm/gaussdb_tmp/gauss_socket_tmp";
    for (name, bytes) in examples() {
        let mut keys = AuthorizedKeys::parse(&bytes);
        assert!(keys.add(&key(1), "omm@node1"), "{name}");
        assert_eq!(keys.remove_ours(|known| *known == key(1)), 1, "{name}");
        assert!(is_restored(&bytes, &keys.to_bytes()), "{name}");

        let mut known = KnownHosts::parse(&bytes);
        assert!(known.set_ours(&["node99"], 22, &[key(1), key(2)]), "{name}");
        assert!(known.set_ours(&["node99"], 22, &[]), "{name}");
        assert!(is_restored(&bytes, &known.to_bytes()), "{name}");

        let mut profile = ShellProfile::parse(&bytes);
        if !profile.remove_agent() {
            assert!(profile.set_agent(socket, "1"), "{name}");
            assert!(profile.remove_agent(), "{name}");
            assert!(is_restored(&bytes, &profile.to_bytes()), "{name}");
        }
    }
}
