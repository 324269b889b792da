//! Installs what the machine lacks, with its distribution's own package manager.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use lab::{Release, Requirement};

use crate::cargo::run;
use crate::error::TaskError;

/// A package manager: how to install with it, and which column of [`NAMES`] it reads.
struct Manager {
    program: &'static str,
    install: &'static [&'static str],
    family: usize,
}

const MANAGERS: [Manager; 4] = [
    Manager { program: "apt-get", install: &["install", "--yes", "--no-install-recommends"], family: 0 },
    Manager { program: "dnf", install: &["install", "--assumeyes"], family: 1 },
    Manager { program: "yum", install: &["install", "--assumeyes"], family: 1 },
    Manager { program: "zypper", install: &["--non-interactive", "install"], family: 2 },
];

/// Package names where they differ: Debian's, Red Hat's and openEuler's, SUSE's.
const NAMES: [[&str; 3]; 14] = [
    ["openssh-server", "openssh-server", "openssh-server"],
    ["openssh-client", "openssh-clients", "openssh-clients"],
    ["iproute2", "iproute", "iproute2"],
    ["bsdutils", "util-linux", "util-linux"],
    ["passwd", "shadow-utils", "shadow"],
    ["cron", "cronie", "cronie"],
    ["csh", "tcsh", "tcsh"],
    ["procps", "procps-ng", "procps"],
    ["mount", "util-linux", "util-linux"],
    ["shellcheck", "ShellCheck", "ShellCheck"],
    ["chromium-driver", "chromedriver", "chromedriver"],
    ["rpm2cpio", "rpm", "rpm"],
    ["python3-pip", "python3-pip", "python3-pip"],
    ["fonts-wqy-microhei", "wqy-microhei-fonts", "wqy-microhei-fonts"],
];

/// Where programs are.
const PROGRAMS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Where each family's packages put the font of [`FOR_BROWSER`].
const FONTS: [&str; 3] =
    ["/usr/share/fonts/truetype/wqy", "/usr/share/fonts/wqy-microhei", "/usr/share/fonts/truetype"];

/// Programs (or a font's file) beyond the lab's own needs, with Debian's name of their package.
pub(crate) type Extra = (&'static str, &'static str);
/// For a cluster that is set up: the keepalive of the agents is a cron job.
pub(crate) const FOR_CLUSTER: [Extra; 1] = [("cron", "cron")];
/// For the tests: login shells, installers and openGauss's own tools are part of the matrix.
pub(crate) const FOR_TESTS: [Extra; 13] = [
    ("cron", "cron"),
    ("csh", "csh"),
    ("tcsh", "tcsh"),
    ("dash", "dash"),
    ("sshpass", "sshpass"),
    ("expect", "expect"),
    ("openssl", "openssl"),
    ("pkill", "procps"),
    ("cmp", "diffutils"),
    ("losetup", "mount"),
    ("shellcheck", "shellcheck"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mkfs.xfs", "xfsprogs"),
];
/// For the tests of the page that `check --html` writes: a browser, what drives it, and a font with Chinese letters.
pub(crate) const FOR_BROWSER: [Extra; 3] = [
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("wqy-microhei.ttc", "fonts-wqy-microhei"),
];
/// For the tests of what is packed, and of the help in the forms of other programs.
pub(crate) const FOR_DIST: [Extra; 9] = [
    ("pip3", "python3-pip"),
    ("dpkg-deb", "dpkg"),
    ("rpm", "rpm"),
    ("rpm2cpio", "rpm2cpio"),
    ("cpio", "cpio"),
    ("man", "man-db"),
    ("mandoc", "mandoc"),
    ("zsh", "zsh"),
    ("fish", "fish"),
];
/// For the benchmark: its floor logs in by password.
pub(crate) const FOR_BENCH: [Extra; 2] = [("cron", "cron"), ("sshpass", "sshpass")];

/// Sees to it that a lab can be brought up, and that these programs are there as well.
pub(crate) fn ensure(extra: &[Extra]) -> Result<(), TaskError> {
    let missing = lab::requirements();
    if missing.contains(&Requirement::Root) {
        return Err(TaskError::NotRoot);
    }
    let needed = missing.iter().filter_map(package);
    let wanted = extra.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package);
    let packages: BTreeSet<&'static str> = needed.chain(wanted).collect();
    if !packages.is_empty() {
        install(&packages)?;
    }
    let left = lab::requirements();
    if left.is_empty() { Ok(()) } else { Err(lab::LabError::Requirements(left).into()) }
}

/// Sees to it that a lab of whole systems can be brought up, after [`ensure`].
pub(crate) fn ensure_systems() -> Result<(), TaskError> {
    install_missing(&lab::system_requirements())?;
    ensure_root(Release::Bookworm)
}

/// Sees to it that nodes of this release can be brought up, after [`ensure`]: their root file system is made once on a
/// machine.
pub(crate) fn ensure_root(release: Release) -> Result<(), TaskError> {
    if lab::root(release).is_err() {
        install_missing(&lab::root_requirements())?;
        eprintln!(
            "Making a root file system of Debian {release}, once on this machine; it takes about a minute."
        );
    }
    let path = lab::build_root(release)?;
    eprintln!("Nodes of Debian {release} lie over {}", path.display());
    Ok(())
}

fn install_missing(missing: &[Requirement]) -> Result<(), TaskError> {
    let packages: BTreeSet<&'static str> = missing.iter().filter_map(package).collect();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

fn package(requirement: &Requirement) -> Option<&'static str> {
    match requirement {
        Requirement::Program { package, .. } => Some(*package),
        _ => None,
    }
}

fn install(packages: &BTreeSet<&'static str>) -> Result<(), TaskError> {
    let Some(manager) = MANAGERS.iter().find(|manager| is_installed(manager.program)) else {
        return Err(TaskError::Packages(packages.iter().copied().collect::<Vec<_>>().join(" ")));
    };
    let names: Vec<&str> = packages.iter().map(|name| translate(name, manager.family)).collect();
    eprintln!("Missing on this machine, to be installed now: {}", names.join(" "));
    let mut command = Command::new(manager.program);
    command.args(manager.install).args(&names);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    if manager.program == "apt-get" && run(&mut command).is_ok() {
        return Ok(());
    }
    if manager.program == "apt-get" {
        // Its lists may be missing or too old.
        run(Command::new("apt-get").arg("update"))?;
    }
    run(&mut command)
}

fn translate(package: &'static str, family: usize) -> &'static str {
    NAMES.iter().find(|names| names[0] == package).map_or(package, |names| names[family])
}

fn is_installed(program: &str) -> bool {
    // What Red Hat calls otherwise.
    let other = match program {
        "cron" => "crond",
        "chromium" => "chromium-browser",
        same => same,
    };
    let is_there = |dir: &&str| [program, other].iter().any(|name| Path::new(dir).join(name).is_file());
    PROGRAMS.iter().chain(&FONTS).any(is_there)
}
