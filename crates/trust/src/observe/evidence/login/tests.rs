use std::fmt::Write;

use proptest::prelude::*;

use super::super::super::parse::Frames;
use super::*;

/// What these facts come to.
fn read(facts: &[(&str, &str)]) -> Login {
    let mut text = String::new();
    for (name, fact) in facts {
        writeln!(text, "\nT fact {name}\n{fact}\nT end").unwrap();
    }
    Login::take(Facts(&Frames::parse(text.as_bytes(), "T")))
}

#[test]
fn shells_and_what_they_print() {
    let cases = [
        ("there /bin/bash", "gs_sshexkey:mark\nLD_LIBRARY_PATH=/x", ShellKind::Runs, ""),
        ("there /bin/bash", "hello\n\u{1b}[1mgs_sshexkey:mark", ShellKind::Runs, "hello | \\u{1b}[1m"),
        ("there /bin/bash", "hello", ShellKind::Ends, "hello"),
        ("none /usr/sbin/nologin", "", ShellKind::NoLogin, ""),
        ("missing /bin/zsh", "", ShellKind::Missing, ""),
        ("", "", ShellKind::Runs, ""),
    ];
    for (fact, said, kind, noise) in cases {
        let shell = shell(fact, said);
        assert_eq!((shell.kind, shell.noise.as_str()), (kind, noise), "{fact} {said:?}");
    }
}

#[test]
fn only_lines_that_a_login_comes_to_print() {
    const NOISE: &str =
        "/root/.bashrc:3:echo hello\n/root/.bashrc:7:    echo from a function\n/root/.b:1:date\n";
    // What the shell traced, the lines that print, and the last line if the profile does not come to its end.
    let cases: [(&str, &[usize], Option<usize>); 5] = [
        ("", &[3, 7, 1], None),
        ("+gs:/root/.bashrc:3: echo hello\n++gs:/root/.b:1: date\ngs:finished", &[3, 1], None),
        ("+gs:/root/.bashrc:3: echo hello\n+gs:/root/.bashrc:9: exec tmux", &[3], Some(9)),
        ("++gs:/root/.bashrc:7: echo from a function\ngs:finished", &[7], None),
        ("+gs:relative:3: echo\nrubbish\n+gs:/x", &[3, 7, 1], None),
    ];
    for (trace, lines, last) in cases {
        let shell = read(&[("login-trace", trace), ("login-noise", NOISE)]).shell;
        let found: Vec<usize> = shell.lines.iter().map(|line| line.line).collect();
        assert_eq!((found.as_slice(), shell.last.as_ref().map(|last| last.line)), (lines, last), "{trace}");
    }
    let last = read(&[("login-trace", "+gs:/root/.bashrc:9: exec tmux")]).shell.last.unwrap();
    assert_eq!((last.file.as_str(), last.text.as_str()), ("/root/.bashrc", "exec tmux"));
}

#[test]
fn the_age_of_a_password() {
    // Marks, day of the last change, least, most, warning, inactive, closing.
    let cases = [
        (":19000:0:99999:7:::", false, false),
        ("!:19000:0:99999:7:::", false, false),
        (":0:0:99999:7:::", true, false),
        (":19000:0:90:7:::", true, false),
        (":19950:0:90:7:::", false, false),
        (":19000:0:99999:7::20000:", false, true),
        (":19000:0:99999:7::20001:", false, false),
        (":19000:0:-1:7::-1:", false, false),
        ("::::::: ", false, false),
    ];
    for (line, old, closed) in cases {
        let ageing = Ageing::parse(line).unwrap();
        assert_eq!((ageing.must_change(20_000), ageing.is_closed(20_000)), (old, closed), "{line}");
        assert_eq!(ageing.locked, line.starts_with('!'), "{line}");
    }
    assert_eq!(Ageing::parse(""), None);
    assert_eq!(Ageing::parse("root:19000"), None);
}

#[test]
fn records_of_wrong_passwords() {
    let table = |valid: usize| {
        format!("omm:\nWhen Type Source Valid\n{}", "2026-01-01 10:00:00 RHOST 10.0.0.1 V\n".repeat(valid))
    };
    // Valid records, rules, age in seconds, the user's number.
    let cases = [
        (3, "", 10, 1000, true),
        (2, "", 10, 1000, false),
        (3, "deny = 5", 10, 1000, false),
        (5, "deny=5", 10, 1000, true),
        (3, "", 601, 1000, false),
        (3, "unlock_time = 0", 99_999, 1000, true),
        (3, "", 10, 0, false),
        (3, "even_deny_root", 10, 0, true),
    ];
    for (valid, rules, age, uid, wanted) in cases {
        let login = read(&[
            ("ids", &format!("{uid} {uid}")),
            ("login-faillock", &table(valid)),
            ("login-faillock-rules", rules),
            ("login-faillock-last", "1000000"),
            ("machine-clock", &(1_000_000 + age).to_string()),
        ]);
        assert_eq!(login.lockout.is_some(), wanted, "{valid} {rules} {age} {uid}");
    }
    let table = "Login           Failures Latest failure     From\nomm                 4    11/21/26 10:00:00  10.0.0.1\n";
    for (rules, wanted) in
        [("pam_tally2.so deny=3 unlock_time=300", true), ("pam_tally2.so deny=4", false), ("", false)]
    {
        let login = read(&[("ids", "1000 1000"), ("login-tally", table), ("login-tally-rules", rules)]);
        assert_eq!(login.lockout.is_some(), wanted, "{rules}");
    }
}

#[test]
fn settings_by_who_calls() {
    let login = read(&[(
        "login-sshd",
        "for 127.0.0.1\npermitrootlogin no\nallowusers root\nallowusers omm@10.*\nfor 10.0.0.2\nusepam no\nfor 10.0.0.3\n",
    )]);
    assert_eq!(login.settings.len(), 2, "sshd said nothing for the third");
    assert_eq!((login.settings[0].from, login.settings[0].root.as_str()), (None, "no"));
    assert_eq!(login.settings[0].allow_users, ["root", "omm@10.*"]);
    assert!(login.settings[1].no_pam && login.settings[1].from == "10.0.0.2".parse().ok());
    let login = read(&[("login-config", "PubkeyAuthentication no\nMatch User x\nPermitRootLogin no\n")]);
    assert!(login.settings[0].no_keys && login.settings[0].root.is_empty());
    let lines =
        read(&[("login-lines", "/etc/ssh/sshd_config:3:  AllowUsers = a\nno line\nrelative:1:x\n")]).lines;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].line == 3 && lines[0].is_about(&["allowusers"]) && !lines[0].is_about(&["AllowGroups"]));
}

proptest! {
    #[test]
    fn any_facts_give_an_answer(fact in "[ -~\n\t\u{80}-\u{ff}]{0,120}") {
        let names = ["login-shell", "login-said", "login-lines", "login-groups", "login-sshd", "login-config", "login-shadow",
            "login-faillock", "login-faillock-rules", "login-faillock-last", "login-tally", "login-tally-rules",
            "login-nologin", "login-noise", "machine-clock", "ids"];
        let facts: Vec<(&str, &str)> = names.iter().map(|name| (*name, fact.as_str())).collect();
        let _ = read(&facts);
    }
}
