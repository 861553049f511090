//! A fine grid on which objects are painted before the sensor sees them.
//!
//! The grid holds what the objects send up (per band) and how much of the ground still shows through. Colours are painted
//! with the exact share of each fine cell that a polygon covers, so that a container row three cells wide keeps its area.
//! Shadows darken what lies under them; what is painted later stands in the sun.

use super::math::{P, bell};

/// Reflectance in blue, green, red and near infrared.
pub type Spectrum = [f32; 4];

/// What is left of the light in full shadow, per band: the sky lights it, mostly blue.
pub const SHADE: Spectrum = [0.40, 0.33, 0.27, 0.20];

/// Scan lines a cell when a polygon is filled.
const SCANS: usize = 4;

/// One thing to paint.
#[derive(Clone, Debug)]
pub struct Op {
    /// Corners in metres from the anchor, in order, not closed.
    pub shape: Vec<P>,
    /// What to do inside.
    pub paint: Paint,
}

/// What to do inside a shape.
#[derive(Clone, Copy, Debug)]
pub enum Paint {
    /// Cover with a colour; `grain` is the relative roughness of its texture.
    Cover {
        /// Reflectance in the sun.
        colour: Spectrum,
        /// Relative deviation from cell to cell.
        grain: f32,
        /// Share covered, 0..=1.
        opacity: f32,
    },
    /// Take away this share of the direct light.
    Shadow(f32),
}

impl Op {
    /// Bounding box: west, south, east, north.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        self.shape
            .iter()
            .fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, at| {
                [b[0].min(at.x), b[1].min(at.y), b[2].max(at.x), b[3].max(at.y)]
            })
    }
}

/// The fine grid of one tile. Row 0 is the northern one.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    corner: P,
    cell_m: f64,
    seed: u32,
    /// Light sent up by objects, per band, already weighted by their share of the cell.
    pub objects: Vec<Spectrum>,
    /// Share of the cell through which the ground shows.
    pub through: Vec<f32>,
    /// The same, in the sun.
    pub sunlit: Vec<f32>,
    spans: Vec<f32>,
    crossings: Vec<f64>,
}

impl Canvas {
    /// An empty grid with its north-western corner at `corner`.
    #[must_use]
    pub fn new(corner: P, cell_m: f64, width: usize, height: usize, seed: u32) -> Self {
        Self {
            width,
            height,
            corner,
            cell_m,
            seed,
            objects: vec![[0.0; 4]; width * height],
            through: vec![1.0; width * height],
            sunlit: vec![1.0; width * height],
            spans: vec![0.0; width],
            crossings: Vec::new(),
        }
    }

    /// Paints one thing.
    pub fn paint(&mut self, op: &Op) {
        let bounds = op.bounds();
        let to_row = |y: f64| ((self.corner.y - y) / self.cell_m).clamp(-1.0, self.height as f64 + 1.0);
        let to_column = |x: f64| ((x - self.corner.x) / self.cell_m).clamp(-1.0, self.width as f64 + 1.0);
        let (top, bottom) = (to_row(bounds[3]).floor().max(0.0), to_row(bounds[1]).ceil());
        let (left, right) = (to_column(bounds[0]).floor().max(0.0), to_column(bounds[2]).ceil());
        let (first, last) = (left as usize, (right as usize).min(self.width));
        if first >= last {
            return;
        }
        for row in (top as usize)..(bottom as usize).min(self.height) {
            if self.scan(&op.shape, row, first, last) {
                self.blend(row, first, last, op.paint);
            }
        }
    }

    /// Fills `spans[first..last]` with the covered share of each cell of the row; false when nothing is covered.
    fn scan(&mut self, shape: &[P], row: usize, first: usize, last: usize) -> bool {
        let Some(spans) = self.spans.get_mut(first..last) else {
            return false;
        };
        spans.fill(0.0);
        let mut any = false;
        for scan in 0..SCANS {
            let y = self.corner.y - (row as f64 + (scan as f64 + 0.5) / SCANS as f64) * self.cell_m;
            self.crossings.clear();
            let mut from = shape.last().copied().unwrap_or_default();
            for &to in shape {
                if (from.y > y) != (to.y > y) {
                    let x = from.x + (y - from.y) * (to.x - from.x) / (to.y - from.y);
                    self.crossings.push((x - self.corner.x) / self.cell_m - first as f64);
                }
                from = to;
            }
            self.crossings.sort_by(f64::total_cmp);
            for pair in self.crossings.chunks_exact(2) {
                if let [start, end] = *pair {
                    any |= add_span(spans, start as f32, end as f32);
                }
            }
        }
        any
    }

    fn blend(&mut self, row: usize, first: usize, last: usize, paint: Paint) {
        let line = row * self.width;
        let range = line + first..line + last;
        let (Some(spans), Some(objects), Some(through), Some(sunlit)) = (
            self.spans.get(first..last),
            self.objects.get_mut(range.clone()),
            self.through.get_mut(range.clone()),
            self.sunlit.get_mut(range),
        ) else {
            return;
        };
        // Cells are numbered from the anchor, so that a texture does not depend on the tile.
        let east = (self.corner.x / self.cell_m).round() as i32 + first as i32;
        let north = (self.corner.y / self.cell_m).round() as i32 - row as i32;
        let cells = spans.iter().zip(objects).zip(through).zip(sunlit).enumerate();
        for (index, (((&span, object), through), sunlit)) in cells {
            if span <= 0.0 {
                continue;
            }
            let share = (span / SCANS as f32).min(1.0);
            match paint {
                Paint::Cover { colour, grain, opacity } => {
                    let share = share * opacity;
                    let rough = 1.0 + grain * bell(self.seed, east + index as i32, north);
                    for (band, add) in object.iter_mut().zip(colour) {
                        *band = *band * (1.0 - share) + add * rough.max(0.1) * share;
                    }
                    *through *= 1.0 - share;
                    *sunlit *= 1.0 - share;
                }
                Paint::Shadow(depth) => {
                    let share = share * depth;
                    for (band, shade) in object.iter_mut().zip(SHADE) {
                        *band *= 1.0 - share * (1.0 - shade);
                    }
                    *sunlit *= 1.0 - share;
                }
            }
        }
    }
}

fn add_span(spans: &mut [f32], start: f32, end: f32) -> bool {
    let width = spans.len() as f32;
    let (start, end) = (start.clamp(0.0, width), end.clamp(0.0, width));
    if end <= start {
        return false;
    }
    let (first, last) = (start as usize, (end as usize).min(spans.len().saturating_sub(1)));
    if let Some(cells) = spans.get_mut(first..=last) {
        for (offset, cell) in cells.iter_mut().enumerate() {
            let left = (first + offset) as f32;
            *cell += end.min(left + 1.0) - start.max(left);
        }
    }
    true
}

/// A rectangle by its middle, the direction of its length, and both sizes in metres.
#[must_use]
pub fn rectangle(middle: P, along: P, length_m: f64, width_m: f64) -> Vec<P> {
    let (u, v) = (along * (length_m / 2.0), along.left() * (width_m / 2.0));
    vec![middle - u - v, middle + u - v, middle + u + v, middle - u + v]
}

/// A disc as a polygon of sixteen corners with the disc's area.
#[must_use]
pub fn disc(middle: P, radius_m: f64) -> Vec<P> {
    // A regular 16-gon of circumradius r has the area 8 r² sin(22.5°).
    let grow = (std::f64::consts::PI / (8.0 * super::math::sin_deg(22.5))).sqrt();
    (0..16)
        .map(|step| middle + super::math::compass(22.5 * f64::from(step)) * (radius_m * grow))
        .collect()
}

/// The shape that a convex footprint and its copy moved by `sweep` cover together with all between: a cast shadow.
#[must_use]
pub fn swept(footprint: &[P], sweep: P) -> Vec<P> {
    let points = footprint.iter().flat_map(|&at| [at, at + sweep]).collect();
    hull(points)
}

/// Convex hull, counter-clockwise (monotone chain).
fn hull(mut points: Vec<P>) -> Vec<P> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let chain = |points: &mut dyn Iterator<Item = P>| {
        let mut line: Vec<P> = Vec::new();
        for at in points {
            while let [.., before, last] = line.as_slice() {
                if (*last - *before).cross(at - *before) > 0.0 {
                    break;
                }
                line.pop();
            }
            line.push(at);
        }
        line.pop();
        line
    };
    let mut lower = chain(&mut points.iter().copied());
    lower.extend(chain(&mut points.iter().rev().copied()));
    lower
}

/// Area of a polygon in square metres, whatever its direction.
#[must_use]
pub fn area_m2(shape: &[P]) -> f64 {
    let mut from = shape.last().copied().unwrap_or_default();
    let mut twice = 0.0;
    for &to in shape {
        twice += from.cross(to);
        from = to;
    }
    (twice / 2.0).abs()
}

/// True when the point lies inside the polygon.
#[must_use]
pub fn inside(shape: &[P], at: P) -> bool {
    let mut from = shape.last().copied().unwrap_or_default();
    let mut within = false;
    for &to in shape {
        if (from.y > at.y) != (to.y > at.y) && at.x < from.x + (at.y - from.y) * (to.x - from.x) / (to.y - from.y) {
            within = !within;
        }
        from = to;
    }
    within
}

/// Distance in metres from a point to a line through the corners (closed: also from the last to the first).
#[must_use]
pub fn distance_m(line: &[P], closed: bool, at: P) -> f64 {
    let ends = line.iter().copied().zip(line.iter().copied().skip(1));
    let last = line.last().copied().zip(line.first().copied()).filter(|_| closed);
    ends.chain(last)
        .map(|(from, to)| {
            let along = to - from;
            let square = along.dot(along);
            let share = if square > 0.0 {
                ((at - from).dot(along) / square).clamp(0.0, 1.0)
            } else {
                0.0
            };
            (at - (from + along * share)).norm()
        })
        .fold(f64::MAX, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::render::math::{compass, p};

    fn painted_m2(op: &Op) -> f64 {
        let mut canvas = Canvas::new(p(-60.0, 60.0), 1.5, 80, 80, 1);
        canvas.paint(op);
        canvas.through.iter().map(|t| f64::from(1.0 - t)).sum::<f64>() * 1.5 * 1.5
    }

    fn cover(shape: Vec<P>) -> Op {
        Op {
            shape,
            paint: Paint::Cover {
                colour: [0.2; 4],
                grain: 0.0,
                opacity: 1.0,
            },
        }
    }

    #[test]
    fn a_shape_keeps_its_area_whatever_its_angle() {
        for deg in 0..36 {
            let deg = f64::from(deg) * 5.0 + 0.3;
            let op = cover(rectangle(p(3.3, -2.7), compass(deg), 42.0, 2.4));
            let got = painted_m2(&op);
            assert!((got - 100.8).abs() < 3.0, "{deg}: {got}");
        }
        let got = painted_m2(&cover(disc(p(0.4, 0.2), 20.0)));
        assert!((got - 1256.6).abs() < 6.0, "{got}");
    }

    #[test]
    fn a_shadow_darkens_the_ground_and_what_was_painted_before_it() {
        let mut canvas = Canvas::new(p(0.0, 3.0), 1.0, 3, 3, 1);
        canvas.paint(&cover(vec![p(0.0, 0.0), p(1.0, 0.0), p(1.0, 3.0), p(0.0, 3.0)]));
        canvas.paint(&Op {
            shape: vec![p(0.0, 0.0), p(2.0, 0.0), p(2.0, 3.0), p(0.0, 3.0)],
            paint: Paint::Shadow(1.0),
        });
        assert!((canvas.objects[0][3] - 0.2 * SHADE[3]).abs() < 1e-6);
        assert!(canvas.sunlit[1] < 1e-6 && canvas.through[1] > 0.999);
        assert!(canvas.sunlit[2] > 0.999);
    }

    #[test]
    fn a_swept_square_is_a_hexagon() {
        let shadow = swept(&rectangle(p(0.0, 0.0), p(1.0, 0.0), 2.0, 2.0), p(3.0, 1.0));
        assert!((area_m2(&shadow) - (4.0 + 2.0 * 3.0 + 2.0 * 1.0)).abs() < 1e-9);
        assert!(inside(&shadow, p(2.0, 0.5)) && !inside(&shadow, p(-0.5, 1.5)));
    }
}
