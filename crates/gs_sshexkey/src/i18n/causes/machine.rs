//! The machine as a whole: its identity, clock and cryptography.

use super::{PRINTS, causes};

causes! {
    CLONED_NODE {
        title "Two nodes are copies of one machine" "节点是同一台机器的克隆";
        symptom "Two nodes have the same host key, machine-id or host name; one seems to answer for the other, and `known_hosts` cannot tell them apart."
            "两个节点的主机密钥、machine-id 或主机名相同；一个节点看起来像在替另一个应答，`known_hosts` 无法区分。";
        causes "The nodes were made from one image or snapshot that already had `/etc/ssh/ssh_host_*`, `/etc/machine-id` and `/etc/hostname`."
            "这些节点由同一镜像或快照生成，镜像中已经带有 `/etc/ssh/ssh_host_*`、`/etc/machine-id` 和 `/etc/hostname`。";
        seen "Host keys, `/etc/machine-id` and `uname -n` of all nodes are compared. Root is not needed."
            "比较所有节点的主机密钥、`/etc/machine-id` 和 `uname -n`。不需要 root 权限。";
        cure "On all of the copies but one; existing sessions go on:
            # rm /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
            # ssh-keygen -A
            # rm /etc/machine-id && systemd-machine-id-setup
            # hostnamectl set-hostname node2
            R# systemctl restart sshd
            D# systemctl restart ssh
            Reboot the node when you can, for the new machine-id, and set up trust again. It stops at the changed host keys; confirm them as told under `known-hosts-conflict`."
            "保留一个，在其余克隆上执行（已有会话不受影响）：
            # rm /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
            # ssh-keygen -A
            # rm /etc/machine-id && systemd-machine-id-setup
            # hostnamectl set-hostname node2
            R# systemctl restart sshd
            D# systemctl restart ssh
            方便时重启该节点，使新的 machine-id 生效，然后重新建立互信。主机密钥变了，会因此停止；请按 `known-hosts-conflict` 中的办法确认。";
        fix PRINTS;
        prevention "Before an image is made, delete the host keys and empty `/etc/machine-id`; both are made anew at the first boot."
            "制作镜像之前删除主机密钥，清空 `/etc/machine-id`，首次启动时会重新生成。";
    }
    FIPS_NO_ED25519 {
        title "FIPS mode forbids Ed25519 keys" "FIPS 模式不允许 Ed25519 密钥";
        symptom "The key cannot be made, used or accepted on some nodes.
            | ED25519 keys are not allowed in FIPS mode"
            "在部分节点上该密钥无法生成、使用或被接受。
            | ED25519 keys are not allowed in FIPS mode";
        causes "The node's kernel runs in FIPS mode, and its OpenSSH takes ECDSA and RSA only. It may have been switched on after trust was made."
            "该节点的内核运行在 FIPS 模式，其 OpenSSH 只接受 ECDSA 和 RSA。可能是建立互信之后才开启的。";
        seen "`/proc/sys/crypto/fips_enabled` is 1, and the cluster's key is Ed25519. Root is not needed."
            "`/proc/sys/crypto/fips_enabled` 为 1，而集群密钥是 Ed25519。不需要 root 权限。";
        cure "Set up trust again with a key that all nodes take. A new set-up with a node in FIPS mode chooses it by itself.
            $ gs_sshexkey -f HOSTFILE --key-type ecdsa"
            "用所有节点都接受的密钥重新建立互信。有节点处于 FIPS 模式时，新建互信会自动选择。
            $ gs_sshexkey -f HOSTFILE --key-type ecdsa";
        fix (
            "prints the command: a new key for the whole cluster is your decision.",
            "只打印命令：为整个集群更换密钥由您决定。",
        );
        prevention "Switch FIPS mode on or off on all nodes together, before trust is made."
            "在建立互信之前，统一开启或关闭所有节点的 FIPS 模式。";
    }
    NO_COMMON_ALGORITHM {
        title "The two sides share no algorithm" "双方没有共同支持的算法";
        symptom "The connection ends in the handshake.
            | Unable to negotiate with 10.0.0.3 port 22: no matching host key type found. Their offer: ssh-rsa
            It may be the key exchange method, the cipher or the MAC as well."
            "连接在握手时中断。
            | Unable to negotiate with 10.0.0.3 port 22: no matching host key type found. Their offer: ssh-rsa
            也可能是密钥交换方法、加密算法或 MAC。";
        causes "- One side is much older than the other.
            - One side was hardened: `Ciphers`, `KexAlgorithms`, `MACs`, `HostKeyAlgorithms` in its configuration, or a stricter crypto policy."
            "- 双方版本相差太大。
            - 其中一方做过安全加固：配置了 `Ciphers`、`KexAlgorithms`、`MACs`、`HostKeyAlgorithms`，或使用了更严的加密策略。";
        seen "The offer that `ssh` names; what the caller allows (`ssh -G`), and, as root, the called node (`sshd -T`)."
            "`ssh` 列出的对方所支持的算法；发起方允许的算法（`ssh -G`）；root 可见的被登录节点的 `sshd -T`。";
        cure "See both sides:
            $ ssh -G 10.0.0.3 | grep -iE 'algorithms|ciphers|macs'
            # sshd -T | grep -iE 'algorithms|ciphers|macs'
            Then let the stricter side allow one that both know, best the newer one; on systems with crypto policies:
            R# update-crypto-policies --show
            R# update-crypto-policies --set DEFAULT
            An old sshd that has only `ssh-rsa` should get another host key: `ssh-keygen -A`, then restart it."
            "查看双方支持的算法：
            $ ssh -G 10.0.0.3 | grep -iE 'algorithms|ciphers|macs'
            # sshd -T | grep -iE 'algorithms|ciphers|macs'
            然后在限制较严的一方允许一个双方都支持的算法，最好是较新的。使用系统加密策略时：
            R# update-crypto-policies --show
            R# update-crypto-policies --set DEFAULT
            只有 `ssh-rsa` 的老版本 sshd，应另外生成主机密钥：执行 `ssh-keygen -A` 后重启。";
        fix PRINTS;
        prevention "Update and harden all nodes in the same way."
            "所有节点采用同样的版本和加固措施。";
    }
    CLOCK_SKEW {
        title "The clocks of the nodes differ" "节点之间时间不一致";
        symptom "Certificates, the expiry of keys and the age of passwords are misjudged; times in the logs of two nodes do not fit together. Plain keys work all the same."
            "证书、密钥有效期和密码期限的判断出错；两个节点日志的时间对不上。普通密钥登录不受影响。";
        causes "No service keeps the time; it cannot reach its servers; or a virtual machine slept."
            "没有时间同步服务；同步服务连不上服务器；或虚拟机挂起过。";
        seen "`date +%s` of all nodes, each against the coordinator's clock before and after the answer; more than 60 seconds from the others is told. Root is not needed."
            "各节点的 `date +%s`，与执行命令的机器在应答前后的时钟比较；与其他节点相差超过 60 秒即指出。不需要 root 权限。";
        cure "On the nodes whose time is wrong:
            R# systemctl enable --now chronyd
            D# systemctl enable --now systemd-timesyncd
            See that it is right now:
            # timedatectl
            Step a clock under a running database only after a look at its manual."
            "在时间不对的节点上执行：
            R# systemctl enable --now chronyd
            D# systemctl enable --now systemd-timesyncd
            查看是否已经正确：
            # timedatectl
            数据库运行时调整时间之前，请先查阅数据库的说明。";
        fix PRINTS;
        prevention "Let all nodes take the time from the same servers."
            "所有节点使用相同的时间服务器。";
    }
    NAME_DIFFERS {
        title "The host name is not the one in the cluster's description" "主机名与集群描述中的不一致";
        symptom "openGauss's programs do not find their entry in the XML file on that node; trust by name goes to the wrong name."
            "该节点上 openGauss 的程序在 XML 文件中找不到自己的条目；按主机名的互信对应了错误的名称。";
        causes "- The node was renamed, or DHCP or cloud-init sets its name at each boot.
            - A mistake in the XML file or the inventory; capitals count."
            "- 节点改过名，或每次启动时由 DHCP、cloud-init 设置主机名。
            - XML 文件或清单中写错；区分大小写。";
        seen "`uname -n` of each node against the name in the description. Root is not needed."
            "各节点的 `uname -n` 与描述中的名称比较。不需要 root 权限。";
        cure "Correct the description, or rename the node:
            # hostnamectl set-hostname node3
            Where cloud-init would change it again, set in `/etc/cloud/cloud.cfg`:
            | preserve_hostname: true
            Then set up trust again, so that `known_hosts` and `/etc/hosts` have the new name."
            "更正描述，或修改节点的主机名：
            # hostnamectl set-hostname node3
            cloud-init 会再次修改时，在 `/etc/cloud/cloud.cfg` 中设置：
            | preserve_hostname: true
            然后重新建立互信，使 `known_hosts` 和 `/etc/hosts` 使用新名称。";
        fix (
            "prints the command. It does not rename a machine.",
            "只打印命令，不修改主机名。",
        );
        prevention "Choose the names before openGauss is installed."
            "在安装 openGauss 之前确定主机名。";
    }
}
