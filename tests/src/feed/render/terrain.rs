//! Slow fields of a place on a coarse grid: land, nearness to the port, town, forest, relief, mud, glint.
//!
//! They change over tens of metres, so they are computed every twenty metres and interpolated for every pixel.

use super::{
    canvas::distance_m,
    coast::{Coast, Quay},
    math::{P, derive, fbm, mix, noise, p, smooth},
    world::{PieceKind, World},
};

/// Step of the coarse grid, metres.
const STEP_M: f64 = 20.0;
/// Fields kept.
const FIELDS: usize = 8;
/// Farthest that nearness to the port is told, metres.
const PORT_REACH_M: f64 = 4_000.0;

/// The fields at one point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Positive on land, about metres near the coast.
    pub signed: f32,
    /// Metres to the nearest quay, apron, track or store.
    pub port_m: f32,
    /// How built-up, 0..=1.
    pub town: f32,
    /// How wooded, 0..=1.
    pub forest: f32,
    /// Light on the slope, about 1.
    pub relief: f32,
    /// Mud in the water, 0..=1.
    pub mud: f32,
    /// Sun glint and sky on the water, reflectance.
    pub glint: f32,
    /// Calm streaks, 0..=1.
    pub slick: f32,
}

/// The fields over a scene.
#[derive(Clone, Debug)]
pub struct Terrain {
    corner: P,
    width: usize,
    height: usize,
    nodes: Vec<[f32; FIELDS]>,
    /// Direction of the main quay: streets follow it.
    pub along: P,
}

impl Terrain {
    /// The fields of a world within bounds (west, south, east, north in metres); `wind` is 0 calm to 1 rough.
    #[must_use]
    pub fn of(world: &World, coast: &Coast, quays: &[Quay], bounds: [f64; 4], sun: P, wind: f32, moment: u64) -> Self {
        let corner = p(bounds[0] - STEP_M, bounds[3] + STEP_M);
        let width = ((bounds[2] - corner.x) / STEP_M).ceil() as usize + 2;
        let height = ((corner.y - bounds[1]) / STEP_M).ceil() as usize + 2;
        let fields = Fields::new(world, coast, quays, sun, wind, moment);
        let nodes = (0..width * height)
            .map(|index| {
                let (column, row) = (index % width, index / width);
                fields.at(corner + p(column as f64 * STEP_M, -(row as f64) * STEP_M))
            })
            .collect();
        let longest = quays
            .iter()
            .max_by(|a, b| (a.to - a.from).norm().total_cmp(&(b.to - b.from).norm()));
        let track = world
            .zones
            .iter()
            .find_map(|zone| Some(*zone.shape.get(1)? - *zone.shape.first()?));
        let along = longest
            .map(|quay| quay.to - quay.from)
            .or(track)
            .unwrap_or(p(1.0, 0.3))
            .unit();
        Self {
            corner,
            width,
            height,
            nodes,
            along,
        }
    }

    /// The fields at a point; outside the bounds those of the edge.
    #[must_use]
    pub fn at(&self, at: P) -> Sample {
        let x = ((at.x - self.corner.x) / STEP_M).clamp(0.0, (self.width - 2) as f64 + 0.999);
        let y = ((self.corner.y - at.y) / STEP_M).clamp(0.0, (self.height - 2) as f64 + 0.999);
        let (column, row) = (x as usize, y as usize);
        let (u, v) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let first = row * self.width + column;
        let zero = [0.0; FIELDS];
        let node = |index: usize| self.nodes.get(index).unwrap_or(&zero);
        let (a, b) = (node(first), node(first + 1));
        let (c, d) = (node(first + self.width), node(first + self.width + 1));
        let mut out = [0.0; FIELDS];
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = mix(mix(*a, *b, u), mix(*c, *d, u), v);
        }
        let [signed, port_m, town, forest, relief, mud, glint, slick] = out;
        Sample {
            signed,
            port_m,
            town,
            forest,
            relief,
            mud,
            glint,
            slick,
        }
    }
}

struct Fields<'a> {
    world: &'a World,
    coast: &'a Coast,
    quays: &'a [Quay],
    sun: P,
    wind: f32,
    seeds: [u32; 6],
    muddy: f32,
}

impl<'a> Fields<'a> {
    fn new(world: &'a World, coast: &'a Coast, quays: &'a [Quay], sun: P, wind: f32, moment: u64) -> Self {
        let site = |name: &str| derive(world.seed, name);
        let seeds = [
            site("town"),
            site("forest"),
            site("hill"),
            derive(moment, "mud"),
            derive(moment, "glint"),
            derive(moment, "slick"),
        ];
        // Most harbours have fairly clear water, some brown.
        let muddy = super::math::unit(site("muddy"));
        let muddy = muddy * muddy;
        Self {
            world,
            coast,
            quays,
            sun,
            wind,
            seeds,
            muddy,
        }
    }

    fn at(&self, at: P) -> [f32; FIELDS] {
        let [town_seed, forest_seed, hill_seed, mud_seed, glint_seed, slick_seed] = self.seeds;
        let (x, y) = (at.x as f32, at.y as f32);
        let signed = self.coast.signed(at);
        let port_m = self.port_m(at);
        let town = smooth(
            -0.12,
            0.20,
            fbm(town_seed, x / 1_300.0, y / 1_300.0, 3, 0.5) + 0.45 * smooth(2_200.0, 300.0, port_m),
        );
        let forest = smooth(
            -0.02,
            0.22,
            fbm(forest_seed, x / 900.0, y / 900.0, 4, 0.55) - 0.35 * town,
        );
        let planted = self
            .world
            .pieces
            .iter()
            .any(|piece| piece.kind == PieceKind::Trees && super::canvas::inside(&piece.shape, at));
        let (forest, town) = if planted {
            (forest.max(0.9), 0.0)
        } else {
            (forest, town)
        };
        let tall = smooth(150.0, 1_200.0, port_m) * (1.0 - 0.7 * town);
        let height = |dx: f32, dy: f32| 90.0 * tall * fbm(hill_seed, (x + dx) / 1_500.0, (y + dy) / 1_500.0, 4, 0.5);
        // Slope towards the sun brightens: finite differences over forty metres, rise per metre times about one radian.
        let rise = ((height(20.0, 0.0) - height(-20.0, 0.0)) * self.sun.x as f32
            + (height(0.0, 20.0) - height(0.0, -20.0)) * self.sun.y as f32)
            / 40.0;
        let relief = (1.0 - 1.5 * rise).clamp(0.55, 1.4);
        let offshore = (-signed).max(0.0);
        let patches = fbm(mud_seed, x / 1_100.0, y / 1_100.0, 4, 0.55);
        let mud = (0.7 * self.muddy
            + 0.5 * self.muddy.max(0.15) * smooth(700.0, 0.0, offshore + 400.0 * patches)
            + 0.22 * patches)
            .clamp(0.0, 1.0);
        let gusts = fbm(glint_seed, x / 900.0, y / 500.0, 4, 0.6);
        let sheltered = smooth(0.0, 500.0, offshore);
        let glint = (0.001 + 0.007 * self.wind * (0.45 + 0.55 * sheltered) * (1.0 + 0.9 * gusts)).max(0.0);
        // Slicks: narrow lines where two slow noises cross, wound by a third.
        let bend = 160.0 * noise(slick_seed, x / 420.0, y / 420.0);
        let line = fbm(slick_seed ^ 0x77, (x + bend) / 700.0, (y - bend) / 1_400.0, 3, 0.5).abs();
        let broken = smooth(0.0, 0.35, fbm(slick_seed ^ 0x1f, x / 800.0, y / 800.0, 3, 0.6));
        let slick = smooth(0.035, 0.0, line) * smooth(60.0, 400.0, offshore) * broken;
        [signed, port_m, town, forest, relief, mud, glint, slick]
    }

    fn port_m(&self, at: P) -> f32 {
        let zones = self.world.zones.iter().map(|zone| zone.distance_m(at));
        let quays = self
            .quays
            .iter()
            .map(|quay| distance_m(&[quay.from, quay.to], false, at));
        let fixed = self
            .world
            .pieces
            .iter()
            .filter(|piece| matches!(piece.kind, PieceKind::Pier | PieceKind::Tank | PieceKind::Roof));
        let fixed = fixed.map(|piece| distance_m(&piece.shape, true, at));
        zones.chain(quays).chain(fixed).fold(PORT_REACH_M, f64::min) as f32
    }
}
