//! The stages that are central's own loops: the writer, the registry's watch, the tick.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    ack::AckSigner,
    ingest::{
        gate::RegistryInForce,
        mqtt::{Delivery, Out},
        registry::Registry,
    },
    intake::{BATCH_MAX, Correlator, Intake, Work},
    metrics::Counters,
    store::{StoreError, read::Readers},
};

/// How often it is looked whether acknowledgements are over.
const TICK_EVERY: Duration = Duration::from_secs(5);
/// How often the registry file is looked at: a revocation holds within this time.
const REGISTRY_EVERY: Duration = Duration::from_secs(5);

/// Tells the writer now and then that time has passed.
pub(super) async fn tick(work: mpsc::Sender<Work<Delivery>>, mut stop: watch::Receiver<bool>) {
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
pub(super) fn spawn_writer<C: Correlator + 'static>(
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

/// Takes the registry file over whenever it changed and is sound.
pub(super) async fn watch_registry(
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
