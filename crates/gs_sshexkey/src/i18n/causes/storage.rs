//! Where the files lie: labels, space, shared homes.

use super::{PRINTS, causes};

causes! {
    SELINUX_CONTEXT {
        title "The SELinux label of a file or of the port" "SELinux 安全上下文不对";
        symptom "Owner and modes are right, and the key is refused all the same; or sshd does not start on its port.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The audit log has:
            | avc:  denied  { read } for comm=\"sshd\" name=\"authorized_keys\"
            | error: Bind to port 2222 on 0.0.0.0 failed: Permission denied."
            "属主和权限都正确，公钥仍被拒绝；或 sshd 无法在其端口上启动。
            | omm@10.0.0.3: Permission denied (publickey,password).
            审计日志中有：
            | avc:  denied  { read } for comm=\"sshd\" name=\"authorized_keys\"
            | error: Bind to port 2222 on 0.0.0.0 failed: Permission denied.";
        causes "- `~/.ssh` was moved (`mv`), restored from a backup, or made while SELinux was off: it has the label of another place.
            - The home is not below `/home`, for example on `/data`, and the policy does not know that.
            - The home lies on NFS.
            - sshd listens on another port than 22."
            "- `~/.ssh` 是移动（`mv`）、从备份恢复，或在 SELinux 关闭时创建的，带着其他位置的标签。
            - 家目录不在 `/home` 下（如在 `/data` 下），而策略不知道。
            - 家目录在 NFS 上。
            - sshd 监听的不是 22 端口。";
        seen "`getenforce` says Enforcing, and `matchpathcon -V` finds another label than the policy wants. The policy decides: `ssh_home_t` for `~/.ssh` and what is in it, `user_home_dir_t` for a home, `home_root_t` for `/home`, `admin_home_t` for `/root`. openGauss's page has the first and the last swapped. `semanage port -l` and the audit log need root."
            "`getenforce` 为 Enforcing，且 `matchpathcon -V` 发现标签与策略不符。以策略为准：`~/.ssh` 及其内容为 `ssh_home_t`，家目录为 `user_home_dir_t`，`/home` 为 `home_root_t`，`/root` 为 `admin_home_t`。openGauss 手册把第一个和最后一个写反了。`semanage port -l` 和审计日志需要 root。";
        cure "On the called node:
            # restorecon -RFv /home/omm/.ssh
            If homes are elsewhere, tell the policy that it is as `/home`:
            # semanage fcontext -a -e /home /data
            # restorecon -RFv /data
            For a home on NFS, for another port:
            # setsebool -P use_nfs_home_dirs on
            # semanage port -a -t ssh_port_t -p tcp 2222
            If semanage is missing: `dnf install policycoreutils-python-utils`. Do not switch SELinux off."
            "在被登录的节点上执行：
            # restorecon -RFv /home/omm/.ssh
            家目录在别处时，告诉策略它等同于 `/home`：
            # semanage fcontext -a -e /home /data
            # restorecon -RFv /data
            家目录在 NFS 上时，以及使用其他端口时：
            # setsebool -P use_nfs_home_dirs on
            # semanage port -a -t ssh_port_t -p tcp 2222
            没有 semanage 时：`dnf install policycoreutils-python-utils`。不要关闭 SELinux。";
        fix (
            "as root, restores the labels of the home and of `~/.ssh` by the policy, and lets sshd use its port (`semanage port`). It changes no booleans, no rules for homes elsewhere, and not SELinux's mode; for these it prints the commands.",
            "有 root 权限时，按策略恢复家目录和 `~/.ssh` 的标签，并允许 sshd 使用其端口（`semanage port`）。不修改布尔值、其他位置家目录的规则和 SELinux 的模式，这些只打印命令。",
        );
        prevention "Copy with `cp`, which gives the label of the new place, rather than `mv`; run restorecon after a restore."
            "用 `cp`（按新位置打标签）而不用 `mv`；从备份恢复之后执行 restorecon。";
    }
    DISK_FULL {
        title "No space is left where the home is" "家目录所在的磁盘已满";
        symptom "Trust cannot be set up or repaired; host keys are not recorded.
            | No space left on device"
            "无法建立或修复互信，主机密钥记录不下来。
            | No space left on device";
        causes "- Logs, dumps or archives of the database on the same file system.
            - No inodes are left: many small files.
            - Files that were deleted and that a process still holds open."
            "- 数据库的日志、备份或归档与家目录在同一文件系统上。
            - inode 用尽：小文件过多。
            - 已删除但仍被进程打开的文件。";
        seen "`df -P` and `df -Pi` of the home's file system: nothing is free, or no inode is. Nothing is written for a try. Root is not needed."
            "家目录所在文件系统的 `df -P` 和 `df -Pi`：没有可用空间，或没有可用 inode。不会试写文件。不需要 root 权限。";
        cure "On the node, see what is full and with what, and make room:
            $ df -h ~
            $ df -i ~
            # du -xh --max-depth=2 /home | sort -h | tail
            # lsof +L1"
            "在该节点上查看哪里满了、被什么占用，然后清理：
            $ df -h ~
            $ df -i ~
            # du -xh --max-depth=2 /home | sort -h | tail
            # lsof +L1";
        fix (
            "deletes nothing. It says what is full and prints the commands. Nothing of the tool's is left half written meanwhile.",
            "不删除任何文件，只说明哪里满了并打印命令。在此期间，本工具的文件不会只写一半。",
        );
        prevention "Keep the database's data and logs on a file system of their own, and watch the free space."
            "数据库的数据和日志使用单独的文件系统，并监控剩余空间。";
    }
    QUOTA {
        title "The user's quota is used up" "用户的磁盘配额已用完";
        symptom "As with a full disk, but only for this user; `df` shows free space.
            | Disk quota exceeded"
            "与磁盘已满一样，但只影响该用户，`df` 显示还有空间。
            | Disk quota exceeded";
        causes "Core files, logs or dumps in the home of a user that has a quota."
            "设置了配额的用户，家目录中有 core 文件、日志或备份。";
        seen "`quota -q -u omm`, where it is installed. Nothing is written for a try. Root is not needed."
            "`quota -q -u omm`（已安装时）。不会试写文件。不需要 root 权限。";
        cure "On the node, delete what is not needed, or raise the quota (XFS: `xfs_quota`):
            $ quota -s
            $ du -xh --max-depth=2 ~ | sort -h | tail
            # edquota -u omm"
            "在该节点上删除不需要的文件，或提高配额（XFS 用 `xfs_quota`）：
            $ quota -s
            $ du -xh --max-depth=2 ~ | sort -h | tail
            # edquota -u omm";
        fix PRINTS;
        prevention "Let core files and dumps be written elsewhere."
            "把 core 文件和备份写到别处。";
    }
    READ_ONLY_HOME {
        title "The home is mounted read-only" "家目录所在的文件系统只读";
        symptom "Nothing can be written to the home.
            | Read-only file system"
            "家目录中什么都写不了。
            | Read-only file system";
        causes "- The kernel found errors and mounted the file system read-only (`errors=remount-ro`): the disk may be failing.
            - `/etc/fstab` or an NFS server says `ro`."
            "- 内核发现错误后将文件系统改为只读（`errors=remount-ro`）：磁盘可能有故障。
            - `/etc/fstab` 或 NFS 服务器设置为 `ro`。";
        seen "The flags of the home's mount. Nothing is written for a try. Root is not needed; the kernel's log may need it."
            "家目录所在文件系统的挂载选项。不会试写文件。不需要 root 权限；内核日志可能需要。";
        cure "On the node, see why first. After errors of a disk, save the data and repair it while it is not mounted:
            # findmnt -T /home/omm
            # dmesg | grep -iE 'error|remount'
            If it was only mounted so:
            # mount -o remount,rw /home"
            "在该节点上先查明原因。如果是磁盘错误，先保护数据，卸载后再修复：
            # findmnt -T /home/omm
            # dmesg | grep -iE 'error|remount'
            如果只是挂载选项：
            # mount -o remount,rw /home";
        fix PRINTS;
        prevention "Watch the disks (SMART, the kernel's log)."
            "监控磁盘健康（SMART、内核日志）。";
    }
    SHARED_HOME {
        title "Two nodes share one home directory" "多个节点共用一个家目录";
        symptom "Lines come twice in `authorized_keys`; the agent of one node replaces the socket of the other, and trust comes and goes."
            "`authorized_keys` 中出现重复的行；一个节点的 agent 会覆盖另一个节点的套接字，互信时有时无。";
        causes "The home lies on NFS or another shared file system and is mounted on several nodes."
            "家目录在 NFS 等共享文件系统上，被多个节点挂载。";
        seen "The home of two nodes is on the same network file system (`df`) and has the same inode there. Nothing is written for a try. Root is not needed."
            "两个节点的家目录位于同一个网络文件系统（`df`），inode 也相同。不会试写文件。不需要 root 权限。";
        cure "Give the user a home of its own on every node, on a local disk. Copy it; `usermod -m` would move it away from the other nodes:
            # mkdir -p /local && cp -a /home/omm /local/omm
            # usermod -d /local/omm omm
            Then set up trust again.
            $ gs_sshexkey -f HOSTFILE"
            "在每个节点上给该用户一个本地磁盘上的家目录。要拷贝，不要用 `usermod -m`：它会把其他节点也在用的目录移走。执行：
            # mkdir -p /local && cp -a /home/omm /local/omm
            # usermod -d /local/omm omm
            然后重新建立互信。
            $ gs_sshexkey -f HOSTFILE";
        fix PRINTS;
        prevention "Use local homes for the database's user."
            "数据库用户使用本地家目录。";
    }
    UNWRITABLE_FILE {
        title "A file that trust needs cannot be written" "互信所需的文件无法写入";
        symptom "Nobody can write it, sometimes root neither.
            | Operation not permitted"
            "无法写入，有时 root 也不行。
            | Operation not permitted";
        causes "- Somebody has set the attribute `i` (immutable) or `a` (append only) on `~/.ssh`, a file in it, or the home, mostly to harden the system.
            - Something else is in its place: a folder where a file should be, a file where a folder should be.
            - A symbolic link leads there that belongs to somebody else, and is not followed."
            "- 有人为 `~/.ssh`、其中的文件或家目录设置了 `i`（不可修改）或 `a`（只能追加）属性，多为安全加固。
            - 该位置上是别的东西：应为文件的是目录，或应为目录的是文件。
            - 由属于其他用户的符号链接指向，不会跟随。";
        seen "`lsattr -d`; kind, owner and links of what is there. Root is not needed."
            "`lsattr -d`；该位置上的类型、属主和链接。不需要 root 权限。";
        cure "On the node, for the time of the set-up:
            # lsattr -d ~omm/.ssh ~omm/.ssh/authorized_keys
            # chattr -i ~omm/.ssh/authorized_keys
            Afterwards put it back:
            # chattr +i ~omm/.ssh/authorized_keys"
            "在该节点上，建立互信期间取消：
            # lsattr -d ~omm/.ssh ~omm/.ssh/authorized_keys
            # chattr -i ~omm/.ssh/authorized_keys
            之后恢复：
            # chattr +i ~omm/.ssh/authorized_keys";
        fix (
            "prints the command: somebody protected the file on purpose.",
            "只打印命令：该文件是有意保护的。",
        );
        prevention "Expanding, rotating and revoking write these files too: whoever protects them has to lift that each time."
            "扩展、更换密钥和撤销互信都要写这些文件：设置保护后每次都需要先取消。";
    }
}
