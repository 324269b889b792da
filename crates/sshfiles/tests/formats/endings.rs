//! Where files end: whoever appends next, with `cat key >> file`, is glued to nobody's line.

use sshfiles::{AuthorizedKeys, Crontab, Hosts, KnownHosts, ShellProfile, SshConfig};

use crate::{is_restored, key};

const SOCKET: &str = "/home/omm/gaussdb_tmp/gauss_socket_tmp";
const JOB: &str = "* * * * * gaussdb_tmp/bin/gs_sshexkey agent keep #OM";
const STARTS: [&[u8]; 22] = [
    b"",
    b"\n",
    b"\n\n",
    b"a",
    b"a\n",
    b"a\n\n",
    b"a\r\n",
    b"a\r\nb",
    b"a\r\nb\r",
    b"\r",
    b" ",
    b"a \\",
    b"a \\\n",
    b"# c",
    b"# c \\",
    b"#",
    b"\0",
    b"a\0b",
    b"a\0\n",
    b"\xff\xfe",
    b"# c\n[ -t 0 ] || return",
    b"return \\",
];

/// Sets and takes away what is ours, in bytes.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) put: fn(&[u8]) -> (bool, Vec<u8>),
    pub(crate) take: fn(&[u8]) -> Vec<u8>,
    pub(crate) has: fn(&[u8]) -> bool,
}

pub(crate) const FORMATS: [Format; 7] = [
    Format {
        name: "authorized_keys",
        put: |bytes| {
            let mut file = AuthorizedKeys::parse(bytes);
            (file.add(&key(1), "me"), file.to_bytes())
        },
        take: |bytes| {
            let mut file = AuthorizedKeys::parse(bytes);
            file.remove_ours(|_| true);
            file.to_bytes()
        },
        has: |bytes| AuthorizedKeys::parse(bytes).has_ours(),
    },
    Format {
        name: "known_hosts",
        put: |bytes| {
            let mut file = KnownHosts::parse(bytes);
            (file.set_ours(&["h"], 22, &[key(1), key(2)]), file.to_bytes())
        },
        take: |bytes| {
            let mut file = KnownHosts::parse(bytes);
            file.remove_ours();
            file.to_bytes()
        },
        has: |bytes| KnownHosts::parse(bytes).has_ours(),
    },
    Format {
        name: "config",
        put: |bytes| {
            let mut file = SshConfig::parse(bytes);
            (file.set_block("Host a\n"), file.to_bytes())
        },
        take: |bytes| {
            let mut file = SshConfig::parse(bytes);
            file.remove_block();
            file.to_bytes()
        },
        has: |bytes| SshConfig::parse(bytes).has_ours(),
    },
    Format {
        name: "hosts",
        put: |bytes| {
            let mut file = Hosts::parse(bytes);
            (file.set_mapping(&[("10.0.0.1".parse().unwrap(), "a".into())], false), file.to_bytes())
        },
        take: |bytes| {
            let mut file = Hosts::parse(bytes);
            file.remove_mapping();
            file.to_bytes()
        },
        has: |bytes| Hosts::parse(bytes).has_ours(),
    },
    Format {
        name: "exports",
        put: |bytes| {
            let mut file = ShellProfile::parse(bytes);
            (file.set_agent(SOCKET, "7"), file.to_bytes())
        },
        take: |bytes| {
            let mut file = ShellProfile::parse(bytes);
            file.remove_agent();
            file.remove_job();
            file.to_bytes()
        },
        has: |bytes| ShellProfile::parse(bytes).has_ours(),
    },
    Format {
        name: "job in a profile",
        put: |bytes| {
            let mut file = ShellProfile::parse(bytes);
            (file.set_job(JOB), file.to_bytes())
        },
        take: |bytes| {
            let mut file = ShellProfile::parse(bytes);
            file.remove_job();
            file.remove_agent();
            file.to_bytes()
        },
        has: |bytes| ShellProfile::parse(bytes).has_ours(),
    },
    Format {
        name: "crontab",
        put: |bytes| {
            let mut file = Crontab::parse(bytes);
            (file.set_job(JOB), file.to_bytes())
        },
        take: |bytes| {
            let mut file = Crontab::parse(bytes);
            file.remove_job();
            file.remove_agent_check();
            file.to_bytes()
        },
        has: |bytes| Crontab::parse(bytes).has_ours(),
    },
];

/// Every format on every start: where it was, and with ours.
fn each(mut look: impl FnMut(&Format, &[u8], &[u8])) {
    for format in &FORMATS {
        for start in STARTS {
            let (changed, set) = (format.put)(start);
            assert!(changed, "{} {start:?}", format.name);
            look(format, start, &set);
        }
    }
}

#[test]
fn a_second_run_changes_no_byte_and_a_removal_restores() {
    each(|format, start, set| {
        assert_eq!((format.put)(set), (false, set.to_vec()), "{} {start:?}", format.name);
        assert!(is_restored(start, &(format.take)(set)), "{} {start:?}", format.name);
    });
}

#[test]
fn a_line_that_is_appended_later_is_a_line_of_its_own() {
    each(|format, start, set| {
        let later = [set, b"more\n"].concat();
        let left = (format.take)(&later);
        // Where ours stands at the top, a user's line that did not end still does not.
        let cut = [start, b"more\n"].concat();
        let whole = [start, b"\nmore\n"].concat();
        let glued = !set.ends_with(b"\n");
        assert_eq!(left == cut && !start.ends_with(b"\n") && !start.is_empty(), glued, "{start:?}");
        assert!(left == cut || left == whole, "{} {start:?}: {left:?}", format.name);
        assert_eq!((format.put)(&later), (false, later.clone()), "{} {start:?}", format.name);
    });
}

#[test]
fn a_last_line_that_an_older_version_did_not_end_is_ended() {
    let mut tried = 0;
    each(|format, start, set| {
        // Ours are the last lines.
        let cut = set.strip_suffix(b"\n").filter(|_| set.starts_with(start));
        if let Some(cut) = cut {
            assert_eq!((format.put)(cut), (true, set.to_vec()), "{} {start:?}", format.name);
            tried += 1;
        }
    });
    assert!(tried > 80, "{tried}");
}
