# What all families of evidence share. Runs before observe.sh; the lines before set gs_user, gs_names,
# gs_addresses (where the names should lead), gs_peers (all nodes), gs_callees, gs_port.
gs_entry=$(getent passwd "$gs_user" 2>/dev/null || grep "^$gs_user:" /etc/passwd)
gs_ifs=$IFS
IFS=:
set -f
# shellcheck disable=SC2086 # Split into its words on purpose.
set -- $gs_entry
set +f
IFS=$gs_ifs
gs_uid=$3 gs_gid=$4 gs_home=$6 gs_shell=$7

gs_brief=
if timeout 5 true 2>/dev/null; then gs_brief='timeout 5'; fi

# $1 word: this user may not see that here.
gs_not_seen() { printf '\n%s fact unseen/%s\n\n%s end\n' "$gs_token" "$1" "$gs_token"; }

# Whether a program is there.
gs_has() { command -v "$1" >/dev/null 2>&1; }

# The first value of a setting in gs_settings, of those for everybody.
gs_setting() {
    printf '%s\n' "$gs_settings" | sed -n -e '/^[[:space:]]*[Mm]atch[[:space:]]/q' -e "s/^[[:space:]]*$1[[:space:]=]*//Ip" |
        head -n 1
}

# $1: a path of sshd_config(5), with its tokens. Sets gs_path.
gs_expand() {
    gs_path='' gs_rest=$1
    while :; do
        case $gs_rest in
        *%*) ;;
        *) break ;;
        esac
        gs_path=$gs_path${gs_rest%%\%*}
        gs_rest=${gs_rest#*\%}
        case $gs_rest in
        h*) gs_path=$gs_path$gs_home ;;
        u*) gs_path=$gs_path$gs_user ;;
        U*) gs_path=$gs_path$gs_uid ;;
        %*) gs_path=$gs_path% ;;
        esac
        gs_rest=${gs_rest#?}
    done
    gs_path=$gs_path$gs_rest
    case $gs_path in
    /*) ;;
    *) gs_path=$gs_home/$gs_path ;;
    esac
}
