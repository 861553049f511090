//! The ground and the water, pixel by pixel, as the sensor would see them without anything on top.

use super::{
    canvas::Spectrum,
    materials::{
        ASPHALT, BARE_TREES, CLEAR_WATER, FOREST, GRASS, ROCK, SAND, SNOW, SOIL, STRAW, TURBID_WATER, blend, scaled,
    },
    math::{P, derive, fbm, hash2, mix, noise, smooth, unit},
    terrain::{Sample, Terrain},
};

/// Length and breadth of a field, metres.
const FIELD_M: [f32; 2] = [210.0, 120.0];
/// Width of a beach or a rocky shore, metres.
const SHORE_M: f32 = 22.0;

/// Shades the ground of one scene.
#[derive(Clone, Debug)]
pub struct Shader<'a> {
    /// Slow fields.
    pub terrain: &'a Terrain,
    /// Edge of a pixel, metres.
    pub gsd_m: f32,
    /// How green plants are, 0..=1.
    pub green: f32,
    /// Snow, 0..=1.
    pub snow: f32,
    /// Roughness of the sea, 0..=1.
    pub wind: f32,
    /// Direction the waves run.
    pub waves: P,
    /// Colour of quays and yards.
    pub paving: Spectrum,
    /// Seed of the place.
    pub place: u32,
    /// Seed of the moment.
    pub moment: u32,
}

impl Shader<'_> {
    /// Reflectance of land or water at a point, and the share of it that is land.
    #[must_use]
    pub fn at(&self, at: P) -> (Spectrum, f32) {
        let sample = self.terrain.at(at);
        // The coast is as soft as half a pixel.
        let dry = smooth(-0.6 * self.gsd_m, 0.6 * self.gsd_m, sample.signed);
        let colour = if dry <= 0.0 {
            self.water(at, &sample)
        } else if dry >= 1.0 {
            self.land(at, &sample)
        } else {
            blend(self.water(at, &sample), self.land(at, &sample), dry)
        };
        (colour, dry)
    }

    fn water(&self, at: P, sample: &Sample) -> Spectrum {
        let (x, y) = (at.x as f32, at.y as f32);
        let across = (at.dot(self.waves.left())) as f32;
        let along = (at.dot(self.waves)) as f32;
        // Swell of about 40 m under chop of about 9 m; a pixel averages what is finer than itself.
        let bend = 12.0 * noise(self.moment ^ 0x31, x / 300.0, y / 300.0);
        let swell = noise(self.moment, (along + bend) / 22.0, across / 90.0) * (11.0 / (8.0 + self.gsd_m)).min(1.0);
        let chop = noise(self.moment ^ 0x9d, along / 6.0, across / 12.0) * (3.0 / self.gsd_m).min(1.0);
        let open = smooth(0.0, -250.0, sample.signed);
        let waves = 1.0 + self.wind * ((0.05 + 0.13 * open) * swell + 0.16 * chop);
        let glint = sample.glint * waves * (1.0 - 0.75 * sample.slick);
        let body = blend(CLEAR_WATER, TURBID_WATER, sample.mud);
        let depth = 1.0 + 0.03 * self.wind * swell + 0.04 * smooth(-40.0, 0.0, sample.signed);
        // Near the shore the bottom shows a little, in green most.
        let shoal = 0.012 * smooth(-30.0, 0.0, sample.signed) * sample.port_m.min(200.0) / 200.0;
        [
            body[0] * depth + glint + 0.6 * shoal,
            body[1] * depth + glint + shoal,
            body[2] * depth + glint + 0.8 * shoal,
            body[3] * depth + 0.95 * glint + 0.3 * shoal,
        ]
    }

    fn land(&self, at: P, sample: &Sample) -> Spectrum {
        let (x, y) = (at.x as f32, at.y as f32);
        let rough = fbm(self.place ^ 0x11, x / 34.0, y / 34.0, 3, 0.6);
        let fine = noise(self.place ^ 0x12, x / 7.0, y / 7.0);
        let mut colour = self.country(at, sample, rough, fine);
        let town = self.town(rough, fine);
        colour = blend(colour, town, sample.town * 0.85);
        let paved = smooth(190.0, 40.0, sample.port_m + 70.0 * rough);
        colour = blend(colour, self.port(x, y, rough, fine), paved);
        let natural = smooth(60.0, 140.0, sample.port_m);
        let shore = smooth(SHORE_M, 0.3 * SHORE_M, sample.signed + 8.0 * rough) * (0.25 + 0.75 * natural);
        let sandy = smooth(-0.1, 0.25, noise(self.place ^ 0x13, x / 800.0, y / 800.0));
        colour = blend(colour, blend(ROCK, SAND, sandy), shore);
        let lit = sample.relief * (1.0 + 0.07 * fine + 0.08 * rough);
        colour = scaled(colour, lit);
        if self.snow > 0.0 {
            let cleared = 0.55 * paved + 0.25 * sample.town;
            let under_trees = 0.5 * sample.forest * (1.0 - sample.town);
            let lying = self.snow * (1.0 - cleared) * (1.0 - under_trees) * (1.0 + 0.35 * rough) - 0.25 * shore;
            colour = blend(
                colour,
                scaled(SNOW, lit * mix(1.0, 0.8, sample.town)),
                lying.clamp(0.0, 0.95),
            );
        }
        colour
    }

    fn port(&self, x: f32, y: f32, rough: f32, fine: f32) -> Spectrum {
        let patch = noise(self.place ^ 0x21, x / 95.0, y / 95.0) + 0.35 * rough;
        let base = blend(self.paving, scaled(ASPHALT, 1.25), smooth(-0.15, 0.25, patch));
        let dusty = smooth(0.15, 0.55, noise(self.place ^ 0x22, x / 160.0, y / 160.0));
        scaled(blend(base, SOIL, 0.55 * dusty), 1.0 + 0.05 * fine)
    }

    fn town(&self, rough: f32, fine: f32) -> Spectrum {
        let plants = blend(STRAW, GRASS, self.green);
        let yards = blend(scaled(ASPHALT, 1.35), scaled(SOIL, 1.05), smooth(-0.4, 0.5, rough));
        blend(yards, plants, 0.55 * smooth(-0.1, 0.6, fine + 0.5 * rough))
    }

    fn country(&self, at: P, sample: &Sample, rough: f32, fine: f32) -> Spectrum {
        let (u, v) = (
            at.dot(self.terrain.along) as f32,
            at.dot(self.terrain.along.left()) as f32,
        );
        // Fields: a bent grid, each cell with its own crop.
        let bend = 45.0 * noise(self.place ^ 0x41, u / 500.0, v / 500.0);
        let (column, row) = ((u + bend) / FIELD_M[0], (v - bend) / FIELD_M[1]);
        let crop = unit(hash2(self.place ^ 0x42, column.floor() as i32, row.floor() as i32));
        let grown = blend(STRAW, GRASS, self.green * (0.55 + 0.45 * crop));
        let field = if crop < 0.3 {
            blend(SOIL, grown, 0.25)
        } else {
            scaled(grown, 0.8 + 0.4 * crop)
        };
        let edge = |share: f32, size: f32| ((share - share.floor()).min(share.ceil() - share)) * size;
        let hedge = smooth(7.0, 3.0, edge(column, FIELD_M[0]).min(edge(row, FIELD_M[1])));
        let trees = blend(BARE_TREES, FOREST, self.green);
        let crowns = scaled(trees, 1.0 + 0.30 * fine + 0.18 * rough);
        let wood = smooth(0.35, 0.6, sample.forest + 0.14 * rough);
        let field = blend(field, crowns, 0.55 * hedge);
        blend(field, crowns, wood)
    }
}

/// Seeds of the shader for a place and a moment.
#[must_use]
pub fn seeds(place: u64, moment: u64) -> (u32, u32) {
    (derive(place, "ground"), derive(moment, "sea"))
}
