//! The agent at a ground station: scenes in, signed looks out.
//!
//! ```text
//! scene file -> scene -> tile -> detect -> suppress -> zones (+ ais) -> look -> spool -> link ==MQTT==> central
//! ```
//!
//! The folders stand in that order, and a stage names only the types of the stage before it and of `quaywatch_protocol`. Files
//! and sockets are touched in `scene`, `ais`, the spool's store and `link`, and nowhere else; the clock, the disk and randomness
//! are passed in. Events rest in exactly one place here: the spool.

pub mod ais;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod detect;
pub mod health;
pub mod link;
pub mod look;
pub mod measure;
pub mod metrics;
pub mod scene;
pub mod spool;
pub mod suppress;
pub mod tile;
pub mod watch;
pub mod zones;
