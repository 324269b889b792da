//! Which machine an answer comes from: what the kernel tells of itself, without a file and without a program. Pure.
//!
//! The boot id is another one on each kernel, and after each boot. Nodes that share a kernel, as containers do, have it in
//! common; but each has a network namespace of its own, because it has an address of its own.

/// A machine, as far as it told which one it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MachineId {
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: Option<String>,
    /// The number of the network namespace, as `/proc/self/ns/net` has it.
    pub net: Option<u64>,
}

/// Longest boot id that is taken for one, in bytes. It is a UUID.
const LONGEST_BOOT_ID: usize = 64;

impl MachineId {
    /// Reads what a machine told. What does not look like it is not known.
    #[must_use]
    pub fn read(boot: &str, net: &str) -> Self {
        let is_id = |text: &&str| {
            !text.is_empty() && text.len() <= LONGEST_BOOT_ID && text.bytes().any(|b| b.is_ascii_hexdigit())
        };
        let only_id = |text: &&str| text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let net = net.trim_start_matches("net:[").trim_start_matches("ino:").trim_end_matches(']');
        Self {
            boot: Some(boot.trim()).filter(is_id).filter(only_id).map(str::to_owned),
            net: net.trim().parse().ok(),
        }
    }

    /// Whether both are one machine; `None` if that cannot be told. Kernels older than 5.14 tell the namespace only to
    /// programs; then the boot id alone counts.
    #[must_use]
    pub fn is(&self, other: &Self) -> Option<bool> {
        let boots = self.boot.as_ref().zip(other.boot.as_ref()).map(|(one, other)| one == other);
        let nets = self.net.zip(other.net).map(|(one, other)| one == other);
        match (boots, nets) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), _) => Some(true),
            // The first namespace has the same number on every kernel.
            (None, _) => None,
        }
    }
}

impl MachineId {
    /// Whether both are one machine, and told all that it takes to know.
    #[must_use]
    pub fn is_surely(&self, other: &Self) -> bool {
        self.net.is_some() && other.net.is_some() && self.is(other) == Some(true)
    }
}

/// Shells that understand what is written for sh(1).
const POSIX: [&str; 9] = ["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "rbash"];

/// Whether a login shell understands what is written for sh(1). In passwd(5) an empty field stands for `/bin/sh`.
#[must_use]
pub fn is_posix_shell(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.is_empty() || POSIX.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: &str = "88215466-4f5c-4c2e-bf89-a7d86b5bb808";
    const OTHER: &str = "98215466-4f5c-4c2e-bf89-a7d86b5bb808";

    #[test]
    fn what_a_machine_tells() {
        let read = |boot: &str, net: &str| {
            let MachineId { boot, net } = MachineId::read(boot, net);
            (boot.is_some(), net)
        };
        let cases = [
            (BOOT, "net:[4026531833]", (true, Some(4_026_531_833))),
            (BOOT, "ino:4026531833", (true, Some(4_026_531_833))),
            (" 0123\n", "", (true, None)),
            ("-", "-", (false, None)),
            ("", "net:[]", (false, None)),
            ("two words", "ino:-1", (false, None)),
            ("$gs_b", "ino:1 2", (false, None)),
        ];
        for (boot, net, wanted) in cases {
            assert_eq!(read(boot, net), wanted, "{boot} {net}");
        }
        assert_eq!(MachineId::read(&"a".repeat(65), ""), MachineId::default());
    }

    #[test]
    fn machines_are_one_or_two_or_it_cannot_be_told() {
        let cases = [
            (BOOT, "1", BOOT, "1", Some(true)),
            (BOOT, "1", BOOT, "2", Some(false)),
            (BOOT, "1", OTHER, "1", Some(false)),
            // An old kernel told only one of them.
            (BOOT, "", BOOT, "2", Some(true)),
            (BOOT, "", OTHER, "2", Some(false)),
            // Where /proc is closed.
            ("", "", BOOT, "1", None),
            ("", "1", BOOT, "1", None),
            ("", "1", "", "2", Some(false)),
            ("", "", "", "", None),
        ];
        for (boot, net, other_boot, other_net, wanted) in cases {
            let (one, other) = (MachineId::read(boot, net), MachineId::read(other_boot, other_net));
            assert_eq!((one.is(&other), other.is(&one)), (wanted, wanted), "{one:?} {other:?}");
        }
    }

    #[test]
    fn shells() {
        for shell in ["", "/bin/bash", "/usr/bin/zsh", "/bin/sh", "/bin/rbash"] {
            assert!(is_posix_shell(shell), "{shell}");
        }
        for shell in ["/usr/bin/fish", "/bin/tcsh", "/bin/csh", "/usr/sbin/nologin", "/opt/cli"] {
            assert!(!is_posix_shell(shell), "{shell}");
        }
    }
}
