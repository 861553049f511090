//! The correlator: looks in, explainable alerts out.
//!
//! ```text
//! ==MQTT==> ingest (verify, admit) -> dedupe -> store -> ack ...> station
//!                                       store -> correlate (+ ledger) -> alert -> notify, api, console
//! ```
//!
//! The folders stand in that order, and a stage names only the types of the stage before it and of `quaywatch_protocol`.
//! Correlation is a pure function of the stored looks: no clock, no I/O, no tokio. Events rest in exactly one place here: the
//! store.

pub mod account;
pub mod ack;
pub mod alert;
pub mod api;
pub mod app;
pub mod backtest;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod correlate;
pub mod enrol;
pub mod export;
pub mod ingest;
pub mod intake;
pub mod ledger;
pub mod logging;
pub mod metrics;
pub mod notify;
pub mod pem;
pub mod replay;
pub mod rules;
pub mod rules_file;
pub mod sites;
pub mod stop;
pub mod store;
pub mod world;

#[cfg(test)]
mod testing;
