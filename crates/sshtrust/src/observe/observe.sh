# Facts and files of a node, framed by the token of the shell. Reads only.
gs_fact() {
    printf '\n%s fact %s\n' "$gs_token" "$1"
    cat
    printf '\n%s end\n' "$gs_token"
}

# $1 id, $2 path. A symbolic link is followed; its owner is told.
gs_file() {
    gs_path=$2
    gs_link=-
    if [ -L "$2" ]; then
        gs_link=$(stat -c %u "$2")
        gs_path=$(readlink -f "$2") || gs_path=$2
    fi
    if [ -f "$gs_path" ]; then
        if [ -r "$gs_path" ]; then gs_kind='file'; else gs_kind=unreadable; fi
    elif [ -d "$gs_path" ]; then gs_kind=dir
    elif [ -e "$gs_path" ]; then gs_kind=other
    else gs_kind=none
    fi
    gs_stat='- - - -'
    [ "$gs_kind" = none ] || gs_stat=$(stat -L -c '%a %u %g %i:%s:%Y:%Z' "$gs_path")
    # Of a large file which it is: other nodes have it too. Where nothing tells that, it comes as it is.
    gs_size=${gs_stat#*:} gs_sum=
    if [ "$gs_kind" = file ] && [ -n "${gs_at_once-}" ] && [ "${gs_size%%:*}" -gt "$gs_at_once" ]; then
        gs_sum=$(sha256sum <"$gs_path" 2>/dev/null) && gs_kind=sha256
    fi
    printf '\n%s entry %s %s %s %s\n%s\n' "$gs_token" "$1" "$gs_kind" "$gs_link" "$gs_stat" "$gs_path"
    case $gs_kind in
    file) cat "$gs_path" || exit 1 ;;
    sha256) printf '%s\n' "$gs_sum" ;;
    esac
    printf '\n%s end\n' "$gs_token"
}

# The files of sshd's settings, in the order in which they count: what is included comes first, as it does where
# distributions put the line.
gs_sshd_files() {
    if [ -r /etc/ssh/sshd_config ]; then
        sed -n 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p' /etc/ssh/sshd_config
    else
        echo '/etc/ssh/sshd_config.d/*.conf'
    fi | tr -s ' \t"' '\n' | while read -r gs_path; do
        case $gs_path in
        '') continue ;;
        /*) ;;
        *) gs_path=/etc/ssh/$gs_path ;;
        esac
        # shellcheck disable=SC2086 # A pattern.
        for gs_path in $gs_path; do [ ! -f "$gs_path" ] || printf '%s\n' "$gs_path"; done
    done
    echo /etc/ssh/sshd_config
}

# These files as sshd reads them for gs_user: what stands in a Match that the user or one of the user's groups fulfils comes
# first, for it wins; what depends on the caller is left out, and so is what cannot be read. For those who may not ask sshd.
gs_sshd_text() {
    set -- /dev/null
    gs_ifs=$IFS
    IFS='
'
    for gs_path in $gs_sshd_parts; do
        # What the system's policy says comes in by an included file.
        if [ "$gs_path" = /etc/ssh/sshd_config ] && [ -r "$gs_policy" ]; then set -- "$@" "$gs_policy"; fi
        [ ! -r "$gs_path" ] || set -- "$@" "$gs_path"
    done
    IFS=$gs_ifs
    # shellcheck disable=SC2016 # For awk.
    gs_match_user=$gs_user gs_match_groups=$(id -Gn "$gs_user" 2>/dev/null) awk '
        function fits(value, list,   parts, count, i, re, not, hit) {
            count = split(list, parts, ",")
            for (i = 1; i <= count; i++) {
                re = parts[i]
                not = sub(/^!/, "", re)
                gsub(/[][\\.^$+(){}|]/, "\\\\&", re); gsub(/[*]/, ".*", re); gsub(/[?]/, ".", re)
                if (value ~ ("^" re "$")) { if (not) return -1; hit = 1 }
            }
            return hit + 0
        }
        function in_group(list,   groups, count, i, found, hit) {
            count = split(ENVIRON["gs_match_groups"], groups, " ")
            for (i = 1; i <= count; i++) {
                found = fits(groups[i], list)
                if (found < 0) return 0
                if (found) hit = 1
            }
            return hit + 0
        }
        # 0: in no block, 1: in one that is fulfilled, 2: in another.
        FNR == 1 { block = 0 }
        {
            line = $0
            gsub(/"/, "", line); sub(/^[ \t]+/, "", line)
            count = split(line, words, /[ \t=]+/)
            if (tolower(words[1]) != "match") { if (block == 1) own = own $0 "\n"; else if (block == 0) all = all $0 "\n"; next }
            block = 1
            for (i = 2; i <= count && words[i] != ""; i++) {
                kind = tolower(words[i])
                if (kind == "all") continue
                i++
                if (kind == "user" && fits(ENVIRON["gs_match_user"], words[i]) > 0) continue
                if (kind == "group" && in_group(words[i])) continue
                block = 2
            }
        }
        END { printf "%s%s", own, all }' "$@" 2>/dev/null || cat "$@" 2>/dev/null
}

# Which machine this is, and the shell that a call meets: see machine.rs.
gs_machine() {
    gs_boot='' gs_net='' gs_word=''
    { read -r gs_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
    # The fourth line about an open file, since Linux 5.14; before, its link.
    { { read -r gs_net && read -r gs_net && read -r gs_net && read -r gs_word gs_net; } \
        3</proc/self/ns/net </proc/self/fdinfo/3; } 2>/dev/null
    [ "$gs_word" = ino: ] || gs_net=$(readlink /proc/self/ns/net 2>/dev/null)
    printf '\n%s fact machine\nboot %s\nnet %s\nshell %s\n\n%s end\n' "$gs_token" "$gs_boot" "$gs_net" "$1" "$gs_token"
}

gs_socket=$gs_home/gaussdb_tmp/gauss_socket_tmp
printf %s "$gs_home" | gs_fact home
printf '%s %s' "$gs_uid" "$gs_gid" | gs_fact ids
uname -n | gs_fact hostname
uname -sm | gs_fact system
date '+%s %z' 2>/dev/null | gs_fact clock
gs_machine "$(getent passwd "$gs_uid" 2>/dev/null | cut -d: -f7)"
for gs_tool in ssh ssh-agent ssh-add stat; do
    command -v $gs_tool >/dev/null 2>&1 || echo $gs_tool
done | gs_fact missing
ssh -V 2>&1 </dev/null | gs_fact ssh
# shellcheck disable=SC2002 # A file that is not there is an empty fact.
cat /proc/sys/crypto/fips_enabled 2>/dev/null | gs_fact fips
gs_policy=/etc/crypto-policies/back-ends/opensshserver.config
gs_sshd_parts=$(gs_sshd_files)
# shellcheck disable=SC2086 # A name a word: sshd's own have no blanks.
if grep -qsiE 'AuthorizedKeysFile|PubkeyAccepted' $gs_sshd_parts "$gs_policy"; then
    PATH=/usr/sbin:/sbin:$PATH sshd -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null || gs_sshd_text
fi | gs_fact sshd
if [ -S "$gs_socket" ]; then
    gs_limit=
    timeout 5 true 2>/dev/null && gs_limit='timeout 5'
    SSH_AUTH_SOCK=$gs_socket $gs_limit ssh-add -L 2>/dev/null
    printf '\nstatus %d\npid %s\n' $? "$(gs_agents "$gs_socket" | sed -n 1p)"
fi | gs_fact agent
gs_file home "$gs_home"
gs_file ssh-dir "$gs_home/.ssh"
gs_file id_om "$gs_home/.ssh/id_om"
gs_file id_om.pub "$gs_home/.ssh/id_om.pub"
gs_file authorized_keys "$gs_home/.ssh/authorized_keys"
gs_file known_hosts "$gs_home/.ssh/known_hosts"
gs_file config "$gs_home/.ssh/config"
gs_file bashrc "$gs_home/.bashrc"
gs_file hosts /etc/hosts
gs_file tool-dir "$gs_home/gaussdb_tmp"
gs_file made "$gs_home/gaussdb_tmp/.made"
gs_file pending "$gs_home/gaussdb_tmp/.pending"
gs_file linger-mark "$gs_home/gaussdb_tmp/.linger"
gs_store=$gs_home/gaussdb_tmp/ssh_protect
gs_file store-dir "$gs_store"
for gs_part in 0 1 2 3 4 5 6 7; do
    [ -e "$gs_store/cipher/key_$gs_part" ] || break
    gs_file "cipher/$gs_part" "$gs_store/cipher/key_$gs_part/server.key.cipher"
    gs_file "rand/$gs_part" "$gs_store/rand/key_$gs_part/server.key.rand"
done
