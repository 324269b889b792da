# What a node keeps to go back to the bytes it had, and the lock that keeps two runs apart. Defined once a run; the
# lines before set gs_user.
umask 077
gs_entry=$(getent passwd "$gs_user" 2>/dev/null || grep "^$gs_user:" /etc/passwd)
# Not by a here-document, which some shells write to a disk that may be full.
gs_ifs=$IFS
IFS=:
set -f
# shellcheck disable=SC2086 # Split into its words on purpose.
set -- $gs_entry
set +f
IFS=$gs_ifs
gs_uid=$3 gs_gid=$4 gs_home=$6 gs_shell=$7
gs_journal=$gs_home/.gs_sshexkey.journal
gs_tick=1
gs_hurry=
gs_patience=60
gs_at_end=
gs_at_last=gs_unlock
gs_locked=
gs_began=
gs_played=
gs_number=0
gs_run_id=

# PIPE: nobody is there any more to read an answer. So nothing may be said from here on either, and no lock is left.
trap 'exec >/dev/null 2>&1; eval "$gs_at_end"; gs_unlock; exit 1' HUP TERM PIPE

# Asks for the input of a request; the caller reads exactly what was promised.
gs_ask() { printf '\n%s send\n' "$gs_token"; }

# When a process began, in clock ticks: with its number it is told from a later one of the same number (proc(5), stat).
gs_started() {
    read -r gs_line 2>/dev/null <"/proc/$1/stat" || return 1
    # The name of the program may hold anything.
    set -f
    # shellcheck disable=SC2086 # Split into its words on purpose.
    set -- ${gs_line##*) }
    set +f
    echo "${20}"
}

# If the coordinator is silent for $1 seconds, a fifth more at the most, or its shell here was killed, the node goes back by itself, or settles if it
# has voted, or finishes if it has kept. First the work ends that is under way: it must not go on behind the undo. With it
# goes the lock; who takes it then, this or the next run, puts the node in order. The watcher ends with this run's journal;
# nobody has to find and end it.
#
# 7 is a pipe that ends with this shell, so that the watcher needs to look seldom: a thousand nodes may be one machine. What
# lives longer than this shell must not inherit it.
gs_watch() {
    gs_born=$(gs_started $$)
    gs_glance=${gs_hurry:-$((($1 + 4) / 5))}
    # A login profile may have left a 6 of its own.
    exec 6<&-
    gs_pipe=
    # A failed redirection of a special built-in ends the shell at once. The pipe of an earlier run of this shell ends here: its
    # watcher wakes and finds that run no longer open, for each run has a name of its own.
    # shellcheck disable=SC2094 # Two ends of one pipe.
    mkfifo "$gs_journal/life" 2>/dev/null && ( exec 7<>"$gs_journal/life" ) 2>/dev/null &&
        exec 7<>"$gs_journal/life" 6<"$gs_journal/life" && gs_pipe=1
    (
        # The lock is the loop's.
        gs_locked=
        gs_left=5
        gs_gone=
        while gs_is_open; do
            gs_look || gs_gone=1
            gs_is_open || return
            # A number may have been given to somebody else since.
            [ "$(gs_started $$)" = "$gs_born" ] || gs_gone=1
            if [ -z "$gs_gone" ]; then
                if [ -e "$gs_journal/beat" ] || [ -e "$gs_journal.prepared/beat" ]; then
                    rm -f "$gs_journal/beat" "$gs_journal.prepared/beat"
                    gs_left=5
                    continue
                fi
                gs_left=$((gs_left - 1))
                [ $gs_left -le 0 ] || continue
            fi
            gs_end_work
            # What that loop had begun may still be at work and hold the lock; another run puts the node in order itself.
            until gs_lock; do
                gs_is_open || return
                sleep $gs_tick
            done
            # The journal that is there now may be another run's.
            if gs_is_open; then
                if [ -d "$gs_journal" ]; then gs_rollback; else gs_settle; fi
            fi
            gs_unlock
            return
        done
    ) >/dev/null 2>&1 </dev/null 7<&- 8<&- 9<&- &
    exec 6<&-
}

# Until the next glance. Status 1: the loop's shell and all that it has started are gone.
gs_look() {
    if [ -n "$gs_pipe" ]; then
        timeout "$gs_glance" cat <&6
        case $? in
        0) return 1 ;;
        # Of coreutils, and of busybox.
        124 | 143) return 0 ;;
        esac
    fi
    # There is no pipe, or no timeout(1) as we know it.
    sleep "$gs_glance"
}

# Whether this run is neither kept to its end nor undone yet.
gs_is_open() {
    for gs_dir in "$gs_journal" "$gs_journal.prepared" "$gs_journal.kept"; do
        [ ! -e "$gs_dir/run.$gs_run_id" ] || return 0
    done
    return 1
}

# Ends the loop of this run and all that it has started, but the watcher, who calls this; waits until they are gone.
gs_end_work() {
    read -r gs_me gs_rest </proc/self/stat
    # Its number may be a stranger's by now, and so would be all that is below that.
    [ "$(gs_started $$)" = "$gs_born" ] || return 0
    gs_victims=$(gs_below $$)
    kill -KILL $$
    for gs_victim in $gs_victims; do kill -KILL "$gs_victim"; done
    for gs_victim in $gs_victims; do
        while [ -d "/proc/$gs_victim" ] && ! grep -q '^State:.Z' "/proc/$gs_victim/status"; do sleep 0.1; done
    done
}

# $1 process: those below it, but the caller's own and its.
gs_below() {
    for gs_stat in /proc/[0-9]*/stat; do
        read -r gs_line 2>/dev/null <"$gs_stat" || continue
        set -f
        # shellcheck disable=SC2086 # Split into its words on purpose.
        set -- "$1" "${gs_line%% *}" ${gs_line##*) }
        set +f
        if [ "$4" = "$1" ] && [ "$2" != "$gs_me" ]; then
            echo "$2"
            (gs_below "$2")
        fi
    done
}

# $1 seconds of patience, $2 the run, $3 address and port of the one who decides (empty: this node itself), then address and
# port of each other node of the run.
gs_begin() {
    # What an earlier stage has kept must not stand in the way of this one.
    gs_finish || { echo "cannot write $gs_home" >&2; return 77; }
    [ ! -e "$gs_journal.prepared" ] || { echo "an earlier run waits for its end in $gs_journal.prepared" >&2; return 77; }
    mkdir "$gs_journal" || { echo "cannot write $gs_home" >&2; return 77; }
    gs_began=1
    gs_run_id=$2
    gs_at_end=gs_undo
    # Not ":": a failed redirection of a special built-in ends the shell at once.
    true >"$gs_journal/run.$2" || { echo "cannot write $gs_journal" >&2; return 77; }
    gs_silence=$1
    {
        echo "run $2"
        [ -z "$3" ] || echo "decider $3"
        shift 3
        for gs_peer in "$@"; do echo "peer $gs_peer"; done
        # Where it cannot be written cat(1) says why; some shells do not.
    } | cat >"$gs_journal/run" && [ -s "$gs_journal/run" ] || { echo "cannot write $gs_journal" >&2; return 77; }
    gs_watch "$gs_silence"
}

# The coordinator lives. Fails if the node has already gone back.
gs_renew() {
    for gs_dir in "$gs_journal" "$gs_journal.prepared"; do
        if [ -d "$gs_dir" ]; then
            # Not ":": a failed redirection of a special built-in ends the shell at once.
            true >"$gs_dir/beat"
            return 0
        fi
    done
    return 1
}

# A journal that this shell did not begin is somebody else's.
gs_undo() {
    [ -n "$gs_began" ] || return 0
    gs_rollback || return 1
    gs_at_end=
}

# Who renames the journal undoes it; the other one waits for that.
gs_rollback() {
    if gs_rename "$gs_journal" "$gs_journal.undo" || gs_rename "$gs_journal.prepared" "$gs_journal.undo" ||
        { [ -n "$gs_played" ] && [ -d "$gs_journal.undo" ]; }; then
        gs_played=1
        gs_play
        return
    fi
    gs_left=600
    while [ -d "$gs_journal.undo" ] && [ $gs_left -gt 0 ]; do
        sleep 0.1
        gs_left=$((gs_left - 1))
    done
    [ ! -d "$gs_journal" ] && [ ! -d "$gs_journal.prepared" ] && [ ! -d "$gs_journal.undo" ]
}

# mv(1) moves a folder into one that is there already.
gs_rename() { [ ! -e "$2" ] && mv "$1" "$2" 2>/dev/null; }

# $1 beginning of step names: takes these steps back at once, because another way is gone.
gs_retreat() {
    (
        cd "$gs_journal" || exit 1
        # shellcheck disable=SC2045 # The names are ours; a pattern cannot give them newest first.
        for gs_step in $(ls -r); do
            case $gs_step in
            "$1"*.undo) ( . "./$gs_step" ) && mv -f "$gs_step" "$gs_step.done" ;;
            esac
        done
    )
}

# The entries are undone newest first; each is right to repeat. One that says where somebody else's change stays, says it on
# standard output: `merged PATH`, `left PATH`.
gs_play() {
    (
        cd "$gs_journal.undo" || exit 1
        gs_failed=0
        # shellcheck disable=SC2045 # The names are ours; a pattern cannot give them newest first.
        for gs_step in $(ls -r); do
            case $gs_step in
            # One that was played is not played again when the rest is.
            *.undo) ( . "./$gs_step" ) && mv -f "$gs_step" "$gs_step.done" || gs_failed=1 ;;
            esac
        done
        exit $gs_failed
    ) || { echo "what is not undone stands in $gs_journal.undo" >&2; return 1; }
    rm -rf "$gs_journal.undo"
    gs_sync "$gs_home"
}

# What an earlier run left when its node or its coordinator died. Only under the lock: nobody else plays. What was kept is
# kept, what was not voted on is undone: `recovered`. What was voted on is for others to decide: `prepared RUN DECIDER PORT`.
# With $1 = careful, a journal that this program cannot judge stays.
gs_recover() {
    gs_finish || return 1
    [ ! -d "$gs_journal.prepared" ] || echo "prepared $(gs_of run) $(gs_of decider)"
    [ -d "$gs_journal.undo" ] || [ -d "$gs_journal" ] || return 0
    [ ! -d "$gs_journal.undo" ] || gs_play || return 1
    [ ! -d "$gs_journal" ] || [ "$1" != careful ] || [ -e "$gs_journal/run" ] || { echo unjudged; return 0; }
    [ ! -d "$gs_journal" ] || gs_rollback || return 1
    echo recovered
}

# $1 step, $2 command: done when the change is kept, because nothing could take it back.
gs_note_after() { printf '%s\n' "$2" >"$gs_journal/$1.after"; }

# $1 step, $2 command. Written before the step is made, whole or not at all. Where it cannot be written cat(1) says why;
# some shells do not.
gs_note() {
    printf '%s\n' "$2" 2>/dev/null >"$gs_journal/$1.note" || printf '%s\n' "$2" | cat >"$gs_journal/$1.note" || return 1
    mv -f "$gs_journal/$1.note" "$gs_journal/$1.undo"
}

# The journal and all that is in it, durable. A socket that was moved into it cannot be opened.
gs_sync_journal() {
    set -- "$gs_journal"
    for gs_file in "$gs_journal"/*; do
        # The watcher takes a sign of life away whenever it likes.
        case $gs_file in
        */beat) ;;
        *) [ ! -f "$gs_file" ] || set -- "$@" "$gs_file" ;;
        esac
    done
    gs_sync "$@" || gs_fail "$gs_journal"
}

# Makes files and folders durable. Before coreutils 8.24 sync(1) took no names; there a file that is synced takes with it
# what was renamed in its file system before (ext4, xfs).
gs_sync() {
    case $(sync --help 2>/dev/null) in
    *--file-system*) sync "$@" ;;
    *)
        for gs_synced in "$@"; do
            if [ -d "$gs_synced" ]; then
                gs_flush=$gs_synced/.gs_sshexkey.$gs_mark.sync
                true >"$gs_flush" && dd if=/dev/null of="$gs_flush" conv=notrunc,fsync 2>/dev/null && rm -f "$gs_flush" || return 1
            elif [ -w "$gs_synced" ]; then
                dd if=/dev/null of="$gs_synced" conv=notrunc,fsync 2>/dev/null || return 1
            else
                # dd(1) opens what it syncs for writing; an old file that is kept may be read-only.
                sync
            fi
        done
        ;;
    esac
}

# Where the home is. The same on two nodes means one machine, or one home on a file server.
gs_source=$(df -P "$gs_home" 2>/dev/null | { read -r gs_x; read -r gs_x gs_y; echo "$gs_x"; })
case $gs_source in
*:*) stat -c "$gs_source %i" "$gs_home" ;;
*) stat -c '%d:%i' "$gs_home"; cat /proc/sys/kernel/random/boot_id ;;
esac 2>/dev/null
[ -n "$gs_home" ]
