//! Everything that stands, lies and floats in a scene, in the order of painting.

use quaywatch_protocol::contract::{look::VesselClass, site::ZoneKind};

use super::{
    blocks,
    canvas::{Spectrum, distance_m},
    coast::Quay,
    materials::{ASPHALT, CONCRETE, SNOW, SOIL, blend, roof, scaled},
    math::{Dice, P},
    scenery::{Layer, Layers},
    ship::{self, Hull},
    terrain::Terrain,
    world::{Moment, Piece, PieceKind, World, Zone},
    yard,
};

/// Shortest quay that has gantries, metres.
const GANTRY_QUAY_MIN_M: f64 = 150.0;
/// Distance of a berth's quay from an apron that makes it a container berth, metres.
const APRON_REACH_M: f64 = 140.0;
/// Distance within which a crane of the scenery belongs to a quay, metres.
const CRANE_REACH_M: f64 = 60.0;
/// How far a yard's tracks run on beyond their watched part, metres.
const TRACK_RUN_ON_M: f64 = 1_500.0;
/// Share of snow that stays on roofs and loads when the ground is white.
const SNOW_ON_TOP: f32 = 0.75;

/// All layers of a scene within bounds (west, south, east, north in metres).
#[must_use]
pub fn layers(world: &World, moment: &Moment<'_>, terrain: &Terrain, quays: &[Quay], bounds: [f64; 4]) -> Layers {
    let mut layers = Layers::under(moment.sun_azimuth_deg, moment.sun_elevation_deg);
    pieces(world, PieceKind::Pier, &mut layers);
    blocks::lay_out(world, terrain, quays, bounds, &mut layers);
    for quay in quays {
        yard::quay(quay, world.paving(), &mut layers);
    }
    for kind in [PieceKind::Road, PieceKind::Tank, PieceKind::Roof] {
        pieces(world, kind, &mut layers);
    }
    for zone in &world.zones {
        grounds(zone, world.paving(), terrain, &mut layers);
    }
    snow_on_top(moment.snow, &mut layers);
    let mut dice = Dice::new(world.seed, "cars");
    for car in &moment.cars {
        yard::car(car, &mut dice, &mut layers);
    }
    for row in &moment.rows {
        yard::row(row, &mut layers);
    }
    for &(middle, nose, span_m) in &moment.aircraft {
        yard::aircraft(middle, nose, span_m, &mut layers);
    }
    for hull in &moment.hulls {
        ship::draw(hull, &mut layers);
    }
    cranes(world, quays, &moment.hulls, &mut layers);
    layers
}

/// The scenery that the place fixes.
fn pieces(world: &World, kind: PieceKind, layers: &mut Layers) {
    let mut dice = Dice::new(world.seed, "pieces");
    for piece in world.pieces.iter().filter(|piece| piece.kind == kind) {
        let shape = piece.shape.clone();
        match kind {
            PieceKind::Pier => {
                layers.cover(Layer::Ground, shape, world.paving(), 0.05);
            }
            PieceKind::Road => layers.cover(Layer::Ground, shape, ASPHALT, 0.05),
            PieceKind::Tank => {
                let middle = piece.middle();
                let radius = (super::canvas::area_m2(&shape) / std::f64::consts::PI).sqrt();
                yard::tank(middle, radius, &mut dice, layers);
            }
            PieceKind::Roof => {
                let along = match shape.as_slice() {
                    [a, b, ..] => (*b - *a).unit(),
                    _ => P { x: 1.0, y: 0.0 },
                };
                let colour = roof(&mut dice);
                blocks::roofed(&shape, along, 9.0, colour, &mut dice, layers);
            }
            PieceKind::Land | PieceKind::Crane | PieceKind::Trees => {}
        }
    }
}

/// What lies on the ground of a watched zone.
fn grounds(zone: &Zone, paving: Spectrum, terrain: &Terrain, layers: &mut Layers) {
    match zone.kind {
        ZoneKind::Apron => {
            layers.tint(
                Layer::Ground,
                zone.shape.clone(),
                blend(paving, ASPHALT, 0.3),
                0.06,
                0.9,
            );
        }
        ZoneKind::Storage => layers.tint(Layer::Ground, zone.shape.clone(), scaled(SOIL, 1.1), 0.08, 0.6),
        ZoneKind::Airfield => layers.tint(Layer::Ground, zone.shape.clone(), scaled(CONCRETE, 0.95), 0.04, 0.9),
        ZoneKind::RailTrack => yard::track(&run_on(&zone.shape, terrain), layers),
        ZoneKind::Berth | ZoneKind::OilBerth | ZoneKind::Anchorage => {}
    }
}

/// A track with its ends led on over land: no track begins in a field.
fn run_on(line: &[P], terrain: &Terrain) -> Vec<P> {
    let (Some(&first), Some(&last)) = (line.first(), line.last()) else {
        return Vec::new();
    };
    let (Some(&second), Some(&before)) = (line.get(1), line.iter().rev().nth(1)) else {
        return Vec::new();
    };
    let lead = |end: P, away: P| {
        let steps = (1..=(TRACK_RUN_ON_M / 30.0) as u32).map(|step| end + away.unit() * (f64::from(step) * 30.0));
        steps.take_while(|&at| terrain.at(at).signed > 18.0).last()
    };
    let mut whole: Vec<P> = lead(first, first - second).into_iter().collect();
    whole.extend_from_slice(line);
    whole.extend(lead(last, last - before));
    whole
}

/// Snow lies on roofs as well.
fn snow_on_top(snow: f32, layers: &mut Layers) {
    if snow > 0.0 {
        layers.recolour(Layer::Standing, |colour| blend(colour, SNOW, SNOW_ON_TOP * snow));
        layers.recolour(Layer::Ground, |colour| blend(colour, SNOW, 0.45 * snow));
    }
}

/// Cranes where the scenery has them; otherwise gantries on container quays, small cranes on others, none where oil is handled.
fn cranes(world: &World, quays: &[Quay], hulls: &[Hull], layers: &mut Layers) {
    let fixed: Vec<P> = world
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Crane)
        .map(Piece::middle)
        .collect();
    let mut dice = Dice::new(world.seed, "cranes");
    for at in &fixed {
        let near = quays
            .iter()
            .map(|quay| (distance_m(&[quay.from, quay.to], false, *at), quay));
        let near = near
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(away, _)| *away < CRANE_REACH_M);
        match near {
            Some((_, quay)) if !quay.pier => {
                let along = (quay.to - quay.from).unit();
                let foot = quay.from + along * (*at - quay.from).dot(along);
                yard::gantry(foot, quay.sea, works(foot, along, hulls), &mut dice, layers);
            }
            _ => yard::slewing_crane(*at, &mut dice, layers),
        }
    }
    if !fixed.is_empty() {
        return;
    }
    for quay in quays {
        let Some(zone) = world.zones.get(quay.zone) else {
            continue;
        };
        if zone.kind != ZoneKind::Berth {
            continue;
        }
        let (length, along) = ((quay.to - quay.from).norm(), (quay.to - quay.from).unit());
        let middle = (quay.from + quay.to) * 0.5;
        let aprons = world.zones.iter().filter(|other| other.kind == ZoneKind::Apron);
        let by_apron = aprons
            .map(|apron| apron.distance_m(middle))
            .any(|away| away < APRON_REACH_M);
        if length > GANTRY_QUAY_MIN_M && by_apron && !quay.pier {
            for crane in 0..((length / 95.0) as u32).clamp(2, 6) {
                let foot = quay.from + along * (40.0 + f64::from(crane) * 85.0 + dice.range(-20.0, 20.0));
                if (foot - quay.from).dot(along) < length - 25.0 {
                    yard::gantry(foot, quay.sea, works(foot, along, hulls), &mut dice, layers);
                }
            }
        } else if quay.depth_m > 15.0 {
            for crane in 0..(length / 110.0) as u32 {
                let foot =
                    quay.from + along * (35.0 + f64::from(crane) * 100.0 + dice.range(-20.0, 20.0)) - quay.sea * 9.0;
                yard::slewing_crane(foot, &mut dice, layers);
            }
        }
    }
}

/// True when a cargo hull lies under a crane that stands here.
fn works(foot: P, along: P, hulls: &[Hull]) -> bool {
    hulls.iter().any(|hull| {
        let cargo = matches!(
            hull.class,
            VesselClass::Container | VesselClass::Cargo | VesselClass::Vessel
        );
        cargo
            && (hull.middle - foot).dot(along).abs() < hull.length_m * 0.32
            && (hull.middle - foot).norm() < hull.length_m * 0.5 + 30.0
    })
}
