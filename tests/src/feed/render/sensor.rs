//! From a painted scene to what a sensor delivers: blur, haze, cloud, noise, whole numbers.
//!
//! The scene is made tile by tile, so that the fine grid of objects stays small. The ground is shaded once a pixel; objects
//! are painted on cells of about 1.5 m and blurred to pixels by the sensor's point spread (a Gaussian times the pixel's own
//! aperture). Sums run in a fixed order, so the same scene has the same bytes everywhere.

use super::{
    canvas::{Canvas, Op, SHADE, Spectrum},
    geo::Grid,
    ground::Shader,
    math::{P, bell, exp_negative, fbm, mix, p, smooth},
    scenery::Layers,
    world::Veil,
};

/// Edge of a tile, pixels.
const TILE_PX: usize = 64;
/// Largest edge of a fine cell, metres: a container is 2.4 m wide.
const CELL_MAX_M: f64 = 2.0;
/// Step of the grid on which the sky is asked for, metres: its finest structure is hundreds of metres wide.
const SKY_STEP_M: f64 = 30.0;
/// Bands.
const BANDS: usize = 4;
/// Planes that go through the blur: four bands, ground showing through, the same in the sun.
const PLANES: usize = BANDS + 2;
/// Light that haze adds, per band: stronger in the blue.
const HAZE: Spectrum = [0.200, 0.175, 0.150, 0.110];
/// Light that clear air leaves after correction, per band.
const AIR: Spectrum = [0.004, 0.002, 0.001, 0.001];
/// Reflectance of thick cloud.
const CLOUD: Spectrum = [0.640, 0.650, 0.640, 0.620];
/// Depth of a shadow on water beside the depth of one on land.
const WATER_SHADOW: f32 = 0.4;
/// Reflectance to number.
const SCALE: f32 = 10_000.0;

/// What a sensor does to a scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optics {
    /// Full width at half maximum of the point spread, pixels, without the pixel's own aperture.
    pub spread_px: f64,
    /// Noise that does not depend on the light, reflectance.
    pub floor: f32,
    /// Noise that grows with the light, share of the reflectance.
    pub relative: f32,
}

impl Optics {
    /// The optics of a sensor by its name and pixel size.
    #[must_use]
    pub fn of(name: &str, gsd_m: f64) -> Self {
        match name {
            // Three-metre doves: softer than their pixel, and noisy.
            "PlanetScope" => Self {
                spread_px: 1.25,
                floor: 0.0018,
                relative: 0.010,
            },
            "Sentinel-2" => Self {
                spread_px: 0.85,
                floor: 0.0006,
                relative: 0.006,
            },
            _ if gsd_m < 5.5 => Self {
                spread_px: 1.1,
                floor: 0.0014,
                relative: 0.009,
            },
            _ => Self {
                spread_px: 0.95,
                floor: 0.0008,
                relative: 0.007,
            },
        }
    }
}

/// Everything the sensor looks at.
pub struct View<'a> {
    /// Pixels.
    pub grid: Grid,
    /// Ground and water.
    pub shader: Shader<'a>,
    /// Objects.
    pub layers: &'a Layers,
    /// Sky over a point.
    pub veil: &'a dyn Fn(P) -> Veil,
    /// Haze, 0..=1.
    pub haze: f32,
    /// Optics.
    pub optics: Optics,
    /// Seed of noise and grain.
    pub seed: u32,
}

/// The scene's pixels, row by row from the north.
#[must_use]
pub fn expose(view: &View<'_>) -> Vec<[u16; BANDS]> {
    let grid = &view.grid;
    let fine = (grid.gsd_m / CELL_MAX_M).ceil().max(2.0) as usize;
    let kernel = kernel(view.optics.spread_px, fine);
    let (columns, rows) = (grid.width.div_ceil(TILE_PX), grid.height.div_ceil(TILE_PX));
    let bins = bins(view, columns, rows);
    let sky = Sky::over(view);
    let mut pixels = vec![[0_u16; BANDS]; grid.width * grid.height];
    for (index, ops) in bins.iter().enumerate() {
        let (left, top) = ((index % columns) * TILE_PX, (index / columns) * TILE_PX);
        let (width, height) = (TILE_PX.min(grid.width - left), TILE_PX.min(grid.height - top));
        let planes = (!ops.is_empty()).then(|| blurred(view, ops, [left, top, width, height], fine, &kernel));
        for row in 0..height {
            for column in 0..width {
                let at = grid.middle_m(left + column, top + row);
                let (mut light, dry) = view.shader.at(at);
                // Water mirrors the sky and scatters light sideways: a shadow on it is thin.
                let thin = WATER_SHADOW + (1.0 - WATER_SHADOW) * dry;
                if let Some(plane) = planes.as_ref().and_then(|planes| planes.get(row * width + column)) {
                    let [blue, green, red, infrared, through, sunlit] = *plane;
                    let objects = [blue, green, red, infrared];
                    for ((band, object), shade) in light.iter_mut().zip(objects).zip(SHADE) {
                        *band = object + *band * (through - thin * (1.0 - shade) * (through - sunlit));
                    }
                }
                let light = sky.through(view, at, light);
                let noise = |band: usize| {
                    let seed = view.seed.wrapping_add(band as u32 * 0x9e37);
                    bell(seed, (left + column) as i32, (top + row) as i32)
                };
                let mut out = [0_u16; BANDS];
                for (band, (out, light)) in out.iter_mut().zip(light).enumerate() {
                    let noisy = light + noise(band) * (view.optics.floor + view.optics.relative * light);
                    *out = (noisy * SCALE + 0.5).clamp(1.0, 65_535.0) as u16;
                }
                if let Some(pixel) = pixels.get_mut((top + row) * grid.width + left + column) {
                    *pixel = out;
                }
            }
        }
    }
    pixels
}

/// The weights of fine cells around a pixel, for one axis: from -1 pixel before it to 1 pixel behind it.
fn kernel(spread_px: f64, fine: usize) -> Vec<f32> {
    let reach = 3 * fine;
    let sigma = spread_px * fine as f64 / 2.354_82;
    let centre = reach as f64 / 2.0;
    let weight = |cell: usize| {
        // Aperture: the mean of the Gaussian over the pixel's own cells.
        let offset = cell as f64 + 0.5 - centre;
        (0..fine)
            .map(|step| {
                let x = (offset - (step as f64 + 0.5 - fine as f64 / 2.0)) / sigma;
                exp_negative(-(x * x / 2.0).min(40.0))
            })
            .sum::<f64>()
    };
    let weights: Vec<f64> = (0..reach).map(weight).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / total) as f32).collect()
}

/// Which operations touch which tile, in order.
fn bins<'a>(view: &View<'a>, columns: usize, rows: usize) -> Vec<Vec<&'a Op>> {
    let mut bins: Vec<Vec<&Op>> = vec![Vec::new(); columns * rows];
    let halo = 2.0;
    for op in view.layers.in_order() {
        let bounds = op.bounds();
        let (west, north) = view.grid.to_px(p(bounds[0], bounds[3]));
        let (east, south) = view.grid.to_px(p(bounds[2], bounds[1]));
        let tile = |px: f64| (px / TILE_PX as f64).floor() as i64;
        for row in tile(north - halo).max(0)..=tile(south + halo).min(rows as i64 - 1) {
            for column in tile(west - halo).max(0)..=tile(east + halo).min(columns as i64 - 1) {
                if let Some(bin) = bins.get_mut(row as usize * columns + column as usize) {
                    bin.push(op);
                }
            }
        }
    }
    bins
}

/// Paints a tile's objects on the fine grid and blurs them to pixels.
fn blurred(view: &View<'_>, ops: &[&Op], tile: [usize; 4], fine: usize, kernel: &[f32]) -> Vec<[f32; PLANES]> {
    let [left, top, width, height] = tile;
    let cell_m = view.grid.gsd_m / fine as f64;
    // One pixel of margin all round: the kernel spans three.
    let corner = view.grid.corner
        + p(
            (left as f64 - 1.0) * view.grid.gsd_m,
            -(top as f64 - 1.0) * view.grid.gsd_m,
        );
    let (columns, rows) = ((width + 2) * fine, (height + 2) * fine);
    let mut canvas = Canvas::new(corner, cell_m, columns, rows, view.seed ^ 0x6a);
    for op in ops {
        canvas.paint(op);
    }
    let mut narrow = vec![[0.0_f32; PLANES]; width * rows];
    for row in 0..rows {
        for column in 0..width {
            let mut sum = [0.0_f32; PLANES];
            let first = row * columns + column * fine;
            let cells = canvas
                .objects
                .iter()
                .zip(&canvas.through)
                .zip(&canvas.sunlit)
                .skip(first);
            for (weight, ((object, through), sunlit)) in kernel.iter().zip(cells) {
                let [blue, green, red, infrared] = *object;
                let values = [blue, green, red, infrared, *through, *sunlit];
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
            if let Some(cell) = narrow.get_mut(row * width + column) {
                *cell = sum;
            }
        }
    }
    let mut out = vec![[0.0_f32; PLANES]; width * height];
    for (index, out) in out.iter_mut().enumerate() {
        let (column, row) = (index % width, index / width);
        let cells = narrow.iter().skip(row * fine * width + column).step_by(width);
        for (weight, values) in kernel.iter().zip(cells) {
            for (out, value) in out.iter_mut().zip(values) {
                *out += weight * value;
            }
        }
    }
    out
}

/// The sky over a scene on a coarse grid.
struct Sky {
    corner: P,
    width: usize,
    height: usize,
    nodes: Vec<Veil>,
}

impl Sky {
    fn over(view: &View<'_>) -> Self {
        let grid = &view.grid;
        let corner = grid.corner + p(-SKY_STEP_M, SKY_STEP_M);
        let width = (grid.width as f64 * grid.gsd_m / SKY_STEP_M).ceil() as usize + 4;
        let height = (grid.height as f64 * grid.gsd_m / SKY_STEP_M).ceil() as usize + 4;
        let place = |index: usize| {
            corner
                + p(
                    (index % width) as f64 * SKY_STEP_M,
                    -((index / width) as f64) * SKY_STEP_M,
                )
        };
        let nodes: Vec<Veil> = (0..width * height).map(|index| (view.veil)(place(index))).collect();
        let clear = nodes.iter().all(|node| node.cloud <= 0.0 && node.shadow <= 0.0);
        Self {
            corner,
            width,
            height,
            nodes: if clear { Vec::new() } else { nodes },
        }
    }

    fn veil(&self, at: P) -> Veil {
        let x = ((at.x - self.corner.x) / SKY_STEP_M).clamp(0.0, (self.width - 2) as f64);
        let y = ((self.corner.y - at.y) / SKY_STEP_M).clamp(0.0, (self.height - 2) as f64);
        let (u, v) = ((x - (x as usize) as f64) as f32, (y - (y as usize) as f64) as f32);
        let first = (y as usize) * self.width + x as usize;
        let node = |step: usize| self.nodes.get(first + step).copied().unwrap_or_default();
        let (a, b, c, d) = (node(0), node(1), node(self.width), node(self.width + 1));
        let field = |get: fn(&Veil) -> f32| mix(mix(get(&a), get(&b), u), mix(get(&c), get(&d), u), v);
        Veil {
            cloud: field(|veil| veil.cloud),
            shadow: field(|veil| veil.shadow),
        }
    }

    fn through(&self, view: &View<'_>, at: P, ground: Spectrum) -> Spectrum {
        let mut light = ground;
        if !self.nodes.is_empty() {
            let veil = self.veil(at);
            if veil.shadow > 0.0 {
                for (band, shade) in light.iter_mut().zip(SHADE) {
                    *band *= 1.0 - veil.shadow * (1.0 - shade);
                }
            }
            if veil.cloud > 0.0 {
                let (x, y) = (at.x as f32, at.y as f32);
                let lumps = fbm(view.seed ^ 0xc1, x / 260.0, y / 260.0, 4, 0.6);
                // Ragged where the sky says half; untouched where it says all or nothing.
                let ragged = veil.cloud + 2.4 * lumps * veil.cloud * (1.0 - veil.cloud);
                let thick = smooth(0.0, 1.0, ragged);
                let lumps = 0.80 + 0.32 * lumps;
                for (band, cloud) in light.iter_mut().zip(CLOUD) {
                    *band = mix(*band, cloud * lumps * (0.72 + 0.28 * thick), thick);
                }
            }
        }
        for ((band, haze), air) in light.iter_mut().zip(HAZE).zip(AIR) {
            *band = *band * (1.0 - 0.8 * view.haze) + haze * view.haze + air;
        }
        light
    }
}
