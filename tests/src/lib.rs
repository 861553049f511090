//! The simulated feed, and what the tests of the whole product share.
//!
//! `hostile` is every reader of bytes from outside. `feed` turns a scripted ground truth into what a station would have seen: rendered scenes, or looks with a station's noise.

#![allow(clippy::result_large_err, reason = "a script's faults are told once, at start")]

pub mod feed;
pub mod hostile;
pub mod reference;
pub mod simulate;
