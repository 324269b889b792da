# Which processes serve the tool's agent. For reading and for changing.

# $1 folder of a process, $2 socket: whether the process is a container's, and means another socket by that path.
# It is in a PID namespace within ours: more than one number is told then (proc(5), NSpid of status); before Linux 4.1 none
# is, and root can compare the namespaces. Or it has our numbers and other mounts, so that the folder of the socket is another
# one there: root can look; for others ssh-agent hides its root (prctl(2), PR_SET_DUMPABLE). Where a folder is gone nothing is
# said: what lost its socket is to be found.
gs_is_contained() {
    if grep -q '^NSpid:' "$1/status" 2>/dev/null; then
        ! grep -q '^NSpid:.*[0-9].*[[:blank:]][0-9]' "$1/status" || return 0
    else
        gs_space=$(readlink "$1/ns/pid" 2>/dev/null) && [ "$gs_space" != "$(readlink /proc/self/ns/pid)" ] && return 0
    fi
    gs_theirs=$(stat -L -c %d:%i "$1/root${2%/*}" 2>/dev/null) && gs_ours=$(stat -L -c %d:%i "${2%/*}" 2>/dev/null) &&
        [ "$gs_theirs" != "$gs_ours" ]
}

# $1 socket: the processes of this user's agents that were started for it: by their arguments, so that no other agent is
# ever meant.
gs_agents() {
    for gs_proc in /proc/[0-9]*; do
        { [ -O "$gs_proc" ] && read -r gs_comm <"$gs_proc/comm"; } 2>/dev/null && [ "$gs_comm" = ssh-agent ] || continue
        tr '\0' '\n' <"$gs_proc/cmdline" 2>/dev/null | grep -qxF "$1" || continue
        ! gs_is_contained "$gs_proc" "$1" || continue
        echo "${gs_proc#/proc/}"
    done
}
