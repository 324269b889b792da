//! What `bundle` says.

use super::messages;

messages! {
    /// A message of `bundle`.
    BundleText {
        MadeKey { path }
            "{path} was made: there was no key that opens without a passphrase."
            "已生成 {path}：原先没有无密码短语的密钥。";
        NoOpenKey { path }
            "{path} has a passphrase or an old format. For the way over the network put it into an ssh-agent first: ssh-add {path}"
            "{path} 设有密码短语或为旧格式。如要通过网络继续，请先把它加入 ssh-agent：ssh-add {path}";
        Wrote { count, folder }
            "Wrote {count} scripts, one a node, and README.txt into {folder}."
            "已在 {folder} 中写入 {count} 个脚本（每个节点一个）和 README.txt。";
        LetsIn { user }
            "Keys of {user} on this machine, which the nodes will let in:"
            "各节点将允许用户 {user} 在本机的以下公钥登录：";
        NextRun { user }
            "Now carry the folder to every node, this one too if it is a node, and run its script at the console as {user}:"
            "接下来把该目录带到每个节点（本机若是节点也包括在内），在控制台上以 {user} 执行对应的脚本：";
        Run { node, script } "  on {node}: sh {script}" "  在 {node} 上：sh {script}";
        MoreNodes { count } "  ... and {count} more: see README.txt" "  ……另有 {count} 个节点，见 README.txt";
        NextCollect { folder }
            "Then bring it back here and run the same command with --collect: it reads the answers in {folder}."
            "然后带回本机，再次执行同一命令并加上 --collect，读取 {folder} 中的应答文件。";
        Compare {}
            "Compare these fingerprints with what the scripts showed at the nodes' consoles:"
            "请把以下指纹与各节点控制台上脚本显示的指纹核对：";
        HostKey { kind, fingerprint } "  host key  {kind} {fingerprint}" "  主机公钥  {kind} {fingerprint}";
        UserKey { kind, fingerprint } "  user key  {kind} {fingerprint}" "  用户公钥  {kind} {fingerprint}";
        Twins { one, other }
            "{one} and {other} gave the same keys: are they one machine, or a copy of it? Each script belongs on its own machine."
            "{one} 与 {other} 的公钥完全相同：是否为同一台机器或其克隆？每个脚本应在各自的机器上执行。";
        NameLeftOut { node, name }
            "{node}: its host name {name} is left out: another node has it too, or a record of yours has another key for it."
            "{node}：未使用其主机名 {name}：另一个节点也使用该名称，或已有的记录中该名称对应另一个公钥。";
        Replaced { node, kind, fingerprint }
            "{node}: the record of an earlier round was replaced: {kind} {fingerprint}"
            "{node}：已替换以前记录的公钥：{kind} {fingerprint}";
        Recorded { path, count }
            "Host keys were recorded in {path}. Nodes: {count}."
            "已在 {path} 中记录主机公钥，节点数：{count}。";
        KnownBefore { path, count }
            "{path} had all host keys already. Nodes: {count}."
            "{path} 中原已有全部主机公钥，节点数：{count}。";
        WroteFinish { path } "Wrote {path}." "已写入 {path}。";
        WaysOn { user }
            "For trust between all nodes do one of the two:\n  a. carry the folder round once more and run at every console, as {user}: sh finish.sh\n  b. here, over the network, without being asked for anything: gs_sshexkey -f HOSTFILE\nThen see: gs_sshexkey check -f HOSTFILE"
            "要建立所有节点之间的互信，以下二选一：\n  a. 再次把目录带到每个节点，在控制台上以 {user} 执行：sh finish.sh\n  b. 在本机通过网络执行，无需任何输入：gs_sshexkey -f HOSTFILE\n最后检查：gs_sshexkey check -f HOSTFILE";
    }
}
