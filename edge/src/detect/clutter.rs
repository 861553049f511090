//! Sea clutter around a pixel, and where there is land, for the radar detector.

use super::blobs::blobs;

/// Half side of the guard square, pixels of 10 m: a hull of 440 m is no clutter of its own.
const GUARD_PX: usize = 22;
/// Half side of the outer square, pixels.
const OUTER_PX: usize = 36;
/// Least clutter pixels in a ring.
const CLUTTER_MIN: f64 = 200.0;
/// Half side of the smoothing window of the land mask, pixels.
const SMOOTH_PX: usize = 4;
/// Least distance between the mean brightness of land and sea, dB.
const LAND_CONTRAST_DB_MIN: f64 = 5.0;
/// Least land area, pixels of 10 m: 0.3 square kilometres; a crowd of ships is no land.
const LAND_PIXELS_MIN: usize = 3_000;
/// Pixels by which land is grown: quays and their cranes.
const LAND_GROWN_PX: usize = 4;

/// Sums over any rectangle in constant time.
struct Sums {
    width: usize,
    sums: Vec<f64>,
}

impl Sums {
    fn new(values: impl Iterator<Item = f64>, width: usize, height: usize) -> Self {
        let stride = width + 1;
        let mut sums = vec![0.0; stride * (height + 1)];
        let mut row = 0.0;
        for (index, value) in values.take(width * height).enumerate() {
            let (x, y) = (index % width, index / width);
            row = if x == 0 { value } else { row + value };
            let above = sums.get(y * stride + x + 1).copied().unwrap_or(0.0);
            if let Some(slot) = sums.get_mut((y + 1) * stride + x + 1) {
                *slot = above + row;
            }
        }
        Self { width: stride, sums }
    }

    fn over(&self, (left, top, right, bottom): (usize, usize, usize, usize)) -> f64 {
        let at = |x: usize, y: usize| self.sums.get(y * self.width + x).copied().unwrap_or(0.0);
        at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)
    }
}

/// Mean and variance of the sea in rings.
pub(super) struct Clutter {
    count: Sums,
    power: Sums,
    square: Sums,
    width: usize,
    height: usize,
}

impl Clutter {
    pub(super) fn new(power: &[f64], sea: &[bool], width: usize, height: usize) -> Self {
        let of = |value: fn(f64) -> f64| {
            let values = power
                .iter()
                .zip(sea)
                .map(move |(power, sea)| if *sea { value(*power) } else { 0.0 });
            Sums::new(values, width, height)
        };
        Self {
            count: of(|_| 1.0),
            power: of(|power| power),
            square: of(|power| power * power),
            width,
            height,
        }
    }

    /// Mean and variance in the ring around a pixel; `None` where it holds too little sea.
    pub(super) fn ring(&self, x: usize, y: usize) -> Option<(f64, f64)> {
        let (outer, guard) = (self.square_around(x, y, OUTER_PX), self.square_around(x, y, GUARD_PX));
        let of = |sums: &Sums| sums.over(outer) - sums.over(guard);
        let count = of(&self.count);
        if count < CLUTTER_MIN {
            return None;
        }
        let mean = of(&self.power) / count;
        Some((mean, (of(&self.square) / count - mean * mean).max(0.0)))
    }

    fn square_around(&self, x: usize, y: usize, half: usize) -> (usize, usize, usize, usize) {
        (
            x.saturating_sub(half),
            y.saturating_sub(half),
            (x + half + 1).min(self.width),
            (y + half + 1).min(self.height),
        )
    }
}

/// True where there is land: large groups of pixels whose smoothed brightness is of the brighter of two classes that stand well apart.
pub(super) fn land_mask(power: &[f64], valid: &[bool], width: usize, height: usize) -> Vec<bool> {
    let clutter = Clutter::new(power, valid, width, height);
    let smooth: Vec<f64> = (0..power.len())
        .map(|index| {
            let area = clutter.square_around(index % width, index / width, SMOOTH_PX);
            let (count, sum) = (clutter.count.over(area), clutter.power.over(area));
            if count > 0.0 {
                10.0 * (sum / count).max(1e-12).log10()
            } else {
                f64::NAN
            }
        })
        .collect();
    let Some(threshold) = otsu(&smooth) else {
        return vec![false; power.len()];
    };
    let bright: Vec<bool> = smooth.iter().map(|value| *value > threshold).collect();
    let mut land = vec![0.0; power.len()];
    for blob in blobs(&bright, width, height)
        .iter()
        .filter(|blob| blob.pixels.len() >= LAND_PIXELS_MIN)
    {
        for index in &blob.pixels {
            if let Some(slot) = land.get_mut(*index) {
                *slot = 1.0;
            }
        }
    }
    let sums = Sums::new(land.iter().copied(), width, height);
    (0..power.len())
        .map(|index| sums.over(clutter.square_around(index % width, index / width, LAND_GROWN_PX)) > 0.5)
        .collect()
}

/// Otsu's threshold, where the two classes' means are far enough apart.
fn otsu(values: &[f64]) -> Option<f64> {
    const BINS: usize = 128;
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
        return None;
    }
    let step = (high - low) / BINS as f64;
    let mut histogram = [0.0_f64; BINS];
    for value in finite() {
        let bin = (((value - low) / step) as usize).min(BINS - 1);
        if let Some(slot) = histogram.get_mut(bin) {
            *slot += 1.0;
        }
    }
    let centre = |bin: usize| low + (bin as f64 + 0.5) * step;
    let total: f64 = histogram.iter().sum();
    let all: f64 = histogram
        .iter()
        .enumerate()
        .map(|(bin, count)| count * centre(bin))
        .sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best: Option<(f64, f64, f64)> = None;
    for (bin, count) in histogram.iter().enumerate() {
        below += count;
        sum_below += count * centre(bin);
        let above = total - below;
        if below < 1.0 || above < 1.0 {
            continue;
        }
        let apart = (all - sum_below) / above - sum_below / below;
        let between = below * above * apart * apart;
        if best.is_none_or(|(most, _, _)| between > most) {
            best = Some((between, centre(bin) + step / 2.0, apart));
        }
    }
    best.filter(|(_, _, apart)| *apart >= LAND_CONTRAST_DB_MIN)
        .map(|(_, threshold, _)| threshold)
}
