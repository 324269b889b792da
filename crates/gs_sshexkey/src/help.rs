//! The help texts.

/// The general help. openGauss's test suite takes every word that starts with a hyphen from line 9 on and wants a fixed
/// list, so what is new stands above that line or in `help setup`.
pub(crate) const HELP: &str = "\
gs_sshexkey sets up SSH trust between the nodes of a cluster.
Usage:
  gs_sshexkey -? | --help | -V | --version | help setup | help agent | help remove
  gs_sshexkey -f HOSTFILE | -X XML | --hosts NODES | -i INVENTORY [--group NAME]  [--port PORT]
              [--password-file FILE] [--skip-hostname-set] [--no-deduplicate] [-l LOGFILE]
              [--dry-run] [--key-type ed25519|ecdsa] [--no-keepalive]
  gs_sshexkey agent status | start | stop | keep

Options:
  -f                    The file that lists the nodes: one IP or IP,PORT a line.
  -l                    The log file. It is appended to.
  --skip-hostname-set   Do not write the host names into /etc/hosts.
  -? --help             Show this help and exit.
  -V --version          Show the version and exit.
";

/// The help of the main job.
pub(crate) const HELP_SETUP: &str = "\
gs_sshexkey -f HOSTFILE | -X XML | --hosts NODES | -i INVENTORY [--group NAME]

Makes every node of the cluster able to run commands and copy files on every other node, for the user who runs it.
The nodes need OpenSSH and a shell, nothing else. All nodes are reached, entered and read before anything is written;
then they are changed, every ordered pair is verified with the nodes' own ssh, and the change is kept or, if anything
fails, undone to the byte. A second run over a healthy cluster changes nothing.

  -f HOSTFILE           One node a line: IP or IP,PORT. Port 22 or 1025 to 65534. Blank lines and lines that start
                        with # are skipped.
  -X XML                openGauss's cluster XML: sshIp1 or else backIp1 of each DEVICE. A node whose host name is not
                        its name in the XML ends the run.
  --hosts NODES         A node set as ClusterShell writes it: 10.0.0.[1-30], node[01-16,20]. Names are resolved once,
                        on this machine.
  -i INVENTORY          An Ansible inventory, INI or YAML: ansible_host and ansible_port count.
  --group NAME          Its group. Default: all.
  --port PORT           The port of nodes for which the XML, the node set or the inventory says none. Default: 22.
  --password-file FILE  Take passwords from the file and ask for none. It must be yours or root's, mode 0600 or 0400:
                        one password for all nodes, or lines of IP PASSWORD.
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
