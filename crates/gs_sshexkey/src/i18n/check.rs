//! What `check` says at a terminal.

use super::messages;

messages! {
    /// A message of `check`.
    Message {
        // The head.
        HeadIp { user, nodes, pairs }
            "SSH trust of {user}: {nodes} nodes, {pairs} pairs, called by IP address"
            "用户 {user} 的互信：{nodes} 个节点，{pairs} 个节点对，按 IP 登录";
        HeadName { user, nodes, pairs }
            "SSH trust of {user}: {nodes} nodes, {pairs} pairs, called by host name"
            "用户 {user} 的互信：{nodes} 个节点，{pairs} 个节点对，按主机名登录";
        HeadBoth { user, nodes, pairs }
            "SSH trust of {user}: {nodes} nodes, {pairs} pairs, called by IP address and by host name"
            "用户 {user} 的互信：{nodes} 个节点，{pairs} 个节点对，按 IP 和主机名登录";
        Sampled { pairs, all, seed }
            "Sampled: {pairs} of {all} pairs (--seed {seed} takes the same again, --verify all takes each)."
            "抽样检查：共 {all} 个节点对，检查其中 {pairs} 个（--seed {seed} 可重复本次抽样，--verify all 检查全部）。";
        // The picture.
        Corner {} "from \\ to" "从 \\ 到";
        TwoWays {}
            "two signs a pair: called by address, called by name"
            "每对两个符号：前一个按 IP，后一个按主机名";
        AllReach { nodes }
            "every node reaches every other: {nodes}"
            "所有节点都能互相登录：{nodes}";
        OneNode { nodes }
            "one node, no pairs: {nodes}"
            "只有一个节点，没有节点对：{nodes}";
        Others { count }
            "{count} other nodes"
            "其余 {count} 个节点";
        AllBut { count, nodes } "all but {nodes} ({count} nodes)" "除 {nodes} 外的全部（{count} 个节点）";
        AllButSome { count, rest } "all but {rest} ({count} nodes)" "除 {rest} 个以外的全部（{count} 个节点）";
        NodeCount { count }
            "{count} nodes"
            "{count} 个节点";
        KeyWorks {} "works" "正常";
        KeySlow {} "works, but slow" "正常但慢";
        KeyBroken {} "broken" "不通";
        KeyThrottled {} "turned away as one too many" "因连接过多被拒";
        KeyUnseen {} "not tried" "未检查";
        KeyMixed {} "some work, some do not" "部分不通";
        KeyItself {} "itself" "自身";
        // Troubles.
        Troubles {} "What is wrong:" "问题：";
        NobodyReaches { nodes } "no node reaches {nodes}" "所有节点都无法登录 {nodes}";
        NobodyReachesByName { nodes }
            "no node reaches {nodes} by name"
            "所有节点都无法按主机名登录 {nodes}";
        NobodyReachesByIp { nodes }
            "no node reaches {nodes} by address"
            "所有节点都无法按 IP 登录 {nodes}";
        ReachesNobody { nodes } "{nodes}: reaches no other node" "{nodes} 无法登录其他任何节点";
        ReachesNobodyByName { nodes }
            "{nodes}: reaches no other node by name"
            "{nodes} 无法按主机名登录其他任何节点";
        ReachesNobodyByIp { nodes }
            "{nodes}: reaches no other node by address"
            "{nodes} 无法按 IP 登录其他任何节点";
        DoesNotReach { from, to } "{from} cannot reach {to}" "{from} 无法登录 {to}";
        DoesNotReachByName { from, to }
            "{from} cannot reach {to} by name"
            "{from} 无法按主机名登录 {to}";
        DoesNotReachByIp { from, to }
            "{from} cannot reach {to} by address"
            "{from} 无法按 IP 登录 {to}";
        OneWay {} "One way: the other direction works." "单向不通：反方向正常。";
        Counted { what, count } "{what}: {count} pairs" "{what}：{count} 对";
        Likely { cause } "Likely: {cause}" "可能原因：{cause}";
        SaidOn { from, to }
            "ssh on {from}, calling {to}, said:"
            "{from} 上的 ssh 登录 {to} 时输出：";
        SaidNothing { from, to }
            "ssh on {from}, calling {to}, said nothing."
            "{from} 上的 ssh 登录 {to} 时没有任何输出。";
        MoreTroubles { count }
            "... and {count} more: see --json or --html FILE."
            "……另有 {count} 个问题，见 --json 或 --html FILE。";
        // Nodes.
        NotEntered {} "Could not be entered, so they called nobody:" "无法登录的节点（因此没有从它们发起检查）：";
        Lost {} "The connection was lost on the way:" "检查途中失去连接的节点：";
        LostWhat { nodes, count }
            "{nodes}: {count} pairs were not tried"
            "{nodes}：{count} 个节点对未检查";
        Names {} "Host names that need attention:" "需要关注的主机名：";
        NameDiffers { node, is, described }
            "{node} calls itself {is}; the description says {described}"
            "{node} 的实际主机名是 {is}，描述中是 {described}";
        NameUnknown { node }
            "{node}: not called by name: it could not be entered, and no other node knows its name"
            "{node}：未按主机名登录：该节点无法登录，其他节点也不知道它的主机名";
        NameInvalid { node, name }
            "{node}: not called by name: its host name '{name}' cannot be used (hostnamectl set-hostname NAME)"
            "{node}：未按主机名登录：主机名“{name}”不可用（请执行 hostnamectl set-hostname 主机名）";
        NameDuplicate { node, name }
            "{node}: not called by name: another node has the host name '{name}' too (hostnamectl set-hostname NAME)"
            "{node}：未按主机名登录：另一个节点的主机名也是“{name}”（请执行 hostnamectl set-hostname 主机名）";
        NameMissing { node, described }
            "{node}: its host name is not known; the description says {described}"
            "{node} 的实际主机名未知，描述中是 {described}";
        SlowPairs {} "Slow:" "较慢的节点对：";
        SlowPair { from, to, seconds } "{from} -> {to}  {seconds} s" "{from} -> {to}  {seconds} 秒";
        MoreSlow { count } "... and {count} more" "……另有 {count} 对";
        MoreLines { count } "... and {count} more" "……另有 {count} 项";
        // The verdict.
        AllWork { works, nodes, seconds }
            "All {works} pairs of {nodes} nodes work. It took {seconds} s."
            "{nodes} 个节点之间的 {works} 个节点对互信全部正常，用时 {seconds} 秒。";
        AllSampledWork { works, all, nodes, seconds }
            "All {works} sampled pairs of {nodes} nodes work; there are {all}. It took {seconds} s."
            "{nodes} 个节点共有 {all} 个节点对，抽查的 {works} 个全部正常，用时 {seconds} 秒。";
        NothingToCheck { seconds }
            "There is no pair to check. It took {seconds} s."
            "没有需要检查的节点对，用时 {seconds} 秒。";
        FirstFault { count, total, what }
            "{count} of {total} pairs {what}"
            "{total} 个节点对中有 {count} 个{what}";
        NextFault { count, what } "{count} {what}" "{count} 个{what}";
        IsBroken {} "does not work" "不通";
        WasThrottled {} "was turned away by a busy server at every try" "因服务器连接过多，每次都被拒";
        WasUnseen {} "was not tried" "未检查";
        AreBroken {} "do not work" "不通";
        AreThrottled {} "were turned away by busy servers at every try" "因服务器连接过多，每次都被拒";
        AreUnseen {} "were not tried" "未检查";
        Took { what, seconds } "{what}. It took {seconds} s." "{what}，用时 {seconds} 秒。";
        // The progress bar.
        Bar { bar, done, total, rate, left }
            "{bar} {done}/{total} pairs  {rate}/s  {left} left"
            "{bar} {done}/{total} 对  {rate} 对/秒  剩余 {left}";
        BarBroken { count } "{count} broken" "{count} 对不通";
    }
}
