# Files: staged, saved, swapped, and the way back. Beside journal.sh.

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

# $1 step, $2 path: the new file beside it. No other node and no other run has that name, should they share the folder.
gs_beside() { printf '%s/.gs_sshexkey.%s.%s.new' "${2%/*}" "$gs_mark" "$1"; }

# $1 step, $2 offset and $3 length in the blob, $4 mode or "keep", $5 path, $6 the new file beside it, quoted: the new
# content with the old one's owner, mode, ACL and label. If there is a $7, only a part of it is new: so many bytes of the old
# file stay in front of it, and what is behind $8; $9 is the checksum of the whole, as cksum(1) prints it.
gs_stage() {
    gs_new=$(gs_beside "$1" "$5")
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
    if [ -z "${7-}" ]; then
        tail -c +$(($2 + 1)) "$gs_journal/blob" | head -c "$3" >"$gs_new" || gs_fail "$5"
        [ "$(wc -c <"$gs_new")" -eq "$3" ] || gs_fail "$5"
    else
        {
            head -c "$7" "$5" && tail -c +$(($2 + 1)) "$gs_journal/blob" | head -c "$3" && tail -c +$(($8 + 1)) "$5"
        } >"$gs_new" || gs_fail "$5"
        [ "$(wc -c <"$gs_new")" -eq "${9#* }" ] || gs_fail "$5"
        # The old file is not the one that was read, although it bears its stamp.
        [ "$(cksum <"$gs_new")" = "$9" ] || gs_changed "$5"
    fi
    dd if=/dev/null of="$gs_new" conv=notrunc,fsync 2>/dev/null || gs_fail "$5"
    [ "$gs_mode" = keep ] || chmod "$gs_mode" "$gs_new" || gs_fail "$5"
}

# A copy that is whole or not there.
gs_copy() {
    cp --preserve=all "$1" "$2.part" 2>/dev/null || cp -p "$1" "$2.part" || return 1
    mv -f "$2.part" "$2"
}

# $1 step, $2 path quoted, $3 its stamp before, $4 its stamp afterwards: notes the way back of a file.
gs_note_file() { gs_note "$1" "gs_back $1 $2 '$3' '$4'"; }

# The way back itself, in the journal's folder. A file that somebody changed since keeps that change: only what the run
# wrote is taken out of it.
gs_back() {
    gs_now=$(stat -c %i:%s:%Y "$2" 2>/dev/null)
    case $gs_now in
    # Perhaps by an undo that was cut off before it was on the disk.
    "$3") [ ! -d "${2%/*}" ] || gs_sync "${2%/*}" ;;
    "$4")
        if [ -z "$3" ]; then
            rm -f "$2"
        elif ! gs_is_whole "$1"; then
            echo "what is kept of $2 is not whole any more; it stays as it is" >&2
            return 1
        else
            mv -f "$1.old" "$2" 2>/dev/null || cat "$1.old" >"$2" || return 1
        fi
        # On the disk before the journal goes.
        [ ! -d "${2%/*}" ] || gs_sync "${2%/*}"
        ;;
    '') echo "left $2" ;;
    *) gs_take_out "$1" "$2" ;;
    esac
}

# $1 step: whether all bytes of the old file are there. What somebody appended to it does no harm.
gs_is_whole() {
    [ -f "$1.old" ] && read -r gs_crc gs_size <"$1.sum" && [ "$(head -c "$gs_size" "$1.old" | cksum)" = "$gs_crc $gs_size" ]
}

# $1 step, $2 path: takes the lines that the run added out of what is there now, and puts back those that it took out.
gs_take_out() {
    # No text of lines: what somebody else has put there stays, and is told. Nothing is left to be tried again.
    [ -f "$1.added" ] || { echo "left $2"; return 0; }
    # Somebody has seen to it already.
    if [ -s "$1.added" ] && ! grep -qxF -f "$1.added" "$2"; then
        echo "left $2"
        return 0
    fi
    gs_new=$(gs_beside "$1" "$2")
    gs_seen=$(stat -L -c %i:%s:%y:%z "$2")
    cp --preserve=all "$2" "$gs_new" 2>/dev/null || cp -p "$2" "$gs_new" || return 1
    [ -w "$gs_new" ] || chmod u+w "$gs_new" || return 1
    gs_without "$1" <"$2" >"$gs_new" && dd if=/dev/null of="$gs_new" conv=notrunc,fsync 2>/dev/null || { rm -f "$gs_new"; return 1; }
    gs_mode=$(stat -L -c %a "$2")
    # Once more, if somebody is at it right now.
    [ "$(stat -L -c %i:%s:%y:%z "$2")" = "$gs_seen" ] || { rm -f "$gs_new"; return 1; }
    if [ "$(cksum <"$gs_new")" = "$(cksum <"$2")" ]; then
        rm -f "$gs_new"
        echo "left $2"
        return 0
    fi
    chmod "$gs_mode" "$gs_new" && mv -f "$gs_new" "$2" 2>/dev/null || { cat "$gs_new" >"$2" && rm -f "$gs_new"; } || return 1
    gs_sync "${2%/*}"
    echo "merged $2"
}

# $1 step: standard input without the lines that were added, each as often as that; the lines that were removed stand in
# place of the first of them, or at the end.
gs_without() {
    if command -v awk >/dev/null 2>&1; then
        awk -v added="$1.added" -v removed="$1.removed" '
            function restore() { while ((getline line < removed) > 0) print line; restored = 1 }
            BEGIN { while ((getline line < added) > 0) count[line]++ }
            count[$0] > 0 { count[$0]--; if (!restored) restore(); next }
            { print }
            END { if (!restored) restore() }'
    else
        grep -vxF -f "$1.added"
        [ $? -le 1 ] && cat "$1.removed"
    fi
}

# $1 step, $2 path, $3 the same, quoted, $4 its stamp when it was read (-: it was not), $5 "lines" if it is text of lines: saves the old file
# and notes the way back. A hard link keeps it with all its attributes; where there can be none (another file system) a copy
# does.
gs_save() {
    gs_new=$(gs_beside "$1" "$2")
    [ "$4" = - ] || gs_same "$2" "$4"
    if [ ! -e "$2" ]; then
        [ "$5" != lines ] || { cat "$gs_new" >"$gs_journal/$1.added" && true >"$gs_journal/$1.removed"; } || gs_fail "$gs_journal"
        gs_note_file "$1" "$3" "" "$(gs_stamp "$gs_new")" && gs_note_made "$2" || gs_fail "$gs_journal"
    elif [ "$(stat -c %u:%g "$gs_new")" = "$(stat -c %u:%g "$2")" ]; then
        gs_was=$(gs_stamp "$2")
        ln "$2" "$gs_journal/$1.old" 2>/dev/null || gs_copy "$2" "$gs_journal/$1.old" || gs_fail "$gs_journal"
        # A link changes the times of the file. From here on every change of it shows.
        gs_exact "$2" >"$gs_journal/$1.seen" || gs_fail "$gs_journal"
        [ "$(gs_stamp "$2")" = "$gs_was" ] || gs_changed "$2"
        cksum <"$gs_journal/$1.old" >"$gs_journal/$1.sum" && printf '%s\n' "$2" >"$gs_journal/$1.path" || gs_fail "$gs_journal"
        [ "$5" != lines ] || gs_note_lines "$1" "$gs_journal/$1.old" || gs_fail "$gs_journal"
        gs_note_file "$1" "$3" "$gs_was" "$(gs_stamp "$gs_new")" || gs_fail "$gs_journal"
    elif [ ! -w "$2" ] && gs_can_put_aside "$2"; then
        # Somebody else's file in the user's own folder. It cannot be linked, so it is put aside itself.
        [ "$5" != lines ] || gs_note_lines "$1" "$2" || gs_fail "$gs_journal"
        gs_exact "$2" >"$gs_journal/$1.aside" || gs_fail "$gs_journal"
        gs_note "$1" "gs_back_from_aside $1 $3 '$(gs_stamp "$gs_new")'" || gs_fail "$gs_journal"
    fi
}

# $1 path: whether it can be moved into the journal with its owner and all.
gs_can_put_aside() {
    # Of a file an overlay tells the device that lies below.
    [ -w "${1%/*}" ] && [ ! -k "${1%/*}" ] && [ "$(stat -c %d "${1%/*}")" = "$(stat -c %d "$gs_journal")" ]
}

# $1 step, $2 path, $3 its stamp afterwards: as gs_back, of a file that was put aside. Where nothing is aside nothing has
# happened; where there is no file the swap was cut off half-way.
gs_back_from_aside() {
    [ -f "$1.old" ] || return 0
    case $(stat -c %i:%s:%Y "$2" 2>/dev/null) in
    "$3" | '')
        mv -f "$1.old" "$2" || return 1
        gs_sync "${2%/*}"
        ;;
    *) gs_take_out "$1" "$2" ;;
    esac
}

# $1 step, $2 the old file: which lines the new one has that the old one has not, and the other way round.
gs_note_lines() {
    # grep(1) gives no lines of a file with a zero byte. Nothing could be merged into it.
    for gs_file in "$2" "$gs_new"; do
        [ "$(tr -d '\0' <"$gs_file" | cksum)" = "$(cksum <"$gs_file")" ] || { rm -f "$gs_journal/$1.added"; return 0; }
    done
    grep -vxF -f "$2" "$gs_new" >"$gs_journal/$1.added"
    [ $? -le 1 ] || return 1
    grep -vxF -f "$gs_new" "$2" >"$gs_journal/$1.removed"
    [ $? -le 1 ]
}

# Every change of a file shows in this.
gs_exact() { stat -L -c %i:%s:%y:%z "$1"; }

gs_changed() {
    echo "$1 was changed by somebody else meanwhile" >&2
    exit 76
}

# $1 step, $2 path, $3 the same, quoted: the new file in the old one's place. What cannot be renamed (a bind mount), or
# would change its owner or group by it, is rewritten in place.
gs_swap() {
    gs_new=$(gs_beside "$1" "$2")
    if [ ! -e "$2" ]; then
        [ ! -e "$gs_journal/$1.old" ] || gs_changed "$2"
        mv -f "$gs_new" "$2" || gs_fail "$2"
        return
    fi
    gs_why=
    if [ -e "$gs_journal/$1.aside" ]; then
        [ "$(gs_exact "$2")" = "$(cat "$gs_journal/$1.aside")" ] || gs_changed "$2"
        if gs_why=$(mv "$2" "$gs_journal/$1.old" 2>&1); then
            mv -f "$gs_new" "$2" || gs_fail "$2"
            return
        fi
    elif [ -e "$gs_journal/$1.old" ]; then
        [ "$(gs_exact "$2")" = "$(cat "$gs_journal/$1.seen")" ] || gs_changed "$2"
        ! gs_why=$(mv -f "$gs_new" "$2" 2>&1) || return 0
    elif [ -e "$gs_journal/$1.undo" ]; then
        # There was no file when it was saved.
        gs_changed "$2"
    fi
    if [ ! -w "$2" ]; then
        gs_refuse "$2" "$gs_why"
        gs_fail "$2"
    fi
    gs_rewrite "$@"
}

# $1 path, $2 what the system said: why it cannot be written, in the system's own words.
gs_refuse() {
    gs_flags=$(lsattr -d "$1" 2>/dev/null | sed -n 's/^\([^ ]*[ia][^ ]*\) .*/\1/p')
    if [ -n "$gs_flags" ]; then
        echo "$1: Operation not permitted: it has the attributes $gs_flags (lsattr)" >&2
    elif [ "$(stat -c %u "$1")" != "$(id -u)" ]; then
        echo "$1: ${2:-Permission denied}: it belongs to $(stat -c %U "$1")" >&2
    else
        echo "$1: ${2:-Permission denied}" >&2
    fi
}

# As gs_swap, in place. What stands there half-way has no stamp that could be known before.
gs_rewrite() {
    gs_mode=$(stat -c %a "$2")
    gs_was=$(gs_stamp "$2")
    gs_seen=$(gs_exact "$2")
    gs_copy "$2" "$gs_journal/$1.copy" && cksum <"$gs_journal/$1.copy" >"$gs_journal/$1.copied" || gs_fail "$gs_journal"
    gs_note_lines "$1" "$gs_journal/$1.copy" || gs_fail "$gs_journal"
    gs_note_rewritten "$1" "$3" "$gs_was" "*" || gs_fail "$gs_journal"
    # The link leads to the very file that is rewritten now.
    rm -f "$gs_journal/$1.old" "$gs_journal/$1.sum"
    gs_sync "$gs_journal/$1.copy" "$gs_journal/$1.undo" "$gs_journal"
    [ "$(gs_exact "$2")" = "$gs_seen" ] || gs_changed "$2"
    cat "$gs_new" >"$2" || gs_fail "$2"
    [ "$(stat -c %a "$gs_new")" = "$gs_mode" ] || chmod "$(stat -c %a "$gs_new")" "$2" || gs_fail "$2"
    gs_note_rewritten "$1" "$3" "$gs_was" "$(gs_stamp "$2")" || gs_fail "$gs_journal"
    rm -f "$gs_new"
    gs_sync "$2"
}

# $1 step, $2 path quoted, $3 its stamp before, $4 pattern of its stamp afterwards.
gs_note_rewritten() { gs_note "$1" "gs_back_in_place $1 $2 '$3' '$4' $gs_mode"; }

# As gs_back, in place; $5 is the mode.
gs_back_in_place() {
    # shellcheck disable=SC2254 # The stamp afterwards may be a pattern: half-way there is none that could be known.
    case $(stat -c %i:%s:%Y "$2" 2>/dev/null) in
    "$3") ;;
    $4)
        [ -f "$1.copy" ] && [ "$(cksum <"$1.copy")" = "$(cat "$1.copied")" ] || return 1
        cat "$1.copy" >"$2" && chmod "$5" "$2" && gs_sync "$2"
        ;;
    '') echo "left $2" ;;
    *) gs_take_out "$1" "$2" ;;
    esac
}

# $1 step, $2 path, $3 the same, quoted, $4 its stamp when it was read, $5 as for gs_save: the file goes.
gs_remove() {
    [ -e "$2" ] || return 0
    gs_same "$2" "$4"
    gs_was=$(gs_stamp "$2")
    ln "$2" "$gs_journal/$1.old" 2>/dev/null || gs_copy "$2" "$gs_journal/$1.old" || gs_fail "$gs_journal"
    gs_exact "$2" >"$gs_journal/$1.seen" || gs_fail "$gs_journal"
    [ "$(gs_stamp "$2")" = "$gs_was" ] || gs_changed "$2"
    cksum <"$gs_journal/$1.old" >"$gs_journal/$1.sum" || gs_fail "$gs_journal"
    # What comes at the last moment is not lost with it.
    [ "$5" != lines ] || printf '%s\n' "$2" >"$gs_journal/$1.path" || gs_fail "$gs_journal"
    gs_note_file "$1" "$3" "$gs_was" "" && gs_sync_journal || gs_fail "$gs_journal"
    [ "$(gs_exact "$2")" = "$(cat "$gs_journal/$1.seen")" ] || gs_changed "$2"
    rm -f "$2" || gs_fail "$2"
}

# $1 path: what the tool makes, revoking takes away again.
gs_note_made() {
    case $1 in
    "$gs_home"/gaussdb_tmp*) ;;
    *) printf '%s\n' "$1" >>"$gs_journal/made" ;;
    esac
}

# Each node of a run leaves a mark of its own in every folder that it is about to write into, and looks for those of the
# others: a folder that two nodes share shows itself, by whatever file system it is shared.
gs_claim() {
    for gs_dir in "$@"; do
        [ -d "$gs_dir" ] || continue
        gs_number=$((gs_number + 1))
        gs_claimed=$gs_dir/.gs_sshexkey.claim.$gs_run_id.$gs_mark
        # It goes in any ending, also where nothing is written into the folder after all.
        gs_unclaims="rm -f $(gs_quote "$gs_claimed")"
        gs_note "0000c$gs_number" "$gs_unclaims" && gs_note_after "0000c$gs_number" "$gs_unclaims" || gs_fail "$gs_journal"
        # A folder that cannot be written into is named by the change itself, with the file that it is about.
        (true >"$gs_claimed") 2>/dev/null || true
    done
}

# Prints `MARK FOLDER` for each mark of another node of this run.
gs_rivals() {
    for gs_dir in "$@"; do
        for gs_claimed in "$gs_dir/.gs_sshexkey.claim.$gs_run_id."*; do
            gs_other=${gs_claimed##*.}
            [ ! -e "$gs_claimed" ] || [ "$gs_other" = "$gs_mark" ] || printf '%s %s\n' "$gs_other" "$gs_dir"
        done
    done
}

gs_unclaim() {
    for gs_dir in "$@"; do rm -f "$gs_dir/.gs_sshexkey.claim.$gs_run_id.$gs_mark"; done
}

# One word of a shell.
gs_quote() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
