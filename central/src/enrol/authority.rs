//! A small certificate authority for one broker and its stations: for an operator who has none.
//!
//! Certificates are X.509 with P-256 keys, in PEM. The common name is the name at the broker: the station's id, `quaywatch-central` for
//! central. A client's certificate cannot be used as a server's and the other way round. The authority's key belongs on a machine that is
//! not the broker; whoever has it can be any station to the broker, but not to central, which wants the station's own key as well.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use quaywatch_protocol::{
    contract::time::UnixMs,
    keyfile::{read_public, read_secret},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// Days for which an authority holds.
pub const AUTHORITY_DAYS: i64 = 3_650;
/// Days for which a certificate holds when nothing else is said.
pub const CERTIFICATE_DAYS: i64 = 730;
/// A certificate holds from a little before it was made: clocks of stations differ.
const BACKDATED: Duration = Duration::hours(24);
/// File of the authority's certificate.
pub const CA_CERT: &str = "ca.pem";
/// File of its key.
pub const CA_KEY: &str = "ca.key";

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage<'a> {
    /// A client of the broker, by its name.
    Client(&'a str),
    /// The broker, by a name or address under which it is reached.
    Broker(&'a str),
}

/// A certificate and its key, both PEM.
pub struct Made {
    /// The certificate.
    pub cert: String,
    /// The private key.
    pub key: String,
}

/// An authority that can sign.
pub struct Authority {
    cert: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes one, and writes `ca.pem` and `ca.key`.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn create(folder: &Path, now: UnixMs) -> Result<Self, String> {
        let key = KeyPair::generate().map_err(no_certificate)?;
        let mut params = params("Quaywatch authority", now, AUTHORITY_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let cert = params.self_signed(&key).map_err(no_certificate)?.pem();
        write_secret(&folder.join(CA_KEY), &key.serialize_pem())?;
        write_new(&folder.join(CA_CERT), &cert)?;
        Ok(Self {
            cert,
            issuer: Issuer::new(params, key),
        })
    }

    /// Reads the one in a folder.
    ///
    /// # Errors
    /// Which file, and what was wrong with it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let read = |name: &str, read: fn(&Path) -> Result<Vec<u8>, String>| {
            let file = folder.join(name);
            read(&file)
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "holds no UTF-8 text".to_owned()))
                .map_err(|problem| format!("{}: {problem}", file.display()))
        };
        let bad = |name: &str, error: rcgen::Error| {
            format!("{}: is no PEM as expected: {error}", folder.join(name).display())
        };
        let (cert, key) = (read(CA_CERT, read_public)?, read(CA_KEY, read_secret)?);
        let key = KeyPair::from_pem(&key).map_err(|error| bad(CA_KEY, error))?;
        let issuer = Issuer::from_ca_cert_pem(&cert, key).map_err(|error| bad(CA_CERT, error))?;
        Ok(Self { cert, issuer })
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn cert(&self) -> &str {
        &self.cert
    }

    /// Signs a new certificate for a new key.
    ///
    /// # Errors
    /// A name that a certificate cannot carry.
    pub fn issue(&self, usage: Usage<'_>, now: UnixMs, days: i64) -> Result<Made, String> {
        let key = KeyPair::generate().map_err(no_certificate)?;
        let (name, purpose) = match usage {
            Usage::Client(name) => (name, ExtendedKeyUsagePurpose::ClientAuth),
            Usage::Broker(name) => (name, ExtendedKeyUsagePurpose::ServerAuth),
        };
        let mut params = params(name, now, days)?;
        params.subject_alt_names = CertificateParams::new([name.to_owned()])
            .map_err(|error| format!("`{name}` is no name for a certificate: {error}"))?
            .subject_alt_names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let cert = params.signed_by(&key, &self.issuer).map_err(no_certificate)?;
        Ok(Made {
            cert: cert.pem(),
            key: key.serialize_pem(),
        })
    }
}

impl Made {
    /// Writes both into new files, the key readable by its owner only.
    ///
    /// # Errors
    /// Which file, and why not.
    pub fn write(&self, cert: &Path, key: &Path) -> Result<(), String> {
        write_secret(key, &self.key)?;
        write_new(cert, &self.cert)
    }
}

fn params(name: &str, now: UnixMs, days: i64) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    let now = OffsetDateTime::from_unix_timestamp(now.0 / 1000)
        .map_err(|error| format!("the clock says a time that no certificate can have: {error}"))?;
    params.not_before = now - BACKDATED;
    params.not_after = now + Duration::days(days);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn no_certificate(error: rcgen::Error) -> String {
    format!("no certificate could be made: {error}")
}

/// Writes a file that must not exist, readable by its owner only.
fn write_secret(file: &Path, text: &str) -> Result<(), String> {
    write(file, text, 0o600)
}

/// Writes a file that must not exist.
pub(super) fn write_new(file: &Path, text: &str) -> Result<(), String> {
    write(file, text, 0o644)
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), String> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(file)
        .and_then(|mut out| {
            out.write_all(text.as_bytes())?;
            out.sync_all()
        })
        .map_err(|error| format!("{}: cannot be made: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::testing::NOW;

    #[test]
    fn an_authority_that_is_read_again_signs_as_before_and_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let made = Authority::create(folder.path(), NOW).unwrap();
        let read = Authority::read(folder.path()).unwrap();
        assert_eq!(read.cert(), made.cert());
        read.issue(Usage::Client("gs-1"), NOW, 10).unwrap();
        read.issue(Usage::Broker("127.0.0.1"), NOW, 10).unwrap();
        let mode = fs::metadata(folder.path().join(CA_KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            Authority::create(folder.path(), NOW)
                .err()
                .unwrap()
                .contains("cannot be made")
        );
    }

    #[test]
    fn what_is_no_authority_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CA_CERT), "x").unwrap();
        fs::write(folder.path().join(CA_KEY), "x").unwrap();
        assert!(Authority::read(folder.path()).err().unwrap().contains(CA_KEY));
    }
}
