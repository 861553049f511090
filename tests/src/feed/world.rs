//! A world: one script, one seed, everything that follows from them; asked for the truth at any site and time.

use std::{collections::BTreeMap, path::Path};

use geo::{Coord, LineString, Point, Polygon};
use quaywatch_protocol::contract::{
    look::Sensor,
    time::{DAY_MS, HOUR_MS, UnixMs},
};

use super::{
    chance::{Chance, seed_of},
    frame::axis_deg,
    history::{Berthed, History, Hull, NoRoom, Row, Spot},
    place::{Box2, Place},
    schedule::{Pass, passes},
    script::{
        AisBehaviour, Script,
        read::{Loaded, ScriptErrors, load},
    },
    sun::sun_at,
    truth::{AircraftTruth, RadioTruth, RowTruth, SceneTruth, TrainTruth, VesselTruth},
    weather::Climate,
};

/// Fenders between hull and quay, metres.
const FENDER_M: f64 = 1.5;
/// From one hull alongside to the next outside it, metres.
const ABREAST_M: f64 = 20.0;
/// Hours over which a station's reception at a site is either there or not.
const RECEPTION_BLOCK_H: i64 = 6;

/// One script, realised with one seed.
#[derive(Clone, Debug)]
pub struct World {
    /// The script.
    pub script: Script,
    /// The seed.
    pub seed: u64,
    /// Sites by id.
    pub places: BTreeMap<String, Place>,
    /// What happened.
    pub history: History,
    climates: BTreeMap<String, Climate>,
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The script, or a file that it names.
    #[error(transparent)]
    Script(#[from] ScriptErrors),
    /// Two scripted things in one place.
    #[error("{script}: {no_room}")]
    NoRoom {
        /// Name of the script.
        script: String,
        /// What found no room.
        no_room: NoRoom,
    },
}

impl World {
    /// Reads a script and realises it with a seed.
    ///
    /// # Errors
    /// Every fault of the script, or the first thing that finds no room.
    pub fn load(path: &Path, seed: u64) -> Result<Self, WorldError> {
        Self::new(load(path)?, seed)
    }

    /// Realises a script that was read before.
    ///
    /// # Errors
    /// The first thing that finds no room.
    pub fn new(Loaded { script, places }: Loaded, seed: u64) -> Result<Self, WorldError> {
        let history = History::new(&script, &places, seed).map_err(|no_room| WorldError::NoRoom {
            script: script.name.clone(),
            no_room,
        })?;
        let climates = places
            .keys()
            .map(|site| {
                let rules = script.weather.iter().find(|rules| rules.site.get_ref() == site);
                let rules = rules.or_else(|| script.weather.iter().find(|rules| rules.site.get_ref() == "*"));
                let climate = Climate::new(rules.cloned(), site, script.from.0, script.to.0, seed);
                (site.clone(), climate)
            })
            .collect();
        Ok(Self {
            script,
            seed,
            places,
            history,
            climates,
        })
    }

    /// All passes over all sites, by time.
    #[must_use]
    pub fn passes(&self) -> Vec<Pass> {
        passes(&self.script, &self.places, self.seed)
    }

    /// What is there: everything a renderer draws and everything a perfect look says. `None` for a site that is not in the
    /// script.
    #[must_use]
    pub fn scene_truth(&self, site: &str, at: UnixMs, sensor: &Sensor) -> Option<SceneTruth> {
        let place = self.places.get(site)?;
        let sun = sun_at(at, place.frame.origin);
        let climate = self.climates.get(site)?;
        Some(SceneTruth {
            site: site.to_owned(),
            at,
            sensor: sensor.clone(),
            vessels: self.vessels(site, at),
            trains: self.trains(site, at),
            rows: self.rows(site, at),
            aircraft: self.aircraft(site, at),
            sky: climate.sky(at, sun),
            sun,
            snow: climate.snow(at),
            ais_covered: self.ais_covered(site, at),
            seed: seed_of(self.seed, &["scene", site, &at.0.to_string(), &sensor.name]),
        })
    }

    /// Vessels at a site, by arrival.
    #[must_use]
    pub fn vessels(&self, site: &str, at: UnixMs) -> Vec<VesselTruth> {
        let (Some(place), Some(stays)) = (self.places.get(site), self.history.stays.get(site)) else {
            return Vec::new();
        };
        stays
            .iter()
            .filter(|stay| stay.from <= at && at < stay.to)
            .filter_map(|stay| Some(self.pose(site, place, stay, self.history.hulls.get(stay.hull)?, at)))
            .collect()
    }

    /// True when a station's AIS reception at the site is proven at that time.
    #[must_use]
    pub fn ais_covered(&self, site: &str, at: UnixMs) -> bool {
        self.script.station.iter().any(|station| {
            station
                .hears
                .iter()
                .filter(|hears| hears.site.get_ref() == site)
                .any(|hears| {
                    let out = hears
                        .outages
                        .iter()
                        .any(|outage| outage.from.0 <= at && at < outage.to.0);
                    let block = at.0.div_euclid(RECEPTION_BLOCK_H * HOUR_MS).to_string();
                    let labels = ["reception", station.id.get_ref(), site, &block];
                    !out && Chance::new(self.seed, &labels).yes(hears.share)
                })
        })
    }

    fn pose(&self, site: &str, place: &Place, stay: &Berthed, hull: &Hull, at: UnixMs) -> VesselTruth {
        let rectangle = stay
            .zone
            .as_ref()
            .and_then(|zone| place.rectangle(place.site.zone(zone)?));
        let (middle, axis) = match (stay.spot, rectangle) {
            (Spot::Alongside { along_m, abreast }, Some(berth)) => {
                (alongside(&berth, along_m, abreast, hull.beam_m), axis_deg(berth.along))
            }
            (Spot::Alongside { .. }, None) => (Coord::default(), 0.0),
            (Spot::Afloat { at: spot, axis_deg }, _) => {
                let day = at.0.div_euclid(DAY_MS / 2).to_string();
                // Vessels at one anchorage swing together, with the wind and the tide.
                let mut wind = Chance::new(self.seed, &["swing", site, &day]);
                let together = wind.between([0.0, 180.0]);
                let own = Chance::new(self.seed, &["swing", &hull.id, &day]).normal() * 8.0;
                (spot, axis_deg.unwrap_or((together + own).rem_euclid(180.0)))
            }
        };
        VesselTruth {
            id: hull.id.clone(),
            zone: stay.zone.clone(),
            centre: place.frame.to_lonlat(middle),
            axis_deg: axis,
            length_m: hull.length_m,
            beam_m: hull.beam_m,
            class: hull.class,
            colour: hull.colour,
            radio: radio(place, hull, middle, at),
        }
    }

    fn trains(&self, site: &str, at: UnixMs) -> Vec<TrainTruth> {
        let standing = self.history.trains.get(site).map(Vec::as_slice).unwrap_or_default();
        standing
            .iter()
            .filter(|cut| cut.from <= at && at < cut.to)
            .map(|cut| TrainTruth {
                zone: cut.zone.clone(),
                track: cut.track.clone(),
                cars: cut.cars.clone(),
            })
            .collect()
    }

    fn rows(&self, site: &str, at: UnixMs) -> Vec<RowTruth> {
        let (Some(place), Some(rows)) = (self.places.get(site), self.history.rows.get(site)) else {
            return Vec::new();
        };
        rows.iter()
            .filter(|row| row.from <= at && at < row.to)
            .filter_map(|row| {
                let rectangle = place.rectangle(place.site.zone(&row.zone)?)?;
                Some(row_truth(place, &rectangle, row))
            })
            .collect()
    }

    fn aircraft(&self, site: &str, at: UnixMs) -> Vec<AircraftTruth> {
        let parked = self.script.aircraft.iter();
        parked
            .filter(|parked| parked.site.get_ref() == site && parked.from.0 <= at && at < parked.to.0)
            .map(|parked| AircraftTruth {
                zone: parked.zone.get_ref().clone(),
                count: parked.count,
            })
            .collect()
    }
}

fn alongside(berth: &Box2, along_m: f64, abreast: u32, beam_m: f64) -> Coord<f64> {
    let along = berth.along * (along_m - berth.half_length_m);
    let outwards = if berth.has_quay {
        berth.half_width_m - FENDER_M - beam_m / 2.0 - ABREAST_M * f64::from(abreast)
    } else {
        -ABREAST_M * f64::from(abreast)
    };
    berth.middle + along + berth.across * outwards
}

fn radio(place: &Place, hull: &Hull, middle: Coord<f64>, at: UnixMs) -> RadioTruth {
    let silent = hull.silent.iter().any(|period| period.from.0 <= at && at < period.to.0);
    let announced = |offset: Coord<f64>| place.frame.to_lonlat(middle + offset);
    match hull.ais {
        AisBehaviour::Off => RadioTruth::Silent,
        _ if silent => RadioTruth::Silent,
        AisBehaviour::On => RadioTruth::Transmitting {
            mmsi: hull.mmsi,
            announced: announced(Coord::default()),
            spoofed: false,
        },
        AisBehaviour::Spoofed => RadioTruth::Transmitting {
            mmsi: hull.mmsi,
            announced: announced(hull.spoof_m),
            spoofed: true,
        },
    }
}

fn row_truth(place: &Place, zone: &Box2, row: &Row) -> RowTruth {
    use super::history::stacks::{CONTAINER_HEIGHT_M, CONTAINER_WIDTH_M, LANE_PITCH_M};
    let width_m = CONTAINER_WIDTH_M * f64::from(row.wide);
    let lanes = (zone.half_width_m * 2.0 / LANE_PITCH_M).floor().max(1.0);
    let lane_m = (row.lane as f64 + 0.5 - lanes / 2.0) * LANE_PITCH_M;
    let along_m = row.start_m - zone.half_length_m + (zone.half_length_m * 2.0 - lane_length_m(zone)) / 2.0;
    let corner = |along: f64, across: f64| -> Point<f64> {
        place
            .frame
            .to_lonlat(zone.middle + zone.along * along + zone.across * across)
    };
    let (low, high) = (lane_m - width_m / 2.0, lane_m + width_m / 2.0);
    let ring = [
        corner(along_m, low),
        corner(along_m + row.length_m, low),
        corner(along_m + row.length_m, high),
        corner(along_m, high),
        corner(along_m, low),
    ];
    RowTruth {
        zone: row.zone.clone(),
        outline: Polygon::new(LineString::from(ring.to_vec()), Vec::new()),
        length_m: row.length_m,
        width_m,
        height_m: CONTAINER_HEIGHT_M * f64::from(row.high),
        colour: row.colour,
    }
}

fn lane_length_m(zone: &Box2) -> f64 {
    zone.half_length_m * 2.0 - 2.0 * super::history::stacks::ROW_GAP_M
}
