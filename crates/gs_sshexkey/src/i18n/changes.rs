//! What differences say of themselves where they are shown for many nodes at once.

use super::messages;

messages! {
    /// A message about differences.
    ChangesText {
        Nodes { nodes, count } "{nodes} ({count} nodes)" "{nodes}（{count} 个节点）";
        Around { nodes, example }
            "{nodes}: the same on each; line numbers and the lines around it are those of {example}"
            "{nodes}：修改相同，行号和上下文为 {example} 的";
        Own { nodes, example }
            "{nodes}: each its own; this is that of {example}"
            "{nodes}：各不相同，以 {example} 为例";
        MoreAdded { count } "+... and {count} more lines" "+……另有 {count} 行";
        MoreRemoved { count } "-... and {count} more lines" "-……另有 {count} 行";
        MoreLines { count } "... and {count} more lines of this file" "……该文件另有 {count} 行";
        Repeated { count } " ... {count} lines that are told above" " ……{count} 行同上";
        More { count, nodes } "... and {count} more changes on {nodes}" "……另有 {count} 处修改，涉及 {nodes}";
        NoChange {} "no change" "无修改";
        Shortened {}
            "Shortened for the screen. All of it is written to a log: -l FILE."
            "屏幕上有省略。完整内容可写入日志：-l FILE。";
    }
}
