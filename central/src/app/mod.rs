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

mod error;
mod open;
pub mod outside;
mod stages;
mod watch_rules;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quaywatch_protocol::sign::SigningKey;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
};

pub use self::error::AppError;
use self::{
    error::store_error,
    open::{offer_setup, open_intake, open_store},
    outside::{Access, address, sinks},
    stages::{spawn_writer, tick, watch_registry},
    watch_rules::RulesWatch,
};
use crate::{
    account::throttle::Throttle,
    ack::AckSigner,
    api::{
        self, HttpRules, Parts,
        listen::Door,
        serve::{Patience, serve},
    },
    broker,
    clock::{Clock, SystemClock},
    config::Config,
    ingest::{
        gate::{Gate, RegistryInForce},
        mqtt::{self, Delivery, Link, OUT_MAX, Out, WORK_MAX},
        registry::Registry,
        states::States,
    },
    intake::{Correlator, Setup, Work},
    metrics::Counters,
    notify::{Worker, file::Plan, route::Routing},
    rules::Rules,
    sites::Sites,
    store::{StoreError, read::Readers},
    world::WorldInForce,
};

/// How long the stages may take to end.
const STOP_MAX: Duration = Duration::from_secs(10);

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
    /// What an external broker is shown.
    pub access: Access,
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
        access,
        rules,
        rules_text,
        notify,
        correlator,
        clock,
    } = loaded;
    // TLS of every client in this process takes this one; an error says that it is set already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (counters, wall) = (Arc::new(Counters::default()), Arc::new(SystemClock) as Arc<dyn Clock>);
    let text = rules_text.clone();
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
        address: address(&config, &broker, access),
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
    let (world, saving) = (Arc::new(WorldInForce::new(world)), Arc::default());
    let rules_watch = RulesWatch {
        file: config.rules.clone(),
        text,
        world: Arc::clone(&world),
        saving: Arc::clone(&saving),
        work: work.clone(),
        readers: Arc::clone(&readers),
        counters: Arc::clone(&counters),
        clock: Arc::clone(&clock),
    };
    workers.spawn(rules_watch.run(stopping.clone()));
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
    let http_counters = Arc::clone(&counters);
    let router = api::router(Parts {
        readers,
        world,
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
        saving,
        previews: Arc::new(Semaphore::new(api::PREVIEWS_MAX)),
        hashes: Arc::new(Semaphore::new(api::HASHES_MAX)),
        queries: Arc::new(Semaphore::new(api::QUERIES_MAX)),
        listeners: Arc::new(Semaphore::new(api::LISTENERS_MAX)),
    });
    let mut server = tokio::spawn(serve(
        Door::open(http, tls),
        router,
        Patience::default(),
        http_counters,
        stopping.clone(),
    ));
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

fn writer_error(config: &Config, ended: Result<Result<(), StoreError>, tokio::task::JoinError>) -> AppError {
    match ended {
        Ok(Err(error)) => store_error(config, error),
        _ => AppError::StageEnded("writer"),
    }
}
