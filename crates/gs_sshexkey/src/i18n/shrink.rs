//! What `shrink` says at a terminal.

use super::messages;

messages! {
    /// A message of `shrink`.
    ShrinkText {
        // The plan.
        Head { user, gone, stay }
            "Nodes that leave the trust of {user}: {gone}; {stay} stay"
            "将退出用户 {user} 互信的节点：{gone} 个；保留 {stay} 个";
        Leaving {} "They leave, and their own trust is taken away:" "退出并去除其上的互信：";
        Barred {}
            "They leave, but cannot be entered, so nothing is taken away there:"
            "退出但无法登录，因此不去除其上的内容：";
        Rotates {}
            "All nodes share one key, and those that leave have it. So the nodes that stay get a new one first."
            "所有节点共用一个密钥，退出的节点也持有它。因此先为保留的节点更换密钥。";
        KeepsKey {}
            "WARNING: --keep-key: the nodes that leave, and whoever has their files, still have the key that opens every node that stays."
            "警告：使用了 --keep-key：退出的节点，以及得到其文件的任何人，仍持有可以登录所有保留节点的密钥。";
        OwnKeys {}
            "Each node has a key of its own: the nodes that stay keep theirs, and let in no other."
            "每个节点有自己的密钥：保留的节点继续使用各自的密钥，并且不再接受其他密钥。";
        GoneAlready {}
            "The nodes that stay know nothing of those that leave any more; their keys stay. If those left with --keep-key, they have the key still: gs_sshexkey rotate"
            "保留的节点上已没有退出节点的记录；密钥不变。如果当时使用了 --keep-key，退出的节点仍持有该密钥：gs_sshexkey rotate";
        Promise {}
            "The nodes that stay come first: every pair of them works all the time. When they keep that, all that they have of the others goes: keys, host keys, names. Then the nodes that leave are cleaned."
            "先处理保留的节点：期间它们之间始终可以登录。全部保留修改之后，去除它们所有关于退出节点的内容：密钥、主机密钥和名称。最后清理退出的节点。";
        Ask {} "Let these nodes leave? [y/N] " "是否让这些节点退出？[y/N] ";

        // The end.
        Done { user, gone, stay }
            "Of the trust of {user}, {gone} left: {stay} nodes stay."
            "已从用户 {user} 的互信中退出 {gone} 个节点：保留 {stay} 个。";
        NotDone { user }
            "The trust of {user} works without these nodes, but not all is seen to be done. Run it again."
            "用户 {user} 的互信在没有这些节点的情况下可用，但未能确认全部完成。请重新执行。";
        Cleaned {} "Nothing of the trust is left there:" "已去除其上的互信：";
        NotCleaned { why } "The nodes that left were not cleaned: {why}" "未能清理退出的节点：{why}";
        StillAccepts {}
            "Not entered. They keep what they have: they still let in the keys that they knew, and call whom they knew. As soon as they can be entered, run there: gs_sshexkey revoke"
            "无法登录。它们保留原有内容：仍接受原来的密钥，也仍会尝试登录原来的节点。待可以登录后，在其上执行：gs_sshexkey revoke";
        KeyStays {}
            "WARNING: the key was kept. The nodes that left, and whoever has their files, can still enter every node that stays. Against that: gs_sshexkey rotate"
            "警告：密钥没有更换。退出的节点，以及得到其文件的任何人，仍可登录所有保留的节点。应对方法：gs_sshexkey rotate";
        List {}
            "No hostfile was edited. This list holds from now on:"
            "没有修改任何主机列表文件。今后使用以下列表：";
    }
}
