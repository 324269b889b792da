//! openGauss's reader of the passphrase, written a second time from the specification, with `openssl` as its hands.

use std::io::Write;
use std::process::{Command, Stdio};

use lab::Node;

/// Length of a field in bytes, and of a full part in characters.
const FIELD: usize = 16;
const PART: usize = 15;
/// Where the fields of `server.key.cipher` begin.
const CIPHERTEXT: usize = 0;
const SALT: usize = 17;
const IV: usize = 34;

/// The passphrase of a user's cluster key on a node.
pub(crate) fn passphrase(node: &Node, home: &str) -> String {
    passphrase_in(node, &format!("{home}/gaussdb_tmp/ssh_protect"))
}

/// The same, of a store that lies elsewhere.
pub(crate) fn passphrase_in(node: &Node, store: &str) -> String {
    let mut whole = Vec::new();
    for number in 0.. {
        let read = |kind: &str| {
            let path = format!("{store}/{kind}/key_{number}/server.key.{kind}");
            node.read(path).unwrap()
        };
        let part = open(&read("cipher"), &read("rand")[..FIELD]);
        whole.extend_from_slice(&part);
        if part.len() < PART {
            break;
        }
    }
    String::from_utf8(whole).unwrap()
}

fn open(file: &[u8], seed: &[u8]) -> Vec<u8> {
    let field = |offset: usize| &file[offset..offset + FIELD];
    let key = derive(seed, field(SALT));
    let iv = hex(field(IV));
    let decrypt = ["enc", "-d", "-aes-128-cbc", "-nopad", "-K", &key, "-iv", &iv];
    let mut block = openssl(&decrypt, field(CIPHERTEXT));
    while block.last() == Some(&0) {
        block.pop();
    }
    block.pop().unwrap();
    block
}

fn derive(seed: &[u8], salt: &[u8]) -> String {
    let (pass, salt) = (format!("hexpass:{}", hex(seed)), format!("hexsalt:{}", hex(salt)));
    let derive = ["kdf", "-keylen", "16", "-kdfopt", "digest:SHA256", "-kdfopt", "iter:10000", "-kdfopt"];
    let key = openssl(&[&derive[..], &[&pass, "-kdfopt", &salt, "PBKDF2"]].concat(), b"");
    String::from_utf8(key).unwrap().trim().replace(':', "")
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// openGauss's writer: the files of the store for a passphrase, by their paths below `ssh_protect`.
pub(crate) fn seal(phrase: &str) -> Vec<(String, Vec<u8>)> {
    let parts = phrase.as_bytes().chunks(PART).enumerate();
    let sealed = parts.flat_map(|(number, part)| {
        let number = u8::try_from(number).unwrap();
        let (seed, salt, iv) = ([number + 1; FIELD], [number + 11; FIELD], [number + 21; FIELD]);
        let mut block = part.to_vec();
        block.push(1);
        block.resize(FIELD, 0);
        let encrypt = ["enc", "-aes-128-cbc", "-nopad", "-K", &derive(&seed, &salt), "-iv", &hex(&iv)];
        let block = openssl(&encrypt, &block);
        let cipher = [&block[..], b"\0", &salt, b"\0", &iv, b"\0"].concat();
        let path = |kind: &str| format!("{kind}/key_{number}/server.key.{kind}");
        [(path("cipher"), cipher), (path("rand"), [&seed[..], b"\0"].concat())]
    });
    sealed.collect()
}
