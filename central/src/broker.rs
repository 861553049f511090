//! The MQTT broker that central listens at: one in this process, or one elsewhere. The only file that knows `rmqtt`
//! (decision 0003).
//!
//! The embedded broker keeps nothing on disk: what it held when the process died comes again from the stations, which send
//! until they have central's signed ack. It listens on loopback only.

use crate::{
    app::AppError,
    config::{Broker, BrokerPlace},
};

/// A broker that can be connected to.
#[derive(Debug)]
pub struct Running {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    embedded: Option<tokio::task::JoinHandle<()>>,
}

/// Starts the embedded broker, or names the external one.
///
/// # Errors
/// [`AppError::Listen`].
pub async fn start(broker: &Broker) -> Result<Running, AppError> {
    match &broker.place {
        BrokerPlace::External(host, port) => Ok(Running {
            host: host.clone(),
            port: *port,
            embedded: None,
        }),
        BrokerPlace::Embedded(address) => embedded::start(*address).await.map_err(|problem| AppError::Listen {
            address: *address,
            what: "the embedded broker",
            problem,
        }),
    }
}

impl Running {
    /// Ends the embedded broker.
    pub fn stop(self) {
        if let Some(task) = self.embedded {
            task.abort();
        }
    }
}

#[cfg(feature = "embedded-broker")]
mod embedded {
    use std::{net::SocketAddr, num::NonZeroU16};

    use quaywatch_protocol::limits;
    use rmqtt::{context::ServerContext, net::Builder, server::MqttServer};

    use super::Running;
    use crate::ingest::mqtt::{OUT_MAX, WORK_MAX};

    /// Bytes of a packet: an envelope, its topic, the header. A station that sends more is cut off.
    const PACKET_BYTES_MAX: u32 = (limits::ENVELOPE_BYTES_MAX + limits::TOPIC_BYTES_MAX + 16 * 1024) as u32;
    /// Messages held for one client that reads slower than others send. The library's 1,000 was measured to drop a third of a
    /// fast feed; central's own limit on what waits is [`WORK_MAX`], so that comes first.
    const QUEUE_MAX: usize = OUT_MAX + WORK_MAX;
    /// Messages sent to a client and not confirmed: central confirms after the commit, so this many share an fsync.
    const INFLIGHT_MAX: NonZeroU16 = NonZeroU16::MIN.saturating_add(255);
    /// Connections at once: stations, and central.
    const CONNECTIONS_MAX: usize = 10_000;

    pub(super) async fn start(address: SocketAddr) -> Result<Running, String> {
        let listener = Builder::new()
            .name("embedded")
            .laddr(address)
            .nodelay(true)
            // Else central could not start again for a minute after a stop: its old connections hold the port in TIME_WAIT.
            .reuseaddr(Some(true))
            .max_connections(CONNECTIONS_MAX)
            .max_packet_size(PACKET_BYTES_MAX)
            .max_mqueue_len(QUEUE_MAX)
            .max_inflight(INFLIGHT_MAX)
            .max_clientid_len(limits::TOPIC_BYTES_MAX)
            .bind()
            .and_then(|listener| listener.tcp())
            .map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let context = ServerContext::new().build().await;
        let server = MqttServer::new(context).listener(listener).build();
        let task = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!("embedded broker ended: {error}");
            }
        });
        Ok(Running {
            host: address.ip().to_string(),
            port,
            embedded: Some(task),
        })
    }
}

#[cfg(not(feature = "embedded-broker"))]
mod embedded {
    use std::net::SocketAddr;

    use super::Running;

    pub(super) async fn start(_: SocketAddr) -> Result<Running, String> {
        Err("this program was built without it: expected broker.mode = \"external\"".to_owned())
    }
}
