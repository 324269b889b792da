//! The data types of the SSH protocol, read from bytes (RFC 4251, section 5). Each takes one off the front and gives the rest
//! too; `None` if there are not as many bytes.

/// A `uint32`.
#[must_use]
pub fn uint32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

/// A `string`: its length as a [`uint32`], then that many bytes.
#[must_use]
pub fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = uint32(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}
