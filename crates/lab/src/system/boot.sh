# Holds one whole system: boots it, and boots it again whenever it restarts. Runs in a mount namespace of its own,
# in the keeper's PID namespace.
# $1: the node's directory; $2: its name in the lab; $3: the lab's control group.
set -eu
# /proc is still the machine's, so this is the number that the machine knows.
read -r pid rest </proc/self/stat
# From here on process 1 is the keeper, as it has to be for systemd-nspawn.
mount -t proc proc /proc
# The unified hierarchy, whatever the machine itself uses. No controllers are needed.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$3/$2"
echo 0 >"/sys/fs/cgroup/$3/$2/cgroup.procs"
mount --rbind "$1" /mnt
# systemd-nspawn leaves files there.
mount -t tmpfs tmpfs /run
echo "node $2 $pid"
exec </dev/null >/dev/null

# Each boot has a network namespace of its own, so that no rule of a firewall outlives it. The cable is there
# before the system is, as with a real machine.
boot() {
    # shellcheck disable=SC2016 # For the inner shell.
    unshare --net sh -c '
        nsenter --net=/proc/1/ns/net ip -batch /mnt/unplug 2>/dev/null
        ip -batch /mnt/cable && nsenter --net=/proc/1/ns/net ip -batch /mnt/plug &&
            ip -batch /mnt/address || exit 1
        exec systemd-nspawn --quiet --boot --directory=/mnt/root --machine="$1" --register=no --keep-unit \
            --network-namespace-path=/proc/self/ns/net --capability=CAP_NET_ADMIN --console=pipe \
            --settings=no --resolv-conf=off --timezone=off --link-journal=no
    ' sh "$1"
}
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
# With 133 a system asks to be started again.
again=133
while [ $again -eq 133 ]; do
    again=0
    boot "$2" || again=$?
done
