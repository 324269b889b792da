//! The second tier: nodes that are whole systems. Each boots the real systemd of a Debian release, by
//! `systemd-nspawn`, with sshd, cron, logind, polkit and firewalld as on a server, and can reboot.
//!
//! The root file system is made once on a machine and kept ([`crate::root`]); a node writes to a layer of its own above it,
//! which outlives a reboot (`disks`). `boot.sh` holds a node over its reboots (`boot`). What a lab leaves in the
//! kernel's control groups goes last (`cgroup`).

mod boot;
pub(crate) mod cgroup;
pub(crate) mod disks;

pub(crate) use boot::wait_until_up;
