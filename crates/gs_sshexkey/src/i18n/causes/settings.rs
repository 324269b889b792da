//! Settings of sshd that refuse a way to log in.

use super::{PRINTS_SETTINGS, causes};

causes! {
    PASSWORD_AUTH_OFF {
        title "The node takes no password" "节点不接受密码登录";
        symptom "Trust cannot be set up, or be repaired over the network: without a key nobody gets in, with the right password neither.
            | omm@10.0.0.3: Permission denied (publickey)."
            "无法建立或修复互信：没有密钥就无法登录，密码正确也不行。
            | omm@10.0.0.3: Permission denied (publickey).";
        causes "`PasswordAuthentication no`, often from a cloud's image or from hardening (a file in `/etc/ssh/sshd_config.d`), and `KbdInteractiveAuthentication no` (before OpenSSH 8.7: `ChallengeResponseAuthentication`). Once trust is made, no password is needed."
            "设置了 `PasswordAuthentication no`（常见于云镜像或安全加固，位于 `/etc/ssh/sshd_config.d` 的某个文件中）和 `KbdInteractiveAuthentication no`（OpenSSH 8.7 之前为 `ChallengeResponseAuthentication`）。互信建立之后就不再需要密码。";
        seen "The list in brackets of a refused login: it lacks `password` and `keyboard-interactive`. As root, `sshd -T`."
            "登录被拒绝时括号中的方法列表：没有 `password` 和 `keyboard-interactive`。root 可见的 `sshd -T`。";
        cure "Either carry the trust there by hand: this writes a script for each node, to be run at its console.
            $ gs_sshexkey bundle -f HOSTFILE -o DIR
            Or allow passwords for the time of the set-up, in the first file that sets it; in `sshd_config` the first value counts:
            # grep -rn PasswordAuthentication /etc/ssh/sshd_config*
            | PasswordAuthentication yes
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh"
            "可以手工带过去：下面的命令为每个节点生成一个脚本，在各自的控制台上执行。
            $ gs_sshexkey bundle -f HOSTFILE -o DIR
            也可以在建立互信期间允许密码登录。`sshd_config` 以最先出现的值为准，请改最先设置它的文件：
            # grep -rn PasswordAuthentication /etc/ssh/sshd_config*
            | PasswordAuthentication yes
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh";
        fix PRINTS_SETTINGS;
        prevention "Put a key that opens every node into the agent before you set up or expand trust; it is used instead of a password."
            "建立或扩展互信之前，在 agent 中加载一个能登录所有节点的密钥，会用它代替密码。";
    }
    ROOT_LOGIN_OFF {
        title "sshd refuses root" "sshd 不允许 root 登录";
        symptom "Other users log in; root is refused with the right password or the right key.
            | root@10.0.0.3: Permission denied (publickey,password).
            The log of sshd has:
            | ROOT LOGIN REFUSED FROM 10.0.0.1 port 40112"
            "其他用户可以登录，root 的密码、密钥都正确却被拒绝。
            | root@10.0.0.3: Permission denied (publickey,password).
            sshd 的日志中有：
            | ROOT LOGIN REFUSED FROM 10.0.0.1 port 40112";
        causes "`PermitRootLogin` is `no`, or `prohibit-password` (the default, also written `without-password`) while there is no key yet, or `forced-commands-only`."
            "`PermitRootLogin` 为 `no`；或为 `prohibit-password`（默认值，也写作 `without-password`）而还没有密钥；或为 `forced-commands-only`。";
        seen "Only root is refused; as root (by the console or a key), `PermitRootLogin` in `sshd -T -C user=root,host=H,addr=A`, and the journal."
            "只有 root 被拒绝；root（在控制台或用密钥）可见的 `sshd -T -C user=root,host=H,addr=A` 中的 `PermitRootLogin` 和 journal。";
        cure "Best, set up trust for the database's user and not for root. If root is needed, in `/etc/ssh/sshd_config` of the called node, for the time of the set-up:
            | PermitRootLogin yes
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            Afterwards this is enough:
            | PermitRootLogin prohibit-password"
            "最好为数据库用户而不是 root 建立互信。确实需要 root 时，在被登录节点的 `/etc/ssh/sshd_config` 中，建立互信期间设置：
            | PermitRootLogin yes
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            建立之后，这样就够了：
            | PermitRootLogin prohibit-password";
        fix PRINTS_SETTINGS;
        prevention "Leave it at `prohibit-password`, and take root's trust away when it is not needed any more: `gs_sshexkey revoke`."
            "保持 `prohibit-password`；不再需要 root 互信时将其删除：`gs_sshexkey revoke`。";
    }
    ACCOUNT_NOT_ALLOWED {
        title "sshd refuses this account" "sshd 不允许该账户登录";
        symptom "One user is refused with the right key and the right password; others are not.
            | omm@10.0.0.3: Permission denied (publickey,password).
            The log of sshd has:
            | User omm from 10.0.0.1 not allowed because not listed in AllowUsers
            Where PAM keeps the user out, the key is accepted and the connection ends:
            | Connection closed by 10.0.0.3 port 22
            The log of sshd has:
            | Access denied for user omm by PAM account configuration"
            "某个用户的密钥和密码都正确却被拒绝，其他用户正常。
            | omm@10.0.0.3: Permission denied (publickey,password).
            sshd 的日志中有：
            | User omm from 10.0.0.1 not allowed because not listed in AllowUsers
            被 PAM 拒绝时，密钥通过后连接随即断开：
            | Connection closed by 10.0.0.3 port 22
            sshd 的日志中有：
            | Access denied for user omm by PAM account configuration";
        causes "- `AllowUsers` or `AllowGroups` exist, and the user is not among them.
            - `DenyUsers` or `DenyGroups` name the user.
            - `AllowUsers omm@ADDRESS` or a `Match` block lets the user in from some addresses only.
            - `/etc/nologin` or `/run/nologin` is there: only root may log in, also while the system boots or goes down.
            - `pam_access` (`/etc/security/access.conf`), `pam_time`, or another rule of the kind `account` in `/etc/pam.d`."
            "- 设置了 `AllowUsers` 或 `AllowGroups`，而该用户不在其中。
            - `DenyUsers` 或 `DenyGroups` 中有该用户。
            - `AllowUsers omm@地址` 或 `Match` 块只允许该用户从部分地址登录。
            - 存在 `/etc/nologin` 或 `/run/nologin`：只有 root 可以登录，系统启动或关机过程中也是如此。
            - `pam_access`（`/etc/security/access.conf`）、`pam_time`，或 `/etc/pam.d` 中其他 `account` 类规则。";
        seen "As root, the four settings in `sshd -T -C user=omm,host=H,addr=A` for each calling node, and `not allowed because` or `by PAM account configuration` in the journal. Without root: a server that hangs up, twice, as soon as the key was given, and what it said before."
            "root 可见：按每个发起登录的节点执行 `sshd -T -C user=omm,host=H,addr=A`，看这四项设置；以及 journal 中的 `not allowed because` 或 `by PAM account configuration`。没有 root 权限时：给出密钥后服务器两次直接断开连接，以及断开前的提示。";
        cure "In `/etc/ssh/sshd_config` of the called node, or a file in `sshd_config.d`, add the user to the line that is there. A user has to pass all four settings.
            | AllowUsers admin omm
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh"
            "在被登录节点的 `/etc/ssh/sshd_config` 或 `sshd_config.d` 的文件中，把该用户加入已有的行。四项设置都要通过才能登录。
            | AllowUsers admin omm
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh";
        fix PRINTS_SETTINGS;
        prevention "Allow a group instead of users, and put the cluster's user into it when the account is made."
            "用组而不是用户来授权，创建集群用户时就加入该组。";
    }
    AUTHORIZED_KEYS_ELSEWHERE {
        title "sshd reads keys elsewhere" "sshd 从其他位置读取公钥";
        symptom "The key is in `~/.ssh/authorized_keys`, all modes are right, and it is refused.
            | omm@10.0.0.3: Permission denied (publickey,password)."
            "公钥就在 `~/.ssh/authorized_keys` 中，权限也正确，仍被拒绝。
            | omm@10.0.0.3: Permission denied (publickey,password).";
        causes "- `AuthorizedKeysFile` names another place, such as `/etc/ssh/authorized_keys/%u`, or `none`.
            - `AuthorizedKeysCommand` gives the keys, and the file is not read.
            - `RevokedKeys` names a list that has the key, or that cannot be read: then sshd refuses every key."
            "- `AuthorizedKeysFile` 指向其他位置（如 `/etc/ssh/authorized_keys/%u`）或 `none`。
            - 公钥由 `AuthorizedKeysCommand` 提供，不读该文件。
            - `RevokedKeys` 指定的列表中有该密钥，或该列表读不出：此时 sshd 拒绝所有密钥。";
        seen "As root, `AuthorizedKeysFile`, `AuthorizedKeysCommand` and `RevokedKeys` in `sshd -T -C user=omm,host=H,addr=A`. Without root, what can be read of `/etc/ssh/sshd_config`; where that is forbidden, it is listed as not seen."
            "root 可见：`sshd -T -C user=omm,host=H,addr=A` 中的 `AuthorizedKeysFile`、`AuthorizedKeysCommand` 和 `RevokedKeys`。没有 root 权限时看 `/etc/ssh/sshd_config` 中可读的部分；读不出时列为未看到。";
        cure "Set up trust again: it writes where that sshd looks, if the user or root may write there.
            $ gs_sshexkey -f HOSTFILE
            Or let sshd read the usual file too:
            | AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys/%u
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            A list of `RevokedKeys` has to be readable: correct the path, or make an empty file."
            "重新建立互信：会写到该 sshd 实际读取的位置（用户或 root 能写时）。
            $ gs_sshexkey -f HOSTFILE
            或者让 sshd 同时读取通常的文件：
            | AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys/%u
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            `RevokedKeys` 的列表必须可读：更正路径，或建一个空文件。";
        fix (
            "writes the key where that sshd looks, if it may. It does not change sshd's settings and never takes a key off a list of revoked ones.",
            "在有权限时，把公钥写到该 sshd 实际读取的位置。不修改 sshd 的配置，也绝不从吊销列表中移除密钥。",
        );
        prevention "Use the same settings on all nodes."
            "所有节点使用相同的设置。";
    }
    PUBKEY_AUTH_OFF {
        title "sshd takes no public key, or not of this type" "sshd 不接受公钥，或不接受该类型的公钥";
        symptom "Every key is refused, or one type of key is.
            | omm@10.0.0.3: Permission denied (password).
            | sign_and_send_pubkey: no mutual signature supported
            The log of sshd may have:
            | userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms"
            "所有公钥、或某种类型的公钥被拒绝。
            | omm@10.0.0.3: Permission denied (password).
            | sign_and_send_pubkey: no mutual signature supported
            sshd 的日志中可能有：
            | userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms";
        causes "- `PubkeyAuthentication no`, or `AuthenticationMethods` without `publickey`.
            - `PubkeyAcceptedAlgorithms` (before OpenSSH 8.5: `PubkeyAcceptedKeyTypes`) lacks the key's type, in `sshd_config` or by the system's crypto policy.
            - OpenSSH 8.8 and later take no signature with SHA-1 (`ssh-rsa`), which old callers make with an RSA key."
            "- 设置了 `PubkeyAuthentication no`，或 `AuthenticationMethods` 中没有 `publickey`。
            - `PubkeyAcceptedAlgorithms`（OpenSSH 8.5 之前为 `PubkeyAcceptedKeyTypes`）中没有该类型，可能来自 `sshd_config` 或系统加密策略。
            - OpenSSH 8.8 起不接受 SHA-1 签名（`ssh-rsa`），而老版本的 ssh 用 RSA 密钥时就用它。";
        seen "The list in brackets of a refused login lacks `publickey`; as root, the settings in `sshd -T -C user=omm,host=H,addr=A` and the journal."
            "登录被拒绝时括号中的方法列表没有 `publickey`；root 可见的 `sshd -T -C user=omm,host=H,addr=A` 中的设置和 journal。";
        cure "In `/etc/ssh/sshd_config` of the called node:
            | PubkeyAuthentication yes
            | PubkeyAcceptedAlgorithms +ssh-ed25519
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            If Ed25519 may not be allowed, make the cluster's key of the other type:
            $ gs_sshexkey -f HOSTFILE --key-type ecdsa"
            "在被登录节点的 `/etc/ssh/sshd_config` 中设置：
            | PubkeyAuthentication yes
            | PubkeyAcceptedAlgorithms +ssh-ed25519
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            如果不允许使用 Ed25519，改用另一种类型的密钥：
            $ gs_sshexkey -f HOSTFILE --key-type ecdsa";
        fix PRINTS_SETTINGS;
        prevention "Use the same settings and the same crypto policy on all nodes."
            "所有节点使用相同的设置和加密策略。";
    }
}
