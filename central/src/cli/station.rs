//! `station`: takes stations on, gives them other keys, shuts them out. Works beside a running central, which takes a changed registry
//! over within seconds.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use quaywatch_protocol::{contract::time::UnixMs, keyfile};

use super::{CliError, check_config};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    enrol::{
        access,
        authority::{Authority, CERTIFICATE_DAYS, Usage},
        edit::{self, CENTRAL_NAME, What},
        kit::{self, Kit},
    },
    ingest::registry::Registry,
    sites::Sites,
};

/// Arguments of `station`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a certificate authority, and the broker's and central's certificates
    Authority {
        /// Folder for all of it; must not exist yet
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Host name or address under which stations reach the broker
        #[arg(long, value_name = "HOST")]
        broker: String,
        /// Days for which the broker's and central's certificates hold
        #[arg(long, value_name = "DAYS", default_value_t = CERTIFICATE_DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
    /// Enter a station in the registry, and make the folder that is copied to it
    Add(Enrol),
    /// Give a station another key; the one before holds until it is revoked
    Rotate(Enrol),
    /// Believe nothing more of a station, or of one key; what came since a given time stops counting
    Revoke {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Station
        id: String,
        /// This key only; the station goes on with another
        #[arg(long, value_name = "NUMBER")]
        key: Option<u16>,
        /// When it may have got into other hands (RFC 3339): what was received from the station since then no longer counts, and alerts that
        /// rested on it are withdrawn
        #[arg(long, value_name = "TIME", value_parser = UnixMs::parse)]
        distrust_from: Option<UnixMs>,
    },
    /// List the stations and their keys
    List {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the broker's access rules (mosquitto), made from the registry
    Acl {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Enrol {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Station: 1 to 24 letters, digits, `-`, `_`, `.`
    id: String,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// Folder to make: what is copied to the station
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// The broker as the station reaches it: mqtts://host:port
    #[arg(long, value_name = "URL")]
    broker: String,
    /// Folder of the authority that signs the station's certificate; needed with mqtts
    #[arg(long, value_name = "FOLDER")]
    authority: Option<PathBuf>,
    /// Days for which the certificate holds
    #[arg(long, value_name = "DAYS", default_value_t = CERTIFICATE_DAYS, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn main(args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Authority { out, broker, days } => authority(out, broker, *days),
        Verb::Add(enrol) => {
            let public = take_on(enrol, 1)?;
            let told = changed(enrol, |text| {
                edit::add(text, &enrol.id, enrol.name.as_deref(), &public).map(|text| (text, 1))
            });
            finish(enrol, told)
        }
        Verb::Rotate(enrol) => {
            let next = next_key(enrol)?;
            let public = take_on(enrol, next)?;
            let told = changed(enrol, |text| match edit::rotate(text, &enrol.id, &public)? {
                (_, number) if number != next => Err("it was changed meanwhile: try again".to_owned()),
                done => Ok(done),
            });
            finish(enrol, told)
        }
        Verb::Revoke {
            config,
            id,
            key,
            distrust_from,
        } => {
            let file = read(config)?.stations;
            let what = key.map_or(What::Station, What::Key);
            edit::change(&file, |text| {
                edit::revoke(text, id, what, *distrust_from).map(|text| (text, ()))
            })
            .map_err(CliError::Failed)?;
            let since = distrust_from.map_or_else(
                || "What came from it before still counts; --distrust-from says since when it must not.".to_owned(),
                |from| format!("What was received from it since {from} no longer counts."),
            );
            eprintln!(
                "{id} is revoked{}: a running central takes it over within seconds. {since}\nMake the broker's access rules anew (`station acl`) too.",
                key.map_or_else(String::new, |key| format!(" under key {key}"))
            );
            Ok(())
        }
        Verb::List { config } => {
            for (id, station) in registry(&read(config)?.stations)?.iter() {
                let state = if station.revoked { "revoked" } else { "holds" };
                let keys: Vec<String> = station
                    .keys()
                    .map(|(number, revoked)| format!("{number}{}", if revoked { " (revoked)" } else { "" }))
                    .collect();
                let distrusted = station
                    .distrusted
                    .map_or_else(String::new, |period| format!("\tnot counted since {}", period.from));
                println!("{id}\t{}\t{state}\tkeys {}{distrusted}", station.name, keys.join(", "));
            }
            Ok(())
        }
        Verb::Acl { config } => {
            print!("{}", access::rules(&registry(&read(config)?.stations)?));
            Ok(())
        }
    }
}

fn read(config: &Path) -> Result<Config, CliError> {
    Config::read(config).map_err(|faults| check_config::listed(config, &faults))
}

fn registry(file: &Path) -> Result<Registry, CliError> {
    Registry::read(file).map_err(|faults| check_config::listed(file, &faults))
}

fn next_key(enrol: &Enrol) -> Result<u16, CliError> {
    let file = read(&enrol.config)?.stations;
    registry(&file)?
        .iter()
        .find(|(id, _)| id.as_str() == enrol.id)
        .and_then(|(_, station)| station.keys().map(|(number, _)| number).max())
        .and_then(|newest| newest.checked_add(1))
        .ok_or_else(|| {
            CliError::Usage(format!(
                "{}: no station `{}` that could get another key",
                file.display(),
                enrol.id
            ))
        })
}

/// Makes the station's folder with its key, certificate and configuration; gives the public key.
fn take_on(enrol: &Enrol, key_id: u16) -> Result<String, CliError> {
    let config = read(&enrol.config)?;
    let is_tls = enrol.broker.starts_with("mqtts://");
    if is_tls != enrol.authority.is_some() {
        return Err(CliError::Usage(if is_tls {
            "an mqtts:// broker needs --authority: the station's certificate is signed by it".to_owned()
        } else {
            "--authority is for an mqtts:// broker".to_owned()
        }));
    }
    let authority = enrol.authority.as_deref().map(Authority::read).transpose();
    let authority = authority.map_err(CliError::Usage)?;
    let sites = Sites::read_folder(&config.sites).map_err(|faults| check_config::listed(&config.sites, &faults))?;
    let central = keyfile::read_signing(&config.key_file)
        .map_err(|problem| CliError::Usage(format!("{}: {problem}", config.key_file.display())))?;
    let central = keyfile::public_text(&central);
    let public = kit::begin(&enrol.out, key_id).map_err(CliError::Failed)?;
    let kit = Kit {
        id: &enrol.id,
        key_id,
        broker: &enrol.broker,
        central: (&central, config.key_id),
        authority: authority
            .as_ref()
            .map(|authority| (authority, SystemClock.now(), enrol.days)),
    };
    match kit::fill(&enrol.out, &kit, &sites) {
        Ok(()) => Ok(public),
        Err(problem) => Err(undone(enrol, problem)),
    }
}

fn changed(enrol: &Enrol, change: impl FnOnce(&str) -> Result<(String, u16), String>) -> Result<u16, CliError> {
    let file = read(&enrol.config)?.stations;
    edit::change(&file, change).map_err(|problem| undone(enrol, problem))
}

/// Takes the half-made folder away: nobody must use a key that is in no registry.
fn undone(enrol: &Enrol, problem: String) -> CliError {
    let left = fs::remove_dir_all(&enrol.out).err().map_or_else(String::new, |error| {
        format!("; {} is left: {error}", enrol.out.display())
    });
    CliError::Failed(format!("{problem}{left}"))
}

fn finish(enrol: &Enrol, told: Result<u16, CliError>) -> Result<(), CliError> {
    let number = told?;
    eprintln!(
        "{} is in the registry with key {number}. Copy {} to it (its README says how), then delete it here.\n\
         Make the broker's access rules anew (`station acl`), and let the broker read them.",
        enrol.id,
        enrol.out.display()
    );
    Ok(())
}

fn authority(out: &Path, broker: &str, days: i64) -> Result<(), CliError> {
    let failed = CliError::Failed;
    fs::DirBuilder::new()
        .mode(0o700)
        .create(out)
        .map_err(|error| failed(format!("{}: cannot be made: {error}", out.display())))?;
    let now = SystemClock.now();
    let authority = Authority::create(out, now).map_err(failed)?;
    let made = [
        ("broker", Usage::Broker(broker)),
        ("central", Usage::Client(CENTRAL_NAME)),
    ];
    for (name, usage) in made {
        authority
            .issue(usage, now, days)
            .and_then(|made| made.write(&out.join(format!("{name}.pem")), &out.join(format!("{name}-tls.key"))))
            .map_err(failed)?;
    }
    let file = out.join("mosquitto.conf");
    fs::write(&file, MOSQUITTO).map_err(|error| failed(format!("{}: {error}", file.display())))?;
    eprintln!(
        "{} holds the authority. To the broker go ca.pem, broker.pem, broker-tls.key and mosquitto.conf; to central ca.pem, central.pem and\n\
         central-tls.key (broker.tls_ca, broker.tls_cert, broker.tls_key). ca.key stays here: whoever has it can be anybody to the broker.",
        out.display()
    );
    Ok(())
}

/// For Debian's mosquitto. The limits follow what one station can have on the way.
const MOSQUITTO: &str = "\
# Set the paths. acl: `quaywatch-central station acl --config central.toml`.
per_listener_settings false
listener 8883
cafile /etc/mosquitto/quaywatch/ca.pem
certfile /etc/mosquitto/quaywatch/broker.pem
keyfile /etc/mosquitto/quaywatch/broker-tls.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file /etc/mosquitto/quaywatch/acl
max_inflight_messages 1000
max_queued_messages 100000
set_tcp_nodelay true
persistence false
";
