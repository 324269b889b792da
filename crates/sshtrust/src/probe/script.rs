//! What runs on a node to make its calls: a loop that takes one line a call and prints one line a result.

use trust::probe::Proof;

use crate::limits::Limits;
use crate::node::END_OF_TALK;
use crate::text::{printable, sh_quote};

/// Most that is kept of what `ssh` printed, in bytes. A line of a pipe must stay below 4,096 to be written at once.
const MOST_SAID: usize = 1_500;
/// Stands in a result line for the line ends of what `ssh` printed.
const LINE_END: char = '\u{1e}';

/// Longest output of a called node that is looked at, in kilobytes of the shell that reads it. Profiles print some 70 kB at
/// the most.
const ROOM: u32 = 65_536;

/// What a call runs: it says that it ran, and on which machine. Nothing of it starts a program, so it costs what `true` costs.
/// The namespace has its number in a link, which only a program reads; but since Linux 5.14 the fourth line about an open
/// file tells it too. The mark is put together on the called node, so a server that only repeats what it was told to run does
/// not say it.
const COMMAND: &str = "{ read gs_a; read gs_a; read gs_a; read gs_a gs_n; } 3</proc/self/ns/net </proc/self/fdinfo/3; \
    read gs_b </proc/sys/kernel/random/boot_id; echo; echo \"MARK/${gs_b:--} ${gs_a:--}${gs_n} $SSH_CONNECTION /MARK\"";

/// The loop. Each call is a child for which nobody waits: a hung one holds up no other, and none is left behind as a zombie.
///
/// The cheap key exchange is preferred only where nobody has chosen one. What a called node prints without end must not
/// fill the memory of this one.
const LOOP: &str = r#"
ulimit -v 262144 2>/dev/null
gs_limit= gs_brief=
if timeout 5 true 2>/dev/null; then gs_limit="timeout $gs_seconds" gs_brief="timeout $gs_soon"; fi
gs_home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
# Where it may be set that ssh runs no command, each call looks.
gs_look=
if grep -qis '^[[:space:]]*sessiontype' "$gs_home/.ssh/config" /etc/ssh/ssh_config /etc/ssh/ssh_config.d/* ||
    grep -qis '^[[:space:]]*include' "$gs_home/.ssh/config" /etc/ssh/ssh_config.d/*; then
    gs_look=1
fi
if [ -n "$gs_kex" ]; then
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
# Prints what ssh said, what its command said if that proves nothing, and how it ended with what was proven. Nothing but the
# last of it may be missing: then the called node printed more than this shell had room for. ssh itself has its own room.
gs_try() {
    [ -z "$gs_soon_over" ] || gs_limit=$gs_brief
    ulimit -S -v "$gs_room" 2>/dev/null
    {
        gs_out=$(ulimit -S -v 262144 2>/dev/null; $gs_limit $gs_ssh -- "$gs_host" "$gs_run" 2>&3 3>&- </dev/null)
        gs_rc=$?
    } 3>&1
    gs_proof=-
    case $gs_out in
    *"$gs_mark/"*"/$gs_mark"*) gs_proof=${gs_out##*"$gs_mark/"} gs_proof=${gs_proof%%"/$gs_mark"*} ;;
    esac
    # Of its words the boot id, the namespace, and of four about the connection the third.
    case $gs_proof in
    *[!0-9A-Za-z:.%\ -]*) gs_proof=- ;;
    *" "*) set -f && set -- $gs_proof && gs_proof=${1:--}/${2:--}/${5:--} ;;
    esac
    if [ "$gs_proof" = - ]; then gs_out=$(printf %s "$gs_out" | tail -c "$gs_most"); else gs_out=; fi
    printf '\035%s\035%d %s' "$gs_out" "$gs_rc" "$gs_proof"
}
gs_call() {
    gs_id=$1 gs_host=$2 gs_want=$3 gs_run=$gs_plain
    gs_wait=$gs_seconds gs_soon_over= gs_none=
    case $4 in w*) gs_run=$gs_wrapped ;; esac
    case $4 in *b) gs_soon_over=1 ;; esac
    if [ -n "$gs_look" ] && $gs_brief $gs_ssh -G -- "$gs_host" 2>/dev/null | grep -qix 'sessiontype none'; then
        gs_soon_over=1 gs_none=' (SessionType none)'
    fi
    [ -z "$gs_soon_over" ] || gs_wait=$gs_soon
    gs_said=$(gs_try)
    case $gs_said in
    *"$gs_cut"*"$gs_cut"*)
        gs_end=${gs_said##*"$gs_cut"} gs_said=${gs_said%"$gs_cut"*}
        gs_rc=${gs_end%% *} gs_proof=${gs_end#* }
        gs_out=${gs_said##*"$gs_cut"} gs_said=${gs_said%"$gs_cut"*}
        ;;
    *) gs_rc=0 gs_proof=- gs_out='it prints without end' gs_said= ;;
    esac
    if [ "$gs_rc" -eq 0 ] && [ "$gs_proof" != - ]; then
        gs_said=
    elif [ "$gs_rc" -eq 124 ] && [ -z "$gs_said$gs_out" ]; then
        gs_said="no answer within $gs_wait seconds$gs_none"
    else
        # nologin(8) and forced commands speak on standard output.
        gs_said=$(printf '%s\n' "${gs_said:-$gs_out}")
        gs_said=$(printf %s "$gs_said" | tail -c "$gs_most" | tr '\n' '\036')
    fi
    gs_at=-
    if [ "$gs_want" != - ]; then
        gs_at=$(gs_where "$gs_host" "$gs_want")
        # ssh may be told another way than the resolver knows.
        if [ "${gs_at:=-}" != - ]; then
            gs_real=$($gs_brief $gs_ssh -G -- "$gs_host" 2>/dev/null | sed -n 's/^hostname //p')
            case $gs_real in
            "$gs_want") gs_at=- ;;
            "$gs_host" | "") ;;
            *) gs_at=$(gs_where "$gs_real" "$gs_want") ;;
            esac
        fi
    fi
    printf '@%s %d %s %s %s\n' "$gs_id" "$gs_rc" "${gs_at:--}" "$gs_proof" "$gs_said"
}
gs_cut=$(printf '\035')
# A shell that needs more than this for itself gets as much as ssh.
(ulimit -S -v "$gs_room"; gs_out=$(printf '%050000d' 0); [ ${#gs_out} -eq 50000 ]) 2>/dev/null || gs_room=262144
printf '\n%s send\n' "$gs_token"
while read -r gs_id gs_host gs_want gs_how; do
    [ "$gs_id" != "$gs_end" ] || break
    gs_call "$gs_id" "$gs_host" "$gs_want" "$gs_how" &
    # Lets go of those that have ended, and waits for none.
    jobs >/dev/null 2>&1
done
"#;

/// How `ssh` is called. Settings on the command line win over the user's own. `UpdateHostKeys`, and `CheckHostIP` of
/// OpenSSH before 8.5, would write `known_hosts`; without its words nobody knows why a call failed.
pub(crate) const SSH: &str = "ssh -n -T -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no \
                              -o CheckHostIP=no -o LogLevel=INFO -o ControlMaster=no -o ControlPath=none \
                              -o ForwardX11=no -o ForwardAgent=no";

/// The script for a node.
pub(super) fn script(how: How<'_>, limits: &Limits) -> String {
    let kex = if how.cheap_kex { "-o KexAlgorithms=^curve25519-sha256" } else { "" };
    let only = if how.identities_only { " -o IdentitiesOnly=yes" } else { "" };
    let ssh = format!(
        "{SSH} -o ConnectTimeout={} -o ServerAliveInterval={} -o ServerAliveCountMax=2{only}",
        limits.call_connect.as_secs(),
        limits.call_silence.as_secs()
    );
    let (one, other) = how.mark.split_at(how.mark.len() / 2);
    let plain = COMMAND.replace("MARK", &format!("{one}\"\"{other}"));
    let wrapped = format!("sh -c {}", sh_quote(&plain));
    format!(
        "gs_seconds={} gs_soon={} gs_most={MOST_SAID} gs_end={END_OF_TALK} gs_ssh={} gs_kex={} gs_mark={} gs_plain={} gs_wrapped={} \
         gs_room={ROOM}\n{LOOP}",
        limits.call.as_secs(),
        limits.brief_call.as_secs(),
        sh_quote(&ssh),
        sh_quote(kex),
        how.mark,
        sh_quote(&plain),
        sh_quote(&wrapped)
    )
}

/// How a node makes its calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    /// Its `ssh` may prefer a cheap key exchange.
    pub(super) cheap_kex: bool,
    /// It offers no key that only an agent holds.
    pub(super) identities_only: bool,
    /// By what the answers of this run are known: letters and digits.
    pub(super) mark: &'a str,
}

/// A mark of a run: 64 random bits, which nothing prints by chance.
pub(super) fn mark() -> String {
    let mut bytes = [0u8; 8];
    // Without random numbers it is still one that nothing prints by chance.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().fold(String::from("gscalled"), |mark, byte| format!("{mark}{byte:02x}"))
}

/// A call, as the loop is told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    /// Its number.
    pub(super) id: usize,
    /// What `ssh` calls.
    pub(super) host: &'a str,
    /// The address to which the host has to lead; `None`: nobody looks that up.
    pub(super) leads_to: Option<&'a str>,
    /// The called node's login shell understands what is written for sh(1). Any other starts one.
    pub(super) posix_shell: bool,
    /// The called node is known to let callers in and to answer nothing: it is not waited for long.
    pub(super) brief: bool,
}

impl Order<'_> {
    /// The line that begins the call.
    pub(super) fn line(&self) -> String {
        let how = if self.posix_shell { "p" } else { "w" };
        let brief = if self.brief { "b" } else { "" };
        format!("{} {} {} {how}{brief}", self.id, self.host, self.leads_to.unwrap_or("-"))
    }
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
    /// What the called node proved; `None`: our command did not run.
    pub(super) proof: Option<Proof>,
    /// What `ssh` printed, safe to show.
    pub(super) said: String,
}

/// Reads a line of the loop; `None` if it is none.
pub(super) fn answer(line: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.strip_prefix('@')?.splitn(5, ' ');
    let (id, status) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let elsewhere = words.next().filter(|at| *at != "-").map(|at| printable(at.as_bytes()));
    let proof = Proof::read(words.next()?);
    let said = printable(words.next().unwrap_or_default().replace(LINE_END, "\n").as_bytes());
    Some(Answer { id, status, elsewhere, proof, said })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trust::machine::MachineId;

    #[test]
    fn answers_are_read() {
        let read = |line: &str| answer(line.as_bytes());
        let plain = |id, status, said: &str| Answer {
            id,
            status,
            elsewhere: None,
            proof: None,
            said: said.to_owned(),
        };
        assert_eq!(read("@7 0 - - "), Some(plain(7, 0, "")));
        assert_eq!(read("@1 255 - - a\u{1e}b c\u{1b}[1m"), Some(plain(1, 255, "a | b c\\u{1b}[1m")));
        let elsewhere = read("@3 255 10.0.0.9 - x").unwrap();
        assert_eq!(elsewhere.elsewhere.as_deref(), Some("10.0.0.9"));
        let proof = read("@3 0 - ab-1/ino:7/10.0.0.9 ").unwrap().proof.unwrap();
        assert_eq!((proof.machine.net, proof.reached_at), (Some(7), Some([10, 0, 0, 9].into())));
        for line in
            ["", "motd", "@", "@x 0 - - ", "@1", "@1 x - - ", "@1 0 -", "@99999999999999999999999 0 - -"]
        {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(answer(b"@1 255 - - \xff\xfe").unwrap().said, "\u{fffd}\u{fffd}");
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

    fn how(identities_only: bool) -> How<'static> {
        How { cheap_kex: false, identities_only, mark: "gscalled01" }
    }

    #[test]
    fn the_limits_of_a_call_are_those_that_were_given() {
        let real = script(how(false), &Limits::default());
        assert!(real.starts_with("gs_seconds=60 gs_soon=8 "), "{real}");
        assert!(real.contains("-o ConnectTimeout=20 -o ServerAliveInterval=20 -o ServerAliveCountMax=2"));
        assert!(!real.contains("IdentitiesOnly"));
        assert!(script(how(true), &Limits::default()).contains(" -o IdentitiesOnly=yes"));
        let short = script(how(false), &Limits::default().scaled(0.5));
        assert!(short.starts_with("gs_seconds=30 "), "{short}");
        assert!(short.contains("-o ConnectTimeout=10 -o ServerAliveInterval=10 "), "{short}");
    }

    /// What the loop reports on a call whose `ssh` does this with the command, `$1`.
    fn reported(ssh: &str, posix_shell: bool) -> Answer {
        let order = Order { id: 5, host: "10.0.0.2", leads_to: None, posix_shell, brief: false };
        // The command of ssh is the last of its words.
        let fake = format!("ssh() {{ for gs_last in \"$@\"; do :; done; set -- \"$gs_last\"; {ssh}; }}\n");
        let script =
            script(how(false), &Limits::default()).replace("gs_limit=\"timeout $gs_seconds\"", "gs_limit=");
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("{fake}gs_token=T\nprintf '%s\\n' '{}' end | {{ {script}\n}}; wait", order.line()))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("SSH_CONNECTION", "10.0.0.1 4711 10.0.0.2 22")
            .output()
            .unwrap();
        let screen = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = screen.lines().filter_map(|line| answer(line.as_bytes()));
        lines.next().unwrap_or_else(|| panic!("{screen}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    #[test]
    fn a_call_proves_which_machine_it_ran_on_whatever_else_is_printed() {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let net = std::fs::read_link("/proc/self/ns/net").unwrap();
        let here = MachineId::read(&boot, &net.to_string_lossy());
        assert!(here.boot.is_some() && here.net.is_some(), "{here:?}");
        let noise = "printf '%070000d' 0; printf '\\n%070000d' 0 >&2";
        let shells = ["sh -c", "bash -c", "bash --restricted -c", "dash -c"];
        let ways = shells.map(|shell| format!("{shell} \"$1\""));
        let noisy = [format!("{noise}; sh -c \"$1\""), format!("sh -c \"$1\"; {noise}; printf @9")];
        for ssh in ways.iter().chain(&noisy) {
            for posix_shell in [true, false] {
                let Answer { id, status, proof, said, .. } = reported(ssh, posix_shell);
                assert_eq!((id, status, said.as_str()), (5, 0, ""), "{ssh}");
                let proof = proof.unwrap();
                assert_eq!(proof.machine.is(&here), Some(true), "{ssh}: {proof:?}");
                assert_eq!(proof.reached_at, Some([10, 0, 0, 2].into()), "{ssh}");
            }
        }
    }

    #[test]
    fn what_did_not_run_proves_nothing() {
        // What ssh does; how the call ends, and what is told of it.
        let cases = [
            ("echo Hello", 0, "Hello"),
            ("echo \"You may not run $1\"", 0, "You may not run { read gs_a"),
            ("echo \"You may not run $1\" >&2", 0, "You may not run { read gs_a"),
            ("cat >/dev/null", 0, ""),
            ("echo a; echo @6 0 - - >&2; return 1", 1, "@6 0 - -"),
            ("echo 'This account is currently not available.'; return 1", 1, "This account is currently"),
            ("echo exec request failed on channel 0 >&2; return 255", 255, "exec request failed"),
            ("yes", 0, "it prints without end"),
            ("return 124", 124, "no answer within 60 seconds"),
        ];
        for (ssh, wanted, words) in cases {
            let Answer { id, status, proof, said, .. } = reported(ssh, true);
            assert_eq!((id, status, proof), (5, wanted, None), "{ssh}: {said}");
            assert!(said.starts_with(words), "{ssh}: {said}");
        }
    }
}
