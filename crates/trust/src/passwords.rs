//! A password file: one password for all nodes, or one for each.
//!
//! Where the first word of a line is an IP address and a blank follows it, the file is a list: every line is `IP PASSWORD`,
//! the password is all that follows the blanks, itself with blanks or without, and lines that start with `#` are
//! comments. Otherwise the file has one line, and that is the password of all nodes, whatever it starts with.

use std::collections::HashMap;
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::inventory::{Cluster, NodeSpec};
use crate::secret::Secret;

/// Largest password file that is read, in bytes.
pub const LARGEST_PASSWORD_FILE: u64 = 1 << 20;
/// Longest password, in bytes. PAM takes 512.
const LONGEST: usize = 4_096;

/// What a password file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordFile {
    /// One password for all nodes.
    Common(Secret),
    /// The passwords of nodes, by address.
    Each(HashMap<IpAddr, Secret>),
}

/// Why a line is refused. Nothing of the line itself is ever told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordLineError {
    /// Other lines start with an address, this one does not.
    #[error("it does not start with an IP address and a blank")]
    NoAddress,
    /// Nothing follows the address.
    #[error("there is no password behind the address")]
    NoPassword,
    /// The cluster has no such node.
    #[error("its address is not one of the cluster")]
    NotInCluster,
    /// The address stands on an earlier line.
    #[error("line {0} has the same address")]
    Repeated(usize),
    /// The password is longer than any system takes.
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
}

/// Why a password file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFileError {
    /// There is no password.
    #[error("it is empty")]
    Empty,
    /// Not UTF-8, or with a zero byte.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Several lines, and none starts with an address.
    #[error("it has {0} lines: write one password for all nodes, or lines of IP PASSWORD")]
    SeveralLines(usize),
    /// Lines that are wrong, by number, from 1.
    #[error("{} bad lines", .0.len())]
    BadLines(Vec<(usize, PasswordLineError)>),
}

impl PasswordFile {
    /// Reads a password file. The secrets are the only copies made of what it says.
    ///
    /// # Errors
    /// [`PasswordFileError`], which tells nothing of the content.
    pub fn parse(bytes: &Zeroizing<Vec<u8>>, cluster: &Cluster) -> Result<Self, PasswordFileError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| PasswordFileError::NotText)?;
        if text.contains('\0') {
            return Err(PasswordFileError::NotText);
        }
        let lines: Vec<(usize, &str)> = text
            .split('\n')
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.trim().is_empty())
            .collect();
        if lines.iter().any(|(_, line)| cut(line).is_some()) {
            return each(&lines, cluster);
        }
        match lines.as_slice() {
            [] => Err(PasswordFileError::Empty),
            [(number, line)] if line.len() > LONGEST => {
                Err(PasswordFileError::BadLines(vec![(*number, PasswordLineError::TooLong)]))
            }
            [(_, line)] => Ok(Self::Common(Secret::new((*line).to_owned()))),
            _ => Err(PasswordFileError::SeveralLines(lines.len())),
        }
    }

    /// The password that the file has for a node.
    #[must_use]
    pub fn of(&self, node: NodeSpec) -> Option<&Secret> {
        match self {
            Self::Common(secret) => Some(secret),
            Self::Each(secrets) => secrets.get(&node.ip),
        }
    }
}

fn each(lines: &[(usize, &str)], cluster: &Cluster) -> Result<PasswordFile, PasswordFileError> {
    let mut secrets = HashMap::new();
    let mut first: HashMap<IpAddr, usize> = HashMap::new();
    let mut bad = Vec::new();
    for (number, line) in lines.iter().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let error = match cut(line) {
            // A lone address has lost its password; anything else may be one.
            None if line.trim().parse::<IpAddr>().is_ok() => PasswordLineError::NoPassword,
            None => PasswordLineError::NoAddress,
            Some((_, "")) => PasswordLineError::NoPassword,
            Some((_, password)) if password.len() > LONGEST => PasswordLineError::TooLong,
            Some((ip, _)) if !cluster.nodes.iter().any(|node| node.ip == ip) => {
                PasswordLineError::NotInCluster
            }
            Some((ip, password)) => match first.get(&ip) {
                Some(before) => PasswordLineError::Repeated(*before),
                None => {
                    first.insert(ip, *number);
                    secrets.insert(ip, Secret::new(password.to_owned()));
                    continue;
                }
            },
        };
        bad.push((*number, error));
    }
    if bad.is_empty() { Ok(PasswordFile::Each(secrets)) } else { Err(PasswordFileError::BadLines(bad)) }
}

/// The address at the start of a line and what follows its blanks.
fn cut(line: &str) -> Option<(IpAddr, &str)> {
    let (word, rest) = line.trim_start().split_once([' ', '\t'])?;
    Some((word.parse::<IpAddr>().ok()?.to_canonical(), rest.trim_start_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inventory::parse_hostfile;

    fn read(text: &str) -> Result<PasswordFile, PasswordFileError> {
        let cluster = parse_hostfile(b"10.0.0.1\n10.0.0.2,2222\nfd00::3\n").unwrap();
        PasswordFile::parse(&Zeroizing::new(text.as_bytes().to_vec()), &cluster)
    }

    #[test]
    fn one_password_for_all() {
        let cases = [
            ("Gauss_234", "Gauss_234"),
            ("\u{feff}Gauss_234\r\n\r\n", "Gauss_234"),
            ("\n #a b  \n", " #a b  "),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.999 x", "10.0.0.999 x"),
            ("密码 1", "密码 1"),
        ];
        for (text, wanted) in cases {
            assert_eq!(read(text), Ok(PasswordFile::Common(Secret::new(wanted.to_owned()))), "{text:?}");
        }
    }

    #[test]
    fn one_for_each() {
        let text = "# mine\n10.0.0.1 a b \r\n\n \t10.0.0.2\t  #c\r\nFD00::3 d";
        let file = read(text).unwrap();
        for (ip, wanted) in [("10.0.0.1", "a b "), ("10.0.0.2", "#c"), ("fd00::3", "d")] {
            for port in [22, 2222] {
                let node = NodeSpec { ip: ip.parse().unwrap(), port };
                assert_eq!(file.of(node).unwrap().expose(), wanted, "{ip}");
            }
        }
        let other = NodeSpec { ip: "10.0.0.9".parse().unwrap(), port: 22 };
        assert_eq!(file.of(other), None);
        assert!(!format!("{file:?}").contains("a b"));
        assert!(matches!(read("::ffff:10.0.0.1 a"), Ok(PasswordFile::Each(_))));
    }

    #[test]
    fn refused() {
        use PasswordFileError::{BadLines, Empty, NotText, SeveralLines};
        use PasswordLineError::{NoAddress, NoPassword, NotInCluster, Repeated, TooLong};
        let cases = [
            ("".to_owned(), Empty),
            ("\n \r\n".to_owned(), Empty),
            ("a\0b".to_owned(), NotText),
            ("secret1\nsecret2".to_owned(), SeveralLines(2)),
            ("# comment\nsecret".to_owned(), SeveralLines(2)),
            ("x".repeat(4_097), BadLines(vec![(1, TooLong)])),
            (format!("10.0.0.1 {}", "x".repeat(4_097)), BadLines(vec![(1, TooLong)])),
            (
                "10.0.0.1 a\nsecret\n10.0.0.2\n10.0.0.2 \n10.9.9.9 secret\n10.0.0.1 a".to_owned(),
                BadLines(vec![
                    (2, NoAddress),
                    (3, NoPassword),
                    (4, NoPassword),
                    (5, NotInCluster),
                    (6, Repeated(1)),
                ]),
            ),
        ];
        for (text, wanted) in cases {
            let error = read(&text).unwrap_err();
            assert_eq!(error, wanted, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
        let cluster = parse_hostfile(b"10.0.0.1").unwrap();
        let bytes = Zeroizing::new(vec![0xff]);
        assert_eq!(PasswordFile::parse(&bytes, &cluster), Err(PasswordFileError::NotText));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let cluster = parse_hostfile(b"10.0.0.1").unwrap();
            let _ = PasswordFile::parse(&Zeroizing::new(bytes), &cluster);
        }
    }
}
