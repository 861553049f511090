//! The one file that knows the MQTT client (rumqttc 0.25.1).
//!
//! A [`Connection`] is one client, from CONNECT to its end; it is never used again. That leaves out what this client does to
//! messages of an earlier session: it drops its queue when the broker has forgotten the session, and an identifier met twice
//! can stop it for ever. The client runs in a task of its own, because abandoning its poll half-way may lose what it was
//! writing.

use std::{sync::Arc, time::Duration};

use quaywatch_protocol::{ids::StationId, limits, topic};
use rumqttc::{
    AsyncClient, ConnectReturnCode, EventLoop, LastWill, MqttOptions, Outgoing, Packet, QoS, TlsConfiguration,
    Transport,
};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{STATE_BYTES_MAX, WINDOW_EVENTS_MAX, machine::CONNECT_WAIT_MS};

/// Requests that wait inside the client: one window, the subscription and a health report.
const REQUESTS_MAX: usize = WINDOW_EVENTS_MAX + 8;
/// What was heard and not yet handled; when full, the client is not polled on, and the broker waits.
const HEARD_MAX: usize = 64;
/// Bytes of an incoming packet: an ack with its topic, generously.
const INCOMING_BYTES_MAX: usize = 1_024;
/// Bytes of an outgoing packet: an envelope with its topic, generously.
const OUTGOING_BYTES_MAX: usize = limits::ENVELOPE_BYTES_MAX + 1_024;
/// Goodbyes are given this long.
const GOODBYE_MS: u64 = 2_000;

/// Where the broker is and how to be let in.
#[derive(Clone)]
pub struct Broker {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, or `None` for plain TCP.
    pub tls: Option<Tls>,
    /// User name and password.
    pub credentials: Option<(String, String)>,
    /// Interval of pings.
    pub keep_alive_s: u16,
}

/// What TLS needs, as PEM.
#[derive(Clone)]
pub struct Tls {
    /// Certificates that may sign the broker's.
    pub ca: Vec<u8>,
    /// The station's certificate and private key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Passwords and keys stay out of logs.
        out.debug_struct("Broker")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

/// What a connection has to say.
#[derive(Debug)]
pub enum Heard {
    /// CONNECT was accepted.
    Connected,
    /// The ack topic is subscribed.
    Subscribed,
    /// A message came on the ack topic.
    Ack(Vec<u8>),
    /// Something else came from the broker.
    Alive,
    /// The client handed a request to the socket: it has room again.
    Drained,
    /// The end of this connection.
    Lost(String),
}

/// One client, from CONNECT to its end.
#[derive(Debug)]
pub struct Connection {
    client: AsyncClient,
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
    event_topic: String,
    state_topic: String,
}

/// The client takes nothing more for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choked;

impl Connection {
    /// Begins to connect. `will` is what the broker retains as the station's state when the station vanishes.
    #[must_use]
    pub fn open(broker: &Broker, station: &StationId, will: String) -> Self {
        let state_topic = topic::state(station).as_str().to_owned();
        let mut options = MqttOptions::new(station.as_str(), &broker.host, broker.port);
        options
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(u64::from(broker.keep_alive_s)))
            .set_max_packet_size(INCOMING_BYTES_MAX, OUTGOING_BYTES_MAX)
            .set_inflight(REQUESTS_MAX as u16)
            .set_last_will(LastWill::new(&state_topic, will, QoS::AtLeastOnce, true));
        if let Some((user, password)) = &broker.credentials {
            options.set_credentials(user, password);
        }
        if let Some(tls) = &broker.tls {
            // Set once a process; an error says that it is set already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Simple {
                ca: tls.ca.clone(),
                alpn: None,
                client_auth: tls.client.clone(),
            }));
        }
        let (client, mut event_loop) = AsyncClient::new(options, REQUESTS_MAX);
        event_loop
            .network_options
            .set_connection_timeout(CONNECT_WAIT_MS.div_ceil(1_000));
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let ack_topic = topic::ack(station).as_str().to_owned();
        let task = tokio::spawn(poll(event_loop, client.clone(), Arc::from(ack_topic), tell));
        Self {
            client,
            heard,
            task,
            event_topic: topic::event(station).as_str().to_owned(),
            state_topic,
        }
    }

    /// The next thing heard. Safe to abandon.
    pub async fn heard(&mut self) -> Heard {
        self.heard
            .recv()
            .await
            .unwrap_or_else(|| Heard::Lost("the client ended".to_owned()))
    }

    /// Hands a sealed event to the client.
    ///
    /// # Errors
    /// [`Choked`]: try again when something was [`Heard::Drained`].
    pub fn publish_event(&self, sealed: &[u8]) -> Result<(), Choked> {
        let topic = self.event_topic.as_str();
        self.client
            .try_publish(topic, QoS::AtLeastOnce, false, sealed)
            .map_err(|_| Choked)
    }

    /// Hands the station's state to the client, to be retained.
    ///
    /// # Errors
    /// [`Choked`], also for a text longer than [`STATE_BYTES_MAX`].
    pub fn publish_state(&self, text: &str) -> Result<(), Choked> {
        if text.len() > STATE_BYTES_MAX {
            return Err(Choked);
        }
        let topic = self.state_topic.as_str();
        self.client
            .try_publish(topic, QoS::AtLeastOnce, true, text)
            .map_err(|_| Choked)
    }

    /// Says goodbye properly, so that the broker does not publish the last will: `state` is what it retains instead.
    pub async fn close(mut self, state: &str) {
        let said = self.publish_state(state).is_ok() && self.client.try_disconnect().is_ok();
        let ended = async { while !matches!(self.heard().await, Heard::Lost(_)) {} };
        if said {
            // Past the deadline the connection is dropped, and the last will says the same.
            let _ = tokio::time::timeout(Duration::from_millis(GOODBYE_MS), ended).await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn poll(mut event_loop: EventLoop, client: AsyncClient, ack_topic: Arc<str>, tell: mpsc::Sender<Heard>) {
    loop {
        let heard = match event_loop.poll().await {
            Ok(rumqttc::Event::Incoming(packet)) => incoming(packet, &client, &ack_topic),
            // An identifier that is still in use: the client would take nothing more until its ack comes, if it ever does.
            Ok(rumqttc::Event::Outgoing(Outgoing::AwaitAck(_))) => {
                Heard::Lost("a packet identifier was met twice".to_owned())
            }
            Ok(rumqttc::Event::Outgoing(Outgoing::Publish(_) | Outgoing::Subscribe(_))) => Heard::Drained,
            Ok(rumqttc::Event::Outgoing(_)) => continue,
            Err(error) => Heard::Lost(reason(&error)),
        };
        let last = matches!(heard, Heard::Lost(_));
        if tell.send(heard).await.is_err() || last {
            return;
        }
    }
}

fn incoming(packet: Packet, client: &AsyncClient, ack_topic: &str) -> Heard {
    match packet {
        Packet::ConnAck(answer) if answer.code == ConnectReturnCode::Success => {
            match client.try_subscribe(ack_topic, QoS::AtLeastOnce) {
                Ok(()) => Heard::Connected,
                Err(_) => Heard::Lost("the client did not take the subscription".to_owned()),
            }
        }
        Packet::ConnAck(answer) => Heard::Lost(format!("the broker refused: {:?}", answer.code)),
        Packet::SubAck(answer) => {
            let refused = |code: &rumqttc::SubscribeReasonCode| matches!(code, rumqttc::SubscribeReasonCode::Failure);
            if answer.return_codes.iter().any(refused) {
                Heard::Lost(format!("the broker refused the subscription of {ack_topic}"))
            } else {
                Heard::Subscribed
            }
        }
        Packet::Publish(message) if message.topic == ack_topic => Heard::Ack(message.payload.to_vec()),
        Packet::Disconnect => Heard::Lost("the broker said goodbye".to_owned()),
        _ => Heard::Alive,
    }
}

/// The client's error with its causes, in one line.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
