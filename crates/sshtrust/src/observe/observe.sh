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
    printf '\n%s entry %s %s %s %s\n%s\n' "$gs_token" "$1" "$gs_kind" "$gs_link" "$gs_stat" "$gs_path"
    [ "$gs_kind" != file ] || cat "$gs_path" || exit 1
    printf '\n%s end\n' "$gs_token"
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
if grep -qiE 'AuthorizedKeysFile|PubkeyAccepted' /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* "$gs_policy" 2>/dev/null; then
    PATH=/usr/sbin:/sbin:$PATH sshd -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null ||
        cat /etc/ssh/sshd_config.d/*.conf "$gs_policy" /etc/ssh/sshd_config 2>/dev/null
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
