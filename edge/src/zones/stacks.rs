//! Containers and other stacks on one apron or storage area.
//!
//! The bare pavement is the densest cluster of the area's signatures; a pixel is covered where it differs from the pavement (or from the
//! area's own empty reference) by more than its spread and by more than half of the strongest difference beside it: the edge
//! of a row lies where its coverage of a pixel passes one half. Shade of what stands there, told by the sun's direction, is not
//! covered ground. Covered pixels that touch, or nearly, are one stack; the longest stack's length comes from the spread of its pixels.

use geo::Contains;

use super::{
    local::LocalZone,
    patch::{Metres, Patch, Signature},
    rail::is_shade_of,
    reference::Reference,
    sun::Sun,
    surface::Surface,
    visible::Cover,
};

/// A pixel this many standard deviations from the pavement may be covered.
const COVERED_SD: f32 = 4.0;
/// Share of the strongest difference beside it at which a pixel counts.
const HALF: f32 = 0.5;
/// Smallest stack, square metres: half of a forty-foot container (29.7 m²).
const STACK_MIN_M2: f64 = 14.0;
/// Smallest stack in pixels: less is noise.
const STACK_MIN_PX: usize = 3;
/// Highest stack whose shade is looked for, metres: three containers.
const STACK_HEIGHT_M: f64 = 7.8;
/// Covered pixels whose centres are no further apart are one stack, metres: where a dark container meets a bright one, a mixed pixel
/// can look like pavement.
const JOIN_M: f64 = 6.5;
/// Fewer visible pixels than this say nothing about an area.
const PIXELS_MIN: usize = 30;

/// Stacks on one area.
#[derive(Clone, Debug, PartialEq)]
pub struct StacksSeen {
    /// Covered ground, square metres.
    pub area_m2: f64,
    /// Standard error, square metres.
    pub area_sd_m2: f64,
    /// Longest stack, metres.
    pub row_m: f64,
    /// Covered pixels of the patch, for the evidence picture.
    pub pixels: Vec<usize>,
}

/// Pixels of a patch whose centres lie in an area.
#[must_use]
pub fn pixels_of(patch: &Patch, area: &geo::Polygon<f64>, zone: &LocalZone) -> Vec<usize> {
    let frame = patch.frame();
    let [left, top, right, bottom] = zone.bounds().in_pixels(frame);
    let columns = (left.floor().max(0.0) as usize)..(right.ceil().max(0.0) as usize).min(patch.width());
    let rows = (top.floor().max(0.0) as usize)..(bottom.ceil().max(0.0) as usize).min(patch.height());
    let mut found = Vec::new();
    for y in rows {
        for x in columns.clone() {
            let [east, north] = frame.to_local(x as f64 + 0.5, y as f64 + 0.5);
            if area.contains(&geo::Point::new(east, north)) {
                found.push(y * patch.width() + x);
            }
        }
    }
    found
}

/// Measures the stacks on one area; `None` when too little of it was visible to know the pavement.
#[must_use]
pub fn measure(
    patch: &Patch,
    cover: &[Cover],
    zone: &LocalZone,
    sun: Option<&Sun>,
    reference: Option<&Reference>,
) -> Option<(StacksSeen, Surface)> {
    let area = zone.area()?;
    let all = pixels_of(patch, area, zone);
    let seen: Vec<usize> = (all.into_iter())
        .filter(|index| cover.get(*index).is_some_and(|cover| cover.is_clear()))
        .collect();
    if seen.len() < PIXELS_MIN {
        return None;
    }
    let samples: Vec<(Signature, f32)> = seen.iter().map(|index| (patch.signature(*index), 1.0)).collect();
    let pavement = Surface::densest(&samples)?;
    let mut map = Map::new(patch, &seen, &pavement, reference);
    map.mark();
    if let Some(per_m) = sun.and_then(Sun::shadow_per_m) {
        map.drop_shade(&pavement, per_m);
    }
    Some((map.measure(), pavement))
}

/// Differences and marks over the area's bounding box in the patch.
struct Map<'a> {
    patch: &'a Patch,
    seen: &'a [usize],
    differs: Vec<f32>,
    covered: Vec<bool>,
}

impl<'a> Map<'a> {
    fn new(patch: &'a Patch, seen: &'a [usize], pavement: &Surface, reference: Option<&Reference>) -> Self {
        let mut differs = vec![0.0_f32; patch.valid().len()];
        let reference = reference.and_then(|reference| reference.fit(patch.frame().gsd_m(), pavement).ok());
        for index in seen {
            let signature = patch.signature(*index);
            let from_pavement = pavement.distance(&signature);
            let from_empty =
                reference.and_then(|reference| reference.distance(centre(patch, *index), &signature, pavement));
            if let Some(slot) = differs.get_mut(*index) {
                *slot = from_empty.map_or(from_pavement, |from_empty| from_empty.min(from_pavement));
            }
        }
        Self {
            patch,
            seen,
            covered: vec![false; differs.len()],
            differs,
        }
    }

    fn differs_at(&self, index: Option<usize>) -> f32 {
        index.and_then(|index| self.differs.get(index)).copied().unwrap_or(0.0)
    }

    fn is_covered(&self, index: Option<usize>) -> bool {
        index
            .and_then(|index| self.covered.get(index))
            .copied()
            .unwrap_or(false)
    }

    /// The eight pixels around one; the first lies across from the last, the second from the last but one.
    fn around(&self, index: usize) -> [Option<usize>; 8] {
        let (width, count) = (self.patch.width() as i64, self.differs.len() as i64);
        let column = index as i64 % width;
        [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)].map(|(dx, dy)| {
            let near = index as i64 + dy * width + dx;
            ((0..width).contains(&(column + dx)) && (0..count).contains(&near)).then_some(near as usize)
        })
    }

    fn mark(&mut self) {
        let marked: Vec<usize> = (self.seen.iter().copied())
            .filter(|index| self.differs_at(Some(*index)) >= COVERED_SD)
            .collect();
        self.set(&marked, true);
        // Blur carries an edge outward: an edge pixel counts when at least half of it is covered, which shows by its difference
        // beside that of the neighbour further in, the one across from bare ground. A dull container between bright ones has
        // its bright neighbours along the row, across from other containers, and is still a container.
        let blurred: Vec<usize> = (marked.into_iter())
            .filter(|index| {
                let own = self.differs_at(Some(*index));
                let around: [Option<usize>; 8] = self.around(*index);
                let is_edge = around.iter().filter(|near| !self.is_covered(**near)).count() >= 2;
                is_edge
                    && (around.iter().zip(around.iter().rev()))
                        .any(|(inner, outer)| own < HALF * self.differs_at(*inner) && !self.is_covered(*outer))
            })
            .collect();
        self.set(&blurred, false);
    }

    fn set(&mut self, indices: &[usize], to: bool) {
        for index in indices {
            if let Some(covered) = self.covered.get_mut(*index) {
                *covered = to;
            }
        }
    }

    /// Unmarks what is the pavement in less light, where something lit stands between it and the sun.
    fn drop_shade(&mut self, pavement: &Surface, per_m: Metres) {
        let frame = self.patch.frame();
        let shade: Vec<usize> = (self.seen.iter().copied())
            .filter(|index| self.is_covered(Some(*index)) && is_shade_of(&self.patch.signature(*index), pavement))
            .collect();
        let shaded: Vec<usize> = (shade.iter().copied())
            .filter(|index| {
                let [east, north] = centre(self.patch, *index);
                (1..=6).any(|step| {
                    let height_m = STACK_HEIGHT_M * f64::from(step) / 6.0;
                    let caster = self
                        .patch
                        .index_at(frame.to_px([east - per_m[0] * height_m, north - per_m[1] * height_m]));
                    caster != Some(*index)
                        && self.is_covered(caster)
                        && caster.is_some_and(|caster| shade.binary_search(&caster).is_err())
                })
            })
            .collect();
        self.set(&shaded, false);
    }

    fn measure(mut self) -> StacksSeen {
        let pixel_m2 = self.patch.frame().pixel_area_m2();
        let mut pixels = Vec::new();
        let (mut row_m, mut edges) = (0.0_f64, 0_usize);
        for index in self.seen {
            if !self.is_covered(Some(*index)) {
                continue;
            }
            let stack = self.take(*index);
            if stack.len() < STACK_MIN_PX || stack.len() as f64 * pixel_m2 < STACK_MIN_M2 {
                continue;
            }
            row_m = row_m.max(length_m(self.patch, &stack));
            pixels.extend(stack);
        }
        pixels.sort_unstable();
        for index in &pixels {
            edges += usize::from(
                (self.around(*index).into_iter())
                    .any(|near| near.is_none_or(|near| pixels.binary_search(&near).is_err())),
            );
        }
        StacksSeen {
            area_m2: pixels.len() as f64 * pixel_m2,
            // Each edge pixel errs by about a third of itself, in part together with its neighbours.
            area_sd_m2: pixel_m2 * (0.35 * (edges as f64).sqrt() * 2.0).max(0.05 * pixels.len() as f64),
            row_m,
            pixels,
        }
    }

    /// Takes the stack that a pixel belongs to out of the map.
    fn take(&mut self, seed: usize) -> Vec<usize> {
        let reach = ((JOIN_M / self.patch.frame().gsd_m()) as i64).max(1);
        let (width, count) = (self.patch.width() as i64, self.covered.len() as i64);
        let mut found = Vec::new();
        let mut open = vec![seed];
        self.set(&[seed], false);
        while let Some(index) = open.pop() {
            found.push(index);
            let column = index as i64 % width;
            for (dy, dx) in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx))) {
                let near = index as i64 + dy * width + dx;
                let is_inside = (0..width).contains(&(column + dx)) && (0..count).contains(&near);
                if is_inside && self.is_covered(Some(near as usize)) {
                    self.set(&[near as usize], false);
                    open.push(near as usize);
                }
            }
        }
        found
    }
}

/// Where the centre of a pixel lies.
#[must_use]
pub fn centre(patch: &Patch, index: usize) -> Metres {
    let (x, y) = (index % patch.width(), index / patch.width());
    patch.frame().to_local(x as f64 + 0.5, y as f64 + 0.5)
}

/// Length of the rectangle that spreads as the pixels do: a uniform bar of length L has variance L²/12 along itself.
fn length_m(patch: &Patch, pixels: &[usize]) -> f64 {
    let count = pixels.len().max(1) as f64;
    let centres: Vec<Metres> = pixels.iter().map(|index| centre(patch, *index)).collect();
    let mean = [0, 1].map(|axis: usize| centres.iter().filter_map(|at| at.get(axis)).sum::<f64>() / count);
    let (mut ee, mut nn, mut en) = (0.0, 0.0, 0.0);
    for at in &centres {
        let (east, north) = (at[0] - mean[0], at[1] - mean[1]);
        ee += east * east / count;
        nn += north * north / count;
        en += east * north / count;
    }
    // A pixel itself spreads by its area over twelve.
    let within = patch.frame().pixel_area_m2() / 12.0;
    let largest = f64::midpoint(ee, nn) + ((ee - nn) / 2.0).hypot(en) + within;
    (12.0 * largest).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zones::paint::{self, BLUE, CONCRETE, Canvas, RUST, WHITE};
    use proptest::prelude::*;
    use quaywatch_protocol::contract::site::ZoneKind;

    fn apron() -> LocalZone {
        paint::area("apron", ZoneKind::Apron, 20.0, 20.0, 320.0, 80.0)
    }

    fn seen(canvas: &Canvas) -> StacksSeen {
        let patch = canvas.expose(3);
        let cover = vec![Cover::Clear; patch.valid().len()];
        measure(&patch, &cover, &apron(), None, None).unwrap().0
    }

    fn row(canvas: &mut Canvas, middle: Metres, bearing_deg: f64, length_m: f64, width_m: f64) {
        let count = (length_m / 12.5).ceil() as usize;
        let (sin, cos) = bearing_deg.to_radians().sin_cos();
        let box_m = length_m / count as f64;
        for index in 0..count {
            let along = (index as f64 + 0.5) * box_m - length_m / 2.0;
            let colour = [RUST, BLUE, WHITE, RUST][index % 4];
            canvas.bar(
                [middle[0] + along * sin, middle[1] + along * cos],
                bearing_deg,
                box_m,
                width_m,
                colour,
            );
        }
    }

    #[test]
    fn an_empty_apron_is_bare() {
        let found = seen(&Canvas::new(340.0, 100.0, 3.0, CONCRETE));
        assert!(found.area_m2 < 30.0, "{} m2", found.area_m2);
    }

    #[test]
    fn shade_beside_a_row_is_not_covered_ground() {
        let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
        // A row of 8 m height under a low sun in the south: shade of 12 m to the north.
        canvas.bar([170.0, 59.0], 90.0, 100.0, 14.0, CONCRETE.map(|band| band * 0.45));
        row(&mut canvas, [170.0, 46.0], 90.0, 100.0, 12.0);
        let patch = canvas.expose(3);
        let cover = vec![Cover::Clear; patch.valid().len()];
        let sun = Sun {
            elevation_deg: 30.0,
            azimuth_deg: 180.0,
        };
        let with_sun = measure(&patch, &cover, &apron(), Some(&sun), None).unwrap().0;
        assert!((with_sun.area_m2 - 1200.0).abs() < 250.0, "{} m2", with_sun.area_m2);
    }

    #[test]
    fn a_reference_takes_a_roof_for_part_of_the_place() {
        use crate::zones::reference::Reference;
        use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};
        let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
        canvas.bar([60.0, 50.0], 90.0, 40.0, 20.0, WHITE);
        let patch = canvas.expose(3);
        let cover = vec![Cover::Clear; patch.valid().len()];
        let (found, pavement) = measure(&patch, &cover, &apron(), None, None).unwrap();
        assert!((found.area_m2 - 800.0).abs() < 120.0, "{}", found.area_m2);
        let mut reference = Reference::for_area(&apron().bounds(), 3.0, 4);
        let pixels = pixels_of(&patch, apron().area().unwrap(), &apron());
        for day in 0..7 {
            let places = pixels.iter().map(|index| {
                let empty = found.pixels.binary_search(index).is_err();
                (centre(&patch, *index), patch.signature(*index), empty)
            });
            reference.learn(&pavement, UnixMs(day * 11 * DAY_MS), places);
        }
        let after = measure(&patch, &cover, &apron(), None, Some(&reference)).unwrap().0;
        assert!(after.area_m2 < 60.0, "{}", after.area_m2);
    }

    #[test]
    fn a_long_thin_row_across_the_pixel_grid_is_one_row() {
        let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
        row(
            &mut canvas,
            [170.0, 50.0],
            81.938_851_400_266_34,
            188.877_670_424_468_96,
            7.0,
        );
        let found = seen(&canvas);
        assert!((found.row_m - 188.9).abs() < 19.0, "{} m", found.row_m);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn area_and_row_follow_the_containers(length in 40.0f64..200.0, width in 7.0f64..20.0, turn in 70.0f64..110.0) {
            let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
            row(&mut canvas, [170.0, 50.0], turn, length.min(50.0 / (turn - 90.0).to_radians().sin().abs().max(0.25)), width);
            let length = length.min(50.0 / (turn - 90.0).to_radians().sin().abs().max(0.25));
            let found = seen(&canvas);
            prop_assert!((found.area_m2 - length * width).abs() < 0.15 * length * width + 40.0, "{} {}", found.area_m2, length * width);
            prop_assert!((found.row_m - length).abs() < 0.08 * length + 4.0, "{} {length}", found.row_m);
        }
    }
}
