//! The truth beside a scene, as JSON: what was drawn and where, in pixels of the scene, for measuring.

use quaywatch_protocol::contract::look::VesselClass;
use serde::Serialize;

use super::{
    canvas::{area_m2, inside},
    geo::{Grid, Ground},
    math::{P, p},
    world::{Moment, World},
};

/// Step at which zones are sampled for what the sky hides, metres.
const SAMPLE_M: f64 = 15.0;
/// Opacity of cloud from which a point counts as hidden.
const HIDDEN_CLOUD: f32 = 0.25;
/// Darkness of cloud shadow from which a point counts as hidden.
const HIDDEN_SHADOW: f32 = 0.5;

/// Shortest hull that shows as a ship, pixels.
const SHIP_PX: f64 = 5.0;

/// Everything drawn in a scene.
#[derive(Clone, Debug, Serialize)]
pub struct Drawn {
    /// Sensor's name.
    pub sensor: String,
    /// Pixel size, metres.
    pub gsd_m: f64,
    /// Haze, 0..=1.
    pub haze: f32,
    /// Snow, 0..=1.
    pub snow: f32,
    /// Sun's elevation, degrees.
    pub sun_elevation_deg: f64,
    /// Vessels within the scene.
    pub vessels: Vec<DrawnVessel>,
    /// Zones.
    pub zones: Vec<DrawnZone>,
}

/// One vessel as drawn.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnVessel {
    /// Column of the hull's middle, pixels; pixel i spans i to i + 1.
    pub x: f64,
    /// Row of the hull's middle, pixels.
    pub y: f64,
    /// Length, pixels.
    pub length_px: f64,
    /// Beam, pixels.
    pub beam_px: f64,
    /// Axis of the hull, degrees: 0 along +x, clockwise, 0..180.
    pub angle_deg: f64,
    /// Length, metres.
    pub length_m: f64,
    /// Class.
    pub class: VesselClass,
    /// `ship` from five pixels on, `boat` below.
    pub kind: &'static str,
    /// `berth` within 60 m of a quay, otherwise `open`.
    pub r#where: &'static str,
    /// Cloud over its middle, 0..=1.
    pub cloud: f32,
    /// Longitude of its middle, degrees; null where it cannot be told.
    pub lon: Option<f64>,
    /// Latitude of its middle, degrees; null where it cannot be told.
    pub lat: Option<f64>,
}

/// One zone as drawn.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnZone {
    /// Zone id.
    pub zone: String,
    /// Share under cloud or in its shadow.
    pub hidden: f64,
    /// Rolling stock, metres over couplers.
    pub occupied_m: f64,
    /// Cars.
    pub cars: usize,
    /// Stacks, square metres.
    pub stacked_m2: f64,
}

/// What was drawn of a moment on a grid.
#[must_use]
pub fn of(ground: &Ground, world: &World, moment: &Moment<'_>, grid: &Grid, sensor: &str) -> Drawn {
    let quays = super::coast::quays(world);
    let vessels = moment
        .hulls
        .iter()
        .filter_map(|hull| {
            let (x, y) = grid.to_px(hull.middle);
            let within = x > 0.0 && y > 0.0 && x < grid.width as f64 && y < grid.height as f64;
            let alongside = quays
                .iter()
                .any(|quay| super::canvas::distance_m(&[quay.from, quay.to], false, hull.middle) < 60.0);
            let place = ground.to_lonlat(hull.middle).ok();
            within.then(|| DrawnVessel {
                x,
                y,
                length_px: hull.length_m / grid.gsd_m,
                beam_px: hull.beam_m / grid.gsd_m,
                angle_deg: (-hull.bow.y).atan2(hull.bow.x).to_degrees().rem_euclid(180.0),
                length_m: hull.length_m,
                class: hull.class,
                kind: if hull.length_m / grid.gsd_m >= SHIP_PX {
                    "ship"
                } else {
                    "boat"
                },
                r#where: if alongside { "berth" } else { "open" },
                cloud: (moment.veil)(hull.middle).cloud,
                lon: place.map(|place| place.x()),
                lat: place.map(|place| place.y()),
            })
        })
        .collect();
    let zones = world
        .zones
        .iter()
        .map(|zone| {
            let on_track = |at: P| zone.distance_m(at) < 1.5;
            let cars = moment.cars.iter().filter(|car| on_track(car.middle));
            let rows = moment.rows.iter().filter(|row| {
                row.shape
                    .first()
                    .zip(row.shape.get(2))
                    .is_some_and(|(a, c)| zone.distance_m((*a + *c) * 0.5) <= 0.0)
            });
            DrawnZone {
                zone: zone.id.clone(),
                hidden: hidden_share(&zone.shape, moment),
                occupied_m: cars.clone().map(|car| car.length_m).sum(),
                cars: cars.count(),
                stacked_m2: rows.map(|row| area_m2(&row.shape)).sum(),
            }
        })
        .collect();
    Drawn {
        sensor: sensor.to_owned(),
        gsd_m: grid.gsd_m,
        haze: moment.haze,
        snow: moment.snow,
        sun_elevation_deg: moment.sun_elevation_deg,
        vessels,
        zones,
    }
}

/// Share of a zone under cloud or in its shadow; of a track, of its corners' bounding polygon's samples or its points.
fn hidden_share(shape: &[P], moment: &Moment<'_>) -> f64 {
    let bounds = shape.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, at| {
        [b[0].min(at.x), b[1].min(at.y), b[2].max(at.x), b[3].max(at.y)]
    });
    let columns = ((bounds[2] - bounds[0]) / SAMPLE_M).ceil() as u32;
    let rows = ((bounds[3] - bounds[1]) / SAMPLE_M).ceil() as u32;
    let cells = (0..columns * rows).map(|index| {
        let (column, row) = (index % columns, index / columns);
        p(
            bounds[0] + (f64::from(column) + 0.5) * SAMPLE_M,
            bounds[1] + (f64::from(row) + 0.5) * SAMPLE_M,
        )
    });
    let mut points: Vec<P> = cells.filter(|&at| inside(shape, at)).collect();
    if points.is_empty() {
        points = shape.to_vec();
    }
    let hidden = points
        .iter()
        .filter(|&&at| {
            let veil = (moment.veil)(at);
            veil.cloud > HIDDEN_CLOUD || veil.shadow > HIDDEN_SHADOW
        })
        .count();
    hidden as f64 / points.len().max(1) as f64
}
