//! Where the outside is, from the configuration: the broker with its secrets, the sinks of notifications.

use std::path::Path;

use quaywatch_protocol::keyfile::read_secret_line;

use crate::{
    broker,
    config::{Broker, BrokerPlace, Config, Fault},
    ingest::mqtt::{Address, Login, TlsPem},
    notify::{Sink, file::Plan, webhook::Hook},
    pem,
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

/// What central shows an external broker: the login and the certificates that the configuration's files hold.
#[derive(Debug, Default)]
pub struct Access {
    login: Option<Login>,
    tls: Option<TlsPem>,
}

impl Access {
    /// Reads them; the embedded broker asks for nothing.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn read(broker: &Broker) -> Result<Self, Vec<Fault>> {
        if matches!(broker.place, BrokerPlace::Embedded(_)) {
            return Ok(Self::default());
        }
        let mut faults = Vec::new();
        let login = broker.login.as_ref().and_then(|(user, file)| {
            Some(Login {
                user: user.clone(),
                password: noted(file, read_secret_line(file), &mut faults)?,
            })
        });
        let tls = broker.tls.as_ref().and_then(|tls| {
            let ca = noted(&tls.ca, pem::certificates(&tls.ca), &mut faults);
            let cert = noted(&tls.cert, pem::certificates(&tls.cert), &mut faults);
            let key = noted(&tls.key, pem::private_key(&tls.key), &mut faults);
            let (ca, cert, key) = (ca?.0, cert?.0, key?.0);
            Some(TlsPem { ca, cert, key })
        });
        if faults.is_empty() {
            Ok(Self { login, tls })
        } else {
            Err(faults)
        }
    }
}

fn noted<T>(file: &Path, read: Result<T, String>, faults: &mut Vec<Fault>) -> Option<T> {
    let place = file.display().to_string();
    read.map_err(|problem| faults.push(Fault { place, problem })).ok()
}

/// Where the broker is, and what it is shown.
pub(super) fn address(config: &Config, broker: &broker::Running, access: Access) -> Address {
    Address {
        host: broker.host.clone(),
        port: broker.port,
        client_id: config.broker.client_id.clone(),
        login: access.login,
        tls: access.tls,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

    use super::*;
    use crate::{
        config::Tls,
        enrol::authority::{Authority, Usage},
        testing::NOW,
    };

    fn external(login: Option<PathBuf>, tls: Option<Tls>) -> Broker {
        Broker {
            place: BrokerPlace::External("broker.example".to_owned(), 8883),
            client_id: "central".to_owned(),
            login: login.map(|file| ("central".to_owned(), file)),
            tls,
        }
    }

    #[test]
    fn what_central_shows_a_broker_is_read_and_never_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("password"), "open sesame \n").unwrap();
        fs::set_permissions(at("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let authority = Authority::create(folder.path(), NOW).unwrap();
        let made = authority.issue(Usage::Client("central"), NOW, 10).unwrap();
        made.write(&at("central.pem"), &at("central-tls.key")).unwrap();
        let tls = Tls {
            ca: at("ca.pem"),
            cert: at("central.pem"),
            key: at("central-tls.key"),
        };
        let access = Access::read(&external(Some(at("password")), Some(tls))).unwrap();
        assert_eq!(access.login.as_ref().unwrap().password, "open sesame");
        assert!(access.tls.as_ref().unwrap().key.starts_with(b"-----BEGIN"));
        let told = format!("{access:?}");
        assert!(!told.contains("sesame") && !told.contains("BEGIN"), "{told}");
    }

    #[test]
    fn every_file_that_cannot_be_used_is_named_before_central_runs() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, mode) in [("password", 0o644), ("central.pem", 0o644), ("central.key", 0o600)] {
            fs::write(at(name), "not what it should be").unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let tls = Tls {
            ca: at("ca.pem"),
            cert: at("central.pem"),
            key: at("central.key"),
        };
        let broker = external(Some(at("password")), Some(tls));
        let faults = Access::read(&broker).err().unwrap();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:#?}");
        for (text, (name, problem)) in told.iter().zip([
            ("password", "mode 644"),
            ("ca.pem", "cannot be read"),
            ("central.pem", "holds no certificate"),
            ("central.key", "private key in PEM"),
        ]) {
            assert!(text.contains(name) && text.contains(problem), "{text}");
            assert!(!text.contains("not what it should be"), "{text}");
        }
        let embedded = Broker {
            place: BrokerPlace::Embedded(([127, 0, 0, 1], 1883).into()),
            ..broker
        };
        assert!(Access::read(&embedded).is_ok(), "an embedded broker asks for nothing");
    }
}
