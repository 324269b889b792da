//! The archive, the packages, and their digests.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cargo::run;
use crate::dist::builds::Build;
use crate::dist::contents::{File, Kind};
use crate::dist::{PACKAGE, at, output_of, write};
use crate::error::TaskError;
use crate::tree;

/// The version of the program, which is that of all of us.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const SUMMARY: &str = "SSH trust between the nodes of a cluster";
const DESCRIPTION: &str = "\
SSH trust between the nodes of a cluster
gs_sshexkey makes every node of a cluster able to ssh to every other without a password, proves it, says why it
was lost, brings it back and takes it away. A drop-in for openGauss's tool of the same name.";

/// `gs_sshexkey-VERSION-MACHINE.tar.gz`: the same files below a folder of that name, to be put anywhere.
pub(super) fn archive(
    build: &Build,
    files: &[File],
    work: &Path,
    output: &Path,
    epoch: &str,
) -> Result<(), TaskError> {
    let name = format!("gs_sshexkey-{VERSION}-{}", build.machine);
    for file in files.iter().filter(|file| file.kind != Kind::Deb) {
        let to = work.join("archive").join(&name).join(file.to.trim_start_matches("/usr/"));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        fs::copy(&file.from, &to).map_err(at(&file.from))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(file.mode)).map_err(at(&to))?;
    }
    let tar = work.join(format!("{name}.tar"));
    let mut command = Command::new("tar");
    command.args([
        "--sort=name",
        "--format=gnu",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=u=rwX,go=rX",
    ]);
    command
        .arg(format!("--mtime=@{epoch}"))
        .arg("-C")
        .arg(work.join("archive"))
        .arg("-cf")
        .arg(&tar)
        .arg(&name);
    output_of(&mut command)?;
    let packed = output_of(Command::new("gzip").args(["-n", "-c"]).arg(&tar))?;
    write(&output.join(format!("{name}.tar.gz")), &packed)
}

/// The `.deb` and the `.rpm`. Nothing runs when they are installed. The payload is packed by gzip, because old systems read
/// nothing newer.
pub(super) fn packages(
    build: &Build,
    files: &[File],
    work: &Path,
    output: &Path,
    epoch: &str,
) -> Result<(), TaskError> {
    let nfpm = nfpm()?;
    let config = work.join(format!("{}.json", build.machine));
    write(&config, format!("{:#}\n", description(build, files)).as_bytes())?;
    for packager in ["deb", "rpm"] {
        let mut command = Command::new(&nfpm);
        command.arg("package").arg("--config").arg(&config).args(["--packager", packager, "--target"]);
        output_of(command.arg(output).env("SOURCE_DATE_EPOCH", epoch))?;
    }
    Ok(())
}

/// A package as nfpm reads it. JSON is YAML too.
fn description(build: &Build, files: &[File]) -> Value {
    let content = |file: &File| {
        let mut content = json!({
            "src": file.from,
            "dst": file.to,
            "file_info": { "mode": file.mode, "owner": "root", "group": "root" },
        });
        match file.kind {
            Kind::Both => {}
            Kind::Deb => content["packager"] = json!("deb"),
            Kind::Rpm => content["packager"] = json!("rpm"),
        }
        content
    };
    let arch = match build.machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "name": PACKAGE,
        "arch": arch,
        "platform": "linux",
        "version": VERSION,
        "release": "1",
        "section": "admin",
        "priority": "optional",
        "maintainer": "The developers of gs_sshexkey",
        "description": DESCRIPTION,
        "license": "MulanPSL-2.0",
        "disable_globbing": true,
        "contents": folders(files).into_iter().chain(files.iter().map(content)).collect::<Vec<Value>>(),
        "deb": { "compression": "gzip" },
        // Where it was built is nobody's business.
        "rpm": { "compression": "gzip", "buildhost": "localhost", "summary": SUMMARY },
    })
}

/// The folders that are the package's alone: rpm leaves those behind that it was not told of.
fn folders(files: &[File]) -> Vec<Value> {
    let own = [format!("/usr/share/doc/{PACKAGE}"), "/usr/libexec/gs_sshexkey".to_owned()];
    let above = files.iter().flat_map(|file| Path::new(&file.to).ancestors().skip(1));
    let ours = above.filter(|folder| own.iter().any(|own| folder.starts_with(own)));
    let sorted: BTreeSet<&Path> = ours.collect();
    let entry = |folder| json!({ "dst": folder, "type": "dir", "file_info": { "mode": 0o755 } });
    sorted.into_iter().map(entry).collect()
}

/// nfpm, which Python's registry has as a package; fetched once, in the version and with the digest that the repository names.
pub(crate) fn nfpm() -> Result<PathBuf, TaskError> {
    let wanted = tree::root().join("dist/nfpm.txt");
    let text = fs::read_to_string(&wanted).map_err(at(&wanted))?;
    let version = text.lines().find_map(|line| line.strip_prefix("nfpm==")?.split(' ').next());
    let folder = tree::root().join(format!("target/nfpm-{}", version.unwrap_or_default()));
    let program = folder.join("bin/nfpm");
    if program.is_file() {
        return Ok(program);
    }
    // Under another name until it is complete: others may be looking.
    let new = folder.with_added_extension(std::process::id().to_string());
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]);
    pip.args(["--only-binary=:all:", "--no-deps", "--require-hashes", "--target"])
        .arg(&new)
        .arg("-r")
        .arg(&wanted);
    run(&mut pip)?;
    if fs::rename(&new, &folder).is_err() {
        // Somebody else was faster.
        let _ = fs::remove_dir_all(&new);
    }
    Ok(program)
}

/// The file of the digests, as sha256sum(1) reads it.
pub(super) const SUMS: &str = "SHA256SUMS";

/// The digests of all that lies in the folder.
pub(super) fn sums(output: &Path) -> Result<(), TaskError> {
    let entries = fs::read_dir(output).map_err(at(output))?.flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let sums = output_of(Command::new("sha256sum").args(&names).current_dir(output))?;
    write(&output.join(SUMS), &sums)
}
