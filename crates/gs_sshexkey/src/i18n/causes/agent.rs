//! The ssh-agent that holds the cluster's key.

use super::causes;

causes! {
    AGENT_DEAD {
        title "The ssh-agent does not run, hangs or lacks the key" "ssh-agent 没有运行、卡死或没有加载私钥";
        symptom "From this node no other is reached; or it works in some shells and not in others, or not from cron.
            | Could not open a connection to your authentication agent.
            | Error connecting to agent: Connection refused
            | omm@10.0.0.3: Permission denied (publickey,password)."
            "从该节点登录不了任何其他节点；或者有的 shell 里可以、有的不行，或 cron 任务里不行。
            | Could not open a connection to your authentication agent.
            | Error connecting to agent: Connection refused
            | omm@10.0.0.3: Permission denied (publickey,password).";
        causes "- The agent was killed, or crashed, or the machine rebooted, and nothing brought it back yet.
            - Its socket was deleted, by a job that cleans up.
            - It runs and does not hold the key.
            - The block in `~/.ssh/config` or the two exports in `~/.bashrc` were removed, or `.bashrc` returns above them where the shell is not interactive.
            - Another program sets `SSH_AUTH_SOCK` to an agent of its own."
            "- agent 被结束、崩溃，或机器重启后还没有恢复。
            - 套接字被清理任务删除。
            - agent 在运行，但没有加载私钥。
            - `~/.ssh/config` 中的配置块或 `~/.bashrc` 中的两行 export 被删除；或者 `.bashrc` 在非交互时提前返回，没有执行到它们。
            - 其他程序把 `SSH_AUTH_SOCK` 改成了自己的 agent。";
        seen "`ssh-add -l` on the tool's socket `~/gaussdb_tmp/gauss_socket_tmp`: status 2 is a dead agent, 1 an empty one; the process; the exports; the block at the top of `~/.ssh/config`. Root is not needed."
            "对本工具的套接字 `~/gaussdb_tmp/gauss_socket_tmp` 执行 `ssh-add -l`：退出码 2 表示 agent 不可用，1 表示没有私钥；以及进程、export 和 `~/.ssh/config` 开头的配置块。不需要 root 权限。";
        cure "On the calling node:
            $ gs_sshexkey agent status
            $ gs_sshexkey agent start
            If the passphrase cannot be read, or the block in `~/.ssh/config` is gone, set up trust again from a node that works:
            $ gs_sshexkey -f HOSTFILE"
            "在发起登录的节点上执行：
            $ gs_sshexkey agent status
            $ gs_sshexkey agent start
            如果密码短语读不出，或 `~/.ssh/config` 中的配置块没有了，在正常的节点上重新建立互信：
            $ gs_sshexkey -f HOSTFILE";
        fix (
            "starts the tool's own agent, or ends it first if it hangs, gives it the key, and repairs the exports and the block. It touches no other agent, and starts none that was stopped by `gs_sshexkey agent stop`.",
            "启动本工具自己的 agent（挂起的先结束）并加载私钥，更正 export 和配置块。不碰其他任何 agent，也不启动由 `gs_sshexkey agent stop` 停止的 agent。",
        );
        prevention "Keep the keepalive job. Keep `~/gaussdb_tmp` out of what jobs clean up. Do not set `SSH_AUTH_SOCK` elsewhere for this user."
            "保留自动恢复任务。清理任务不要包含 `~/gaussdb_tmp`。不要在别处为该用户设置 `SSH_AUTH_SOCK`。";
    }
    AGENT_KILLED_AT_LOGOUT {
        title "logind ends the agent at logout" "注销时 agent 被 logind 结束";
        symptom "Trust works while somebody is logged in to the node and is gone after the logout.
            | omm@10.0.0.3: Permission denied (publickey,password)."
            "有人登录在该节点上时互信正常，注销之后就没有了。
            | omm@10.0.0.3: Permission denied (publickey,password).";
        causes "`KillUserProcesses=yes` in `/etc/systemd/logind.conf` or a file in `logind.conf.d`, and the user has no linger: when the last session ends, all processes of the user are ended."
            "`/etc/systemd/logind.conf` 或 `logind.conf.d` 中设置了 `KillUserProcesses=yes`，而该用户没有开启 linger：最后一个会话结束时，用户的所有进程都被结束。";
        seen "The setting in force, by logind's files; `loginctl show-user omm -p Linger`, or the file `/var/lib/systemd/linger/omm`. Root is not needed. root itself is excluded by `KillExcludeUsers`."
            "logind 配置文件中的生效设置；`loginctl show-user omm -p Linger`，或文件 `/var/lib/systemd/linger/omm`。不需要 root 权限。root 自身按 `KillExcludeUsers` 不受影响。";
        cure "On the node, then start the agent again:
            # loginctl enable-linger omm
            $ gs_sshexkey agent start"
            "在该节点上执行，然后重新启动 agent：
            # loginctl enable-linger omm
            $ gs_sshexkey agent start";
        fix (
            "enables linger, if the user may do it for itself or doctor entered as root. Else it prints the command for root.",
            "如果允许该用户为自己开启 linger，或以 root 进入，则开启 linger；否则打印由 root 执行的命令。",
        );
        prevention "Enable linger for the database's user on every node."
            "在每个节点上为数据库用户开启 linger。";
    }
    KEEPALIVE_MISSING {
        title "Nothing brings the agent back after a reboot" "重启之后没有任务恢复 agent";
        symptom "Trust works now. It will be gone after the next reboot or crash of the agent, until somebody runs `gs_sshexkey agent start`."
            "目前互信正常，但下次重启或 agent 崩溃之后就会丢失，直到有人执行 `gs_sshexkey agent start`。";
        causes "- The line ending in `#OM` was removed from the user's crontab, or the whole crontab was replaced.
            - cron does not run, or `/etc/cron.allow` or `/etc/cron.deny` forbids it to the user.
            - The program was deleted from the node, or trust was set up with `--no-keepalive`.
            - The home is on a file system that is mounted `noexec`: no program of the tool's can run from there."
            "- 用户 crontab 中以 `#OM` 结尾的一行被删除，或整个 crontab 被覆盖。
            - cron 没有运行，或 `/etc/cron.allow`、`/etc/cron.deny` 不允许该用户使用。
            - 节点上的本程序被删除，或建立互信时使用了 `--no-keepalive`。
            - 家目录所在的文件系统以 `noexec` 挂载，其中的程序无法运行。";
        seen "`crontab -l`, whether the daemon runs, the timer of the user's systemd, the line in the login shell's profile, the program's copy on the node. Root is not needed."
            "`crontab -l`、cron 服务是否运行、用户 systemd 的定时器、登录 shell 配置文件中的一行、节点上的本程序。不需要 root 权限。";
        cure "If cron does not run, or is forbidden to the user:
            R# systemctl enable --now crond
            D# systemctl enable --now cron
            If the home is mounted `noexec`, and may be without:
            # mount -o remount,exec /home
            Then set up trust again, which installs the job:
            $ gs_sshexkey -f HOSTFILE"
            "如果 cron 没有运行，或不允许该用户使用，先处理：
            R# systemctl enable --now crond
            D# systemctl enable --now cron
            如果家目录以 `noexec` 挂载，且允许取消：
            # mount -o remount,exec /home
            然后重新建立互信，会安装该任务：
            $ gs_sshexkey -f HOSTFILE";
        fix (
            "installs the job again, by the best way that the node allows: cron, a timer, the profile. It does not start cron and does not change who may use it.",
            "按该节点允许的最好方式（cron、定时器、配置文件）重新安装任务。不启动 cron，也不改变允许谁使用 cron。",
        );
        prevention "Edit the crontab with `crontab -e`; never replace it as a whole."
            "用 `crontab -e` 编辑 crontab，不要整体覆盖。";
    }
    SOCKET_PATH_TOO_LONG {
        title "The path of the agent's socket is too long" "agent 套接字的路径过长";
        symptom "The agent cannot be started or reached.
            | unix_listener: path \"/data/.../gauss_socket_tmp\" too long for Unix domain socket"
            "agent 无法启动或无法连接。
            | unix_listener: path \"/data/.../gauss_socket_tmp\" too long for Unix domain socket";
        causes "The kernel takes at most 107 bytes for the path of a socket (unix(7)), and the home directory is too deep."
            "内核对套接字路径的限制是 107 字节（unix(7)），而家目录的路径太长。";
        seen "The length of the home's path and `/gaussdb_tmp/gauss_socket_tmp`. Root is not needed."
            "家目录路径加上 `/gaussdb_tmp/gauss_socket_tmp` 的长度。不需要 root 权限。";
        cure "Give the user a home with a shorter path; log the user out everywhere first. `-m` moves what is in it:
            # usermod -d /home/omm -m omm
            Then set up trust again: the old path stands in several files.
            $ gs_sshexkey -f HOSTFILE"
            "给用户换一个路径较短的家目录。先让该用户全部退出；`-m` 会移动其中的内容：
            # usermod -d /home/omm -m omm
            然后重新建立互信，因为有几个文件中写着旧路径：
            $ gs_sshexkey -f HOSTFILE";
        fix (
            "prints the commands. It does not move a home.",
            "只打印命令，不会移动家目录。",
        );
        prevention "Keep homes near the root of the tree: at most 78 bytes."
            "家目录不要放得太深：路径最长 78 字节。";
    }
}
