//! What is said of host keys before they are taken.

use super::messages;

messages! {
    /// A message about host keys. The word that installers answer is in none.
    HostKeyText {
        New {}
            "These host keys are not on record here, and are taken as they are. Compare them with what the nodes' consoles show:"
            "以下主机密钥在本机没有记录，将直接接受。请与各节点控制台显示的指纹核对：";
        MoreNotices {}
            "More is to be said of other nodes: see the log (-l)."
            "还有其他节点的提示，见日志（-l）。";
        More { count } "  and {count} more: see the log (-l)" "  另有 {count} 个，见日志（-l）";
    }
}
