# Run at the console of one node. The lines before set gs_user, gs_ip, gs_host (the node's name in known_hosts), gs_tag (the
# comment of its key in authorized_keys), gs_guests (lines for authorized_keys), gs_version and gs_answer.

# The wrong script on a machine would spoil the trust of two.
gs_check_address() {
    gs_addresses=$({
        hostname -I
        ip -o addr show | sed -n 's/.* inet6\{0,1\} \([^ /]*\).*/\1/p'
    } 2>/dev/null | tr '\n' ' ')
    case " $gs_addresses " in
    *" $gs_ip "*) return 0 ;;
    esac
    if [ -z "$(printf %s "$gs_addresses" | tr -d ' ')" ]; then
        gs_warn "whether this machine has the address $gs_ip cannot be seen; make sure that it has" \
            "无法确认本机地址是否为 ${gs_ip}，请自行核对"
    elif [ "$gs_any_address" = 1 ]; then
        gs_warn "this machine does not have the address $gs_ip, but: $gs_addresses" \
            "本机没有地址 ${gs_ip}，而是：$gs_addresses"
    else
        gs_fail "this script is for the machine with the address $gs_ip, and this one has: $gs_addresses
Run the script of this machine. If others reach this machine by $gs_ip all the same: sh $0 --any-address" \
            "本脚本供地址为 $gs_ip 的机器使用，本机地址是：$gs_addresses
请执行本机对应的脚本。如果其他机器确实通过 $gs_ip 访问本机：sh $0 --any-address"
    fi
}

# Where the host keys lie: root can ask sshd; others may perhaps read its configuration.
gs_host_key_paths() {
    gs_paths=
    if [ "$(id -u)" -eq 0 ] && gs_sshd=$(command -v sshd); then
        gs_paths=$("$gs_sshd" -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null | sed -n 's/^hostkey //p')
    fi
    [ -n "$gs_paths" ] || gs_paths=$(cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config 2>/dev/null |
        sed -n 's/^[[:blank:]]*[Hh][Oo][Ss][Tt][Kk][Ee][Yy][[:blank:]]\{1,\}//p')
    # shellcheck disable=SC2012 # sshd-keygen names them.
    [ -n "$gs_paths" ] || gs_paths=$(ls /etc/ssh/ssh_host_*_key.pub 2>/dev/null | sed 's/\.pub$//')
    printf '%s\n' "$gs_paths"
}

# The host keys, one "algorithm base64" a line.
gs_host_keys() {
    gs_host_key_paths | while IFS= read -r gs_path; do
        if [ -r "$gs_path.pub" ]; then
            head -n 1 "$gs_path.pub"
        elif [ -r "$gs_path" ]; then
            ssh-keygen -y -P '' -f "$gs_path" </dev/null 2>/dev/null
        fi
    done | cut -d ' ' -f 1,2 | grep -aE '^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*$'
}

# Settings of sshd under which the keys would not be looked at. Only root can ask.
gs_check_sshd() {
    [ "$(id -u)" -eq 0 ] && gs_sshd=$(command -v sshd) || return 0
    gs_settings=$("$gs_sshd" -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null) || return 0
    case $gs_settings in
    *'pubkeyauthentication no'*)
        gs_warn "sshd here takes no keys: set 'PubkeyAuthentication yes' in its configuration and reload it" \
            "本机 sshd 不接受公钥认证：请在其配置中设置'PubkeyAuthentication yes'并重新加载"
        ;;
    esac
    gs_files=$(printf '%s\n' "$gs_settings" | sed -n 's/^authorizedkeysfile //p')
    case " $gs_files " in
    '  ' | *'.ssh/authorized_keys '*) ;;
    *) gs_warn "sshd here looks for keys in '$gs_files', not in ~/.ssh/authorized_keys: change AuthorizedKeysFile" \
        "本机 sshd 从'$gs_files'而不是 ~/.ssh/authorized_keys 读取公钥：请修改 AuthorizedKeysFile" ;;
    esac
}

# $1 folder: puts the answer there, whole or not at all. A name that somebody planted is not written through.
gs_put_answer() {
    gs_part=$1/.$gs_answer.new
    rm -f "$gs_part" 2>/dev/null
    (set -C && cat "$gs_work/answer" >"$gs_part") 2>/dev/null && mv -f "$gs_part" "$1/$gs_answer" 2>/dev/null && return 0
    rm -f "$gs_part" 2>/dev/null
    return 1
}

gs_write_answer() {
    {
        printf 'gs_sshexkey-answer %s\nnode %s\nuser %s\n' "$gs_version" "$gs_ip" "$gs_user"
        printf 'name %s\n' "$(uname -n)"
        sed 's/^/host-key /' "$gs_work/host-keys"
        printf 'public-key %s\nend\n' "$gs_public"
    } >"$gs_work/answer" || gs_cannot_write "$gs_work"
    gs_beside=$(cd "$(dirname "$0")" && pwd) || gs_beside=$gs_home
    if gs_put_answer "$gs_beside"; then
        gs_say "The answer is in $gs_beside/$gs_answer" "应答文件：$gs_beside/$gs_answer"
    elif gs_put_answer "$gs_home"; then
        gs_warn "nothing can be written beside this script. The answer is in $gs_home/$gs_answer: carry it back with the scripts" \
            "无法写入脚本所在目录。应答文件在 $gs_home/${gs_answer}，请与脚本一起带回"
    else
        gs_cannot_write "$gs_home/$gs_answer"
    fi
}

# What to compare with the screen of the machine where the answers are collected.
gs_show_fingerprints() {
    gs_say "Host keys of $gs_ip:" "$gs_ip 的主机公钥："
    while IFS= read -r gs_line; do
        printf '%s\n' "$gs_line" >"$gs_work/one"
        ssh-keygen -l -f "$gs_work/one" | sed 's/^/  /'
    done <"$gs_work/host-keys"
    gs_say "Key of $gs_user on this machine:" "用户 $gs_user 在本机的公钥："
    printf '%s\n' "$gs_public" >"$gs_work/one"
    ssh-keygen -l -f "$gs_work/one" | sed 's/^/  /'
}

gs_any_address=0
case ${1:-} in
'') ;;
--any-address) gs_any_address=1 ;;
*) gs_fail "unknown option. There is only --any-address" "未知参数，只有 --any-address" ;;
esac
gs_account
gs_check_address
gs_folders
gs_host_keys >"$gs_work/host-keys"
[ -s "$gs_work/host-keys" ] ||
    gs_fail "no host keys are found in /etc/ssh. As root: ssh-keygen -A, and start sshd" \
        "在 /etc/ssh 中没有找到主机公钥。请以 root 执行 ssh-keygen -A，并启动 sshd"
gs_own_key
printf '%s %s #OM\n' "$gs_public" "$gs_tag" >"$gs_work/keys" || gs_cannot_write "$gs_work"
if [ -n "$gs_guests" ]; then
    printf '%s\n' "$gs_guests" | gs_lines_not_in "$gs_work/keys" >"$gs_work/guests" || exit 1
    cat "$gs_work/guests" >>"$gs_work/keys" || gs_cannot_write "$gs_work"
fi
gs_merge_authorized_keys "$gs_ssh/authorized_keys" "$gs_work/keys" " $gs_tag "
sed "s/^/$gs_host /; s/\$/ #OM/" "$gs_work/host-keys" >"$gs_work/known" || gs_cannot_write "$gs_work"
gs_merge_known_hosts "$gs_ssh/known_hosts" "$gs_work/known" " $gs_host "
gs_modes
gs_check_sshd
gs_show_fingerprints
gs_write_answer
# The stick may be pulled out now.
sync
gs_say "Done on $gs_ip." "$gs_ip 完成。"
