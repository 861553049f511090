//! The simulated feed, and what the tests of the whole product share.
//!
//! `feed` turns a scripted ground truth into what a station would have seen: rendered scenes, or looks with a station's noise.

pub mod feed;
pub mod reference;
