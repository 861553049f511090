//! What an operator copies to a station: one folder, made readable by its owner only.
//!
//! ```text
//! edge.toml        configuration of the agent: what is required, with this station's values
//! station.key      its private key (station-2.key after a rotation)
//! ca.pem, station.pem, station-tls.key      its certificate, with an authority
//! sites/           the watched sites
//! README           what to do with it
//! ```

use std::{fs, os::unix::fs::DirBuilderExt, path::Path};

use super::authority::{Authority, Usage, write_new};
use crate::sites::Sites;
use quaywatch_protocol::{contract::time::UnixMs, keyfile};

/// What a kit says of its station.
pub struct Kit<'a> {
    /// Id.
    pub id: &'a str,
    /// Number of its key.
    pub key_id: u16,
    /// URL of the broker, as the station reaches it.
    pub broker: &'a str,
    /// Central's public key, hexadecimal, and its number.
    pub central: (&'a str, u16),
    /// Who signs its certificate, from when, for how many days.
    pub authority: Option<(&'a Authority, UnixMs, i64)>,
}

/// File of the station's private key of that number.
#[must_use]
pub fn key_name(key_id: u16) -> String {
    if key_id == 1 {
        "station.key".to_owned()
    } else {
        format!("station-{key_id}.key")
    }
}

/// Makes the folder, which must not exist, with a new key in it; gives the key's public half.
///
/// # Errors
/// What could not be made.
pub fn begin(folder: &Path, key_id: u16) -> Result<String, String> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
    let file = folder.join(key_name(key_id));
    keyfile::create(&file).map_err(|problem| format!("{}: {problem}", file.display()))
}

/// Writes everything but the key.
///
/// # Errors
/// What could not be made.
pub fn fill(folder: &Path, kit: &Kit<'_>, sites: &Sites) -> Result<(), String> {
    if let Some((authority, now, days)) = kit.authority {
        let made = authority.issue(Usage::Client(kit.id), now, days)?;
        made.write(&folder.join("station.pem"), &folder.join("station-tls.key"))?;
        write_new(&folder.join("ca.pem"), authority.cert())?;
    }
    let place = folder.join("sites");
    fs::create_dir(&place).map_err(|error| format!("{}: cannot be made: {error}", place.display()))?;
    for file in sites.iter() {
        write_new(&place.join(format!("{}.geojson", file.site.id)), &file.text)?;
    }
    write_new(&folder.join("edge.toml"), &configuration(kit))?;
    write_new(&folder.join("README"), &readme(kit))
}

fn configuration(kit: &Kit<'_>) -> String {
    let (central, central_id) = kit.central;
    let tls = if kit.authority.is_some() {
        "ca_file = \"ca.pem\"\ncert_file = \"station.pem\"\ncert_key_file = \"station-tls.key\"\n"
    } else {
        ""
    };
    format!(
        "# Agent of station {id}. Every other key: quaywatch-edge check-config --explain\n\
         station = \"{id}\"\ndata = \"/var/lib/quaywatch\"\nsites = \"sites\"\n\n\
         [key]\nfile = \"{key}\"\nid = {key_id}\n\n\
         [central]\nkey = \"{central}\"\nkey_id = {central_id}\n\n\
         [scenes]\nfolder = \"/srv/scenes\"\n\n\
         [model]\nfile = \"vessel.tflite\"\n\n\
         [broker]\nurl = {broker:?}\n{tls}",
        id = kit.id,
        key = key_name(kit.key_id),
        key_id = kit.key_id,
        broker = kit.broker,
    )
}

fn readme(kit: &Kit<'_>) -> String {
    let key = key_name(kit.key_id);
    let first = if kit.key_id == 1 {
        "Copy this folder to the station, as its agent's user, for example to /etc/quaywatch. Put the detector's model and its description\n\
         beside edge.toml, set the folders in it, then:\n"
            .to_owned()
    } else {
        format!(
            "Copy {key} (and the new station.pem and station-tls.key, where there are) to the station's /etc/quaywatch. In edge.toml set\n\
             key.file = \"{key}\" and key.id = {number}, restart the agent, wait until its events come under key {number}, and only then revoke\n\
             the key before. Check first:\n",
            number = kit.key_id
        )
    };
    format!(
        "Station {id}\n\n{first}\n  quaywatch-edge check-config --config /etc/quaywatch/edge.toml\n  quaywatch-edge run --config /etc/quaywatch/edge.toml\n\n\
         {key} is this station's signature. It exists here and on the station only: delete this folder when it has been copied.\n",
        id = kit.id,
    )
}
