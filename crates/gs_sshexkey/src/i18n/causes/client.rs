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
            - An option, or a name of an algorithm, that this version of OpenSSH does not know yet, or no more."
            "- `~/.ssh/config`、`/etc/ssh/ssh_config` 或它们包含的文件中有错。
            - 该版本的 OpenSSH 还不支持、或已不再支持某个选项或算法名称。";
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
    CLIENT_SETTINGS {
        title "The caller's own settings of ssh lead elsewhere" "发起方自己的 ssh 配置妨碍互信";
        symptom "Only the calls of one node fail, and in a way that looks like a fault of those that it calls.
            | ssh: connect to host 10.0.0.3 port 2222: Connection refused
            | admin@10.0.0.3: Permission denied (publickey,password).
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking.
            | Connection closed by UNKNOWN port 65535"
            "只有某一个节点发起的登录失败，看上去却像是对方的问题。
            | ssh: connect to host 10.0.0.3 port 2222: Connection refused
            | admin@10.0.0.3: Permission denied (publickey,password).
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking.
            | Connection closed by UNKNOWN port 65535";
        causes "A line that is meant for other hosts, mostly below `Host *`, in `~/.ssh/config`, in `/etc/ssh/ssh_config`, in a file of `/etc/ssh/ssh_config.d` or in one that these include:
            - `HostName`, `Port`, `User`: the call goes to another place, or as another user.
            - `ProxyCommand`, `ProxyJump`: it goes through a program or a host that is gone.
            - `UserKnownHostsFile`, `HostKeyAlias`: the host key is looked up where it is not on record.
            - `PubkeyAuthentication no`, `PreferredAuthentications`: the key is not offered.
            - `KexAlgorithms`, `Ciphers`, `MACs`, `HostKeyAlgorithms`: only what the other side does not have.
            - `RemoteCommand`, `BindAddress` and others, which the block of the set-up does not outweigh."
            "`~/.ssh/config`、`/etc/ssh/ssh_config`、`/etc/ssh/ssh_config.d` 中的文件或它们包含的文件里，有本来为其他主机写的设置，多半在 `Host *` 之下：
            - `HostName`、`Port`、`User`：登录到了别处，或用了别的用户名。
            - `ProxyCommand`、`ProxyJump`：要经由已不存在的程序或主机。
            - `UserKnownHostsFile`、`HostKeyAlias`：到没有记录的地方去查主机密钥。
            - `PubkeyAuthentication no`、`PreferredAuthentications`：不提供公钥。
            - `KexAlgorithms`、`Ciphers`、`MACs`、`HostKeyAlgorithms`：只允许对方没有的算法。
            - `RemoteCommand`、`BindAddress` 等：互信配置块不能覆盖这些设置。";
        seen "`ssh -G` on the calling node, with its settings and without any (`ssh -F none`); the same call made both ways, one right after the other; the files, for the line. Certain is what fails with the settings and works without them. Root is not needed."
            "在发起登录的节点上，比较有配置和没有配置（`ssh -F none`）时 `ssh -G` 的输出；紧接着用两种方式各登录一次；在配置文件中查找所在的行。有配置时失败、没有配置时成功，才算确定。不需要 root 权限。";
        cure "On the calling node, see what `ssh` would do, and put what trust needs above the line, for these hosts only; or set up trust again, which does the same:
            $ ssh -G 10.0.0.3 | grep -E '^(host|port|user|proxy)'
            | Host 10.0.0.3
            |     Port 22
            | Match all"
            "在发起登录的节点上查看 `ssh` 实际采用的设置，把互信所需的设置写在该行之前，只针对这些主机；或者重新建立互信，效果相同：
            $ ssh -G 10.0.0.3 | grep -E '^(host|port|user|proxy)'
            | Host 10.0.0.3
            |     Port 22
            | Match all";
        fix (
            "writes the block of the set-up again, at the top of `~/.ssh/config`, where the tool has made the trust and the block outweighs the setting. Else it prints the exact edit. Your own lines it does not change.",
            "互信由本工具建立、且配置块能覆盖该设置时，把配置块重新写到 `~/.ssh/config` 的开头；否则只打印具体的修改方法。您自己的行保持不变。",
        );
        prevention "Write settings below the names of the hosts that they are for, not below `Host *`."
            "把设置写在对应的主机名之下，不要写在 `Host *` 之下。";
    }
}
