//! What `doctor` says at a terminal and on its page.

use super::messages;

messages! {
    /// A message of `doctor`.
    DoctorText {
        // The head.
        Head { user, nodes, works, pairs }
            "SSH trust of {user}: {nodes} nodes, {works} of {pairs} pairs work"
            "用户 {user} 的互信：{nodes} 个节点，{pairs} 个节点对中 {works} 个正常";
        HeadPreflight { user, nodes }
            "Before trust is set up for {user}: {nodes} nodes"
            "用户 {user} 建立互信之前的检查：{nodes} 个节点";

        // Sections.
        Broken {} "Why trust is broken:" "互信失效的原因：";
        InTheWay {} "What stands in the way of the set-up:" "妨碍建立互信的问题：";
        Risks {} "Works now, but will break trust one day:" "目前正常，但日后会使互信失效：";
        NotExplained {} "Does not work, and no cause was found:" "不通，且没有找到原因：";
        NotExamined {} "Could not be entered, so nothing was read there:" "无法登录、因此未能检查的节点：";
        NotRead {} "Was entered, but could not be read" "已登录，但未能读取信息";
        GivePassword { nodes }
            "doctor can look at {nodes} if you give the password: at the terminal, or by --password-file."
            "给出 {nodes} 的密码即可检查：在终端上输入，或使用 --password-file。";
        NotSeen {} "Not seen:" "未能查看的内容：";
        Healed {} "Healed:" "已修复：";
        Failed {} "Could not be healed:" "修复失败：";
        Stuck {}
            "Was treated and is found again; the same once more would not help (see --explain CODE):"
            "处理之后仍然存在，再次执行同样的处理也不会有效（见 --explain CODE）：";
        Left {} "Still as told above:" "仍然存在（详见上文）：";
        New {} "New, not there before:" "新出现的问题：";
        More { count } "... and {count} more: see --json" "……另有 {count} 项，见 --json";

        // A finding.
        About { nodes, about } "{nodes}, about {about}" "{nodes}，涉及 {about}";
        Certain {} "certain" "已确认";
        Likely {} "likely (concluded from what others saw)" "可能（根据其他节点的情况推断）";
        Explains { count, total }
            "explains {count} of {total} broken pairs"
            "{total} 个不通的节点对中有 {count} 个由此引起";
        Bars {} "this is why it cannot be entered" "无法登录该节点也由此引起";
        Pairs { count } "pairs: {count}" "节点对：{count}";
        SaidNothing { node, source } "{node}: {source}: nothing" "{node}：{source}：无输出";
        Here {} "this machine" "本机";
        MoreSeen { count } "... {count} more" "……另有 {count} 条";
        Explain { command } "More about it: {command}" "详细说明：{command}";

        // A cure.
        WillRun { nodes, user }
            "Cure: doctor --fix runs this on {nodes}, as {user}:"
            "处理：doctor --fix 会在 {nodes} 上以 {user} 执行：";
        WillRestore { nodes, parts }
            "Cure: doctor --fix restores on {nodes}: {parts}."
            "处理：doctor --fix 会在 {nodes} 上恢复：{parts}。";
        ByHandAs { user } "The same by hand, as {user}:" "也可手工处理，以 {user} 执行：";
        ForYou { why } "Yours to do: {why}." "需要您处理：{why}。";
        OnAs { nodes, user } "On {nodes}, as {user}:" "在 {nodes} 上以 {user} 执行：";
        AsUser { user } "then as {user}:" "然后以 {user} 执行：";
        NoCommand {} "No command can mend it." "没有可以修复它的命令。";
        MoreCures { nodes } "Something like it on {nodes}: see --json." "{nodes} 上的处理与此类似，见 --json。";
        MoreCommands { count } "... {count} more: see --json" "……另有 {count} 条，见 --json";

        // Why by hand.
        WhyNotEntered {} "doctor cannot enter the node, so go to its console" "程序无法登录该节点，请到其控制台操作";
        WhyNeedsRoot {} "it needs root, and doctor is not root there" "需要 root 权限，而 doctor 在该节点上不是 root";
        WhySecurity {} "it is a decision about security" "这涉及安全策略，须由人决定";
        WhyRevoked {}
            "the key was marked @revoked on purpose, and doctor does not touch that"
            "该密钥已被人为标记为吊销（@revoked），doctor 不会改动";
        WhyUnconfirmed {}
            "the new host key was not confirmed over a second way. Compare the fingerprints at the node's console; if they are the same, add --fix --accept-host-key ADDRESS, or do it by hand"
            "新的主机密钥未能通过其他途径确认。请到该节点的控制台核对指纹；一致时加上 --fix --accept-host-key 节点IP，或手工处理";
        WhyJudgement {} "it needs a person who knows this machine" "需要了解这台机器的人来判断";
        WhyNeedsPassword {}
            "it needs the password, typed at the terminal or from a file"
            "需要密码：在终端上输入，或由密码文件给出";
        WhyNotMade {}
            "doctor brings back what was lost; here trust is yet to be made"
            "doctor 只恢复失效的互信，这里尚未建立过互信";
        WhyWait {} "it goes by itself after a while" "过一段时间会自行恢复";

        // What is restored.
        PartKey {} "the key pair" "密钥对";
        PartAuthorize {} "the key's line in authorized_keys" "authorized_keys 中的公钥";
        PartHostKeys {} "the host keys in known_hosts" "known_hosts 中的主机密钥";
        PartConfig {} "the block in ~/.ssh/config" "~/.ssh/config 中的配置段";
        PartProfile {} "the exports in ~/.bashrc" "~/.bashrc 中的环境变量";
        PartMapping {} "the mapping in /etc/hosts" "/etc/hosts 中的映射";
        PartAgent {} "the agent with its key" "ssh-agent 及其中的密钥";
        PartKeepalive {} "the keepalive that brings the agent back" "ssh-agent 的保活任务";

        // What was not seen.
        UnseenSettings {} "sshd's effective settings (needs root)" "sshd 的生效配置（需要 root）";
        UnseenFiles {}
            "files of sshd's settings that only root may read: where sshd looks for keys, and whether it takes them"
            "只有 root 能读取的 sshd 配置文件：sshd 在哪里查找公钥、是否接受公钥登录";
        UnseenFirewall {} "the rules of the firewall (needs root)" "防火墙规则（需要 root）";
        UnseenLog {} "what sshd wrote into its log (needs root)" "sshd 的日志（需要 root）";
        UnseenAccount {} "whether the account is locked or expired (needs root)" "账户是否锁定或过期（需要 root）";
        UnseenSelinux {} "SELinux labels" "SELinux 标签";
        UnseenAcl {} "ACLs (getfacl is not installed)" "ACL（未安装 getfacl）";
        UnseenOther { word } "{word} (needs root)" "{word}（需要 root）";

        // The plan.
        Plan {} "What doctor --fix is about to do:" "doctor --fix 将要执行的操作：";
        PlanRun { user } "run, as {user}:" "以 {user} 执行：";
        PlanRestore { parts } "restore: {parts}" "恢复：{parts}";
        MoreLines { count } "... {count} more lines: the log (-l FILE) has them all" "……另有 {count} 行，完整内容见日志（-l FILE）";
        MoreNodes { nodes } "... and {nodes}: the log (-l FILE) has all of it" "……以及 {nodes}，完整内容见日志（-l FILE）";
        Stays {}
            "What it leaves alone, as told above, or because of --only or --skip:"
            "不处理的问题（见上文，或按 --only、--skip 跳过）：";
        Promise {}
            "Each file is kept first. If a pair that works now stops working, all is undone."
            "修改前会保存每个文件。若有原本正常的节点对变为不通，则全部撤销。";

        Ask {} "Do this? [y/N] " "是否执行？[y/N] ";

        // The verdict.
        SampledCount { count } "{count} sampled" "抽样的 {count}";
        AllWell { pairs, nodes, seconds }
            "Nothing is wrong: all {pairs} pairs of {nodes} nodes work. It took {seconds} s."
            "没有发现问题：{nodes} 个节点之间的 {pairs} 个节点对全部正常，用时 {seconds} 秒。";
        WellAgain { pairs, nodes, seconds }
            "Nothing is wrong any more: all {pairs} pairs of {nodes} nodes work. It took {seconds} s."
            "已全部恢复：{nodes} 个节点之间的 {pairs} 个节点对全部正常，用时 {seconds} 秒。";
        NotAllTried { untried, pairs, seconds }
            "Nothing wrong was found, but {untried} of {pairs} pairs were not tried. It took {seconds} s."
            "没有发现问题，但 {pairs} 个节点对中有 {untried} 个未检查，用时 {seconds} 秒。";
        Ready { nodes, seconds }
            "Nothing stands in the way of setting up trust between {nodes} nodes. It took {seconds} s."
            "{nodes} 个节点可以建立互信，没有发现妨碍的问题，用时 {seconds} 秒。";
        ReadyBut { count, nodes, seconds }
            "Nothing was seen that stands in the way, but nodes that could not be entered: {count} of {nodes}. It took {seconds} s."
            "没有看到妨碍建立互信的问题，但有无法登录的节点：{count}/{nodes}，用时 {seconds} 秒。";
        ReadyUnseen { count, nodes, seconds }
            "Nothing that can be seen stands in the way, but what sshd is told could not be read everywhere: {count} of {nodes} nodes. It took {seconds} s."
            "没有看到妨碍建立互信的问题，但 {nodes} 个节点中有 {count} 个的 sshd 配置无法读取，用时 {seconds} 秒。";
        AskRoot { user }
            "There root can look: sshd -T -C user={user},host=localhost,addr=127.0.0.1 | grep -E 'authorizedkeys|authenticationmethods|pubkey'"
            "可由 root 在这些节点上查看：sshd -T -C user={user},host=localhost,addr=127.0.0.1 | grep -E 'authorizedkeys|authenticationmethods|pubkey'";
        NotReady { found, seconds }
            "Things that stand in the way: {found}. It took {seconds} s."
            "妨碍建立互信的问题：{found} 项，用时 {seconds} 秒。";
        OnlyRisks { pairs, risks, seconds }
            "All {pairs} pairs work. Things that will break trust one day: {risks}. It took {seconds} s."
            "{pairs} 个节点对全部正常。日后会使互信失效的问题：{risks} 项，用时 {seconds} 秒。";
        Verdict { broken, pairs, what, seconds }
            "Broken pairs: {broken} of {pairs}, {what}. It took {seconds} s."
            "不通的节点对：{broken}/{pairs}，{what}，用时 {seconds} 秒。";
        AllExplained {} "all explained" "原因均已找到";
        Unexplained { count } "{count} of them unexplained" "其中 {count} 个原因不明";
        Barred { count, nodes, seconds }
            "Nodes that could not be entered: {count} of {nodes}. It took {seconds} s."
            "无法登录的节点：{count}/{nodes}，用时 {seconds} 秒。";
        NothingChanged {} "Nothing was changed." "未做任何修改。";
        UnableToHeal {}
            "There is nothing here for doctor --fix to do: it is yours to do, or was not asked for."
            "没有 doctor --fix 可以处理的问题：须由您处理，或未被选中。";
        NextFix { command } "Next: {command}" "下一步：{command}";
        NextFixNote {} "It shows what it will do, and asks." "会先列出将要执行的操作并询问。";
        NextAgain { command }
            "Next: carry out the cures above, then: {command}"
            "下一步：按上文处理，然后运行：{command}";
        NextSetup { command } "Next: {command}" "下一步：{command}";

        // The page.
        PageTitle {} "Why trust is broken, and what to do" "互信失效的原因与处理办法";
        PageNodes {} "Nodes" "节点";
        PageAbout {} "About" "涉及";
        PagePairs {} "Broken pairs that it explains" "由此不通的节点对";
        PageSeen {} "What showed it" "判断依据";
        PageCure {} "Cure" "处理办法";
        PageRisk {} "Works now, but will break trust one day." "目前正常，但日后会使互信失效。";
    }
}
