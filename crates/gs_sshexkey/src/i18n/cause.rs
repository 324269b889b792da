//! Why a pair does not work or a node cannot be entered, and what to do about it: one line each.

use sshtrust::check::NoEntry;
use sshtrust::node::NodeError;
use sshtrust::probe::Cause;
use sshtrust::session::{ConnectError, Factor, PassedKey, Unfit};

use super::{Lang, messages};

messages! {
    /// A likely cause and its cure.
    Reason {
        Refused {}
            "nothing listens on the port, or a firewall rejects it. At the called node: 'systemctl enable --now sshd' ('ssh' on Debian), then see the firewall."
            "端口上没有服务监听，或被防火墙拒绝。请在被登录的节点上执行 systemctl enable --now sshd（Debian 为 ssh），并检查防火墙。";
        TimedOut {}
            "no answer: the machine is down, or a firewall drops the packets. Open the port: 'firewall-cmd --permanent --add-port=PORT/tcp && firewall-cmd --reload'."
            "没有应答：机器已关机，或报文被防火墙丢弃。放行端口：firewall-cmd --permanent --add-port=端口/tcp && firewall-cmd --reload。";
        NoRoute {}
            "the network knows no way, or a firewall rejects it. Check the address, 'ip route', and the firewall of both nodes."
            "没有路由，或被防火墙拒绝。请检查 IP 地址、路由（ip route）和两端的防火墙。";
        Hung {}
            "connected, but then silence: sshd is stopped or overloaded, a home on NFS or name lookups (UseDNS) hang, or large packets are lost (MTU: 'ping -M do -s 1472')."
            "TCP 已连上，之后没有响应：sshd 挂起或过载，NFS 家目录或域名解析（UseDNS）卡住，或者大包被丢弃（MTU 不一致，用 ping -M do -s 1472 检查）。";
        ClosedEarly {}
            "the server hung up before the login: hosts.allow/hosts.deny, MaxStartups, or sshd fails to start a session. See 'journalctl -u sshd' at the called node."
            "登录之前连接就被服务器断开：hosts.allow/hosts.deny、MaxStartups，或 sshd 无法建立会话。请在被登录的节点上查看 journalctl -u sshd。";
        HungUp {}
            "the server hung up in the middle of the login: PAM keeps the account out there (/etc/nologin, pam_access, an account that has ended), or sshd fails. See 'journalctl -u sshd' at the called node."
            "登录过程中连接被服务器断开：PAM 不允许该账户登录（/etc/nologin、pam_access、账户已到期），或 sshd 出错。请在被登录的节点上查看 journalctl -u sshd。";
        ProxyFailed {}
            "the caller's settings go through another program or host (ProxyCommand, ProxyJump), and that fails. See 'ssh -G HOST' on the calling node."
            "发起登录的节点的 ssh 配置要求经由其他程序或主机（ProxyCommand、ProxyJump），而它不可用。请在该节点上用 ssh -G 主机 查看。";
        Penalised {}
            "the server penalises the caller for earlier failures (PerSourcePenalties). Wait some minutes; list the nodes in PerSourcePenaltyExemptList."
            "发起登录的节点因之前失败过多被服务器惩罚（PerSourcePenalties）。请等几分钟；可把各节点加入 PerSourcePenaltyExemptList。";
        MaxStartups {}
            "the server has too many logins under way (MaxStartups). Find who keeps connecting ('ss -tn sport = :22'), or raise MaxStartups in its sshd_config."
            "服务器上正在登录的连接过多（MaxStartups）。请查明是谁在不断连接（ss -tn sport = :22），或调大 sshd_config 中的 MaxStartups。";
        HostKeyChanged {}
            "the host key is not the recorded one: the node was reinstalled, or it is another machine. If the new key is right: 'ssh-keygen -R HOST' on the calling node, then set up trust again."
            "主机密钥与 known_hosts 中的记录不符：节点重装过，或该地址已是另一台机器。确认新密钥无误后，在发起登录的节点上执行 ssh-keygen -R 主机，再重新建立互信。";
        HostKeyRevoked {}
            "the host key is marked @revoked. Do not work around it: give the node new host keys, or find out what machine answers there."
            "主机密钥已标记为吊销（@revoked）。不要绕过：请为该节点重新生成主机密钥，或查明该地址上是哪台机器。";
        HostKeyUnknown {}
            "the calling node has no host key on record for this address or name. Set up trust again: gs_sshexkey -f HOSTFILE."
            "发起登录的节点上没有对方的主机密钥记录（known_hosts）。请重新建立互信：gs_sshexkey -f HOSTFILE。";
        KeyRefused {}
            "the key was refused: it is not in authorized_keys, or home, ~/.ssh or authorized_keys may be written by others (chmod go-w), or AllowUsers, SELinux or the like. If modes are right, set up trust again."
            "公钥被拒绝：authorized_keys 中没有该公钥，家目录、~/.ssh 或 authorized_keys 的属主、权限不对（chmod go-w），或受 AllowUsers、SELinux 等限制。权限无误时请重新建立互信。";
        AgentUseless {}
            "the calling node's ssh-agent does not sign with the key. There: 'gs_sshexkey agent status', then 'gs_sshexkey agent start'."
            "发起登录的节点上 ssh-agent 不可用。请在该节点上执行 gs_sshexkey agent status 查看，再执行 gs_sshexkey agent start。";
        TooManyKeys {}
            "too many keys were offered before the right one. Set IdentitiesOnly yes and IdentityFile for these hosts in ~/.ssh/config of the calling node."
            "尝试的密钥过多，还没轮到正确的就被断开。请在发起登录的节点的 ~/.ssh/config 中为这些主机设置 IdentitiesOnly yes 和 IdentityFile。";
        Permissions {}
            "ssh ignores a key or a configuration file that others may read or write. On the calling node: 'chmod 700 ~/.ssh; chmod 600 ~/.ssh/*', and see the owner."
            "私钥或配置文件的权限过宽，被 ssh 忽略。请在发起登录的节点上执行 chmod 700 ~/.ssh; chmod 600 ~/.ssh/*，并检查属主。";
        NameUnknown {}
            "the calling node does not know this host name. Add it to /etc/hosts there (mode 644), or set up trust again as root."
            "发起登录的节点无法解析该主机名。请在该节点的 /etc/hosts 中添加（权限 644），或以 root 重新建立互信。";
        WrongAddress { found }
            "on the calling node the host name leads to {found}. Correct /etc/hosts there, or the name server."
            "在发起登录的节点上，该主机名解析到了 {found}。请更正该节点的 /etc/hosts 或 DNS。";
        WrongMachine { answered }
            "the call ends at {answered}, not at the node. On the calling node see where ssh goes ('ssh -G HOST | grep -E \"hostname|port|proxy\"'), /etc/hosts, and redirections of the network (NAT)."
            "登录到的是{answered}，而不是该节点。请在发起登录的节点上查看 ssh 的去向（ssh -G 主机 | grep -E \"hostname|port|proxy\"）、/etc/hosts，以及网络中的地址转换（NAT）。";
        AnotherMachine {}
            "the call ends at another machine, not at the node. On the calling node see where ssh goes ('ssh -G HOST | grep -E \"hostname|port|proxy\"'), /etc/hosts, and redirections of the network (NAT)."
            "登录到的是另一台机器，而不是该节点。请在发起登录的节点上查看 ssh 的去向（ssh -G 主机 | grep -E \"hostname|port|proxy\"）、/etc/hosts，以及网络中的地址转换（NAT）。";
        ForcedCommand {}
            "the login works and something else runs than what was asked for: command= in authorized_keys, ForceCommand in sshd_config, or a login shell that is none. Take it out at the called node."
            "能够登录，但执行的不是所要求的命令：authorized_keys 中的 command=、sshd_config 中的 ForceCommand，或登录 shell 不是 shell。请在被登录的节点上去掉。";
        CommandRefused {}
            "the login works and sshd runs nothing: its user is at a limit of processes (nproc in /etc/security/limits.conf), MaxSessions is 0, or it is a device that runs no commands. See 'journalctl -u sshd' at the called node."
            "能够登录，但 sshd 拒绝执行命令：该用户的进程数已达上限（/etc/security/limits.conf 中的 nproc）、MaxSessions 为 0，或对方是不能执行命令的设备。请在被登录的节点上查看 journalctl -u sshd。";
        NoCommonAlgorithm {}
            "the two sides share no algorithm. Allow one of those offered in sshd_config, or in the system's crypto policy (update-crypto-policies)."
            "双方没有共同支持的算法。请在 sshd_config 或系统加密策略（update-crypto-policies）中允许对方提供的算法之一。";
        PasswordExpired {}
            "the account's password has expired, which stops keys too. At the called node: 'passwd', or 'chage -M -1 USER' as root."
            "账户密码已过期，免密登录也会被拒绝。请在被登录的节点上执行 passwd，或以 root 执行 chage -M -1 用户名。";
        NoLogin {}
            "the login works, but the account can run no command: login shell (usermod -s), expired account (chage -l), /etc/nologin, or a profile that exits."
            "能通过认证，但无法执行命令：登录 shell 不可用（usermod -s）、账户过期（chage -l）、存在 /etc/nologin，或配置文件中途退出。";
        Libraries {}
            "ssh does not start because of its libraries, most likely LD_LIBRARY_PATH of a database profile. On the calling node: 'env -u LD_LIBRARY_PATH ssh -V'."
            "ssh 因动态库问题无法启动，多半是数据库环境变量设置了 LD_LIBRARY_PATH。请在发起登录的节点上用 env -u LD_LIBRARY_PATH ssh -V 验证。";
        NoSsh {}
            "there is no ssh on the calling node: 'dnf install openssh-clients' or 'apt-get install openssh-client'."
            "发起登录的节点上没有 ssh 命令：dnf install openssh-clients 或 apt-get install openssh-client。";
        BadConfig {}
            "a configuration file of ssh on the calling node is wrong: ssh names file and line below."
            "发起登录的节点上 ssh 的配置文件有错，文件名和行号见 ssh 的输出。";
        Other {}
            "not known: see what ssh said, and 'journalctl -u sshd' at the called node."
            "原因不明：请看 ssh 的输出，以及被登录的节点上的 journalctl -u sshd。";
    }
}

/// The likely cause and its cure in one line.
pub(crate) fn cause(cause: &Cause) -> Reason<'_> {
    match cause {
        Cause::Refused => Reason::Refused {},
        Cause::TimedOut => Reason::TimedOut {},
        Cause::NoRoute => Reason::NoRoute {},
        Cause::Hung => Reason::Hung {},
        Cause::ClosedEarly => Reason::ClosedEarly {},
        Cause::HungUp => Reason::HungUp {},
        Cause::ProxyFailed => Reason::ProxyFailed {},
        Cause::Penalised => Reason::Penalised {},
        Cause::MaxStartups => Reason::MaxStartups {},
        Cause::HostKeyChanged => Reason::HostKeyChanged {},
        Cause::HostKeyRevoked => Reason::HostKeyRevoked {},
        Cause::HostKeyUnknown => Reason::HostKeyUnknown {},
        Cause::KeyRefused => Reason::KeyRefused {},
        Cause::AgentUseless => Reason::AgentUseless {},
        Cause::TooManyKeys => Reason::TooManyKeys {},
        Cause::Permissions => Reason::Permissions {},
        Cause::NameUnknown => Reason::NameUnknown {},
        Cause::WrongAddress { found } => Reason::WrongAddress { found },
        Cause::WrongMachine { answered: Some(answered) } => Reason::WrongMachine { answered },
        Cause::WrongMachine { answered: None } => Reason::AnotherMachine {},
        Cause::ForcedCommand => Reason::ForcedCommand {},
        Cause::CommandRefused => Reason::CommandRefused {},
        Cause::NoCommonAlgorithm => Reason::NoCommonAlgorithm {},
        Cause::PasswordExpired => Reason::PasswordExpired {},
        Cause::NoLogin => Reason::NoLogin {},
        Cause::Libraries => Reason::Libraries {},
        Cause::NoSsh => Reason::NoSsh {},
        Cause::BadConfig => Reason::BadConfig {},
        Cause::Other => Reason::Other {},
    }
}

messages! {
    /// Why a node could not be entered, and what to do about it.
    Barred {
        Refused {}
            "connection refused: start its sshd, or open its port in the firewall"
            "连接被拒绝：请启动该节点的 sshd，或在防火墙中放行端口";
        TimedOut { seconds }
            "no answer within {seconds} s: the machine is down, or a firewall drops the packets"
            "{seconds} 秒内没有应答：机器已关机，或报文被防火墙丢弃";
        Unreachable { said } "the network knows no way ({said})" "网络不可达（{said}）";
        Silent { seconds }
            "connected, but its sshd said nothing for {seconds} s: it hangs or is overloaded"
            "TCP 已连上，但 sshd 在 {seconds} 秒内没有响应：可能挂起或过载";
        Closed {}
            "its sshd hung up before the login: hosts.deny, MaxStartups or PerSourcePenalties; see its journal"
            "登录之前连接就被 sshd 断开：hosts.deny、MaxStartups 或 PerSourcePenalties，请查看该节点的 sshd 日志";
        ClosedSaying { said }
            "its sshd hung up before the login and said \"{said}\""
            "登录之前连接就被 sshd 断开，对方返回 \"{said}\"";
        NoCommonAlgorithm { said } "no algorithm in common ({said})" "没有共同支持的算法（{said}）";
        Protocol { said } "the SSH protocol failed ({said})" "SSH 协议出错（{said}）";
        HostKeyChanged { presented, file, line }
            "its host key {presented} is not the one in {file}, line {line}: was it reinstalled? Nothing secret was sent"
            "主机密钥 {presented} 与 {file} 第 {line} 行的记录不符：该节点是否重装过？未向它发送任何机密";
        HostKeyRevoked { presented, file, line }
            "its host key {presented} is marked @revoked in {file}, line {line}"
            "主机密钥 {presented} 在 {file} 第 {line} 行标记为吊销（@revoked）";
        HostKeyListed { presented, file }
            "its host key {presented} is on the revocation list {file}, or the list cannot be read"
            "主机密钥 {presented} 在吊销列表 {file} 中，或者该列表无法读取";
        HostKeyUnknown { presented }
            "its host key {presented} is not on record, and only known ones count: compare it at its console"
            "主机密钥 {presented} 没有记录，而当前只接受已知的密钥：请在该节点的控制台上核对";
        HostKeySeenOtherwise { presented, others }
            "its host key is {presented} here, but other nodes see another one ({others}): somebody may stand in between"
            "本机看到的主机密钥是 {presented}，其他节点看到的却不同（{others}）：中间可能有人截取";
        NoAuthentication {}
            "it lets anybody in without a key or a password, so it could be anybody: set PermitEmptyPasswords no there"
            "该节点不经认证就允许登录，无法确认其身份：请在该节点设置 PermitEmptyPasswords no";
        NoPasswordMethod { offers, passed }
            "no key opens it, and it accepts no password; it offers: {offers}{passed}"
            "没有可用的密钥，而该节点不接受密码登录，只提供：{offers}{passed}";
        ForcedCommand { key, said }
            "key {key} opens the account but runs a forced command (command= in authorized_keys), or the login shell ends \
             at once{said}; there is no other way in: give a password, or take command= out at the node"
            "密钥 {key} 可以登录，但只执行强制命令（authorized_keys 中的 command=），或登录 shell 立即退出{said}；没有其他登录\
             方式：请提供密码，或在该节点上去掉 command=";
        MoreThanKey { wants }
            "it takes the key and wants more besides ({wants}): keys alone make no trust there (--explain second-factor)"
            "密钥已被接受，但还要求其他验证（{wants}）：仅凭密钥无法建立互信（见 --explain second-factor）";
        MoreThanPassword { wants }
            "it wants more than the password ({wants}): install a key there, or see --explain second-factor"
            "除密码外还要求其他验证（{wants}）：请先安装密钥，或见 --explain second-factor";
        AccountRefused { said }
            "it hangs up as soon as the login is proven, as sshd does where PAM keeps the account out (/etc/nologin, pam_access){said}"
            "登录凭据一经核实连接就被断开，PAM 不允许该账户登录时 sshd 会这样（/etc/nologin、pam_access）{said}";
        PasswordExpired {}
            "the password has expired: log in there and run passwd"
            "密码已过期：请登录该节点执行 passwd";
        AuthTimedOut { seconds }
            "the login did not finish within {seconds} s"
            "登录在 {seconds} 秒内没有完成";
        NoPassword {}
            "no key opens it, and no password was given: trust from this machine is gone"
            "没有可用的密钥，也没有给出密码：本机到该节点的互信已丢失";
        WrongPassword {} "it refused the password" "密码不正确";
        Lost { said } "the connection was lost{said}" "连接中断{said}";
        Timeout { seconds } "no answer from its shell within {seconds} s" "该节点的 shell 在 {seconds} 秒内没有应答";
        NoShell { said }
            "no POSIX shell could be started: the login shell is none, or what runs before it (~/.bashrc, ~/.ssh/rc, /etc/ssh/sshrc) ends it, replaces it or waits{said}"
            "无法启动 POSIX shell：登录 shell 不可用，或在其之前执行的文件（~/.bashrc、~/.ssh/rc、/etc/ssh/sshrc）将其结束、替换或停下等待{said}";
        NoSession { said }
            "the login works, and its sshd opens no session (MaxSessions 0, or a gateway){said}"
            "能够登录，但 sshd 不打开会话（MaxSessions 为 0，或对方是网关设备）{said}";
        RunsNothing {}
            "the login works, and its sshd refuses to run a command: no process can be started there (nproc), or it is a device that runs none"
            "能够登录，但 sshd 拒绝执行命令：该用户无法再启动进程（nproc 上限），或对方是不能执行命令的设备";
        Unanswered { seconds }
            "the login works, and for {seconds} s its sshd did not say whether it runs a command: PAM or a home that hangs, or a device that runs none"
            "能够登录，但 sshd 在 {seconds} 秒内没有答复是否执行命令：PAM 或家目录卡住，或对方是不能执行命令的设备";
        NoProcess { said }
            "the login works, and no process can be started there: its user is at a limit (nproc){said}"
            "能够登录，但无法启动进程：该用户的进程数已达上限（nproc）{said}";
        TooMuch {} "its login profiles print too much" "登录配置文件的输出过多";
        Command { what, status, said }
            "{what} failed with exit status {status}{said}"
            "{what} 失败，退出码 {status}{said}";
    }
}

/// The cause without its cure, for where the cure stands elsewhere: the first sentence.
pub(crate) fn headline(cause: &Cause, lang: Lang) -> String {
    let text = self::cause(cause).text(lang);
    let end = text.find(". ").or_else(|| text.find('。')).unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).trim_end_matches(['.', '。']).to_owned()
}

/// Why a node could not be entered, in one line. What the node said stays as it is.
pub(crate) fn barred(why: &NoEntry, lang: Lang) -> String {
    match why {
        NoEntry::Connect(ConnectError::HostKeyChanged(key)) => {
            let file = key.file.display();
            Barred::HostKeyChanged { presented: &key.presented, file: &file, line: &key.line }.text(lang)
        }
        NoEntry::Connect(ConnectError::HostKeyRevoked(key)) if key.line == 0 => {
            Barred::HostKeyListed { presented: &key.presented, file: &key.file.display() }.text(lang)
        }
        NoEntry::Connect(ConnectError::HostKeyRevoked(key)) => {
            let file = key.file.display();
            Barred::HostKeyRevoked { presented: &key.presented, file: &file, line: &key.line }.text(lang)
        }
        NoEntry::Connect(ConnectError::HostKeySeenOtherwise(seen)) => {
            let others: Vec<String> =
                seen.others.iter().map(|(node, print)| format!("{node}: {print}")).collect();
            Barred::HostKeySeenOtherwise { presented: &seen.presented, others: &others.join(", ") }.text(lang)
        }
        NoEntry::Connect(ConnectError::NoPasswordMethod { offers, passed }) => {
            Barred::NoPasswordMethod { offers, passed: &passed_over(passed, lang) }.text(lang)
        }
        NoEntry::Connect(ConnectError::ForcedCommand { shut, .. }) => {
            Barred::ForcedCommand { key: &shut.key, said: &quoted(&shut.said, lang) }.text(lang)
        }
        NoEntry::Connect(ConnectError::AccountRefused { said, .. }) => {
            Barred::AccountRefused { said: &quoted(said, lang) }.text(lang)
        }
        NoEntry::Connect(error) => unconnected(error).text(lang),
        NoEntry::Node(error) => unusable(error, lang),
        NoEntry::NoPassword(_) => Barred::NoPassword {}.text(lang),
        NoEntry::WrongPassword => Barred::WrongPassword {}.text(lang),
    }
}

fn quoted(said: &str, lang: Lang) -> String {
    match lang {
        _ if said.is_empty() => String::new(),
        Lang::En => format!(" ({said})"),
        Lang::Zh => format!("（{said}）"),
    }
}

messages! {
    /// A private key of this machine that is not used, and why.
    Passed {
        Locked { path } "; {path} is locked by a passphrase: load it into an agent" "；{path} 有密码短语：请先加载到 agent 中";
        Dsa { path } "; {path} is a DSA key, which servers no longer take" "；{path} 是 DSA 密钥，服务器已不再接受";
        Token { path } "; {path} lies in a security token" "；{path} 在安全令牌中";
        UnknownFormat { path } "; {path} has no known format or type" "；{path} 的格式或类型未知";
        Broken { path } "; {path} is damaged" "；{path} 已损坏";
        Unreadable { path, why } "; {path} cannot be read ({why})" "；{path} 无法读取（{why}）";
    }
}

fn passed_over(keys: &[PassedKey], lang: Lang) -> String {
    let one = |PassedKey { path, why }: &PassedKey| match why {
        Unfit::Locked => Passed::Locked { path }.text(lang),
        Unfit::Dsa => Passed::Dsa { path }.text(lang),
        Unfit::Token => Passed::Token { path }.text(lang),
        Unfit::UnknownFormat => Passed::UnknownFormat { path }.text(lang),
        Unfit::Broken => Passed::Broken { path }.text(lang),
        Unfit::Unreadable(why) => Passed::Unreadable { path, why }.text(lang),
    };
    keys.iter().map(one).collect()
}

fn unusable(error: &NodeError, lang: Lang) -> String {
    let quoted = |said: &str| quoted(said, lang);
    match error {
        NodeError::Lost(said) | NodeError::NoShell(said) if error.is_of_processes() => {
            Barred::NoProcess { said: &quoted(said) }.text(lang)
        }
        NodeError::NoSession(said) => Barred::NoSession { said: &quoted(said) }.text(lang),
        NodeError::Refused => Barred::RunsNothing {}.text(lang),
        NodeError::Unanswered(seconds) => Barred::Unanswered { seconds }.text(lang),
        NodeError::Lost(said) => Barred::Lost { said: &quoted(said) }.text(lang),
        NodeError::Timeout(seconds) => Barred::Timeout { seconds }.text(lang),
        NodeError::NoShell(said) => Barred::NoShell { said: &quoted(said) }.text(lang),
        NodeError::TooMuch(_) => Barred::TooMuch {}.text(lang),
        NodeError::Command { what, status, stderr } => {
            Barred::Command { what, status, said: &quoted(stderr) }.text(lang)
        }
    }
}

fn unconnected(error: &ConnectError) -> Barred<'_> {
    match error {
        ConnectError::Refused => Barred::Refused {},
        ConnectError::TimedOut(seconds) => Barred::TimedOut { seconds },
        ConnectError::Unreachable(said) => Barred::Unreachable { said },
        ConnectError::Silent(seconds) => Barred::Silent { seconds },
        ConnectError::ClosedEarly { said } if said.is_empty() => Barred::Closed {},
        ConnectError::ClosedEarly { said } => Barred::ClosedSaying { said },
        ConnectError::NoCommonAlgorithm(said) => Barred::NoCommonAlgorithm { said },
        ConnectError::Protocol(said) => Barred::Protocol { said },
        ConnectError::HostKeyChanged(key) | ConnectError::HostKeyRevoked(key) => {
            Barred::Protocol { said: &key.presented }
        }
        ConnectError::HostKeySeenOtherwise(seen) => Barred::Protocol { said: &seen.presented },
        ConnectError::HostKeyUnknown(key) => Barred::HostKeyUnknown { presented: &key.presented },
        ConnectError::NoAuthentication => Barred::NoAuthentication {},
        ConnectError::NoPasswordMethod { offers, .. }
        | ConnectError::ForcedCommand { instead: offers, .. } => {
            Barred::NoPasswordMethod { offers, passed: &"" }
        }
        ConnectError::SecondFactor { first: Factor::Key, wants, .. } => Barred::MoreThanKey { wants },
        ConnectError::SecondFactor { first: Factor::Password, wants, .. } => {
            Barred::MoreThanPassword { wants }
        }
        ConnectError::AccountRefused { said, .. } => Barred::AccountRefused { said },
        ConnectError::PasswordExpired => Barred::PasswordExpired {},
        ConnectError::AuthTimedOut(seconds) => Barred::AuthTimedOut { seconds },
    }
}

/// A stable word for programs.
pub(crate) const fn barred_code(why: &NoEntry) -> &'static str {
    match why {
        NoEntry::NoPassword(_) => "no-password",
        NoEntry::WrongPassword => "wrong-password",
        NoEntry::Node(NodeError::Refused | NodeError::NoSession(_) | NodeError::Unanswered(_)) => {
            "command-refused"
        }
        NoEntry::Node(_) => "no-shell",
        NoEntry::Connect(error) => match error {
            ConnectError::Refused => "refused",
            ConnectError::TimedOut(_) => "timed-out",
            ConnectError::Unreachable(_) => "no-route",
            ConnectError::Silent(_) => "hung",
            ConnectError::ClosedEarly { .. } => "closed-early",
            ConnectError::NoCommonAlgorithm(_) => "no-common-algorithm",
            ConnectError::Protocol(_) => "protocol",
            ConnectError::HostKeyChanged(_) => "host-key-changed",
            ConnectError::HostKeyRevoked(_) => "host-key-revoked",
            ConnectError::HostKeyUnknown(_) => "host-key-unknown",
            ConnectError::HostKeySeenOtherwise(_) => "host-key-seen-otherwise",
            ConnectError::NoAuthentication => "no-authentication",
            ConnectError::NoPasswordMethod { .. } => "no-password-method",
            ConnectError::ForcedCommand { .. } => "forced-command",
            ConnectError::SecondFactor { .. } => "second-factor",
            ConnectError::AccountRefused { .. } => "account-refused",
            ConnectError::PasswordExpired => "password-expired",
            ConnectError::AuthTimedOut(_) => "login-timed-out",
        },
    }
}
