//! What sshd does with connections, before and after the login.

use super::causes;

causes! {
    PENALISED {
        title "sshd penalises the caller for earlier failures" "发起方因之前失败过多被 sshd 惩罚";
        symptom "The connection is closed at once, for some minutes; other callers are let in.
            | kex_exchange_identification: read: Connection reset by peer
            `ssh -v` shows a line before the banner:
            | Not allowed at this time"
            "几分钟之内连接都会立即被断开；其他发起方正常。
            | kex_exchange_identification: read: Connection reset by peer
            `ssh -v` 可以看到标识之前的一行：
            | Not allowed at this time";
        causes "Since OpenSSH 9.8 sshd turns away, for a while, addresses that failed to log in, or that connected and left (`PerSourcePenalties`). Each failure adds to the time, up to 10 minutes. Monitoring that only opens the port, a script with an old key, and scanners have the same effect."
            "OpenSSH 9.8 起，sshd 会在一段时间内拒绝登录失败过、或连上就断开的地址（`PerSourcePenalties`）。每次失败都会延长时间，最长 10 分钟。只探测端口的监控、使用旧密钥的脚本、扫描程序都会引起。";
        seen "The line before the banner, `Not allowed at this time`, as the coordinator and the nodes got it. Root is not needed."
            "执行命令的机器和各节点收到的标识之前的那一行：`Not allowed at this time`。不需要 root 权限。";
        cure "Wait ten minutes and let nobody try in between; or make sshd forget, on the called node:
            R# systemctl restart sshd
            D# systemctl restart ssh
            Then find who fails:
            R# journalctl -u sshd --since -1h
            D# journalctl -u ssh --since -1h
            If the nodes must never be penalised, name them in `/etc/ssh/sshd_config` and restart:
            | PerSourcePenaltyExemptList 10.0.0.0/24"
            "等待十分钟，其间不要再尝试；或者在被登录的节点上重启 sshd，清除记录：
            R# systemctl restart sshd
            D# systemctl restart ssh
            然后查明是谁在失败：
            R# journalctl -u sshd --since -1h
            D# journalctl -u ssh --since -1h
            如果各节点不应受惩罚，在 `/etc/ssh/sshd_config` 中列出它们，然后重启：
            | PerSourcePenaltyExemptList 10.0.0.0/24";
        fix (
            "prints the line. How sshd is set is for the administrator to decide, and the penalty ends by itself.",
            "只打印需要的行。配置由管理员决定，惩罚到时间会自行结束。",
        );
        prevention "Exempt the cluster's own network on every node. Let monitoring log in, or watch the port on another way."
            "在每个节点上豁免集群自己的网段。监控应真正登录，或换一种方式检查端口。";
    }
    MAX_STARTUPS {
        title "sshd turns callers away as too many" "同时登录的连接过多，被 sshd 拒绝";
        symptom "Now and then a connection is closed before the login; the next try may work.
            | kex_exchange_identification: read: Connection reset by peer
            Before OpenSSH 9.8, `ssh -v` shows a line before the banner:
            | Exceeded MaxStartups"
            "时而有连接在登录之前被断开，再试一次又可能成功。
            | kex_exchange_identification: read: Connection reset by peer
            OpenSSH 9.8 之前，`ssh -v` 可以看到标识之前的一行：
            | Exceeded MaxStartups";
        causes "More connections are between opening and login than `MaxStartups` allows. `10:30:100` is usual: from 10 on, 30 of 100 are refused, and from 100 on all. Scanners on a public address, a job that logs in to all nodes at once, or slow logins (name lookups, a slow home) that pile up."
            "尚未完成登录的连接数超过了 `MaxStartups`。默认 `10:30:100`：从第 10 个起按 30% 的概率拒绝，到 100 个时全部拒绝。公网地址上的扫描、同时登录所有节点的任务，或登录太慢（域名解析、家目录慢）造成的堆积都会引起。";
        seen "The line before the banner, `Exceeded MaxStartups`; the title of sshd's process, which tells how many logins are under way (`3 of 10-100 startups`); as root, `MaxStartups` in `sshd -T`."
            "标识之前的那一行：`Exceeded MaxStartups`；sshd 进程的标题，其中有正在登录的连接数（`3 of 10-100 startups`）；root 可见的 `sshd -T` 中的 `MaxStartups`。";
        cure "On the called node, see who connects, and stop that or spread it over time:
            $ ss -tn sport = :22
            If it is as it should be, raise the limit in `/etc/ssh/sshd_config`:
            | MaxStartups 100:30:200
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh"
            "在被登录的节点上查看是谁在连接，让它停止或错开时间：
            $ ss -tn sport = :22
            如果确属正常，在 `/etc/ssh/sshd_config` 中调大：
            | MaxStartups 100:30:200
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh";
        fix (
            "as root, puts `MaxStartups` back to sshd's default where it was set lower, and reloads sshd. A server that is busy all the same is left to you: it prints the commands.",
            "有 root 权限时，把设得过低的 `MaxStartups` 恢复为 sshd 的默认值，并重新加载 sshd。并非如此而服务器仍然繁忙的，由您处理，只打印命令。",
        );
        prevention "Let only the cluster's network reach the port. Run jobs on at most 8 nodes at a time against one."
            "只允许集群网段访问该端口。对同一个节点，同时登录的节点不超过 8 个。";
    }
    MAX_SESSIONS {
        title "sshd allows too few sessions a connection" "sshd 允许的会话数过少";
        symptom "The login works, and the command is refused.
            | channel 0: open failed: connect failed: open failed
            | mux_client_request_session: session request failed: Session open refused by peer"
            "认证通过，但命令被拒绝。
            | channel 0: open failed: connect failed: open failed
            | mux_client_request_session: session request failed: Session open refused by peer";
        causes "`MaxSessions` is 0 (no command at all) or smaller than what is shared over one connection (`ControlMaster`). 10 is usual."
            "`MaxSessions` 为 0（不允许执行任何命令），或小于一个连接上复用的会话数（`ControlMaster`）。默认为 10。";
        seen "The refused channel, in the words of `ssh`; as root, `MaxSessions` in `sshd -T`."
            "`ssh` 输出中被拒绝的通道；root 可见的 `sshd -T` 中的 `MaxSessions`。";
        cure "In `/etc/ssh/sshd_config` of the called node:
            | MaxSessions 10
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            If `ControlMaster` is in use, `ssh -S none 10.0.0.3` goes around it."
            "在被登录节点的 `/etc/ssh/sshd_config` 中设置：
            | MaxSessions 10
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            使用了 `ControlMaster` 时，可用 `ssh -S none 10.0.0.3` 绕开。";
        fix (
            "as root, sets `MaxSessions` to sshd's default where it is 0, and reloads sshd. Else it prints the commands.",
            "有 root 权限时，把为 0 的 `MaxSessions` 恢复为 sshd 的默认值，并重新加载 sshd；否则只打印命令。",
        );
        prevention "Leave `MaxSessions` at 10. For a user who may run nothing there are better means, such as `ForceCommand`."
            "`MaxSessions` 保持 10。要限制用户执行命令，应使用 `ForceCommand` 等手段。";
    }
    NO_SFTP {
        title "sshd has no SFTP subsystem" "sshd 没有 SFTP 子系统";
        symptom "`ssh` works; `sftp`, and `scp` of OpenSSH 9.0 and later, do not.
            | subsystem request failed on channel 0
            | scp: Connection closed"
            "`ssh` 正常，但 `sftp` 以及 OpenSSH 9.0 以后的 `scp` 不能用。
            | subsystem request failed on channel 0
            | scp: Connection closed";
        causes "- The line `Subsystem sftp` is missing in `/etc/ssh/sshd_config`, often taken out to harden the system.
            - It names a program that is not installed."
            "- `/etc/ssh/sshd_config` 中没有 `Subsystem sftp` 一行，常因安全加固被去掉。
            - 该行指定的程序没有安装。";
        seen "As root, `sshd -T` has no line `subsystem sftp`. The tool itself works without SFTP."
            "root 可见的 `sshd -T` 中没有 `subsystem sftp` 一行。本工具没有 SFTP 也能工作。";
        cure "In `/etc/ssh/sshd_config` of the node, above any `Match`:
            | Subsystem sftp internal-sftp
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            Where it has to stay off, `scp -O` still works."
            "在该节点的 `/etc/ssh/sshd_config` 中，所有 `Match` 之前：
            | Subsystem sftp internal-sftp
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            不允许开启时，可以使用 `scp -O`。";
        fix (
            "prints the command. The line may have been taken out on purpose, so it changes nothing there.",
            "只打印命令。该行可能是有意去掉的，因此不做任何修改。",
        );
        prevention "`internal-sftp` needs no program of its own, so no update can lose it."
            "`internal-sftp` 不依赖单独的程序，升级也不会丢失。";
    }
    TCP_WRAPPERS {
        title "TCP wrappers turn callers away" "被 TCP wrappers（hosts.deny）拒绝";
        symptom "The connection is closed before the banner, always for the same callers.
            | kex_exchange_identification: read: Connection reset by peer
            The log of sshd has:
            | refused connect from 10.0.0.1 (10.0.0.1)"
            "连接在标识之前被断开，而且总是同样的发起方。
            | kex_exchange_identification: read: Connection reset by peer
            sshd 的日志中有：
            | refused connect from 10.0.0.1 (10.0.0.1)";
        causes "`/etc/hosts.deny` has `sshd: ALL` or the like, or a program such as denyhosts wrote the address there. It matters only where sshd is linked with libwrap: Debian, older systems like Red Hat 7, and some that patch it in."
            "`/etc/hosts.deny` 中有 `sshd: ALL` 之类的规则，或 denyhosts 之类的程序写入了该地址。只有链接了 libwrap 的 sshd 才受影响：Debian、CentOS 7 等较老的系统，以及自行打补丁的系统。";
        seen "`ldd` of sshd names libwrap; a rule in `/etc/hosts.deny` fits the caller and none in `/etc/hosts.allow` does. Both files are readable by all; the journal needs root."
            "sshd 的 `ldd` 中有 libwrap；`/etc/hosts.deny` 中有规则匹配发起方，而 `/etc/hosts.allow` 中没有。两个文件所有用户可读；journal 需要 root。";
        cure "In `/etc/hosts.allow` of the called node, which is read first; there is nothing to reload:
            | sshd: 10.0.0.0/255.255.255.0
            If denyhosts wrote the address, take it out of `/etc/hosts.deny` while that program is stopped, and list the nodes in its own file of allowed hosts."
            "在被登录节点的 `/etc/hosts.allow` 中添加（先于 `hosts.deny` 读取，不需要重新加载）：
            | sshd: 10.0.0.0/255.255.255.0
            如果是 denyhosts 写入的，先停止它，再从 `/etc/hosts.deny` 中删除该地址，并把各节点加入它的允许列表。";
        fix (
            "as root, allows sshd to the cluster's nodes by a line at the top of `/etc/hosts.allow`. `/etc/hosts.deny` stays as it is.",
            "有 root 权限时，在 `/etc/hosts.allow` 开头添加一行，允许集群各节点访问 sshd。不修改 `/etc/hosts.deny`。",
        );
        prevention "Allow the cluster's network in `hosts.allow` before anything is denied."
            "在拒绝任何地址之前，先在 `hosts.allow` 中允许集群网段。";
    }
    SLOW_DNS {
        title "sshd waits for a name server" "sshd 等待域名解析，登录缓慢";
        symptom "The login works, but it takes 10 to 60 seconds; programs with a time limit call it broken."
            "能够登录，但要等 10 到 60 秒；有时限的程序会认为不通。";
        causes "- `UseDNS yes`: sshd looks up the caller's name, and the name server of `/etc/resolv.conf` does not answer.
            - `GSSAPIAuthentication yes`, in sshd or in `ssh`, without a Kerberos server that answers.
            - PAM modules or an LDAP directory that wait for the network."
            "- `UseDNS yes`：sshd 反查发起方的主机名，而 `/etc/resolv.conf` 中的 DNS 服务器没有应答。
            - sshd 或 `ssh` 开启了 `GSSAPIAuthentication`，而没有可用的 Kerberos 服务器。
            - PAM 模块或 LDAP 目录在等待网络。";
        seen "As root, `UseDNS` is yes in `sshd -T`, and looking up a caller's address (`getent hosts`) takes more than 2 seconds on the called node."
            "root 可见的 `sshd -T` 中 `UseDNS` 为 yes，并且在被登录节点上反查发起方的地址（`getent hosts`）超过 2 秒。";
        cure "In `/etc/ssh/sshd_config` of the called node:
            | UseDNS no
            | GSSAPIAuthentication no
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            Or give `/etc/resolv.conf` a name server that answers."
            "在被登录节点的 `/etc/ssh/sshd_config` 中设置：
            | UseDNS no
            | GSSAPIAuthentication no
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            或者在 `/etc/resolv.conf` 中换成有应答的 DNS 服务器。";
        fix (
            "as root, sets `UseDNS no` and reloads sshd. Else it prints the command. It does not change the name servers.",
            "有 root 权限时，设置 `UseDNS no` 并重新加载 sshd；否则只打印命令。不修改 DNS 服务器的配置。",
        );
        prevention "Keep the nodes in each other's `/etc/hosts`, so that no login needs the network's names."
            "各节点互相写入 `/etc/hosts`，使登录不依赖 DNS。";
    }
}
