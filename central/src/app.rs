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
    account::{Secret, throttle::Throttle},
    ack::AckSigner,
    api::{
        self, HttpRules, Parts,
        listen::{Door, Peer},
    },
    broker,
    clock::{Clock, SystemClock},
    config::{BrokerPlace, Config},
    ingest::{
        gate::{Gate, RegistryInForce},
        mqtt::{self, Address, Delivery, Link, Login, OUT_MAX, Out, TlsPem, WORK_MAX},
        registry::Registry,
        states::States,
    },
    intake::{BATCH_MAX, Correlator, Intake, Setup, Work},
    metrics::Counters,
    notify::{Sink, Worker, file::Plan, route::Routing, webhook::Hook},
    rules::Rules,
    sites::{SiteFile, Sites},
    store::{Store, StoreError, read::Readers, revisions},
    world::{World, WorldInForce},
};

/// How long the stages may take to end.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether acknowledgements are over.
const TICK_EVERY: Duration = Duration::from_secs(5);
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
    /// Rules or a site that were saved in the console, and that this program cannot use.
    #[error(
        "revision {revision} of {subject}, saved by {by}, cannot be used: {problem}; change its file, whose content is then in force"
    )]
    Revision {
        /// Of what.
        subject: String,
        /// Which.
        revision: i64,
        /// Whose.
        by: String,
        /// What was wrong.
        problem: String,
    },
    /// TLS of the API.
    #[error("{0}")]
    Tls(String),
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
    /// The rules.
    pub rules: Rules,
    /// Their file, as it was read.
    pub rules_text: String,
    /// Notification sinks and routes.
    pub notify: Plan,
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
        rules,
        rules_text,
        notify,
        correlator,
        clock,
    } = loaded;
    // TLS of every client in this process takes this one; an error says that it is set already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (counters, wall) = (Arc::new(Counters::default()), Arc::new(SystemClock) as Arc<dyn Clock>);
    let (mut store, world) = open_store(&config, sites, rules, rules_text, Arc::clone(&clock)).await?;
    let correlator = correlator.anew(&world.sites, &world.rules);
    offer_setup(&config, &mut store, wall.as_ref())?;
    let (states, in_force) = (Arc::new(States::default()), Arc::new(RegistryInForce::default()));
    let distrust = Arc::new(registry.distrust());
    in_force.put(registry);
    let readers = Arc::new(Readers::new(&config.store_file));
    let notify = Arc::new(sinks(&config, notify));
    let routing = Routing {
        sinks: notify.sinks.iter().map(|(name, _)| name.clone()).collect(),
        routes: notify.routes.clone(),
    };
    let setup = Setup {
        world: world.clone(),
        distrust,
        routing: Arc::new(routing),
        clock_tolerance_ms: config.ingest.clock_tolerance_ms,
        clock: Arc::clone(&clock),
        counters: Arc::clone(&counters),
    };
    let (intake, looks) = open_intake(&config, store, Arc::clone(&readers), correlator, setup).await?;
    let history = readers.history_head().map_err(|error| store_error(&config, error))?;

    let broker = broker::start(&config.broker).await?;
    let tls = config.http.tls.as_ref();
    let tls = tls
        .map(|(cert, key)| api::listen::read_tls(cert, key))
        .transpose()
        .map_err(AppError::Tls)?;
    let http = TcpListener::bind(config.http.listen)
        .await
        .map_err(|error| AppError::Listen {
            address: config.http.listen,
            what: "HTTP",
            problem: error.to_string(),
        })?;
    let http_address = http.local_addr().unwrap_or(config.http.listen);

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
        (work.clone(), Arc::clone(&readers)),
        Arc::clone(&counters),
        stopping.clone(),
    ));
    workers.spawn(tick(work.clone(), stopping.clone()));
    for (name, sink) in notify.sinks.iter().cloned() {
        let worker = Worker {
            name,
            sink,
            readers: Arc::clone(&readers),
            marks: work.clone(),
            head: head.clone(),
            stop: stopping.clone(),
            clock: Arc::clone(&clock),
            wall: Arc::clone(&wall),
            counters: Arc::clone(&counters),
        };
        workers.spawn(worker.run());
    }
    let rules = HttpRules {
        tls: tls.is_some(),
        names: config.http.names.clone(),
        anonymous_read: config.http.anonymous_read,
    };
    let router = api::router(Parts {
        readers,
        world: Arc::new(WorldInForce::new(world)),
        registry: in_force,
        states,
        commands: work,
        head,
        connected,
        stop: stopping.clone(),
        counters,
        clock,
        wall,
        http: Arc::new(rules),
        throttle: Arc::new(Throttle::default()),
        notify,
        saving: Arc::default(),
        previews: Arc::new(Semaphore::new(api::PREVIEWS_MAX)),
        hashes: Arc::new(Semaphore::new(api::HASHES_MAX)),
        queries: Arc::new(Semaphore::new(api::QUERIES_MAX)),
        listeners: Arc::new(Semaphore::new(api::LISTENERS_MAX)),
    });
    let mut until = stopping.clone();
    let mut server = tokio::spawn(async move {
        let stopped = async move {
            crate::stop::requested(&mut until).await;
        };
        let service = router.into_make_service_with_connect_info::<Peer>();
        axum::serve(Door::open(http, tls), service)
            .with_graceful_shutdown(stopped)
            .await
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

/// Opens the store, and takes sites and rules as the newest edit has them, be it in a file or in the console.
async fn open_store(
    config: &Config,
    sites: Sites,
    rules: Rules,
    rules_text: String,
    clock: Arc<dyn Clock>,
) -> Result<(Store, World), AppError> {
    let file = config.store_file.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let failed = |error| AppError::Store {
            file: file.clone(),
            error,
        };
        let mut store = Store::open(&file).map_err(failed)?;
        let now = clock.now();
        let mut batch = store.begin().map_err(failed)?;
        let unfit = |subject: &str, newest: &revisions::Newest, problem: String| AppError::Revision {
            subject: subject.to_owned(),
            revision: newest.revision.revision,
            by: newest.revision.saved_by.clone(),
            problem,
        };
        let newest = batch.in_force(revisions::RULES, &rules_text, now).map_err(failed)?;
        let rules = if newest.text == rules_text {
            rules
        } else {
            tracing::info!(
                revision = newest.revision.revision,
                by = newest.revision.saved_by,
                "rules of the console are in force"
            );
            Rules::from_toml(&newest.text).map_err(|faults| unfit(revisions::RULES, &newest, listed(faults.iter())))?
        };
        let mut world = sites.clone();
        for file in sites.iter() {
            let subject = revisions::of_site(&file.site.id);
            let newest = batch.in_force(&subject, &file.text, now).map_err(failed)?;
            if newest.text != file.text {
                tracing::info!(
                    subject,
                    revision = newest.revision.revision,
                    "zones of the console are in force"
                );
                let file =
                    SiteFile::parse(&newest.text).map_err(|faults| unfit(&subject, &newest, listed(faults.iter())))?;
                world = world.with(file);
            }
        }
        batch.commit().map_err(failed)?;
        let world = World {
            sites: Arc::new(world),
            rules: Arc::new(rules),
        };
        Ok((store, world))
    });
    opened.await.map_err(|_| AppError::StageEnded("opening of the store"))?
}

fn listed(faults: impl Iterator<Item = impl ToString>) -> String {
    faults.map(|fault| fault.to_string()).collect::<Vec<_>>().join("; ")
}

/// While there is nobody who could come in, a one-time link goes to the log.
fn offer_setup(config: &Config, store: &mut Store, wall: &dyn Clock) -> Result<(), AppError> {
    let failed = |error| store_error(config, error);
    let readers = Readers::new(&config.store_file);
    if !readers.is_unset().map_err(failed)? {
        return Ok(());
    }
    let secret = Secret::new("").map_err(|problem| AppError::Tls(format!("no set-up link: {problem}")))?;
    let mut batch = store.begin().map_err(failed)?;
    batch.offer_setup(&secret.hash(), wall.now()).map_err(failed)?;
    batch.commit().map_err(failed)?;
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    let link = format!("{scheme}://{}/setup#{}", config.http.listen, secret.reveal());
    // The one secret that belongs in a log: it makes the first admin, once, within an hour.
    tracing::warn!("there is no user yet; make the first admin here, once, within an hour: {link}");
    Ok(())
}

async fn open_intake<C: Correlator + 'static>(
    config: &Config,
    store: Store,
    readers: Arc<Readers>,
    correlator: C,
    setup: Setup,
) -> Result<(Intake<C>, u64), AppError> {
    let opened = tokio::task::spawn_blocking(move || Intake::start(store, &readers, correlator, setup));
    match opened.await {
        Ok(intake) => intake.map_err(|error| store_error(config, error)),
        Err(_) => Err(AppError::StageEnded("opening of the store")),
    }
}

/// Tells the writer now and then that time has passed.
async fn tick(work: mpsc::Sender<Work<Delivery>>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK_EVERY) => {}
            () = crate::stop::requested(&mut stop) => return,
        }
        if work.send(Work::Tick).await.is_err() {
            return;
        }
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
    (work, readers): (mpsc::Sender<Work<Delivery>>, Arc<Readers>),
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
                let distrust = Arc::new(registry.distrust());
                // First the gate: nothing that the new registry refuses may come in behind the correlator that is built for it.
                in_force.put(registry);
                let told = work.send(Work::Distrust(distrust, Arc::clone(&readers)));
                if told.await.is_err() {
                    return;
                }
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

/// The sinks of the notification file, or those of the two short keys.
fn sinks(config: &Config, plan: Plan) -> Plan {
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
