//! What is there at one moment: everything a renderer draws and everything a perfect look says.

use geo::{Point, Polygon};
use quaywatch_protocol::contract::{
    look::{Sensor, VesselClass},
    time::UnixMs,
};

use super::{cloud::Sky, script::CarKind, sun::Sun};

/// One site at one moment, as one sensor could see it.
#[derive(Clone, Debug)]
pub struct SceneTruth {
    /// Site id.
    pub site: String,
    /// The moment.
    pub at: UnixMs,
    /// What looks.
    pub sensor: Sensor,
    /// Vessels at or near the site.
    pub vessels: Vec<VesselTruth>,
    /// Rolling stock, one entry a train and track.
    pub trains: Vec<TrainTruth>,
    /// Rows of containers and other stacks.
    pub rows: Vec<RowTruth>,
    /// Parked aircraft.
    pub aircraft: Vec<AircraftTruth>,
    /// Cloud and haze.
    pub sky: Sky,
    /// The sun.
    pub sun: Sun,
    /// Snow on the ground, 0 bare to 1 white.
    pub snow: f64,
    /// True when AIS reception here and now is proven.
    pub ais_covered: bool,
    /// Seed for whatever the renderer makes up: swell, noise, textures.
    pub seed: u64,
}

/// One vessel.
#[derive(Clone, Debug, PartialEq)]
pub struct VesselTruth {
    /// Id in the script, or of the background traffic.
    pub id: String,
    /// Zone it lies in.
    pub zone: Option<String>,
    /// Centre of the hull: longitude and latitude.
    pub centre: Point<f64>,
    /// Axis of the hull, degrees clockwise from north, 0..180.
    pub axis_deg: f64,
    /// Length over all, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: f64,
    /// Class.
    pub class: VesselClass,
    /// Colour of the hull and deck.
    pub colour: [u8; 3],
    /// What its AIS says.
    pub radio: RadioTruth,
}

/// What a vessel transmits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RadioTruth {
    /// Nothing.
    Silent,
    /// Identity and the position announced (not the true one when spoofed).
    Transmitting {
        /// Identity.
        mmsi: u32,
        /// Longitude and latitude announced.
        announced: Point<f64>,
        /// True when the announced position is not where the hull is.
        spoofed: bool,
    },
}

/// Cars on one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainTruth {
    /// Zone id.
    pub zone: String,
    /// Track id.
    pub track: String,
    /// The cars, in order.
    pub cars: Vec<CarTruth>,
}

/// One car.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarTruth {
    /// Kind.
    pub kind: CarKind,
    /// Distance of the car's first coupler from the track's first point, along the track, metres.
    pub start_m: f64,
    /// Length over couplers, metres.
    pub length_m: f64,
}

/// One row of containers, or one stack.
#[derive(Clone, Debug, PartialEq)]
pub struct RowTruth {
    /// Zone id.
    pub zone: String,
    /// Outline on the ground, longitude and latitude.
    pub outline: Polygon<f64>,
    /// Length, metres.
    pub length_m: f64,
    /// Width, metres.
    pub width_m: f64,
    /// Height, metres.
    pub height_m: f64,
    /// Colour; containers vary around it.
    pub colour: [u8; 3],
}

/// Parked aircraft in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AircraftTruth {
    /// Zone id.
    pub zone: String,
    /// How many.
    pub count: u32,
}
