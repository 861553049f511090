//! Secrets and keys in files, as both programs read them.
//!
//! A **key file** holds one half of an Ed25519 key as one line of 64 hexadecimal digits. `keygen` and `station add` write them; either half
//! is written in configurations and registries in the same way. A **secret line** (a password, a webhook's secret) is the first line of its
//! file. Other secrets (private keys in PEM) are taken as they are.
//!
//! A secret is taken only from a file that others on the machine cannot read: mode 600 or less, or 640 or less when the file is root's,
//! so that it can be handed to a service's group. PostgreSQL has the same rule for its keys. Each problem is told without the file's
//! name, which the caller knows how to put, and never with what the file holds.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    string::String,
    vec::Vec,
};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::sign::{SigningKey, VerifyingKey};

/// Bytes of either half of a key, and of a SHA-256.
pub const KEY_BYTES: usize = 32;
/// Longest secret file that is looked at: a private key in PEM takes 2 to 4 KiB.
pub const SECRET_BYTES_MAX: u64 = 64 << 10;
/// Longest public file that is looked at: a bundle of certificate authorities takes about 300 KiB.
pub const PUBLIC_BYTES_MAX: u64 = 2 << 20;
/// Bits of a file's mode that make it no secret.
const OPEN_TO_OTHERS: u32 = 0o077;
/// The same for root's files: the group may read.
const OPEN_TO_OTHERS_ROOT: u32 = 0o037;
const ROOT_UID: u32 = 0;

/// Reads a secret that nobody else may read.
///
/// # Errors
/// What was wrong and what was expected; never the content.
pub fn read_secret(file: &Path) -> Result<Vec<u8>, String> {
    // The file that is judged is the file that is read, whatever is put in its place meanwhile.
    let opened = File::open(file).map_err(unreadable)?;
    let found = opened.metadata().map_err(unreadable)?;
    let open = if found.uid() == ROOT_UID {
        OPEN_TO_OTHERS_ROOT
    } else {
        OPEN_TO_OTHERS
    };
    if found.mode() & open != 0 {
        return Err(format!(
            "has mode {:03o}: expected 600, as others on this machine can read it (chmod 600)",
            found.mode() & 0o777
        ));
    }
    read_bounded(opened, SECRET_BYTES_MAX)
}

/// Reads a secret of one line, without the white space around it.
///
/// # Errors
/// What was wrong and what was expected; never the content.
pub fn read_secret_line(file: &Path) -> Result<String, String> {
    let text = String::from_utf8(read_secret(file)?).map_err(|_| "holds no UTF-8 text")?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err("is empty: expected the secret on its first line".to_owned()),
    }
}

/// Reads a file that is no secret.
///
/// # Errors
/// What was wrong.
pub fn read_public(file: &Path) -> Result<Vec<u8>, String> {
    read_bounded(File::open(file).map_err(unreadable)?, PUBLIC_BYTES_MAX)
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
        .ok_or_else(|| "is no private key: expected 64 hexadecimal digits".to_owned())
}

/// Reads a public key; weak ones, under which signatures prove nothing, are refused.
///
/// # Errors
/// What was wrong and what was expected.
pub fn parse_verifying(text: &str) -> Result<VerifyingKey, String> {
    let bytes = parse_hex(text).ok_or("is no public key: expected 64 hexadecimal digits")?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "is no point of the curve: not a public key")?;
    if key.is_weak() {
        return Err("is a weak public key: anyone could sign for it".to_owned());
    }
    Ok(key)
}

/// The public half of a key, as [`parse_verifying`] reads it.
#[must_use]
pub fn public_text(key: &SigningKey) -> String {
    HEXLOWER.encode(key.verifying_key().as_bytes())
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
    writeln!(out, "{}", HEXLOWER.encode(&seed))
        .and_then(|()| out.sync_all())
        .map_err(|error| format!("cannot be written: {error}"))?;
    Ok(public_text(&SigningKey::from_bytes(&seed)))
}

/// 64 hexadecimal digits of either case: half of a key, or a SHA-256.
#[must_use]
pub fn parse_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn unreadable(error: io::Error) -> String {
    format!("cannot be read: {error}")
}

/// At the limit the file is refused: none of what these files are for is cut to a part of it.
fn read_bounded(file: File, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("has more than {bytes_max} bytes: expected at most so many"));
    }
    Ok(bytes)
}
