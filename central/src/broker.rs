//! The MQTT broker that central listens at: one in this process, or one elsewhere.

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
        }),
        BrokerPlace::Embedded(address) => Err(AppError::Listen {
            address: *address,
            what: "the embedded broker",
            problem: "not in this build".to_owned(),
        }),
    }
}

impl Running {
    /// Ends the embedded broker.
    pub fn stop(self) {}
}
