//! What the page of `check --html` says.

use sshtrust::probe::{By, PairState};

use super::messages;

messages! {
    /// A text of the page.
    PageText {
        Title {} "SSH trust check" "SSH 互信检查";
        ToPairs {} "Skip to the pairs that need attention" "跳到需要关注的节点对";

        // The verdict.
        AllWork { total, nodes }
            "Trust is complete: all {total} pairs of {nodes} nodes work"
            "互信正常：{nodes} 个节点之间的 {total} 对连接全部正常";
        AllSampledWork { total, all, nodes }
            "No fault was found: all {total} sampled pairs of {nodes} nodes work; there are {all}"
            "未发现问题：{nodes} 个节点共有 {all} 对连接，抽查的 {total} 对全部可用";
        AllWorkSomeSlow { total, nodes, slow }
            "Trust is complete: all {total} pairs of {nodes} nodes work, but {slow} slowly"
            "互信正常：{nodes} 个节点之间的 {total} 对连接全部可用，其中 {slow} 对缓慢";
        SomeBroken { broken, total }
            "Trust is broken: {broken} of {total} pairs do not work"
            "互信异常：{total} 对连接中有 {broken} 对不通";
        SomeUnknown { unknown, total }
            "Trust is not proven: {unknown} of {total} pairs could not be judged"
            "互信无法确认：{total} 对连接中有 {unknown} 对无法判断";
        NoPairs {} "There was no pair to check" "没有需要检查的节点对";

        // The facts.
        Facts {} "What was checked" "检查内容";
        NodesLabel {} "Nodes" "节点数";
        UserLabel {} "User" "用户";
        CalledLabel {} "Called by" "连接方式";
        SampledLabel {} "Pairs" "节点对";
        Sampled { pairs, all, seed }
            "sampled: {pairs} of {all} (--seed {seed})"
            "抽样：共 {all} 对，检查 {pairs} 对（--seed {seed}）";
        BeganLabel {} "Began" "开始时间";
        TookLabel {} "Took" "用时";
        ProgramLabel {} "Program" "程序";
        Seconds { seconds } "{seconds} s" "{seconds} 秒";
        Minutes { minutes, seconds } "{minutes} min {seconds} s" "{minutes} 分 {seconds} 秒";
        CountsLabel {} "Pairs by state" "各状态的节点对数";
        ByIp {} "address" "地址";
        ByName {} "host name" "主机名";
        Works {} "works" "正常";
        Slow {} "slow" "缓慢";
        Broken {} "broken" "不通";
        Throttled {} "throttled" "被限流";
        Unseen {} "not seen" "未检测";

        // The troubles.
        Troubles {} "What is wrong" "发现的问题";
        NobodyReaches { node } "Nobody reaches {node}" "没有节点能连接到 {node}";
        ReachesNobody { node } "{node} reaches nobody" "{node} 无法连接到任何节点";
        SomeDoNotReach { node } "Some nodes do not reach {node}" "部分节点无法连接到 {node}";
        OneDoesNotReach { from, node } "{from} does not reach {node}" "{from} 无法连接到 {node}";
        NotItself { node } "{node} does not reach itself" "{node} 无法连接到自身";
        CauseLabel {} "Likely cause" "可能原因";
        PairsLabel {} "Pairs" "节点对数";
        CallersLabel {} "Calling nodes" "发起节点";
        CalledNodesLabel {} "Called nodes" "目标节点";
        OnlyBy { by } "Only by {by}." "仅在使用{by}连接时出现。";
        OneWay {} "In the other direction these pairs work." "反方向的连接正常。";
        SshSaid {} "What ssh said" "ssh 的输出";
        SaidOn { count } "Pairs with such words: {count}" "出现此类输出的节点对数：{count}";
        OtherWords { count } "{count} other wordings: see the pairs below." "另有 {count} 种输出，见下方列表。";
        SaidNothing {} "ssh printed nothing." "ssh 没有输出。";
        AndMore { count } "and {count} more" "以及另外 {count} 个";
        MoreTroubles { count }
            "{count} smaller troubles are not listed here: see the pairs below."
            "另有 {count} 个较小的问题未在此列出，见下方列表。";
        ShowPairs {} "Show these pairs" "显示这些节点对";

        // Nodes that called nobody.
        NotEntered {} "Nodes that did not make all their calls" "未能完成检查的节点";
        NotEnteredMeans {}
            "What they did not call is not seen. Others still tried to reach them."
            "这些节点未发起的连接显示为未检测；其他节点仍会尝试连接它们。";
        Lost {}
            "The connection to it was lost on the way: what it had not tried by then is not seen."
            "检查过程中与该节点的连接中断：此前尚未尝试的连接未检测。";
        OtherNames {} "Host names that differ from the description" "与集群描述不一致的主机名";
        SaysDescribed { says, described }
            "It says {says}; the description of the cluster says {described}."
            "节点自报 {says}，集群描述为 {described}。";
        NoNameDescribed { described }
            "Its name is not known; the description of the cluster says {described}."
            "主机名未知，集群描述为 {described}。";

        // The picture.
        Matrix {} "Who reaches whom" "节点互通矩阵";
        MatrixMeans {}
            "Each row is a calling node, each column a called one."
            "每行是发起节点，每列是目标节点。";
        Folded { count }
            "Each cell stands for {count} by {count} pairs and shows the worst of them."
            "每个单元格代表 {count}×{count} 对连接，显示其中最差的状态。";
        PictureByIp {} "Called by address" "按地址连接";
        PictureByName {} "Called by host name" "按主机名连接";
        PictureSummary { by, good, total }
            "Matrix, called by {by}: {good} of {total} pairs work. The tables below tell the same in words."
            "矩阵，使用{by}连接：{total} 对中有 {good} 对正常。下方表格以文字列出相同内容。";
        PointAtCell {} "Point at a cell to see which pair it is." "将指针移到单元格上可查看对应的节点对。";
        NoPair {} "not tried: the node itself" "不检查：节点自身";

        // The tables.
        Filter {} "Filter by node" "按节点筛选";
        FilterHint {} "address or host name" "地址或主机名";
        Clear {} "Clear" "清除";
        PairsTitle {} "Pairs that need attention" "需要关注的节点对";
        NothingWrong {} "None: every pair that was tried works." "无：所有已尝试的连接均正常。";
        Shown { pairs, all_pairs, nodes, all_nodes }
            "Shown: pairs {pairs} of {all_pairs}, nodes {nodes} of {all_nodes}"
            "显示：节点对 {pairs}/{all_pairs}，节点 {nodes}/{all_nodes}";
        RowsCut { shown, total }
            "The first {shown} of {total} pairs are listed. --json gives all."
            "仅列出 {total} 对中的前 {shown} 对，使用 --json 可获得全部。";
        ShowMore { count } "Show {count} more" "再显示 {count} 行";
        From {} "From" "发起节点";
        To {} "To" "目标节点";
        By {} "By" "方式";
        State {} "State" "状态";
        ExitStatus {} "Exit status" "退出码";
        Time {} "Time" "耗时";
        NodesTitle {} "Nodes" "节点";
        NodesMeans {} "The matrix in words: how many pairs of each node work." "矩阵的文字说明：每个节点有多少对连接正常。";
        Address {} "Address" "地址";
        HostName {} "Host name" "主机名";
        Entered {} "Entered" "登录方式";
        Reaches {} "Reaches" "可连接";
        ReachedBy {} "Is reached by" "可被连接";
        GoodOf { good, total } "{good} of {total}" "{good}，共 {total}";
        Local {} "this machine" "本机";
        Key {} "by key" "密钥";
        Password {} "by password" "密码";
        NotAtAll {} "not entered" "未登录";

        // Why a node could not be entered.
    }
}

/// The word for a state.
pub(crate) fn state(state: PairState) -> PageText<'static> {
    match state {
        PairState::Works => PageText::Works {},
        PairState::Slow => PageText::Slow {},
        PairState::Broken => PageText::Broken {},
        PairState::Throttled => PageText::Throttled {},
        PairState::Unseen => PageText::Unseen {},
    }
}

/// The word for what a node is called by.
pub(crate) fn by(by: By) -> PageText<'static> {
    match by {
        By::Ip => PageText::ByIp {},
        By::Name => PageText::ByName {},
    }
}
