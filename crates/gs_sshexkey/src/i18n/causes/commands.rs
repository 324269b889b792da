//! Calls that are let in, and do not do what they were told, or not where.

use super::{PRINTS, PRINTS_SETTINGS, causes};

causes! {
    COMMAND_REFUSED {
        title "sshd lets the account in and runs nothing" "能够登录，但 sshd 不执行命令";
        symptom "The login works, and the command is refused.
            | exec request failed on channel 0
            Or the login shell starts and can start nothing itself:
            | -bash: fork: retry: Resource temporarily unavailable
            Or the call ends with status 254 and no word: PAM opened no session."
            "认证通过，但命令被拒绝。
            | exec request failed on channel 0
            或者登录 shell 能启动，但无法再启动别的程序：
            | -bash: fork: retry: Resource temporarily unavailable
            或者以状态 254 结束，没有任何提示：PAM 没有打开会话。";
        causes "- The user has as many processes and threads as it may: `nproc` in `/etc/security/limits.conf` or `limits.d`, `TasksMax` of systemd, `pids.max` of a container.
            - The whole machine is out of processes (`kernel.pid_max`, `kernel.threads-max`) or out of memory.
            - It is no machine with a shell: a gateway, a switch, a storage device.
            - A module of PAM, or a home on NFS, hangs before the command is begun; or a rule of the kind `session` in `/etc/pam.d/sshd` fails."
            "- 该用户的进程和线程数已达上限：`/etc/security/limits.conf` 或 `limits.d` 中的 `nproc`、systemd 的 `TasksMax`、容器的 `pids.max`。
            - 整台机器的进程数（`kernel.pid_max`、`kernel.threads-max`）或内存耗尽。
            - 对方不是带 shell 的机器：网关、交换机、存储设备。
            - PAM 模块或 NFS 上的家目录在命令开始之前卡住；或 `/etc/pam.d/sshd` 中某条 `session` 规则失败。";
        seen "The answer of sshd to the request for a command, to the nodes and to the coordinator; or the words of the login shell. Root is not needed."
            "sshd 对执行命令请求的答复（各节点和执行命令的机器收到的），或登录 shell 的输出。不需要 root 权限。";
        cure "On the called node, compare what runs with what is allowed:
            # ps -u omm -L --no-headers | wc -l
            # su -s /bin/sh -c 'ulimit -u' omm
            # grep -n nproc /etc/security/limits.conf /etc/security/limits.d/*
            # systemctl show user-$(id -u omm).slice -p TasksCurrent -p TasksMax
            End what is too much, or raise the limit, for a database to 65535 or more:
            | omm - nproc 65535"
            "在被登录的节点上，比较正在运行的数量和上限：
            # ps -u omm -L --no-headers | wc -l
            # su -s /bin/sh -c 'ulimit -u' omm
            # grep -n nproc /etc/security/limits.conf /etc/security/limits.d/*
            # systemctl show user-$(id -u omm).slice -p TasksCurrent -p TasksMax
            结束多余的进程，或提高上限；数据库用户应为 65535 以上：
            | omm - nproc 65535";
        fix PRINTS;
        prevention "Give the database's user a limit that it does not reach, and watch how many processes it has."
            "给数据库用户足够大的上限，并监控其进程数。";
    }
    FORCED_COMMAND {
        title "Something else runs than what the caller asked for" "执行的不是所要求的命令";
        symptom "The login works, `ssh` ends with status 0 or any other, and the command did not run.
            | Please login as the user \"admin\" rather than the user \"root\".
            | This service allows sftp connections only."
            "能够登录，`ssh` 的退出码为 0 或其他值，但命令没有执行。
            | Please login as the user \"admin\" rather than the user \"root\".
            | This service allows sftp connections only.";
        causes "- `ForceCommand` in `/etc/ssh/sshd_config`, often in a `Match` block: `internal-sftp` makes an account for files alone.
            - `command=` before the key in `authorized_keys`, as cloud images have it for root.
            - The login shell is a menu, a jump host's program, or else no shell."
            "- `/etc/ssh/sshd_config` 中有 `ForceCommand`，常在 `Match` 块中：`internal-sftp` 使账户只能传文件。
            - `authorized_keys` 中公钥之前有 `command=`，云镜像对 root 常这样设置。
            - 登录 shell 是菜单、堡垒机程序，或别的不是 shell 的程序。";
        seen "Every call has to say that it ran, and where; one that ends without that word is told. Then the line: as root `sshd -T` and the lines of sshd's settings; the options of the callers' keys in `authorized_keys`."
            "每次登录都要求对方回报命令确已执行、在哪台机器上执行；没有回报的即被指出。然后找出相应的行：root 可见的 `sshd -T` 和 sshd 的配置行；`authorized_keys` 中各发起方公钥的选项。";
        cure "On the called node:
            # sshd -T -C user=omm,host=localhost,addr=127.0.0.1 | grep -i forcecommand
            # grep -rn -i ForceCommand /etc/ssh/sshd_config /etc/ssh/sshd_config.d
            $ grep -n command= ~/.ssh/authorized_keys
            Take the line out for the cluster's user, or leave the node out. After a change of sshd's settings:
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh"
            "在被登录的节点上执行：
            # sshd -T -C user=omm,host=localhost,addr=127.0.0.1 | grep -i forcecommand
            # grep -rn -i ForceCommand /etc/ssh/sshd_config /etc/ssh/sshd_config.d
            $ grep -n command= ~/.ssh/authorized_keys
            对集群用户去掉该行，或不使用该节点。修改 sshd 配置之后：
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh";
        fix PRINTS_SETTINGS;
        prevention "Restrict accounts of their own for file transfer, not the one that the cluster uses."
            "只传文件的限制应设在专用账户上，不要设在集群使用的账户上。";
    }
    WRONG_MACHINE {
        title "A caller is led to another machine" "登录到了另一台机器";
        symptom "Every call works, and some do their work on the wrong node.
            | $ ssh 10.0.0.4 hostname
            | node2"
            "所有登录都成功，但有的命令在别的节点上执行。
            | $ ssh 10.0.0.4 hostname
            | node2";
        causes "- The caller's settings lead elsewhere: `HostName`, `ProxyJump` or `ProxyCommand` in `~/.ssh/config` or `/etc/ssh/ssh_config.d`.
            - The network translates the address (DNAT, a load balancer), or a tunnel stands on the port.
            - Two machines share the address and the host key, as a clone and its original do."
            "- 发起方的 ssh 配置指向别处：`~/.ssh/config` 或 `/etc/ssh/ssh_config.d` 中的 `HostName`、`ProxyJump`、`ProxyCommand`。
            - 网络对地址做了转换（DNAT、负载均衡），或该端口是一条隧道。
            - 两台机器的地址和主机密钥相同，例如克隆机与原机。";
        seen "Every call says on which machine it ran: the boot id of the kernel and the number of the network namespace, compared with what the node said when it was entered. Root is not needed."
            "每次登录都要求对方回报在哪台机器上执行：内核的 boot id 和网络命名空间的编号，与进入该节点时得到的比较。不需要 root 权限。";
        cure "On the calling node, see where it goes, and why:
            $ ssh 10.0.0.4 'hostname; echo $SSH_CONNECTION'
            $ ssh -G 10.0.0.4 | grep -E '^(hostname|port|proxy)'
            $ ssh -v 10.0.0.4 true 2>&1 | grep -E 'Applying|Connecting'
            # iptables-save -t nat; nft list ruleset
            Take out the line that leads elsewhere, on that node or in the network."
            "在发起登录的节点上查看去向和原因：
            $ ssh 10.0.0.4 'hostname; echo $SSH_CONNECTION'
            $ ssh -G 10.0.0.4 | grep -E '^(hostname|port|proxy)'
            $ ssh -v 10.0.0.4 true 2>&1 | grep -E 'Applying|Connecting'
            # iptables-save -t nat; nft list ruleset
            去掉该节点上或网络中指向别处的设置。";
        fix PRINTS;
        prevention "Call nodes by addresses that lead to them from everywhere. Keep detours in blocks for other hosts than the cluster's."
            "使用从任何地方都指向该节点的地址。绕行的设置不要写在集群的主机上。";
    }
}
