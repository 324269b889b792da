# The agent of the tool. Beside journal.sh.

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

# $1 step, $2 socket, $3 the same, quoted. Prints the process number. The undo finds the agent by its arguments, because it is
# written before the agent has a number; an agent that is asked to end would remove the socket that was put back.
gs_start_agent() {
    gs_note "$1" "for p in \$(gs_agents $3); do kill -KILL \$p; done; rm -f $3" || gs_fail "$gs_journal"
    gs_launch "$2"
}

# What ssh-agent prints is not run: it has the path in it as it is.
gs_launch() {
    gs_printed=$(gs_detached ssh-agent -s -a "$1" 7<&- 8<&- 9<&-) || exit 1
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
        gs_bounded "$gs_patience" ssh-add - 7<&- 8<&- 9<&-
        gs_added=$?
        [ $gs_added != 124 ] || echo "ssh-add did not end within $gs_patience seconds" >&2
        cat >/dev/null
        exit $gs_added
    }
}
