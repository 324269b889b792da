# The account: who may log in, by which settings of sshd, and what its shell does. Reads only.

# Settings that can refuse the user, with where they stand. Only if there are some is sshd asked for what they come to.
# shellcheck disable=SC2086 # A name a word.
gs_lines=$(grep -nHiE '^[[:space:]]*(Match[[:space:]]|Include[[:space:]]|AllowUsers|DenyUsers|AllowGroups|DenyGroups|AuthenticationMethods|PubkeyAccepted|ForceCommand|(UsePAM|PubkeyAuthentication)[[:space:]="]+no|PermitRootLogin[[:space:]="]+(no|forced))' \
    $gs_sshd_parts 2>/dev/null | head -n 60)
gs_told=$(printf '%s\n' "$gs_lines" | grep -viE ':[[:space:]]*(Match|Include[[:space:]]+/etc/ssh/sshd_config\.d/)')
if [ -n "$gs_told" ]; then
    printf '%s\n' "$gs_told" | gs_fact login-lines
    id -Gn "$gs_user" 2>/dev/null | gs_fact login-groups
    if [ "$gs_uid" = 0 ]; then
        gs_from=127.0.0.1
        # Settings may depend on who calls.
        case $gs_lines in *:[Mm]atch*) gs_from="127.0.0.1 $gs_peers" ;; esac
        gs_count=0
        for gs_one in $gs_from; do
            gs_count=$((gs_count + 1))
            [ $gs_count -le 9 ] || break
            echo "for $gs_one"
            $gs_brief sshd -T -C "user=$gs_user,host=$gs_one,addr=$gs_one" 2>/dev/null </dev/null |
                grep -E '^(usepam|permitrootlogin|pubkeyauthentication|pubkeyaccepted[a-z]*|authenticationmethods|forcecommand|(allow|deny)(users|groups)) '
        done | gs_fact login-sshd
    else
        gs_sshd_text | head -c 60000 | gs_fact login-config
    fi
fi

[ "$gs_uid" = 0 ] || gs_not_seen account
# The age of the password, without the password: of that field only the marks that lock it.
if [ "$gs_uid" = 0 ]; then
    $gs_brief getent shadow "$gs_user" 2>/dev/null | sed 's/^[^:]*:\([!*]\{0,2\}\)[^:]*/\1/' | gs_fact login-shadow
fi
# Wrong passwords that were counted: pam_faillock(8), pam_tally2(8).
if [ -s "/var/run/faillock/$gs_user" ] && gs_has faillock; then
    $gs_brief faillock --user "$gs_user" 2>/dev/null </dev/null | head -n 60 | gs_fact login-faillock
    stat -c %Y "/var/run/faillock/$gs_user" | gs_fact login-faillock-last
    {
        grep -hE '^[[:space:]]*(deny|unlock_time|root_unlock_time|even_deny_root)' /etc/security/faillock.conf
        grep -hoE 'pam_faillock\.so.*' /etc/pam.d/* | head -n 20
    } 2>/dev/null | gs_fact login-faillock-rules
elif [ "$gs_uid" = 0 ] && [ -s /var/log/tallylog ] && gs_has pam_tally2; then
    $gs_brief pam_tally2 --user "$gs_user" 2>/dev/null </dev/null | head -n 5 | gs_fact login-tally
    grep -hoE 'pam_tally2\.so.*' /etc/pam.d/* 2>/dev/null | head -n 20 | gs_fact login-tally-rules
fi
# Only root may log in while there is such a file: pam_nologin(8).
for gs_path in /etc/nologin /run/nologin; do
    if [ "$gs_uid" != 0 ] && [ -e "$gs_path" ]; then
        { echo "$gs_path"; head -c 300 "$gs_path"; } 2>/dev/null | gs_fact login-nologin
    fi
done

# What sshd runs before each command: sshd(8), SSHRC.
for gs_path in "$gs_home/.ssh/rc" /etc/ssh/sshrc; do
    [ ! -e "$gs_path" ] || { printf %s "$gs_path" | gs_fact login-rc; break; }
done

# What a call would meet: `sshd` starts the login shell like this. The second limit is for daemons of a profile that keep
# the pipe. The set-up has started that shell already, and it takes its time.
gs_ask="echo gs_sshexkey:mark; env | grep '^LD_[LP]'"
gs_like_ssh() {
    # shellcheck disable=SC2164 # Without a home sshd starts the shell somewhere, too.
    (cd "$gs_home" 2>/dev/null
    $gs_brief env -i HOME="$gs_home" USER="$gs_user" LOGNAME="$gs_user" SHELL="$gs_shell" LC_ALL=C \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        SSH_CLIENT='127.0.0.1 9 22' SSH_CONNECTION='127.0.0.1 9 127.0.0.1 22' "$gs_shell" "$@" </dev/null 2>/dev/null) |
        $gs_brief head -c 4000
}
if [ "$gs_purpose" != set-up ]; then
    gs_said=
    # passwd(5): an empty field is /bin/sh.
    gs_shell=${gs_shell:-/bin/sh}
    case ${gs_shell##*/} in
    nologin | false | true | sync) gs_kind=none ;;
    *) if [ -x "$gs_shell" ]; then gs_kind=there gs_said=$(gs_like_ssh -c "$gs_ask"); else gs_kind=missing; fi ;;
    esac
    printf '%s %s' "$gs_kind" "$gs_shell" | gs_fact login-shell
    printf %s "$gs_said" | gs_fact login-said
    gs_files="$gs_home/.bashrc
/etc/bashrc
/etc/bash.bashrc"
    # A profile that prints, or that does not let the command run: bash says which lines it comes to, and in which files.
    if [ "$gs_kind" = there ] && [ "${gs_said#gs_sshexkey:mark}" = "$gs_said" ]; then
        gs_trace=
        if [ "${gs_shell##*/}" = bash ]; then
            # shellcheck disable=SC2016 # For that shell.
            gs_trace=$($gs_brief env -i HOME="$gs_home" USER="$gs_user" LOGNAME="$gs_user" SHELL="$gs_shell" LC_ALL=C \
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$gs_shell" -c '
                cd; PS4="+gs:\$BASH_SOURCE:\$LINENO: "; SSH_CLIENT="127.0.0.1 9 22"
                SSH_CONNECTION="127.0.0.1 9 127.0.0.1 22"; export SSH_CLIENT SSH_CONNECTION
                exec 9>&2 >/dev/null; BASH_XTRACEFD=9; set -x
                [ ! -r /etc/bash.bashrc ] || . /etc/bash.bashrc
                . "$HOME/.bashrc"
                set +x; echo gs:finished >&9' </dev/null 2>&1 >/dev/null |
                $gs_brief head -c 400000 | grep -aE '^(\++gs:/|gs:finished$)' | tail -n 300)
            printf '%s\n' "$gs_trace" | gs_fact login-trace
            gs_files=$(printf '%s\n' "$gs_trace" | sed -n 's/^+*gs:\(\/[^:]*\):.*/\1/p' | sort -u | head -n 8)
        fi
        # csh(1) has no such guard as sh(1).
        case ${gs_shell##*/} in
        bash | sh | dash | ksh) printf '%s\n' "$gs_files" | while IFS= read -r gs_path; do
            grep -nHE '^[[:space:]]*(echo|printf|cat|date|uptime|who|w|fortune|figlet)([[:space:]]|$)' "$gs_path" 2>/dev/null
        done | head -n 40 ;;
        esac | gs_fact login-noise
    fi
fi
