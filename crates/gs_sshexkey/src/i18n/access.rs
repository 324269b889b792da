//! What `access` says at a terminal.

use super::messages;

messages! {
    /// A message of `access`.
    AccessText {
        // The head.
        Head { user, nodes } "Who can get in as {user}: {nodes} nodes" "谁可以以用户 {user} 登录：{nodes} 个节点";
        Summary { keys, foreign, odd }
            "Keys that can get in: {keys}. Of these not ours: {foreign}. Odd: {odd}."
            "可以登录的密钥：{keys} 个，其中不是本工具的：{foreign} 个；有异常的：{odd} 个。";
        NotAll { count, nodes }
            "Not read: {count} of {nodes} nodes. What they let in is not known."
            "未能读取：{nodes} 个节点中的 {count} 个，它们允许谁登录无法得知。";
        NoKeys {} "No key is let in." "没有任何密钥可以登录。";

        // A row.
        Corner {} "Key" "密钥";
        Ours {} "ours (#OM)" "本工具 (#OM)";
        Unknown {} "of an unknown type" "类型未知";
        SameKeys { count } "{count} keys" "{count} 个密钥";
        And { first, count } "{first} and {count} more" "{first} 等，另有 {count} 个";
        Options { options } "options: {options}" "选项：{options}";
        Ends { time } "ends: {time}" "到期：{time}";
        Local {} "the node's time" "节点本地时间";
        Half { nodes, lock } "private half: {nodes}, {lock}" "私钥：{nodes}，{lock}";
        HalfEach { lock } "private half: of each on a node, {lock}" "私钥：各在一个节点上，{lock}";
        HalfNowhere {} "private half: seen on no node" "私钥：没有在任何节点上看到";
        Locked {} "locked" "有密码短语";
        Open {} "not locked" "没有密码短语";
        LockUnknown {} "not known whether locked" "是否有密码短语未知";
        UsedAt { time, from, node } "last use: {time} from {from}, at {node}" "最近使用：{time}，来自 {from}，登录 {node}";
        NotUsedSince { time } "last use: none in the log, which begins {time}" "最近使用：日志（始于 {time}）中没有";
        UseUnknown {} "last use: not known" "最近使用：未知";
        MoreRows { count } "... and {count} more keys: see --json" "……另有 {count} 个密钥，见 --json";

        // The signs.
        SignPlain {} "lets in" "可登录";
        SignRestricted {} "lets in, with options" "可登录，有选项限制";
        SignExpired {} "over" "已到期";
        SignIgnored {} "ignored by sshd" "被 sshd 忽略";
        SignAbsent {} "not there" "没有";
        SignUnknown {} "not known" "未知";
        SignMixed {} "not the same on all" "不一致";
        Columns {} "Nodes:" "节点：";

        // What is odd.
        Odd {} "What is odd:" "异常：";
        Weak {}
            "a weak key. Ask its owner for an Ed25519 key, and take this one out."
            "密钥太弱。请其所有者改用 Ed25519 密钥，并删除此密钥。";
        Defeated { nodes }
            "{nodes}: one line has options, and another without options lets the same key in all the way. Take the plain line out."
            "{nodes}：一行有选项限制，另一行没有选项，使同一密钥不受限制。请删除没有选项的那一行。";
        Twice { nodes }
            "{nodes}: it stands there more than once, with different options; the first line that fits counts. Leave one."
            "{nodes}：重复出现且选项不同，以最先符合的一行为准。请只保留一行。";
        Differs {}
            "its options are not the same on all nodes. Make them the same."
            "各节点上的选项不同。请改为一致。";
        OwnLine { nodes }
            "{nodes}: it also stands in a line without the mark, which stays when trust is taken away. Take that line out."
            "{nodes}：还出现在没有标记的一行中，去除互信时该行会保留。请删除该行。";
        OpenHalf { nodes, path }
            "{nodes}: its private half lies there without a passphrase, so whoever reads the file gets in. Give it one: ssh-keygen -p -f {path}"
            "{nodes}：其私钥没有密码短语，能读取该文件的人都可以登录。请设置密码短语：ssh-keygen -p -f {path}";
        NoHalf {}
            "it bears the mark, and its private half lies on no node: who has it is not known. Take its lines out, unless a node that uses it is not listed."
            "带有标记，但其私钥不在任何节点上，谁持有它不得而知。请删除这些行，除非使用它的节点没有列出。";
        Authority {}
            "an authority: whoever has a certificate of it gets in. See that this is meant."
            "证书颁发者：持有其签发证书的人都可以登录。请确认这是有意为之。";
        Expired { nodes }
            "{nodes}: its time is over, so it gets nobody in. Take the line out."
            "{nodes}：已到期，不能再登录。请删除该行。";
        Ignored { nodes, why }
            "{nodes}: sshd ignores the line: {why}. Mend it or take it out."
            "{nodes}：sshd 忽略该行：{why}。请改正或删除。";
        Missing { nodes }
            "{nodes}: it does not stand there, but elsewhere. Make all nodes the same, or take it out where it is not meant."
            "{nodes}：此处没有，其他节点上有。请使各节点一致，或在不应有的节点上删除。";
        WhyType {} "it knows no such key" "不认识这种密钥";
        WhyOption { name } "it knows no option {name}" "不认识选项 {name}";
        WhyMalformed { name } "the option {name} is not written as it must be" "选项 {name} 的写法不正确";
        WhyOld { name, version } "the option {name} needs OpenSSH {version}" "选项 {name} 需要 OpenSSH {version}";
        WhyNotAccepted {} "it takes no keys of this type" "不接受此类型的密钥";
        WhyShort {} "the key is too short" "密钥太短";
        WhyNoKeys {} "it lets nobody in by a key" "不允许以密钥登录";

        // Beside the keys.
        NotRead {} "Could not be read:" "未能读取的节点：";
        Broken {} "Lines that are no key, which sshd ignores:" "不是密钥、被 sshd 忽略的行：";
        BrokenLine { place, path, line, text } "{place}: {path}, line {line}: {text}" "{place}：{path} 第 {line} 行：{text}";
        Notes {} "What the keys do not tell:" "密钥之外需要知道的：";
        FileUnseen { nodes, path }
            "{nodes}: {path} cannot be read, or is too long, so who gets in by it is not known. Run it as a user who may."
            "{nodes}：{path} 无法读取或太长，其中允许谁登录无法得知。请以有权限的用户执行。";
        FileOpen { nodes, path }
            "{nodes}: others than its owner may write {path}: they can let themselves in, or sshd ignores it. chmod go-w {path}"
            "{nodes}：所有者之外的用户可以写 {path}：他们可以让自己登录，或者 sshd 会忽略它。请执行 chmod go-w {path}";
        Command { nodes, command }
            "{nodes}: sshd asks a program for more keys: {command}. Who gets in by it is not seen here."
            "{nodes}：sshd 还从程序获取公钥：{command}。由此可以登录的人此处看不到。";
        Authorities { nodes, path }
            "{nodes}: sshd takes certificates of the authorities in {path}. Who has one is not seen here."
            "{nodes}：sshd 接受 {path} 中的颁发者签发的证书。谁持有证书此处看不到。";
        NodeNoKeys { nodes }
            "{nodes}: sshd lets nobody in by a key (PubkeyAuthentication no)."
            "{nodes}：sshd 不允许以密钥登录（PubkeyAuthentication no）。";
        SettingsUnseen { nodes }
            "{nodes}: the settings of sshd cannot all be read, so it may look for keys elsewhere too. Run it as root to be sure."
            "{nodes}：无法读取 sshd 的全部配置，它可能还在别处查找公钥。请以 root 执行以便确认。";
        HalvesUnseen { nodes }
            "{nodes}: not every private key of ~/.ssh could be read."
            "{nodes}：~/.ssh 中的私钥没有全部读到。";
        LogUnseen { nodes }
            "{nodes}: the log of logins cannot be read or tells of none, so the last use of a key may be another one."
            "{nodes}：无法读取登录日志，或其中没有登录记录，因此密钥的最近使用时间可能不准。";
        MoreLines { count } "... and {count} more: see --json" "……另有 {count} 项，见 --json";
    }
}
