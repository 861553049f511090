//! A central in miniature: takes events, checks their signature, keeps them by their id, acks what has no holes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::AtomicBool, atomic::Ordering},
    thread::JoinHandle,
    time::Duration,
};

use quaywatch_protocol::{
    ack::Ack,
    codec, envelope,
    event::{Event, Gap},
    ids::{EventId, StationId},
    sign::{self, SigningKey},
    topic,
};
use rumqttc::{Client, MqttOptions, Packet, QoS};

use super::agent::{CENTRAL_SEED, STATION_SEED};

#[derive(Default)]
struct Store {
    /// By epoch and number. An id has one content for ever.
    events: BTreeMap<(u32, u64), Event>,
    states: BTreeMap<String, serde_json::Value>,
    faults: Vec<String>,
}

pub struct FakeCentral {
    store: Arc<Mutex<Store>>,
    stop: Arc<AtomicBool>,
    client: Client,
    thread: Option<JoinHandle<()>>,
}

impl FakeCentral {
    pub fn start(port: u16) -> Self {
        Self::start_with_key(port, CENTRAL_SEED)
    }

    pub fn start_with_key(port: u16, seed: [u8; 32]) -> Self {
        let store = Arc::new(Mutex::new(Store::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let mut options = MqttOptions::new("central", "127.0.0.1", port);
        // A session that survives the connection: what the broker holds for central stays there while it is alive.
        options.set_clean_session(false).set_keep_alive(Duration::from_secs(5));
        let (client, mut connection) = Client::new(options, 256);
        let (kept, stopped, answers) = (Arc::clone(&store), Arc::clone(&stop), client.clone());
        let key = SigningKey::from_bytes(&seed);
        let thread = std::thread::spawn(move || {
            for event in connection.iter() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                match event {
                    Ok(rumqttc::Event::Incoming(Packet::ConnAck(_))) => {
                        answers.try_subscribe(topic::EVENTS_FILTER, QoS::AtLeastOnce).unwrap();
                        answers.try_subscribe(topic::STATES_FILTER, QoS::AtLeastOnce).unwrap();
                    }
                    Ok(rumqttc::Event::Incoming(Packet::Publish(message))) => {
                        if let Some((topic, ack)) = take(&kept, &message.topic, &message.payload, &key) {
                            let _ = answers.try_publish(topic, QoS::AtLeastOnce, false, ack);
                        }
                    }
                    Ok(_) => {}
                    // The broker is away; the client's next poll connects again.
                    Err(_) => std::thread::sleep(Duration::from_millis(50)),
                }
            }
        });
        Self {
            store,
            stop,
            client,
            thread: Some(thread),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        let store = self.store.lock().unwrap();
        assert!(store.faults.is_empty(), "{:?}", store.faults);
        look(&store)
    }

    /// Scenes of which a look is stored.
    pub fn scenes(&self) -> BTreeSet<String> {
        self.with(|store| {
            let scene = |event: &Event| match event {
                Event::Look(look) => Some(look.scene.as_str().to_owned()),
                _ => None,
            };
            store.events.values().filter_map(scene).collect()
        })
    }

    /// Looks stored.
    pub fn looks(&self) -> usize {
        self.with(|store| {
            store
                .events
                .values()
                .filter(|event| matches!(event, Event::Look(_)))
                .count()
        })
    }

    pub fn gaps(&self) -> Vec<Gap> {
        self.with(|store| {
            let gap = |event: &Event| match event {
                Event::Gap(gap) => Some(gap.clone()),
                _ => None,
            };
            store.events.values().filter_map(gap).collect()
        })
    }

    pub fn epochs(&self) -> BTreeSet<u32> {
        self.with(|store| store.events.keys().map(|(epoch, _)| *epoch).collect())
    }

    /// The event of this number in the newest epoch.
    pub fn event(&self, seq: u64) -> Option<Event> {
        self.with(|store| {
            let epoch = store.events.keys().next_back()?.0;
            store.events.get(&(epoch, seq)).cloned()
        })
    }

    /// Retained state of a station; `null` when there is none.
    pub fn state(&self, station: &str) -> serde_json::Value {
        self.with(|store| store.states.get(station).cloned().unwrap_or_default())
    }

    /// Every number of every epoch from 1 to the last is there.
    pub fn assert_no_holes(&self) {
        self.with(|store| {
            for epoch in store.events.keys().map(|(epoch, _)| *epoch).collect::<BTreeSet<_>>() {
                let last = store
                    .events
                    .range((epoch, 0)..=(epoch, u64::MAX))
                    .next_back()
                    .unwrap()
                    .0
                    .1;
                assert_eq!(through(store, epoch), last, "epoch {epoch} has a hole");
            }
        });
    }
}

impl Drop for FakeCentral {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread when a broker is there; without one it wakes by itself at its next attempt.
        let _ = self.client.try_disconnect();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Highest number below which nothing is missing.
fn through(store: &Store, epoch: u32) -> u64 {
    let mut covered = 0;
    for ((_, seq), event) in store.events.range((epoch, 0)..=(epoch, u64::MAX)) {
        let first = match event {
            Event::Gap(gap) => gap.first_seq,
            _ => *seq,
        };
        if first > covered + 1 {
            break;
        }
        covered = *seq;
    }
    covered
}

/// Stores a message; for an event, the ack and where to.
fn take(store: &Mutex<Store>, from: &str, payload: &[u8], key: &SigningKey) -> Option<(String, Vec<u8>)> {
    let mut store = store.lock().unwrap();
    if let Some(station) = topic::station_of_state(from) {
        let state = serde_json::from_slice(payload).unwrap();
        store.states.insert(station.as_str().to_owned(), state);
        return None;
    }
    let station: StationId = topic::station_of_event(from)?;
    let opened = envelope::open(payload).unwrap();
    let station_key = SigningKey::from_bytes(&STATION_SEED).verifying_key();
    if opened.header.id.station != station || sign::verify(&opened, &station_key).is_err() {
        store.faults.push(format!("event on {from} is not the station's"));
    }
    let (epoch, seq) = (opened.header.id.epoch, opened.header.id.seq);
    let event = codec::decode(opened.payload).unwrap();
    let known = store.events.entry((epoch, seq)).or_insert_with(|| event.clone());
    if *known != event {
        store.faults.push(format!("event {epoch}/{seq} came with two contents"));
    }
    let through = through(&store, epoch);
    let through = EventId {
        station,
        epoch,
        seq: through,
    };
    let answer_to = topic::ack(&through.station).as_str().to_owned();
    Some((answer_to, Ack { through }.seal(1, key).unwrap().to_vec()))
}
