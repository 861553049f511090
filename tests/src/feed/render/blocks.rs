//! Streets, sheds and houses between the watched zones.
//!
//! Blocks follow the main quay. What a block holds depends on how far the port is and how built-up the place: sheds and lots
//! near the water, houses in town, a farm here and there beyond. Nothing is built on or right beside a watched zone.

use super::{
    canvas::{Spectrum, inside, rectangle},
    coast::Quay,
    materials::{ASPHALT, CONCRETE, FOREST, GREY, SOIL, TILES, WHITE, blend, roof, scaled},
    math::{Dice, P, hash2},
    scenery::{Layer, Layers},
    terrain::Terrain,
    world::World,
    yard,
};

/// Length and breadth of a block with its street, metres.
const BLOCK_M: [f64; 2] = [128.0, 84.0];
/// Width of a street, metres.
const STREET_M: f64 = 8.0;
/// Room kept around watched zones, metres.
const CLEAR_M: f64 = 14.0;
/// Room kept to the water, metres.
const SHORE_M: f32 = 14.0;

/// Fills the land within bounds (west, south, east, north in metres) with blocks.
pub fn lay_out(world: &World, terrain: &Terrain, quays: &[Quay], bounds: [f64; 4], layers: &mut Layers) {
    let along = terrain.along;
    let corners = [
        P {
            x: bounds[0],
            y: bounds[1],
        },
        P {
            x: bounds[2],
            y: bounds[1],
        },
        P {
            x: bounds[2],
            y: bounds[3],
        },
        P {
            x: bounds[0],
            y: bounds[3],
        },
    ];
    let span = |axis: P, step: f64| {
        let places = corners.iter().map(|at| at.dot(axis) / step);
        let (low, high) = places.fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)));
        low.floor() as i32..=high.ceil() as i32
    };
    let site = Site { world, terrain, quays };
    for column in span(along, BLOCK_M[0]) {
        for row in span(along.left(), BLOCK_M[1]) {
            let middle =
                along * ((f64::from(column) + 0.5) * BLOCK_M[0]) + along.left() * ((f64::from(row) + 0.5) * BLOCK_M[1]);
            let outside = middle.x < bounds[0] - 120.0
                || middle.x > bounds[2] + 120.0
                || middle.y < bounds[1] - 120.0
                || middle.y > bounds[3] + 120.0;
            if !outside {
                let seed = u64::from(hash2(0x0b10c, column, row)) ^ world.seed;
                block(&site, middle, &mut Dice::new(seed, "block"), layers);
            }
        }
    }
}

struct Site<'a> {
    world: &'a World,
    terrain: &'a Terrain,
    quays: &'a [Quay],
}

impl Site<'_> {
    /// True when a rectangle is on land and away from watched zones and quay edges.
    fn free(&self, shape: &[P]) -> bool {
        let dry = |at: P| self.terrain.at(at).signed > SHORE_M;
        let middle = shape.iter().fold(P::default(), |sum, at| sum + *at) * (1.0 / shape.len().max(1) as f64);
        if !shape.iter().chain([&middle]).all(|&at| dry(at)) {
            return false;
        }
        let reach = shape.iter().map(|at| (*at - middle).norm()).fold(0.0, f64::max);
        let clear = |at: P, room: f64| self.world.zones.iter().all(|zone| zone.distance_m(at) > room);
        // Far away by the circle, otherwise corner by corner and the zones' own corners.
        let off_zones = clear(middle, reach + CLEAR_M)
            || (shape.iter().chain([&middle]).all(|&at| clear(at, CLEAR_M))
                && self
                    .world
                    .zones
                    .iter()
                    .all(|zone| !zone.shape.iter().any(|&at| inside(shape, at))));
        let off_quays = self.quays.iter().all(|quay| {
            shape
                .iter()
                .all(|&at| super::canvas::distance_m(&[quay.from, quay.to], false, at) > quay.depth_m + 6.0)
        });
        let off_pieces = self
            .world
            .pieces
            .iter()
            .filter(|piece| !piece.kind.is_dry())
            .all(|piece| !inside(&piece.shape, middle) && shape.iter().all(|&at| !inside(&piece.shape, at)));
        off_zones && off_quays && off_pieces
    }
}

fn block(site: &Site<'_>, middle: P, dice: &mut Dice, layers: &mut Layers) {
    let here = site.terrain.at(middle);
    if here.signed < SHORE_M {
        return;
    }
    let (along, across) = (site.terrain.along, site.terrain.along.left());
    let industrial = here.port_m < 620.0 && here.forest < 0.8;
    let settled = f64::from(here.town) * f64::from(1.0 - 0.6 * here.forest);
    if (industrial && dice.chance(0.85)) || dice.chance(settled) {
        streets(site, middle, along, across, layers);
    }
    if industrial {
        works(site, middle, along, across, dice, layers);
    } else if dice.chance(settled) {
        houses(site, middle, along, across, f64::from(here.town), dice, layers);
    } else if here.forest < 0.4 && dice.chance(0.06) {
        let shape = rectangle(
            middle + along * dice.range(-30.0, 30.0),
            along,
            dice.range(18.0, 40.0),
            dice.range(10.0, 16.0),
        );
        build(site, &shape, along, 6.0, roof(dice), dice, layers);
    }
}

fn streets(site: &Site<'_>, middle: P, along: P, across: P, layers: &mut Layers) {
    let colour = scaled(ASPHALT, 1.1);
    let edges = [
        rectangle(
            middle - across * (BLOCK_M[1] / 2.0),
            along,
            BLOCK_M[0] + STREET_M,
            STREET_M,
        ),
        rectangle(
            middle - along * (BLOCK_M[0] / 2.0),
            across,
            BLOCK_M[1] + STREET_M,
            STREET_M,
        ),
    ];
    for shape in edges {
        if site.free(&shape) {
            layers.tint(Layer::Ground, shape, colour, 0.05, 0.9);
        }
    }
}

fn works(site: &Site<'_>, middle: P, along: P, across: P, dice: &mut Dice, layers: &mut Layers) {
    let place = |u: f64, v: f64| middle + along * u + across * v;
    match (dice.unit() * 10.0) as u32 {
        0..=2 => {
            // One long shed.
            let shape = rectangle(
                place(dice.range(-8.0, 8.0), 0.0),
                along,
                dice.range(70.0, 108.0),
                dice.range(26.0, 52.0),
            );
            build(site, &shape, along, dice.range(8.0, 14.0), roof(dice), dice, layers);
        }
        3..=5 => {
            for v in [-20.0, 18.0] {
                let mut u = -48.0;
                while u < 44.0 {
                    let length = dice.range(16.0, 46.0);
                    let shape = rectangle(place(u + length / 2.0, v), along, length, dice.range(14.0, 28.0));
                    if dice.chance(0.8) {
                        build(site, &shape, along, dice.range(5.0, 11.0), roof(dice), dice, layers);
                    }
                    u += length + dice.range(4.0, 14.0);
                }
            }
        }
        6 => lot(site, middle, along, across, dice, layers),
        7 if dice.chance(0.5) => {
            let radius = dice.range(10.0, 17.0);
            for (u, v) in [
                (-40.0, -18.0),
                (0.0, -18.0),
                (40.0, -18.0),
                (-40.0, 19.0),
                (0.0, 19.0),
                (40.0, 19.0),
            ] {
                let at = place(u, v);
                if dice.chance(0.85) && site.free(&rectangle(at, along, 2.4 * radius, 2.4 * radius)) {
                    yard::tank(at, radius * dice.range(0.8, 1.0), dice, layers);
                }
            }
        }
        7 | 8 => {
            // Heaps and open ground.
            let shape = rectangle(middle, along, 104.0, 62.0);
            if site.free(&shape) {
                layers.tint(
                    Layer::Ground,
                    shape,
                    scaled(SOIL, dice.range(0.5, 1.2) as f32),
                    0.08,
                    0.8,
                );
            }
        }
        _ => {
            let shape = rectangle(place(-22.0, 0.0), across, 56.0, 36.0);
            build(site, &shape, across, 9.0, roof(dice), dice, layers);
            let shape = rectangle(place(34.0, 6.0), along, 30.0, 22.0);
            build(site, &shape, along, 14.0, roof(dice), dice, layers);
        }
    }
}

fn lot(site: &Site<'_>, middle: P, along: P, across: P, dice: &mut Dice, layers: &mut Layers) {
    let shape = rectangle(middle, along, 110.0, 66.0);
    if !site.free(&shape) {
        return;
    }
    let base = blend(ASPHALT, CONCRETE, dice.unit() as f32);
    layers.cover(Layer::Ground, shape, base, 0.04);
    for line in 0..5 {
        let v = f64::from(line) * 13.0 - 26.0;
        for slot in 0..34 {
            if dice.chance(0.45) {
                let at = middle + along * (f64::from(slot) * 3.1 - 51.0) + across * v;
                let colour: Spectrum = scaled(WHITE, dice.range(0.12, 0.9) as f32);
                layers.cover(Layer::Standing, rectangle(at, across, 4.6, 1.9), colour, 0.05);
            }
        }
    }
}

fn houses(site: &Site<'_>, middle: P, along: P, across: P, town: f64, dice: &mut Dice, layers: &mut Layers) {
    let blocks_of_flats = dice.chance(0.25 * town);
    for v in [-24.0, 2.0, 26.0] {
        let mut u = -54.0;
        while u < 50.0 {
            let (length, width, height) = if blocks_of_flats {
                (dice.range(34.0, 70.0), dice.range(11.0, 14.0), dice.range(9.0, 18.0))
            } else {
                (dice.range(8.0, 17.0), dice.range(7.0, 11.0), dice.range(3.5, 7.0))
            };
            let at = middle + along * (u + length / 2.0) + across * (v + dice.range(-3.0, 3.0));
            let colour = if blocks_of_flats || dice.chance(0.45) {
                roof(dice)
            } else {
                scaled(TILES, dice.range(0.7, 1.1) as f32)
            };
            if dice.chance(if blocks_of_flats { 0.55 } else { 0.82 }) {
                build(
                    site,
                    &rectangle(at, along, length, width),
                    along,
                    height,
                    colour,
                    dice,
                    layers,
                );
            }
            if dice.chance(0.4) {
                let tree = super::canvas::disc(
                    at + across * (width * 0.9) + along * dice.range(-5.0, 5.0),
                    dice.range(2.0, 4.5),
                );
                layers.tint(Layer::GroundShadow, tree, FOREST, 0.2, 0.7);
            }
            u += length + dice.range(3.0, 12.0);
        }
    }
}

/// A building: shadow, two halves of a roof lit differently, a few things on top.
fn build(
    site: &Site<'_>,
    shape: &[P],
    along: P,
    height_m: f64,
    colour: Spectrum,
    dice: &mut Dice,
    layers: &mut Layers,
) {
    if !site.free(shape) {
        return;
    }
    roofed(shape, along, height_m, colour, dice, layers);
}

/// Draws a building on this rectangle, wherever it stands.
pub fn roofed(shape: &[P], along: P, height_m: f64, colour: Spectrum, dice: &mut Dice, layers: &mut Layers) {
    layers.solid(shape.to_vec(), height_m, colour, 0.03);
    let [a, b, c, d] = shape else { return };
    let towards_sun = layers.shadow_per_m.unit() * -1.0;
    let gain = 1.0 - 0.16 * towards_sun.dot(along.left()) as f32;
    let (left, right) = ((*a + *d) * 0.5, (*b + *c) * 0.5);
    layers.cover(Layer::Standing, vec![*a, *b, right, left], scaled(colour, gain), 0.03);
    let (length, width) = ((*b - *a).norm(), (*d - *a).norm());
    if length * width > 500.0 {
        for _ in 0..dice.range(1.0, 6.0) as u32 {
            let at = *a + (*b - *a) * dice.range(0.1, 0.9) + (*d - *a) * dice.range(0.2, 0.8);
            let size = dice.range(2.0, 5.0);
            layers.cover(
                Layer::Standing,
                rectangle(at, along, size * 1.6, size),
                scaled(GREY, dice.range(0.6, 1.9) as f32),
                0.0,
            );
        }
    }
}
