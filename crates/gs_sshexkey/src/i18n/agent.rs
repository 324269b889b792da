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
        Screen { socket, agent, key, store, exports, program, keepalive }
            "Socket      {socket}\nAgent       {agent}\nKey         {key}\nPassphrase  {store}\nExports     {exports}\nProgram     {program}\nKeepalive   {keepalive}\n"
            "套接字    {socket}\nagent     {agent}\n私钥      {key}\n密码短语  {store}\n环境变量  {exports}\n本程序    {program}\n自动恢复  {keepalive}\n";
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
