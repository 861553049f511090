//! The notification file (`notify.file`): sinks and routes, TOML, checked as a whole.
//!
//! ```toml
//! [[sink]]
//! name = "duty"                     # unique; stays the same over restarts, so that what waits still goes there
//! kind = "email"                    # webhook, email, mqtt, log
//! smtp = "mail.example:587"
//! tls = "starttls"                  # starttls (default), tls, none (loopback only)
//! user = "quaywatch"                # with password_file; none: without login
//! password_file = "smtp.password"
//! from = "quaywatch@example.org"
//! to = ["duty@example.org"]
//!
//! [[sink]]
//! name = "hook"
//! kind = "webhook"
//! url = "https://example.org/alerts"
//! secret_file = "hook.secret"       # signs each POST
//!
//! [[sink]]
//! name = "bus"
//! kind = "mqtt"
//! address = "127.0.0.1:1883"
//! topic = "quaywatch/alerts"
//!
//! [[route]]
//! sinks = ["duty"]
//! severity_min = "warning"          # info, watch, warning, critical
//! sites = ["vostochny"]             # none: all
//! hours = "06:00-20:00"             # none: always
//! quiet = "22:00-06:00"             # what is less than critical waits until they are over
//! digest_min = 60                   # news wait for the next full hour and come together
//! utc_offset_min = 540              # hours and quiet are 9 h ahead of UTC
//! ```
//!
//! Files of passwords and secrets hold them on their first line, and others cannot read them (mode 600).

use std::{
    fs,
    path::{Path, PathBuf},
};

use quaywatch_protocol::keyfile::read_secret_line;
use serde::Deserialize;

use super::{
    Sink,
    email::{Mail, MailTls},
    mqtt::Bus,
    route::{Hours, Route},
    webhook::Hook,
};
use crate::{alert::Severity, config::Fault, store::read_alerts::severity_rank};

/// Sinks: each has a worker.
pub const SINKS_MAX: usize = 16;
/// Routes.
pub const ROUTES_MAX: usize = 64;
/// Addresses of one mail.
pub const RECIPIENTS_MAX: usize = 50;
/// Bytes of a secret that signs: shorter ones can be guessed.
const SECRET_BYTES_MIN: usize = 16;
/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Where stations and central talk.
const RESERVED: &str = "quaywatch/1/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    sink: Vec<SinkText>,
    #[serde(default)]
    route: Vec<RouteText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
enum SinkText {
    Log {
        name: String,
    },
    Webhook {
        name: String,
        url: String,
        secret_file: Option<PathBuf>,
    },
    Email {
        name: String,
        smtp: String,
        tls: Option<MailTls>,
        user: Option<String>,
        password_file: Option<PathBuf>,
        from: String,
        to: Vec<String>,
    },
    Mqtt {
        name: String,
        address: String,
        topic: String,
        user: Option<String>,
        password_file: Option<PathBuf>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteText {
    sinks: Vec<String>,
    #[serde(default)]
    severity_min: Option<String>,
    #[serde(default)]
    sites: Vec<String>,
    hours: Option<String>,
    quiet: Option<String>,
    #[serde(default)]
    digest_min: i64,
    #[serde(default)]
    utc_offset_min: i64,
}

/// Sinks and routes of a file.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Sinks, each with its name.
    pub sinks: Vec<(String, Sink)>,
    /// Routes.
    pub routes: Vec<Route>,
}

/// Reads a notification file and the secrets that it names.
///
/// # Errors
/// Every fault found; never a secret.
pub fn read(file: &Path) -> Result<Plan, Vec<Fault>> {
    let mut faults = Vec::new();
    let plan = match text_of(file) {
        Ok(text) => parse(&text, file.parent().unwrap_or(Path::new("")), &mut faults),
        Err(problem) => {
            faults.push((String::new(), problem));
            Plan::default()
        }
    };
    if faults.is_empty() {
        return Ok(plan);
    }
    let place = |at: &str| format!("{}{}{at}", file.display(), if at.is_empty() { "" } else { ": " });
    Err(faults
        .into_iter()
        .map(|(at, problem)| Fault {
            place: place(&at),
            problem,
        })
        .collect())
}

fn text_of(file: &Path) -> Result<String, String> {
    let length = fs::metadata(file)
        .map_err(|error| format!("cannot be read: {error}"))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(format!("has {length} bytes: expected at most {FILE_BYTES_MAX}"));
    }
    fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))
}

type Faults = Vec<(String, String)>;

fn parse(text: &str, folder: &Path, faults: &mut Faults) -> Plan {
    let text: Text = match toml::from_str(text) {
        Ok(text) => text,
        Err(error) => {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |head| head.matches('\n').count() + 1);
            faults.push((format!("line {line}"), error.message().to_owned()));
            return Plan::default();
        }
    };
    if text.sink.len() > SINKS_MAX || text.route.len() > ROUTES_MAX {
        faults.push((
            "sink, route".to_owned(),
            format!("are too many: expected at most {SINKS_MAX} sinks and {ROUTES_MAX} routes"),
        ));
    }
    let mut plan = Plan::default();
    for sink in text.sink {
        let (name, sink) = read_sink(sink, folder, faults);
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|each| each.is_ascii_alphanumeric() || "-_".contains(each));
        if !is_name {
            faults.push((
                format!("sink `{name}`"),
                "needs a `name` of letters, digits, - and _".to_owned(),
            ));
        }
        if plan.sinks.iter().any(|(other, _)| *other == name) {
            faults.push((format!("sink `{name}`"), "is there twice".to_owned()));
        }
        plan.sinks.extend(sink.map(|sink| (name, sink)));
    }
    for (at, route) in text.route.into_iter().enumerate() {
        let mut note = |key: &str, problem: String| faults.push((format!("route {} `{key}`", at + 1), problem));
        for sink in &route.sinks {
            if !plan.sinks.iter().any(|(name, _)| name == sink) {
                note("sinks", format!("names `{sink}`, which is no sink of this file"));
            }
        }
        if route.sinks.is_empty() {
            note("sinks", "is empty: the route would lead nowhere".to_owned());
        }
        let severity = route.severity_min.as_deref().unwrap_or("info");
        if !Severity::NAMES.contains(&severity) {
            note(
                "severity_min",
                format!("is `{severity}`: expected one of {}", Severity::NAMES.join(", ")),
            );
        }
        let mut hours = |key: &str, text: Option<String>| {
            text.and_then(|text| Hours::parse(&text).map_err(|problem| note(key, problem)).ok())
        };
        let (hours, quiet) = (hours("hours", route.hours), hours("quiet", route.quiet));
        if !(0..=24 * 60).contains(&route.digest_min) {
            note("digest_min", format!("is {}: expected 0 to 1440", route.digest_min));
        }
        if !(-14 * 60..=14 * 60).contains(&route.utc_offset_min) {
            note(
                "utc_offset_min",
                format!("is {}: expected -840 to 840", route.utc_offset_min),
            );
        }
        plan.routes.push(Route {
            sinks: route.sinks,
            severity_min: severity_rank(severity),
            sites: route.sites,
            hours,
            quiet,
            digest_min: route.digest_min,
            utc_offset_min: route.utc_offset_min,
        });
    }
    plan
}

fn read_sink(sink: SinkText, folder: &Path, faults: &mut Faults) -> (String, Option<Sink>) {
    match sink {
        SinkText::Log { name } => (name, Some(Sink::Log)),
        SinkText::Webhook { name, url, secret_file } => {
            let mut note = |problem: String| faults.push((format!("sink `{name}`"), problem));
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                note(format!(
                    "has `url` `{url}`: expected one that starts with http:// or https://"
                ));
            }
            let secret = secret_file.map(|file| secret(folder, &file));
            let secret = match secret {
                Some(Ok(secret)) if secret.len() < SECRET_BYTES_MIN => {
                    note(format!(
                        "has a secret of {} bytes: expected at least {SECRET_BYTES_MIN}",
                        secret.len()
                    ));
                    None
                }
                Some(Ok(secret)) => Some(secret),
                Some(Err(problem)) => {
                    note(problem);
                    None
                }
                None => None,
            };
            (name, Some(Sink::Webhook(Hook { url, secret })))
        }
        SinkText::Email {
            name,
            smtp,
            tls,
            user,
            password_file,
            from,
            to,
        } => {
            let mut note = |problem: String| faults.push((format!("sink `{name}`"), problem));
            let password = password_file.map(|file| secret(folder, &file)).transpose();
            let password = password.map_err(&mut note).unwrap_or_default();
            if user.is_some() != password.is_some() {
                note("needs both `user` and `password_file`, or neither".to_owned());
            }
            if to.is_empty() || to.len() > RECIPIENTS_MAX {
                note(format!(
                    "has {} addresses in `to`: expected 1 to {RECIPIENTS_MAX}",
                    to.len()
                ));
            }
            let mail = host_port(&smtp).and_then(|(host, port)| {
                Mail::new(host, port, tls.unwrap_or_default(), user.zip(password), &from, &to)
            });
            let mail = mail.map_err(note).ok();
            (name, mail.map(|mail| Sink::Email(Box::new(mail))))
        }
        SinkText::Mqtt {
            name,
            address,
            topic,
            user,
            password_file,
        } => {
            let mut note = |problem: String| faults.push((format!("sink `{name}`"), problem));
            let password = password_file.map(|file| secret(folder, &file)).transpose();
            let password = password.map_err(&mut note).unwrap_or_default();
            if topic.is_empty() || topic.len() > 256 || topic.contains(['#', '+', '\0']) {
                note(format!(
                    "has `topic` `{topic}`: expected 1 to 256 bytes without + and #"
                ));
            }
            if topic.starts_with(RESERVED) {
                note("has a `topic` under quaywatch/1/, where stations and central talk: expected another".to_owned());
            }
            let bus = host_port(&address).map(|(host, port)| Bus {
                host,
                port,
                topic,
                login: user.zip(password),
            });
            let bus = bus.map_err(note).ok();
            (name, bus.map(Sink::Mqtt))
        }
    }
}

fn host_port(text: &str) -> Result<(String, u16), String> {
    text.rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| format!("has the address `{text}`: expected host:port"))
}

fn secret(folder: &Path, file: &Path) -> Result<String, String> {
    let file = folder.join(file);
    read_secret_line(&file).map_err(|problem| format!("{}: {problem}", file.display()))
}

#[cfg(test)]
mod tests;
