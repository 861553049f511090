//! Ships from above: wake, shadow, hull, deck and what stands on it, by class.
//!
//! A hull is drawn in its own frame: `u` from the stern (0) to the bow (1), `v` from starboard (-1) to port (1), then turned
//! and moved. What a hull looks like depends on its own seed only, so that the same ship looks the same in every scene.

use quaywatch_protocol::contract::look::VesselClass;

use super::{
    canvas::Spectrum,
    materials::{COAL, DARK, FOAM, GREY, RUST, WHITE, blend, container, paint, scaled},
    math::{Dice, P},
    scenery::{Layer, Layers},
};

/// One hull in a scene.
#[derive(Clone, Debug)]
pub struct Hull {
    /// Middle, metres from the anchor.
    pub middle: P,
    /// Unit vector towards the bow.
    pub bow: P,
    /// Length over all, metres.
    pub length_m: f64,
    /// Beam, metres.
    pub beam_m: f64,
    /// Class.
    pub class: VesselClass,
    /// Colour of hull and deck on a screen.
    pub colour: [u8; 3],
    /// What makes this hull look different from another.
    pub seed: u64,
    /// Speed through the water, metres a second; 0 when moored.
    pub speed_mps: f64,
}

/// Length of hull taken by the bow's taper, share of the length.
const BOW_SHARE: f64 = 0.16;
/// Height of the hull's rim above the water as a share of the beam: for the shadow on the water.
const FREEBOARD_SHARE: f64 = 0.30;

struct Deck<'a> {
    hull: &'a Hull,
    layers: &'a mut Layers,
    dice: Dice,
}

/// Draws a hull into the layer of things afloat.
pub fn draw(hull: &Hull, layers: &mut Layers) {
    let dice = Dice::new(hull.seed, "hull");
    let mut deck = Deck { hull, layers, dice };
    deck.wake();
    deck.hull();
    match hull.class {
        VesselClass::Container => deck.container_ship(),
        VesselClass::Tanker => deck.tanker(),
        VesselClass::Bulk => deck.bulk_carrier(),
        VesselClass::Passenger => deck.passenger_ship(),
        VesselClass::Naval => deck.naval_ship(),
        VesselClass::Fishing | VesselClass::Service | VesselClass::Boat => deck.small_craft(),
        VesselClass::Cargo | VesselClass::Vessel => deck.cargo_ship(),
    }
}

impl Deck<'_> {
    fn at(&self, u: f64, v: f64) -> P {
        let hull = self.hull;
        hull.middle + hull.bow * ((u - 0.5) * hull.length_m) + hull.bow.left() * (v * hull.beam_m / 2.0)
    }

    fn quad(&self, u: [f64; 2], v: [f64; 2]) -> Vec<P> {
        vec![
            self.at(u[0], v[0]),
            self.at(u[1], v[0]),
            self.at(u[1], v[1]),
            self.at(u[0], v[1]),
        ]
    }

    /// The rim, shrunk by `inset_m` on all sides.
    fn outline(&self, inset_m: f64) -> Vec<P> {
        let (du, shrink) = (inset_m / self.hull.length_m, 1.0 - 2.0 * inset_m / self.hull.beam_m);
        let full = |u: f64| {
            // Half breadth along the hull: a rounded stern, straight sides, a bow in the shape of a parabola.
            if u < 0.05 {
                0.72 + 0.28 * (u / 0.05)
            } else if u > 1.0 - BOW_SHARE {
                let t = (u - 1.0 + BOW_SHARE) / BOW_SHARE;
                1.0 - t * t
            } else {
                1.0
            }
        };
        let stations = [0.0, 0.05, 0.5, 0.84, 0.89, 0.93, 0.96, 0.985, 1.0];
        let place = |u: f64| du + u * (1.0 - 2.0 * du);
        let port = stations.iter().map(|&u| self.at(place(u), full(u) * shrink));
        let starboard = stations.iter().rev().map(|&u| self.at(place(u), -full(u) * shrink));
        port.chain(starboard).collect()
    }

    fn cover(&mut self, shape: Vec<P>, colour: Spectrum, grain: f32) {
        self.layers.cover(Layer::Afloat, shape, colour, grain);
    }

    fn solid(&mut self, shape: Vec<P>, height_m: f64, colour: Spectrum) {
        self.layers.shadow(Layer::Afloat, &shape, height_m);
        self.layers.cover(Layer::Afloat, shape, colour, 0.03);
    }

    fn hull(&mut self) {
        let rim = self.outline(0.0);
        self.layers.shadow(
            Layer::Afloat,
            &rim,
            (self.hull.beam_m * FREEBOARD_SHARE).clamp(1.0, 12.0),
        );
        let colour = paint(self.hull.colour);
        // From above the sides show as a narrow rim, darker than the deck.
        self.cover(rim, scaled(colour, 0.85), 0.04);
        let deck = self.outline((self.hull.beam_m * 0.05).clamp(0.3, 1.2));
        let wear = self.dice.range(0.05, 0.30) as f32;
        self.cover(deck, blend(colour, scaled(GREY, 1.1), wear), 0.05);
    }

    /// Bridge and accommodation across the hull, from `u` on, with a funnel behind it.
    fn bridge(&mut self, u: f64, length_share: f64, height_m: f64) {
        let white = scaled(WHITE, self.dice.range(0.6, 0.95) as f32);
        let block = self.quad([u, u + length_share], [-0.82, 0.82]);
        self.solid(block, height_m, white);
        let wings = self.quad([u + length_share * 0.72, u + length_share], [-0.98, 0.98]);
        self.cover(wings, scaled(white, 0.92), 0.02);
        let top = self.quad([u + length_share * 0.25, u + length_share * 0.6], [-0.4, 0.4]);
        self.cover(top, scaled(white, 0.82), 0.02);
        let funnel = self.quad([u - 0.025, u - 0.002], [-0.28, 0.28]);
        let colour = blend(paint(self.hull.colour), DARK, 0.4);
        self.solid(funnel, height_m * 0.9, colour);
    }

    fn cargo_ship(&mut self) {
        let holds = if self.hull.length_m < 75.0 {
            1
        } else if self.hull.length_m < 110.0 {
            2
        } else {
            4
        };
        let (from, to) = (0.22, 0.88);
        let each = (to - from) / f64::from(holds);
        let covers = [
            GREY,
            scaled(RUST, 0.9),
            [0.085, 0.115, 0.095, 0.140],
            scaled(WHITE, 0.55),
            scaled(GREY, 0.75),
        ];
        // Hatch covers mostly share the deck's paint.
        let own = self.dice.range(0.0, 0.8) as f32;
        let colour = blend(
            paint(self.hull.colour),
            self.dice.pick(&covers).copied().unwrap_or(GREY),
            own,
        );
        for hold in 0..holds {
            let u = from + each * f64::from(hold);
            let hatch = self.quad([u + each * 0.10, u + each * 0.92], [-0.66, 0.66]);
            let shade = self.dice.range(0.85, 1.15) as f32;
            self.solid(hatch, 1.8, scaled(colour, shade));
            let panels = (each * self.hull.length_m / 7.0).max(2.0) as u32;
            for panel in 1..panels {
                let seam = u + each * (0.10 + 0.82 * f64::from(panel) / f64::from(panels));
                let width = 0.4 / self.hull.length_m;
                let line = self.quad([seam - width, seam + width], [-0.66, 0.66]);
                self.cover(line, scaled(colour, 0.6), 0.0);
            }
        }
        let cranes = if self.hull.length_m > 85.0 { holds } else { 0 };
        for crane in 0..cranes {
            let u = from + each * f64::from(crane);
            let post = self.quad([u - 0.012, u + 0.012], [-0.16, 0.16]);
            let paint = [0.110, 0.190, 0.250, 0.280];
            self.solid(post, 16.0, paint);
            let jib = self.quad([u, u + each * 0.85], [-0.04, 0.05]);
            self.solid(jib, 12.0, paint);
        }
        self.bridge(0.06, 0.10, 16.0);
        self.forecastle();
    }

    fn forecastle(&mut self) {
        let colour = scaled(blend(paint(self.hull.colour), GREY, 0.5), 1.05);
        let deck = self.quad([0.90, 0.935], [-0.5, 0.5]);
        self.solid(deck, 3.0, colour);
        let winch = self.quad([0.945, 0.955], [-0.2, 0.2]);
        self.cover(winch, DARK, 0.0);
    }

    fn container_ship(&mut self) {
        let bays = ((self.hull.length_m * 0.72) / 13.2).floor().max(1.0);
        let rows = (self.hull.beam_m * 0.94 / 2.5).floor().max(1.0);
        let aft = if self.hull.length_m > 180.0 { 0.20 } else { 0.04 };
        self.cover(self.quad([0.06, 0.90], [-0.94, 0.94]), scaled(DARK, 1.2), 0.05);
        let pitch = 13.2 / self.hull.length_m;
        let full = self.dice.range(0.55, 0.98);
        let mut u = 0.035;
        for _ in 0..(bays as u32 + 2) {
            if u > aft - pitch * 0.6 && u < aft + 0.085 {
                u = aft + 0.088;
            }
            if u + pitch > 0.915 {
                break;
            }
            let narrow = if u + pitch > 1.0 - BOW_SHARE { 0.78 } else { 1.0 };
            let high = self.dice.chance(full);
            let main = container(&mut self.dice, None);
            for row in 0..(rows as u32) {
                let v = -0.94 + 1.88 * f64::from(row) / rows;
                let colour = container(&mut self.dice, Some(main));
                if !self.dice.chance(if high { 0.96 } else { 0.35 }) || (v.abs() > narrow) {
                    continue;
                }
                let stack = self.quad([u, u + 12.2 / self.hull.length_m], [v, v + 1.82 / rows]);
                self.cover(stack, colour, 0.04);
            }
            u += pitch;
        }
        self.bridge(aft + 0.01, 0.055, 28.0);
        self.forecastle();
    }

    fn tanker(&mut self) {
        let colour = blend(paint(self.hull.colour), scaled(RUST, 0.9), 0.35);
        self.cover(self.quad([0.20, 0.90], [-0.86, 0.86]), colour, 0.05);
        let pipes = scaled(GREY, 1.35);
        for v in [-0.16, -0.05, 0.06, 0.16] {
            self.cover(self.quad([0.22, 0.88], [v, v + 0.05]), pipes, 0.03);
        }
        self.cover(self.quad([0.50, 0.535], [-0.85, 0.85]), pipes, 0.05);
        let catwalk = self.quad([0.20, 0.92], [-0.02, 0.03]);
        self.solid(catwalk, 3.0, scaled(WHITE, 0.7));
        for tank in 1..7 {
            let u = 0.20 + 0.70 * f64::from(tank) / 7.0;
            let width = 0.45 / self.hull.length_m;
            self.cover(
                self.quad([u - width, u + width], [-0.86, 0.86]),
                scaled(colour, 1.25),
                0.0,
            );
        }
        let crane = self.quad([0.48, 0.56], [0.22, 0.28]);
        self.solid(crane, 10.0, scaled(WHITE, 0.85));
        self.bridge(0.07, 0.10, 18.0);
        self.forecastle();
    }

    fn bulk_carrier(&mut self) {
        let holds = if self.hull.length_m > 200.0 { 7 } else { 5 };
        let each = 0.70 / f64::from(holds);
        let open = self.dice.chance(0.35);
        for hold in 0..holds {
            let u = 0.20 + each * f64::from(hold);
            let hatch = self.quad([u + each * 0.18, u + each * 0.82], [-0.55, 0.55]);
            let colour = if open {
                blend(DARK, COAL, 0.5)
            } else {
                blend(paint(self.hull.colour), WHITE, 0.45)
            };
            self.solid(hatch, 2.0, colour);
        }
        self.bridge(0.06, 0.09, 20.0);
        self.forecastle();
    }

    fn passenger_ship(&mut self) {
        self.solid(self.quad([0.07, 0.88], [-0.92, 0.92]), 14.0, WHITE);
        self.cover(self.quad([0.10, 0.60], [-0.55, 0.55]), scaled(WHITE, 0.85), 0.06);
        self.cover(self.quad([0.62, 0.84], [-0.7, 0.7]), scaled(WHITE, 1.1), 0.03);
        let funnel = self.quad([0.28, 0.36], [-0.25, 0.25]);
        self.solid(funnel, 22.0, paint(self.hull.colour));
        for boat in 0..8 {
            let u = 0.22 + 0.07 * f64::from(boat);
            for v in [-0.97, 0.87] {
                self.cover(self.quad([u, u + 0.04], [v, v + 0.10]), [0.06, 0.12, 0.30, 0.33], 0.0);
            }
        }
    }

    fn naval_ship(&mut self) {
        let grey = scaled(GREY, 0.9);
        self.cover(self.outline(0.5), scaled(grey, 0.85), 0.03);
        self.solid(self.quad([0.30, 0.46], [-0.7, 0.7]), 12.0, grey);
        self.solid(self.quad([0.52, 0.66], [-0.7, 0.7]), 16.0, scaled(grey, 1.1));
        self.cover(self.quad([0.04, 0.20], [-0.8, 0.8]), scaled(DARK, 1.6), 0.02);
        self.solid(self.quad([0.76, 0.80], [-0.25, 0.25]), 4.0, scaled(grey, 0.8));
    }

    fn small_craft(&mut self) {
        let forward = self.hull.class == VesselClass::Fishing && self.dice.chance(0.5);
        let u = if forward { 0.62 } else { 0.34 };
        self.solid(self.quad([u, u + 0.22], [-0.6, 0.6]), 5.0, WHITE);
        self.cover(self.quad([0.08, 0.28], [-0.6, 0.6]), scaled(GREY, 0.8), 0.1);
    }

    /// Foam behind a moving ship, a turbulent dark band further back, and the two arms of the bow wave.
    fn wake(&mut self) {
        let speed = self.hull.speed_mps;
        if speed < 0.8 {
            return;
        }
        let strength = (speed / 8.0).min(1.0);
        let beams = |u: f64, v: f64| self.at(u, v);
        let mut parts = Vec::new();
        let reach = 38.0 * speed / self.hull.length_m;
        for step in 0..12 {
            let (near, far) = (f64::from(step) / 12.0, f64::from(step + 1) / 12.0);
            let half = |t: f64| 0.22 + 0.55 * t;
            let foam = 0.40 * strength * (1.0 - near) * (1.0 - near);
            let (from, to) = (-near * reach + 0.02, -far * reach + 0.02);
            let shape = vec![
                beams(from, -half(near)),
                beams(from, half(near)),
                beams(to, half(far)),
                beams(to, -half(far)),
            ];
            parts.push((shape, foam));
            for side in [-1.0, 1.0] {
                // Kelvin's wedge: 19.47 degrees either side, tan = 0.354.
                let arm = |t: f64, inner: f64| {
                    let back = t * reach * 0.7 * self.hull.length_m;
                    let out = side * (0.354 * back * inner + self.hull.beam_m * 0.4);
                    self.at(0.97 - back / self.hull.length_m, out * 2.0 / self.hull.beam_m)
                };
                let shape = vec![arm(near, 0.93), arm(near, 1.0), arm(far, 1.0), arm(far, 0.93)];
                parts.push((shape, 0.06 * strength * (1.0 - near)));
            }
        }
        for (shape, opacity) in parts {
            self.layers.tint(Layer::Afloat, shape, FOAM, 0.15, opacity as f32);
        }
    }
}
