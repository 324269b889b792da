//! Asks ssh-keygen(1) whether a host key is on a key revocation list (OpenSSH's PROTOCOL.krl).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sshfiles::PublicKey;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

/// The list that this key is on, or of which that cannot be told: then ssh(1) takes no key at all.
pub(super) async fn listed_in<'a>(lists: &'a [PathBuf], key: &PublicKey) -> Option<&'a PathBuf> {
    for list in lists {
        if !is_clear(list, key).await {
            return Some(list);
        }
    }
    None
}

async fn is_clear(list: &Path, key: &PublicKey) -> bool {
    let ask = async {
        let mut keygen = Command::new("ssh-keygen");
        keygen.arg("-Q").arg("-f").arg(list).arg("/dev/stdin");
        // A database's libraries are not those of ssh.
        keygen.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD");
        keygen.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = keygen.spawn().ok()?;
        child.stdin.take()?.write_all(format!("{key}\n").as_bytes()).await.ok()?;
        child.wait().await.ok()
    };
    timeout(LIMIT, ask).await.ok().flatten().is_some_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn a_key_on_a_list_is_told_from_one_that_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let keygen = |words: &str| {
            let words = words.split(' ').map(|word| if word == "''" { "" } else { word });
            assert!(Command::new("ssh-keygen").current_dir(&folder).args(words).status().unwrap().success());
        };
        keygen("-q -t ed25519 -N '' -f old");
        keygen("-q -t ed25519 -N '' -f new");
        keygen("-q -k -f krl old.pub");
        let key = |name: &str| -> PublicKey {
            std::fs::read_to_string(folder.path().join(name)).unwrap().parse().unwrap()
        };
        let lists = [folder.path().join("krl")];
        assert_eq!(listed_in(&lists, &key("old.pub")).await, Some(&lists[0]));
        assert_eq!(listed_in(&lists, &key("new.pub")).await, None);
        std::fs::write(&lists[0], "SSHKRL\n\0junk").unwrap();
        assert_eq!(listed_in(&lists, &key("new.pub")).await, Some(&lists[0]), "one that cannot be read");
        assert_eq!(listed_in(&[], &key("old.pub")).await, None);
    }
}
