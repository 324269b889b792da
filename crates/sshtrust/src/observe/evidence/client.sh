# What this node's own settings of ssh make of the calls that failed, beside what is needed for them; whether they would
# work without any settings; and the files that the settings stand in. Reads only.
# Every keyword by which a call can fail. What a call of the program says itself is not among them.
gs_words='^(addressfamily|bindaddress|bindinterface|canonicalizehostname|casignaturealgorithms|certificatefile|ciphers'
gs_words=$gs_words'|dynamicforward|exitonforwardfailure|forkafterauthentication|globalknownhostsfile|hostkeyalgorithms'
gs_words=$gs_words'|hostkeyalias|hostname|identitiesonly|identityagent|identityfile|ipqos|kexalgorithms|knownhostscommand'
gs_words=$gs_words'|localcommand|localforward|macs|permitlocalcommand|pkcs11provider|port|preferredauthentications'
gs_words=$gs_words'|proxycommand|proxyjump|pubkeyacceptedalgorithms|pubkeyacceptedkeytypes|pubkeyauthentication'
gs_words=$gs_words'|refuseconnection|rekeylimit|remotecommand|remoteforward|requiredrsasize|revokedhostkeys'
gs_words=$gs_words'|securitykeyprovider|sessiontype|tunnel|user|userknownhostsfile|verifyhostkeydns) '

# $1 the host as it was called, $2 its port, $3 the number of the call, which begins each line. Of the keywords that the
# settings change, what they are with them is behind a +, without them behind a -, and behind a = what became of a call
# without them. All calls share a pipe, so what one says must stay below 4,096 bytes.
gs_compare() {
    gs_with=$($gs_brief ssh -G -- "$1" 2>/dev/null | grep -E "$gs_words")
    [ -n "$gs_with" ] || return
    gs_host=$1 gs_to=$2 gs_number=$3
    set -- -o "User=$gs_user" -o "Port=$gs_to"
    if [ -e "$gs_home/.ssh/id_om" ]; then
        set -- "$@" -o 'IdentityFile=~/.ssh/id_om' -o 'IdentityAgent=~/gaussdb_tmp/gauss_socket_tmp'
    else
        # Trust that others made may stand on any key.
        gs_ifs=$IFS
        IFS='
'
        set -f
        for gs_line in $gs_with; do
            case $gs_line in
            'identityfile '*) set -- "$@" -o "IdentityFile=${gs_line#identityfile }" ;;
            esac
        done
        set +f
        IFS=$gs_ifs
        for gs_line in rsa ecdsa ed25519; do
            [ ! -e "$gs_home/.ssh/id_$gs_line" ] || set -- "$@" -o "IdentityFile=~/.ssh/id_$gs_line"
        done
    fi
    gs_without=$(gs_bare "$@" -G -- "$gs_host" 2>/dev/null | grep -E "$gs_words")
    gs_keys=$({
        printf '%s\n' "$gs_with" | grep -vxF -e "$gs_without"
        printf '%s\n' "$gs_without" | grep -vxF -e "$gs_with"
    } | cut -d ' ' -f 1 | sort -u | tr '\n' '|')
    [ -n "$gs_keys" ] || return
    gs_with=$(printf '%s\n' "$gs_with" | grep -E "^(${gs_keys%|}) " | cut -c 1-600)
    gs_without=$(printf '%s\n' "$gs_without" | grep -E "^(${gs_keys%|}) " | cut -c 1-600)
    # What fails with them and works without them, one right after the other, fails because of them.
    gs_status=fails
    if gs_bare "$@" -- "$gs_host" true >/dev/null 2>&1 </dev/null; then
        gs_status=works
        ! gs_usual -- "$gs_host" true >/dev/null 2>&1 </dev/null || gs_status=both
    fi
    gs_text=$({
        echo "$gs_number = $gs_status $gs_host"
        printf '%s\n' "$gs_with" | sed "s/^/$gs_number + /"
        printf '%s\n' "$gs_without" | sed "s/^/$gs_number - /"
    } | head -c 3900)
    printf '%s\n' "$gs_text"
}

# $1 a file of ssh's configuration, $2 the folder of what it includes. A file may include others.
gs_client_files=0
gs_client_file() {
    [ -f "$1" ] && [ -r "$1" ] && [ $gs_client_files -lt 40 ] || return 0
    { printf '%s\n' "$1"; head -c 262144 "$1"; } | gs_fact "client-file/$gs_client_files"
    gs_client_files=$((gs_client_files + 1))
    set -f
    for gs_line in $(sed -n 's/^[[:space:]"]*[iI][nN][cC][lL][uU][dD][eE][[:space:]="]\{1,\}//p' "$1" | tr -d '"' | head -n 100); do
        case $gs_line in
        /*) ;;
        \~/*) gs_line=$gs_home/${gs_line#\~/} ;;
        *) gs_line=$2/$gs_line ;;
        esac
        set +f
        for gs_path in $gs_line; do gs_client_file "$gs_path" "$2"; done
    done
    set +f
}

if [ -n "$gs_calls" ] && gs_has ssh; then
    gs_client_file "$gs_home/.ssh/config" "$gs_home/.ssh"
    gs_client_file /etc/ssh/ssh_config /etc/ssh
    gs_count=0
    {
        for gs_one in $gs_calls; do
            gs_compare "${gs_one%/*}" "${gs_one##*/}" $gs_count &
            gs_count=$((gs_count + 1))
        done
        wait
    } | gs_fact client-calls
    # shellcheck disable=SC2086 # Split into its words on purpose.
    set -- $gs_calls
    echo $# | gs_fact client-asked
fi

# Where nobody has called yet: what the block of the set-up would not outweigh, and whether ssh takes the files at all.
if [ -z "$gs_calls" ] && [ -n "$gs_peers" ] && gs_has ssh; then
    gs_one=${gs_peers%% *}
    gs_text=$(gs_below -G -- "$gs_one" 2>/dev/null) || gs_below -G -- "$gs_one" 2>&1 >/dev/null | head -c 2000 | gs_fact client-refused
    gs_text=$(printf '%s\n' "$gs_text" | grep -E '^(hostkeyalias|refuseconnection|remotecommand|sessiontype) ' | grep -vxF 'sessiontype default')
    if [ -n "$gs_text" ]; then
        { echo "0 = untried $gs_one" && printf '%s\n' "$gs_text" | sed 's/^/0 + /'; } | gs_fact client-calls
        gs_client_file "$gs_home/.ssh/config" "$gs_home/.ssh"
        gs_client_file /etc/ssh/ssh_config /etc/ssh
    fi
fi
