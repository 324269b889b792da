//! Which algorithms are offered: what OpenSSH 7.4 to 10 and FIPS-mode servers have, the cheap ones first.

use std::borrow::Cow;
use std::time::Duration;

use russh::client::{Config, GexParams};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, SshId, cipher, compression, kex, mac};
use trust::host_keys::KEY_TYPES;

/// Key exchanges. The NIST curves stand before Diffie-Hellman, which costs a second in FIPS mode otherwise.
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G14_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_GEX_SHA256,
    kex::DH_G14_SHA1,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_CTR,
    cipher::AES_192_CTR,
    cipher::AES_256_CTR,
];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA1,
];

/// Host key algorithms of one type, strongest signature first. `kind` is the type's name in a key file.
pub(super) fn for_key_type(kind: &str) -> Vec<Algorithm> {
    match kind {
        "ssh-ed25519" => vec![Algorithm::Ed25519],
        "ecdsa-sha2-nistp256" => vec![Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }],
        "ecdsa-sha2-nistp384" => vec![Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 }],
        "ecdsa-sha2-nistp521" => vec![Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 }],
        "ssh-rsa" => {
            [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None].map(|hash| Algorithm::Rsa { hash }).to_vec()
        }
        _ => Vec::new(),
    }
}

/// Which host keys a server is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted<'a> {
    /// Types that are asked for first, as ssh(1) does for recorded keys.
    pub(super) first: Vec<String>,
    /// Only these types.
    pub(super) only: Option<&'a [&'a str]>,
    /// A certificate is asked for before any plain key.
    pub(super) certificate: bool,
}

/// The settings of a connection. A sign of life is asked for every `alive`.
pub(super) fn config(wanted: &Wanted<'_>, alive: Duration) -> Config {
    let Wanted { first, only, certificate } = wanted;
    let types = only.unwrap_or(KEY_TYPES);
    let recorded = types.iter().filter(|t| first.iter().any(|f| f == *t));
    let others = types.iter().filter(|t| !first.iter().any(|f| f == *t));
    let key: Vec<Algorithm> = recorded.chain(others).flat_map(|t| for_key_type(t)).collect();
    let certificates = if *certificate { key.clone() } else { Vec::new() };
    Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-gs_sshexkey_", env!("CARGO_PKG_VERSION")))),
        preferred: Preferred {
            kex: Cow::Borrowed(KEX),
            key: Cow::Owned(key),
            host_key_certificates: Cow::Owned(certificates),
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        gex: GexParams::new(2048, 2048, 2048).unwrap_or_default(),
        window_size: 1 << 20,
        // What is under way to the server: some pieces of what a node reads. The default lets megabytes pile up.
        channel_buffer_size: 4,
        keepalive_interval: Some(alive),
        keepalive_max: 3,
        nodelay: true,
        ..Config::default()
    }
}
