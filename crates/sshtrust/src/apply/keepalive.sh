# The keepalive of a node: its program and its job. Status 78: this node cannot have it; what was said is the reason.

# The user's own manager of systemd shall live without a session. Waits until it does.
gs_linger() {
    gs_note 0900 "loginctl disable-linger '$gs_user'" || gs_fail "$gs_journal"
    timeout 20 loginctl enable-linger "$gs_user" </dev/null || exit 78
    gs_left=100
    while [ ! -S "/run/user/$gs_uid/systemd/private" ] && [ $gs_left -gt 0 ]; do
        sleep 0.1
        gs_left=$((gs_left - 1))
    done
}

# $1 step, $2 path, $3 the same, quoted, $4 the new file beside it, quoted, $5 digest, $6 length of the packed program,
# which is the request's input. It must run before it takes the old one's place.
gs_place() {
    gs_new=${2%/*}/.gs_sshexkey.$1.new
    gs_note "$1s" "rm -f $4" || exit 78
    gs_ask
    head -c "$6" | {
        gzip -dc >"$gs_new"
        gs_written=$?
        cat >/dev/null
        exit $gs_written
    } && chmod 700 "$gs_new" && dd if=/dev/null of="$gs_new" conv=notrunc,fsync 2>/dev/null || exit 78
    [ "$(sha256sum <"$gs_new")" = "$5  -" ] || { echo 'it did not arrive whole' >&2; exit 78; }
    timeout 20 "$gs_new" --version </dev/null >/dev/null || exit 78
    gs_keep "$1" "$2" "$3"
    gs_swap "$1" "$2" "$3"
}

# The digest of standard input; fails if there is none.
gs_digest() {
    gs_sum=$(sha256sum) && [ "${#gs_sum}" -ge 64 ] && echo "${gs_sum%% *}"
}

# $1 step, $2 digest of the table that was read, empty if there was none, $3 length of the new one, which is the request's
# input. The undo leaves a table alone that somebody has changed since.
gs_set_crontab() {
    cd "$gs_journal" || exit 77
    gs_list >"$1.old" || gs_fail "$gs_journal"
    gs_now=
    if crontab -l </dev/null >/dev/null 2>&1; then gs_now=$(gs_digest <"$1.old") || gs_fail "$gs_journal"; fi
    [ "$gs_now" = "$2" ] || { echo "the crontab of $gs_user was changed by somebody else meanwhile" >&2; exit 76; }
    gs_ask
    head -c "$3" >"$1.table" && [ "$(wc -c <"$1.table")" -eq "$3" ] || gs_fail "$gs_journal"
    gs_new=$(gs_digest <"$1.table") || gs_fail "$gs_journal"
    gs_back='crontab -r'
    # A table whose last line does not end is refused by crontab(1).
    [ -z "$2" ] || gs_back="crontab - <$1.old 2>/dev/null || { cat $1.old; echo; } | crontab -"
    gs_note "$1" "case \$(crontab -l 2>/dev/null | sha256sum) in
    $gs_new*) $gs_back ;;
    esac" || gs_fail "$gs_journal"
    crontab - <"$1.table" >&2 || exit 78
    [ "$(gs_list | gs_digest)" = "$gs_new" ] && return
    eval "$gs_back"
    echo 'crontab did not take the new table' >&2
    exit 78
}

gs_systemctl() { XDG_RUNTIME_DIR=/run/user/$gs_uid timeout 20 systemctl --user "$@" </dev/null; }

gs_timer_off="XDG_RUNTIME_DIR=/run/user/$gs_uid systemctl --user disable --now gs_sshexkey-agent.timer >/dev/null 2>&1
rmdir '$gs_home/.config/systemd/user/timers.target.wants' 2>/dev/null"

# $1 step. The units are there; the manager learns of them. What is undone before and after that, see the two notes.
gs_timer_on() {
    gs_note "$1" "$gs_timer_off || :" || gs_fail "$gs_journal"
    gs_note 0901 "XDG_RUNTIME_DIR=/run/user/$gs_uid systemctl --user daemon-reload 2>/dev/null || :" ||
        gs_fail "$gs_journal"
    gs_systemctl daemon-reload >&2 && gs_systemctl enable --now gs_sshexkey-agent.timer 2>&1 >/dev/null &&
        gs_systemctl is-active --quiet gs_sshexkey-agent.timer && return
    eval "$gs_timer_off"
    rm -f "$gs_home/.config/systemd/user/gs_sshexkey-agent".*
    exit 78
}
