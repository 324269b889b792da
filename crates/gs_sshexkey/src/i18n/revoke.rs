//! What `revoke` says at a terminal.

use super::messages;

messages! {
    /// A message of `revoke`.
    RevokeText {
        // The plan.
        Head { user, nodes } "Trust of {user} that will be taken away: {nodes} nodes" "将要去除的互信：用户 {user}，{nodes} 个节点";
        Key { path } "the key file {path}" "密钥文件 {path}";
        Lines { path, count } "lines of {path}: {count}" "{path} 中的 {count} 行";
        Config { path } "the block in {path}" "{path} 中的配置段";
        Exports { path } "the exports in {path}" "{path} 中的环境变量";
        Folder { path } "the folder {path}" "目录 {path}";
        Agent {} "the ssh-agent that holds the key" "持有密钥的 ssh-agent";
        JobCron {} "the job in the user's crontab" "用户 crontab 中的任务";
        JobTimer { path } "the timer of the user's systemd: {path}" "用户 systemd 的定时器：{path}";
        JobProfile { path } "the job in {path}" "{path} 中的任务";
        AgentCheck {}
            "openGauss's own job in the user's crontab (CheckSshAgent.py)"
            "用户 crontab 中 openGauss 自带的任务（CheckSshAgent.py）";
        Linger {} "lingering, which the set-up switched on" "建立互信时打开的 linger";
        Program { path } "this program: {path}" "本程序：{path}";
        NothingHere {} "nothing: there is no trust here" "没有可去除的内容：此处没有互信";
        More { count } "... and {count} more: see --json" "……另有 {count} 项，见 --json";
        Databases { user }
            "A database runs as {user}. It loses its trust:"
            "有数据库进程以用户 {user} 运行，将失去互信：";
        PromiseAll {}
            "The nodes are changed together, or none of them; this machine, if it is one, comes last, by itself. Then the key is tried once at each, and must be refused."
            "各节点要么全部修改，要么都不修改；本机如果是节点，则最后单独修改。之后在每个节点上用该密钥尝试登录一次，必须被拒绝。";
        PromisePartial {}
            "The nodes that could be entered are changed together, or none of them; this machine, if it is one, comes last, by itself. The others keep their trust. Then the key is tried once at each that was changed, and must be refused."
            "能登录的节点要么全部修改，要么都不修改；本机如果是节点，则最后单独修改。其余节点的互信保持不变。之后在每个已修改的节点上用该密钥尝试登录一次，必须被拒绝。";
        ProgramToo { path }
            "When all is done and proven, this program's own file goes too: {path}"
            "全部完成并验证之后，还会删除本程序自己的文件：{path}";
        Ask {} "Take the trust away? [y/N] " "是否去除互信？[y/N] ";
        AskDatabase { processes }
            "The database loses its trust ({processes}). Take it away all the same? [y/N] "
            "数据库将失去互信（{processes}）。仍要去除吗？[y/N] ";

        DoneBefore {}
            "An interrupted run took the trust away there already, so nobody gets in any more:"
            "之前中断的一次执行已去除以下节点上的互信，因此无法再登录：";

        // What stays.
        Left {} "What stays:" "保留的内容：";
        KeepNames {} "--keep-names leaves the names" "按 --keep-names 保留主机名映射";
        NotRoot {} "only root can take the names out" "只有 root 才能去除主机名映射";
        OwnKey {}
            "a line of the user's own has the key, and still lets it in. Take it out by hand"
            "用户自己的一行中有这个公钥，仍允许登录，请手工删除";
        OwnCode {}
            "code of the user's own names the agent's socket"
            "用户自己的代码中引用了 ssh-agent 的套接字";
        ForeignFiles {} "there is something of somebody else's in it" "其中有不属于本程序的内容";
        NotRemoved { why } "it could not be taken away: {why}" "未能去除：{why}";

        // The end.
        NoTrust { user, nodes }
            "There is no trust of {user} on {nodes} nodes: nothing was to be taken away."
            "{nodes} 个节点上没有用户 {user} 的互信，无需去除。";
        NotEntered {} "Could not be entered:" "无法登录的节点：";
        HostLines {}
            "As lines of a hostfile they are in the log (-l FILE) and in what --json writes."
            "主机列表文件所需的逐行内容见日志（-l FILE）或 --json 的输出。";
        NothingChanged {} "Nothing was changed." "未做任何修改。";
        Partial { command }
            "Run it again when these nodes can be entered. To take the trust away on the others now: {command}"
            "待这些节点可以登录后再执行。若要现在就去除其他节点上的互信：{command}";
        Gone { user, nodes }
            "The trust of {user} is gone: {nodes} nodes."
            "已去除用户 {user} 的互信：{nodes} 个节点。";
        GoneSome { user, gone, nodes }
            "The trust of {user} is not gone everywhere: {gone} of {nodes} nodes."
            "用户 {user} 的互信没有全部去除：{nodes} 个节点中去除了 {gone} 个。";
        Refused { key, count, nodes }
            "The key {key} is refused: {count} of {nodes}."
            "密钥 {key} 已被拒绝：{nodes} 个节点中的 {count} 个。";
        RefusedOwn { count, nodes }
            "The key that another node came with is refused: {count} of {nodes}."
            "在每个节点上用另一个节点的密钥尝试登录，已被拒绝：{nodes} 个节点中的 {count} 个。";
        NoKey {}
            "There was no key left that could be tried, so no refusal was seen."
            "没有可用于尝试登录的密钥，因此未能验证是否被拒绝。";
        Accepted {} "Still let the key in:" "仍允许该密钥登录的节点：";
        NotSeen {} "Not seen whether they refuse the key:" "未能验证是否拒绝该密钥的节点：";
        StillTrusted { key }
            "They still accept the key {key}. As soon as they can be entered, write this into a file:"
            "它们仍接受密钥 {key}。待可以登录后，将以下内容写入文件：";
        StillTrustedAny {}
            "They keep their trust. As soon as they can be entered, write this into a file:"
            "它们的互信保持不变。待可以登录后，将以下内容写入文件：";
        ProgramStays { path }
            "This program stays for the rest: {path}"
            "本程序保留，供处理其余节点：{path}";
        ThenRun { command } "and run: {command}" "然后执行：{command}";
    }
}
