//! MQTT: each notification on a topic, QoS 1, taken when the broker's PUBACK is there.
//!
//! A connection for each round of deliveries: notifications are few, and a connection that is made anew holds no state that could
//! go wrong between them. Its own role beside the events' link (`crate::ingest::mqtt`), so `rumqttc` is named here too.

use std::time::Duration;

use data_encoding::HEXLOWER;
use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet, QoS};

use super::Note;

/// How long a round may take.
const ROUND_MAX: Duration = Duration::from_secs(15);
/// Bytes of a notification: alerts have up to some tens of KiB.
const PACKET_BYTES_MAX: usize = 1 << 20;
/// Requests inside the client.
const REQUESTS_MAX: usize = 4;

/// A broker and a topic. Its debug form tells no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Bus {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Topic.
    pub topic: String,
    /// User name and password.
    pub login: Option<(String, String)>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Bus({}:{} {})", self.host, self.port, self.topic)
    }
}

impl Bus {
    /// Publishes a note and waits until the broker has it.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn publish(&self, note: &Note) -> Result<(), String> {
        let body = note.body()?;
        if body.len() > PACKET_BYTES_MAX {
            return Err(format!(
                "notification of {} bytes: at most {PACKET_BYTES_MAX} can be sent",
                body.len()
            ));
        }
        let mut nonce = [0_u8; 8];
        getrandom::fill(&mut nonce).map_err(|error| format!("no randomness: {error}"))?;
        let id = format!("quaywatch-notify-{}", HEXLOWER.encode(&nonce));
        let mut options = MqttOptions::new(id, &self.host, self.port);
        options
            .set_clean_session(true)
            .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX + 1_024);
        if let Some((user, password)) = &self.login {
            options.set_credentials(user, password);
        }
        let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
        client
            .try_publish(&self.topic, QoS::AtLeastOnce, false, body)
            .map_err(|error| error.to_string())?;
        let taken = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => break,
                    Ok(_) => {}
                    Err(error) => return Err(error.to_string()),
                }
            }
            // The note is there: a goodbye that fails costs nothing.
            if client.try_disconnect().is_ok() {
                while let Ok(event) = events.poll().await {
                    if matches!(event, Event::Outgoing(Outgoing::Disconnect)) {
                        break;
                    }
                }
            }
            Ok(())
        };
        tokio::time::timeout(ROUND_MAX, taken)
            .await
            .map_err(|_| format!("no answer within {ROUND_MAX:?}"))?
    }
}
