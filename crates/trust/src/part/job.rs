//! The jobs that run the keepalive, as text.
//!
//! openGauss's uninstall removes the program, the key and the tool's folder, but not the job. So each job looks for
//! them itself: without the program it does nothing, quietly, and if all is gone it removes itself. A home that is not
//! there yet has no `~/.ssh` either, and changes nothing.

use sshfiles::JOB_COMMAND;

/// Where the program lies, below the home.
pub(crate) const PROGRAM: &str = "gaussdb_tmp/bin/gs_sshexkey";
/// The unit of the user's timer, without its suffix.
pub(super) const UNIT: &str = "gs_sshexkey-agent";

/// The shell code of a job. crontab(5) takes `%` for its own, systemd.service(5) `%` and `$`, and two of the jobs stand
/// in single quotes.
fn body(remove: &str) -> String {
    format!(
        "cd && if [ -x {PROGRAM} ]; then gaussdb_tmp/bin/{JOB_COMMAND}; \
         elif [ -d .ssh ] && [ ! -e .ssh/id_om ] && [ ! -e gaussdb_tmp ]; then {remove}; fi"
    )
}

/// The line in the user's crontab(5): each minute, so also in the first one after a boot.
pub(super) fn cron() -> String {
    let remove = format!(
        "t=$(mktemp) && crontab -l >$t && sed -i \"/{JOB_COMMAND}.* #OM$/d\" $t && \
         if [ -s $t ]; then crontab $t; else crontab -r; fi; rm -f $t"
    );
    // Whatever shell stands above it in the table.
    format!("* * * * * /bin/sh -c '{{ {}; }} >/dev/null 2>&1' #OM", body(&remove))
}

/// The line in the profile of a login shell. The job is sh(1)'s under every shell; only what surrounds it differs.
pub(super) fn login(profile: &str) -> String {
    let name = profile.rsplit('/').next().unwrap_or_default();
    let job = body(&format!("sed -i --follow-symlinks \"/{JOB_COMMAND}.* #OM$/d\" {name}"));
    let quiet = if name == ".login" { ">& /dev/null" } else { ">/dev/null 2>&1" };
    format!("sh -c '{job}' {quiet} </dev/null #OM")
}

/// The unit that runs the keepalive: systemd.service(5). What it starts lives on.
pub(super) fn service() -> String {
    let remove = format!(
        "systemctl --user disable --now {UNIT}.timer; rm -f .config/systemd/user/{UNIT}.timer \
         .config/systemd/user/{UNIT}.service; systemctl --user daemon-reload"
    );
    format!(
        "# Written by gs_sshexkey: brings the ssh-agent of the cluster's key back.\n\
         [Unit]\nDescription=Keep the ssh-agent of the cluster's key\n\n\
         [Service]\nType=oneshot\nKillMode=process\nStandardOutput=null\nStandardError=null\n\
         ExecStart=/bin/sh -c '{}'\n",
        body(&remove)
    )
}

/// The unit that says when: systemd.timer(5).
pub(super) fn timer() -> String {
    "# Written by gs_sshexkey.\n\
     [Unit]\nDescription=Keep the ssh-agent of the cluster's key\n\n\
     [Timer]\nOnStartupSec=1s\nOnCalendar=minutely\nAccuracySec=1s\n\n\
     [Install]\nWantedBy=timers.target\n"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Runs a job's shell code in a home, with a crontab(1) that keeps its table in a file.
    fn run(home: &std::path::Path, job: &str, shell: &str) -> String {
        let bin = home.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let crontab = "#!/bin/sh\ncase $1 in -l) cat table;; -r) rm table;; *) cp \"$1\" table;; esac\n";
        std::fs::write(bin.join("crontab"), crontab).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(bin.join("crontab"), mode).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let mut command = Command::new(shell);
        command.args(["-c", job]).env_clear().env("HOME", home).env("PATH", path).current_dir(home);
        let output = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    fn program(home: &std::path::Path) {
        std::fs::create_dir_all(home.join("gaussdb_tmp/bin")).unwrap();
        let path = home.join(PROGRAM);
        std::fs::write(&path, "#!/bin/sh\necho \"$@\" >>ran\necho noise; echo noise >&2\n").unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }

    /// The command of the line: cron(8) gives it to `sh -c`, and it has no `%`.
    fn command(line: &str) -> &str {
        assert!(!line.contains('%') && line.len() < 998, "{line}");
        line.strip_prefix("* * * * * ").unwrap()
    }

    #[test]
    fn the_job_of_cron_runs_the_program_and_leaves_when_all_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        let line = cron();
        let table = format!("# mine\n{line}\n0 1 * * * x\n");
        let table_now = || std::fs::read_to_string(home.join("table")).unwrap();
        std::fs::write(home.join("table"), &table).unwrap();
        // A home that is not there yet.
        assert_eq!(run(home, command(&line), "sh"), "");
        assert_eq!(table_now(), table);
        program(home);
        // The user's SHELL may stand above it in the table.
        for shell in ["sh", "bash", "csh"] {
            if Command::new(shell).args(["-c", ":"]).output().is_err() {
                continue;
            }
            assert_eq!(run(home, command(&line), shell), "", "{shell}");
            assert_eq!(std::fs::read_to_string(home.join("ran")).unwrap(), "agent keep\n", "{shell}");
            std::fs::remove_file(home.join("ran")).unwrap();
        }
        // The key is still there: somebody is at work.
        std::fs::create_dir(home.join(".ssh")).unwrap();
        std::fs::write(home.join(".ssh/id_om"), "").unwrap();
        std::fs::remove_dir_all(home.join("gaussdb_tmp")).unwrap();
        assert_eq!(run(home, command(&line), "sh"), "");
        assert_eq!(table_now(), table);
        std::fs::remove_file(home.join(".ssh/id_om")).unwrap();
        assert_eq!(run(home, command(&line), "sh"), "");
        assert_eq!(table_now(), "# mine\n0 1 * * * x\n");
    }

    #[test]
    fn a_crontab_that_fails_is_not_emptied() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".ssh")).unwrap();
        assert_eq!(run(dir.path(), command(&cron()), "sh"), "");
        assert!(!dir.path().join("table").exists());
    }

    #[test]
    fn the_job_of_a_profile_works_under_every_shell_that_is_here() {
        for (profile, shells) in [(".profile", ["sh", "bash"]), (".login", ["csh", "tcsh"])] {
            for shell in shells {
                if Command::new(shell).args(["-c", ":"]).output().is_err() {
                    continue;
                }
                let dir = tempfile::tempdir().unwrap();
                let home = dir.path();
                let line = login(profile);
                let text = format!("umask 077\n{line}\n");
                std::fs::write(home.join(profile), &text).unwrap();
                program(home);
                assert_eq!(run(home, &line, shell), "", "{shell}");
                assert_eq!(std::fs::read_to_string(home.join("ran")).unwrap(), "agent keep\n");
                std::fs::create_dir(home.join(".ssh")).unwrap();
                std::fs::remove_dir_all(home.join("gaussdb_tmp")).unwrap();
                assert_eq!(run(home, &line, shell), "", "{shell}");
                assert_eq!(std::fs::read_to_string(home.join(profile)).unwrap(), "umask 077\n", "{shell}");
            }
        }
    }
}
