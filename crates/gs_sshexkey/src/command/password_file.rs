//! Opens a password file, if nobody else can read it.

use std::io::Read;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;
use rustix::process::geteuid;
use sshtrust::inventory::Cluster;
use sshtrust::passwords::{LARGEST_PASSWORD_FILE, PasswordFile};
use sshtrust::text::printable;
use zeroize::Zeroizing;

use crate::errors::{self, Report};

/// Reads it. What is checked is the file that is read: it is opened first and then looked at.
///
/// # Errors
/// The screen that says what is wrong with it, and nothing of what it says.
pub(crate) fn read(path: &Path, cluster: &Cluster) -> Result<PasswordFile, Report> {
    let name = printable(path.as_os_str().as_encoded_bytes());
    let failed = |why: &str| Report::new("50204", &format!("Failed to read {name}. {why}"));
    // A pipe without a writer must not hold the program up.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Report::new("50201", &format!("The {name} does not exist."))
            .cure("Write the password into it, or leave --password-file out to be asked."),
        error => failed(&error.to_string()),
    })?;
    let stat = fstat(&file).map_err(|error| failed(&error.to_string()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(failed("It is not a regular file.").cure("Name a file of yours with mode 0600."));
    }
    if stat.st_uid != geteuid().as_raw() && stat.st_uid != 0 {
        return Err(failed("It belongs to somebody else.")
            .cure(&format!("Make it yours: chown \"$(id -un)\" {name}")));
    }
    if stat.st_mode & 0o077 != 0 {
        let why = format!("Others may use it: its mode is {:04o}.", stat.st_mode & 0o7777);
        return Err(failed(&why)
            .cure(&format!("Close it: chmod 600 {name}. Whoever could read it may know what it says.")));
    }
    let large = || failed("It is too large for a password file.");
    let size =
        u64::try_from(stat.st_size).ok().filter(|size| *size <= LARGEST_PASSWORD_FILE).ok_or_else(large)?;
    let bytes = whole(file.into(), size).map_err(|error| failed(&error.to_string()))?.ok_or_else(large)?;
    PasswordFile::parse(&bytes, cluster).map_err(|error| errors::password_file(&error, &name))
}

/// The content, in memory that never moves and is wiped. `None` if the file grows meanwhile.
fn whole(mut file: std::fs::File, size: u64) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let size = usize::try_from(size).unwrap_or_default();
    let mut bytes = Zeroizing::new(vec![0; size + 1]);
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room)? {
            0 => {
                bytes.truncate(filled);
                return Ok(Some(bytes));
            }
            more => filled += more,
        }
    }
    Ok(None)
}
