# What decides a call by name, as this node sees it: what ssh(1) would do with each name and with the address that it
# stands for, where the names lead, and the files of host keys. Arguments: ssh with the options of a call; the digests of
# files that need not be sent; then NUMBER/ADDRESS/NAME for each node. Read by told.rs.
set -f
gs_ssh=$1 gs_known=$2
shift 2
gs_nl='
'
gs_room=8388608 gs_kinds=0 gs_old='' gs_hosts='' gs_seen=' '
gs_home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)

# gs_ask HOST: where ssh would go, and the number under which all its other options were printed; - is unknown.
gs_ask() {
    gs_kind=- gs_host=-
    gs_text=$($gs_ssh -G -- "$1" true 2>/dev/null) || return 0
    gs_text=$gs_nl$gs_text$gs_nl
    # New releases begin with what was typed.
    case $gs_text in "${gs_nl}host "*) gs_text=$gs_nl${gs_text#*"$gs_nl"*"$gs_nl"} ;; esac
    case $gs_text in *"${gs_nl}hostname "*) ;; *) return 0 ;; esac
    gs_rest=${gs_text#*"${gs_nl}hostname "}
    gs_to=${gs_rest%%"$gs_nl"*}
    case $gs_to in '' | -* | *[!A-Za-z0-9._:-]*) return 0 ;; esac
    gs_text=${gs_text%%"${gs_nl}hostname "*}$gs_nl${gs_rest#*"$gs_nl"}
    gs_number
    gs_host=$gs_to
}

# Finds gs_text among those that were printed, or prints it. Nodes of one cluster have one or two.
gs_number() {
    gs_kind=1
    while [ "$gs_kind" -le "$gs_kinds" ]; do
        eval "gs_old=\$gs_text_$gs_kind"
        [ "$gs_text" != "$gs_old" ] || return 0
        gs_kind=$((gs_kind + 1))
    done
    if [ "$gs_kinds" -ge 16 ]; then
        gs_kind=-
        return 0
    fi
    gs_kinds=$gs_kind
    eval "gs_text_$gs_kind=\$gs_text"
    printf %s "$gs_text" | sed "s/^/o $gs_kind /"
}

# gs_file PATH: a file of host keys, as ssh names it.
gs_file() {
    gs_real=$1
    [ "${1%%/*}" != "~" ] || gs_real=$gs_home/${1#*/}
    if [ ! -e "$gs_real" ] && [ ! -L "$gs_real" ]; then
        printf 'f absent %s\n' "$1"
        return 0
    fi
    [ -f "$gs_real" ] && [ -r "$gs_real" ] || return 0
    gs_size=$(wc -c <"$gs_real") && gs_sum=$(sha256sum <"$gs_real") || return 0
    gs_sum=${gs_sum%% *}
    case " $gs_known " in
    *" $gs_sum "*)
        printf 'f %s %s\n' "$gs_sum" "$1"
        return 0
        ;;
    esac
    gs_room=$((gs_room - gs_size))
    [ "$gs_room" -ge 0 ] || return 0
    printf 'b %d %s %s\n' "$gs_size" "$gs_sum" "$1"
    head -c "$gs_size" "$gs_real"
    echo
}

for gs_item in "$@"; do
    gs_name=${gs_item##*/} gs_at=${gs_item#*/}
    gs_ask "${gs_at%/*}"
    gs_by_address="$gs_kind $gs_host" gs_at=$gs_host
    gs_ask "$gs_name"
    printf 'n %s %s %s %s .\n' "${gs_item%%/*}" "$gs_by_address" "$gs_kind" "$gs_host"
    case $gs_host in - | "$gs_at") ;; *) gs_hosts="$gs_hosts $gs_host" ;; esac
done

# One call for all names, if all are known; else nobody could tell whose lines are whose.
if [ -n "$gs_hosts" ]; then
    # shellcheck disable=SC2086 # one word each
    if gs_found=$(timeout 8 getent ahosts $gs_hosts 2>/dev/null); then
        printf 'a%s\n%s\ne\n' "$gs_hosts" "$gs_found"
    else
        for gs_host in $gs_hosts; do
            gs_found=$(timeout 8 getent ahosts "$gs_host" 2>/dev/null) || continue
            printf 'a %s\n%s\ne\n' "$gs_host" "$gs_found"
        done
    fi
fi

# A ticket of Kerberos is offered by name, before any key.
if klist -s 2>/dev/null || [ -e "/tmp/krb5cc_$(id -u)" ]; then
    echo ticket
fi

gs_kind=1
while [ "$gs_kind" -le "$gs_kinds" ]; do
    eval "gs_text=\$gs_text_$gs_kind"
    for gs_path in $(printf %s "$gs_text" | sed -n 's/^userknownhostsfile //p; s/^globalknownhostsfile //p'); do
        case $gs_seen in *" $gs_path "*) continue ;; esac
        gs_seen="$gs_seen$gs_path "
        gs_file "$gs_path"
    done
    gs_kind=$((gs_kind + 1))
done
