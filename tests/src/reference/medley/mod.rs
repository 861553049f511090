//! Medleys: small random histories in which everything happens that any rule speaks of, under rules that are drawn, too.
//!
//! The documented cases are long and plain: each rule speaks at the times that its case is about, far from its bars. Here two ports have
//! seasons, lulls, shuttles between them, ships that lie for months and ships that shift berth, trains, aircraft and stacks that come and go
//! by amounts around the bars, clouds, late looks and contradictory copies; and the bars lie where such things pass and fail them alike: times
//! are whole hours, many of them at one time of the day, and bars are whole days and hours, so that what lies just on a bar is there, too. What
//! the correlator says of it is not judged as true: it is kept (`tests/told/medley.txt`), so that a change of what is said shows.

mod level;
mod port;
mod rules;
mod stay;

use quaywatch_protocol::contract::{look::Look, site::Site};

use crate::feed::chance::Chance;
use port::{Port, ZONES_A, ZONES_B};
pub use rules::rules;
use stay::shuttles;

const PORTS: [Port; 2] = [
    Port {
        id: "a",
        lon: 130.0,
        zones: &ZONES_A,
    },
    Port {
        id: "b",
        lon: 132.0,
        zones: &ZONES_B,
    },
];

/// The two ports, 160 km apart.
///
/// # Errors
/// What is wrong with the sites: nothing.
pub fn sites() -> Result<Vec<Site>, String> {
    PORTS.iter().map(Port::site).collect()
}

/// The looks of a medley, in no order.
#[must_use]
pub fn looks(seed: u64) -> Vec<Look> {
    let mut chance = Chance::new(seed, &["medley"]);
    let days = chance.between([120.0, 420.0]);
    let mut stays = [Vec::new(), Vec::new()];
    for (port, stays) in PORTS.iter().zip(&mut stays) {
        port.traffic(days, stays, &mut chance);
    }
    shuttles(days, &mut stays, &mut chance);
    let mut looks = Vec::new();
    for (port, stays) in PORTS.iter().zip(&stays) {
        looks.extend(port.looks(days, stays, &mut chance));
    }
    chance.shuffle(&mut looks);
    looks
}
