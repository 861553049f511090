//! What works in a harbour: quays, tracks, cars, container rows, cranes, tanks, aircraft.

use super::{
    canvas::{Spectrum, disc, rectangle},
    coast::Quay,
    materials::{ASPHALT, BALLAST, COAL, DARK, GREY, RUST, WHITE, blend, container, paint, scaled},
    math::{Dice, P},
    scenery::{Layer, Layers, strips},
};

/// Width of a track bed, metres: sleepers 2.7 m and the shoulders of the ballast.
const TRACK_BED_M: f64 = 4.6;
/// Width of a car, metres.
const CAR_WIDTH_M: f64 = 3.1;
/// Room that the couplers take between two cars, metres.
const COUPLER_GAP_M: f64 = 1.0;
/// A forty-foot container, metres.
const BOX_LENGTH_M: f64 = 12.19;
/// Width of a container, metres.
const BOX_WIDTH_M: f64 = 2.44;

/// Kind of a railway car, as far as it shows from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarLook {
    /// A tank with a bright ridge.
    Tank,
    /// A closed roof.
    Box,
    /// A load in a frame.
    Open,
    /// A locomotive.
    Locomotive,
}

/// One railway car.
#[derive(Clone, Debug)]
pub struct Car {
    /// Middle, metres from the anchor.
    pub middle: P,
    /// Direction of the track.
    pub along: P,
    /// Length over couplers, metres.
    pub length_m: f64,
    /// What it looks like.
    pub look: CarLook,
}

/// A row of containers or a stack.
#[derive(Clone, Debug)]
pub struct Row {
    /// Outline, metres from the anchor.
    pub shape: Vec<P>,
    /// Height, metres.
    pub height_m: f64,
    /// Colour on a screen.
    pub colour: [u8; 3],
    /// What makes this row different from another.
    pub seed: u64,
}

/// Draws a track's bed and rails.
pub fn track(line: &[P], layers: &mut Layers) {
    for strip in strips(line, TRACK_BED_M) {
        layers.cover(Layer::Ground, strip, BALLAST, 0.10);
    }
    for strip in strips(line, 2.2) {
        layers.cover(Layer::Ground, strip, scaled(BALLAST, 0.82), 0.08);
    }
}

/// Draws a car.
pub fn car(car: &Car, dice: &mut Dice, layers: &mut Layers) {
    let body = (car.length_m - COUPLER_GAP_M).max(2.0);
    let part =
        |middle: f64, length: f64, width: f64| rectangle(car.middle + car.along * middle, car.along, length, width);
    match car.look {
        CarLook::Tank => {
            let tone = if dice.chance(0.6) {
                scaled(DARK, 1.3)
            } else {
                scaled(GREY, 1.25)
            };
            layers.solid(part(0.0, body, 3.0), 4.0, scaled(DARK, 1.1), 0.03);
            layers.cover(Layer::Standing, part(0.0, body - 1.4, 2.9), tone, 0.03);
            // The sky on the round top.
            layers.cover(Layer::Standing, part(0.0, body - 2.0, 1.1), scaled(tone, 1.9), 0.02);
        }
        CarLook::Box => {
            let roofs = [
                scaled(RUST, 0.85),
                scaled(GREY, 1.5),
                [0.075, 0.085, 0.12, 0.16],
                scaled(WHITE, 0.6),
            ];
            let roof = dice.pick(&roofs).copied().unwrap_or(RUST);
            layers.solid(part(0.0, body, CAR_WIDTH_M), 4.5, roof, 0.04);
        }
        CarLook::Open => {
            let loads = [COAL, scaled(RUST, 0.8), scaled(GREY, 0.7), [0.07, 0.085, 0.10, 0.13]];
            let load = dice.pick(&loads).copied().unwrap_or(COAL);
            layers.solid(part(0.0, body, CAR_WIDTH_M), 3.4, scaled(RUST, 0.8), 0.04);
            layers.cover(Layer::Standing, part(0.0, body - 0.9, CAR_WIDTH_M - 0.7), load, 0.08);
        }
        CarLook::Locomotive => {
            let paints = [
                [0.05, 0.095, 0.06, 0.15],
                [0.05, 0.055, 0.17, 0.22],
                [0.15, 0.09, 0.05, 0.12],
            ];
            let hood = dice.pick(&paints).copied().unwrap_or(RUST);
            layers.solid(part(0.0, body, CAR_WIDTH_M), 4.8, hood, 0.03);
            layers.cover(
                Layer::Standing,
                part(body * 0.22, 3.2, CAR_WIDTH_M),
                scaled(WHITE, 0.75),
                0.0,
            );
        }
    }
}

/// Draws a row of containers: boxes side by side and end to end, all of the outline's area.
pub fn row(row: &Row, layers: &mut Layers) {
    let [a, b, c, d] = row.shape.as_slice() else {
        layers.solid(row.shape.clone(), row.height_m, paint(row.colour), 0.12);
        return;
    };
    let mut dice = Dice::new(row.seed, "row");
    layers.shadow(Layer::Standing, &row.shape, row.height_m);
    // The outline's own corners carry the row, so that its area is what the truth says.
    let at = |u: f64, v: f64| (*a * (1.0 - u) + *b * u) * (1.0 - v) + (*d * (1.0 - u) + *c * u) * v;
    let (length, width) = ((*b - *a).norm(), (*d - *a).norm());
    let (count, files) = if length >= width {
        (
            (length / BOX_LENGTH_M).round().max(1.0),
            (width / BOX_WIDTH_M).round().max(1.0),
        )
    } else {
        (
            (length / BOX_WIDTH_M).round().max(1.0),
            (width / BOX_LENGTH_M).round().max(1.0),
        )
    };
    let wanted = Some(paint(row.colour));
    for i in 0..(count as u32) {
        for j in 0..(files as u32) {
            let (u, v) = (f64::from(i) / count, f64::from(j) / files);
            let (du, dv) = (0.985 / count, 0.985 / files);
            let shape = vec![at(u, v), at(u + du, v), at(u + du, v + dv), at(u, v + dv)];
            layers.cover(Layer::Standing, shape, container(&mut dice, wanted), 0.04);
        }
    }
}

/// Draws a quay: its deck, its edge, the crane rails.
pub fn quay(quay: &Quay, paving: Spectrum, layers: &mut Layers) {
    let (from, to, land) = (quay.from, quay.to, quay.sea * -1.0);
    let strip = |near: f64, far: f64| vec![from + land * near, to + land * near, to + land * far, from + land * far];
    layers.cover(Layer::Ground, strip(0.0, quay.depth_m), paving, 0.05);
    layers.cover(Layer::Ground, strip(-1.4, 1.4), scaled(paving, 0.45), 0.05);
    for rail in [4.0, 22.0] {
        if rail < quay.depth_m - 4.0 {
            layers.cover(Layer::Ground, strip(rail, rail + 0.7), scaled(paving, 0.7), 0.05);
        }
    }
    let joints = ((to - from).norm() / 40.0) as u32;
    for joint in 1..=joints {
        let middle = from + (to - from).unit() * (f64::from(joint) * 40.0 - 12.0) + land * (quay.depth_m / 2.0);
        let patch = rectangle(middle, land, quay.depth_m, 14.0);
        let shade = if joint % 3 == 0 {
            scaled(ASPHALT, 1.3)
        } else {
            scaled(paving, 0.93)
        };
        layers.tint(Layer::Ground, patch, shade, 0.05, 0.6);
    }
}

/// Draws a ship-to-shore crane on the quay at `foot` (on the quay line), its boom over the water when it works.
pub fn gantry(foot: P, sea: P, working: bool, dice: &mut Dice, layers: &mut Layers) {
    let paints: [Spectrum; 4] = [
        [0.06, 0.07, 0.22, 0.28],
        [0.20, 0.14, 0.08, 0.17],
        scaled(WHITE, 0.8),
        [0.05, 0.20, 0.28, 0.32],
    ];
    let colour = dice.pick(&paints).copied().unwrap_or(WHITE);
    let along = sea.left();
    for side in [-8.5, 8.5] {
        for back in [3.5, 21.5] {
            let leg = rectangle(foot - sea * back + along * side, along, 2.2, 1.6);
            layers.shadow(Layer::Tall, &leg, 38.0);
            layers.cover(Layer::Tall, leg, colour, 0.02);
        }
        let beam = rectangle(foot - sea * 12.5 + along * side, sea, 20.0, 1.4);
        layers.raised(beam, 30.0, colour);
    }
    let (front, rear) = (if working { 36.0 } else { 4.0 }, 34.0);
    for side in [-2.2, 2.2] {
        let boom = rectangle(
            foot + sea * ((front - rear) / 2.0) + along * side,
            sea,
            front + rear,
            1.5,
        );
        layers.raised(boom, 36.0, colour);
    }
    let house = rectangle(foot - sea * 24.0, sea, 9.0, 6.5);
    layers.raised(house, 40.0, blend(colour, WHITE, 0.5));
}

/// Draws a small slewing crane.
pub fn slewing_crane(foot: P, dice: &mut Dice, layers: &mut Layers) {
    let turn = dice.range(0.0, 360.0);
    let jib = super::math::compass(turn);
    let colour = [0.05, 0.17, 0.24, 0.28];
    layers.raised(rectangle(foot, jib, 6.0, 6.0), 14.0, colour);
    layers.raised(rectangle(foot + jib * 15.0, jib, 26.0, 1.4), 20.0, colour);
}

/// Draws an oil tank.
pub fn tank(middle: P, radius_m: f64, dice: &mut Dice, layers: &mut Layers) {
    let white = scaled(WHITE, dice.range(0.75, 1.1) as f32);
    let floating = dice.chance(0.5);
    layers.solid(disc(middle, radius_m), 12.0, white, 0.02);
    if floating {
        let depth = dice.range(1.0, 8.0);
        let inner = radius_m * 0.94;
        layers.cover(Layer::Standing, disc(middle, inner), scaled(GREY, 0.8), 0.04);
        // The rim's shadow on the roof leaves a bright moon away from the sun.
        let moon = disc(middle + layers.shadow_per_m * (depth * 0.5), inner * 0.9);
        layers.cover(Layer::Standing, moon, scaled(GREY, 1.7), 0.03);
    } else {
        layers.cover(Layer::Standing, disc(middle, radius_m * 0.25), scaled(white, 0.85), 0.0);
    }
}

/// Draws a parked aircraft.
pub fn aircraft(middle: P, nose: P, span_m: f64, layers: &mut Layers) {
    let body = rectangle(middle, nose, span_m * 1.05, span_m * 0.12);
    let wing = rectangle(middle, nose.left(), span_m, span_m * 0.16);
    let tail = rectangle(
        middle - nose * (span_m * 0.46),
        nose.left(),
        span_m * 0.36,
        span_m * 0.09,
    );
    for shape in [wing, tail, body] {
        layers.solid(shape, 4.0, scaled(WHITE, 0.95), 0.02);
    }
}
