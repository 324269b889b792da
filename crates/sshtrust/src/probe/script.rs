//! What runs on a node to make its calls: a loop that takes one line a call and prints one line a result.

use std::time::Duration;

use trust::probe::TIMED_OUT;

use super::By;
use crate::limits::Limits;
use crate::node::END_OF_TALK;
use crate::text::{printable, sh_quote};

/// Most that is kept of what `ssh` printed, in bytes. A line of a pipe must stay below 4,096 to be written at once.
const MOST_SAID: usize = 1_500;
/// Stands in a result line for the line ends of what `ssh` printed.
const LINE_END: char = '\u{1e}';

/// The loop. Each call is a child of nobody who waits: a hung one holds up no other, and none is left behind as a zombie.
///
/// The cheap key exchange is preferred only where nobody has chosen one. What a called node prints without end must not
/// fill the memory of this one.
const LOOP: &str = r#"
ulimit -v 262144 2>/dev/null
gs_limit= gs_brief=
if timeout 5 true 2>/dev/null; then gs_limit="timeout $gs_seconds" gs_brief="timeout 8"; fi
if [ -n "$gs_kex" ]; then
    gs_home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
    if [ -z "$gs_home" ] ||
        grep -qiE '^[[:space:]]*(kexalgorithms|include)' "$gs_home/.ssh/config" /etc/ssh/ssh_config.d/* 2>/dev/null ||
        grep -qi '^[[:space:]]*kexalgorithms' /etc/ssh/ssh_config 2>/dev/null ||
        grep -i '^[[:space:]]*include' /etc/ssh/ssh_config 2>/dev/null | grep -qv 'ssh_config\.d/'; then
        gs_kex=
    fi
fi
gs_ssh="$gs_ssh $gs_kex"
gs_where() {
    gs_found=$($gs_brief getent ahosts "$1" 2>/dev/null) || return
    case "
$gs_found" in
    *"
$2 "*) echo - ;;
    *) echo "${gs_found%% *}" ;;
    esac
}
gs_call() {
    gs_said=$($gs_limit $gs_ssh -- "$2" true 2>&1 >/dev/null </dev/null); gs_rc=$?
    [ $gs_rc -eq 0 ] && gs_said= || gs_said=$(printf %s "$gs_said" | tail -c "$gs_most" | tr '\n' '\036')
    gs_at=-
    if [ "$3" != - ]; then
        gs_at=$(gs_where "$2" "$3")
        # ssh may be told another way than the resolver knows.
        if [ "${gs_at:=-}" != - ]; then
            gs_real=$($gs_brief $gs_ssh -G -- "$2" 2>/dev/null | sed -n 's/^hostname //p')
            case $gs_real in
            "$3") gs_at=- ;;
            "$2" | "") ;;
            *) gs_at=$(gs_where "$gs_real" "$3") ;;
            esac
        fi
    fi
    printf '@%s %d %s %s\n' "$1" $gs_rc "${gs_at:--}" "$gs_said"
}
printf '\n%s send\n' "$gs_token"
while read -r gs_id gs_host gs_want; do
    [ "$gs_id" != "$gs_end" ] || break
    (gs_call "$gs_id" "$gs_host" "$gs_want" &)
done
"#;

/// How `ssh` is called. Settings on the command line win over the user's own. `UpdateHostKeys`, and `CheckHostIP` of
/// OpenSSH before 8.5, would write `known_hosts`; without its words nobody knows why a call failed.
pub(crate) const SSH: &str = "ssh -n -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no \
                              -o CheckHostIP=no -o LogLevel=INFO -o ControlMaster=no -o ControlPath=none \
                              -o ForwardX11=no -o ForwardAgent=no";

/// The script for a node; `cheap_kex`: its `ssh` may prefer a cheap key exchange; `identities_only`: it offers no key that only an
/// agent holds.
pub(super) fn script(cheap_kex: bool, identities_only: bool, limits: &Limits) -> String {
    let kex = if cheap_kex { "-o KexAlgorithms=^curve25519-sha256" } else { "" };
    let only = if identities_only { " -o IdentitiesOnly=yes" } else { "" };
    let ssh = format!(
        "{SSH} -o ConnectTimeout={} -o ServerAliveInterval={} -o ServerAliveCountMax=2{only}",
        limits.call_connect.as_secs(),
        limits.call_silence.as_secs()
    );
    format!(
        "gs_seconds={} gs_most={MOST_SAID} gs_end={END_OF_TALK} gs_ssh={} gs_kex={}\n{LOOP}",
        limits.call.as_secs(),
        sh_quote(&ssh),
        sh_quote(kex)
    )
}

/// The line that begins a call. A name is looked up too, to see whether it leads to the node's address; a node's own
/// name may lead to its loopback.
pub(super) fn order(id: usize, host: &str, by: By, address: &str, to_itself: bool) -> String {
    let wanted = if by == By::Name && !to_itself { address } else { "-" };
    format!("{id} {host} {wanted}")
}

/// What a node reports on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The call's number.
    pub(super) id: usize,
    /// Exit status of `ssh`.
    pub(super) status: i32,
    /// Where the name leads, if not to the right address.
    pub(super) elsewhere: Option<String>,
    /// What `ssh` printed, safe to show.
    pub(super) said: String,
}

/// Reads a line of the loop; `None` if it is none. `limit`: how long a call may take.
pub(super) fn answer(line: &[u8], limit: Duration) -> Option<Answer> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.strip_prefix('@')?.splitn(4, ' ');
    let (id, status) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let elsewhere = words.next().filter(|at| *at != "-").map(|at| printable(at.as_bytes()));
    let said = printable(words.next().unwrap_or_default().replace(LINE_END, "\n").as_bytes());
    let said = if status == TIMED_OUT && said.is_empty() {
        format!("no answer within {} seconds", limit.as_secs())
    } else {
        said
    };
    Some(Answer { id, status, elsewhere, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let limit = Limits::default().call;
        let read = |line: &str| answer(line.as_bytes(), limit);
        let plain = |id, status, said: &str| Answer { id, status, elsewhere: None, said: said.to_owned() };
        assert_eq!(read("@7 0 - "), Some(plain(7, 0, "")));
        assert_eq!(read("@1 255 - a\u{1e}b c\u{1b}[1m"), Some(plain(1, 255, "a | b c\\u{1b}[1m")));
        assert_eq!(read("@2 124 - "), Some(plain(2, 124, "no answer within 60 seconds")));
        let elsewhere = read("@3 255 10.0.0.9 x").unwrap();
        assert_eq!(elsewhere.elsewhere.as_deref(), Some("10.0.0.9"));
        for line in ["", "motd", "@", "@x 0 - ", "@1", "@1 x - ", "@99999999999999999999999 0 -"] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(answer(b"@1 255 - \xff\xfe", limit).unwrap().said, "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_name_leads_to_an_address_and_not_to_one_that_ends_like_it() {
        let function = LOOP.split_once("gs_where()").unwrap().1.split_once("gs_call()").unwrap().0;
        let at = |found: &str, wanted: &str| {
            let script = format!(
                "getent() {{ printf '{found}'; }}; gs_brief=; gs_where(){function}\ngs_where name {wanted}"
            );
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let two = "fd00::7 STREAM n\\n10.0.0.1  STREAM n\\n";
        assert_eq!(at("10.0.0.1        STREAM n\\n", "10.0.0.1"), "-");
        assert_eq!(at("110.0.0.1        STREAM n\\n", "10.0.0.1"), "110.0.0.1");
        assert_eq!((at(two, "10.0.0.1"), at(two, "fd00::7")), ("-".to_owned(), "-".to_owned()));
        assert_eq!(at(two, "10.0.0.2"), "fd00::7");
    }

    #[test]
    fn the_limits_of_a_call_are_those_that_were_given() {
        let real = script(false, false, &Limits::default());
        assert!(real.starts_with("gs_seconds=60 "), "{real}");
        assert!(real.contains("-o ConnectTimeout=20 -o ServerAliveInterval=20 -o ServerAliveCountMax=2"));
        assert!(!real.contains("IdentitiesOnly"));
        assert!(script(false, true, &Limits::default()).contains(" -o IdentitiesOnly=yes"));
        let short = script(false, false, &Limits::default().scaled(0.5));
        assert!(short.starts_with("gs_seconds=30 "), "{short}");
        assert!(short.contains("-o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=2"));
    }

    #[test]
    fn only_names_are_looked_up() {
        assert_eq!(order(3, "10.0.0.1", By::Ip, "10.0.0.1", false), "3 10.0.0.1 -");
        assert_eq!(order(3, "node1", By::Name, "10.0.0.1", false), "3 node1 10.0.0.1");
        assert_eq!(order(3, "node1", By::Name, "10.0.0.1", true), "3 node1 -");
    }
}
