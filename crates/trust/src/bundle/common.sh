# What all scripts of a bundle share. The lines before set gs_user. Needs a POSIX shell, the usual tools and ssh-keygen.
umask 077
PATH=${PATH:-/usr/local/bin}:/usr/sbin:/usr/bin:/sbin:/bin
case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
zh*[Uu][Tt][Ff]8* | zh*[Uu][Tt][Ff]-8*) gs_lang=zh ;;
*) gs_lang=en ;;
esac
# The kernel's own console has no Chinese characters.
[ "${TERM:-}" != linux ] || gs_lang=en
# grep(1) takes bytes as they are, whatever the language.
LC_ALL=C
export LC_ALL PATH
# A database's profile points its user at other libraries.
unset LD_LIBRARY_PATH LD_PRELOAD
gs_work=
gs_trouble=0

# $1 in English, $2 in Chinese.
gs_say() {
    if [ "$gs_lang" = zh ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}

# Something that the user has to see to; the rest is done.
gs_warn() { gs_say "Warning: $1" "警告：$2" >&2; }

# Something for which this script cannot end well; the rest is done.
gs_miss() {
    gs_trouble=1
    gs_say "Error: $1" "错误：$2" >&2
}

gs_fail() {
    gs_say "Error: $1" "错误：$2" >&2
    exit 1
}

gs_cannot_write() { gs_fail "cannot write $1. Is the disk full or read-only?" "无法写入 $1。磁盘是否已满或只读？"; }

# The right user, and the home that the password database names, whatever $HOME says.
gs_account() {
    gs_me=$(id -un)
    [ "$gs_me" = "$gs_user" ] ||
        gs_fail "this script is for the user $gs_user, and you are $gs_me. First: su - $gs_user" \
            "本脚本供用户 $gs_user 使用，当前用户是 ${gs_me}。请先执行：su - $gs_user"
    gs_home=$(getent passwd "$gs_user" 2>/dev/null || grep "^$gs_user:" /etc/passwd)
    gs_home=$(printf '%s\n' "$gs_home" | head -n 1 | cut -d : -f 6)
    [ -d "${gs_home:-/dev/null}" ] ||
        gs_fail "the home directory '$gs_home' does not exist" "主目录'$gs_home'不存在"
    gs_ssh=$gs_home/.ssh
    command -v ssh-keygen >/dev/null ||
        gs_fail "ssh-keygen is missing: install OpenSSH" "缺少 ssh-keygen，请安装 OpenSSH"
}

# sshd refuses keys (StrictModes) where others could write.
gs_folders() {
    [ -O "$gs_home" ] || gs_warn \
        "$gs_home belongs to somebody else, so sshd refuses the keys in it. As root: chown $gs_user $gs_home" \
        "$gs_home 不属于当前用户，sshd 会拒绝其中的公钥。请以 root 执行：chown $gs_user $gs_home"
    case $(ls -ld "$gs_home/.") in
    ?????w* | ????????w*)
        if chmod go-w "$gs_home" 2>/dev/null; then
            gs_say "Others could write $gs_home; now they cannot." "其他用户原可写入 ${gs_home}，现已取消。"
        else
            gs_warn "others can write $gs_home, so sshd refuses the keys in it. As root: chmod go-w $gs_home" \
                "其他用户可写入 ${gs_home}，sshd 会拒绝其中的公钥。请以 root 执行：chmod go-w $gs_home"
        fi
        ;;
    esac
    [ -d "$gs_ssh" ] || mkdir "$gs_ssh" || gs_cannot_write "$gs_ssh"
    [ -O "$gs_ssh" ] ||
        gs_fail "$gs_ssh belongs to somebody else. As root: chown -R $gs_user $gs_ssh" \
            "$gs_ssh 不属于当前用户。请以 root 执行：chown -R $gs_user $gs_ssh"
    case $(ls -ld "$gs_ssh/.") in
    drwx------*) ;;
    *) chmod 700 "$gs_ssh" || gs_cannot_write "$gs_ssh" ;;
    esac
    gs_work=$gs_ssh/.gs_sshexkey.work
    rm -rf "$gs_work"
    trap 'rm -rf "$gs_work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$gs_work" || gs_cannot_write "$gs_work"
}

# SELinux: sshd reads only what has the label of its place.
gs_label() {
    if command -v restorecon >/dev/null; then restorecon -R "$1" 2>/dev/null || :; fi
}

# $1 new content, $2 the file whose content it shall be: replaced at once, with its old owner, rights and label. The
# folder is closed to others, so a link in it is the user's own and is followed.
gs_put() {
    gs_to=$2
    if [ -L "$gs_to" ]; then gs_to=$(readlink -f "$gs_to") || gs_cannot_write "$2"; fi
    gs_new=${gs_to%/*}/.gs_sshexkey.new
    rm -f "$gs_new"
    if [ -e "$gs_to" ]; then
        [ -O "$gs_to" ] ||
            gs_fail "$gs_to belongs to somebody else. As root: chown $gs_user $gs_to" \
                "$gs_to 不属于当前用户。请以 root 执行：chown $gs_user $gs_to"
        cp --preserve=all "$gs_to" "$gs_new" 2>/dev/null || cp -p "$gs_to" "$gs_new" || gs_cannot_write "$gs_to"
        chmod 600 "$gs_new" || gs_cannot_write "$gs_to"
    fi
    if ! cat "$1" >"$gs_new" || ! mv -f "$gs_new" "$gs_to"; then
        rm -f "$gs_new"
        gs_cannot_write "$gs_to"
    fi
    gs_label "$gs_to"
}

# The lines of standard input that $1 does not hold. Status 1 of grep(1): there is none.
gs_lines_not_in() {
    if [ -s "$1" ]; then
        grep -avxF -f "$1"
        [ $? -le 1 ]
    else
        cat
    fi || gs_cannot_write "$gs_work"
}

# $1 a file of lines, $2 a file of lines that it shall hold. Missing ones are appended: those that neither the file nor
# gs_other_words of it hold. Stale ones go: lines with our mark that gs_is_stale knows and $2 does not hold. All others stay,
# byte for byte, a last one without a line end too.
gs_merge() {
    gs_old=$gs_work/old gs_have=$gs_work/have gs_missing=$gs_work/missing gs_stale=$gs_work/stale
    rm -f "$gs_old"
    true >"$gs_old" || gs_cannot_write "$gs_work"
    if [ -e "$1" ] && ! cat "$1" >"$gs_old"; then gs_fail "cannot read $1" "无法读取 $1"; fi
    # A last line without an end must not run into the next one.
    { cat "$gs_old" && echo && gs_other_words <"$gs_old"; } >"$gs_have" || gs_cannot_write "$gs_work"
    gs_lines_not_in "$gs_have" <"$2" >"$gs_missing" || exit 1
    grep -a ' #OM$' "$gs_old" | gs_lines_not_in "$2" | while IFS= read -r gs_line; do
        if gs_is_stale "$gs_line"; then printf '%s\n' "$gs_line"; fi
    done >"$gs_stale"
    [ -s "$gs_missing" ] || [ -s "$gs_stale" ] || return 0
    {
        gs_lines_not_in "$gs_stale" <"$gs_old" || exit 1
        [ ! -s "$gs_old" ] || [ "$(tail -c 1 "$gs_old" | wc -l)" -eq 1 ] || [ -s "$gs_stale" ] || echo
        cat "$gs_missing"
    } >"$gs_work/merged" || gs_cannot_write "$gs_work"
    gs_put "$gs_work/merged" "$1"
    gs_say "Updated $1." "已更新 $1。"
}

# $1 known_hosts, $2 its wanted lines, a host each, $3 their hosts with blanks around each. A line of ours may name several
# hosts, which are one machine: it says the same as a line for each. The wanted ones whose key is another go from it, the
# rest of it stays. Comments, markers, hashed names and patterns are no hosts of ours.
gs_merge_known_hosts() {
    gs_hosts=$3 gs_wrong=$gs_work/wrong
    gs_other_words() {
        sed -n '/^[^#@|*?! ][^*?! ]*,[^*?! ]* .* #OM$/ {
            :next
            h
            s/^\([^ ,]*\),[^ ]* /\1 /p
            g
            s/^[^ ,]*,\([^ ]* \)/\1/
            /^[^ ]*,/ b next
            p
        }'
    }
    { [ ! -e "$1" ] || cat "$1" 2>/dev/null; } | gs_other_words | gs_lines_not_in "$2" >"$gs_wrong" || exit 1
    gs_is_stale() {
        case ${1%% *} in
        "#"* | @* | "|"* | *[*?!]*) return 1 ;;
        *,*) ;;
        # A right line for one host is among the wanted ones, and does not come here.
        *) case $gs_hosts in *" ${1%% *} "*) return 0 ;; *) return 1 ;; esac ;;
        esac
        [ -s "$gs_wrong" ] || return 1
        gs_left=${1%% *}, gs_rest=
        while [ -n "$gs_left" ]; do
            gs_one=${gs_left%%,*} gs_left=${gs_left#*,}
            case $gs_hosts in
            *" $gs_one "*) ! grep -aqxF "$gs_one ${1#* }" "$gs_wrong" || continue ;;
            esac
            gs_rest=$gs_rest,$gs_one
        done
        gs_rest=${gs_rest#,}
        [ "$gs_rest" != "${1%% *}" ] || return 1
        [ -z "$gs_rest" ] || printf '%s\n' "$gs_rest ${1#* }" >>"$gs_missing"
    }
    gs_merge "$1" "$2"
}

# $1 authorized_keys, $2 its wanted lines, $3 their comments with blanks around each. A line with options in front of the
# key is the user's decision.
gs_merge_authorized_keys() {
    gs_tags=$3
    gs_other_words() { :; }
    gs_is_stale() {
        case $1 in ssh-* | ecdsa-* | sk-*) ;; *) return 1 ;; esac
        gs_tag=${1% \#OM}
        case $gs_tags in *" ${gs_tag##* } "*) return 0 ;; *) return 1 ;; esac
    }
    gs_merge "$1" "$2"
}

# The four files, and nobody else's business.
gs_modes() {
    for gs_name in authorized_keys id_rsa id_rsa.pub known_hosts; do
        [ -e "$gs_ssh/$gs_name" ] || continue
        case $(ls -ldL "$gs_ssh/$gs_name") in
        -rw-------*) ;;
        *) chmod 600 "$gs_ssh/$gs_name" || gs_cannot_write "$gs_ssh/$gs_name" ;;
        esac
    done
    gs_label "$gs_ssh"
}
