# The keeper of a lab: process 1 of its PID namespace, and owner of its mount and network namespace.
# Orders arrive on standard input, answers leave on standard output. When the orders end, the owner is gone,
# and so is the lab: with process 1 the kernel ends all others.
# $1: the lab's directory; $2: the shell for the nodes' process 1.
set -eu
state=$1 shell=$2 fs=$1/fs kept=

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
# The directory is the owner's to remove; it cannot any more if it was killed.
cd /
umount -l "$fs"
rm -f "$state"/*.txt
rmdir "$fs" "$state" 2>/dev/null || :
