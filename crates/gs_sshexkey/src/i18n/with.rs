//! What `with` says at a terminal, on standard error: standard output is the command's.

use super::messages;

messages! {
    /// A message of `with`.
    WithText {
        Stood { user }
            "Trust of {user} stood before; it is used, and left as it is."
            "用户 {user} 的互信原已存在，将直接使用并保持不变。";
        Lent { user, nodes, pairs }
            "Trust of {user} is made for this command: {nodes} nodes, {pairs} pairs work."
            "已为本命令建立用户 {user} 的互信：{nodes} 个节点，{pairs} 对可用。";
        Net { revoke }
            "Should this machine die, it ends by itself at the time of --expires; at once by: {revoke}"
            "如果本机中途失效，互信到 --expires 的时间自行失效；立即去除请执行：{revoke}";
        NoNet { revoke }
            "Should this machine die, it stays until: {revoke}"
            "如果本机中途失效，互信会一直存在，直到执行：{revoke}";
        Gone { user }
            "The command has ended, and the trust of {user} is taken away again."
            "命令已结束，用户 {user} 的互信已去除。";
        NotGone { revoke }
            "The command has ended, but its trust was not taken away. Do it now: {revoke}"
            "命令已结束，但为它建立的互信没有去除。请立即执行：{revoke}";
    }
}
