//! Which pixels of an area are covered, how much of each, and what they add up to.
//!
//! Differences and marks are here; the share of a pixel at an edge is worked out in [`share`].

mod share;

use crate::zones::{
    patch::{Metres, Patch, Role, Signature},
    rail::is_shade_of,
    reference::Reference,
    surface::Surface,
};

use self::share::peak;
use super::{StacksSeen, centre, row};

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
/// Heights at which what throws a shade is looked for.
const CAST_STEPS: u32 = 8;
/// Covered pixels whose centres are no further apart are one stack, metres: where a dark container meets a bright one, a mixed pixel
/// can look like pavement.
const JOIN_M: f64 = 6.5;
/// Infrared that deep shade keeps, as a share of the blue that it keeps.
const DEEP_SHADE_TURN: f32 = 0.93;
/// Standard error of an area as a share of itself, at least: measured on rendered aprons (docs/LOOKS.md).
const AREA_SD_SHARE: f64 = 0.15;
/// The same for pictures without near infrared.
const AREA_SD_SHARE_NO_NIR: f64 = 0.5;
/// Shaded pixels that touch no stack, from which on the look of shade is known.
const SHADE_PX_MIN: usize = 6;
/// Neighbours that must be covered for a pixel between two covered ones to be covered, too.
const FILLED_MIN: usize = 4;

/// Steps to the eight pixels around one; the first lies across from the last, the second from the last but one.
const AROUND: [(i64, i64); 8] = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];

/// Differences and marks over the patch; only the pixels in `seen` (sorted) count.
pub(super) struct Map<'a> {
    patch: &'a Patch,
    seen: &'a [usize],
    pavement: &'a Surface,
    empty: Option<&'a Reference>,
    differs: Vec<f32>,
    covered: Vec<bool>,
    /// Pixels in the shade of a stack, sorted; at its edge they are partly covered.
    shaded: Vec<usize>,
    /// What shade alone looks like, as its deviation from the pavement, where there is enough of it.
    shade: Option<Signature>,
}

impl<'a> Map<'a> {
    pub(super) fn new(
        patch: &'a Patch,
        seen: &'a [usize],
        pavement: &'a Surface,
        empty: Option<&'a Reference>,
    ) -> Self {
        let mut map = Self {
            patch,
            seen,
            pavement,
            empty,
            differs: vec![0.0; patch.valid().len()],
            covered: vec![false; patch.valid().len()],
            shaded: Vec::new(),
            shade: None,
        };
        for index in seen {
            let differs = map.ground(*index).distance(&patch.signature(*index));
            if let Some(slot) = map.differs.get_mut(*index) {
                *slot = differs;
            }
        }
        map
    }

    /// What a pixel's bare ground looks like: the pavement, or what the reference says, whichever is nearer to what is seen.
    fn ground(&self, index: usize) -> Surface {
        let seen = self.patch.signature(index);
        let empty = self
            .empty
            .and_then(|empty| empty.expected(centre(self.patch, index), self.pavement));
        empty
            .filter(|empty| empty.distance(&seen) < self.pavement.distance(&seen))
            .unwrap_or(*self.pavement)
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

    fn is_bare(&self, index: Option<usize>) -> bool {
        index.is_some_and(|index| self.seen.binary_search(&index).is_ok()) && !self.is_covered(index)
    }

    fn near(&self, index: usize, (dx, dy): (i64, i64)) -> Option<usize> {
        let (width, count) = (self.patch.width() as i64, self.differs.len() as i64);
        let near = index as i64 + dy * width + dx;
        let column = index as i64 % width + dx;
        ((0..width).contains(&column) && (0..count).contains(&near)).then_some(near as usize)
    }

    fn around(&self, index: usize) -> [Option<usize>; 8] {
        AROUND.map(|step| self.near(index, step))
    }

    pub(super) fn mark(&mut self) {
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
        // Where a dark container meets a bright one, the mixture can look like pavement.
        let filled: Vec<usize> = (self.seen.iter().copied())
            .filter(|index| !self.is_covered(Some(*index)))
            .filter(|index| {
                let around = self.around(*index);
                let covered = around.iter().filter(|near| self.is_covered(**near)).count();
                covered >= FILLED_MIN
                    && (around.iter().zip(around.iter().rev()))
                        .any(|(one, other)| self.is_covered(*one) && self.is_covered(*other))
            })
            .collect();
        self.set(&filled, true);
    }

    fn set(&mut self, indices: &[usize], to: bool) {
        for index in indices {
            if let Some(covered) = self.covered.get_mut(*index) {
                *covered = to;
            }
        }
    }

    /// Unmarks what is the pavement in less light, where something lit stands between it and the sun and throws its shade by `per_m`; and, with
    /// `deep_anywhere`, what has turned so blue that only shade can have done it: containers keep their colours, and cranes of forty metres
    /// throw their shade across a whole apron. Coal on a storage area looks like shade, and is none unless something throws it.
    pub(super) fn drop_shade(&mut self, per_m: Metres, deep_anywhere: bool) {
        let frame = self.patch.frame();
        let shade: Vec<usize> = (self.seen.iter().copied())
            .filter(|index| is_shade_of(&self.patch.signature(*index), self.pavement))
            .collect();
        // What throws it is sought up to a pixel further than shade can reach: the pixel at its end is partly in the light.
        let reach_m = STACK_HEIGHT_M + frame.gsd_m() / per_m[0].hypot(per_m[1]).max(f64::EPSILON);
        let is_cast = |index: usize| {
            let [east, north] = centre(self.patch, index);
            (1..=CAST_STEPS).any(|step| {
                let height_m = reach_m * f64::from(step) / f64::from(CAST_STEPS);
                let caster = self
                    .patch
                    .index_at(frame.to_px([east - per_m[0] * height_m, north - per_m[1] * height_m]));
                caster != Some(index)
                    && self.is_covered(caster)
                    && caster.is_some_and(|caster| shade.binary_search(&caster).is_err())
            })
        };
        let shaded: Vec<usize> = (shade.iter().copied())
            .filter(|index| {
                (deep_anywhere && is_deep_shade(&self.patch.signature(*index), self.pavement)) || is_cast(*index)
            })
            .collect();
        self.set(&shaded, false);
        self.shaded = shaded;
        self.shade = self.deep_in_shade();
    }

    /// What shade looks like where nothing else mixes in: the mean of the darker half of the shaded pixels that touch nothing covered; the other half has
    /// the shade's end in it, where the pavement mixes in.
    fn deep_in_shade(&self) -> Option<Signature> {
        let mut deep: Vec<Signature> = (self.shaded.iter())
            .filter(|index| self.around(**index).iter().all(|near| !self.is_covered(*near)))
            .map(|index| self.pavement.deviation(&self.patch.signature(*index)))
            .collect();
        if deep.len() < SHADE_PX_MIN {
            return None;
        }
        deep.sort_by(|a, b| a.mean().total_cmp(&b.mean()));
        deep.truncate(deep.len().div_ceil(2));
        let mut mean = Signature::zeros(deep.first()?.values().len());
        for (band, value) in mean.values_mut().iter_mut().enumerate() {
            let sum: f32 = deep.iter().filter_map(|each| each.values().get(band)).sum();
            *value = sum / deep.len() as f32;
        }
        Some(mean)
    }

    fn is_shaded(&self, index: usize) -> bool {
        self.shaded.binary_search(&index).is_ok()
    }

    /// What the covered pixels add up to; `bearing_deg` is the direction in which rows stand, where it is known.
    pub(super) fn measure(mut self, bearing_deg: Option<f64>) -> StacksSeen {
        let frame = self.patch.frame();
        let (pixel_m2, gsd_m) = (frame.pixel_area_m2(), frame.gsd_m());
        let marks = self.covered.clone();
        let mut stacks = Vec::new();
        for index in self.seen {
            if !self.is_covered(Some(*index)) {
                continue;
            }
            let mut stack = self.take(*index);
            stack.sort_unstable();
            if stack.len() >= STACK_MIN_PX && stack.len() as f64 * pixel_m2 >= STACK_MIN_M2 {
                stacks.push(stack);
            }
        }
        self.covered = marks;
        let (mut row_m, mut area_m2, mut edges) = (0.0_f64, 0.0_f64, 0_usize);
        for stack in &stacks {
            let (length_m, axis_deg) = long_side(self.patch, stack);
            let axes_deg: Vec<f64> = bearing_deg.into_iter().chain([axis_deg]).collect();
            row_m = row_m.max(row::longest_m(self.patch, stack, &axes_deg));
            edges += (stack.iter())
                .filter(|index| self.around(**index).into_iter().any(|near| self.is_bare(near)))
                .count();
            let sum: f64 = (stack.iter().chain(&self.beyond(stack)))
                .map(|index| self.share(*index))
                .sum();
            let raw_m2 = sum.max(0.0) * pixel_m2;
            let width_px = |area_m2: f64| area_m2 / length_m.max(gsd_m) / gsd_m;
            let first_m2 = raw_m2 * peak(width_px(raw_m2));
            area_m2 += raw_m2 * peak(width_px(first_m2));
        }
        let mut pixels: Vec<usize> = stacks.into_iter().flatten().collect();
        pixels.sort_unstable();
        StacksSeen {
            area_m2,
            // Each edge pixel errs by about a fifth of itself, in part together with its neighbours.
            area_sd_m2: (pixel_m2 * 0.2 * (edges as f64).sqrt() * 2.0).max(self.sd_share() * area_m2),
            row_m,
            pixels,
        }
    }

    /// Standard error of an area as a share of itself. Without near infrared shade is not told from dark boxes, and in a stretched picture it is what stands
    /// out most: in a real yard it was most of what was marked.
    fn sd_share(&self) -> f64 {
        if self.patch.plane(Role::Nir).is_some() {
            AREA_SD_SHARE
        } else {
            AREA_SD_SHARE_NO_NIR
        }
    }

    /// The bare pixels that touch a stack.
    fn beyond(&self, stack: &[usize]) -> Vec<usize> {
        let mut found: Vec<usize> = (stack.iter())
            .flat_map(|index| self.around(*index))
            .flatten()
            .filter(|near| self.is_bare(Some(*near)))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Takes the stack that a pixel belongs to out of the map.
    fn take(&mut self, seed: usize) -> Vec<usize> {
        let reach = ((JOIN_M / self.patch.frame().gsd_m()) as i64).max(1);
        let mut found = Vec::new();
        let mut open = vec![seed];
        self.set(&[seed], false);
        while let Some(index) = open.pop() {
            found.push(index);
            for step in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy))) {
                if let Some(near) = self.near(index, step).filter(|near| self.is_covered(Some(*near))) {
                    self.set(&[near], false);
                    open.push(near);
                }
            }
        }
        found
    }
}

/// True for shade so deep that it has clearly turned blue: not the mixture of pavement and a container at an edge.
fn is_deep_shade(seen: &Signature, pavement: &Surface) -> bool {
    let ratio = |band: usize| match (seen.values().get(band), pavement.mean.values().get(band)) {
        (Some(seen), Some(mean)) => seen / mean.max(f32::EPSILON),
        _ => 1.0,
    };
    ratio(3) <= DEEP_SHADE_TURN * ratio(0)
}

/// Length and direction (degrees clockwise from north) of the rectangle that spreads as the pixels do: a uniform bar of length L has variance
/// L²/12 along itself.
fn long_side(patch: &Patch, pixels: &[usize]) -> (f64, f64) {
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
    let axis_deg = 90.0 - (2.0 * en).atan2(ee - nn).to_degrees() / 2.0;
    ((12.0 * largest).sqrt(), axis_deg)
}
