//! Connected groups of pixels and their shape, for the detectors that threshold.

/// A group of pixels that touch by side or corner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blob {
    /// Positions in the plane, `y * width + x`.
    pub pixels: Vec<usize>,
    width: usize,
}

/// Shape by second moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Centre, continuous.
    pub x: f64,
    /// Centre, continuous.
    pub y: f64,
    /// Length along the axis.
    pub length_px: f64,
    /// Width across it.
    pub beam_px: f64,
    /// Axis, degrees clockwise from +x, 0..180.
    pub angle_deg: f64,
}

/// All groups of set pixels.
pub(crate) fn blobs(set: &[bool], width: usize, height: usize) -> Vec<Blob> {
    let mut free = set.to_vec();
    let mut found = Vec::new();
    let mut open = Vec::new();
    for start in 0..width.saturating_mul(height).min(set.len()) {
        if !free.get(start).copied().unwrap_or(false) {
            continue;
        }
        let mut pixels = Vec::new();
        open.push(start);
        while let Some(index) = open.pop() {
            let Some(slot) = free.get_mut(index) else { continue };
            if !std::mem::take(slot) {
                continue;
            }
            pixels.push(index);
            open.extend(neighbours(index, width, height).filter(|other| free.get(*other).copied().unwrap_or(false)));
        }
        found.push(Blob { pixels, width });
    }
    found
}

fn neighbours(index: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (index % width, index / width);
    let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
    let (top, bottom) = (y.saturating_sub(1), (y + 1).min(height - 1));
    (top..=bottom)
        .flat_map(move |row| (left..=right).map(move |column| row * width + column))
        .filter(move |other| *other != index)
}

impl Blob {
    /// Centre, axis and size: a filled rectangle of L by B has the variances L²/12 and B²/12, a pixel adds 1/12 of its own.
    pub(crate) fn shape(&self) -> Shape {
        let count = self.pixels.len().max(1) as f64;
        let at = |index: &usize| ((index % self.width) as f64 + 0.5, (index / self.width) as f64 + 0.5);
        let (x, y) = self
            .pixels
            .iter()
            .map(at)
            .fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / count, sy + y / count));
        let (mut xx, mut xy, mut yy) = (1.0 / 12.0, 0.0, 1.0 / 12.0);
        for (px, py) in self.pixels.iter().map(at) {
            xx += (px - x) * (px - x) / count;
            xy += (px - x) * (py - y) / count;
            yy += (py - y) * (py - y) / count;
        }
        let middle = (xx + yy) / 2.0;
        let reach = ((xx - yy) / 2.0).hypot(xy);
        Shape {
            x,
            y,
            length_px: (12.0 * (middle + reach)).sqrt(),
            beam_px: (12.0 * (middle - reach).max(1.0 / 12.0)).sqrt(),
            angle_deg: (0.5 * (2.0 * xy).atan2(xx - yy)).to_degrees().rem_euclid(180.0),
        }
    }

    /// The part of the group whose values reach `floor`.
    pub(crate) fn above(&self, values: &[f64], floor: f64) -> Self {
        Self {
            pixels: self
                .pixels
                .iter()
                .copied()
                .filter(|index| values.get(*index).is_some_and(|value| *value >= floor))
                .collect(),
            width: self.width,
        }
    }

    /// Pixels just outside.
    pub(crate) fn rim(&self, width: usize, height: usize) -> Vec<usize> {
        let mut inside = self.pixels.clone();
        inside.sort_unstable();
        let mut rim: Vec<usize> = self
            .pixels
            .iter()
            .flat_map(|index| neighbours(*index, width, height))
            .filter(|other| inside.binary_search(other).is_err())
            .collect();
        rim.sort_unstable();
        rim.dedup();
        rim
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slanted_bar_has_its_length_and_axis() {
        let (width, height) = (60, 60);
        let (sin, cos) = 30.0_f64.to_radians().sin_cos();
        let set: Vec<bool> = (0..width * height)
            .map(|index| {
                let (dx, dy) = ((index % width) as f64 + 0.5 - 30.0, (index / width) as f64 + 0.5 - 25.0);
                (dx * cos + dy * sin).abs() <= 12.0 && (dy * cos - dx * sin).abs() <= 2.5
            })
            .collect();
        let found = blobs(&set, width, height);
        assert_eq!(found.len(), 1);
        let shape = found[0].shape();
        assert!(
            (shape.length_px - 24.0).abs() < 1.0 && (shape.beam_px - 5.0).abs() < 1.0,
            "{shape:?}"
        );
        assert!((shape.angle_deg - 30.0).abs() < 1.5 && (shape.x - 30.0).abs() < 0.3);
    }

    #[test]
    fn pixels_that_touch_by_a_corner_are_one_group() {
        let set = [
            true, false, true, false, false, false, false, false, false, false, false, true,
        ];
        let found = blobs(&set, 4, 3);
        assert_eq!(
            found.iter().map(|blob| blob.pixels.len()).collect::<Vec<_>>(),
            vec![1, 1, 1]
        );
        let set = [
            true, false, false, false, false, true, false, false, false, false, true, false,
        ];
        assert_eq!(blobs(&set, 4, 3).len(), 1);
    }
}
