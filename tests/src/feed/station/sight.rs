//! What a scene could see of a zone: the shares hidden by cloud, shadow and haze, from the same field that a renderer draws.

use geo::{Coord, Euclidean, InterpolatableLine, Length, LineString};
use quaywatch_protocol::contract::{look::Hidden, look::SensorKind, site::ZoneShape};

use crate::feed::{place::Place, truth::SceneTruth};

/// Points looked at along each side of an area.
const GRID: u32 = 6;
/// Metres between points along a track.
const TRACK_STEP_M: f64 = 15.0;
/// Opacity from which cloud or shadow hides the ground.
pub const HIDES: f64 = 0.5;

/// What hides a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hides {
    /// Nothing.
    Nothing,
    /// Cloud.
    Cloud,
    /// The shadow of a cloud.
    Shadow,
    /// Haze.
    Haze,
}

/// What hides a point of the site's frame.
#[must_use]
pub fn hides(truth: &SceneTruth, at: Coord<f64>) -> Hides {
    if truth.sensor.kind == SensorKind::Sar {
        Hides::Nothing
    } else if truth.sky.opacity(at) >= HIDES {
        Hides::Cloud
    } else if truth.sky.haze >= HIDES {
        Hides::Haze
    } else if truth.sky.shadow(at) >= HIDES {
        Hides::Shadow
    } else {
        Hides::Nothing
    }
}

/// Points that stand for a zone (all tracks of a yard together), metres.
#[must_use]
pub fn points(place: &Place, zone: &str) -> Vec<Coord<f64>> {
    points_at(place, zone, GRID, TRACK_STEP_M)
}

/// The same, as densely as is wanted: `grid` points along each side of an area, one every `track_step_m` of a track.
#[must_use]
pub fn points_at(place: &Place, zone: &str, grid: u32, track_step_m: f64) -> Vec<Coord<f64>> {
    let mut points = Vec::new();
    for each in place.site.zones.iter().filter(|each| each.id == zone) {
        match &each.shape {
            ZoneShape::Track(_) => {
                for (_, line) in place.tracks(&each.id, Some(&each.track)) {
                    points.extend(along(&line, track_step_m).into_iter().map(|(_, at)| at));
                }
            }
            ZoneShape::Area(_) => {
                let Some(rectangle) = place.rectangle(each) else {
                    continue;
                };
                let share = |index: u32| (f64::from(index) + 0.5) / f64::from(grid) * 2.0 - 1.0;
                for row in 0..grid {
                    for column in 0..grid {
                        let along = rectangle.along * (rectangle.half_length_m * share(column));
                        let across = rectangle.across * (rectangle.half_width_m * share(row));
                        points.push(rectangle.middle + along + across);
                    }
                }
            }
        }
    }
    points
}

/// Points every `step_m` along a line: distance from its start, and place.
#[must_use]
pub fn along(line: &LineString<f64>, step_m: f64) -> Vec<(f64, Coord<f64>)> {
    let length_m = Euclidean.length(line);
    let steps = (length_m / step_m).ceil().max(1.0) as u32;
    (0..steps)
        .filter_map(|step| {
            let share = (f64::from(step) + 0.5) / f64::from(steps);
            let at = line.point_at_ratio_from_start(&Euclidean, share)?;
            Some((share * length_m, at.into()))
        })
        .collect()
}

/// Visible share of some points, and what hid the others.
#[must_use]
pub fn seen(truth: &SceneTruth, points: &[Coord<f64>]) -> (f64, Hidden) {
    let mut hidden = Hidden::default();
    let mut visible = 0.0;
    let one = 1.0 / points.len().max(1) as f64;
    for at in points {
        match hides(truth, *at) {
            Hides::Nothing => visible += one,
            Hides::Cloud => hidden.cloud += one,
            Hides::Shadow => hidden.shadow += one,
            Hides::Haze => hidden.haze += one,
        }
    }
    (visible, hidden)
}
