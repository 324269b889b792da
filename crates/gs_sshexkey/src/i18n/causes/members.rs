//! Who is trusted, against who is listed.

use super::causes;

causes! {
    MEMBERS_DIFFER {
        title "The nodes that are trusted are not those of the list" "互信中的节点与主机列表不一致";
        symptom "Trust works. But a node that is not in the list can still log in to those that are; or a node of the list is not known to others, and calls from or to it may ask for a password."
            "互信可用。但不在列表中的节点仍能登录列表中的节点；或者列表中的某个节点不为其他节点所知，与它之间的登录可能需要密码。";
        causes "- A node left the cluster, and only the hostfile was edited.
            - A node was written into the hostfile, and trust was not extended to it.
            - The hostfile names a part of the cluster, on purpose or by mistake.
            - Trust was set up over other lists on some nodes."
            "- 节点已退出集群，但只修改了主机列表文件。
            - 主机列表文件中加入了节点，但没有把互信扩展到该节点。
            - 主机列表文件只列出了集群的一部分，可能是有意的，也可能是疏漏。
            - 部分节点上曾用另外的列表建立互信。";
        seen "The block of the tool in `~/.ssh/config` on each node names the nodes of earlier runs; it is compared with the description of the cluster. An address that a listed node has besides is no other node. Root is not needed."
            "各节点 `~/.ssh/config` 中本工具的配置段列出了以前各次执行的节点，将它与集群描述比较。列表中节点自己的其他地址不算另外的节点。不需要 root 权限。";
        cure "If the list names only a part of the cluster on purpose, there is nothing to do: give doctor the whole list.
            A node that left the cluster; HOSTFILE lists it still:
            $ gs_sshexkey shrink -f HOSTFILE --remove 10.0.0.4
            A node that belongs to it; HOSTFILE lists the cluster with or without it:
            $ gs_sshexkey expand -f HOSTFILE --add 10.0.0.4"
            "如果列表有意只列出集群的一部分，则无需处理：请给 doctor 完整的列表。
            节点已退出集群时（HOSTFILE 中仍列有该节点）：
            $ gs_sshexkey shrink -f HOSTFILE --remove 10.0.0.4
            节点属于集群时（HOSTFILE 中有无该节点均可）：
            $ gs_sshexkey expand -f HOSTFILE --add 10.0.0.4";
        fix (
            "prints the command: who belongs to the cluster is your decision.",
            "只打印命令：哪些节点属于集群由您决定。",
        );
        prevention "Let nodes come with `expand` and go with `shrink`, and keep the list that they print."
            "用 `expand` 加入节点，用 `shrink` 移除节点，并保存它们打印的列表。";
    }
    NO_TRUST {
        title "Trust was never made between these nodes" "这些节点之间从未建立过互信";
        symptom "Every call between the nodes fails, by an unknown host key or by a key that is refused.
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking."
            "节点之间的登录全部失败：主机密钥未知，或密钥被拒绝。
            | No ED25519 host key is known for 10.0.0.3 and you have requested strict checking.";
        causes "- The nodes are new, or were all reinstalled.
            - Trust was made for another user than the one that is looked at.
            - It was taken away (`gs_sshexkey revoke`)."
            "- 节点是新的，或全部重装过。
            - 互信是为另一个用户建立的。
            - 互信已被撤销（`gs_sshexkey revoke`）。";
        seen "No node has a key or a file of the tool, none lets in a key that another node comes with, and no pair works. Root is not needed."
            "所有节点上都没有本工具的密钥和文件，没有节点接受其他节点的密钥，也没有任何节点对正常。不需要 root 权限。";
        cure "See whether something stands in the way, then set trust up:
            $ gs_sshexkey doctor --preflight -f HOSTFILE
            $ gs_sshexkey -f HOSTFILE"
            "先检查有没有妨碍建立互信的问题，然后建立：
            $ gs_sshexkey doctor --preflight -f HOSTFILE
            $ gs_sshexkey -f HOSTFILE";
        fix (
            "prints the command: who is to trust whom is your decision.",
            "只打印命令：哪些节点之间建立互信由您决定。",
        );
        prevention "Look at the user that is named in the first line of what doctor says."
            "注意 doctor 输出第一行中的用户名。";
    }
}
