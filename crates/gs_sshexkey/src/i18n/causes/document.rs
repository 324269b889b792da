//! The six causes of openGauss's own document on lost trust, in its order.

use super::causes;

causes! {
    SSHD_DOWN {
        title "sshd does not run" "sshd 服务未运行";
        symptom "Nobody can log in to the node, with a key or a password. The machine itself answers.
            | ssh: connect to host 10.0.0.3 port 22: Connection refused"
            "任何节点都无法登录该节点，用密钥、用密码都不行；机器本身有应答。
            | ssh: connect to host 10.0.0.3 port 22: Connection refused";
        causes "- sshd was stopped, or never enabled, so it is gone since the last reboot.
            - It cannot start: a mistake in its configuration, no host keys, host keys that others may read, a port that is taken.
            - It listens on another port or address than the callers use."
            "- sshd 被停止，或没有设为开机启动，重启之后就没有了。
            - sshd 启动失败：配置有错，没有主机密钥，主机密钥的权限过宽，或端口被占用。
            - sshd 监听的端口或地址与其他节点使用的不同。";
        seen "The port refuses the connection, or takes it and says nothing, from the coordinator and from the other nodes. Where doctor gets in another way (the machine that it runs on): who listens, the state of the process, `systemctl show` of the service and of its socket, and, as root, `sshd -t` and the journal. Without root it does not see why sshd fails to start."
            "从执行命令的机器和其他节点连接该端口被拒绝，或连上后没有任何应答。doctor 能以其他方式进入的机器（如它自己所在的机器）上，再看监听的端口、进程状态、服务及其 socket 的 `systemctl show`，以及 root 权限下的 `sshd -t` 和 journal。没有 root 权限时看不到 sshd 启动失败的原因。";
        cure "At the console of the node, see how it is, then start it:
            R# systemctl status sshd
            R# systemctl enable --now sshd
            D# systemctl status ssh
            D# systemctl enable --now ssh
            Without systemd: `service sshd start`, on Debian `service ssh start`.
            If it does not start, this names the mistake:
            # /usr/sbin/sshd -t
            If host keys are missing:
            # ssh-keygen -A
            If the unit is masked, unmask it first: `systemctl unmask sshd` (`ssh` on Debian)."
            "在该节点的控制台上查看状态并启动：
            R# systemctl status sshd
            R# systemctl enable --now sshd
            D# systemctl status ssh
            D# systemctl enable --now ssh
            没有 systemd 时执行 `service sshd start`（Debian 为 `service ssh start`）。
            如果启动失败，下面的命令会指出错误：
            # /usr/sbin/sshd -t
            如果没有主机密钥：
            # ssh-keygen -A
            如果服务被屏蔽（masked），先执行 `systemctl unmask sshd`（Debian 为 `ssh`）。";
        fix (
            "starts and enables sshd where it gets in otherwise, as a rule on the machine that it runs on, as root; one that hangs it restarts. Owner and mode of a file that `sshd -t` names it sets right first. A mistake in the configuration and missing host keys are left to you. On other nodes nobody gets in, so it prints the commands for the console.",
            "在能以其他方式进入的机器（通常是它自己所在的机器）上，以 root 启动 sshd 并设为开机启动；挂起的 sshd 会重启。`sshd -t` 指出的文件属主、权限问题会先更正。配置有错、没有主机密钥时由您处理。其他节点无法进入，因此打印在控制台上执行的命令。",
        );
        prevention "Enable the service, not only start it. Run `sshd -t` before each reload or restart. Watch the cluster with `gs_sshexkey check --format prometheus`."
            "不仅要启动服务，还要设为开机启动。每次重新加载或重启 sshd 之前先执行 `sshd -t`。用 `gs_sshexkey check --format prometheus` 监控集群。";
    }
    FIREWALL {
        title "A firewall keeps callers away from the port" "防火墙禁止 ssh 访问";
        symptom "The connection is silent or refused, though sshd runs. Often only some nodes are kept away, or only one direction.
            | ssh: connect to host 10.0.0.3 port 22: Connection timed out
            | ssh: connect to host 10.0.0.3 port 22: No route to host
            | ssh: connect to host 10.0.0.3 port 22: Connection refused"
            "sshd 正在运行，但连接没有应答或被拒绝。往往只有部分节点、或只有一个方向不通。
            | ssh: connect to host 10.0.0.3 port 22: Connection timed out
            | ssh: connect to host 10.0.0.3 port 22: No route to host
            | ssh: connect to host 10.0.0.3 port 22: Connection refused";
        causes "- firewalld or ufw was installed, switched on or reset, and the port is not open.
            - sshd moved to a port that the firewall does not know.
            - Rules of somebody's own in nftables or iptables.
            - fail2ban or the like has banned an address.
            - A firewall between the machines, or the security group of a cloud."
            "- 安装、启用或重置了 firewalld 或 ufw，而端口没有放行。
            - sshd 换了端口，防火墙没有跟着放行。
            - 有人自己添加了 nftables 或 iptables 规则。
            - fail2ban 之类的程序封禁了某个地址。
            - 机器之间的防火墙，或云平台的安全组。";
        seen "The port is silent or prohibited, while the machine answers otherwise (ping, another port, another node), or has a listener on that port. As root on the node: `firewall-cmd --state` and `--list-all`, `nft list ruleset`, `iptables -S`, `ufw status`. Without root the rules are not seen; then doctor says only what the network showed."
            "端口没有应答或被禁止，而机器在其他方面有应答（ping、其他端口、其他节点），或该端口上确有监听。有 root 权限时在该节点上查看 `firewall-cmd --state` 和 `--list-all`、`nft list ruleset`、`iptables -S`、`ufw status`。没有 root 权限时看不到规则，只报告网络上看到的情况。";
        cure "Open the port; do not switch the firewall off. On the node, with the port of its sshd:
            R# firewall-cmd --permanent --add-port=22/tcp
            R# firewall-cmd --reload
            D# ufw allow 22/tcp
            If neither is in use, find the rule and remove it where it was made:
            # nft list ruleset
            # iptables -S
            If an address was banned by fail2ban:
            # fail2ban-client set sshd unbanip 10.0.0.1
            openGauss's document stops the firewall as a whole (`systemctl stop firewalld.service`). That works too, but opens every port of the machine; it is your decision."
            "放行端口，不要关闭防火墙。在该节点上执行（端口换成 sshd 的端口）：
            R# firewall-cmd --permanent --add-port=22/tcp
            R# firewall-cmd --reload
            D# ufw allow 22/tcp
            如果两者都没有使用，找出规则，并在添加它的地方删除：
            # nft list ruleset
            # iptables -S
            如果地址被 fail2ban 封禁：
            # fail2ban-client set sshd unbanip 10.0.0.1
            openGauss 文档的做法是关闭整个防火墙（`systemctl stop firewalld.service`）。这样也行，但会开放机器的所有端口，请自行决定。";
        fix (
            "opens the port where it entered the node as root: in firewalld or ufw for good; where a rule of nftables or iptables is in the way, by a rule that lets in the cluster's nodes until the next boot. It never switches a firewall off, never deletes rules of others, and leaves the panic mode of firewalld to you. For a node that it cannot enter it prints the commands for the console.",
            "以 root 进入节点后放行端口：firewalld 或 ufw 中永久放行；被 nftables 或 iptables 的规则拦截时，添加一条放行集群各节点的规则，到下次重启为止。绝不关闭防火墙，不删除他人的规则；firewalld 的应急模式（panic）由您处理。无法进入的节点，打印在控制台上执行的命令。",
        );
        prevention "Keep the port open in the permanent rules, not only in the running ones. Tell the firewall before sshd gets another port."
            "把放行写进永久规则，而不只是当前规则。sshd 换端口之前，先在防火墙中放行新端口。";
    }
    HOME_PERMISSIONS {
        title "Owner or mode of the home directory or of ~/.ssh" "家目录或 ~/.ssh 的属主、权限不对";
        symptom "The key is refused without a reason and a password is asked for, though `authorized_keys` is right.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The log of sshd on the called node has:
            | Authentication refused: bad ownership or modes for directory /home/omm"
            "`authorized_keys` 的内容正确，公钥却被拒绝，没有说明原因，并提示输入密码。
            | omm@10.0.0.3: Permission denied (publickey,password).
            被登录节点的 sshd 日志中有：
            | Authentication refused: bad ownership or modes for directory /home/omm";
        causes "With `StrictModes` (the default) sshd ignores `authorized_keys` if that file, `~/.ssh` or the home can be written by group or others, or belongs to anybody but the user or root. It happens after:
            - `chmod -R 777` or `chmod 775` on the home, or a umask of 002 when it was made.
            - `chown -R` with the wrong user, unpacking an archive as root, or a copy from another machine.
            - A user who was deleted and made again with another number (uid).
            - An ACL that grants the right to write: it shows in the bits of the group."
            "`StrictModes`（默认开启）下，如果 `authorized_keys`、`~/.ssh` 或家目录可被同组或其他用户写，或属主既不是该用户也不是 root，sshd 会忽略 `authorized_keys`。常见情形：
            - 对家目录执行过 `chmod -R 777` 或 `chmod 775`，或创建时 umask 为 002。
            - `chown -R` 用错用户，以 root 解压，或从别的机器拷贝过来。
            - 用户删除后重建，用户编号（uid）变了。
            - ACL 授予了写权限：它会体现在同组权限位上。";
        seen "Owner, group and mode of every folder from the file up to the home (`stat`), and `getfacl`; the settings `StrictModes` and `AuthorizedKeysFile` of `sshd -T`, which need root. The refusal itself stands in the journal or in `/var/log/secure` (`/var/log/auth.log` on Debian), which root can read."
            "从该文件往上直到家目录，各级目录的属主、属组和权限（`stat`），以及 `getfacl`；`sshd -T` 中的 `StrictModes` 和 `AuthorizedKeysFile` 需要 root 权限。拒绝的记录在 journal 或 `/var/log/secure`（Debian 为 `/var/log/auth.log`）中，root 可读。";
        cure "On the called node:
            # chown omm /home/omm /home/omm/.ssh
            # chmod go-w /home/omm
            # chmod 700 /home/omm/.ssh
            If `getfacl /home/omm` shows a right to write for anybody else:
            # setfacl -b /home/omm /home/omm/.ssh
            Does the whole tree have a wrong owner? `chown -R omm: /home/omm`, after a look at what is in it."
            "在被登录的节点上执行：
            # chown omm /home/omm /home/omm/.ssh
            # chmod go-w /home/omm
            # chmod 700 /home/omm/.ssh
            如果 `getfacl /home/omm` 显示其他人有写权限：
            # setfacl -b /home/omm /home/omm/.ssh
            如果整个目录的属主都不对，看清内容之后执行 `chown -R omm: /home/omm`。";
        fix (
            "takes away the right to write of group and others, and the ACL that grants it; gives the user back its own rights; as root it sets the owner too. It touches only these folders, not what else is in them. A node that it cannot enter by password, and a home that the user cannot use at all, get commands for root.",
            "去掉同组和其他用户的写权限，以及授予写权限的 ACL；恢复用户自己的权限；有 root 权限时也更正属主。只改这几级目录本身，不动其中的其他内容。用密码也无法进入的节点，以及用户完全无法使用的家目录，打印由 root 执行的命令。",
        );
        prevention "Never use `chmod -R 777` on a home. Unpack archives with `--no-same-owner`. Give programs a folder of their own to share, not the home."
            "不要对家目录执行 `chmod -R 777`。解压时加 `--no-same-owner`。需要共享时另建目录，不要共享家目录。";
    }
    KEY_PERMISSIONS {
        title "Owner or mode of a key file" "密钥文件的属主、权限不对";
        symptom "On the calling node `ssh` ignores its private key:
            | WARNING: UNPROTECTED PRIVATE KEY FILE!
            | Permissions 0644 for '/home/omm/.ssh/id_om' are too open.
            Or its configuration:
            | Bad owner or permissions on /home/omm/.ssh/config
            Or the called node ignores `authorized_keys`, and its log has:
            | Authentication refused: bad ownership or modes for file /home/omm/.ssh/authorized_keys"
            "发起登录的节点上，`ssh` 忽略了私钥：
            | WARNING: UNPROTECTED PRIVATE KEY FILE!
            | Permissions 0644 for '/home/omm/.ssh/id_om' are too open.
            或忽略了配置文件：
            | Bad owner or permissions on /home/omm/.ssh/config
            或者被登录的节点忽略了 `authorized_keys`，日志中有：
            | Authentication refused: bad ownership or modes for file /home/omm/.ssh/authorized_keys";
        causes "- `chmod` or `chown` over all of `~/.ssh`, or a copy by root that left the files with root's ownership and mode 600: then the user cannot read them at all.
            - A restored backup, an unpacked archive, or a umask of 002.
            - `authorized_keys` that group or others may write."
            "- 对整个 `~/.ssh` 执行过 `chmod` 或 `chown`；或由 root 拷贝，属主成了 root、权限 600，用户自己反而读不了。
            - 恢复备份、解压，或 umask 为 002。
            - `authorized_keys` 可被同组或其他用户写。";
        seen "Owner and mode of `id_*`, `id_*.pub`, `authorized_keys`, `known_hosts` and `config` in `~/.ssh`, and where else sshd looks for keys; what `ssh` prints. Root is not needed, but for the journal."
            "`~/.ssh` 下 `id_*`、`id_*.pub`、`authorized_keys`、`known_hosts`、`config` 以及 sshd 读取公钥的其他位置的属主和权限；`ssh` 的输出。除查看 journal 外不需要 root 权限。";
        cure "On the node that is named. The first command, as root, only if a file belongs to somebody else:
            # chown -R omm: /home/omm/.ssh
            $ chmod 700 ~/.ssh
            $ chmod 600 ~/.ssh/id_om ~/.ssh/id_om.pub ~/.ssh/authorized_keys
            $ chmod go-w ~/.ssh/known_hosts ~/.ssh/config
            The same holds for `id_rsa` and other keys of your own."
            "在指出的节点上执行。仅当文件属主是其他用户时，才需要以 root 执行第一条：
            # chown -R omm: /home/omm/.ssh
            $ chmod 700 ~/.ssh
            $ chmod 600 ~/.ssh/id_om ~/.ssh/id_om.pub ~/.ssh/authorized_keys
            $ chmod go-w ~/.ssh/known_hosts ~/.ssh/config
            `id_rsa` 等您自己的密钥也一样。";
        fix (
            "sets owner (as root) and mode of exactly the files that are named. A node that it cannot enter by password gets commands for its console.",
            "更正所列文件的权限；有 root 权限时也更正属主。用密码也无法进入的节点，打印在控制台上执行的命令。",
        );
        prevention "Leave `~/.ssh` to the user alone. Copy it with `cp -p` or `rsync -a`, so that owner and mode stay. If a private key was readable by others, make a new one."
            "`~/.ssh` 只由该用户自己使用。拷贝时用 `cp -p` 或 `rsync -a`，保持属主和权限。私钥曾被他人可读时，应更换密钥。";
    }
    KNOWN_HOSTS_CONFLICT {
        title "The host key on record is missing, or is not the node's" "known_hosts 缺少节点的主机密钥，或记录与节点不符";
        symptom "`ssh` warns and stops.
            | WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!
            | Offending ED25519 key in /home/omm/.ssh/known_hosts:7
            | Host key verification failed.
            Or, where the record is gone:
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking.
            | Host key verification failed."
            "`ssh` 发出警告并停止。
            | WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!
            | Offending ED25519 key in /home/omm/.ssh/known_hosts:7
            | Host key verification failed.
            记录丢失时则是：
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking.
            | Host key verification failed.";
        causes "- The node was installed anew, or its host keys were made anew.
            - The address or the name now belongs to another machine.
            - `known_hosts` was copied from another cluster, or deleted.
            - Somebody stands between the machines and reads along. It is rare, and the reason why nobody should just delete the line."
            "- 节点重装过，或重新生成过主机密钥。
            - 该 IP 或主机名现在属于另一台机器。
            - `known_hosts` 是从别的集群拷贝来的，或被删除了。
            - 有人在中间截听。这很少见，但正因为如此，不能一删了之。";
        seen "The key that the node presents is compared with every entry for its address and its name, hashed ones too, in `~/.ssh/known_hosts`, `~/.ssh/known_hosts2` and `/etc/ssh/ssh_known_hosts` of each calling node. If the node can be entered otherwise, its own `/etc/ssh/ssh_host_*_key.pub` is the proof. Root is not needed."
            "将节点出示的密钥，与每个发起登录的节点上 `~/.ssh/known_hosts`、`~/.ssh/known_hosts2`、`/etc/ssh/ssh_known_hosts` 中该 IP 和主机名的全部记录（包括哈希过的）比较。能以其他方式进入该节点时，以它自己的 `/etc/ssh/ssh_host_*_key.pub` 为准。不需要 root 权限。";
        cure "Find out first which key is right. At the console of the called node:
            # ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
            Is it the fingerprint that `ssh` shows? Then, on the calling node, take the old entry away and set up trust again, which records the new one:
            $ ssh-keygen -R 10.0.0.3
            $ gs_sshexkey -f HOSTFILE
            With another port than 22 the name is `'[10.0.0.3]:2222'`. For the file of the whole system add `-f /etc/ssh/ssh_known_hosts`, as root.
            If the fingerprint is another one, do not log in: find out what machine answers there.
            A key that is marked `@revoked` was withdrawn on purpose. Do not remove the mark: give the node new host keys."
            "先弄清哪个密钥是对的。在被登录节点的控制台上执行：
            # ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
            与 `ssh` 显示的指纹一致时，在发起登录的节点上删除旧记录，再重新建立互信，写入新记录：
            $ ssh-keygen -R 10.0.0.3
            $ gs_sshexkey -f HOSTFILE
            端口不是 22 时，名称写作 `'[10.0.0.3]:2222'`。记录在系统级文件中时，以 root 加上 `-f /etc/ssh/ssh_known_hosts`。
            指纹不一致时不要登录：请查明该地址上是哪台机器。
            标记为 `@revoked` 的密钥是有意吊销的。不要去掉标记：请为该节点重新生成主机密钥。";
        fix (
            "replaces exactly the entries of that node, and adds those that are missing, if its key is confirmed over a second way: the machine that doctor runs on, or another node that it entered, has that very key on record. If it is not, doctor shows both fingerprints and changes nothing until you say `--accept-host-key NODE`. It never touches a key that is `@revoked`.",
            "如果节点的密钥能由第二条途径确认（doctor 所在的机器，或它进入的另一个节点上，已有这个密钥的记录），则只替换该节点的记录，并补上缺失的记录。不能确认时，显示新旧两个指纹，不做修改，直到您指定 `--accept-host-key NODE`。绝不碰标记为 `@revoked` 的密钥。",
        );
        prevention "Keep `/etc/ssh/ssh_host_*` when a node is installed anew, or set up trust again at once. Do not set `StrictHostKeyChecking no`: it hides this and does not cure it."
            "重装节点时保留 `/etc/ssh/ssh_host_*`，或重装后立即重新建立互信。不要设置 `StrictHostKeyChecking no`：它只是掩盖问题。";
    }
    KEY_MISMATCH {
        title "The public key is not the one that the peer knows" "公钥不匹配";
        symptom "All files and modes are right, and the key is refused all the same.
            | omm@10.0.0.3: Permission denied (publickey,password)."
            "文件和权限都没有问题，公钥仍被拒绝。
            | omm@10.0.0.3: Permission denied (publickey,password).";
        causes "- The line was deleted from `authorized_keys`, or the file was replaced as a whole by some other tool.
            - `ssh-keygen` made a new pair on one node.
            - Private and public file do not belong together: `ssh` offers the public one and cannot sign.
            - The agent holds the key of an earlier set-up."
            "- `authorized_keys` 中的该行被删除，或整个文件被其他工具覆盖。
            - 在某个节点上用 `ssh-keygen` 重新生成了密钥。
            - 私钥文件与公钥文件不是一对：`ssh` 提供了公钥却无法签名。
            - agent 持有的是以前的密钥。";
        seen "The calling node's `id_om.pub` is looked for in `authorized_keys` of the called node, where that sshd looks. The private file, the public file and the agent (`ssh-add -l`) are compared by fingerprint. Root is not needed for this."
            "在被登录节点的 `authorized_keys`（以该 sshd 实际读取的位置为准）中查找发起登录的节点的 `id_om.pub`；按指纹比较私钥文件、公钥文件和 agent（`ssh-add -l`）。不需要 root 权限。";
        cure "Set up trust again; it puts back what is missing and leaves all other lines alone:
            $ gs_sshexkey -f HOSTFILE
            By hand: compare the fingerprint on the calling node with those on the called node, and append the missing line.
            $ ssh-keygen -lf ~/.ssh/id_om.pub
            $ ssh-keygen -lf ~/.ssh/authorized_keys
            openGauss's document deletes all of `~/.ssh` and begins anew. That also deletes keys of other people and is never needed here."
            "重新建立互信，会补上缺失的内容，其他行保持不动：
            $ gs_sshexkey -f HOSTFILE
            手工处理：比较发起登录的节点上的指纹与被登录节点上的指纹，把缺失的一行追加进去。
            $ ssh-keygen -lf ~/.ssh/id_om.pub
            $ ssh-keygen -lf ~/.ssh/authorized_keys
            openGauss 文档的做法是删除 `~/.ssh` 下的所有文件再重建。这会连同他人的公钥一起删除，这里不需要这样做。";
        fix (
            "puts the missing key back, rebuilds a pair that does not belong together, and gives the agent the right key. A key that all nodes share comes from the healthy nodes; a node's own is made anew if it is lost, and all let it in. Keys that you made yourself (`id_rsa` and the like) and options before a key in `authorized_keys` are left to you. A node that it cannot enter by password gets commands for its console.",
            "补上缺失的公钥，更正不成对的文件，并让 agent 加载正确的私钥。共用的密钥取自正常的节点；节点自己的密钥丢失时生成新的，并让所有节点接受它。您自己生成的密钥（`id_rsa` 等）、`authorized_keys` 中公钥前的选项由您处理。用密码也无法进入的节点，打印在控制台上执行的命令。",
        );
        prevention "Tools that write `authorized_keys` have to append, not replace. Make keys of your own under another name than `id_om`."
            "写 `authorized_keys` 的工具应追加，而不是覆盖。自己生成密钥时，不要使用 `id_om` 这个文件名。";
    }
}
