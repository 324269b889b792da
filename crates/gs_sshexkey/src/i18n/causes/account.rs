//! The account on the called node: password, expiry, shell.

use super::{PRINTS, causes};

causes! {
    ACCOUNT_LOCKED {
        title "The account is locked" "账户被锁定";
        symptom "The right password is refused; often after several wrong ones. Keys may still open the node.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The log may have one of:
            | The account is locked due to 3 failed logins.
            | User omm not allowed because account is locked"
            "密码正确却被拒绝，往往在多次输错之后。密钥可能仍然可用。
            | omm@10.0.0.3: Permission denied (publickey,password).
            日志中可能有：
            | The account is locked due to 3 failed logins.
            | User omm not allowed because account is locked";
        causes "- `pam_faillock` or `pam_tally2` counted too many wrong passwords.
            - `passwd -l` or `usermod -L`, or an account that never got a password. With `UsePAM no`, sshd then refuses keys too."
            "- `pam_faillock` 或 `pam_tally2` 记录的密码错误次数过多。
            - 执行过 `passwd -l`、`usermod -L`，或账户从未设置密码。`UsePAM no` 时，sshd 连密钥也会拒绝。";
        seen "As root: `faillock --user omm`, `pam_tally2 --user omm`, `passwd -S omm`, the journal. Without root only the refusal is seen, and it looks like a wrong password."
            "root 可见：`faillock --user omm`、`pam_tally2 --user omm`、`passwd -S omm`、journal。没有 root 权限时只能看到被拒绝，与密码错误无法区分。";
        cure "Find out first who tried: it may have been an attack. Then, at the node:
            # faillock --user omm --reset
            On systems without faillock:
            # pam_tally2 --user omm --reset
            If it was locked by hand (`L` or `LK` in `passwd -S omm`):
            # passwd -u omm"
            "先查明是谁在尝试，可能是攻击。然后在该节点上执行：
            # faillock --user omm --reset
            没有 faillock 的系统：
            # pam_tally2 --user omm --reset
            如果是人为锁定（`passwd -S omm` 显示 `L` 或 `LK`）：
            # passwd -u omm";
        fix (
            "never unlocks an account: somebody may have locked it on purpose. It prints the commands.",
            "绝不解锁账户：可能是有意锁定的。只打印命令。",
        );
        prevention "Let no script guess passwords. This tool tries at most two wrong ones on a node in a run."
            "不要让脚本反复尝试密码。本工具一次运行中对一个节点最多尝试两次错误密码。";
    }
    PASSWORD_EXPIRED {
        title "The account or its password has expired" "账户或密码已过期";
        symptom "Keys stop working too, on one day, mostly on all nodes at once.
            | Password change required but no TTY available.
            | WARNING: Your password has expired.
            | Your account has expired; please contact your system administrator."
            "某一天起密钥也不能用了，往往所有节点同时发生。
            | Password change required but no TTY available.
            | WARNING: Your password has expired.
            | Your account has expired; please contact your system administrator.";
        causes "- The password is older than its maximum age (`PASS_MAX_DAYS`), commonly 90 days.
            - Root asked for a new password at the next login (`chage -d 0`).
            - The account has an end date (`chage -E`)."
            "- 密码超过了最长使用期限（`PASS_MAX_DAYS`），常见为 90 天。
            - root 要求下次登录时修改密码（`chage -d 0`）。
            - 账户设置了失效日期（`chage -E`）。";
        seen "What the login says; as root, the dates in the shadow file (`getent shadow omm`)."
            "登录时的输出；root 可见的 shadow 文件中的日期（`getent shadow omm`）。";
        cure "On the called node, give the account a new password, or let it not expire:
            # passwd omm
            # chage -M -1 omm
            If the account itself has ended:
            # chage -E -1 omm"
            "在被登录的节点上修改密码，或取消过期：
            # passwd omm
            # chage -M -1 omm
            如果是账户本身到期：
            # chage -E -1 omm";
        fix (
            "gives no account a password and changes no date. It prints the commands.",
            "不设置密码，不修改期限。只打印命令。",
        );
        prevention "Set no maximum age for accounts that only programs use, or change their passwords before they end. `chage -W 14` warns."
            "只供程序使用的账户不要设置密码期限，或在到期之前修改。`chage -W 14` 会提前提醒。";
    }
    NO_LOGIN_SHELL {
        title "The account has no login shell" "账户没有可登录的 shell";
        symptom "The login is accepted and ends at once.
            | This account is currently not available.
            Or sshd refuses it, and its log has:
            | User omm not allowed because shell /bin/zsh does not exist
            Or sshd cannot start it:
            | /bin/bash: No such file or directory"
            "认证通过后立即退出。
            | This account is currently not available.
            或者被 sshd 拒绝，日志中有：
            | User omm not allowed because shell /bin/zsh does not exist
            或者 sshd 无法启动它：
            | /bin/bash: No such file or directory";
        causes "- The shell is `/sbin/nologin` or `/bin/false`: a system account, or one that somebody shut.
            - The shell was uninstalled, or may not be run.
            - `ChrootDirectory` in `sshd_config`: sshd looks for the shell within it."
            "- shell 是 `/sbin/nologin` 或 `/bin/false`：系统账户，或被人停用。
            - 该 shell 已被卸载，或不允许执行。
            - `sshd_config` 中的 `ChrootDirectory`：sshd 在该目录内查找 shell。";
        seen "The last field of `getent passwd omm` and whether that file is there; what the login says. Root is not needed, if the node can be read at all."
            "`getent passwd omm` 的最后一个字段，以及该文件是否存在；登录时的输出。能读取该节点时不需要 root 权限。";
        cure "On the called node, if the account is meant to log in:
            # usermod -s /bin/bash omm"
            "在被登录的节点上，确认该账户应允许登录后执行：
            # usermod -s /bin/bash omm";
        fix (
            "never gives an account a shell. It prints the command for the console.",
            "绝不给账户设置 shell。只打印在控制台上执行的命令。",
        );
        prevention "Make the cluster's user in the same way on every node, with `useradd -m -s /bin/bash`."
            "在每个节点上用同样的方式创建集群用户：`useradd -m -s /bin/bash`。";
    }
    NOISY_SHELL {
        title "The profile prints where nobody is at a terminal" "非交互登录时 shell 配置文件有输出";
        symptom "`ssh` works; `scp`, `sftp` and `rsync` do not.
            | Received message too long 1416586337
            | protocol version mismatch -- is your shell clean?"
            "`ssh` 正常，`scp`、`sftp`、`rsync` 不能用。
            | Received message too long 1416586337
            | protocol version mismatch -- is your shell clean?";
        causes "`~/.bashrc`, `/etc/bashrc` or `/etc/profile.d` print something, or run a command that does, also where the shell is not interactive."
            "`~/.bashrc`、`/etc/bashrc` 或 `/etc/profile.d` 在非交互时也输出内容，或执行了有输出的命令。";
        seen "`ssh 10.0.0.3 true` prints something. Root is not needed. The tool itself works all the same: it frames what it reads."
            "`ssh 10.0.0.3 true` 有输出。不需要 root 权限。本工具不受影响：读取的内容带有边界标记。";
        cure "In the file that prints, put the output behind this line, or move it to `~/.bash_profile`:
            | [[ $- == *i* ]] || return
            The two exports of this tool have to stay above it. Try it:
            $ ssh 10.0.0.3 true | od -c"
            "在有输出的文件中，把输出放到下面这行之后，或移到 `~/.bash_profile`：
            | [[ $- == *i* ]] || return
            本工具的两行 export 必须在它上面。验证：
            $ ssh 10.0.0.3 true | od -c";
        fix (
            "prints what to do. It does not edit what others wrote into a profile.",
            "只打印处理办法，不修改他人写在配置文件中的内容。",
        );
        prevention "Greetings belong into `/etc/motd`."
            "欢迎信息写在 `/etc/motd` 中。";
    }
    FOREIGN_SHELL {
        title "The login shell is not a POSIX shell" "登录 shell 不是 POSIX shell";
        symptom "Commands over `ssh` end with errors of syntax, mostly from the shell's own profile.
            | export: Command not found.
            | Missing name for redirect."
            "通过 `ssh` 执行的命令报语法错误，多数来自该 shell 自己的配置文件。
            | export: Command not found.
            | Missing name for redirect.";
        causes "The shell is csh, tcsh, fish or the like, or a restricted one (rbash), which runs no `exec`. `~/.bashrc` is then not read either, so `SSH_AUTH_SOCK` is not set there; `ssh` finds the agent by `~/.ssh/config` all the same."
            "登录 shell 是 csh、tcsh、fish 之类，或受限的 shell（rbash，不允许 `exec`）。它也不读 `~/.bashrc`，因此没有设置 `SSH_AUTH_SOCK`；`ssh` 仍能通过 `~/.ssh/config` 找到 agent。";
        seen "Calls whose key was accepted end with an error of such a shell, and the last field of `getent passwd omm` names it. Root is not needed. Where calls work, nothing is said: the tool itself runs everything through `exec sh -c`."
            "公钥已被接受，但登录以这种 shell 的错误结束，且 `getent passwd omm` 的最后一个字段就是该 shell。不需要 root 权限。只要能正常登录就不报告：本工具的所有命令都通过 `exec sh -c` 执行。";
        cure "Where scripts of others have to work, openGauss's among them:
            # usermod -s /bin/bash omm"
            "需要运行其他脚本（包括 openGauss 的脚本）时：
            # usermod -s /bin/bash omm";
        fix PRINTS;
        prevention "Use bash for accounts that programs use. Start another shell by hand, at the terminal."
            "供程序使用的账户用 bash；需要其他 shell 时在终端上手动启动。";
    }
    PROFILE_BLOCKS {
        title "What runs before a command does not let it run" "登录时先执行的脚本使命令无法执行";
        symptom "The key or the password is accepted, and the command does not run: the call ends without a word or with another program's, or hangs.
            | open terminal failed: not a terminal"
            "密钥或密码已被接受，但命令没有执行：登录没有输出就结束，或输出其他程序的错误，或一直没有响应。
            | open terminal failed: not a terminal";
        causes "- `~/.bashrc` (of zsh `~/.zshenv`, of csh `~/.cshrc`) runs `exec tmux`, `exit`, a menu, or a program that never ends.
            - It asks a question and waits for the answer.
            - `~/.ssh/rc`, or `/etc/ssh/sshrc`, which sshd runs before every command, does.
            - The key's line in `authorized_keys` carries a `command=` of its own, which fails."
            "- `~/.bashrc`（zsh 为 `~/.zshenv`，csh 为 `~/.cshrc`）执行了 `exec tmux`、`exit`、菜单，或不会结束的程序。
            - 其中提出问题并等待回答。
            - sshd 在每个命令之前执行的 `~/.ssh/rc` 或 `/etc/ssh/sshrc` 有上述情况。
            - `authorized_keys` 中该密钥的行带有 `command=`，而该命令失败。";
        seen "The login shell is started as sshd starts it, and bash says which line of which file it came to last. Where the node cannot be entered for this very reason, nobody can look: then it is concluded from how the login ended. Root is not needed."
            "按 sshd 的方式启动登录 shell，由 bash 给出最后执行到的文件和行。若正因此而无法登录该节点，则只能根据登录结束的方式推断。不需要 root 权限。";
        cure "At the node's console, let bash say which line it comes to last:
            $ PS4='+$LINENO: ' bash -xc '. ~/.bashrc' 2>&1 </dev/null | tail -n 5
            Then let the line run only where somebody is at a terminal, for instance:
            | [ -t 0 ] && exec tmux
            $ ls -l ~/.ssh/rc /etc/ssh/sshrc"
            "在该节点的控制台上，让 bash 给出最后执行到的行：
            $ PS4='+$LINENO: ' bash -xc '. ~/.bashrc' 2>&1 </dev/null | tail -n 5
            然后使该行只在有人使用终端时执行，例如：
            | [ -t 0 ] && exec tmux
            $ ls -l ~/.ssh/rc /etc/ssh/sshrc";
        fix (
            "prints the command that guards the line, where the line was seen. What a profile is for, its owner knows.",
            "能看到该行时，打印为它加上判断的命令。配置文件的用途由其所有者判断。",
        );
        prevention "Begin `~/.bashrc` with `case $- in *i*) ;; *) return ;; esac`, as distributions ship it, and put everything for people below."
            "像发行版默认的那样，让 `~/.bashrc` 以 `case $- in *i*) ;; *) return ;; esac` 开头，把供人使用的内容放在其后。";
    }
    PASSWORD_REFUSED {
        title "The node refused the password" "节点拒绝了密码";
        symptom "| omm@10.0.0.3: Permission denied (publickey,password)."
            "| omm@10.0.0.3: Permission denied (publickey,password).";
        causes "- The password differs on this node, or is mistyped.
            - There is no such user on the node: sshd does not tell the difference.
            - The account is locked or may not log in; see `account-locked`, `account-not-allowed` and `root-login-off`."
            "- 该节点上的密码不同，或输入有误。
            - 该节点上没有这个用户：sshd 不会说明区别。
            - 账户被锁定或不允许登录，见 `account-locked`、`account-not-allowed`、`root-login-off`。";
        seen "sshd refused it, at most twice in a run. What is behind it is not seen from outside."
            "sshd 拒绝了密码（一次运行最多两次）。从外部看不到背后的原因。";
        cure "At the console of the node:
            # id omm
            # passwd omm
            Passwords that differ from node to node go into a file of mode 600, with a line `IP PASSWORD` for each:
            $ gs_sshexkey doctor -f HOSTFILE --password-file FILE"
            "在该节点的控制台上执行：
            # id omm
            # passwd omm
            各节点密码不同时，写在权限为 600 的文件中，每行一个“IP 密码”：
            $ gs_sshexkey doctor -f HOSTFILE --password-file FILE";
        fix (
            "never gives an account a password. It prints the commands for the console.",
            "绝不给账户设置密码。只打印在控制台上执行的命令。",
        );
        prevention "Once trust is made no password is needed; keep one node's console at hand all the same."
            "互信建立之后不需要密码；但仍要保留从控制台进入节点的办法。";
    }
    NO_PASSWORD {
        title "No key opens the node, and no password was given" "没有能登录该节点的密钥，也没有给出密码";
        symptom "| 10.0.0.3: no key opens it, and no password was wanted"
            "| 10.0.0.3: no key opens it, and no password was wanted";
        causes "The node lets in no key of this machine any more, or never did; and the run was not to ask (`--no-password`), or had nobody to ask. So nobody could look what is wrong there."
            "该节点不再接受（或从未接受过）本机的任何密钥；而本次运行不允许询问密码（`--no-password`），或没有人可以回答。因此未能查看该节点的问题。";
        seen "sshd refused each key that was tried. What is behind it is not seen from outside."
            "sshd 拒绝了所有试过的密钥。从外部看不到背后的原因。";
        cure "Give the password, at the terminal or from a file of mode 600, and doctor looks there too:
            $ gs_sshexkey doctor -f HOSTFILE --password-file FILE"
            "给出密码（在终端上输入，或写在权限为 600 的文件中），doctor 就能检查该节点：
            $ gs_sshexkey doctor -f HOSTFILE --password-file FILE";
        fix (
            "cannot enter the node without it, so it changes nothing there.",
            "没有密码就无法登录该节点，不做任何修改。",
        );
        prevention "Where no password may be used, put a key that opens every node into the agent first."
            "不允许使用密码时，先在 agent 中加载一个能登录所有节点的密钥。";
    }
    HOME_UNUSABLE {
        title "ssh cannot use the home" "ssh 无法使用该家目录";
        symptom "Every `ssh` of this user ends at once, before it calls anybody.
            | percent_expand: unknown key %d
            | vdollar_percent_expand: unknown key %d"
            "该用户执行的所有 `ssh` 都会立即结束，不会发起连接。
            | percent_expand: unknown key %d
            | vdollar_percent_expand: unknown key %d";
        causes "- The path of the home has a `%` in it, or `${`. OpenSSH takes that for a token in every path that begins with the home, those of its own defaults too.
            - There is no such folder."
            "- 家目录的路径中含有 `%` 或 `${`。OpenSSH 会把所有以家目录开头的路径（包括它自己的默认值）中的这些字符当作要替换的内容。
            - 该目录不存在。";
        seen "The home in `getent passwd`, and whether it is there. Root is not needed."
            "`getent passwd` 中的家目录，以及该目录是否存在。不需要 root 权限。";
        cure "While nobody works as that user:
            # usermod -m -d /home/omm omm"
            "在没有人以该用户工作时：
            # usermod -m -d /home/omm omm";
        fix PRINTS;
        prevention "Letters, digits, `-`, `_` and `.` are enough for the path of a home."
            "家目录的路径只使用字母、数字、`-`、`_` 和 `.`。";
    }
}
