//! The nodes' users: `passwd`, `shadow` and `group`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::LabError;
use crate::spec::User;

/// Ordinary users have numbers from here on; those of the machine are left out. "nobody" stays.
const ORDINARY: std::ops::RangeInclusive<u32> = 1000..=60_000;
/// The cheapest scheme that every distribution of interest knows. Fixed, so that benchmarks compare.
const HASH: [&str; 4] = ["-c", "SHA512", "-s", "1000"];

/// Writes the account files of a layer and sets the passwords. The system's own users are those of `base`.
pub(crate) fn write(layer: &Path, users: &[User], base: &Path) -> Result<(), LabError> {
    let etc = layer.join("etc");
    let passwd = passwd(&read(&base.join("etc/passwd"))?, users);
    let shadow: String = passwd
        .lines()
        .filter_map(|line| line.split(':').next())
        .map(|name| format!("{name}:*:19000:0:99999:7:::\n"))
        .collect();
    put(&etc.join("passwd"), &passwd, 0o644)?;
    put(&etc.join("shadow"), &shadow, 0o600)?;
    put(&etc.join("group"), &group(&read(&base.join("etc/group"))?, users), 0o644)?;
    set_passwords(layer, users)
}

fn passwd(machine: &str, users: &[User]) -> String {
    let mut text: String =
        machine.lines().filter(|line| is_system(line)).map(|line| format!("{line}\n")).collect();
    text.insert_str(0, &users.iter().map(passwd_line).collect::<String>());
    text
}

fn passwd_line(user: &User) -> String {
    format!("{}:x:{1}:{1}:{0}:{2}:{3}\n", user.name, user.uid, user.home(), user.shell)
}

fn group(machine: &str, users: &[User]) -> String {
    let mut text: String =
        machine.lines().filter(|line| !is_ordinary(line)).filter_map(without_members).collect();
    for user in users.iter().filter(|user| user.uid != 0) {
        let _ = writeln!(text, "{}:x:{}:", user.name, user.uid);
    }
    text
}

/// Whether a line of the machine's `passwd` belongs on a node: no ordinary users, and root is the lab's own.
fn is_system(line: &str) -> bool {
    !is_ordinary(line) && !line.starts_with("root:")
}

fn is_ordinary(line: &str) -> bool {
    line.split(':').nth(2).and_then(|id| id.parse().ok()).is_none_or(|id: u32| ORDINARY.contains(&id))
}

fn without_members(line: &str) -> Option<String> {
    line.rsplit_once(':').map(|(group, _)| format!("{group}:\n"))
}

fn set_passwords(layer: &Path, users: &[User]) -> Result<(), LabError> {
    let lines: String = users.iter().map(|user| format!("{}:{}\n", user.name, user.password)).collect();
    let mut child = Command::new("chpasswd")
        .arg("--root")
        .arg(layer)
        .args(HASH)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(LabError::io("run", "chpasswd"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(lines.as_bytes()).map_err(LabError::io("write to", "chpasswd"))?;
    }
    let output = child.wait_with_output().map_err(LabError::io("wait for", "chpasswd"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(LabError::Tool { program: "chpasswd", stderr })
}

fn read(path: &Path) -> Result<String, LabError> {
    fs::read_to_string(path).map_err(LabError::io("read", path))
}

fn put(path: &Path, text: &str, mode: u32) -> Result<(), LabError> {
    crate::layers::put(path, text.as_bytes(), mode, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_ordinary_users_stay_outside() {
        let machine = "root:x:0:0::/root:/bin/zsh\nsshd:x:101:65534::/run/sshd:/bin/false\n\
                       me:x:1000:1000::/home/me:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n";
        let user = User { name: "omm".into(), password: "p".into(), shell: "/bin/bash".into(), uid: 1000 };
        assert_eq!(
            passwd(machine, &[user]),
            "omm:x:1000:1000:omm:/home/omm:/bin/bash\nsshd:x:101:65534::/run/sshd:/bin/false\n\
             nobody:x:65534:65534::/:/bin/false\n"
        );
    }
}
