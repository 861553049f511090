//! The whole of central, wired in one place.
//!
//! ```text
//! broker -> link (gate) -> work -> writer (intake) -> out -> link -> acks
//!                           ^  ^        |
//!                  commands |  | marks  +-> head -> stream, notify
//!                          api notify
//! ```
//!
//! On a stop, stages end in the order of the flow: the link takes nothing more in; API and notifications end; the writer takes
//! what is on its way, commits and acknowledges; the link puts the acks out and says goodbye; the broker ends last. The stop has
//! a deadline; what it cuts short is not lost, for nothing of it was acknowledged.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use quaywatch_protocol::sign::SigningKey;
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    ack::AckSigner,
    api::{self, Parts},
    broker,
    clock::Clock,
    config::{BrokerPlace, Config},
    ingest::{
        gate::{Gate, RegistryInForce},
        mqtt::{self, Address, Delivery, Link, Login, OUT_MAX, Out, TlsPem, WORK_MAX},
        registry::Registry,
        states::States,
    },
    intake::{BATCH_MAX, Correlator, Intake, Setup, Work},
    metrics::Counters,
    notify::{Sink, Worker},
    sites::Sites,
    store::{Store, StoreError, read::Readers},
};

/// How long the stages may take to end.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How often the registry file is looked at: a revocation holds within this time.
const REGISTRY_EVERY: Duration = Duration::from_secs(5);

/// Why central could not run, or had to stop.
#[derive(Debug, Error)]
pub enum AppError {
    /// The store.
    #[error("{file}: {error}")]
    Store {
        /// Database file.
        file: PathBuf,
        /// What happened.
        error: StoreError,
    },
    /// A file that the configuration names.
    #[error("{file}: cannot be read: {error}")]
    File {
        /// The file.
        file: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// A port.
    #[error("cannot listen on {address} for {what}: {problem}")]
    Listen {
        /// Address.
        address: SocketAddr,
        /// For what.
        what: &'static str,
        /// What happened.
        problem: String,
    },
    /// A stage ended by itself.
    #[error("{0} ended: central stops, and recovers on its next start")]
    StageEnded(&'static str),
}

/// Everything that a configuration names, read and checked.
pub struct Loaded<C> {
    /// The configuration.
    pub config: Config,
    /// The watched sites.
    pub sites: Sites,
    /// The stations.
    pub registry: Registry,
    /// Central's key.
    pub key: SigningKey,
    /// A correlator that has seen nothing.
    pub correlator: C,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Where central can be reached, once it can.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// HTTP.
    pub http: SocketAddr,
    /// MQTT broker: host and port.
    pub broker: String,
    /// Looks that the correlator was built from.
    pub looks: u64,
}

/// Runs until `stop` says true, or a stage fails.
///
/// # Errors
/// [`AppError`].
pub async fn run<C: Correlator + 'static>(
    loaded: Loaded<C>,
    mut stop: watch::Receiver<bool>,
    ready: impl FnOnce(&Ready),
) -> Result<(), AppError> {
    let Loaded {
        config,
        sites,
        registry,
        key,
        correlator,
        clock,
    } = loaded;
    let (counters, sites) = (Arc::new(Counters::default()), Arc::new(sites));
    let (states, in_force) = (Arc::new(States::default()), Arc::new(RegistryInForce::default()));
    in_force.put(registry);
    let readers = Arc::new(Readers::new(&config.store_file));
    let sinks = sinks(&config);
    let setup = Setup {
        sites: Arc::clone(&sites),
        sinks: sinks.iter().map(Sink::name).collect(),
        clock_tolerance_ms: config.ingest.clock_tolerance_ms,
        clock: Arc::clone(&clock),
        counters: Arc::clone(&counters),
    };
    let (intake, looks) = open_intake(&config, Arc::clone(&readers), correlator, setup).await?;
    let history = readers.history_head().map_err(|error| store_error(&config, error))?;

    let broker = broker::start(&config.broker).await?;
    let http = TcpListener::bind(config.http_listen)
        .await
        .map_err(|error| AppError::Listen {
            address: config.http_listen,
            what: "HTTP",
            problem: error.to_string(),
        })?;
    let http_address = http.local_addr().unwrap_or(config.http_listen);

    let (work, work_in) = mpsc::channel::<Work<Delivery>>(WORK_MAX);
    let (out, out_in) = mpsc::channel::<Out>(OUT_MAX);
    let (head_out, head) = watch::channel(history);
    let (connected_out, connected) = watch::channel(false);
    // Our own: it also says stop when a stage fails.
    let (stopping_out, stopping) = watch::channel(false);

    let gate = Gate::new(
        Arc::clone(&in_force),
        (config.ingest.events_per_s_max, config.ingest.events_burst_max),
        Arc::clone(&clock),
        Arc::clone(&counters),
    );
    let link = Link {
        address: address(&config, &broker)?,
        gate,
        work: Some(work.clone()),
        states: Arc::clone(&states),
        counters: Arc::clone(&counters),
        connected: connected_out,
    };
    let signer = AckSigner::new(key, config.key_id);
    let mut writer = spawn_writer(intake, work_in, out, head_out, signer, Arc::clone(&counters));
    let mut link = tokio::spawn(mqtt::run(link, out_in, stopping.clone()));
    let mut workers = tokio::task::JoinSet::new();
    workers.spawn(watch_registry(
        config.stations.clone(),
        Arc::clone(&in_force),
        Arc::clone(&counters),
        stopping.clone(),
    ));
    for sink in sinks {
        let worker = Worker {
            sink,
            readers: Arc::clone(&readers),
            marks: work.clone(),
            head: head.clone(),
            stop: stopping.clone(),
            clock: Arc::clone(&clock),
            counters: Arc::clone(&counters),
        };
        workers.spawn(worker.run());
    }
    let router = api::router(Parts {
        readers,
        sites,
        registry: in_force,
        states,
        commands: work,
        head,
        connected,
        stop: stopping.clone(),
        counters,
        clock,
        queries: Arc::new(Semaphore::new(api::QUERIES_MAX)),
        listeners: Arc::new(Semaphore::new(api::LISTENERS_MAX)),
    });
    let mut until = stopping.clone();
    let mut server = tokio::spawn(async move {
        let stopped = async move {
            crate::stop::requested(&mut until).await;
        };
        axum::serve(http, router).with_graceful_shutdown(stopped).await
    });
    ready(&Ready {
        ready: true,
        http: http_address,
        broker: format!("{}:{}", broker.host, broker.port),
        looks,
    });

    let failed = tokio::select! {
        () = crate::stop::requested(&mut stop) => None,
        ended = &mut writer => Some(writer_error(&config, ended)),
        _ = &mut link => Some(AppError::StageEnded("link to the broker")),
        _ = &mut server => Some(AppError::StageEnded("HTTP server")),
    };
    tracing::info!("stopping");
    stopping_out.send_replace(true);
    let drained = tokio::time::timeout(STOP_MAX, async {
        while workers.join_next().await.is_some() {}
        if !server.is_finished() {
            let _ = (&mut server).await;
        }
        let written = if writer.is_finished() {
            Ok(())
        } else {
            (&mut writer).await.unwrap_or(Ok(()))
        };
        if !link.is_finished() {
            let _ = (&mut link).await;
        }
        written
    })
    .await;
    broker.stop();
    match (failed, drained) {
        (Some(error), _) => Err(error),
        (None, Ok(Err(error))) => Err(store_error(&config, error)),
        (None, Ok(Ok(()))) => {
            tracing::info!("stopped");
            Ok(())
        }
        (None, Err(_)) => {
            tracing::warn!("stages did not end within {STOP_MAX:?}: left as they are; nothing acknowledged is lost");
            Ok(())
        }
    }
}

async fn open_intake<C: Correlator + 'static>(
    config: &Config,
    readers: Arc<Readers>,
    correlator: C,
    setup: Setup,
) -> Result<(Intake<C>, u64), AppError> {
    let file = config.store_file.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let store = Store::open(&file)?;
        Intake::start(store, &readers, correlator, setup)
    });
    match opened.await {
        Ok(intake) => intake.map_err(|error| store_error(config, error)),
        Err(_) => Err(AppError::StageEnded("opening of the store")),
    }
}

/// The writer has a thread of its own: it waits for the disk.
fn spawn_writer<C: Correlator + 'static>(
    mut intake: Intake<C>,
    mut work: mpsc::Receiver<Work<Delivery>>,
    out: mpsc::Sender<Out>,
    head: watch::Sender<i64>,
    signer: AckSigner,
    counters: Arc<Counters>,
) -> JoinHandle<Result<(), StoreError>> {
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while work.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            let taken = intake.take(std::mem::take(&mut batch))?;
            if let Some(last) = taken.told.last() {
                head.send_replace(last.position);
            }
            let acks = taken.through.into_iter().filter_map(|through| {
                let station = through.station.clone();
                signer.seal(through).ok().map(|bytes| Out::Ack(station, bytes))
            });
            for item in acks.chain(taken.deliveries.into_iter().map(Out::Delivered)) {
                // Full: the station sends again and gets another ack; the broker sends again after the next connection.
                if out.try_send(item).is_err() {
                    counters.acks_dropped.add();
                }
            }
        }
        Ok(())
    })
}

async fn watch_registry(
    file: PathBuf,
    in_force: Arc<RegistryInForce>,
    counters: Arc<Counters>,
    mut stop: watch::Receiver<bool>,
) {
    let stamp = |file: &PathBuf| {
        std::fs::metadata(file)
            .and_then(|data| Ok((data.modified()?, data.len())))
            .ok()
    };
    let mut seen = stamp(&file);
    loop {
        tokio::select! {
            () = tokio::time::sleep(REGISTRY_EVERY) => {}
            () = crate::stop::requested(&mut stop) => return,
        }
        let now = stamp(&file);
        if now == seen {
            continue;
        }
        seen = now;
        match Registry::read(&file) {
            Ok(registry) => {
                tracing::info!(stations = registry.len(), "station registry read again");
                in_force.put(registry);
            }
            Err(faults) => {
                counters.registry_faults.add();
                for fault in faults {
                    tracing::error!("station registry not taken over, the one before stays in force: {fault}");
                }
            }
        }
    }
}

fn sinks(config: &Config) -> Vec<Sink> {
    let log = config.notify.log.then_some(Sink::Log);
    log.into_iter()
        .chain(config.notify.webhooks.iter().cloned().map(Sink::Webhook))
        .collect()
}

fn address(config: &Config, broker: &broker::Running) -> Result<Address, AppError> {
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

fn writer_error(config: &Config, ended: Result<Result<(), StoreError>, tokio::task::JoinError>) -> AppError {
    match ended {
        Ok(Err(error)) => store_error(config, error),
        _ => AppError::StageEnded("writer"),
    }
}

fn store_error(config: &Config, error: StoreError) -> AppError {
    AppError::Store {
        file: config.store_file.clone(),
        error,
    }
}
