//! Where the outside is, from the configuration: the broker with its secrets, the sinks of notifications.

use std::path::PathBuf;

use super::AppError;
use crate::{
    broker,
    config::{BrokerPlace, Config},
    ingest::mqtt::{Address, Login, TlsPem},
    notify::{Sink, file::Plan, webhook::Hook},
};

/// The sinks of the notification file, or those of the two short keys.
pub(super) fn sinks(config: &Config, plan: Plan) -> Plan {
    if config.notify.file.is_some() {
        return plan;
    }
    let log = config.notify.log.then(|| ("log".to_owned(), Sink::Log));
    let hooks = config.notify.webhooks.iter().map(|url| {
        let hook = Hook {
            url: url.clone(),
            secret: None,
        };
        (format!("webhook:{url}"), Sink::Webhook(hook))
    });
    Plan {
        sinks: log.into_iter().chain(hooks).collect(),
        routes: Vec::new(),
    }
}

/// The broker's address, with the login and certificates that its files hold.
pub(super) fn address(config: &Config, broker: &broker::Running) -> Result<Address, AppError> {
    let read = |file: &PathBuf| {
        std::fs::read(file).map_err(|error| AppError::File {
            file: file.clone(),
            error,
        })
    };
    let tls = match (&config.broker.tls, &config.broker.place) {
        (Some(tls), BrokerPlace::External(..)) => Some(TlsPem {
            ca: read(&tls.ca)?,
            cert: read(&tls.cert)?,
            key: read(&tls.key)?,
        }),
        _ => None,
    };
    let login = match (&config.broker.user, &config.broker.password_file) {
        (Some(user), Some(file)) => {
            let text = String::from_utf8_lossy(&read(file)?).into_owned();
            Some(Login {
                user: user.clone(),
                password: text.lines().next().unwrap_or_default().to_owned(),
            })
        }
        _ => None,
    };
    Ok(Address {
        host: broker.host.clone(),
        port: broker.port,
        client_id: config.broker.client_id.clone(),
        login,
        tls,
    })
}
