//! Containers and other stacks on one apron or storage area.
//!
//! The bare pavement is the densest cluster of the area's signatures; a pixel is covered where it differs from the pavement (or from the
//! area's own empty reference) by more than its spread and by more than half of the strongest difference beside it: the edge
//! of a row lies where its coverage of a pixel passes one half. Shade of what stands there, told by the sun's direction, is not
//! covered ground. Covered pixels that touch, or nearly, are one stack; the longest row is the longest covered line in it ([`row`]), and
//! the covered area from how much of each edge pixel is covered ([`map`]): a row of containers is two or three pixels wide.

mod map;
mod row;

use geo::Contains;
use quaywatch_protocol::contract::site::ZoneKind;

use self::map::Map;
use super::{
    local::LocalZone,
    patch::{Metres, Patch, Signature},
    reference::{Reference, Unfit},
    sun::Sun,
    surface::Surface,
    visible::Cover,
};

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

/// What became of one area.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    /// The stacks, and the bare pavement between them.
    Seen(StacksSeen, Surface),
    /// By its reference all of it lies in a shadow; the pavement as it looks now.
    Dimmed(Surface),
    /// Too little of it was visible to know the pavement.
    Unknown,
}

/// Measures the stacks on one area. `reference` gives the area's own empty reference for the pavement found.
#[must_use]
pub fn measure<'a>(
    patch: &Patch,
    cover: &[Cover],
    zone: &LocalZone,
    sun: Option<&Sun>,
    reference: impl Fn(&Surface) -> Option<&'a Reference>,
) -> Measured {
    let Some(area) = zone.area() else {
        return Measured::Unknown;
    };
    let all = pixels_of(patch, area, zone);
    let seen: Vec<usize> = (all.into_iter())
        .filter(|index| cover.get(*index).is_some_and(|cover| cover.is_clear()))
        .collect();
    if seen.len() < PIXELS_MIN {
        return Measured::Unknown;
    }
    let samples: Vec<(Signature, f32)> = seen.iter().map(|index| (patch.signature(*index), 1.0)).collect();
    let Some(pavement) = Surface::densest(&samples) else {
        return Measured::Unknown;
    };
    let empty = match reference(&pavement).map(|reference| reference.fit(patch.frame().gsd_m(), &pavement)) {
        Some(Err(Unfit::Dimmed)) => return Measured::Dimmed(pavement),
        Some(Ok(reference)) => Some(reference),
        Some(Err(_)) | None => None,
    };
    let mut map = Map::new(patch, &seen, &pavement, empty);
    map.mark();
    if let Some(per_m) = sun.and_then(Sun::shadow_per_m) {
        map.drop_shade(per_m, zone.kind == ZoneKind::Apron);
    }
    Measured::Seen(map.measure(zone.bearing_deg), pavement)
}

/// Where the centre of a pixel lies.
#[must_use]
pub fn centre(patch: &Patch, index: usize) -> Metres {
    let (x, y) = (index % patch.width(), index / patch.width());
    patch.frame().to_local(x as f64 + 0.5, y as f64 + 0.5)
}

#[cfg(test)]
mod tests;
