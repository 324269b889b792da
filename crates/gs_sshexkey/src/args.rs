//! The command line.

mod check;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Parser, ValueEnum};
use sshtrust::identity::KeyType;
use sshtrust::text::printable;

use crate::errors::{NOT_DONE, Report};

pub(crate) use check::{Check, Format};

/// The general help. openGauss's test suite takes every word that starts with a hyphen from line 9 on and wants a fixed
/// list, so what is new stands above that line or in `help setup`.
pub(crate) const HELP: &str = "\
gs_sshexkey sets up SSH trust between the nodes of a cluster.

Usage:
  gs_sshexkey -? | --help | -V | --version | help setup | check | agent | remove
  gs_sshexkey -f HOSTFILE [--skip-hostname-set] [--no-deduplicate] [-l LOGFILE]
                          [--dry-run] [--key-type ed25519|ecdsa] [--no-keepalive]
  gs_sshexkey check -f HOSTFILE [...] | agent status | start | stop | keep

Options:
  -f                    The file that lists the nodes: one IP or IP,PORT a line.
  -l                    The log file. It is appended to.
  --skip-hostname-set   Do not write the host names into /etc/hosts.
  -? --help             Show this help and exit.
  -V --version          Show the version and exit.
";

/// The help of the main job.
pub(crate) const HELP_SETUP: &str = "\
gs_sshexkey -f HOSTFILE

Makes every node of the cluster able to run commands and copy files on every other node, for the user who runs it.
The nodes need OpenSSH and a shell, nothing else. All nodes are reached, entered and read before anything is written;
then they are changed, every ordered pair is verified with the nodes' own ssh, and the change is kept or, if anything
fails, undone to the byte. A second run over a healthy cluster changes nothing.

  -f HOSTFILE           One node a line: IP or IP,PORT. Port 22 or 1025 to 65534. Blank lines and lines that start
                        with # are skipped.
  -l LOGFILE            Append a log. Missing folders are made. Nothing secret is in it.
  --skip-hostname-set   Do not write the host names into /etc/hosts. Only root can write them anyway.
  --no-deduplicate      Keep the lines that earlier runs wrote into /etc/hosts; else they are replaced.
  --dry-run             Do everything up to the plan, show it as a unified diff for each node, and write nothing.
  --key-type TYPE       ed25519 or ecdsa (P-256). Default: the key that is there, else ed25519; ecdsa if a node is in
                        FIPS mode or refuses ed25519.
  --no-keepalive        Do not place this program on the nodes, and install no job that brings the agent back.

Every node gets a copy of this program and a job that runs it each minute, so that trust survives a crash of the agent
and a reboot: see 'gs_sshexkey help agent'. For nodes with another processor a build of their own is taken from beside
this program (gs_sshexkey-aarch64, as 'uname -m' names it).

Exit status: 0 if trust was made and verified, 1 otherwise.

Files on every node: ~/.ssh/id_om, id_om.pub, authorized_keys, known_hosts and config; ~/.bashrc; ~/gaussdb_tmp with
the agent's socket, the encrypted passphrase of id_om and this program; a line of the user's crontab, or, where cron does
not do, two units in ~/.config/systemd/user, or a line of the login profile; /etc/hosts for root. Lines of yours are never
touched.
";

/// The help of the agent.
pub(crate) const HELP_AGENT: &str = "\
gs_sshexkey agent status [--json] | start | stop | keep

The key of the cluster is locked with a passphrase; an ssh-agent of its own holds it open. These commands work on that
agent, on the machine and for the user that run them. No other agent is touched.

  status    Show the agent, its key, the stored passphrase, and what brings the agent back. --json: for programs.
  start     Start the agent, if it does not run, and give it the key.
  stop      End the agent. It stays away, also after a reboot, until 'start' or a new set-up of trust.
  keep      What the job does each minute: nothing if the agent answers and holds the key; else as 'start'. It takes
            5 seconds at the most and says nothing if all is well.

The job is a line of the user's crontab; where cron is missing, not running, or forbidden to the user, a timer of the
user's systemd; where that cannot be, a line in the profile that the login shell reads. What it did, and why it failed,
stands in ~/gaussdb_tmp/keepalive.log.

Exit status: 0 if all is well, or was made so; 1 otherwise. For 'status': whether the agent holds the key.
";

/// How to take trust away by hand.
pub(crate) const HELP_REMOVE: &str = "\
Trust is taken away on every node, as the user whose trust it is:

  rm -rf ~/.ssh/id_om ~/.ssh/id_om.pub ~/gaussdb_tmp
  pkill -u \"$(id -u)\" -f '[s]sh-agent .*/gaussdb_tmp/gauss_socket_tmp'
  sed -i --follow-symlinks '/ #OM$/d' ~/.ssh/authorized_keys ~/.ssh/known_hosts
  sed -i --follow-symlinks '/^# BEGIN gs_sshexkey/,/^# END gs_sshexkey/d' ~/.ssh/config
  sed -i --follow-symlinks '/^export SSH_AUTH_SOCK=.*gauss_socket_tmp$/d; /^export SSH_AGENT_PID=/d' ~/.bashrc

and as root, if the names are not wanted any more:

  sed -i '/#Gauss OM IP Hosts Mapping$/d' /etc/hosts

The job that brings the agent back sees that the key and the folder are gone, and removes itself: within a minute, or at
the next login if it is a line of the profile. If it was a timer of systemd, the user still lingers: 'loginctl
disable-linger' ends that.
";

/// The version line.
pub(crate) const VERSION: &str = concat!("gs_sshexkey (openGauss) ", env!("CARGO_PKG_VERSION"));

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Show a text.
    Show(&'static str),
    /// Set up trust.
    Setup(Setup),
    /// Work on this machine's agent.
    Agent(AgentJob),
    /// See who can reach whom.
    Check(Check),
}

/// What to do with this machine's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentJob {
    /// Show it.
    Status {
        /// For programs.
        json: bool,
    },
    /// Start it.
    Start,
    /// End it.
    Stop,
    /// See to it that it lives.
    Keep,
}

/// The classic command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// The hostfile.
    pub(crate) hostfile: PathBuf,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Leave `/etc/hosts` alone.
    pub(crate) skip_hostname_set: bool,
    /// Keep old mapping lines.
    pub(crate) no_deduplicate: bool,
    /// Stop after the plan.
    pub(crate) dry_run: bool,
    /// The key's type.
    pub(crate) key_type: Option<KeyType>,
    /// Leave the keepalive out.
    pub(crate) no_keepalive: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyTypeWord {
    Ed25519,
    Ecdsa,
}

#[derive(Parser)]
#[command(name = "gs_sshexkey", disable_help_flag = true, disable_help_subcommand = true)]
struct Words {
    #[arg(short = 'f', action = ArgAction::Set)]
    hostfile: Option<PathBuf>,
    #[arg(short = 'l', action = ArgAction::Set)]
    log: Option<PathBuf>,
    #[arg(long)]
    skip_hostname_set: bool,
    #[arg(long)]
    no_deduplicate: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    key_type: Option<KeyTypeWord>,
    #[arg(long)]
    no_keepalive: bool,
    /// For `agent status` and `check`.
    #[arg(long, hide = true)]
    json: bool,
    #[command(flatten)]
    check: check::Words,
    #[arg(short = '?', long = "help")]
    help: bool,
    #[arg(short = 'V', long = "version")]
    version: bool,
    /// Flags of versions long gone.
    #[arg(short = 'h', hide = true, num_args = 0..)]
    hosts: Option<Vec<OsString>>,
    #[arg(short = 'W', hide = true, num_args = 0..)]
    password: Option<Vec<OsString>>,
    #[arg(num_args = 0..)]
    rest: Vec<OsString>,
}

/// Reads the command line.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Job, Report> {
    let args: Vec<OsString> = args.collect();
    let is_check = args.iter().any(|word| word == "check");
    read(args).map_err(|report| if is_check { report.exit(NOT_DONE) } else { report })
}

fn read(args: Vec<OsString>) -> Result<Job, Report> {
    let words = Words::try_parse_from(args).map_err(|error| explain(&error))?;
    if words.help {
        return Ok(Job::Show(HELP));
    }
    if words.version {
        return Ok(Job::Show(VERSION));
    }
    if words.hosts.is_some() {
        return Err(Report::new("50000", "Unrecognized parameter: -h.")
            .cure("Write the addresses into a file, one a line, and use -f HOSTFILE."));
    }
    if words.password.is_some() {
        return Err(Report::new("50000", "Unrecognized parameter: -W.")
            .cure("A secret on the command line can be read by every user. Leave it out: you will be asked, or give it on standard input."));
    }
    if words.rest.first().is_some_and(|word| word == "check") {
        return check::job(words).map(Job::Check);
    }
    if let Some(flag) = words.check.given() {
        return Err(unknown(flag).cure("It goes with 'check'."));
    }
    let job = named_job(&words.rest, words.json)?;
    if let Some(job) = job {
        return Ok(job);
    }
    if words.json {
        return Err(unknown("--json").cure(SEE_HELP));
    }
    let hostfile = words.hostfile.ok_or_else(|| {
        Report::new("50001", "Incorrect parameter. Parameter '-f' is required.").cure(SEE_HELP)
    })?;
    Ok(Job::Setup(Setup {
        hostfile,
        log: words.log,
        skip_hostname_set: words.skip_hostname_set,
        no_deduplicate: words.no_deduplicate,
        dry_run: words.dry_run,
        key_type: words.key_type.map(|word| match word {
            KeyTypeWord::Ed25519 => KeyType::Ed25519,
            KeyTypeWord::Ecdsa => KeyType::EcdsaP256,
        }),
        no_keepalive: words.no_keepalive,
    }))
}

const SEE_HELP: &str = "See gs_sshexkey --help.";

/// `help`, `help COMMAND` and `agent ACTION`; any other word is unknown.
fn named_job(rest: &[OsString], json: bool) -> Result<Option<Job>, Report> {
    let words: Vec<String> = rest.iter().map(|w| printable(w.as_encoded_bytes())).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let job = match words.as_slice() {
        [] => return Ok(None),
        ["help"] => Job::Show(HELP),
        ["help", "setup"] => Job::Show(HELP_SETUP),
        ["help", "agent"] => Job::Show(HELP_AGENT),
        ["help", "remove"] => Job::Show(HELP_REMOVE),
        ["help", other, ..] => return Err(unknown(other).cure("There is help for: setup, agent, remove.")),
        ["agent", "status"] => return Ok(Some(Job::Agent(AgentJob::Status { json }))),
        ["agent", "start"] => Job::Agent(AgentJob::Start),
        ["agent", "stop"] => Job::Agent(AgentJob::Stop),
        ["agent", "keep"] => Job::Agent(AgentJob::Keep),
        ["agent"] => {
            return Err(Report::new(
                "50001",
                "Incorrect parameter. 'agent' needs one of: status, start, stop, keep.",
            )
            .cure("See gs_sshexkey help agent."));
        }
        ["agent", "status" | "start" | "stop" | "keep", other, ..] | ["agent", other, ..] => {
            return Err(unknown(other).cure("See gs_sshexkey help agent."));
        }
        [other, ..] => return Err(unknown(other).cure(SEE_HELP)),
    };
    if json { Err(unknown("--json").cure("It goes with 'agent status'.")) } else { Ok(Some(job)) }
}

fn unknown(word: &str) -> Report {
    Report::new("50000", &format!("Unrecognized parameter: {word}."))
}

/// Turns the parser's error into openGauss's words.
fn explain(error: &clap::Error) -> Report {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => printable(text.as_bytes()),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let flag = argument.split_whitespace().next().unwrap_or_default().to_owned();
    let wrong =
        |why: &str| Report::new("50004", &format!("The parameter '{flag}' value is incorrect. {why}"));
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&argument).cure(SEE_HELP),
        ErrorKind::ArgumentConflict => wrong("It is given more than once."),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => {
            wrong("It needs a value.")
        }
        ErrorKind::InvalidValue => {
            let choices = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(choices)) => choices.join(", "),
                _ => String::new(),
            };
            wrong(&format!("It must be one of: {choices}."))
        }
        ErrorKind::TooManyValues => wrong("It takes no value."),
        _ => Report::new("50000", &format!("Unrecognized parameter: {argument}.")).cure(SEE_HELP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(line: &str) -> Result<Job, Report> {
        parse(std::iter::once("gs_sshexkey").chain(line.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn help_has_exactly_the_words_that_are_expected() {
        let words: Vec<&str> =
            HELP.lines().skip(8).flat_map(str::split_whitespace).filter(|w| w.starts_with('-')).collect();
        assert_eq!(words, ["-f", "-l", "--skip-hostname-set", "-?", "--help", "-V", "--version"]);
        assert!(HELP.lines().take(8).any(|l| l.contains("--no-deduplicate")));
        assert!(VERSION.starts_with("gs_sshexkey ") && VERSION.contains("openGauss"));
    }

    #[test]
    fn good_lines() {
        for line in ["-?", "--help", "help", "-f x --help"] {
            assert_eq!(read(line).unwrap(), Job::Show(HELP), "{line}");
        }
        for line in ["-V", "--version"] {
            assert_eq!(read(line).unwrap(), Job::Show(VERSION), "{line}");
        }
        let Job::Setup(setup) =
            read("-f h -l log --skip-hostname-set --no-deduplicate --key-type ecdsa").unwrap()
        else {
            panic!()
        };
        assert_eq!((setup.hostfile, setup.log), (PathBuf::from("h"), Some(PathBuf::from("log"))));
        assert!(setup.skip_hostname_set && setup.no_deduplicate && !setup.dry_run);
        assert_eq!(setup.key_type, Some(KeyType::EcdsaP256));
        assert!(!setup.no_keepalive);
        assert!(matches!(read("-f h --no-keepalive").unwrap(), Job::Setup(Setup { no_keepalive: true, .. })));
        let agents = [
            ("agent status", AgentJob::Status { json: false }),
            ("agent status --json", AgentJob::Status { json: true }),
            ("agent start", AgentJob::Start),
            ("agent stop", AgentJob::Stop),
            ("agent keep", AgentJob::Keep),
        ];
        for (line, wanted) in agents {
            assert_eq!(read(line).unwrap(), Job::Agent(wanted), "{line}");
        }
    }

    #[test]
    fn every_mistake_has_its_message() {
        let cases = [
            ("", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("-l log", "[GAUSS-50001] : Incorrect parameter. Parameter '-f' is required."),
            ("-f", "[GAUSS-50004] : The parameter '-f' value is incorrect. It needs a value."),
            ("-f h -l", "[GAUSS-50004] : The parameter '-l' value is incorrect. It needs a value."),
            (
                "-f a -f b",
                "[GAUSS-50004] : The parameter '-f' value is incorrect. It is given more than once.",
            ),
            ("--frobnicate", "[GAUSS-50000] : Unrecognized parameter: --frobnicate."),
            ("-f h -x", "[GAUSS-50000] : Unrecognized parameter: -x."),
            ("-f h extra", "[GAUSS-50000] : Unrecognized parameter: extra."),
            ("-h 10.0.0.1,10.0.0.2", "[GAUSS-50000] : Unrecognized parameter: -h."),
            ("-f h -W Zxcv_1", "[GAUSS-50000] : Unrecognized parameter: -W."),
            (
                "--key-type rsa -f h",
                "[GAUSS-50004] : The parameter '--key-type' value is incorrect. It must be one of: ed25519, ecdsa.",
            ),
            ("help me", "[GAUSS-50000] : Unrecognized parameter: me."),
            (
                "agent",
                "[GAUSS-50001] : Incorrect parameter. 'agent' needs one of: status, start, stop, keep.",
            ),
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
}
