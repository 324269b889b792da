use sshfiles::ShellProfile;

use crate::{corpus, text};

const SOCKET: &str = "/home/omm/gaussdb_tmp/gauss_socket_tmp";
const OURS: &str = "export SSH_AUTH_SOCK=/home/omm/gaussdb_tmp/gauss_socket_tmp\nexport SSH_AGENT_PID=17\n";
const OLD: &str = "export SSH_AUTH_SOCK=/home/omm/gaussdb_tmp/gauss_socket_tmp\nexport SSH_AGENT_PID=4\n";

#[test]
fn sets_the_agent() {
    let cases: Vec<(String, String)> = vec![
        (String::new(), OURS.into()),
        ("umask 077\n".into(), format!("umask 077\n{OURS}")),
        ("umask 077".into(), format!("umask 077\n{OURS}")),
        ("\n".into(), format!("\n{OURS}")),
        ("umask 077\r".into(), format!("umask 077\r\n{OURS}")),
        ("umask 077\r\n".into(), format!("umask 077\r\n{OURS}")),
        // An early leave
        ("[ -z \"$PS1\" ] && return\n".into(), format!("{OURS}[ -z \"$PS1\" ] && return\n")),
        ("#!/bin/bash\n# c\n\nexit 0".into(), format!("#!/bin/bash\n# c\n{OURS}\nexit 0")),
        ("\n# c\nexec zsh\n".into(), format!("{OURS}\n# c\nexec zsh\n")),
        (
            "# return\nexited=1; returned=2; my_exec\n".into(),
            format!("# return\nexited=1; returned=2; my_exec\n{OURS}"),
        ),
        // A line that is not finished
        ("# c \\\na \\".into(), format!("# c \\\n{OURS}a \\")),
        ("a \\\n".into(), format!("{OURS}a \\\n")),
        ("# c \\".into(), format!("# c \\\n{OURS}")),
        // In place
        (format!("a\n{OLD}b\n"), format!("a\n{OURS}b\n")),
        (format!("a\n{OLD}return\n"), format!("a\n{OURS}return\n")),
        (format!("a\n{}", OLD.trim_end()), format!("a\n{OURS}")),
        (format!("{OLD}a"), format!("{OURS}a")),
        (OLD.replace('\n', "\r\n"), OURS.into()),
        (
            "a\nexport SSH_AUTH_SOCK=\"$HOME/gaussdb_tmp/gauss_socket_tmp\"\nb\n".into(),
            format!("a\n{OURS}b\n"),
        ),
        ("export  SSH_AUTH_SOCK='/x/gaussdb_tmp/gauss_socket_tmp'\nb\n".into(), format!("{OURS}b\n")),
        // Below an early leave, and twice
        (format!("# c\nreturn\n{OLD}b\n"), format!("# c\n{OURS}return\nb\n")),
        (format!("a\n{OURS}b\n{OLD}"), format!("a\n{OURS}b\n")),
        (format!("{OURS}{OURS}"), OURS.into()),
        // The user's
        (
            "export SSH_AUTH_SOCK=/run/k\nexport SSH_AGENT_PID=9\n".into(),
            format!("export SSH_AUTH_SOCK=/run/k\nexport SSH_AGENT_PID=9\n{OURS}"),
        ),
        (
            format!("if x; then\n  {}fi\n", OLD.lines().next().unwrap()),
            format!("if x; then\n  {}fi\n{OURS}", OLD.lines().next().unwrap()),
        ),
        ("export SSH_AGENT_PID=9\n".into(), format!("export SSH_AGENT_PID=9\n{OURS}")),
        (format!("# {OLD}"), format!("# {OLD}{OURS}")),
        (
            "export SSH_AUTH_SOCK=/gaussdb_tmp/gauss_socket_tmp; echo\n".into(),
            format!("export SSH_AUTH_SOCK=/gaussdb_tmp/gauss_socket_tmp; echo\n{OURS}"),
        ),
    ];
    for (before, after) in cases {
        let mut profile = ShellProfile::parse(before.as_bytes());
        assert!(profile.set_agent(SOCKET, "17"), "{before:?}");
        assert_eq!(text(profile.to_bytes()), after, "{before:?}");
        assert_eq!(profile.agent(), Some((SOCKET.into(), "17".into())));
        assert!(!profile.set_agent(SOCKET, "17"), "{before:?}");
        assert!(!ShellProfile::parse(after.as_bytes()).set_agent(SOCKET, "17"), "{before:?}");
    }
}

#[test]
fn the_words_of_our_path_are_no_leave() {
    let socket = "/home/exit/gaussdb_tmp/gauss_socket_tmp";
    let mut profile = ShellProfile::parse(b"# c\numask 077\n");
    assert!(profile.set_agent(socket, "1"));
    assert!(!profile.set_agent(socket, "1"));
    assert!(text(profile.to_bytes()).starts_with("# c\numask 077\nexport"));
}

#[test]
fn another_socket_is_ours_if_it_is_the_one_given() {
    let before = "export SSH_AUTH_SOCK='/srv/my home/s'\nexport SSH_AGENT_PID=1\n";
    let mut profile = ShellProfile::parse(before.as_bytes());
    assert!(profile.set_agent("/srv/my home/s", "2"));
    assert_eq!(text(profile.to_bytes()), before.replace("PID=1", "PID=2"));
    assert_eq!(profile.agent(), None);
    for (socket, pid) in [("/a\nb", "1"), ("/a'b", "1"), ("/a", "1\n2")] {
        assert!(!profile.set_agent(socket, pid));
    }
}

#[test]
fn right_exports_stay_as_they_are() {
    let before = format!("export SSH_AUTH_SOCK=\"{SOCKET}\"\t\nexport SSH_AGENT_PID='17'\r\n");
    assert!(!ShellProfile::parse(before.as_bytes()).set_agent(SOCKET, "17"));
}

#[test]
fn the_stock_files() {
    let mut debian = ShellProfile::parse(&corpus("bashrc.debian"));
    assert!(debian.set_agent(SOCKET, "17"));
    let after = text(debian.to_bytes());
    assert!(after.contains(&format!("Debian and Ubuntu.\n{OURS}\n# Other shells")), "{after}");
    assert!(after.ends_with("\nfi"));

    let mut redhat = ShellProfile::parse(&corpus("bashrc.redhat"));
    assert_eq!(redhat.agent(), None);
    assert!(redhat.set_agent(SOCKET, "17"));
    assert!(text(redhat.to_bytes()).ends_with(&format!("keyring/ssh\n{OURS}")));

    let mut set_up = ShellProfile::parse(&corpus("bashrc.set_up"));
    assert_eq!(set_up.agent(), Some((SOCKET.into(), "4242".into())));
    assert!(set_up.set_agent(SOCKET, "17"));
    assert_eq!(text(set_up.to_bytes()), text(corpus("bashrc.set_up")).replace("4242", "17"));
    assert!(set_up.remove_agent());
    assert!(!set_up.remove_agent());
}
