# The user's own key pair on this machine: ~/.ssh/id_rsa, made if there is none. It never leaves the machine.
gs_own_key() {
    gs_key=$gs_ssh/id_rsa
    if [ -e "$gs_key" ]; then
        gs_say "Kept the key pair that was there: $gs_key" "保留已有的密钥对：$gs_key"
        case $(ls -ldL "$gs_key") in
        -r?-------*) ;;
        *) chmod 600 "$gs_key" || gs_cannot_write "$gs_key" ;;
        esac
    else
        gs_make_key
        gs_say "Made a key pair: $gs_key" "已生成密钥对：$gs_key"
    fi
    gs_match_public
}

# Before OpenSSH 7.8 the new format of key files had to be asked for.
gs_make_key() {
    for gs_format in -o ''; do
        rm -f "$gs_work/id_rsa" "$gs_work/id_rsa.pub"
        # shellcheck disable=SC2086 # An empty one is no word.
        ssh-keygen -q $gs_format -t rsa -b 3072 -N '' -C "$gs_user@$(uname -n)" -f "$gs_work/id_rsa" \
            </dev/null >/dev/null 2>"$gs_work/said" && break
    done
    [ -s "$gs_work/id_rsa.pub" ] ||
        gs_fail "ssh-keygen failed: $(cat "$gs_work/said")" "ssh-keygen 失败：$(cat "$gs_work/said")"
    if ! mv -f "$gs_work/id_rsa" "$gs_key" || ! mv -f "$gs_work/id_rsa.pub" "$gs_key.pub"; then
        gs_cannot_write "$gs_key"
    fi
    gs_label "$gs_ssh"
}

# A public file that belongs to another private one is a cause of lost trust of its own.
gs_match_public() {
    gs_public=
    [ ! -e "$gs_key.pub" ] || gs_public=$(head -n 1 "$gs_key.pub" | cut -d ' ' -f 1,2)
    gs_derived=$(ssh-keygen -y -P '' -f "$gs_key" 2>/dev/null </dev/null | head -n 1 | cut -d ' ' -f 1,2)
    if [ -z "$gs_derived" ]; then
        [ -n "$gs_public" ] ||
            gs_fail "$gs_key cannot be read without a passphrase, and there is no $gs_key.pub. Move it away, and run this again" \
                "$gs_key 没有密码短语无法读取，且 $gs_key.pub 不存在。请移走该文件后重新执行"
        gs_warn "$gs_key has a passphrase: ssh from this machine will ask for it. For trust without questions move $gs_key and $gs_key.pub away, and run this again" \
            "$gs_key 设有密码短语：从本机登录时会要求输入。如需免密互信，请移走 $gs_key 和 $gs_key.pub 后重新执行"
    elif [ "$gs_derived" != "$gs_public" ]; then
        printf '%s %s\n' "$gs_derived" "$gs_user@$(uname -n)" >"$gs_work/public" || gs_cannot_write "$gs_work"
        gs_put "$gs_work/public" "$gs_key.pub"
        gs_public=$gs_derived
        gs_say "$gs_key.pub did not belong to $gs_key; it does now." "$gs_key.pub 与 $gs_key 不匹配，现已更正。"
    fi
}
