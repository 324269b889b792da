//! What `expand` says at a terminal.

use super::messages;

messages! {
    /// A message of `expand`.
    ExpandText {
        Already { nodes }
            "In the list already, so there is nothing to add for it: {nodes}."
            "已在列表中，无需加入：{nodes}。";
        Added { user, nodes }
            "Added to the trust of {user}: {nodes}."
            "已加入用户 {user} 的互信：{nodes}。";
        Stands { user, nodes }
            "Nothing was to be added; the trust of {user} stands on {nodes}."
            "没有需要加入的节点；以下节点上用户 {user} 的互信正常：{nodes}。";
        Unchanged {} "All files were as they have to be: nothing was changed." "所有文件都已正确，未做任何修改。";
        Works { pairs, called, derived }
            "works: {pairs} pairs ({called} called, {derived} derived: the same call by name)"
            "可用：{pairs} 对（实际登录 {called} 对，按主机名推得 {derived} 对）";
        ProvenNew {}
            "Proven were the pairs of nodes that came or were mended. For all: --verify all, or gs_sshexkey check."
            "只验证了与新加入或被修复的节点有关的各对。要验证全部，请用 --verify all，或执行 gs_sshexkey check。";
        ProvenAll {} "Proven were all pairs of the cluster." "已验证集群中的所有节点对。";
        List {}
            "The list from now on. No hostfile was edited; write it into yours:"
            "今后的主机列表如下。没有修改任何主机列表文件，请自行写入：";
        WouldList {} "The list would be:" "加入后的主机列表：";
        NothingChanged {} "Nothing was changed." "未做任何修改。";
    }
}
