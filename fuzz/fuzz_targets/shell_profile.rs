//! Any bytes as `~/.bashrc`: unedited, with the agent set, and with it removed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sshfiles::ShellProfile;

const SOCKET: &str = "/home/omm/gaussdb_tmp/gauss_socket_tmp";

fuzz_target!(|bytes: &[u8]| {
    let mut file = ShellProfile::parse(bytes);
    assert_eq!(file.to_bytes(), bytes);
    while file.remove_agent() {}
    let clean = file.to_bytes();
    assert!(file.set_agent(SOCKET, "17"));
    assert!(!file.set_agent(SOCKET, "17"));
    assert_eq!(file.agent(), Some((SOCKET.to_owned(), "17".to_owned())));
    assert!(file.remove_agent());
    // But for a final newline that was missing.
    let left = file.to_bytes();
    assert!(left == clean || left.strip_suffix(b"\n") == Some(&clean));
});
