//! From the feed's ground truth (degrees, ids) to what is drawn (metres on the UTM grid).

use geo::{Coord, Point, Polygon};
use quaywatch_protocol::contract::{
    site::{Zone as SiteZone, ZoneKind, ZoneShape},
    time::{DAY_MS, UnixMs},
};

use super::{
    geo::{GeoError, Ground},
    math::{P, compass, derive, p, sin_deg, unit},
    ship::Hull,
    world::{Moment, Piece, PieceKind, Veil, World, Zone},
    yard::{Car, CarLook, Row},
};
use crate::feed::{
    chance::seed_of,
    place::{Place, SceneryKind},
    script::CarKind,
    truth::{SceneTruth, TrainTruth, VesselTruth},
};

/// Length of the probe by which a true bearing becomes a grid direction, degrees of latitude (about 110 m).
const PROBE_DEG: f64 = 0.001;
/// Wing span of a parked transport, metres.
const SPAN_M: f64 = 40.0;
/// Room between parked aircraft, metres.
const STAND_M: f64 = 62.0;
/// Speeds of vessels that lie in no zone, metres a second.
const SPEED_MPS: [f64; 2] = [3.0, 8.0];

/// What stays of a place.
///
/// # Errors
/// When a corner cannot be projected.
pub fn world(ground: &Ground, place: &Place) -> Result<World, GeoError> {
    let zones = place
        .site
        .zones
        .iter()
        .map(|zone| zone_of(ground, zone))
        .collect::<Result<Vec<_>, _>>()?;
    let pieces = place.scenery.iter().map(|piece| {
        let kind = match piece.kind {
            SceneryKind::Land => PieceKind::Land,
            SceneryKind::Pier => PieceKind::Pier,
            SceneryKind::Roof => PieceKind::Roof,
            SceneryKind::Tank => PieceKind::Tank,
            SceneryKind::Crane => PieceKind::Crane,
            SceneryKind::Road => PieceKind::Road,
            SceneryKind::Trees => PieceKind::Trees,
        };
        Ok(Piece {
            kind,
            shape: corners(ground, &piece.outline)?,
        })
    });
    Ok(World {
        zones,
        pieces: pieces.collect::<Result<Vec<_>, _>>()?,
        latitude_deg: place.frame.origin.y(),
        seed: seed_of(0, &["place", &place.site.id]),
    })
}

/// What a moment adds to a place.
///
/// # Errors
/// When something cannot be projected.
pub fn moment<'a>(ground: &Ground, place: &'a Place, truth: &'a SceneTruth) -> Result<Moment<'a>, GeoError> {
    let hulls = truth
        .vessels
        .iter()
        .map(|vessel| hull(ground, vessel))
        .collect::<Result<Vec<_>, _>>()?;
    let mut cars = Vec::new();
    for train in &truth.trains {
        cars.extend(train_cars(ground, place, train)?);
    }
    let rows = truth.rows.iter().enumerate().map(|(index, row)| {
        Ok(Row {
            shape: corners(ground, &row.outline)?,
            height_m: row.height_m,
            colour: row.colour,
            // A row keeps its boxes from scene to scene: its seed is its place, not the scene's.
            seed: seed_of(index as u64, &["row", &row.zone]),
        })
    });
    Ok(Moment {
        hulls,
        cars,
        rows: rows.collect::<Result<Vec<_>, _>>()?,
        aircraft: aircraft(ground, place, truth)?,
        veil: veil(ground, place, truth)?,
        haze: truth.sky.haze as f32,
        snow: truth.snow as f32,
        // Whole hundredths of a degree: the sun's formulas use the platform's trigonometry.
        sun_azimuth_deg: (truth.sun.azimuth_deg * 100.0).round() / 100.0,
        sun_elevation_deg: (truth.sun.elevation_deg * 100.0).round() / 100.0,
        day_of_year: day_of_year(truth.at),
        seed: truth.seed,
    })
}

fn corners(ground: &Ground, outline: &Polygon<f64>) -> Result<Vec<P>, GeoError> {
    let ring = &outline.exterior().0;
    // A polygon's ring repeats its first point.
    let open = ring
        .len()
        .saturating_sub(usize::from(ring.len() > 1 && ring.first() == ring.last()));
    ring.iter().take(open).map(|at| ground.to_m(Point(*at))).collect()
}

fn zone_of(ground: &Ground, zone: &SiteZone) -> Result<Zone, GeoError> {
    let shape = match &zone.shape {
        ZoneShape::Area(area) => corners(ground, area)?,
        ZoneShape::Track(line) => line
            .0
            .iter()
            .map(|at| ground.to_m(Point(*at)))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let along = match zone.bearing_deg {
        Some(deg) => Some(grid_direction(ground, zone.shape.centroid(), deg)?),
        None => None,
    };
    Ok(Zone {
        id: zone.id.clone(),
        kind: zone.kind,
        shape,
        along,
    })
}

/// The direction on the grid of a true bearing at a place.
fn grid_direction(ground: &Ground, place: Point<f64>, bearing_deg: f64) -> Result<P, GeoError> {
    let narrow = sin_deg(90.0 - place.y().abs()).max(0.05);
    let step = compass(bearing_deg) * PROBE_DEG;
    let ahead = Point::new(place.x() + step.x / narrow, place.y() + step.y);
    Ok((ground.to_m(ahead)? - ground.to_m(place)?).unit())
}

fn hull(ground: &Ground, vessel: &VesselTruth) -> Result<Hull, GeoError> {
    let seed = seed_of(0, &["hull", &vessel.id]);
    let bow_deg = vessel.axis_deg + if seed.is_multiple_of(2) { 0.0 } else { 180.0 };
    let underway = vessel.zone.is_none();
    let share = f64::from(unit(derive(seed, "speed")));
    Ok(Hull {
        middle: ground.to_m(vessel.centre)?,
        bow: grid_direction(ground, vessel.centre, bow_deg)?,
        length_m: vessel.length_m,
        beam_m: vessel.beam_m,
        class: vessel.class,
        colour: vessel.colour,
        seed,
        speed_mps: if underway {
            SPEED_MPS[0] + (SPEED_MPS[1] - SPEED_MPS[0]) * share
        } else {
            0.0
        },
    })
}

fn train_cars(ground: &Ground, place: &Place, train: &TrainTruth) -> Result<Vec<Car>, GeoError> {
    let zone = place
        .site
        .zones
        .iter()
        .find(|zone| zone.id == train.zone && zone.track == train.track);
    let Some(ZoneShape::Track(line)) = zone.map(|zone| &zone.shape) else {
        return Ok(Vec::new());
    };
    let line = line
        .0
        .iter()
        .map(|at| ground.to_m(Point(*at)))
        .collect::<Result<Vec<_>, _>>()?;
    let cars = train.cars.iter().filter_map(|car| {
        let (middle, along) = on_line(&line, car.start_m + car.length_m / 2.0)?;
        let look = match car.kind {
            CarKind::Tank => CarLook::Tank,
            CarKind::Box => CarLook::Box,
            CarKind::Open => CarLook::Open,
            CarKind::Locomotive => CarLook::Locomotive,
        };
        Some(Car {
            middle,
            along,
            length_m: car.length_m,
            look,
        })
    });
    Ok(cars.collect())
}

/// The point at a distance along a line, and the line's direction there.
fn on_line(line: &[P], mut at_m: f64) -> Option<(P, P)> {
    let mut last = None;
    for (&from, &to) in line.iter().zip(line.iter().skip(1)) {
        let (along, length) = ((to - from).unit(), (to - from).norm());
        last = Some((from + along * at_m, along));
        if at_m <= length {
            break;
        }
        at_m -= length;
    }
    last
}

fn aircraft(ground: &Ground, place: &Place, truth: &SceneTruth) -> Result<Vec<(P, P, f64)>, GeoError> {
    let mut parked = Vec::new();
    for group in &truth.aircraft {
        let zone = place
            .site
            .zones
            .iter()
            .find(|zone| zone.id == group.zone && zone.kind == ZoneKind::Airfield);
        let Some(zone) = zone else { continue };
        let zone = zone_of(ground, zone)?;
        let [a, b, _, d] = zone.shape.as_slice() else { continue };
        let (along, across) = ((*b - *a).unit(), (*d - *a).unit());
        let across_count = (((*b - *a).norm() / STAND_M) as u32).max(1);
        for stand in 0..group.count {
            let (column, row) = (stand % across_count, stand / across_count);
            let middle =
                *a + along * ((f64::from(column) + 0.5) * STAND_M) + across * ((f64::from(row) + 0.6) * STAND_M);
            parked.push((middle, across, SPAN_M));
        }
    }
    Ok(parked)
}

/// The feed's sky, asked in the feed's own frame: an affine map from the grid, exact to centimetres over a scene.
fn veil<'a>(ground: &Ground, place: &'a Place, truth: &'a SceneTruth) -> Result<Box<dyn Fn(P) -> Veil + 'a>, GeoError> {
    let frame = |at: P| Ok(place.frame.to_m(ground.to_lonlat(at)?));
    const ARM_M: f64 = 2_000.0;
    let (origin, east, north) = (frame(p(0.0, 0.0))?, frame(p(ARM_M, 0.0))?, frame(p(0.0, ARM_M))?);
    let (u, v) = ((east - origin) / ARM_M, (north - origin) / ARM_M);
    Ok(Box::new(move |at: P| {
        let there: Coord<f64> = origin + u * at.x + v * at.y;
        // Shadow is told only where no cloud hides it.
        Veil {
            cloud: truth.sky.opacity(there) as f32,
            shadow: truth.sky.shadow(there) as f32,
        }
    }))
}

fn day_of_year(at: UnixMs) -> u32 {
    let year_start = at.to_string().get(..4).map(|year| format!("{year}-01-01T00:00:00Z"));
    let start = year_start
        .and_then(|text| UnixMs::parse(&text).ok())
        .unwrap_or_default();
    ((at.0 - start.0) / DAY_MS).clamp(0, 365) as u32 + 1
}
