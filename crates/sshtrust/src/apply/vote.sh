# The two halves of keeping a change, and what a node does that has voted and heard no more. Beside journal.sh.

# What the journal of a node that has voted says of its run: $1 run, decider or peer.
gs_of() { sed -n "s/^$1 //p" "$gs_journal.prepared/run" 2>/dev/null; }

# First half of keeping the change: the vote. From here on the node does not go back by itself unless it is the one who
# decides, but still can be told to. The vote is on the disk before it is answered: else the power could take it back.
gs_prepare() {
    ( gs_sync_journal ) || return
    gs_rename "$gs_journal" "$gs_journal.prepared" || return 1
    gs_at_end=gs_settle
    gs_sync "$gs_home" || { echo "cannot write $gs_home" >&2; return 77; }
}

# Second half: the decision. The rename is the claim: who makes it first, this or an undo, has won. It is on the disk before
# it is answered, and before the old bytes are thrown away.
gs_commit() {
    gs_rename "$gs_journal.prepared" "$gs_journal.kept" || return 1
    # Whoever waited for the answer may be gone; what is kept is finished all the same.
    gs_at_end=gs_finish
    echo claimed
    gs_record && gs_sync "$gs_home" || return 1
    echo decided
    gs_discard && gs_at_end=
}

# Finishes what was kept and then cut off. Right to repeat.
gs_finish() { [ ! -d "$gs_journal.kept" ] || { gs_record && gs_sync "$gs_home" && gs_discard; }; }

# The run that was kept is noted, for the nodes that ask. The last few are enough.
gs_record() {
    gs_run=$(sed -n 's/^run //p' "$gs_journal.kept/run" 2>/dev/null)
    gs_tools=$gs_home/gaussdb_tmp
    gs_kept_runs=$gs_tools/.kept_runs
    [ -d "$gs_tools" ] && [ -n "$gs_run" ] || return 0
    if [ -s "$gs_journal.kept/made" ]; then
        cat "$gs_tools/.made" "$gs_journal.kept/made" 2>/dev/null | sort -u >"$gs_tools/.made.new" &&
            mv -f "$gs_tools/.made.new" "$gs_tools/.made" && gs_sync "$gs_tools/.made" || return 1
    fi
    { tail -n 63 "$gs_kept_runs" 2>/dev/null; echo "$gs_run"; } >"$gs_kept_runs.new" &&
        mv -f "$gs_kept_runs.new" "$gs_kept_runs" && gs_sync "$gs_kept_runs" "$gs_tools"
}

# Does what could not be taken back, and throws the old bytes away. Both are right to repeat. What somebody wrote into an old
# file at the very moment of the change is not lost with it: it is carried over and told, `late PATH`, or stays beside the
# file, `saved PATH`; before the folder of such a file is looked at whether it is empty.
gs_discard() {
    [ -d "$gs_journal.kept" ] || return 0
    (
        # Where nobody reads any more what is told here, the rest is done all the same. Not ignored: who is started here would
        # ignore it too.
        trap : PIPE
        cd "$gs_journal.kept" || exit 1
        for gs_sum in *.sum; do
            gs_step=${gs_sum%.sum}
            [ -f "$gs_step.old" ] && [ -f "$gs_step.path" ] || continue
            # Once, also if the rest is repeated.
            gs_carry "$gs_step" "$(cat "$gs_step.path")" && rm -f "$gs_sum"
        done
        for gs_step in *.after; do
            [ ! -f "$gs_step" ] || ( . "./$gs_step" ) >/dev/null
        done
        true
    ) || return 1
    rm -rf "$gs_journal.kept"
}

# $1 step, $2 path.
gs_carry() {
    read -r gs_crc gs_size <"$1.sum"
    [ "$(cksum <"$1.old")" != "$gs_crc $gs_size" ] || return 0
    if [ "$(head -c "$gs_size" "$1.old" | cksum)" = "$gs_crc $gs_size" ] && [ -f "$2" ]; then
        # Not onto a line that does not end.
        [ -z "$(tail -c 1 "$2")" ] || echo >>"$2"
        tail -c +$((gs_size + 1)) "$1.old" >>"$2" && { echo "late $2" || true; } && gs_sync "$2"
    else
        mv -f "$1.old" "$2.gs_sshexkey-saved" && { echo "saved $2.gs_sshexkey-saved" || true; }
    fi
}

# A node that has voted, and whose coordinator is gone, learns what was decided; it never guesses. Where nobody knows after
# $1 tries, it asks again each minute for an hour, if no other run is at work; then its keepalive and the next run do.
gs_settle() {
    [ -z "$gs_began" ] || gs_finish
    gs_left=${1:-3}
    while [ -d "$gs_journal.prepared" ]; do
        gs_verdict
        case $gs_word in
        kept)
            gs_commit >/dev/null
            return
            ;;
        undone)
            gs_rollback >/dev/null
            return
            ;;
        esac
        gs_left=$((gs_left - 1))
        [ $gs_left -gt 0 ] || break
        sleep "$gs_tick"
    done
    [ -n "$1" ] || [ ! -d "$gs_journal.prepared" ] || gs_settle_later
}

gs_settle_later() {
    (
        exec 7<&- 8<&- 9<&-
        gs_locked=
        gs_minutes=60
        while [ $gs_minutes -gt 0 ] && [ -d "$gs_journal.prepared" ]; do
            sleep 60
            gs_minutes=$((gs_minutes - 1))
            ( gs_lock && { gs_settle 1; gs_unlock; } )
        done
    ) >/dev/null 2>&1 </dev/null &
}

# Sets gs_word: kept, undone, or waits.
gs_verdict() {
    gs_run=$(gs_of run)
    gs_decider=$(gs_of decider)
    gs_word=kept
    # The record was on the disk before the rename was.
    ! grep -qx "$gs_run" "$gs_home/gaussdb_tmp/.kept_runs" 2>/dev/null || return 0
    gs_word=undone
    [ -n "$gs_decider" ] || return 0
    # shellcheck disable=SC2086 # An address and a port.
    gs_word=$(gs_ask_peer $gs_decider)
    case $gs_word in
    kept | undone) return 0 ;;
    # It proved to be itself and knows no key of this run any more: it has undone it.
    refused) ! gs_holds_key || { gs_word=undone; return 0; } ;;
    esac
    gs_word=waits
    gs_of peer >"$gs_journal.prepared/peers" 2>/dev/null || return 0
    while read -r gs_address gs_port; do
        [ "$(gs_ask_peer "$gs_address" "$gs_port")" != kept ] || { gs_word=kept; return 0; }
    done <"$gs_journal.prepared/peers"
}

gs_holds_key() { SSH_AUTH_SOCK=$gs_home/gaussdb_tmp/gauss_socket_tmp gs_bounded 5 ssh-add -l >/dev/null 2>&1 7<&- 8<&- 9<&-; }

# $1 address, $2 port: what that node knows of this node's run: kept, undone, waits; or that it refused the key. Who says
# that it has kept makes sure of that first.
gs_ask_peer() {
    # One line: csh(1) takes no other in quotes.
    gs_asked="cd; r=$gs_run; f=.gs_sshexkey.journal; k=gaussdb_tmp/.kept_runs"
    gs_asked="$gs_asked; if grep -qx \$r \$k || grep -qx \"run \$r\" \$f.kept/run; then sync \$k . && echo gs:\$r kept"
    gs_asked="$gs_asked; elif grep -qx \"run \$r\" \$f/run || grep -qx \"run \$r\" \$f.prepared/run; then echo gs:\$r waits"
    gs_asked="$gs_asked; else echo gs:\$r undone; fi"
    gs_said=$(gs_bounded 10 ssh -n -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=yes -p "$2" -l "$gs_user" "$1" \
        "exec sh -c '$gs_asked'" 2>&1 7<&- 8<&- 9<&-)
    case $gs_said in
    *"gs:$gs_run kept"*) echo kept ;;
    *"gs:$gs_run undone"*) echo undone ;;
    *"gs:$gs_run waits"*) echo waits ;;
    # It is booting and lets nobody in yet (pam_nologin).
    *"not permitted to log in"* | *"System is "*) ;;
    *"Permission denied ("*) echo refused ;;
    esac
}
