//! The way between the nodes, and what stays without a cause.

use super::{PRINTS, causes};

causes! {
    DUPLICATE_IP {
        title "Two machines answer for one address" "IP 地址冲突";
        symptom "The host key changes from try to try; sessions break off.
            | WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"
            "每次尝试看到的主机密钥不一样，会话时常中断。
            | WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!";
        causes "- A second machine was given the same address, by hand or by DHCP.
            - A floating address (VIP) is up on two nodes at once.
            - A clone that still has the address of the original."
            "- 另一台机器被手工或由 DHCP 分配了同一地址。
            - 浮动 IP（VIP）同时在两个节点上生效。
            - 克隆出来的机器仍带着原来的地址。";
        seen "Another node has the address on an interface of its own (`ip addr`); or the nodes know different hardware addresses for it (`ip neigh`); or the address presents different host keys within one run. Root is not needed."
            "另一个节点的接口上也有该地址（`ip addr`）；或各节点记录的该地址的 MAC 地址不同（`ip neigh`）；或一次运行中该地址先后出示不同的主机密钥。不需要 root 权限。";
        cure "From another machine of the same network; two hardware addresses in the answers are the proof:
            # arping -I eth0 -c 5 10.0.0.3
            $ ip neigh show 10.0.0.3
            Take the address away from the machine that should not have it, then:
            # ip neigh flush to 10.0.0.3
            Do not delete entries of `known_hosts` before this is cured."
            "在同一网络的另一台机器上执行；应答中出现两个 MAC 地址就是冲突：
            # arping -I eth0 -c 5 10.0.0.3
            $ ip neigh show 10.0.0.3
            从不该使用该地址的机器上去掉它，然后：
            # ip neigh flush to 10.0.0.3
            解决之前不要删除 `known_hosts` 中的记录。";
        fix PRINTS;
        prevention "Reserve the nodes' addresses in DHCP, or keep them out of its range. List nodes by addresses of their own, not by a floating one."
            "在 DHCP 中为节点保留地址，或把它们排除在地址池之外。节点列表中使用节点自己的地址，不要使用浮动 IP。";
    }
    HOSTS_MAPPING {
        title "A node's name leads to a wrong address or nowhere" "主机名解析错误或无法解析";
        symptom "By address it works, by name it does not, or `ssh` lands on another machine.
            | ssh: Could not resolve hostname node3: Name or service not known"
            "按 IP 可以登录，按主机名不行，或登录到了别的机器。
            | ssh: Could not resolve hostname node3: Name or service not known";
        causes "- The lines in `/etc/hosts` were removed, or are missing because trust was set up by a user other than root.
            - A line above has the same name with an old address: the first counts. Debian gives the machine's own name the address 127.0.1.1.
            - `/etc/hosts` cannot be read by the user (mode 600).
            - `/etc/nsswitch.conf` asks a name server first, which knows another address."
            "- `/etc/hosts` 中的行被删除；或因为不是以 root 建立互信，从来没有写入。
            - 前面有一行同名而地址是旧的：以最先出现的为准。Debian 会把本机主机名对应到 127.0.1.1。
            - 用户读不了 `/etc/hosts`（权限 600）。
            - `/etc/nsswitch.conf` 先查 DNS，而 DNS 中是另一个地址。";
        seen "`getent ahosts NAME` for each name on each node, and the lines and the mode of `/etc/hosts`. Root is not needed."
            "每个节点上对每个主机名执行 `getent ahosts`，以及 `/etc/hosts` 的内容和权限。不需要 root 权限。";
        cure "On the calling node:
            $ getent ahosts node3
            # chmod 644 /etc/hosts
            Correct or delete the wrong line of `/etc/hosts`. Then let root's set-up write the mapping of all nodes, or write it by hand:
            | 10.0.0.3  node3"
            "在发起登录的节点上执行：
            $ getent ahosts node3
            # chmod 644 /etc/hosts
            更正或删除 `/etc/hosts` 中错误的行。然后以 root 建立互信，写入所有节点的映射，或手工写入：
            | 10.0.0.3  node3";
        fix (
            "as root, writes the tool's own lines of `/etc/hosts` again and sets mode 644. Lines of others it shows and does not delete.",
            "有 root 权限时，重新写入 `/etc/hosts` 中本工具自己的行，并把权限设为 644。他人的行只指出，不删除。",
        );
        prevention "Keep the lines with `#Gauss OM IP Hosts Mapping`. Set up trust again after a node's address has changed."
            "保留带 `#Gauss OM IP Hosts Mapping` 的行。节点地址变化后重新建立互信。";
    }
    MTU {
        title "Large packets are lost on the way" "网络中大包被丢弃（MTU 不一致）";
        symptom "The port answers, and then the login hangs; `ping` works.
            `ssh -v` stops at:
            | debug1: expecting SSH2_MSG_KEX_ECDH_REPLY"
            "端口有应答，随后登录卡住；`ping` 正常。
            `ssh -v` 停在：
            | debug1: expecting SSH2_MSG_KEX_ECDH_REPLY";
        causes "The MTU is larger on a node than on the way (jumbo frames, VXLAN, VPN), and a firewall drops the ICMP messages that would say so. Only the key exchange is large enough to show it."
            "节点的 MTU 大于途经网络的（巨帧、VXLAN、VPN），而防火墙又丢弃了本应通知的 ICMP 报文。只有密钥交换的报文大到足以暴露问题。";
        seen "The handshake stops in the key exchange, and `ping -M do -s` fails from a size on, in one direction or both. Root is not needed."
            "握手停在密钥交换，且 `ping -M do -s` 超过某个大小就不通（单向或双向）。不需要 root 权限。";
        cure "Find the size that goes through; 1472 is that of an MTU of 1500:
            $ ping -c 2 -M do -s 1472 10.0.0.3
            $ ip link show
            Set the same MTU on the nodes and on the switch between them, and allow ICMP `fragmentation needed`:
            # ip link set dev eth0 mtu 1450
            This lasts until the reboot: write it into the configuration of the network too."
            "找出能通过的大小；1472 对应 MTU 1500：
            $ ping -c 2 -M do -s 1472 10.0.0.3
            $ ip link show
            在各节点和交换机上设置相同的 MTU，并放行 ICMP `fragmentation needed`：
            # ip link set dev eth0 mtu 1450
            该命令重启后失效，还要写入网络配置。";
        fix PRINTS;
        prevention "Test the way with `ping -M do` whenever the network is changed."
            "每次网络变更之后用 `ping -M do` 验证。";
    }
    NODE_DOWN {
        title "The machine is down, or cut off from the network" "机器已关机，或与网络断开";
        symptom "No answer of any kind, from any node.
            | ssh: connect to host 10.0.0.3 port 22: No route to host
            | ssh: connect to host 10.0.0.3 port 22: Connection timed out"
            "所有节点都得不到任何应答。
            | ssh: connect to host 10.0.0.3 port 22: No route to host
            | ssh: connect to host 10.0.0.3 port 22: Connection timed out";
        causes "- It is off, hangs, or is just rebooting.
            - A cable, a switch, a VLAN or a route is missing.
            - The address in the list is wrong, or the node has another one now."
            "- 机器已关机、死机，或正在重启。
            - 网线、交换机、VLAN 或路由不通。
            - 列表中的地址写错，或节点的地址已改变。";
        seen "Neither the port nor ping nor the hardware address (`ip neigh`) answers, to the coordinator or any other node. A firewall that drops all looks the same from outside."
            "执行命令的机器和其他所有节点上，端口、ping 和 MAC 地址（`ip neigh`）都没有应答。防火墙丢弃所有报文时，从外部看是一样的。";
        cure "Look at its console or at the management of the virtual machines. If it runs, there:
            # ip address
            # ip route
            Then from another node:
            $ ping -c 3 10.0.0.3"
            "查看该节点的控制台或虚拟机管理平台。如果机器在运行，在其上执行：
            # ip address
            # ip route
            然后在另一个节点上执行：
            $ ping -c 3 10.0.0.3";
        fix PRINTS;
        prevention "Take nodes that are gone for good out of the list."
            "从列表中去掉不再使用的节点。";
    }
    ONE_WAY {
        title "One direction works, the other does not" "只有单向互信";
        symptom "A logs in to B without a password; B is refused by A or does not reach it. None of the other causes was seen."
            "A 可以免密登录 B，B 却登录不了 A，且没有看到其他任何原因。";
        causes "Each direction has its own caller, its own key, its own firewall and its own records. Most often it is a firewall that could not be read, or a setting of sshd for certain addresses (`Match`)."
            "两个方向的发起方、密钥、防火墙和记录各不相同。最常见的是没有权限查看的防火墙，或 sshd 针对某些地址的设置（`Match`）。";
        seen "The matrix of all pairs; what of the two nodes could not be seen stands beside it."
            "所有节点对的矩阵；两个节点上未能看到的内容列在旁边。";
        cure "Run doctor as root, or with a password, so that it sees more. Then by hand, on the node that calls:
            $ ssh -vv 10.0.0.3 true
            And at the same time on the called one:
            R# journalctl -fu sshd
            D# journalctl -fu ssh"
            "以 root 或提供密码运行 doctor，以便看到更多。然后在发起登录的节点上手动执行：
            $ ssh -vv 10.0.0.3 true
            同时在被登录的节点上执行：
            R# journalctl -fu sshd
            D# journalctl -fu ssh";
        fix ("changes nothing, as it does not know the cause.", "原因不明，不做任何修改。");
        prevention "Check both directions after each change of the network: `gs_sshexkey check`."
            "每次网络变更之后检查两个方向：`gs_sshexkey check`。";
    }
    UNEXPLAINED {
        title "A pair does not work, and no cause was seen" "互信不通，未发现原因";
        symptom "The words of `ssh` stand beside the finding."
            "`ssh` 的输出列在结果旁边。";
        causes "- The called node could not be entered, or its log and settings need root.
            - A cause that doctor does not know."
            "- 被登录的节点无法进入，或其日志和配置需要 root 权限。
            - doctor 不了解的原因。";
        seen "No rule fits what was seen. What was not seen is listed."
            "看到的情况不符合任何规则。未看到的内容会列出。";
        cure "Run doctor as root, or with a password, so that it sees more. Then by hand, on the node that calls:
            $ ssh -vv 10.0.0.3 true
            On the called node, a second sshd on a free port tells all that it thinks, to one caller:
            # /usr/sbin/sshd -ddd -p 2222
            $ ssh -vv -p 2222 10.0.0.3 true
            As the last resort set up trust again, which writes all that it needs:
            $ gs_sshexkey -f HOSTFILE"
            "以 root 或提供密码运行 doctor，以便看到更多。然后在发起登录的节点上手动执行：
            $ ssh -vv 10.0.0.3 true
            在被登录的节点上用空闲端口另起一个 sshd，它会对一次登录输出全部细节：
            # /usr/sbin/sshd -ddd -p 2222
            $ ssh -vv -p 2222 10.0.0.3 true
            最后的办法是重新建立互信，写入所需的全部内容：
            $ gs_sshexkey -f HOSTFILE";
        fix ("changes nothing, as it does not know the cause.", "原因不明，不做任何修改。");
        prevention "Keep the log of a run (`-l`) and tell the maintainers what it was, so that the next one is named."
            "保留运行日志（`-l`），并把最终原因告知维护者，以便下次能识别。";
    }
}
