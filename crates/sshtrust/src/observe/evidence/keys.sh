# Keys: what this node offers, grants and knows, beside what observe.sh has read. Of a private key only its public part.
cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | head -c 20000 | gs_fact keys-host
for gs_type in rsa ecdsa ed25519; do
    gs_path=$gs_home/.ssh/id_$gs_type
    [ -f "$gs_path" ] || continue
    $gs_brief ssh-keygen -y -P '' -f "$gs_path" </dev/null 2>/dev/null | head -c 16384 | gs_fact "keys-own/$gs_type"
    [ ! -f "$gs_path.pub" ] || head -c 16384 "$gs_path.pub" 2>/dev/null | gs_fact "keys-pub/$gs_type"
done

# $1 fact, $2 file: by name, its content. Nothing if there is none.
gs_content() {
    [ ! -f "$2" ] || { printf '%s\n' "$2"; head -c 2097152 "$2" 2>/dev/null; } | gs_fact "$1"
}
gs_count=0
for gs_path in "$gs_home/.ssh/known_hosts2" /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2; do
    gs_content "keys-known/$gs_count" "$gs_path"
    gs_count=$((gs_count + 1))
done

# What sshd reads elsewhere: rights.sh has looked where that is.
gs_count=0
gs_ifs=$IFS
IFS='
'
set -f
for gs_line in $gs_keyfiles; do
    gs_path=${gs_line%%	*}
    [ "$gs_path" = "$gs_home/.ssh/authorized_keys" ] || gs_content "keys-granted/$gs_count" "$gs_path"
    gs_count=$((gs_count + 1))
done
set +f
IFS=$gs_ifs
[ ! -e "$gs_home/gaussdb_tmp/agent.stopped" ] || echo yes | gs_fact keys-stopped

# Which agent a shell finds that runs one command over SSH: what the profile says may stand below its early end.
if [ "${gs_shell##*/}" = bash ] && [ -e "$gs_home/.ssh/id_om" ]; then
    if [ "${SSH_AUTH_SOCK-}" = "$gs_socket" ] && [ -n "${SSH_CONNECTION-}" ] && [ -z "${SSH_TTY-}" ]; then
        # This shell is one.
        printf %s "$SSH_AUTH_SOCK"
    else
        # shellcheck disable=SC2016 # For the login shell.
        $gs_brief env -i HOME="$gs_home" USER="$gs_user" LOGNAME="$gs_user" PATH="$PATH" SSH_CLIENT='127.0.0.1 1 22' \
            SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' "$gs_shell" -c 'printf "\n%s\n" "${SSH_AUTH_SOCK-}"' \
            </dev/null 2>/dev/null | tail -n 1
    fi | gs_fact keys-sock
fi

# Whom logind spares when it ends what a session leaves behind.
if [ -d /run/systemd/system ] && [ "$gs_uid" != 0 ] &&
    grep -qisE '^[[:space:]]*KillUserProcesses[[:space:]]*=' /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf \
        /usr/lib/systemd/logind.conf.d/*.conf /run/systemd/logind.conf.d/*.conf; then
    $gs_brief loginctl show-session -p KillOnlyUsers -p KillExcludeUsers 2>/dev/null | gs_fact keys-spared
fi
