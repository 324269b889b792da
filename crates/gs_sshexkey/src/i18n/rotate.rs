//! What `rotate` and `shrink` say at a terminal of keys that are replaced.

use super::messages;

messages! {
    /// A message of `rotate`.
    RotateText {
        // The plan.
        Head { user, nodes } "New keys for {user}: {nodes} nodes" "将为用户 {user} 更换密钥：{nodes} 个节点";
        StaysShared {} "All nodes share one key, now and afterwards." "所有节点共用一个密钥，更换后仍然共用。";
        StaysOwn {} "Each node has a key of its own, now and afterwards." "每个节点有自己的密钥，更换后仍然如此。";
        BecomesOwn {}
            "All nodes share one key now; afterwards each has its own."
            "目前所有节点共用一个密钥；更换后每个节点有自己的密钥。";
        BecomesShared {}
            "Each node has a key of its own now; afterwards all share one."
            "目前每个节点有自己的密钥；更换后所有节点共用一个密钥。";
        Finishes {}
            "An earlier replacement of the keys was interrupted when every node had its new key. It is finished: no other key is made, the old lines go. For yet another key run it again afterwards."
            "之前一次更换密钥在所有节点已换上新密钥时中断。现在完成该次更换：不再生成新密钥，只去除旧密钥的行。如需再次更换，请在完成后重新执行。";
        Old {} "The old key:" "旧密钥：";
        New {} "The new key:" "新密钥：";
        OldUnknown {}
            "No old key can be opened, so none can be tried in the end."
            "旧密钥都无法打开，因此最后无法用它尝试登录。";
        Promise {}
            "Every node is let in with the new key, and that is proven, before the old key goes: every pair works all the time. Then the old key is tried once at each node, and must be refused."
            "先让所有节点用新密钥登录并验证，之后才去除旧密钥：期间任意两个节点之间始终可以登录。最后在每个节点上用旧密钥尝试登录一次，必须被拒绝。";
        PromiseSampled {}
            "Every node is let in with the new key before the old key goes; that is proven by a sample of the pairs. Then the old key is tried once at each node, and must be refused."
            "先让所有节点用新密钥登录，并抽样验证，之后才去除旧密钥。最后在每个节点上用旧密钥尝试登录一次，必须被拒绝。";
        Ask {} "Replace the keys? [y/N] " "是否更换密钥？[y/N] ";

        // The end.
        Done { user, nodes }
            "The keys of {user} are replaced: {nodes} nodes."
            "已更换用户 {user} 的密钥：{nodes} 个节点。";
        NotDone { user }
            "The new keys of {user} work, but the old ones are not seen to be gone everywhere. Run it again."
            "用户 {user} 的新密钥可用，但未能确认旧密钥已全部去除。请重新执行。";
        Proven { pairs, refused, tried }
            "works: {pairs} pairs; refused: {refused} of {tried}"
            "可用：{pairs} 对；已拒绝：{tried} 个节点中的 {refused} 个";
        ProvenOnly { pairs }
            "works: {pairs} pairs; no old key could be opened, so no refusal was seen"
            "可用：{pairs} 对；没有能打开的旧密钥，因此未能验证是否被拒绝";
    }
}
