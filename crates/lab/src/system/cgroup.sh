# Removes the control groups of a lab, which outlive their processes. Runs in a mount namespace of its own.
# $1: the lab's control group.
set -eu
mount -t cgroup2 cgroup2 /mnt
left=1000
while [ -d "/mnt/$1" ]; do
    # Busy while the last process is on its way out.
    find "/mnt/$1" -depth -type d -exec rmdir {} + 2>/dev/null && break
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "the control group $1 is still in use" >&2; exit 1; }
    sleep 0.01
done
