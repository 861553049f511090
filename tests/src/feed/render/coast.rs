//! Where land is: quays from the berth zones, and a coastline through them.
//!
//! A berth lies on water, its quay on one of its long sides. Which side, and where the rest of the land is, comes from the
//! site's scenery when it has any; otherwise from the other zones: two berths facing each other across a narrow gap share a
//! pier, any other berth has its quay towards the aprons, tracks and stores. Between the places that are certainly land and
//! those that are certainly water the coast runs half-way, bent by noise that fades towards both.
//!
//! The result is a signed distance on a coarse grid: positive on land, about metres near the coast. Linear interpolation is
//! exact along straight quays.

use quaywatch_protocol::contract::site::ZoneKind;

use super::{
    canvas::{area_m2, distance_m, inside, rectangle},
    math::{P, fbm},
    world::{PieceKind, World, Zone},
};

/// Widest gap between two berths that is taken for a pier, metres.
const PIER_WIDTH_MAX_M: f64 = 180.0;
/// Depth of a quay's deck, metres.
const QUAY_DEPTH_M: f64 = 42.0;
/// Water kept free in front of a berth, metres.
const FAIRWAY_M: f64 = 260.0;
/// How far beyond both ends of a berth its quay and its fairway go, metres.
const OVERHANG_M: f64 = 45.0;
/// Largest swing of the coast between land and water, metres.
const COAST_SWING_M: f32 = 260.0;

/// The water's edge of a berth.
#[derive(Clone, Debug, PartialEq)]
pub struct Quay {
    /// One end, metres from the anchor.
    pub from: P,
    /// The other end.
    pub to: P,
    /// Unit vector towards the water.
    pub sea: P,
    /// Depth of the deck, metres.
    pub depth_m: f64,
    /// Index of the berth among the world's zones.
    pub zone: usize,
    /// True for a pier between two berths.
    pub pier: bool,
}

struct Berth {
    zone: usize,
    middle: P,
    along: P,
    half_length_m: f64,
    half_width_m: f64,
}

fn berths(world: &World) -> Vec<Berth> {
    let zones = world.zones.iter().enumerate().filter(|(_, zone)| zone.kind.is_berth());
    zones
        .map(|(index, zone)| {
            let along = zone.along.unwrap_or_else(|| longest_side(&zone.shape));
            let span = |axis: P| {
                zone.shape.iter().fold((f64::MAX, f64::MIN), |(low, high), at| {
                    (low.min(at.dot(axis)), high.max(at.dot(axis)))
                })
            };
            let ((near, far), (low, high)) = (span(along), span(along.left()));
            Berth {
                zone: index,
                middle: along * ((near + far) / 2.0) + along.left() * ((low + high) / 2.0),
                along,
                half_length_m: (far - near) / 2.0,
                half_width_m: (high - low) / 2.0,
            }
        })
        .collect()
}

fn longest_side(shape: &[P]) -> P {
    let sides = shape.iter().zip(shape.iter().skip(1)).map(|(from, to)| *to - *from);
    sides
        .max_by(|a, b| a.norm().total_cmp(&b.norm()))
        .unwrap_or_default()
        .unit()
}

/// The quays of a world.
#[must_use]
pub fn quays(world: &World) -> Vec<Quay> {
    let berths = berths(world);
    let mut quays = Vec::new();
    for berth in &berths {
        let left = berth.along.left();
        let twin = twin_gap_m(berth, &berths);
        let side = landward(world, berth, twin);
        let edge = berth.middle + left * (side * berth.half_width_m);
        let reach = if twin.is_some() || world.has_land() {
            0.0
        } else {
            OVERHANG_M
        };
        let half = berth.along * (berth.half_length_m + reach);
        quays.push(Quay {
            from: edge - half,
            to: edge + half,
            sea: left * -side,
            depth_m: twin.map_or(QUAY_DEPTH_M, |(gap_m, _)| gap_m / 2.0 + 0.5),
            zone: berth.zone,
            pier: twin.is_some(),
        });
    }
    quays
}

/// The gap to the nearest parallel berth beside this one, and the side (+1 left, -1 right) it lies on.
fn twin_gap_m(berth: &Berth, berths: &[Berth]) -> Option<(f64, f64)> {
    let others = berths.iter().filter(|other| other.zone != berth.zone);
    others
        .filter(|other| other.along.dot(berth.along).abs() > 0.95)
        .filter_map(|other| {
            let offset = other.middle - berth.middle;
            let across = offset.dot(berth.along.left());
            let gap_m = across.abs() - berth.half_width_m - other.half_width_m;
            let overlap = berth.half_length_m + other.half_length_m - offset.dot(berth.along).abs();
            let beside = (4.0..PIER_WIDTH_MAX_M).contains(&gap_m) && overlap > 0.4 * berth.half_length_m;
            beside.then_some((gap_m, across.signum()))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

/// +1 when the quay is to the left of the berth's axis, -1 when it is to the right.
fn landward(world: &World, berth: &Berth, twin: Option<(f64, f64)>) -> f64 {
    let probe = |side: f64, beyond_m: f64| berth.middle + berth.along.left() * (side * (berth.half_width_m + beyond_m));
    if world.has_land() {
        for beyond_m in [6.0, 15.0, 30.0] {
            match (world.is_dry(probe(1.0, beyond_m)), world.is_dry(probe(-1.0, beyond_m))) {
                (true, false) => return 1.0,
                (false, true) => return -1.0,
                _ => {}
            }
        }
    }
    if let Some((_, side)) = twin {
        return side;
    }
    let nearest = |side: f64| {
        let ashore = world.zones.iter().filter(|zone| is_ashore(zone.kind));
        ashore
            .map(|zone| zone.distance_m(probe(side, 60.0)))
            .fold(f64::MAX, f64::min)
    };
    let afloat = |side: f64| {
        let waiting = world.zones.iter().filter(|zone| zone.kind == ZoneKind::Anchorage);
        -waiting
            .map(|zone| zone.distance_m(probe(side, 60.0)))
            .fold(1e9, f64::min)
    };
    let score = |side: f64| nearest(side).min(5_000.0) + 0.2 * afloat(side);
    if score(1.0) <= score(-1.0) { 1.0 } else { -1.0 }
}

const fn is_ashore(kind: ZoneKind) -> bool {
    matches!(
        kind,
        ZoneKind::Apron | ZoneKind::RailTrack | ZoneKind::Storage | ZoneKind::Airfield
    )
}

/// Land and water on a coarse grid.
#[derive(Clone, Debug)]
pub struct Coast {
    shore: Shore,
    /// Berths and anchorages: water, whatever the shore says.
    surely: Vec<Vec<P>>,
    seed: u32,
}

#[derive(Clone, Debug)]
enum Shore {
    /// No berth and no scenery: land everywhere.
    Inland,
    /// From the site's scenery.
    Given { dry: Vec<Vec<P>>, quiet: Vec<Zone> },
    /// Half-way between seeds.
    Grown {
        land: Vec<Seed>,
        water: Vec<Seed>,
        back: (P, P),
    },
}

#[derive(Clone, Debug)]
struct Seed {
    shape: Vec<P>,
    closed: bool,
    margin_m: f64,
}

impl Seed {
    fn distance_m(&self, at: P) -> f64 {
        if self.closed && inside(&self.shape, at) {
            return 0.0;
        }
        (distance_m(&self.shape, self.closed, at) - self.margin_m).max(0.0)
    }
}

impl Coast {
    /// The coast of a world with these quays.
    #[must_use]
    pub fn of(world: &World, quays: &[Quay], seed: u32) -> Self {
        let shore = if quays.is_empty() {
            Shore::Inland
        } else if world.has_land() {
            let dry = world
                .pieces
                .iter()
                .filter(|piece| piece.kind.is_dry())
                .map(|piece| piece.shape.clone())
                .collect();
            Shore::Given {
                dry,
                quiet: world.zones.clone(),
            }
        } else {
            grown(world, quays)
        };
        let afloat = world
            .zones
            .iter()
            .filter(|zone| zone.kind.is_berth() || zone.kind == ZoneKind::Anchorage);
        Self {
            shore,
            surely: afloat.map(|zone| zone.shape.clone()).collect(),
            seed,
        }
    }

    /// Positive on land, negative on water; about metres near the coast.
    #[must_use]
    pub fn signed(&self, at: P) -> f32 {
        let noise = || {
            let (x, y) = (at.x as f32, at.y as f32);
            fbm(self.seed, x / 640.0, y / 640.0, 5, 0.55)
        };
        let signed = match &self.shore {
            Shore::Inland => return 1_000.0,
            Shore::Given { dry, quiet } => {
                let mut signed = f64::MIN;
                for shape in dry {
                    let edge = distance_m(shape, true, at);
                    let this = if inside(shape, at) { edge } else { -edge };
                    signed = signed.max(this);
                }
                let calm = quiet.iter().map(|zone| zone.distance_m(at)).fold(f64::MAX, f64::min);
                let swing = ((calm - 60.0) * 0.12).clamp(0.0, 45.0) as f32;
                signed as f32 + swing * noise()
            }
            Shore::Grown { land, water, back } => {
                let nearest = |seeds: &[Seed]| seeds.iter().map(|seed| seed.distance_m(at)).fold(f64::MAX, f64::min);
                let (middle, sea) = *back;
                let seaward = (at - middle).dot(sea);
                let to_land = nearest(land).min((seaward + 240.0).max(0.0)) as f32;
                let to_water = nearest(water).min((520.0 - seaward).max(0.0)) as f32;
                let swing = to_land.min(to_water).min(COAST_SWING_M);
                to_water - to_land + 1.3 * swing * noise()
            }
        };
        let wet = self.surely.iter().filter(|shape| inside(shape, at));
        let edge = wet.map(|shape| distance_m(shape, true, at)).fold(f64::MAX, f64::min);
        if edge < f64::MAX {
            signed.min(-(edge as f32))
        } else {
            signed
        }
    }
}

fn grown(world: &World, quays: &[Quay]) -> Shore {
    let ashore: Vec<P> = world
        .zones
        .iter()
        .filter(|zone| is_ashore(zone.kind))
        .map(Zone::middle)
        .collect();
    let longest = quays.iter().max_by(|a, b| {
        (!a.pier)
            .cmp(&!b.pier)
            .then((a.to - a.from).norm().total_cmp(&(b.to - b.from).norm()))
    });
    let Some(main) = longest else { return Shore::Inland };
    let (mut land, mut water) = (Vec::new(), Vec::new());
    let seed = |shape: Vec<P>, closed: bool, margin_m: f64| Seed {
        shape,
        closed,
        margin_m,
    };
    for quay in quays {
        let along = (quay.to - quay.from).unit();
        let middle = (quay.from + quay.to) * 0.5;
        let length = (quay.to - quay.from).norm();
        if quay.pier {
            let home = ashore.iter().fold(P::default(), |sum, at| sum + *at) * (1.0 / ashore.len().max(1) as f64);
            let inward = if (home - middle).dot(along) >= 0.0 {
                along
            } else {
                along * -1.0
            };
            let deck = rectangle(
                middle - quay.sea * (quay.depth_m / 2.0) + inward * 150.0,
                along,
                length + 300.0,
                quay.depth_m,
            );
            land.push(seed(deck, true, 0.0));
        } else {
            land.push(seed(
                rectangle(middle - quay.sea * 60.0, along, length, 120.0),
                true,
                0.0,
            ));
        }
        let fairway = rectangle(middle + quay.sea * (FAIRWAY_M / 2.0), along, length + 40.0, FAIRWAY_M);
        water.push(seed(fairway, true, 0.0));
    }
    for zone in &world.zones {
        let margin_m = if zone.kind == ZoneKind::RailTrack { 45.0 } else { 25.0 };
        if is_ashore(zone.kind) {
            land.push(seed(zone.shape.clone(), zone.kind != ZoneKind::RailTrack, margin_m));
        } else {
            water.push(seed(zone.shape.clone(), true, 0.0));
        }
    }
    for piece in world.pieces.iter().filter(|piece| piece.kind == PieceKind::Tank) {
        if area_m2(&piece.shape) > 0.0 {
            land.push(seed(piece.shape.clone(), true, 40.0));
        }
    }
    let middle = (main.from + main.to) * 0.5;
    let sea = if main.pier {
        let home = ashore.iter().fold(P::default(), |sum, at| sum + *at) * (1.0 / ashore.len().max(1) as f64);
        let along = (main.to - main.from).unit();
        if (home - middle).dot(along) >= 0.0 {
            along * -1.0
        } else {
            along
        }
    } else {
        main.sea
    };
    Shore::Grown {
        land,
        water,
        back: (middle, sea),
    }
}
