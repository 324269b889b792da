//! Who can get in at a node, in one round trip.

use std::time::Duration;

use trust::access::NodeAccess;
use trust::observe::ObserveError;

use super::evidence::COMMON;
use super::{functions, read_within};
use crate::node::Shell;
use crate::text::sh_quote;

const SCRIPT: &str = include_str!("access.sh");
/// How long it may take on a busy node with long logs. Each command in it that may hang is bounded by itself.
const LIMIT: Duration = Duration::from_secs(120);

/// Reads which keys get in as a user, and where their private halves lie. Nothing secret leaves the node.
///
/// # Errors
/// [`ObserveError`] if it could not be read.
pub async fn who_gets_in(shell: &Shell, user: &str) -> Result<NodeAccess, ObserveError> {
    let (token, output) = read_within(shell, script(user, ""), LIMIT).await?;
    NodeAccess::parse(&output, &token)
}

/// The whole script. `between`: what is set before it looks, for tests.
fn script(user: &str, between: &str) -> String {
    format!("gs_user={}\n{COMMON}{between}\n{}\n{SCRIPT}", sh_quote(user), functions())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use trust::access::Lock;

    use super::*;

    /// What the script says of a home, in a shell of its own; its raw answer too.
    fn look(home: &Path, path: &str) -> (NodeAccess, String) {
        let between = format!("gs_home={} PATH={}", sh_quote(&home.to_string_lossy()), sh_quote(path));
        let script = format!("gs_token=T\n{}", script("root", &between));
        let mut shell = Command::new("sh");
        let output =
            shell.env_clear().env("PATH", path).env("LC_ALL", "C").arg("-c").arg(script).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (NodeAccess::parse(&output.stdout, "T").unwrap(), text)
    }

    fn keygen(arguments: &[&str], file: &Path) {
        let made =
            Command::new("ssh-keygen").args(["-q", "-C", "x"]).args(arguments).arg("-f").arg(file).output();
        assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    }

    const KINDS: [(&str, &[&str], Lock); 6] = [
        ("ed-open", &["-t", "ed25519", "-N", ""], Lock::Open),
        ("ed-locked", &["-t", "ed25519", "-N", "locked-1"], Lock::Locked),
        ("rsa-locked", &["-t", "rsa", "-b", "2048", "-N", "locked-1"], Lock::Locked),
        ("pem-open", &["-t", "ecdsa", "-m", "PEM", "-N", ""], Lock::Open),
        ("pem-locked", &["-t", "ecdsa", "-m", "PEM", "-N", "locked-1"], Lock::Locked),
        ("pkcs8-locked", &["-t", "ecdsa", "-m", "PKCS8", "-N", "locked-1"], Lock::Locked),
    ];

    /// Every private key in a home, as the script sees it, and nothing of what is secret in it.
    #[test]
    fn of_every_kind_of_private_key_the_public_half_is_told_and_nothing_more() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".ssh");
        fs::create_dir(&folder).unwrap();
        for (name, arguments, _) in KINDS {
            keygen(arguments, &folder.join(name));
        }
        // Another key's public file beside it misleads nobody: the private file itself is asked.
        fs::copy(folder.join("rsa-locked.pub"), folder.join("ed-locked.pub")).unwrap();
        let public = fs::read_to_string(folder.join("ed-open.pub")).unwrap();
        fs::write(folder.join("authorized_keys2"), &public).unwrap();
        fs::write(folder.join("config"), "Host x\n").unwrap();
        fs::write(folder.join("cut"), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n").unwrap();
        let (said, text) = look(home.path(), &std::env::var("PATH").unwrap());
        assert!(said.private_seen);
        assert_eq!(said.private.len(), KINDS.len() + 1, "{:?}", said.private);
        for (name, _, lock) in KINDS {
            let path = folder.join(name).to_string_lossy().into_owned();
            let seen = said.private.iter().find(|private| private.path == path).unwrap();
            assert_eq!(seen.lock, lock, "{name}");
            let public = fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
            let told = seen.key.as_ref().unwrap().to_string();
            assert_eq!(public.starts_with(&told), name != "ed-locked", "{name}: {told}");
            for line in fs::read_to_string(&path).unwrap().lines().skip(2) {
                assert!(line.starts_with('-') || line.is_empty() || !text.contains(line), "{name}: {line}");
            }
        }
        let cut = said.private.iter().find(|private| private.path.ends_with("/cut")).unwrap();
        assert_eq!((cut.lock, &cut.key), (Lock::Unknown, &None));
        let files: Vec<_> = said.files.iter().map(|file| (file.path.as_str(), file.bytes.len())).collect();
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        assert!(files.contains(&(path("authorized_keys2").as_str(), public.len())), "{files:?}");
    }

    /// A machine without awk: what can be told is told, the rest is not known.
    #[test]
    fn without_awk_an_open_key_is_still_seen() {
        let home = tempfile::tempdir().unwrap();
        let (folder, bin) = (home.path().join(".ssh"), home.path().join("bin"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&bin).unwrap();
        let all = std::env::var("PATH").unwrap();
        for tool in [
            "sh",
            "cat",
            "cut",
            "date",
            "getent",
            "grep",
            "head",
            "id",
            "od",
            "readlink",
            "sed",
            "ssh-keygen",
            "stat",
            "tail",
            "timeout",
            "tr",
            "uname",
            "base64",
        ] {
            let found = all.split(':').map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
            std::os::unix::fs::symlink(found.unwrap(), bin.join(tool)).unwrap();
        }
        keygen(&["-t", "ed25519", "-N", ""], &folder.join("open"));
        keygen(&["-t", "ed25519", "-N", "locked-1"], &folder.join("locked"));
        let (said, _) = look(home.path(), &bin.to_string_lossy());
        let lock =
            |name: &str| said.private.iter().find(|private| private.path.ends_with(name)).unwrap().lock;
        assert_eq!((lock("/open"), lock("/locked")), (Lock::Open, Lock::Unknown));
        assert!(said.private.iter().all(|private| private.key.is_some()));
        assert_eq!(said.log.since, None);
    }
}
