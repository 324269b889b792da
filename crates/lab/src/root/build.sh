# Makes a root file system of Debian. Runs in mount and process namespaces of its own, so nothing that it starts or
# mounts outlives it.
# $1: an empty directory; $2: the suite; $3: the mirror, or nothing for debootstrap's own; $4: what debootstrap installs
# beside the essential packages, with commas; then the packages that are installed when those are configured. One that is
# written PACKAGE/SUITE comes last, from another suite.
set -eu
umask 022
root=$1 suite=$2 mirror=$3 first=$4
shift 4
later=
for package; do
    shift
    case $package in
    */*) later="$later $package" ;;
    *) set -- "$@" "$package" ;;
    esac
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -s "$keyring" ] || { echo "install the package debian-archive-keyring (Fedora: debian-keyring)"; exit 1; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# A debootstrap that is older than the release makes it like the newest that it knows.
script=
[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=sid
debootstrap --variant=minbase --keyring="$keyring" --force-check-gpg ${first:+"--include=$first"} \
    "$suite" "$root" "$mirror" $script

mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# The mirror's name is found as this machine finds it.
cat /etc/resolv.conf >"$root/etc/resolv.conf"
cp "$root/etc/hosts" "$root/run/hosts" 2>/dev/null || : >"$root/run/hosts"
cat /etc/hosts >"$root/etc/hosts"
# Nothing starts in here.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
printf 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' \
    >"$root/etc/dpkg/dpkg.cfg.d/lab"
# The lists may be older than they like to be: mirrors that stand still are in use. Their signatures count.
update() { chroot "$root" apt-get -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false update; }
update
# It would sort manuals that are not there.
echo "man-db man-db/auto-update boolean false" | chroot "$root" debconf-set-selections
chroot "$root" apt-get install --yes --no-install-recommends "$@"
for package in $later; do
    sed "s, $suite , ${package##*/} ," "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/later.list"
    update
    chroot "$root" apt-get install --yes --no-install-recommends "$package"
    rm "$root/etc/apt/sources.list.d/later.list"
done

if [ -e "$root/usr/bin/systemctl" ]; then
    # As on a server, but without what stirs by itself.
    chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        e2scrub_reap.service fstrim.timer systemd-pstore.service getty@.service console-getty.service
    chroot "$root" systemctl disable firewalld.service
    mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
    # A node's disk is filled to the last byte by tests; the journal must not fight for it.
    printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
    # A program that does not want to end holds a reboot up for so long.
    printf '[Manager]\nDefaultTimeoutStopSec=5s\n' >"$root/etc/systemd/system.conf.d/lab.conf"
fi

# What belongs to one machine, and what only fills the disk.
cat "$root/run/hosts" >"$root/etc/hosts"
: >"$root/etc/resolv.conf"
: >"$root/etc/apt/sources.list"
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d/lab" "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/machine-id" "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/* \
    "$root"/usr/share/locale/*
find "$root/var/log" -type f -exec truncate --size=0 {} +
umount "$root/tmp" "$root/run" "$root/proc" "$root/dev/pts" "$root/dev"
