//! Certificates and private keys in PEM files, each with the file's bytes, which the MQTT client wants.

use std::path::Path;

use quaywatch_protocol::keyfile::{read_public, read_secret};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Reads one certificate or more.
///
/// # Errors
/// What was wrong and what was expected, without the file's name.
pub fn certificates(file: &Path) -> Result<(Vec<u8>, Vec<CertificateDer<'static>>), String> {
    let bytes = read_public(file)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cannot be read as certificates in PEM: {error}"))?;
    if chain.is_empty() {
        return Err("holds no certificate: expected one or more in PEM".to_owned());
    }
    Ok((bytes, chain))
}

/// Reads a private key from a file that others cannot read.
///
/// # Errors
/// What was wrong and what was expected, without the file's name; never the key.
pub fn private_key(file: &Path) -> Result<(Vec<u8>, PrivateKeyDer<'static>), String> {
    let bytes = read_secret(file)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| format!("cannot be read as a private key in PEM: {error}"))?;
    Ok((bytes, key))
}
