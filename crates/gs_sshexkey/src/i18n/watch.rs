//! What `check --every` says: a line for each change.

use super::messages;

messages! {
    /// A message of a check that goes on.
    WatchText {
        Begins { every }
            "Looking again every {every}; Ctrl-C ends it."
            "每隔 {every} 重新检查，按 Ctrl-C 结束。";
        AllWork { at, works, nodes }
            "{at} All {works} pairs of {nodes} nodes work."
            "{at} {nodes} 个节点之间的 {works} 个节点对互信全部正常。";
        AllSampledWork { at, works, all, nodes }
            "{at} All {works} sampled pairs of {nodes} nodes work; there are {all}."
            "{at} {nodes} 个节点共有 {all} 个节点对，抽查的 {works} 个全部正常。";
        Faults { at, what }
            "{at} Not all pairs work: {what}."
            "{at} 并非所有节点对都正常：{what}。";
        Changed { at, from, to, before, now }
            "{at} {from} -> {to}: {before} -> {now}"
            "{at} {from} -> {to}：由{before}变为{now}";
        IsNow { at, from, to, now }
            "{at} {from} -> {to}: found {now}"
            "{at} {from} -> {to}：检查为{now}";
        ByName { to } "{to} by name" "{to}（按主机名）";
        More { at, count } "{at} ... and {count} more" "{at} ……另有 {count} 项";
        HookStatus { status }
            "The command of --on-change ended with status {status}. This is told once, until it succeeds again."
            "--on-change 的命令以状态 {status} 结束。在它再次成功之前不再重复提示。";
        HookKilled { signal }
            "The command of --on-change was ended by signal {signal}. This is told once, until it succeeds again."
            "--on-change 的命令被信号 {signal} 终止。在它再次成功之前不再重复提示。";
        HookTooLong { seconds }
            "The command of --on-change did not end within {seconds} seconds, and was ended. This is told once, until it succeeds again."
            "--on-change 的命令在 {seconds} 秒内没有结束，已被终止。在它再次成功之前不再重复提示。";
        HookNotStarted { why }
            "The command of --on-change cannot be started: {why}. This is told once, until it succeeds again."
            "--on-change 的命令无法启动：{why}。在它再次成功之前不再重复提示。";
    }
}
