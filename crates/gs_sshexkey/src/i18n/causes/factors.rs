//! Logins that want more than one proof.

use super::{PRINTS_SETTINGS, causes};

causes! {
    SECOND_FACTOR {
        title "The login wants more than one proof" "登录需要多重验证";
        symptom "The right key is refused, or the right password; the list in brackets lacks what was given:
            | omm@10.0.0.3: Permission denied (password).
            Or a person who logs in is asked for something besides the password:
            | Verification code:"
            "密钥正确却被拒绝，或密码正确却被拒绝；括号中的列表里没有已经给出的那一种：
            | omm@10.0.0.3: Permission denied (password).
            或者人工登录时，除密码之外还要求输入：
            | Verification code:";
        causes "- `AuthenticationMethods publickey,password` or the like, from hardening: a key counts only together with the rest of the list.
            - A module of PAM asks for a code (`pam_google_authenticator`, `pam_oath`, `pam_duo`, `pam_radius`). Keys are not asked about by it, so trust works once it is there, but a password alone does not enter the node. With `PasswordAuthentication yes` sshd answers that question with the password, and the right one looks wrong."
            "- 安全加固设置了 `AuthenticationMethods publickey,password` 之类：密钥必须与列表中的其他方式一起使用。
            - PAM 模块要求输入验证码（`pam_google_authenticator`、`pam_oath`、`pam_duo`、`pam_radius`）。使用密钥登录不受其影响，所以互信建立之后能够使用，但仅凭密码无法登录。设置了 `PasswordAuthentication yes` 时，sshd 会用密码回答该问题，因此正确的密码也显示为错误。";
        seen "sshd says of a key or a password that it was accepted and is not enough (partial success, RFC 4252); or what its dialogue asks. Where the node can be read, `AuthenticationMethods` in `sshd -T` or in the configuration."
            "sshd 会说明密钥或密码已被接受但还不够（partial success，RFC 4252）；或对话中提出的问题。能够读取该节点时，`sshd -T` 或配置文件中的 `AuthenticationMethods`。";
        cure "On the node, for the user of the cluster only, at the end of `/etc/ssh/sshd_config`:
            | Match User omm
            | AuthenticationMethods publickey
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            If it is PAM that asks, leave that as it is, and carry the trust there by hand:
            $ gs_sshexkey bundle -f HOSTFILE -o DIR"
            "在该节点 `/etc/ssh/sshd_config` 的末尾，只针对集群用户设置：
            | Match User omm
            | AuthenticationMethods publickey
            R# sshd -t && systemctl reload sshd
            D# sshd -t && systemctl reload ssh
            如果是 PAM 提出的要求，则保持不变，改为手工建立互信：
            $ gs_sshexkey bundle -f HOSTFILE -o DIR";
        fix PRINTS_SETTINGS;
        prevention "Exempt the cluster's user, from the cluster's own addresses, before a second factor is switched on: `Match User omm Address 10.0.0.0/24`."
            "启用多重验证之前，先为集群用户在集群网段内设置例外：`Match User omm Address 10.0.0.0/24`。";
    }
}
