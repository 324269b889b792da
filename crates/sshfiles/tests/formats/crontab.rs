use proptest::prelude::*;
use sshfiles::{Crontab, ShellProfile};

use crate::{is_restored, text};

const JOB: &str = "* * * * * ~/gaussdb_tmp/bin/gs_sshexkey agent keep >/dev/null 2>&1 #OM";
const OLD: &str = "*/5 * * * * /old/gs_sshexkey agent keep #OM";
/// openGauss's own, which is left alone.
const THEIRS: &str =
    "*/1 * * * * source ~/.bashrc;python3 /gauss/script/local/CheckSshAgent.py >>/dev/null 2>&1 &";

#[test]
fn the_job_goes_to_the_top_and_stays_where_it_is() {
    let cases = [
        (String::new(), format!("{JOB}\n")),
        ("MAILTO=dba\n0 1 * * * x\n".to_owned(), format!("{JOB}\nMAILTO=dba\n0 1 * * * x\n")),
        // No cron reads a last line that does not end.
        ("# c\n0 1 * * * x".to_owned(), format!("{JOB}\n# c\n0 1 * * * x\n")),
        (format!("# c\n{OLD}\nx\n"), format!("# c\n{JOB}\nx\n")),
        (format!("a\n{OLD}\nx\n{JOB}\n"), format!("a\n{JOB}\nx\n")),
        (format!("{THEIRS}\n"), format!("{JOB}\n{THEIRS}\n")),
        (format!("#{JOB}\n"), format!("{JOB}\n#{JOB}\n")),
        (
            "0 1 * * * gs_sshexkey agent keep\n".to_owned(),
            format!("{JOB}\n0 1 * * * gs_sshexkey agent keep\n"),
        ),
        ("0 1 * * * other #OM\n".to_owned(), format!("{JOB}\n0 1 * * * other #OM\n")),
    ];
    for (before, after) in cases {
        let mut table = Crontab::parse(before.as_bytes());
        assert!(table.set_job(JOB), "{before}");
        assert!(table.has_job());
        assert_eq!(text(table.to_bytes()), after, "{before}");
        assert!(!Crontab::parse(after.as_bytes()).set_job(JOB), "{before}");
    }
}

#[test]
fn two_hundred_lines_with_everything_in_them_survive() {
    let mut table = String::from("SHELL=/bin/csh\nMAILTO=\"dba@example.org\"\nPATH=/x\n\n");
    for line in 0..196 {
        table.push_str(&match line % 4 {
            0 => format!("# note {line} \t \n"),
            1 => format!("{} * * * * echo %{line}% \\% # not a comment\n", line % 60),
            2 => format!("@reboot  /opt/x{line}   \n"),
            _ => "\n".to_owned(),
        });
    }
    let cut = table.trim_end_matches('\n').to_owned();
    for before in [table.clone(), cut] {
        let mut edited = Crontab::parse(before.as_bytes());
        edited.set_job(JOB);
        let bytes = text(edited.to_bytes());
        assert_eq!(bytes.trim_end_matches('\n'), format!("{JOB}\n{before}").trim_end_matches('\n'));
        assert!(bytes.ends_with('\n'));
    }
}

#[test]
fn a_job_in_a_profile_stands_where_it_is_read() {
    let cases = [
        ("umask 077\n".to_owned(), format!("umask 077\n{JOB}\n")),
        ("umask 077".to_owned(), format!("umask 077\n{JOB}\n")),
        ("# c\n[ -t 0 ] || return\n".to_owned(), format!("# c\n{JOB}\n[ -t 0 ] || return\n")),
        (format!("a\n{OLD}\nb\n"), format!("a\nb\n{JOB}\n")),
    ];
    for (before, after) in cases {
        let mut profile = ShellProfile::parse(before.as_bytes());
        assert!(profile.set_job(JOB));
        assert_eq!(text(profile.to_bytes()), after, "{before}");
        assert!(!ShellProfile::parse(after.as_bytes()).set_job(JOB));
    }
    // A job that may leave its own shell is no place where the profile ends.
    let exec = "exec gs_sshexkey agent keep #OM";
    let mut profile = ShellProfile::parse(format!("{exec}\n").as_bytes());
    profile.set_agent("/h/gaussdb_tmp/gauss_socket_tmp", "1");
    assert!(text(profile.to_bytes()).starts_with(exec));
}

proptest! {
    #[test]
    fn any_table_survives(before in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut table = Crontab::parse(&before);
        prop_assert_eq!(table.to_bytes(), before.clone());
        prop_assume!(!table.has_job());
        prop_assert!(table.set_job(JOB));
        let set = table.to_bytes();
        let mut wanted = [JOB.as_bytes(), b"\n", &before].concat();
        if !before.is_empty() && !before.ends_with(b"\n") {
            wanted.push(b'\n');
        }
        prop_assert_eq!(&set, &wanted);
        prop_assert!(!Crontab::parse(&set).set_job(JOB));
        prop_assert_eq!(table.remove_job(), 1);
        prop_assert_eq!(table.to_bytes(), &wanted[JOB.len() + 1..]);
    }

    #[test]
    fn any_profile_survives_a_job(before in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut profile = ShellProfile::parse(&before);
        prop_assume!(!profile.has_job());
        prop_assert!(profile.set_job(JOB));
        prop_assert!(!ShellProfile::parse(&profile.to_bytes()).set_job(JOB));
        prop_assert_eq!(profile.remove_job(), 1);
        prop_assert!(is_restored(&before, &profile.to_bytes()));
    }
}
