//! What `cargo xtask dist` packs, with the program of the tests in place of one for release.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::{Lab, LabSpec, Node, Release};

const PASSWORD: &str = "Gauss@2026_lab";
/// Where the guides lie.
const DOCS: &str = "usr/share/doc/gs-sshexkey";

/// The program of the tests: cargo builds it into the same folder as us.
fn program() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("gs_sshexkey");
    assert!(path.is_file(), "build the whole workspace first: {} is missing", path.display());
    path
}

/// Packs, with a shell that sees to the circumstances.
fn pack(into: &Path, circumstances: &str) {
    let script = format!("{circumstances}; exec \"$0\" dist --program \"$1\" --output \"$2\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_xtask")]).arg(program()).arg(into);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a command prints; it must succeed.
#[track_caller]
fn says(folder: &Path, script: &str) -> String {
    let output = Command::new("sh").args(["-ec", script]).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{script}: {out}\n{err}");
    out
}

/// The files below a folder: their bytes and rights by their paths.
fn tree(top: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    // rpm's own records of what it installed lie elsewhere.
    let list = says(top, "find . -type f ! -path '*rpm*/*'");
    let entry = |path: &str| {
        let at = top.join(path);
        (
            path.trim_start_matches("./").to_owned(),
            (fs::read(&at).unwrap(), fs::metadata(at).unwrap().permissions().mode()),
        )
    };
    list.lines().map(entry).collect()
}

/// The one file whose name ends so.
fn one(folder: &Path, end: &str) -> PathBuf {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{end}: {found:?}");
    found[0].clone()
}

#[test]
#[ignore = "needs nfpm and rpm: run `cargo xtask test`"]
fn packages_have_the_same_bytes_each_time_the_same_files_and_run_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (out, again) = (dir.path().join("out"), dir.path().join("again"));
    pack(&out, "umask 022");
    // Somewhere else, by somebody with other habits.
    pack(&again, "umask 077; export TZ=Asia/Shanghai LC_ALL=C.UTF-8; cd /");
    same_bytes(&out, &again);
    let (deb, rpm, tar) = (one(&out, ".deb"), one(&out, ".rpm"), one(&out, ".tar.gz"));
    let at = |name: &str| {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let [from_deb, from_rpm, installed, from_tar, control] = ["deb", "rpm", "root", "tar", "control"].map(at);
    let (deb, rpm, tar) = (deb.display(), rpm.display(), tar.display());

    // Debian's tools: nothing but the description and the digests; all is root's.
    says(&control, &format!("dpkg-deb -e {deb} ."));
    assert_eq!(tree(&control).into_keys().collect::<Vec<_>>(), ["control", "md5sums"]);
    let owners = says(&out, &format!("dpkg-deb -c {deb} | awk '{{ print $2 }}' | sort -u"));
    assert_eq!(owners, "root/root\n");
    says(&from_deb, &format!("dpkg-deb -x {deb} ."));
    // rpm's: it reads the header, which says gzip and no scripts; nothing is needed but what rpm itself can do.
    let header =
        says(&out, &format!("rpm -qp --qf '%{{NAME}} %{{ARCH}} %{{PAYLOADCOMPRESSOR}} %{{LICENSE}}' {rpm}"));
    assert_eq!(header, format!("gs-sshexkey {} gzip MulanPSL-2.0", std::env::consts::ARCH));
    assert_eq!(says(&out, &format!("rpm -qp --scripts --triggers {rpm}")), "");
    let needs = says(&out, &format!("rpm -qp --requires {rpm}"));
    assert!(needs.lines().all(|line| line.starts_with("rpmlib(")), "{needs}");
    assert!(!needs.contains("Zstd") && !needs.contains("Xz"), "{needs}");
    says(&from_rpm, &format!("rpm2cpio {rpm} | cpio -id --quiet"));
    says(dir.path(), &format!("rpm -i --nodeps --root {} {rpm}", installed.display()));
    says(&from_tar, &format!("tar -xzf {tar} --strip-components=1 --one-top-level=usr"));

    let (files, other) = (tree(&from_rpm), tree(&from_deb));
    assert!(files == tree(&installed) && files == tree(&from_tar), "{:?}", files.keys());
    // Where Debian has its own places, and nothing else.
    let names = |files: &BTreeMap<String, _>| files.keys().cloned().collect::<BTreeSet<String>>();
    let differ: Vec<String> = names(&files).symmetric_difference(&names(&other)).cloned().collect();
    let copyright = format!("{DOCS}/copyright");
    let zsh = ["usr/share/zsh/site-functions/_gs_sshexkey", "usr/share/zsh/vendor-completions/_gs_sshexkey"];
    assert_eq!(differ, [&copyright, zsh[0], zsh[1]]);
    assert!(files.iter().all(|(name, file)| other.get(name).is_none_or(|same| same == file)));

    // Removed, nothing is left of it.
    says(dir.path(), &format!("rpm -e --nodeps --root {} gs-sshexkey", installed.display()));
    assert_eq!(says(&installed, "find . -name '*gs[_-]sshexkey*'"), "");

    let program = fs::read(program()).unwrap();
    assert!(files["usr/bin/gs_sshexkey"] == (program, 0o100_755));
    let (plain, units): (Vec<_>, Vec<_>) = files.keys().partition(|name| !name.starts_with("usr/lib/"));
    assert!(plain.iter().all(|name| **name == "usr/bin/gs_sshexkey" || files[*name].1 == 0o100_644));
    // No unit is enabled: that would be a link in a folder of another name.
    assert!(
        units
            .iter()
            .all(|name| name.starts_with("usr/lib/systemd/system/") && name.matches('/').count() == 4)
    );
    for name in [
        "usr/share/man/man1/gs_sshexkey.1.gz",
        "usr/share/man/man1/gs_sshexkey-check.1.gz",
        "usr/share/man/zh_CN/man1/gs_sshexkey-setup.1.gz",
        "usr/share/bash-completion/completions/gs_sshexkey",
        "usr/share/fish/vendor_completions.d/gs_sshexkey.fish",
        "usr/share/doc/gs-sshexkey/README.zh.md",
        "usr/share/doc/gs-sshexkey/docs/install.md",
    ] {
        assert!(files.get(name).is_some_and(|(bytes, _)| !bytes.is_empty()), "{name}");
    }
    licences_are_complete(&files);
}

fn same_bytes(out: &Path, again: &Path) {
    let (first, second) = (tree(out), tree(again));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, (bytes, _)) in &first {
        assert!(bytes == &second[name].0, "{name} differs");
    }
    assert_eq!(says(out, "sha256sum -c --quiet SHA256SUMS"), "");
    assert_eq!(fs::read_to_string(out.join("SHA256SUMS")).unwrap().lines().count(), first.len() - 1);
}

/// The list for people names every crate of the list for programs, and both are there beside the packages too.
fn licences_are_complete(files: &BTreeMap<String, (Vec<u8>, u32)>) {
    let text = |name: &str| String::from_utf8(files[&format!("{DOCS}/{name}")].0.clone()).unwrap();
    let list = text("THIRD-PARTY.txt");
    let document: serde_json::Value = serde_json::from_str(&text("gs_sshexkey.cdx.json")).unwrap();
    assert_eq!(
        (&document["bomFormat"], &document["metadata"]["component"]["name"]),
        (&"CycloneDX".into(), &"gs_sshexkey".into())
    );
    let components = document["components"].as_array().unwrap();
    assert!(components.len() > 100, "{}", components.len());
    for component in components {
        let [name, version, licence] = ["name", "version", "licence"].map(|key| match key {
            "licence" => component["licenses"][0]["expression"].as_str().unwrap(),
            key => component[key].as_str().unwrap(),
        });
        let ours = component["hashes"].is_null();
        assert_eq!(ours, ["sshfiles", "trust", "sshtrust"].contains(&name), "{name}");
        assert!(ours || list.contains(&format!("\n{name} {version}: ")), "{name} {version}");
        assert!(!licence.is_empty() && licence != "unknown", "{name}");
    }
    assert!(list.contains("GNU LESSER GENERAL PUBLIC LICENSE"));
    // What only the tests use is in neither.
    assert!(!list.contains("\nproptest ") && !list.contains("\njsonschema "));
}

/// Runs a script on a node; what it printed, if it ended as it should.
#[track_caller]
fn on(node: &Node, script: &str) -> String {
    let output = node.sh("root", script).unwrap();
    assert!(output.status.success(), "{script}: {}\n{}", output.stdout, output.stderr);
    output.stdout
}

/// Sets trust up from a node, with the password on standard input.
fn set_up(node: &Node) {
    let mut command = node.command("root");
    command.args(["gs_sshexkey", "-f", "/root/hosts"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.ends_with("Successfully created SSH trust.\n"), "{text}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn trust_outlives_the_package_it_was_made_from() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    pack(&out, "umask 022");
    let deb = fs::read(one(&out, ".deb")).unwrap();
    for release in Release::ALL {
        let lab = Lab::up(LabSpec::new(2).root_password(PASSWORD).release(release)).unwrap();
        let (first, second) = (lab.node(0), lab.node(1));
        // Names and bytes of all that trust could leave behind.
        let state = "find /root -path '*/.ssh*' -o -name gaussdb_tmp; cat /root/.bashrc /etc/hosts";
        let before: Vec<String> = lab.nodes().iter().map(|node| on(node, state)).collect();
        first.write("/root/package.deb", &deb, 0o644, "root").unwrap();
        on(first, "dpkg -i /root/package.deb");
        let listed = on(first, "dpkg -s gs-sshexkey; gs_sshexkey --version; command -v gs_sshexkey");
        assert!(
            listed.contains("Status: install ok installed") && listed.ends_with("/usr/bin/gs_sshexkey\n"),
            "{listed}"
        );

        let hosts: String = lab.nodes().iter().map(|node| format!("{}\n", node.ip())).collect();
        first.write("/root/hosts", hosts.as_bytes(), 0o644, "root").unwrap();
        set_up(first);
        let call = format!("ssh -n -o BatchMode=yes {} hostname", second.ip());
        assert_eq!(on(first, &call).trim(), second.name());
        on(first, "dpkg -r gs-sshexkey");
        on(first, "! command -v gs_sshexkey && ! ls /usr/share/doc/gs-sshexkey /usr/libexec/gs_sshexkey");

        // The copy that keeps the agent is the nodes' own.
        on(first, "crontab -l | grep '#OM'");
        for node in lab.nodes() {
            on(node, "~/gaussdb_tmp/bin/gs_sshexkey agent stop && ~/gaussdb_tmp/bin/gs_sshexkey agent start");
        }
        assert_eq!(on(first, &call).trim(), second.name());
        on(first, "cp ~/gaussdb_tmp/bin/gs_sshexkey /root/copy && /root/copy revoke -f /root/hosts --yes");
        for (node, before) in lab.nodes().iter().zip(before) {
            assert_eq!(on(node, state), before, "{release}: {}", node.name());
            on(node, "! crontab -l | grep '#OM'");
        }
        assert!(!first.sh("root", &call).unwrap().status.success(), "{release}");
    }
}
