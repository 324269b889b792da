# The keeper of a lab: process 1 of its PID namespace, and owner of its mount and network namespace.
# Orders arrive on standard input, answers leave on standard output. When the orders end, the owner is gone,
# and so is the lab: with process 1 the kernel ends all others.
# $1: the lab's directory; $2: the shell for the nodes' process 1.
set -eu
state=$1 shell=$2 fs=$1/fs kept='' group=''

mount -t tmpfs -o mode=755,size=512m gs-lab "$fs"
# /proc is still the machine's, so this is the number that the machine knows.
read -r pid rest </proc/self/stat
echo "keeper $pid"

while read -r order argument; do
    case $order in
    mount)
        mount --all --fstab "$fs/$argument"
        echo mounted
        ;;
    network)
        ip -batch "$fs/bridge"
        echo connected
        ;;
    node)
        {
            unshare --mount --uts --ipc --pid --fork --kill-child \
                unshare --net "$shell" "$fs/node.sh" "$fs/$argument" "$argument" "$pid" ||
                echo "broken $argument"
        } </dev/null &
        ;;
    system)
        group=gs-lab-${state##*/}
        {
            unshare --mount "$shell" "$fs/boot.sh" "$fs/$argument" "$argument" "$group" ||
                echo "broken $argument"
        } </dev/null &
        ;;
    keep)
        kept=1
        echo kept
        break
        ;;
    esac
done

if [ "$kept" ]; then
    exec </dev/null >/dev/null 2>&1
    while :; do
        sleep 2147483647 &
        wait $!
    done
fi
if [ "$group" ]; then
    # Control groups outlive their processes, so those have to end first.
    kill -s KILL -- -1 2>/dev/null || :
    while kill -s 0 -- -1 2>/dev/null; do
        sleep 0.01
    done
    # What cannot be removed now is left to the next lab, which finds the directory.
    unshare --mount "$shell" "$fs/cgroup.sh" "$group" || exit 1
fi
# The directory is the owner's to remove; it cannot any more if it was killed.
cd /
umount -l "$fs"
rm -f "$state"/*.txt
rmdir "$fs" "$state" 2>/dev/null || :
