//! What a command line means, and what is wrong with one.

use std::path::PathBuf;

use sshtrust::identity::KeyType;

use super::*;

pub(super) fn read(line: &str) -> Result<Job, Report> {
    parse(std::iter::once("gs_sshexkey").chain(line.split_whitespace()).map(OsString::from), Lang::En)
}

#[test]
fn good_lines() {
    for line in ["-?", "--help", "help", "-f x --help"] {
        assert_eq!(read(line).unwrap(), Job::Show(text(Topic::General, Lang::En)), "{line}");
    }
    for line in ["help check --lang zh", "--lang=zh help check"] {
        assert_eq!(read(line).unwrap(), Job::Show(text(Topic::Check, Lang::Zh)), "{line}");
    }
    assert!(VERSION.starts_with("gs_sshexkey ") && VERSION.contains("openGauss"));
    for line in ["-V", "--version"] {
        assert_eq!(read(line).unwrap(), Job::Show(VERSION), "{line}");
    }
    let Job::Setup(setup) =
        read("-f h -l log --skip-hostname-set --no-deduplicate --key-type ecdsa --new-key").unwrap()
    else {
        panic!()
    };
    assert_eq!(setup.source, Source::Hostfile(PathBuf::from("h")));
    assert_eq!((setup.log, setup.password_file), (Some(PathBuf::from("log")), None));
    assert!(setup.skip_hostname_set && setup.no_deduplicate && !setup.dry_run);
    assert_eq!(setup.key_type, Some(KeyType::EcdsaP256));
    assert!(setup.new_key && !setup.no_keepalive);
    assert_eq!(setup.host_keys, HostKeys::default());
    assert!(matches!(read("-f h --no-keepalive").unwrap(), Job::Setup(Setup { no_keepalive: true, .. })));
    let agents = [
        ("agent status", AgentJob::Status { json: false }),
        ("agent status --json", AgentJob::Status { json: true }),
        ("agent start", AgentJob::Start),
        ("agent stop", AgentJob::Stop),
        ("agent keep", AgentJob::Keep),
    ];
    for (line, wanted) in agents {
        assert_eq!(read(line).unwrap(), Job::Agent(wanted, Lang::En), "{line}");
    }
}

#[test]
fn the_verb_may_stand_behind_flags() {
    let (hostfile, xml) = (Source::Hostfile("h".into()), Source::Xml { path: "check".into(), port: 22 });
    let checks = [
        ("-f h check", &hostfile),
        ("-fh check", &hostfile),
        ("-l doctor -f h check", &hostfile),
        ("--lang zh -f h --json check -l log", &hostfile),
        ("-X check check", &xml),
        ("check -X check", &xml),
    ];
    for (line, source) in checks {
        let Ok(Job::Check(check)) = read(line) else { panic!("{line}") };
        assert_eq!(&check.source, source, "{line}");
    }
    assert!(matches!(read("--only=mtu --fix -f h doctor"), Ok(Job::Doctor(_))));
    assert!(matches!(read("-o bundle bundle --hosts a,b"), Ok(Job::Bundle(_))));
    assert_eq!(read("--lang zh agent keep").unwrap(), Job::Agent(AgentJob::Keep, Lang::Zh));
    // The value of a flag is no verb, and neither is the second word.
    let Ok(Job::Setup(setup)) = read("-f check -l doctor") else { panic!() };
    assert_eq!((setup.source, setup.log), (Source::Hostfile("check".into()), Some("doctor".into())));
    assert_eq!(read("help check").unwrap(), Job::Show(text(Topic::Check, Lang::En)));
    for line in ["-f h check doctor", "check -f h -- doctor"] {
        assert!(read(line).unwrap_err().to_string().contains("parameter: doctor."), "{line}");
    }
    for line in ["check --key-type ecdsa --help", "agent -f h -?", "-f h --fix --help"] {
        assert_eq!(read(line).unwrap(), Job::Show(text(Topic::General, Lang::En)), "{line}");
    }
}

#[test]
fn which_host_keys_count_is_said_in_the_same_words_wherever_nodes_are_entered() {
    let wanted = HostKeys { strict: true, file: Some("k".into()) };
    let flags = "--strict-host-keys --host-keys k -f h";
    let Ok(Job::Setup(setup)) = read(flags) else { panic!() };
    let Ok(Job::Check(check)) = read(&format!("{flags} check")) else { panic!() };
    let Ok(Job::Doctor(doctor)) = read(&format!("doctor {flags}")) else { panic!() };
    let Ok(Job::Revoke(revoke)) = read(&format!("revoke {flags}")) else { panic!() };
    assert_eq!(
        [setup.host_keys, check.host_keys, doctor.look.host_keys, revoke.host_keys],
        [(); 4].map(|()| wanted.clone())
    );
    assert_eq!(wanted.words(), ["--strict-host-keys", "--host-keys", "k"]);
    assert!(HostKeys::default().words().is_empty());
    for (line, word) in [
        ("bundle -f h -o d --strict-host-keys", "--strict-host-keys"),
        ("agent keep --host-keys k", "--host-keys"),
    ] {
        let text = read(line).unwrap_err().to_string();
        assert!(text.contains(&format!("Unrecognized parameter: {word}.")), "{text}");
    }
}

#[test]
fn a_flag_of_another_verb_is_told_where_it_goes() {
    let cases = [
        ("-f h --by ip", "--by", "It goes with 'check'."),
        ("-f h -o x", "--output", "It goes with 'check'."),
        ("-f h --json", "--json", "It goes with 'check'."),
        ("-f h --fix", "--fix", "It goes with 'doctor'."),
        ("check -f h --fix", "--fix", "It goes with 'doctor'."),
        ("-f h --collect", "--collect", "It goes with 'bundle'."),
        ("bundle -f h -o d --html p", "--html", "It goes with 'check'."),
        ("agent keep --json", "--json", "It goes with 'agent status'."),
        ("check -f h --dry-run", "--dry-run", "It does not go with 'check'. See gs_sshexkey help check."),
        ("agent keep -f h", "-f", "It does not go with 'agent'. See gs_sshexkey help agent."),
        ("check -f h now", "now", "See gs_sshexkey help check."),
        ("check -f h --frob", "--frob", "See gs_sshexkey --help."),
        ("-f h now", "now", "See gs_sshexkey --help."),
    ];
    for (line, word, cure) in cases {
        let wanted = format!("[GAUSS-50000] : Unrecognized parameter: {word}.\n{cure}");
        assert_eq!(read(line).unwrap_err().to_string(), wanted, "{line}");
    }
}

#[test]
fn every_description() {
    let path = || PathBuf::from("x");
    let group = |name: &str| name.to_owned();
    let cases = [
        ("-f x", Source::Hostfile(path())),
        ("-X x", Source::Xml { path: path(), port: 22 }),
        ("-X x --port 2222", Source::Xml { path: path(), port: 2222 }),
        ("--hosts n[1-3],m", Source::Hosts { spec: "n[1-3],m".to_owned(), port: 22 }),
        ("--hosts n --port 22", Source::Hosts { spec: "n".to_owned(), port: 22 }),
        ("-i x", Source::Ansible { path: path(), group: group("all"), port: 22 }),
        ("--port 1025 --group db -i x", Source::Ansible { path: path(), group: group("db"), port: 1025 }),
    ];
    for (line, wanted) in cases {
        let Job::Setup(setup) = read(&format!("{line} --password-file p")).unwrap() else { panic!() };
        assert_eq!((setup.source, setup.password_file), (wanted, Some(PathBuf::from("p"))), "{line}");
    }
}

#[test]
fn every_mistake_has_its_message() {
    let cases = [
        ("", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
        ("-l log", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
        ("-f", "[GAUSS-50004] : The parameter '-f' value is incorrect. It needs a value."),
        ("-f h -l", "[GAUSS-50004] : The parameter '-l' value is incorrect. It needs a value."),
        ("-f a -f b", "[GAUSS-50004] : The parameter '-f' value is incorrect. It is given more than once."),
        ("--frobnicate", "[GAUSS-50000] : Unrecognized parameter: --frobnicate."),
        ("-f h -x", "[GAUSS-50000] : Unrecognized parameter: -x."),
        ("-f h extra", "[GAUSS-50000] : Unrecognized parameter: extra."),
        ("-h 10.0.0.1,10.0.0.2", "[GAUSS-50000] : Unrecognized parameter: -h."),
        ("-f h -W Zxcv_1", "[GAUSS-50000] : Unrecognized parameter: -W."),
        (
            "--key-type rsa -f h",
            "[GAUSS-50004] : The parameter '--key-type' value is incorrect. It must be one of: ed25519, ecdsa.",
        ),
        ("--hosts a -X b", "[GAUSS-50005] : The parameter '-X' and '--hosts' can not be used together."),
        ("-f h --port 2222", "[GAUSS-50005] : The parameter '-f' and '--port' can not be used together."),
        ("-X x --group db", "[GAUSS-50001] : Incorrect parameter. Parameter '-i' is required."),
        ("--group db", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
        (
            "-X x --port 80",
            "[GAUSS-50004] : The parameter '--port' value is incorrect. It must be 22 or 1025 to 65534.",
        ),
        ("--hosts", "[GAUSS-50004] : The parameter '--hosts' value is incorrect. It needs a value."),
        (
            "--lang fr help",
            "[GAUSS-50004] : The parameter '--lang' value is incorrect. It must be one of: en, zh.",
        ),
        ("help setup me", "[GAUSS-50000] : Unrecognized parameter: me."),
        ("help me", "[GAUSS-50000] : Unrecognized parameter: me."),
        ("agent", "[GAUSS-50001] : Incorrect parameter. 'agent' needs one of: status, start, stop, keep."),
        ("agent restart", "[GAUSS-50000] : Unrecognized parameter: restart."),
        ("agent keep now", "[GAUSS-50000] : Unrecognized parameter: now."),
        ("agent keep --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
        ("-f h --json", "[GAUSS-50000] : Unrecognized parameter: --json."),
    ];
    for (line, wanted) in cases {
        let text = read(line).unwrap_err().to_string();
        assert_eq!(text.lines().next(), Some(wanted), "{line}");
        assert!(!text.contains("Zxcv_1"), "{text}");
    }
}
