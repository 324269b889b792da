# The machine: disk, names, clock, libraries, who it is. Reads only.
date +%s | gs_fact machine-clock
$gs_brief df -PTk "$gs_home" 2>/dev/null | tail -n 1 | gs_fact machine-disk
$gs_brief df -Pi "$gs_home" 2>/dev/null | tail -n 1 | gs_fact machine-inodes
if gs_has quota; then $gs_brief quota -q -w -u "$gs_user" 2>/dev/null </dev/null | head -n 20 | gs_fact machine-quota; fi
gs_id=
{ read -r gs_id </etc/machine-id; } 2>/dev/null
printf %s "$gs_id" | gs_fact machine-id
{
    for gs_tool in apt-get dnf yum zypper chronyc ntpd hostnamectl timedatectl; do
        gs_has $gs_tool && echo $gs_tool
    done
    [ ! -d /run/systemd/system ] || echo systemd
    for gs_path in /lib/systemd/system /usr/lib/systemd/system; do
        for gs_tool in ssh.service sshd.service; do [ ! -f "$gs_path/$gs_tool" ] || echo $gs_tool; done
    done
} | gs_fact machine-has

# Names that do not lead where they should, with where they lead. One question for all of them; those that seem wrong
# are asked for again, as ssh does it: a name may have more than one address.
set -f
if [ -n "$gs_names" ]; then
    gs_known=' '
    # shellcheck disable=SC2086 # Split into its words on purpose.
    gs_found=$($gs_brief getent hosts $gs_names 2>/dev/null </dev/null)
    while read -r gs_address gs_words; do
        for gs_one in $gs_words; do gs_known="$gs_known$gs_one=$gs_address "; done
    done <<EOT
$gs_found
EOT
    # shellcheck disable=SC2086 # Split into its words on purpose.
    set -- $gs_addresses
    gs_count=0
    for gs_one in $gs_names; do
        gs_address=$1
        [ $# -eq 0 ] || shift
        case $gs_known in *" $gs_one=$gs_address "*) continue ;; esac
        gs_count=$((gs_count + 1))
        # Name servers that do not answer must not use up the time.
        [ $gs_count -le 8 ] || break
        gs_found=$(${gs_brief:+timeout 3} getent ahosts "$gs_one" 2>/dev/null </dev/null)
        [ $? -ne 124 ] || break
        case "
$gs_found" in
        *"
$gs_address "*) ;;
        *) gs_found=${gs_found%% *} && echo "$gs_one ${gs_found:--}" ;;
        esac
    done | gs_fact machine-names
fi
set +f

# Whether a profile points ssh at other libraries, and what ssh says to that.
gs_lines=$(grep -nHE 'LD_(LIBRARY_PATH|PRELOAD)=|setenv[[:space:]]+LD_(LIBRARY_PATH|PRELOAD)' "$gs_home/.bashrc" "$gs_home/.bash_profile" \
    "$gs_home/.bash_login" "$gs_home/.profile" "$gs_home/.cshrc" "$gs_home/.tcshrc" "$gs_home/.zshrc" "$gs_home/.zprofile" \
    "$gs_home/.ssh/environment" /etc/environment /etc/profile /etc/profile.d/* /etc/bashrc /etc/bash.bashrc 2>/dev/null |
    head -n 20)
if [ -n "$gs_lines" ] && [ "$gs_kind" = there ]; then
    printf '%s\n' "$gs_lines" | gs_fact machine-ld-lines
    gs_login=
    case ${gs_shell##*/} in bash | sh | dash | ksh | zsh) gs_login=$(gs_like_ssh -l -c "$gs_ask") ;; esac
    gs_files=$(sed -n 's/^[[:space:]]*\(export[[:space:]]*\)\{0,1\}\(LD_[LP][A-Z_]*=[^;#]*\).*/\2/p' \
        /etc/environment "$gs_home/.ssh/environment" 2>/dev/null | tr -d "\"'")
    for gs_all in "${gs_said##*gs_sshexkey:mark}" "${gs_login##*gs_sshexkey:mark}" "$gs_files"; do
        set --
        while read -r gs_one; do
            case $gs_one in LD_LIBRARY_PATH=* | LD_PRELOAD=*) set -- "$@" "$gs_one" ;; esac
        done <<EOT
$gs_all
EOT
        [ $# -gt 0 ] || continue
        gs_found=$($gs_brief env "$@" ssh -V 2>&1 </dev/null)
        gs_status=$?
        case $gs_found in *'symbol lookup error'* | *'version mismatch'*) gs_status=1 ;; esac
        if [ $gs_status != 0 ]; then
            { printf '%s\n' "$*"; printf '%s\n' "$gs_found" | head -n 5; } | gs_fact machine-ld
            env -i PATH="$PATH" ldd "$(command -v ssh)" 2>/dev/null | sed -n 's/.*libcrypto[^ ]* => \([^ ]*\)\/[^/]* .*/\1/p' |
                gs_fact machine-ld-right
            break
        fi
    done
fi
