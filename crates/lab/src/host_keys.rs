//! Host keys for the nodes, from a pool that outlives the lab: making an RSA key takes longer than all the rest.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::error::LabError;

/// A type of key, with the size that `ssh-keygen` shall give it.
pub(crate) type KeyType = (&'static str, &'static str);

/// Those of a fresh system.
pub(crate) const USUAL: &[KeyType] = &[("ed25519", "256"), ("ecdsa", "256"), ("rsa", "2048")];
/// The one that costs next to nothing to make, to write down and to prove.
pub(crate) const CHEAP: &[KeyType] = &[("ed25519", "256")];

/// One key file: its name in `/etc/ssh` and its bytes.
pub(crate) struct HostKey {
    pub(crate) file: String,
    pub(crate) private: Vec<u8>,
    pub(crate) public: Vec<u8>,
}

/// Makes sure that the pool has keys of these types for `nodes` nodes.
pub(crate) fn fill_pool(nodes: usize, types: &[KeyType]) -> Result<(), LabError> {
    let pool = pool_dir();
    fs::create_dir_all(&pool).map_err(LabError::io("create", &pool))?;
    // Two labs may want keys at once.
    let lock = File::create(pool.join("lock")).map_err(LabError::io("create", &pool))?;
    lock.lock().map_err(LabError::io("lock", &pool))?;
    let wanted: Vec<(usize, &str, &str)> = (0..nodes)
        .flat_map(|node| types.iter().map(move |(kind, bits)| (node, *kind, *bits)))
        .filter(|(node, kind, _)| !pool.join(key_name(*node, kind)).exists())
        .collect();
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let work = || -> Result<(), LabError> {
        while let Some((node, kind, bits)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            make_key(&pool, &key_name(*node, kind), kind, bits)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers.min(wanted.len())).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
    })
}

/// The keys of one node.
pub(crate) fn of_node(node: usize, types: &[KeyType]) -> Result<Vec<HostKey>, LabError> {
    let pool = pool_dir();
    let read = |path: &Path| fs::read(path).map_err(LabError::io("read", path));
    types
        .iter()
        .map(|(kind, _)| {
            let name = key_name(node, kind);
            Ok(HostKey {
                file: format!("ssh_host_{kind}_key"),
                private: read(&pool.join(&name))?,
                public: read(&pool.join(format!("{name}.pub")))?,
            })
        })
        .collect()
}

/// Under the build directory, which version control ignores and `cargo clean` removes.
fn pool_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lab-host-keys")
}

fn key_name(node: usize, kind: &str) -> String {
    format!("{node:04}_{kind}")
}

/// Makes a key under another name and moves it in, the private half last: it says that the key is there.
fn make_key(pool: &Path, name: &str, kind: &str, bits: &str) -> Result<(), LabError> {
    let new = pool.join(format!("{name}.new"));
    let new_public = pool.join(format!("{name}.new.pub"));
    // The remains of a run that was killed; ssh-keygen would ask before it overwrites them.
    let _ = fs::remove_file(&new);
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-C", "root@node", "-t", kind, "-b", bits, "-f"])
        .arg(&new)
        .output()
        .map_err(LabError::io("run", "ssh-keygen"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(LabError::Tool { program: "ssh-keygen", stderr });
    }
    fs::rename(&new_public, pool.join(format!("{name}.pub"))).map_err(LabError::io("rename", &new_public))?;
    fs::rename(&new, pool.join(name)).map_err(LabError::io("rename", &new))
}
