# Process 1 of a node: finishes its namespaces, starts its daemons, and from then on reaps what is orphaned.
# $1: the node's directory; $2: its name in the lab; $3: the keeper's process number.
set -eu
read -r pid rest </proc/self/stat
# The node's end of the cable is made on the bridge's side, in this node's network namespace.
nsenter --net="/proc/$3/ns/net" ip -batch "$1/cable"
ip -batch "$1/address"
mount --all --fstab "$1/fstab"
answer="node $2 $pid"
read -r name <"$1/root/etc/hostname"
read -r sshd <"$1/sshd"
cron=
[ ! -s "$1/cron" ] || read -r cron <"$1/cron"

# The machine's own root goes out of reach.
cd "$1/root"
pivot_root . .
umount -l .
cd /
echo "$name" >/proc/sys/kernel/hostname
mkdir -p /run/sshd /run/lock /run/user
"$sshd" -E /var/log/sshd.log
[ -z "$cron" ] || "$cron"
echo "$answer"

exec </dev/null >/dev/null 2>&1
while :; do
    # While the shell waits for this one, it reaps every other child too.
    sleep 2147483647 &
    wait $! || :
done
