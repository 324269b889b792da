//! The calling side: ssh itself and its surroundings.

use super::causes;

causes! {
    MAX_AUTH_TRIES {
        title "The caller offers too many keys" "发起方尝试的密钥过多";
        symptom "The called node ends the connection before the right key has had its turn.
            | Received disconnect from 10.0.0.3 port 22:2: Too many authentication failures"
            "还没轮到正确的密钥，被登录的节点就断开了连接。
            | Received disconnect from 10.0.0.3 port 22:2: Too many authentication failures";
        causes "An agent holds many keys, or `~/.ssh/config` names many, and each one that is offered counts as a try. sshd allows 6 (`MaxAuthTries`), some sites only 3."
            "agent 中有很多私钥，或 `~/.ssh/config` 中列了很多，每个都算一次尝试。sshd 默认允许 6 次（`MaxAuthTries`），有的环境只允许 3 次。";
        seen "The words of `ssh`; the keys in the agent and in `~/.ssh/config` of the calling node; `MaxAuthTries` by `sshd -T` of the called node, as root."
            "`ssh` 的输出；发起登录的节点上 agent 和 `~/.ssh/config` 中的密钥；被登录节点上 `sshd -T` 中的 `MaxAuthTries`（需要 root）。";
        cure "In `~/.ssh/config` of the calling node, below the tool's block, let one key be offered to the hosts where it fails:
            | Host 10.0.0.3
            |     IdentityFile ~/.ssh/id_om
            |     IdentitiesOnly yes
            See what is offered:
            $ ssh -v 10.0.0.3 true 2>&1 | grep Offering"
            "在发起登录的节点的 `~/.ssh/config` 中，本工具配置块的下面，对失败的主机只提供一个密钥：
            | Host 10.0.0.3
            |     IdentityFile ~/.ssh/id_om
            |     IdentitiesOnly yes
            查看实际提供了哪些密钥：
            $ ssh -v 10.0.0.3 true 2>&1 | grep Offering";
        fix (
            "puts lines for these hosts at the top of `~/.ssh/config` of the calling node, so that the cluster's key is offered, and only that. Your own lines stay. `MaxAuthTries` it does not change.",
            "在发起登录的节点的 `~/.ssh/config` 开头为这些主机添加几行，只使用集群的密钥。您自己的行保持不变。不修改 `MaxAuthTries`。",
        );
        prevention "Keep keys that are not for the cluster out of this user's agent and configuration."
            "不要把与集群无关的密钥放进该用户的 agent 和配置。";
    }
    LD_LIBRARY_PATH {
        title "Libraries of the database break ssh" "数据库的动态库使 ssh 无法运行";
        symptom "`ssh` does not start where the database's environment is set; as root, or after `env -i`, it works.
            | OpenSSL version mismatch. Built against 30000020, you have 1010106f
            | ssh: symbol lookup error: ssh: undefined symbol: EVP_KDF_ctrl, version OPENSSL_1_1_1b"
            "在设置了数据库环境变量的 shell 里 `ssh` 无法启动；换成 root 或 `env -i` 则正常。
            | OpenSSL version mismatch. Built against 30000020, you have 1010106f
            | ssh: symbol lookup error: ssh: undefined symbol: EVP_KDF_ctrl, version OPENSSL_1_1_1b";
        causes "`LD_LIBRARY_PATH` of a database's profile names a folder that has its own libcrypto, and the system's `ssh` is made to load that one."
            "数据库的环境变量 `LD_LIBRARY_PATH` 指向的目录里有自带的 libcrypto，系统的 `ssh` 加载了它。";
        seen "`ssh -V` with and without `LD_LIBRARY_PATH` in the user's environment; what the profile exports. Root is not needed. The tool itself runs `ssh` without any `LD_` variable, so its own work is not disturbed."
            "在用户环境中，带和不带 `LD_LIBRARY_PATH` 分别执行 `ssh -V`；配置文件导出的变量。不需要 root 权限。本工具运行 `ssh` 时会去掉所有 `LD_` 变量，自身不受影响。";
        cure "See that it is so, on the calling node:
            $ ssh -V
            $ env -u LD_LIBRARY_PATH ssh -V
            Then let only the database's programs see the variable: export it in the script that starts them, not in `~/.bashrc`. Where it has to stay, give the shell a function:
            $ ssh() { env -u LD_LIBRARY_PATH ssh \"$@\"; }"
            "在发起登录的节点上确认：
            $ ssh -V
            $ env -u LD_LIBRARY_PATH ssh -V
            然后只让数据库程序看到该变量：写在启动它们的脚本里，不要写在 `~/.bashrc` 里。必须保留时，给 shell 定义一个函数：
            $ ssh() { env -u LD_LIBRARY_PATH ssh \"$@\"; }";
        fix (
            "prints what to do. It does not edit the profile of the database.",
            "只打印处理办法，不修改数据库的环境变量配置。",
        );
        prevention "Put libraries of the database's own behind the system's, or let its programs find them by their RUNPATH."
            "数据库自带的库不要排在系统库之前，或让程序通过 RUNPATH 自己查找。";
    }
    PROGRAM_MISSING {
        title "A program that is needed is not installed" "缺少必需的程序";
        symptom "| bash: ssh: command not found
            | bash: ssh-add: command not found"
            "| bash: ssh: command not found
            | bash: ssh-add: command not found";
        causes "- A minimal system without the clients of OpenSSH.
            - A `PATH` that lacks `/usr/bin`."
            "- 最小化安装的系统没有 OpenSSH 客户端。
            - `PATH` 中没有 `/usr/bin`。";
        seen "Whether `ssh`, `ssh-agent`, `ssh-add`, `ssh-keygen` and `sshd` are found on the node. Root is not needed."
            "在节点上能否找到 `ssh`、`ssh-agent`、`ssh-add`、`ssh-keygen` 和 `sshd`。不需要 root 权限。";
        cure "On the node, what is missing:
            R# dnf install openssh-clients openssh-server
            D# apt-get install openssh-client openssh-server
            `yum` stands for `dnf` on older systems."
            "在该节点上安装缺少的程序：
            R# dnf install openssh-clients openssh-server
            D# apt-get install openssh-client openssh-server
            较老的系统用 `yum` 代替 `dnf`。";
        fix ("prints the commands. It installs no packages.", "只打印命令，不安装软件包。");
        prevention "Put both packages into the image that nodes are made from."
            "在制作节点的系统镜像中包含这两个软件包。";
    }
    SSH_CONFIG_BROKEN {
        title "A configuration file of ssh cannot be used" "ssh 的配置文件有错或不可用";
        symptom "`ssh` on the calling node ends before it connects.
            | /home/omm/.ssh/config: line 12: Bad configuration option: identityfiel
            | /home/omm/.ssh/config: terminating, 1 bad configuration options"
            "发起登录的节点上，`ssh` 还没有连接就退出。
            | /home/omm/.ssh/config: line 12: Bad configuration option: identityfiel
            | /home/omm/.ssh/config: terminating, 1 bad configuration options";
        causes "- A mistake in `~/.ssh/config`, in `/etc/ssh/ssh_config` or in a file that these include.
            - An option that this version of OpenSSH does not know yet, or no more.
            - A `ProxyCommand` or `ProxyJump` whose program or host is gone."
            "- `~/.ssh/config`、`/etc/ssh/ssh_config` 或它们包含的文件中有错。
            - 该版本的 OpenSSH 还不支持、或已不再支持某个选项。
            - `ProxyCommand`、`ProxyJump` 所用的程序或主机不存在。";
        seen "The words of `ssh` on the calling node: they name file and line. Root is not needed."
            "发起登录的节点上 `ssh` 的输出，其中有文件和行号。不需要 root 权限。";
        cure "On the calling node, read what is wrong, correct or delete that line, and try again:
            $ ssh -G 10.0.0.3 > /dev/null
            An option that only newer versions know may stay if it is ignored; put this above it:
            | IgnoreUnknown NameOfTheOption"
            "在发起登录的节点上查看错误，更正或删除该行，再试：
            $ ssh -G 10.0.0.3 > /dev/null
            只有新版本支持的选项想保留时，可以在它上面加一行，令旧版本忽略：
            | IgnoreUnknown 选项名";
        fix (
            "makes a comment of the very line that `ssh` refuses, in a file of the user, or as root in one of the system. Where `ssh` names no line, it prints a command that shows the mistake.",
            "把 `ssh` 指出的那一行改为注释：用户自己的文件直接修改，系统的文件需要 root 权限。`ssh` 没有指出行号时，只打印用于查看错误的命令。",
        );
        prevention "Run `ssh -G HOST` after each change of the configuration."
            "每次修改配置之后执行 `ssh -G 主机` 检查。";
    }
}
