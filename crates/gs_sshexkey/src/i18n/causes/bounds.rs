//! From where and until when trust holds.

use super::causes;

/// What `--fix` does about bounds.
const PRINTS_BOUNDS: (&str, &str) = (
    "prints the command. From where and until when a node is open is for people to decide.",
    "只打印命令。允许从哪里登录、到何时为止，由人来决定。",
);

causes! {
    EXPIRED {
        title "Trust has expired" "互信已到期";
        symptom "From one moment on keys are refused, mostly on all nodes at once.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The log of sshd may have:
            | /home/omm/.ssh/authorized_keys:2: key has expired"
            "从某一时刻起公钥被拒绝，往往所有节点同时发生。
            | omm@10.0.0.3: Permission denied (publickey,password).
            sshd 的日志中可能有：
            | /home/omm/.ssh/authorized_keys:2: key has expired";
        causes "- Trust was made with `--expires`, and that moment has passed by the node's own clock. It was asked for.
            - The clock of the node is wrong: see `clock-skew`."
            "- 建立互信时使用了 `--expires`，按该节点的时钟，期限已过。这是当初的要求。
            - 该节点的时钟不对：参见 `clock-skew`。";
        seen "`expiry-time` in the lines ending in `#OM` of `authorized_keys`, and the clock and the zone of that node. Root is not needed."
            "`authorized_keys` 中以 `#OM` 结尾的行里的 `expiry-time`，以及该节点的时钟和时区。不需要 root 权限。";
        cure "If trust is still needed, say until when. Nodes that no key opens any more ask for the password:
            $ gs_sshexkey -f HOSTFILE --expires 8h
            For trust without an end:
            $ gs_sshexkey -f HOSTFILE --expires never
            If it is not, take away what is left of it:
            $ gs_sshexkey revoke -f HOSTFILE"
            "如果仍然需要互信，指定新的期限。密钥已不能登录的节点会要求输入密码：
            $ gs_sshexkey -f HOSTFILE --expires 8h
            不再设期限：
            $ gs_sshexkey -f HOSTFILE --expires never
            如果不再需要，清除剩余的内容：
            $ gs_sshexkey revoke -f HOSTFILE";
        fix PRINTS_BOUNDS;
        prevention "Watch `gs_sshexkey_expiry_timestamp_seconds` of `check --format prometheus`."
            "监控 `check --format prometheus` 的 `gs_sshexkey_expiry_timestamp_seconds`。";
    }
    EXPIRING {
        title "Trust expires soon" "互信即将到期";
        symptom "Trust works now. It ends at the moment that is named, and then keys are refused."
            "目前互信正常，到所示的时刻就会失效，之后公钥被拒绝。";
        causes "Trust was made with `--expires`. It is told in the last tenth of its time, and always in the last hour. No file says when a line was written: the time counts from the last change of `authorized_keys`, by the node on which that is longest ago. After a change the last tenth may begin later than it should."
            "建立互信时使用了 `--expires`。在期限的最后十分之一提示，最后一小时总会提示。没有文件记录某一行是何时写入的：从 `authorized_keys` 最后一次修改算起，取各节点中最早的。文件修改之后，最后十分之一可能算得偏晚。";
        seen "`expiry-time` in the lines ending in `#OM` of `authorized_keys`, and the clock and the zone of that node. Root is not needed."
            "`authorized_keys` 中以 `#OM` 结尾的行里的 `expiry-time`，以及该节点的时钟和时区。不需要 root 权限。";
        cure "If trust is needed longer, say until when, while keys still open the nodes:
            $ gs_sshexkey -f HOSTFILE --expires 8h
            For trust without an end:
            $ gs_sshexkey -f HOSTFILE --expires never"
            "如果需要更久，趁密钥仍可登录时指定新的期限：
            $ gs_sshexkey -f HOSTFILE --expires 8h
            不再设期限：
            $ gs_sshexkey -f HOSTFILE --expires never";
        fix PRINTS_BOUNDS;
        prevention "A run without `--expires` keeps the end that stands. Renew it in time, or let it end."
            "不带 `--expires` 的运行会保留现有期限。请及时延长，或任其到期。";
    }
    FROM_MISMATCH {
        title "The caller's address is not in the list" "调用方的地址不在允许列表中";
        symptom "Keys of some nodes are refused by others that have them.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The log of sshd may have:
            | Authentication tried for omm with correct key but not from a permitted host"
            "某些节点的公钥虽然已在对方文件中，仍被拒绝。
            | omm@10.0.0.3: Permission denied (publickey,password).
            sshd 的日志中可能有：
            | Authentication tried for omm with correct key but not from a permitted host";
        causes "- Trust was made with `--from`, and the address of a node has changed since then.
            - Somebody edited the list.
            - Calls leave a node with another address than the one in the list: a second network, or NAT on the way. That shows in the log of sshd only."
            "- 建立互信时使用了 `--from`，之后某个节点的地址改变了。
            - 有人修改了列表。
            - 调用方出去的地址不是列表中的地址：有第二个网络，或途中有 NAT。这只能在 sshd 的日志中看到。";
        seen "`from` in the lines of `authorized_keys` that hold the caller's key, and the caller's address. Root is not needed."
            "`authorized_keys` 中含有调用方公钥的行里的 `from`，以及调用方的地址。不需要 root 权限。";
        cure "Write the list anew, with the addresses of all nodes; or with networks, where a node comes with another address. It is tried before it is kept:
            $ gs_sshexkey -f HOSTFILE --from cluster
            $ gs_sshexkey -f HOSTFILE --from 10.0.0.0/24,10.0.1.0/24"
            "重新写入列表，包含所有节点的地址；如果某个节点以其他地址出去，则写网段。生效前会先验证：
            $ gs_sshexkey -f HOSTFILE --from cluster
            $ gs_sshexkey -f HOSTFILE --from 10.0.0.0/24,10.0.1.0/24";
        fix PRINTS_BOUNDS;
        prevention "When the address of a node changes, set up trust again with the new list of nodes."
            "节点地址改变之后，用新的节点列表重新建立互信。";
    }
}
