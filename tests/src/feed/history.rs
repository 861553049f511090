//! From a script and a seed to a history: every vessel's stays, every train, every row, with times and places.
//!
//! What the script says comes first and keeps its place; background traffic is then drawn at random into the room that is
//! left. The same script and seed give the same history.

mod rail;
mod ships;
pub mod stacks;

use std::collections::BTreeMap;

use geo::Coord;
use quaywatch_protocol::contract::{look::VesselClass, time::UnixMs};

pub use self::{rail::Standing, stacks::Row};
use super::{
    place::Place,
    script::{AisBehaviour, Period, Script},
};

/// A hull, scripted or of the background.
#[derive(Clone, Debug)]
pub struct Hull {
    /// Id.
    pub id: String,
    /// Length over all, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: f64,
    /// Class.
    pub class: VesselClass,
    /// Colour of hull and deck.
    pub colour: [u8; 3],
    /// Identity by radio.
    pub mmsi: u32,
    /// AIS behaviour.
    pub ais: AisBehaviour,
    /// Displacement of a spoofed position, metres east and north.
    pub spoof_m: Coord<f64>,
    /// Periods of silence.
    pub silent: Vec<Period>,
    /// Draught announced, metres.
    pub draught_m: f64,
}

/// A hull in one place for a time.
#[derive(Clone, Debug)]
pub struct Berthed {
    /// Position in [`History::hulls`].
    pub hull: usize,
    /// Zone id.
    pub zone: Option<String>,
    /// Arrival.
    pub from: UnixMs,
    /// Departure.
    pub to: UnixMs,
    /// Where the hull's centre is.
    pub spot: Spot,
    /// True when the script names this stay; false for background traffic.
    pub scripted: bool,
}

/// Where a hull's centre is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spot {
    /// Along a berth: metres from the berth's start, and how many hulls lie between it and the quay.
    Alongside {
        /// Metres from the berth's start to the hull's centre.
        along_m: f64,
        /// 0 at the quay.
        abreast: u32,
    },
    /// At anchor or elsewhere: metres in the site's frame; the axis in degrees, or swinging when absent.
    Afloat {
        /// Metres east and north.
        at: Coord<f64>,
        /// Axis.
        axis_deg: Option<f64>,
    },
}

/// Everything that happened, by site.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// All hulls.
    pub hulls: Vec<Hull>,
    /// Stays by site, by arrival.
    pub stays: BTreeMap<String, Vec<Berthed>>,
    /// Trains by site.
    pub trains: BTreeMap<String, Vec<Standing>>,
    /// Rows by site.
    pub rows: BTreeMap<String, Vec<Row>>,
}

/// Something scripted that finds no room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at {site}/{zone} from {from}: {problem}")]
pub struct NoRoom {
    /// What.
    pub what: String,
    /// Site id.
    pub site: String,
    /// Zone id.
    pub zone: String,
    /// From when.
    pub from: UnixMs,
    /// What was missing.
    pub problem: String,
}

impl History {
    /// The history of a script with a seed.
    ///
    /// # Errors
    /// The first scripted thing for which there is no room.
    pub fn new(script: &Script, places: &BTreeMap<String, Place>, seed: u64) -> Result<Self, NoRoom> {
        let mut history = Self::default();
        ships::fill(&mut history, script, places, seed)?;
        history.trains = rail::fill(script, places, seed)?;
        history.rows = stacks::fill(script, places, seed)?;
        for stays in history.stays.values_mut() {
            stays.sort_by_key(|stay| (stay.from, stay.to, stay.hull));
        }
        Ok(history)
    }
}
