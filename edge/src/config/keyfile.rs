//! Keys in files: an Ed25519 key, private or public, is one line of 64 hexadecimal digits.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use quaywatch_protocol::sign::{SigningKey, VerifyingKey};

/// Bytes of either half of a key, and of a SHA-256.
pub const KEY_BYTES: usize = 32;
/// Longest secret file that is looked at: a private key in PEM takes 2 to 4 KiB.
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// Longest public file that is looked at: a bundle of certificate authorities takes about 300 KiB.
const PUBLIC_BYTES_MAX: u64 = 2 << 20;
const GROUP_OR_OTHERS: u32 = 0o077;

/// Reads a secret that nobody else may read.
///
/// # Errors
/// What was wrong and what was expected; never the content.
pub fn read_secret(file: &Path) -> Result<Vec<u8>, String> {
    let bytes = read_bounded(file, SECRET_BYTES_MAX)?;
    let mode = fs::metadata(file)
        .map_err(|error| format!("{}: {error}", file.display()))?
        .permissions()
        .mode();
    if mode & GROUP_OR_OTHERS != 0 {
        return Err(format!(
            "{} has mode {:03o}: expected 600, as others on this machine can read it (chmod 600)",
            file.display(),
            mode & 0o777
        ));
    }
    Ok(bytes)
}

/// Reads a file that is no secret.
///
/// # Errors
/// What was wrong.
pub fn read_public(file: &Path) -> Result<Vec<u8>, String> {
    read_bounded(file, PUBLIC_BYTES_MAX)
}

fn read_bounded(file: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    let length = fs::metadata(file).map_err(unreadable)?.len();
    if length > bytes_max {
        return Err(format!(
            "{} has {length} bytes: expected at most {bytes_max}",
            file.display()
        ));
    }
    fs::read(file).map_err(unreadable)
}

/// Reads a private key.
///
/// # Errors
/// What was wrong and what was expected; never the content.
pub fn read_signing(file: &Path) -> Result<SigningKey, String> {
    let bytes = read_secret(file)?;
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| parse_hex(text.trim()))
        .map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| format!("{} is no private key: expected 64 hexadecimal digits", file.display()))
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
        .map_err(|error| format!("{} cannot be made: {error}", file.display()))?;
    writeln!(out, "{}", to_hex(&seed))
        .and_then(|()| out.sync_all())
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    Ok(to_hex(SigningKey::from_bytes(&seed).verifying_key().as_bytes()))
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 64 hexadecimal digits.
#[must_use]
pub fn parse_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
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
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        create(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_signing(&file).unwrap_err();
        assert!(error.contains("mode 640") && error.contains("600"), "{error}");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("k");
        fs::write(&file, "topsecret").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let error = read_signing(&file).unwrap_err();
        assert!(
            error.contains("64 hexadecimal") && !error.contains("topsecret"),
            "{error}"
        );
        assert!(parse_verifying(&"00".repeat(32)).is_err());
        assert!(parse_verifying("é".repeat(32).as_str()).is_err());
    }
}
