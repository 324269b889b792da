//! What `agent` says.

use super::messages;

messages! {
    /// A message of `agent`.
    AgentText {
        WasStopped {}
            "The agent was stopped. It stays away until 'gs_sshexkey agent start'."
            "agent 已停止。在执行 'gs_sshexkey agent start' 之前不会再启动。";
        NothingToStop {}
            "There was no agent to stop. It stays away until 'gs_sshexkey agent start'."
            "没有正在运行的 agent。在执行 'gs_sshexkey agent start' 之前不会再启动。";
        Lives {} "The agent lives and holds the key." "agent 运行正常，并持有私钥。";
        GivenKey {} "The agent was given the key." "已把私钥加入 agent。";
        Started { pid }
            "The agent was started (process {pid}) and given the key."
            "已启动 agent（进程 {pid}）并加入私钥。";
        ExportsSet {}
            "The exports in ~/.bashrc were set right."
            "已更正 ~/.bashrc 中的环境变量。";
        Recovered {}
            "What an earlier run had left half done was undone."
            "已撤销上一次执行未完成的改动。";
        Waiting {}
            "An earlier run did not say in the end whether its change stands. The other nodes are being asked."
            "上一次执行没有告知本节点改动是否保留，正在询问其他节点。";
        Unjudged {}
            "There is a journal of another version of this program. The next run of the program settles it."
            "存在本程序其他版本留下的日志目录，将由下一次执行处理。";
        Screen { socket, agent, key, store, exports, program, keepalive }
            "Socket      {socket}\nAgent       {agent}\nKey         {key}\nPassphrase  {store}\nExports     {exports}\nProgram     {program}\nKeepalive   {keepalive}\n"
            "套接字    {socket}\nagent     {agent}\n私钥      {key}\n密码短语  {store}\n环境变量  {exports}\n本程序    {program}\n自动恢复  {keepalive}\n";
        Held { pid, minutes }
            "Lock        held by another run, process {pid}, for {minutes} minutes: nothing is mended meanwhile\n"
            "锁        被另一次执行（进程 {pid}）占用 {minutes} 分钟，期间不会恢复 agent\n";
        HeldLong { pid }
            "Another run of gs_sshexkey has been at work here for minutes (process {pid}), so the agent is not kept. If that run hangs, end it: kill {pid}."
            "另一次 gs_sshexkey 在此已执行数分钟（进程 {pid}），因此没有检查 agent。如果它已卡住，请结束它：kill {pid}。";
        Running { pids } "running, process {pids}" "正在运行，进程 {pids}";
        Stopped {} "stopped by 'gs_sshexkey agent stop'" "已被 'gs_sshexkey agent stop' 停止";
        NotRunning {} "not running" "没有运行";
        SocketGone { pids } "its socket is gone, process {pids}" "套接字已被删除，进程 {pids}";
        SocketLeft {} "not running; its socket was left behind" "没有运行，只剩下套接字";
        Silent { pids } "does not answer, process {pids}" "没有应答，进程 {pids}";
        NoKey {} "none: there is no trust on this node" "没有：该节点上没有互信";
        KeyHeld { kind, fingerprint } "{kind} {fingerprint}, held by the agent" "{kind} {fingerprint}，agent 已持有";
        KeyNotHeld { kind, fingerprint }
            "{kind} {fingerprint}, NOT held by the agent"
            "{kind} {fingerprint}，agent 未持有";
        StoreOpens {} "opens the key" "能解开私钥";
        StoreUseless {} "CANNOT be read or does not open the key" "读不出，或解不开私钥";
        StoreNotTried { why } "NOT tried on the key: {why}" "没有用来解开私钥：{why}";
        ExportsRight {} "right" "正确";
        ExportsStale {} "name a process that is no agent" "指向的进程不是 agent";
        ExportsMissing {} "missing" "缺失";
        ProgramThere {} "in place" "已放置";
        ProgramMissing {} "not on this node" "该节点上没有";
        ByCron {} "by cron, each minute" "由 cron 负责，每分钟一次";
        ByTimer { trouble }
            "by a timer of the user's systemd, each minute{trouble}"
            "由用户 systemd 的定时器负责，每分钟一次{trouble}";
        AtLogin { trouble } "at login{trouble}" "登录时{trouble}";
        ByNothing { trouble }
            "NONE: the agent does not come back by itself{trouble}"
            "无：agent 不会自动恢复{trouble}";
    }
}
