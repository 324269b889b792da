# The keepalive of a node: its program and its job. Status 78: this node cannot have it; what was said is the reason.

# $1 step. The user's own manager of systemd shall live without a session. Waits until it does.
gs_linger() {
    gs_mark_of_linger=$gs_home/gaussdb_tmp/.linger
    gs_note "$1" "gs_bounded 20 loginctl disable-linger $gs_user; rm -f $(gs_quote "$gs_mark_of_linger")" || gs_fail "$gs_journal"
    # Revoking turns off what was turned on here, and nothing else.
    true >"$gs_mark_of_linger" || exit 78
    gs_bounded 20 loginctl enable-linger "$gs_user" </dev/null || exit 78
    gs_left=100
    while [ ! -S "/run/user/$gs_uid/systemd/private" ] && [ $gs_left -gt 0 ]; do
        sleep 0.1
        gs_left=$((gs_left - 1))
    done
}

# $1 step, $2 path, $3 the same, quoted, $4 the new file beside it, quoted, $5 digest, $6 length of the packed program,
# which is the request's input. It must run before it takes the old one's place.
gs_place() {
    gs_new=$(gs_beside "$1" "$2")
    gs_note "$1s" "rm -f $4" || exit 78
    gs_ask
    head -c "$6" | {
        gzip -dc >"$gs_new"
        gs_written=$?
        cat >/dev/null
        exit $gs_written
    } && chmod 700 "$gs_new" && dd if=/dev/null of="$gs_new" conv=notrunc,fsync 2>/dev/null || exit 78
    [ "$(sha256sum <"$gs_new")" = "$5  -" ] || { echo 'it did not arrive whole' >&2; exit 78; }
    gs_bounded 20 "$gs_new" --version </dev/null >/dev/null || exit 78
    gs_save "$1" "$2" "$3" -
    gs_swap "$1" "$2" "$3"
    gs_sync "${2%/*}"
}

# The digest of standard input; fails if there is none.
gs_digest() {
    gs_sum=$(sha256sum) && [ "${#gs_sum}" -ge 64 ] && echo "${gs_sum%% *}"
}

# The table with all that crontab(1) has put above it.
gs_raw() { CRONTAB_NOHEADER=N crontab -l </dev/null 2>/dev/null; }

# $1 step, $2 digest of the table that was read with all that stands above it, empty if there was none, $3 and $4 lengths of
# the old and the new table, which are the request's input. The undo leaves a table alone that somebody has changed since.
gs_set_crontab() {
    cd "$gs_journal" || exit 77
    if gs_raw >"$1.raw"; then
        gs_now=$(gs_digest <"$1.raw") || gs_fail "$gs_journal"
    else
        gs_now=$(crontab -l 2>&1 </dev/null)
        case $gs_now in
        *"no crontab for"* | "crontab: can't open '"*) gs_now= ;;
        esac
    fi
    [ "$gs_now" = "$2" ] || { echo "the crontab of $gs_user was changed by somebody else meanwhile" >&2; exit 76; }
    gs_ask
    { head -c "$3" >"$1.old"; gs_kept=$?; head -c "$4" >"$1.table" && [ $gs_kept = 0 ]; } || gs_fail "$gs_journal"
    # shellcheck disable=SC2015 # Both, or it failed.
    [ "$(wc -c <"$1.old")" -eq "$3" ] && [ "$(wc -c <"$1.table")" -eq "$4" ] || gs_fail "$gs_journal"
    # shellcheck disable=SC2015 # Both, or it failed.
    gs_was=$(gs_digest <"$1.raw") && gs_new=$(gs_digest <"$1.table") || gs_fail "$gs_journal"
    gs_back='crontab -r'
    # A table whose last line does not end is refused by crontab(1).
    [ -z "$2" ] || gs_back="crontab - <$1.old 2>/dev/null || { cat $1.old; echo; } | crontab -"
    # What crontab(1) puts above the table is known only afterwards.
    gs_note_crontab "$1" "$gs_was" '*'
    crontab - <"$1.table" >&2 || exit 78
    gs_raw >"$1.raw" && gs_now=$(gs_digest <"$1.raw") || exit 78
    if [ "$(tail -c "$4" "$1.raw" | gs_digest)" != "$gs_new" ]; then
        echo 'crontab did not take the new table' >&2
        exit 78
    fi
    gs_note_crontab "$1" "$gs_was" "$gs_now*"
}

# $1 step, $2 digest of the table that was read with all that stands above it, $3 length of the old table, which is the
# request's input: nothing is left of it.
gs_clear_crontab() {
    cd "$gs_journal" || exit 77
    gs_raw >"$1.raw" && gs_now=$(gs_digest <"$1.raw") || gs_fail "$gs_journal"
    [ "$gs_now" = "$2" ] || { echo "the crontab of $gs_user was changed by somebody else meanwhile" >&2; exit 76; }
    gs_ask
    head -c "$3" >"$1.old" && [ "$(wc -c <"$1.old")" -eq "$3" ] || gs_fail "$gs_journal"
    gs_back="crontab - <$1.old 2>/dev/null || { cat $1.old; echo; } | crontab -"
    gs_note_crontab "$1" "$gs_now" "$(true | gs_digest)*"
    crontab -r >&2 || gs_fail "the crontab"
}

# $1 step, $2 digest of the table before, $3 pattern of the digest afterwards.
gs_note_crontab() {
    gs_note "$1" "case \$(CRONTAB_NOHEADER=N crontab -l 2>/dev/null </dev/null | sha256sum) in
    $2*) ;;
    $3) $gs_back ;;
    *) echo 'left the crontab' ;;
    esac" || gs_fail "$gs_journal"
}

gs_systemctl() { XDG_RUNTIME_DIR=/run/user/$gs_uid gs_bounded 20 systemctl --user "$@" </dev/null; }

# $1 step, $2 step before that of the units. The units are there; the manager learns of them. What is undone before and after that, see the two notes.
gs_timer_on() {
    gs_wants=$(printf %s "$gs_home/.config/systemd/user/timers.target.wants" | sed "s/'/'\\\\''/g")
    gs_manager="XDG_RUNTIME_DIR=/run/user/$gs_uid gs_bounded 20 systemctl --user"
    gs_note "$1" "$gs_manager disable --now gs_sshexkey-agent.timer >/dev/null 2>&1; rmdir '$gs_wants' 2>/dev/null; :" ||
        gs_fail "$gs_journal"
    gs_note "$2" "$gs_manager daemon-reload 2>/dev/null || :" || gs_fail "$gs_journal"
    # shellcheck disable=SC2069 # Its errors are told, the rest is not.
    gs_systemctl daemon-reload >&2 && gs_systemctl enable --now gs_sshexkey-agent.timer 2>&1 >/dev/null &&
        gs_systemctl is-active --quiet gs_sshexkey-agent.timer || exit 78
}
