//! What `check` says.

use sshtrust::probe::Cause;

use super::messages;

messages! {
    /// A message of `check`.
    Message {
        AllWork { works, nodes, seconds }
            "All {works} pairs of {nodes} nodes work. It took {seconds} s."
            "{nodes} 个节点之间的 {works} 对连接全部正常，用时 {seconds} 秒。";
        Refused {}
            "nothing listens on the port, or a firewall rejects it"
            "端口上没有服务监听，或防火墙拒绝了连接";
    }
}

/// The likely cause in one line.
pub(crate) fn cause(cause: &Cause) -> Message<'_> {
    match cause {
        Cause::Refused => Message::Refused {},
        _ => Message::Refused {},
    }
}
