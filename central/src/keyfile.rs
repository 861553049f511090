//! Keys in files: an Ed25519 key, private or public, is one line of 64 hexadecimal digits.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use quaywatch_protocol::sign::{SigningKey, VerifyingKey};

/// Bytes of either half of a key.
pub const KEY_BYTES: usize = 32;
/// Longest file that is looked at: 64 digits and white space.
const FILE_BYTES_MAX: u64 = 256;

/// Reads a private key.
///
/// # Errors
/// What was wrong and what was expected; never the content.
pub fn read_signing(file: &Path) -> Result<SigningKey, String> {
    let length = fs::metadata(file)
        .map_err(|error| format!("cannot be read: {error}"))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(format!("has {length} bytes: expected 64 hexadecimal digits"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    parse_hex(text.trim())
        .map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| "is no private key: expected 64 hexadecimal digits".to_owned())
}

/// Reads a public key; weak ones, under which signatures prove nothing, are refused.
///
/// # Errors
/// What was wrong and what was expected.
pub fn parse_verifying(text: &str) -> Result<VerifyingKey, String> {
    let bytes = parse_hex(text).ok_or("is no public key: expected 64 hexadecimal digits")?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "is no point of the curve: not a public key".to_owned())?;
    if key.is_weak() {
        return Err("is a weak public key: anyone could sign for it".to_owned());
    }
    Ok(key)
}

/// Makes a key pair, writes the private half to a new file with mode 0600, gives the public half as text.
///
/// # Errors
/// When the file exists, cannot be written, or the system gives no randomness.
pub fn create(file: &Path) -> Result<String, String> {
    let mut seed = [0_u8; KEY_BYTES];
    getrandom::fill(&mut seed).map_err(|error| format!("no randomness: {error}"))?;
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| format!("cannot be made: {error}"))?;
    writeln!(out, "{}", to_hex(&seed))
        .and_then(|()| out.sync_all())
        .map_err(|error| format!("cannot be written: {error}"))?;
    Ok(to_hex(SigningKey::from_bytes(&seed).verifying_key().as_bytes()))
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        if let [high, low] = pair {
            *byte = high << 4 | low;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        let public = create(&file).unwrap();
        let key = read_signing(&file).unwrap();
        assert_eq!(parse_verifying(&public).unwrap(), key.verifying_key());
        assert!(create(&file).unwrap_err().contains("cannot be made"));
    }

    #[test]
    fn a_weak_or_cut_public_key_is_refused() {
        assert!(parse_verifying(&"00".repeat(32)).is_err());
        assert!(parse_verifying("abcd").unwrap_err().contains("64 hexadecimal"));
    }
}
