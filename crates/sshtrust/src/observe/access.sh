# Who can get in here: the settings of sshd that say so, every file of public keys that it looks at, the private keys of ~/.ssh
# (of each only its public half, and whether it is locked), and who came when. Reads only. Runs behind evidence/common.sh
# and the functions of observe.sh.
printf %s "$gs_home" | gs_fact home
printf '%s %s' "$gs_uid" "$gs_gid" | gs_fact ids
uname -n | gs_fact hostname
date '+%Y%m%d%H%M%S' | gs_fact now-local
date -u '+%Y%m%d%H%M%S' | gs_fact now-utc
gs_sshd=$(command -v sshd || echo sshd)
# An old one does not know -V, and says its version before its usage.
$gs_brief "$gs_sshd" -V 2>&1 </dev/null | grep -a OpenSSH_ | head -n 1 | head -c 200 | gs_fact sshd-version

gs_wanted='^[[:space:]]*(AuthorizedKeysFile|AuthorizedKeysCommand|TrustedUserCAKeys|PubkeyAuthentication|PubkeyAccepted[A-Za-z]*|RequiredRSASize|StrictModes|Match)[[:space:]=]'
gs_settings=$($gs_brief "$gs_sshd" -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null </dev/null)
gs_seen=effective
if [ -z "$gs_settings" ]; then
    gs_seen=files
    for gs_path in /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/*.conf; do
        # Of a folder that is not there, and of a pattern that fits nothing, there is nothing to read.
        [ ! -e "$gs_path" ] && [ "$gs_path" != /etc/ssh/sshd_config ] || [ -r "$gs_path" ] || gs_seen=none
    done
    gs_settings=$(cat /etc/ssh/sshd_config.d/*.conf /etc/crypto-policies/back-ends/opensshserver.config \
        /etc/ssh/sshd_config 2>/dev/null | head -c 262144)
fi
printf %s "$gs_seen" | gs_fact settings-seen
gs_settings=$(printf '%s\n' "$gs_settings" | grep -aiE "$gs_wanted")
printf '%s\n' "$gs_settings" | gs_fact sshd

# $1 number, $2 path: how a file is, and its content, which is bounded. One that lies in a folder that cannot be looked into
# is as one that cannot be read.
gs_keys() {
    gs_real=$2
    gs_kind=none gs_stat='-'
    if [ -e "$2" ]; then
        gs_real=$(readlink -f "$2") || gs_real=$2
        gs_stat=$(stat -L -c '%a:%u' "$2" 2>/dev/null)
        if [ ! -f "$2" ]; then gs_kind=other
        elif [ ! -r "$2" ]; then gs_kind=unreadable
        elif [ "$(stat -L -c %s "$2")" -gt 8388608 ]; then gs_kind=large
        else gs_kind='file'
        fi
    else
        gs_rest=${2%/*}
        while [ -n "$gs_rest" ] && [ ! -e "$gs_rest" ]; do gs_rest=${gs_rest%/*}; done
        [ -x "${gs_rest:-/}" ] || gs_kind=unreadable
    fi
    {
        printf '%s %s\n%s\n%s\n' "$gs_kind" "$gs_stat" "$2" "$gs_real"
        [ $gs_kind != file ] || head -c 8388608 "$2"
    } | gs_fact "keys/$1"
}

gs_keyfiles=$(gs_setting AuthorizedKeysFile | tr -d '"')
gs_keyfiles=${gs_keyfiles:-.ssh/authorized_keys .ssh/authorized_keys2}
set -f
# shellcheck disable=SC2086 # Split into its words on purpose.
set -- $gs_keyfiles
set +f
gs_count=0
for gs_word in "$@"; do
    case $gs_word in [nN][oO][nN][eE]) continue ;; esac
    [ $gs_count -lt 16 ] || break
    gs_expand "$gs_word"
    gs_keys $gs_count "$gs_path"
    gs_count=$((gs_count + 1))
done

# Standard input: the bytes of a key file in OpenSSH's own form. Prints whether it is locked and, in hexadecimal, its public
# half; nothing behind that is looked at (PROTOCOL.key of OpenSSH).
gs_head() {
    od -An -v -tu1 | awk '
        { for (i = 1; i <= NF; i++) byte[n++] = $i }
        function number(at) { return ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3] }
        END {
            at = 15
            size = number(at); at += 4
            if (size > 64 || at + size > n) exit
            open = size == 4 && byte[at] == 110 && byte[at + 1] == 111 && byte[at + 2] == 110 && byte[at + 3] == 101
            at += size
            for (part = 0; part < 2; part++) {
                size = number(at); at += 4 + size
                if (at > n) exit
            }
            at += 4
            size = number(at); at += 4
            if (size < 1 || size > 4096 || at + size > n) exit
            print open ? "open" : "locked"
            for (i = 0; i < size; i++) printf "%02x", byte[at + i]
            print ""
        }'
}

# $1 number, $2 path: a private key, of which nothing secret leaves this machine.
gs_private() {
    gs_first=$(head -c 200 "$2" 2>/dev/null | tr -d '\000' | head -n 1)
    gs_answer=
    case $gs_first in
    '-----BEGIN OPENSSH PRIVATE KEY-----'*)
        gs_answer=$(sed -e '/^-----/d' "$2" | head -c 16384 | base64 -d 2>/dev/null | head -c 8192 | gs_head 2>/dev/null)
        ;;
    '-----BEGIN ENCRYPTED PRIVATE KEY-----'*) gs_answer=locked ;;
    '-----BEGIN '*'PRIVATE KEY-----'*)
        gs_answer=open
        ! head -n 3 "$2" | grep -q '^Proc-Type:.*ENCRYPTED' || gs_answer=locked
        ;;
    *) return 1 ;;
    esac
    case $gs_answer in
    *'
'*) ;;
    *)
        # Its public half is not in the clear: an open one is asked, of a locked one the file beside it tells.
        gs_public=
        [ "$gs_answer" = locked ] ||
            gs_public=$($gs_brief ssh-keygen -y -P '' -f "$2" </dev/null 2>/dev/null | head -c 16384 | head -n 1)
        [ -z "$gs_public" ] || gs_answer=open
        [ -n "$gs_public" ] || gs_public=$(head -c 16384 "$2.pub" 2>/dev/null | tr -d '\000' |
            grep -aE '^(ssh|ecdsa|sk)-' | head -n 1)
        gs_answer="${gs_answer:-unknown}
$gs_public"
        ;;
    esac
    printf '%s\n%s\n' "$gs_answer" "$2" | gs_fact "private/$1"
}
gs_all=
if [ ! -e "$gs_home/.ssh" ] || { [ -x "$gs_home/.ssh" ] && [ -r "$gs_home/.ssh" ]; }; then gs_all=yes; fi
gs_count=0
for gs_path in "$gs_home"/.ssh/* "$gs_home"/.ssh/.[!.]*; do
    [ -f "$gs_path" ] || continue
    [ $gs_count -lt 64 ] || { gs_all=; break; }
    if [ ! -r "$gs_path" ]; then
        printf '%s\n' "$gs_path" | gs_fact "private-unreadable/$gs_count"
        gs_count=$((gs_count + 1))
    elif [ "$(stat -L -c %s "$gs_path")" -le 65536 ]; then
        ! gs_private $gs_count "$gs_path" || gs_count=$((gs_count + 1))
    fi
done
[ -z "$gs_all" ] || echo yes | gs_fact private-seen

# Standard input: lines of a log. $1: 1 if the newest comes first. Prints the first line that tells of a login at all, and the
# last one of each key of this user: so it is known from when on nothing is missing.
gs_logins() {
    gs_user=$gs_user awk -v newest="$1" '
        BEGIN { mark = ": Accepted publickey for " ENVIRON["gs_user"] " from " }
        !/sshd(-session|-auth)?\[[0-9]+\]: Accepted / { next }
        newest || first == "" { first = $0 }
        index($0, mark) { if (!newest || !($NF in last)) last[$NF] = $0 }
        END {
            if (first != "") print "first " substr(first, 1, 1000)
            for (key in last) if (count++ < 4000) print "use " substr(last[key], 1, 1000)
        }'
}
for gs_path in /var/log/secure /var/log/auth.log; do
    [ -f "$gs_path" ] && [ -r "$gs_path" ] || continue
    $gs_brief tail -c 67108864 "$gs_path" 2>/dev/null | grep -a 'Accepted ' | gs_logins '' | head -c 2097152
done | gs_fact log-file
# Who may not read the journal of the system is shown an empty one.
for gs_path in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
    [ -r "$gs_path" ] || continue
    # A field that starts with a line under it is the journal's own: no user can forge it (systemd.journal-fields(7)).
    $gs_brief journalctl -q --no-pager -r -o short-iso _UID=0 _COMM=sshd + _UID=0 _COMM=sshd-session 2>/dev/null |
        head -c 67108864 | grep -a 'Accepted ' | gs_logins 1 | head -c 2097152
    break
done | gs_fact log-journal
