//! The link to the broker: the only file that knows `rumqttc`.
//!
//! One task polls the connection, another puts out acks, so neither waits for the other. The poller never waits for the store
//! either: where the way there is full, a message is left alone, counted, and comes again. PUBACKs go out after the commit, so
//! a broker that keeps sessions sends again what a crash here lost; but nothing relies on it (a station sends until it has
//! central's signed ack). Hence clean sessions: a message that the client library cannot take would otherwise come back for
//! ever, at each connection. Acks go out at QoS 0: a lost one is replaced when its station sends again, and the client's
//! window for QoS 1 can block for ever.
//!
//! After any error everything of the client is thrown away and made anew, after a pause that grows and has jitter.

use std::{sync::Arc, time::Duration};

use quaywatch_protocol::{ids::StationId, limits, topic};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet, Publish, QoS, StateError, SubscribeFilter,
    TlsConfiguration, Transport, mqttbytes,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    gate::{Gate, Passage},
    states::States,
};
use crate::{intake::Work, metrics::Counters};

/// Messages on the way from the broker to the store.
pub const WORK_MAX: usize = 2_048;
/// Acks on the way out.
pub const OUT_MAX: usize = 4_096;
/// Requests inside the client: PUBACKs and acks that wait for the socket.
const CLIENT_REQUESTS_MAX: usize = 4_096;
/// Bytes of a packet that are taken from the broker. Larger than any valid message, so that a too long one is refused by
/// name; beyond this the connection is cut.
const PACKET_BYTES_MAX: usize = 256 * 1024;
/// How often the connection is proved alive.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// First pause after a lost connection.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// How long the broker may take to accept what is left at the end.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct Address {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// MQTT client id.
    pub client_id: String,
    /// User name and password.
    pub login: Option<Login>,
    /// TLS, when on: contents of PEM files.
    pub tls: Option<TlsPem>,
}

/// User name and password. Its debug form tells neither.
#[derive(Clone)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Login(..)")
    }
}

/// Contents of PEM files. Its debug form tells nothing.
#[derive(Clone)]
pub struct TlsPem {
    /// Certificate authority.
    pub ca: Vec<u8>,
    /// Own certificate chain.
    pub cert: Vec<u8>,
    /// Own private key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for TlsPem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("TlsPem(..)")
    }
}

/// What must be given back for a message once it is dealt with: lets its PUBACK go out.
#[derive(Debug)]
pub struct Delivery {
    /// Connection it came on; on another one its packet id means something else.
    connection: u64,
    publish: Publish,
}

/// What goes out.
#[derive(Debug)]
pub enum Out {
    /// The broker may forget a message.
    Delivered(Delivery),
    /// A sealed ack for a station.
    Ack(StationId, Vec<u8>),
}

/// What the poller works with.
pub struct Link {
    /// How to reach the broker.
    pub address: Address,
    /// What admits messages.
    pub gate: Gate,
    /// Where they go; taken away when nothing more is to be received.
    pub work: Option<mpsc::Sender<Work<Delivery>>>,
    /// Where states go.
    pub states: Arc<States>,
    /// Counters.
    pub counters: Arc<Counters>,
    /// Whether the events' subscription stands.
    pub connected: watch::Sender<bool>,
}

/// The client of the present connection, for the task that puts things out.
type Present = watch::Receiver<Option<(u64, AsyncClient)>>;

/// Runs the link until `stop` says true, then takes nothing more in, and puts out what still comes until `out` closes.
pub async fn run(mut link: Link, mut out: mpsc::Receiver<Out>, mut stop: watch::Receiver<bool>) {
    let (present, seen) = watch::channel(None);
    let counters = Arc::clone(&link.counters);
    let mut sender = tokio::spawn(async move {
        while let Some(item) = out.recv().await {
            put_out(&seen, item, &counters);
        }
    });
    let mut connection = 0_u64;
    let mut pause = PAUSE_MIN;
    let mut with_states = true;
    while link.work.is_some() {
        connection += 1;
        let (client, mut events) = AsyncClient::new(options(&link.address), CLIENT_REQUESTS_MAX);
        // A broker sends on only when PUBACKs come (mosquitto: 20 messages at a time), and PUBACKs are small: held back by Nagle's
        // algorithm until the broker's delayed TCP ack, each round would wait 40 ms for nothing.
        let mut network = events.network_options();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        present.send_replace(Some((connection, client.clone())));
        let session = Session {
            events: &mut events,
            client: &client,
            connection,
            with_states,
        };
        let ended = poll(&mut link, session, &mut stop, &mut sender).await;
        link.connected.send_replace(false);
        match ended {
            Ended::Drained => return,
            Ended::Lost { error, was_connected } => {
                link.counters.disconnections.add();
                tracing::warn!(
                    host = link.address.host,
                    port = link.address.port,
                    "broker connection lost: {error}"
                );
                if was_connected {
                    pause = PAUSE_MIN;
                }
                // A retained state that is too long comes again with each subscription: events go first.
                with_states = !is_too_long(&error);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(jittered(pause)) => {}
            () = crate::stop::requested(&mut stop) => link.work = None,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
    // Without a connection what still comes is dropped: stations send again.
    let _ = sender.await;
}

enum Ended {
    Drained,
    Lost {
        error: ConnectionError,
        was_connected: bool,
    },
}

struct Session<'a> {
    events: &'a mut EventLoop,
    client: &'a AsyncClient,
    connection: u64,
    with_states: bool,
}

async fn poll(
    link: &mut Link,
    on: Session<'_>,
    stop: &mut watch::Receiver<bool>,
    sender: &mut JoinHandle<()>,
) -> Ended {
    let mut was_connected = false;
    loop {
        // A poll that is dropped half-way loses nothing: what was read and what is to be written rest in the client.
        let event = tokio::select! {
            event = on.events.poll() => event,
            () = crate::stop::requested(stop), if link.work.is_some() => {
                link.work = None;
                continue;
            }
            _ = &mut *sender, if link.work.is_none() => {
                flush(on.events, on.client).await;
                return Ended::Drained;
            }
        };
        match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                was_connected = true;
                link.counters.connections.add();
                let mut filters = vec![SubscribeFilter::new(topic::EVENTS_FILTER.to_owned(), QoS::AtLeastOnce)];
                if on.with_states {
                    filters.push(SubscribeFilter::new(topic::STATES_FILTER.to_owned(), QoS::AtLeastOnce));
                }
                if on.client.try_subscribe_many(filters).is_err() {
                    tracing::error!("client's request queue is full before the subscription");
                }
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                tracing::info!(
                    host = link.address.host,
                    port = link.address.port,
                    "listening for events"
                );
                link.connected.send_replace(true);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => take(link, on.client, on.connection, publish),
            Ok(_) => {}
            Err(error) => return Ended::Lost { error, was_connected },
        }
    }
}

/// Sends what the client still holds, then says goodbye.
async fn flush(events: &mut EventLoop, client: &AsyncClient) {
    if client.try_disconnect().is_err() {
        return;
    }
    let goodbye = async {
        while let Ok(event) = events.poll().await {
            if matches!(event, Event::Outgoing(rumqttc::Outgoing::Disconnect)) {
                break;
            }
        }
    };
    if tokio::time::timeout(FLUSH_MAX, goodbye).await.is_err() {
        tracing::warn!("broker took no more within {FLUSH_MAX:?}: left without goodbye");
    }
}

fn take(link: &mut Link, client: &AsyncClient, connection: u64, publish: Publish) {
    if publish.topic.starts_with(topic::STATES_FILTER.trim_end_matches('+')) {
        let now = link.gate.now();
        let taken = link
            .states
            .take(&link.gate.registry(), &publish.topic, &publish.payload, now);
        if taken {
            link.counters.states.add()
        } else {
            link.counters.states_refused.add()
        }
        let _ = client.try_ack(&publish);
        return;
    }
    let passage = link.gate.pass(&publish.topic, &publish.payload);
    let delivery = Delivery { connection, publish };
    let work = match passage {
        Passage::Admitted(admitted) => Work::Event(admitted, delivery),
        Passage::Refused(refused) => Work::Refused(refused, delivery),
        Passage::Dropped => {
            let _ = client.try_ack(&delivery.publish);
            return;
        }
    };
    match &link.work {
        Some(way) if way.try_send(work).is_err() => link.counters.overflow.add(),
        _ => {}
    }
}

fn put_out(present: &Present, item: Out, counters: &Counters) {
    let present = present.borrow();
    let Some((connection, client)) = present.as_ref() else {
        return;
    };
    match item {
        // When the client's queue is full the broker sends the message again after the next connection: a duplicate.
        Out::Delivered(delivery) if delivery.connection == *connection => {
            let _ = client.try_ack(&delivery.publish);
        }
        Out::Delivered(_) => {}
        Out::Ack(station, bytes) => {
            let sent = client.try_publish(topic::ack(&station).as_str(), QoS::AtMostOnce, false, bytes);
            if sent.is_ok() {
                counters.acks.add()
            } else {
                counters.acks_dropped.add()
            }
        }
    }
}

fn options(address: &Address) -> MqttOptions {
    let mut options = MqttOptions::new(&address.client_id, &address.host, address.port);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_session(true)
        .set_manual_acks(true)
        .set_max_packet_size(
            PACKET_BYTES_MAX,
            limits::ENVELOPE_BYTES_MAX + limits::TOPIC_BYTES_MAX + 16,
        );
    if let Some(login) = &address.login {
        options.set_credentials(&login.user, &login.password);
    }
    if let Some(tls) = &address.tls {
        // Set once a process; an error says that it is set already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Simple {
            ca: tls.ca.clone(),
            alpn: None,
            client_auth: Some((tls.cert.clone(), tls.key.clone())),
        }));
    }
    options
}

const fn is_too_long(error: &ConnectionError) -> bool {
    matches!(
        error,
        ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(
            _
        )))
    )
}

/// Between half and all of a pause, so that many clients of a broker that died do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0_u8];
    // Without randomness the pause is merely the same each time.
    let _ = getrandom::fill(&mut byte);
    let [byte] = byte;
    pause / 2 + pause / 2 * u32::from(byte) / 255
}
