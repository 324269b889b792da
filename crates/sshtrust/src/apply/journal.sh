# What a node keeps to go back to the bytes it had, and the lock that keeps two runs apart. Defined once a run; the
# lines before set gs_user.
umask 077
gs_entry=$(getent passwd "$gs_user" 2>/dev/null || grep "^$gs_user:" /etc/passwd)
# Not by a here-document, which some shells write to a disk that may be full.
gs_ifs=$IFS
IFS=:
set -f
set -- $gs_entry
set +f
IFS=$gs_ifs
gs_uid=$3 gs_gid=$4 gs_home=$6 gs_shell=$7
gs_journal=$gs_home/.gs_sshexkey.journal
gs_tick=1
gs_patience=60
gs_at_end=
gs_began=
gs_played=

# Two runs never work on one home at the same time. Status 75: somebody else has it. The lock is on the folder itself,
# so that nothing is left behind, and ends with this shell: what lives longer must not inherit it.
gs_lock() {
    [ -d "$gs_home" ] && [ -r "$gs_home" ] || return 0
    command -v flock >/dev/null 2>&1 || return 0
    exec 9<"$gs_home"
    flock -n 9
    case $? in
    0) return 0 ;;
    1) exec 9<&-; return 75 ;;
    *) return 0 ;;
    esac
}

gs_unlock() { exec 9<&-; }

# Asks for the input of a request; the caller reads exactly what was promised.
gs_ask() { printf '\n%s send\n' "$gs_token"; }

# If the coordinator is silent for $1 ticks, the node goes back by itself, and the loop that waits for it ends, with the
# lock. The watcher ends with this run's journal; nobody has to find and end it.
gs_watch() {
    (
        gs_left=$1
        while [ -e "$gs_journal/run.$$" ]; do
            sleep $gs_tick
            gs_left=$((gs_left - 1))
            if [ -e "$gs_journal/beat" ]; then
                rm -f "$gs_journal/beat"
                gs_left=$1
            elif [ $gs_left -le 0 ]; then
                gs_rollback
                kill -KILL $$
            fi
        done
    ) >/dev/null 2>&1 </dev/null 9<&- &
}

gs_begin() {
    mkdir "$gs_journal" || { echo "cannot write $gs_home" >&2; return 77; }
    gs_began=1
    gs_at_end=gs_undo
    # PIPE: nobody is there any more to read an answer. So nothing may be said from here on either.
    trap 'exec >/dev/null 2>&1; eval "$gs_at_end"; exit 1' HUP TERM PIPE
    # Not ":": a failed redirection of a special built-in ends the shell at once.
    true >"$gs_journal/run.$$" || { echo "cannot write $gs_journal" >&2; return 77; }
    gs_watch "$1"
}

# The coordinator lives. Fails if the node has already gone back.
gs_renew() {
    [ -d "$gs_journal" ] || return 1
    # Not ":": a failed redirection of a special built-in ends the shell at once.
    true >"$gs_journal/beat"
    return 0
}

# A journal that this shell did not begin is somebody else's.
gs_undo() {
    [ -n "$gs_began" ] || return 0
    [ ! -d "$gs_journal.kept" ] || mv "$gs_journal.kept" "$gs_journal" || return 1
    gs_rollback || return 1
    gs_at_end=
}

# Who renames the journal undoes it; the other one waits for that.
gs_rollback() {
    if mv "$gs_journal" "$gs_journal.undo" 2>/dev/null || { [ -n "$gs_played" ] && [ -d "$gs_journal.undo" ]; }; then
        gs_played=1
        gs_play
        return
    fi
    gs_left=600
    while [ -d "$gs_journal.undo" ] && [ $gs_left -gt 0 ]; do
        sleep 0.1
        gs_left=$((gs_left - 1))
    done
    [ ! -d "$gs_journal" ] && [ ! -d "$gs_journal.undo" ]
}

# $1 beginning of step names: takes these steps back at once, because another way is gone.
gs_retreat() {
    (
        cd "$gs_journal" || exit 1
        for gs_step in $(ls -r); do
            case $gs_step in
            "$1"*.undo) sh "./$gs_step" && mv -f "$gs_step" "$gs_step.done" ;;
            esac
        done
    )
}

# The entries are undone newest first; each is right to repeat.
gs_play() {
    (
        cd "$gs_journal.undo" || exit 1
        gs_failed=0
        for gs_step in $(ls -r); do
            case $gs_step in
            # One that was played is not played again when the rest is.
            *.undo) sh "./$gs_step" && mv -f "$gs_step" "$gs_step.done" || gs_failed=1 ;;
            esac
        done
        exit $gs_failed
    ) || { echo "what is not undone stands in $gs_journal.undo" >&2; return 1; }
    rm -rf "$gs_journal.undo"
}

# What an earlier run left when its node died: undone, unless it was verified. Only under the lock: nobody else plays.
gs_recover() {
    [ ! -d "$gs_journal.kept" ] || rm -rf "$gs_journal.kept" || return 1
    [ -d "$gs_journal.undo" ] || [ -d "$gs_journal" ] || return 0
    [ ! -d "$gs_journal.undo" ] || gs_play || return 1
    [ ! -d "$gs_journal" ] || gs_rollback || return 1
    echo recovered
}

# First half of keeping the change: from here on the node does not go back by itself, but still can be told to.
gs_prepare() {
    mv "$gs_journal" "$gs_journal.kept" 2>/dev/null && gs_at_end=gs_commit
}

gs_commit() { rm -rf "$gs_journal.kept"; }

# $1 step, $2 command. Written before the step is made, whole or not at all. Where it cannot be written cat(1) says why;
# some shells do not.
gs_note() {
    printf '%s\n' "$2" 2>/dev/null >"$gs_journal/$1.note" || printf '%s\n' "$2" | cat >"$gs_journal/$1.note" || return 1
    mv -f "$gs_journal/$1.note" "$gs_journal/$1.undo"
}

# What tells one state of a file from another. A rename keeps it.
gs_stamp() { stat -c %i:%s:%Y "$1"; }

# Status 76: the file at $1 is not the one that was read. $2 is its stamp then, or empty.
gs_same() {
    gs_now=
    [ ! -e "$1" ] || gs_now=$(stat -L -c '%i:%s:%Y:%Z' "$1")
    [ "$gs_now" = "$2" ] || { echo "$1 was changed by somebody else meanwhile" >&2; exit 76; }
}

gs_fail() {
    echo "cannot write $1" >&2
    exit 77
}

# $1 length: the contents of all new files, one after the other.
gs_receive() {
    gs_ask
    head -c "$1" | {
        cat >"$gs_journal/blob"
        gs_written=$?
        # What could not be written must not be taken for the next request.
        cat >/dev/null
        exit $gs_written
    } || gs_fail "$gs_journal"
    [ "$(wc -c <"$gs_journal/blob")" -eq "$1" ] || gs_fail "$gs_journal"
}

# $1 step, $2 offset and $3 length in the blob, $4 mode or "keep", $5 path, $6 the new file beside it, quoted: the new
# content with the old one's owner, mode, ACL and label.
gs_stage() {
    gs_new=${5%/*}/.gs_sshexkey.$1.new
    gs_mode=$4
    gs_note "$1s" "rm -f $6" || gs_fail "$gs_journal"
    if [ -e "$5" ]; then
        cp --preserve=all "$5" "$gs_new" 2>/dev/null || cp -p "$5" "$gs_new" || gs_fail "$5"
        # The owner of a file that is read-only may replace it all the same.
        if [ "$gs_mode" = keep ] && [ ! -w "$gs_new" ]; then gs_mode=$(stat -c %a "$5"); fi
        [ -w "$gs_new" ] || chmod u+w "$gs_new" || gs_fail "$5"
    else
        # Not ":": a failed redirection of a special built-in ends the shell at once.
        true >"$gs_new" || gs_fail "$5"
    fi
    tail -c +$(($2 + 1)) "$gs_journal/blob" | head -c "$3" >"$gs_new" || gs_fail "$5"
    [ "$(wc -c <"$gs_new")" -eq "$3" ] || gs_fail "$5"
    dd if=/dev/null of="$gs_new" conv=notrunc,fsync 2>/dev/null || gs_fail "$5"
    [ "$gs_mode" = keep ] || chmod "$gs_mode" "$gs_new" || gs_fail "$5"
}

# A copy that is whole or not there.
gs_copy() {
    cp --preserve=all "$1" "$2.part" 2>/dev/null || cp -p "$1" "$2.part" || return 1
    mv -f "$2.part" "$2"
}

# $1 step, $2 path quoted, $3 its stamp before, $4 its stamp afterwards, $5 command. A file that somebody changed since is
# not touched: the journal may be found days later.
gs_note_file() {
    gs_note "$1" "case \$(stat -c %i:%s:%Y $2 2>/dev/null) in
    $3) ;;
    $4) $5 ;;
    *) printf '%s was changed after the run and stays\n' $2 >&2 ;;
    esac"
}

# $1 step, $2 path, $3 the same, quoted: keeps the old file and notes the way back. A hard link keeps it with all its
# attributes; where there can be none (another file system) a copy does.
gs_keep() {
    gs_new=${2%/*}/.gs_sshexkey.$1.new
    if [ ! -e "$2" ]; then
        gs_note_file "$1" "$3" "''" "$(gs_stamp "$gs_new")" "rm -f $3" || gs_fail "$gs_journal"
    elif [ "$(stat -c %u:%g "$gs_new")" = "$(stat -c %u:%g "$2")" ]; then
        ln "$2" "$gs_journal/$1.old" 2>/dev/null || gs_copy "$2" "$gs_journal/$1.old" || gs_fail "$gs_journal"
        gs_note_file "$1" "$3" "$(gs_stamp "$2")" "$(gs_stamp "$gs_new")" \
            "mv -f $1.old $3 2>/dev/null || cat $1.old >$3" || gs_fail "$gs_journal"
    fi
}

# $1 step, $2 path, $3 the same, quoted: the new file in the old one's place. What cannot be renamed (a bind mount), or
# would change its owner or group by it, is rewritten in place.
gs_swap() {
    gs_new=${2%/*}/.gs_sshexkey.$1.new
    if [ ! -e "$2" ]; then
        mv -f "$gs_new" "$2" || gs_fail "$2"
        return
    fi
    [ ! -e "$gs_journal/$1.old" ] || ! mv -f "$gs_new" "$2" 2>/dev/null || return 0
    if [ ! -w "$2" ]; then
        echo "$2: Permission denied: it belongs to $(stat -c %U "$2")" >&2
        gs_fail "$2"
    fi
    gs_rewrite "$@"
}

# As gs_swap, in place. What stands there half-way has no stamp that could be known before.
gs_rewrite() {
    gs_mode=$(stat -c %a "$2")
    gs_was=$(gs_stamp "$2")
    gs_back="cat $1.copy >$3 && chmod $gs_mode $3"
    gs_copy "$2" "$gs_journal/$1.copy" || gs_fail "$gs_journal"
    gs_note_file "$1" "$3" "$gs_was" "*" "$gs_back" || gs_fail "$gs_journal"
    cat "$gs_new" >"$2" || gs_fail "$2"
    [ "$(stat -c %a "$gs_new")" = "$gs_mode" ] || chmod "$(stat -c %a "$gs_new")" "$2" || gs_fail "$2"
    gs_note_file "$1" "$3" "$gs_was" "$(gs_stamp "$2")" "$gs_back" || gs_fail "$gs_journal"
    rm -f "$gs_new"
}

# The folders of the new files, durable. Before coreutils 8.24 sync(1) took no names; then there is nothing to do.
gs_sync() {
    case $(sync --help 2>/dev/null) in
    *--file-system*) sync "$@" 2>/dev/null ;;
    esac
    return 0
}

# Runs a command that starts what is to outlive this session. Where logind ends what a session leaves behind, or systemd
# what a job leaves, the user's own manager keeps it, if that lives on without a session.
gs_detached() {
    case $(cat /proc/self/cgroup 2>/dev/null) in
    */session-*.scope* | */gs_sshexkey-agent.service*)
        if [ -e "/var/lib/systemd/linger/$gs_user" ] && [ -S "/run/user/$gs_uid/systemd/private" ]; then
            XDG_RUNTIME_DIR=/run/user/$gs_uid gs_bounded 20 systemd-run --user --scope --quiet "$@" 2>/dev/null && return
        fi
        ;;
    esac
    "$@"
}

# $1 socket, $2 the same, quoted. Prints the process number. The undo finds the agent by its arguments, because it is
# written before the agent has a number; an agent that is asked to end would remove the socket that was put back.
gs_start_agent() {
    gs_note 1010 "for p in /proc/[0-9]*; do
        { read -r c <\$p/comm; } 2>/dev/null && [ \"\$c\" = ssh-agent ] || continue
        tr '\\0' '\\n' <\$p/cmdline 2>/dev/null | grep -qxF $2 && kill -KILL \${p#/proc/}
    done
    rm -f $2" || gs_fail "$gs_journal"
    gs_launch "$1"
}

# What ssh-agent prints is not run: it has the path in it as it is.
gs_launch() {
    gs_printed=$(gs_detached ssh-agent -s -a "$1" 9<&-) || exit 1
    SSH_AGENT_PID=$(printf '%s\n' "$gs_printed" | sed -n 's/^SSH_AGENT_PID=\([0-9]*\);.*/\1/p')
    [ -n "$SSH_AGENT_PID" ] || exit 1
    echo "$SSH_AGENT_PID"
}

# $1 seconds, then a command that must not hang for longer.
gs_bounded() {
    gs_seconds=$1
    shift
    if command -v timeout >/dev/null 2>&1; then timeout "$gs_seconds" "$@"; else "$@"; fi
}

# $1 socket, $2 length of the key, which comes as the request's input and goes to nothing but ssh-add's own.
gs_add_key() {
    gs_ask
    head -c "$2" | {
        SSH_AUTH_SOCK=$1
        export SSH_AUTH_SOCK
        gs_bounded "$gs_patience" ssh-add - 9<&-
        gs_added=$?
        [ $gs_added != 124 ] || echo "ssh-add did not end within $gs_patience seconds" >&2
        cat >/dev/null
        exit $gs_added
    }
}

# Where the home is. The same on two nodes means one machine, or one home on a file server.
gs_source=$(df -P "$gs_home" 2>/dev/null | { read -r gs_x; read -r gs_x gs_y; echo "$gs_x"; })
case $gs_source in
*:*) stat -c "$gs_source %i" "$gs_home" ;;
*) stat -c '%d:%i' "$gs_home"; cat /proc/sys/kernel/random/boot_id ;;
esac 2>/dev/null
[ -n "$gs_home" ]
