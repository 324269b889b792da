# The lock that keeps two runs apart. Beside journal.sh.
#
# Who can open a file can lock it (flock(2)), so what is locked is something that nobody else can open. Where nobody else can
# read the home, that is the home itself: it is always there, and nothing is left behind. Else it is a file in it, of mode
# 600. ~/.ssh or ~/gaussdb_tmp would not do: a run makes them, another one takes them away, and two runs that found different
# things would lock different things. Who has the file takes it away with the lock; one that is left by a run that was killed
# does no harm. A file can also be locked on a file server, where a folder cannot.
#
# Beside the file the home is locked too, if it is free, for programs before this one, which know of no file: their keepalive
# would take a journal that is there for one that was left. If it is not free, a process of our own that has it is such a
# program at work; a stranger's is in nobody's way.
#
# 9 is what decides, 8 the home beside the file. Both end with this shell: what lives longer must not inherit them.

# Status 75: another run is at work. With $1 = look nothing is written: where there is no file, nobody holds it.
gs_lock() {
    [ -d "$gs_home" ] && command -v flock >/dev/null 2>&1 || return 0
    gs_locked=
    gs_by=1
    gs_is_closed || { gs_lock_file "$1"; gs_by=$?; }
    [ $gs_by != 75 ] || return 75
    # A failed redirection of a special built-in ends the shell at once.
    [ -r "$gs_home" ] && ( exec 8<"$gs_home" ) 2>/dev/null || return 0
    if [ $gs_by = 0 ]; then
        exec 8<"$gs_home"
        gs_flock 8 && return
        exec 8<&-
        ! gs_is_held || { gs_unlock; return 75; }
        return 0
    fi
    exec 9<"$gs_home"
    gs_flock 9 || { exec 9<&-; return 75; }
}

gs_unlock() {
    [ "$gs_locked" != mine ] || rm -f "$gs_home/.gs_sshexkey.lock"
    gs_locked=
    exec 8<&- 9<&-
}

# $1 descriptor. A file system without locks is as one that is free.
gs_flock() {
    flock -n "$1"
    [ $? != 1 ]
}

# Whether nobody else can open the home to lock it. An ACL shows in the bits of the group (acl(5)).
gs_is_closed() {
    gs_rights=$(stat -c '%u %a' "$gs_home") || return
    case ${gs_rights% *} in
    0 | "$gs_uid") [ $((0${gs_rights#* } & 044)) = 0 ] ;;
    *) false ;;
    esac
}

# Status 0: the file is ours now, or, for who looks, it is not there; 75: another run has it; 1: there can be none.
gs_lock_file() {
    gs_lockfile=$gs_home/.gs_sshexkey.lock
    gs_tries=0
    while [ $gs_tries -lt 100 ]; do
        gs_tries=$((gs_tries + 1))
        case $(stat -c '%u %a %F' "$gs_lockfile" 2>/dev/null) in
        '') [ "$1" != look ] || return 0 ;;
        "$gs_uid 600 regular"*) ;;
        # Others can open it. It is not taken away: by now another run may have made a new one.
        "$gs_uid "*" regular"*) [ "$1" = look ] || chmod 600 "$gs_lockfile" ;;
        # Somebody who may write the home has put it there.
        *) return 1 ;;
        esac
        ( exec 9<>"$gs_lockfile" ) 2>/dev/null || return 1
        exec 9<>"$gs_lockfile"
        gs_flock 9 || { exec 9<&-; return 75; }
        # Whoever had it may have taken the file away in the end.
        if [ "$(stat -L -c %d:%i /proc/self/fd/9)" = "$(stat -c %d:%i "$gs_lockfile" 2>/dev/null)" ]; then
            gs_locked=${1:-mine}
            return 0
        fi
        exec 9<&-
    done
    return 1
}

# Whether a process of our own has the home as a program before this one holds it.
gs_is_held() {
    gs_place=$(stat -L -c %d:%i "$gs_home")
    for gs_fd in $(stat -L -c '%d:%i %n' /proc/[0-9]*/fd/9 2>/dev/null | sed -n "s/^$gs_place //p"); do
        [ ! -O "${gs_fd%/fd/9}" ] || return 0
    done
    return 1
}
