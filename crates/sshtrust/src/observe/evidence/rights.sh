# Owners, modes, ACLs and labels where sshd and ssh look, and the settings that say where that is.
gs_where='^[[:space:]]*(StrictModes|AuthorizedKeysFile|AuthorizedKeysCommand|RevokedKeys)'
gs_settings=
# shellcheck disable=SC2086 # A name a word.
if grep -qisE "$gs_where|^[[:space:]]*Match[[:space:]]" $gs_sshd_parts; then
    gs_sshd=$(command -v sshd || echo sshd)
    gs_settings=$($gs_brief "$gs_sshd" -T -C "user=$gs_user,host=localhost,addr=127.0.0.1" 2>/dev/null)
    if [ -z "$gs_settings" ]; then
        gs_not_seen sshd-settings
        gs_settings=$(gs_sshd_text)
    fi
    gs_settings=$(printf '%s\n' "$gs_settings" | grep -iE "$gs_where|^[[:space:]]*Match[[:space:]]")
fi
printf '%s\n' "$gs_settings" | gs_fact rights-sshd
for gs_path in $gs_sshd_parts; do
    [ -r "$gs_path" ] || { gs_not_seen sshd-files; break; }
done
# shellcheck disable=SC2086 # A name a word.
grep -nHisE '^[[:space:]]*AuthorizedKeysFile' $gs_sshd_parts | head -n 20 | gs_fact rights-lines

gs_keyfiles='.ssh/authorized_keys .ssh/authorized_keys2'
case $gs_settings in
*[aA]uthorized[kK]eys[fF]ile*) gs_keyfiles=$(gs_setting AuthorizedKeysFile) ;;
esac
gs_real_home=$(readlink -f "$gs_home" 2>/dev/null)
printf %s "$gs_real_home" | gs_fact rights-home
set -f
# shellcheck disable=SC2086 # Split into its words on purpose.
set -- $gs_keyfiles
set +f
gs_keyfiles=
printf '\n%s fact rights-keyfiles\n' "$gs_token"
for gs_word in "$@"; do
    case $gs_word in [nN][oO][nN][eE]) continue ;; esac
    gs_expand "$gs_word"
    gs_real='' gs_will=$gs_path
    if [ -e "$gs_path" ]; then
        gs_real=$(readlink -f "$gs_path" 2>/dev/null)
        gs_will=$gs_real
    elif [ -d "${gs_path%/*}" ]; then
        # Where it will be.
        gs_will=$(readlink -f "${gs_path%/*}" 2>/dev/null)/${gs_path##*/}
    fi
    # Whether a new file can be put in its place.
    if [ -d "${gs_will%/*}" ]; then
        if [ -w "${gs_will%/*}" ]; then gs_access=yes; else gs_access=no; fi
    else gs_access=missing
    fi
    printf '%s\t%s\t%s\t%s\n' "$gs_path" "$gs_real" "$gs_will" "$gs_access"
    gs_keyfiles="$gs_keyfiles$gs_path	$gs_will
"
done
printf '\n%s end\n' "$gs_token"

# Every folder that sshd looks at on the way to them, and the files of ssh. Most are the same.
set -- "$gs_real_home" "$gs_real_home/.ssh" "$gs_real_home/gaussdb_tmp"
gs_ifs=$IFS
IFS='
'
set -f
for gs_line in $gs_keyfiles; do
    gs_real=${gs_line#*	}
    [ -n "$gs_real" ] || gs_real=${gs_line%%	*}
    while [ -n "$gs_real" ] && [ "$gs_real" != "$gs_real_home" ] && [ $# -lt 40 ]; do
        [ "$gs_real" = "$gs_real_home/.ssh" ] || set -- "$@" "$gs_real"
        gs_real=${gs_real%/*}
    done
    case $gs_line in
    *"	$gs_real_home"/*) ;;
    *) set -- "$@" / ;;
    esac
done
set +f
IFS=$gs_ifs
for gs_path in "$gs_home"/.ssh/id_om "$gs_home"/.ssh/id_rsa "$gs_home"/.ssh/id_ecdsa "$gs_home"/.ssh/id_ed25519; do
    set -- "$@" "$gs_path" "$gs_path.pub"
done
gs_rights=$(stat -L -c '%a %u %g %A %U:%G %n' "$@" "$gs_home/.ssh/config" "$gs_home/.ssh/known_hosts" 2>/dev/null)
printf '%s\n' "$gs_rights" | gs_fact rights-paths
if [ -r "$gs_home" ] && [ -w "$gs_home" ] && [ -x "$gs_home" ]; then echo yes; else echo no; fi | gs_fact rights-access
if [ ! -x "$gs_home" ] || { [ -e "$gs_home/.ssh" ] && [ ! -x "$gs_home/.ssh" ]; }; then echo yes | gs_fact rights-closed; fi

# What not even the owner may change: chattr(1), immutable and append-only.
if gs_has lsattr; then
    set -- "$gs_home" "$gs_home/.ssh" "$gs_home/gaussdb_tmp"
    for gs_path in authorized_keys known_hosts config id_om id_om.pub; do set -- "$@" "$gs_home/.ssh/$gs_path"; done
    lsattr -d "$@" "$gs_home/.bashrc" 2>/dev/null | grep -E '^[^ ]*[ia][^ ]* ' | gs_fact rights-fixed
fi

# What a group may write: who is in it, and whether it is really an ACL that shows there.
gs_seen=' ' gs_count=0
printf '%s\n' "$gs_rights" | while read -r gs_bits gs_x gs_group gs_x gs_x gs_path; do
    case $gs_bits in
    *[2367]?) ;;
    *) continue ;;
    esac
    case $gs_path in
    *.pub | */known_hosts) continue ;;
    esac
    case $(ls -ld "$gs_path" 2>/dev/null) in
    ??????????+*)
        if gs_has getfacl; then
            { printf '%s\n' "$gs_path"; getfacl -pcnE "$gs_path" 2>/dev/null | head -n 40; } |
                gs_fact "rights-acl/$gs_count"
            gs_count=$((gs_count + 1))
        else
            gs_not_seen acl
        fi
        ;;
    esac
    case $gs_seen in *" $gs_group "*) continue ;; esac
    gs_seen="$gs_seen$gs_group "
    { getent group "$gs_group" || echo; getent passwd | cut -d: -f1,3,4 | grep ":$gs_group\$" | head -n 20; } |
        gs_fact "rights-group/$gs_group"
done

# SELinux. Where it is not, its tools are not either.
if gs_has getenforce && [ "$($gs_brief getenforce 2>/dev/null)" = Enforcing ]; then
    echo Enforcing | gs_fact rights-selinux
    set -- "$gs_home"
    for gs_path in "$gs_home/.ssh" "$gs_home"/.ssh/authorized_keys "$gs_home"/.ssh/id_om "$gs_home"/.ssh/config; do
        [ ! -e "$gs_path" ] || set -- "$@" "$gs_path"
    done
    if gs_has matchpathcon; then
        $gs_brief matchpathcon -V "$@" 2>/dev/null | head -n 20 | gs_fact rights-labels
    else
        gs_not_seen selinux
    fi
    stat -c '%C %n' "$@" 2>/dev/null | gs_fact rights-contexts
    stat -f -c %T "$gs_home" 2>/dev/null | gs_fact rights-filesystem
    $gs_brief getsebool use_nfs_home_dirs 2>/dev/null | gs_fact rights-nfs
    if [ "$gs_port" != 22 ]; then
        $gs_brief semanage port -l 2>/dev/null | grep '^ssh_port_t ' | gs_fact rights-port
    fi
fi

# Keys that sshd was told to refuse, here or everywhere.
gs_path=
case $gs_settings in
*[rR]evoked[kK]eys*) gs_path=$(gs_setting RevokedKeys) ;;
esac
case $gs_path in
'' | [nN][oO][nN][eE]) ;;
*)
    if [ ! -e "$gs_path" ]; then echo missing
    elif [ ! -r "$gs_path" ]; then
        # As root it is sshd that cannot read it either.
        if [ "$(id -u)" = 0 ]; then echo unreadable; else echo unknown; fi
    else
        if [ -e "$gs_home/.ssh/id_om.pub" ]; then gs_line=$gs_home/.ssh/id_om.pub; else gs_line=$gs_home/.ssh/id_rsa.pub; fi
        $gs_brief ssh-keygen -Q -f "$gs_path" "$gs_line" 2>&1 </dev/null | head -n 5
        # It may be a plain list of keys, too.
        gs_key=$(cut -d ' ' -f 2 "$gs_line" 2>/dev/null)
        [ -z "$gs_key" ] || ! grep -qsF "$gs_key" "$gs_path" || echo "$gs_line: REVOKED"
    fi | gs_fact keys-revoked
    ;;
esac
