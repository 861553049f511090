//! The keys under `broker`: where the broker is, whether the way to it is encrypted, and what the station shows it.
//!
//! Beyond this machine only `mqtts://` will do, unless `broker.insecure` says that everyone on the way may read.

use quaywatch_protocol::keyfile;

use super::{read_file, reader::Reader};
use crate::link::mqtt::{Broker, Tls};

/// Address, certificates and credentials; `None` when one of them is at fault.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Broker> {
    let url = reader.text("broker.url");
    let insecure = reader.boolean("broker.insecure");
    let keep_alive_s = reader.integer("broker.keep_alive_s");
    let credentials = read_credentials(reader);
    let parts = url.as_deref().and_then(split_url);
    if let (Some(url), None) = (&url, &parts) {
        reader.fault(
            "broker.url",
            format!("is `{url}`: expected mqtts://host:port or mqtt://host:port"),
        );
    }
    let (has_tls, host, port) = parts?;
    let tls = if has_tls { Some(read_tls(reader)?) } else { None };
    if !has_tls && !is_this_machine(&host) && insecure == Some(false) {
        let problem = format!(
            "is mqtt:// to `{host}`, another machine: expected mqtts://, or broker.insecure = true if everyone on the way may read"
        );
        reader.fault("broker.url", problem);
    }
    if !has_tls
        && ["broker.ca_file", "broker.cert_file"]
            .iter()
            .any(|path| reader.is_set(path))
    {
        reader.fault(
            "broker.url",
            "is mqtt://, and certificates are configured: expected mqtts://",
        );
    }
    Some(Broker {
        host,
        port,
        tls,
        credentials: credentials?,
        keep_alive_s: keep_alive_s?,
    })
}

#[allow(clippy::option_option, reason = "outer: readable; inner: configured")]
fn read_credentials(reader: &mut Reader<'_>) -> Option<Option<(String, String)>> {
    let user = reader.text("broker.user");
    let file = reader.path("broker.password_file");
    match (user, file) {
        (None, None) => Some(None),
        (Some(user), Some(file)) => {
            let password = read_file(reader, "broker.password_file", &file, keyfile::read_secret_line)?;
            Some(Some((user, password)))
        }
        _ => {
            reader.fault("broker.user", "and broker.password_file are set only together");
            None
        }
    }
}

fn read_tls(reader: &mut Reader<'_>) -> Option<Tls> {
    let ca = match reader.path("broker.ca_file") {
        Some(file) => read_file(reader, "broker.ca_file", &file, keyfile::read_public),
        None => {
            reader.fault("broker.ca_file", "is missing: required with mqtts://");
            None
        }
    };
    let cert = reader.path("broker.cert_file");
    let cert = cert.and_then(|file| read_file(reader, "broker.cert_file", &file, keyfile::read_public));
    let key = reader.path("broker.cert_key_file");
    let key = key.and_then(|file| read_file(reader, "broker.cert_key_file", &file, keyfile::read_secret));
    if reader.is_set("broker.cert_file") != reader.is_set("broker.cert_key_file") {
        reader.fault("broker.cert_file", "and broker.cert_key_file are set only together");
    }
    let client = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        _ => None,
    };
    Some(Tls { ca: ca?, client })
}

/// Scheme, host and port: nothing else belongs in a broker's address.
fn split_url(url: &str) -> Option<(bool, String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let has_tls = match scheme {
        "mqtts" => true,
        "mqtt" => false,
        _ => return None,
    };
    let (host, port) = rest.rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_');
    let valid = !host.is_empty() && host.bytes().all(is_host);
    valid.then_some((has_tls, host.to_owned(), port.parse().ok()?))
}

fn is_this_machine(host: &str) -> bool {
    let loopback = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || host.parse().is_ok_and(loopback)
}
