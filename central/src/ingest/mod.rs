//! From bytes of a hostile network to events that count.
//!
//! [`mqtt`] is the only file that knows the MQTT client; [`admit`] decides, purely; [`gate`] adds the limits of rate;
//! [`distrust`] says what was received and is not to count; [`skew`] what looks tell of their station's clock.

pub mod admit;
pub mod distrust;
pub mod gate;
pub mod mqtt;
pub mod rate;
pub mod registry;
pub mod skew;
pub mod states;

#[cfg(test)]
mod tests;
