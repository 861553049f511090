//! Which windows of a scene a site needs: only its zones' neighbourhood is ever read.
//!
//! Zones whose neighbourhoods overlap share a window, as long as it stays small; a window too large for memory is read in
//! coarser pixels.

use geo::Point;
use quaywatch_protocol::contract::site::Site;

use crate::{
    scene::{Grid, Window},
    zones::{
        local::{Bounds, LocalZone, ZoneFault, localise},
        patch::Frame,
    },
};

/// How far around a zone pixels are read, metres: clouds and shadows are judged by what surrounds them, a double-banked hull lies
/// outside its berth.
pub const NEIGHBOURHOOD_M: f64 = 150.0;
/// Pixels of one window in memory: four bands of `f32` in 64 MB.
pub const WINDOW_PIXELS_MAX: u64 = 4_000_000;

/// A site in a scene's grid.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Pixels of the whole scene to local metres around the site's centre.
    pub frame: Frame,
    /// Zones in local metres.
    pub zones: Vec<LocalZone>,
    /// Zones that cannot be used.
    pub faults: Vec<ZoneFault>,
    /// Windows to read.
    pub parts: Vec<Part>,
}

/// One window, and the zones that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where to read.
    pub window: Window,
    /// Pixels of the scene for one pixel in memory.
    pub step: u32,
    /// Positions in [`Plan::zones`].
    pub zones: Vec<usize>,
}

/// Places a site in a grid; `None` when the grid has no georeference or is degenerate there. A site outside the scene has no parts.
#[must_use]
pub fn plan(grid: &Grid, site: &Site) -> Option<Plan> {
    let frame = frame_of(grid, site.centre())?;
    let (zones, faults) = localise(site, |lon, lat| {
        let (x, y) = grid.lonlat_to_px(lon, lat)?;
        Some(frame.to_local(x, y))
    });
    let mut groups: Vec<(Bounds, Vec<usize>)> = (zones.iter().enumerate())
        .map(|(index, zone)| (zone.bounds().grown(NEIGHBOURHOOD_M), vec![index]))
        .collect();
    let pixel_m2 = frame.pixel_area_m2();
    while let Some((keep, drop, joined)) = joinable(&groups, pixel_m2) {
        let (_, members) = groups.remove(drop);
        if let Some(group) = groups.get_mut(keep) {
            group.0 = joined;
            group.1.extend(members);
        }
    }
    let parts = (groups.into_iter())
        .filter_map(|(bounds, mut zones)| {
            zones.sort_unstable();
            let window = clip(bounds.in_pixels(&frame), grid)?;
            let step = ((window.pixels() as f64 / WINDOW_PIXELS_MAX as f64).sqrt().ceil() as u32).max(1);
            Some(Part { window, step, zones })
        })
        .collect();
    Some(Plan {
        frame,
        zones,
        faults,
        parts,
    })
}

/// The windows in which a site's vessels are looked for; empty when the scene does not show the site.
#[must_use]
pub fn neighbourhood(grid: &Grid, site: &Site) -> Vec<Window> {
    plan(grid, site).map_or_else(Vec::new, |plan| plan.parts.iter().map(|part| part.window).collect())
}

/// The affine map from the scene's pixels to metres east and north of `centre`, exact at the centre.
fn frame_of(grid: &Grid, centre: Point<f64>) -> Option<Frame> {
    /// Length of the legs by which the pixel vectors are measured, pixels.
    const LEG_PX: f64 = 64.0;
    let (x, y) = grid.lonlat_to_px(centre.x(), centre.y())?;
    let vector = |dx: f64, dy: f64| {
        let leg = grid.leg((x - dx, y - dy), (x + dx, y + dy))?;
        let (sin, cos) = leg.bearing_deg.to_radians().sin_cos();
        let metres = leg.distance_m / (2.0 * LEG_PX);
        Some([sin * metres, cos * metres])
    };
    let (column_m, row_m) = (vector(LEG_PX, 0.0)?, vector(0.0, LEG_PX)?);
    let origin_m = [-(column_m[0] * x + row_m[0] * y), -(column_m[1] * x + row_m[1] * y)];
    let frame = Frame {
        origin_m,
        column_m,
        row_m,
    };
    let area = frame.pixel_area_m2();
    (area.is_finite() && area > 1e-6).then_some(frame)
}

/// Two groups that overlap and fit one window together.
fn joinable(groups: &[(Bounds, Vec<usize>)], pixel_m2: f64) -> Option<(usize, usize, Bounds)> {
    for (first, (a, _)) in groups.iter().enumerate() {
        for (second, (b, _)) in groups.iter().enumerate().skip(first + 1) {
            let apart = (0..2).any(|axis| {
                let of = |at: &[f64; 2]| at.get(axis).copied().unwrap_or(0.0);
                of(&a.min) > of(&b.max) || of(&b.min) > of(&a.max)
            });
            let joined = Bounds {
                min: [a.min[0].min(b.min[0]), a.min[1].min(b.min[1])],
                max: [a.max[0].max(b.max[0]), a.max[1].max(b.max[1])],
            };
            let size = |bounds: &Bounds| (bounds.max[0] - bounds.min[0]) * (bounds.max[1] - bounds.min[1]);
            let fits = size(&joined) / pixel_m2 <= WINDOW_PIXELS_MAX as f64;
            let worth = size(&joined) <= 1.5 * (size(a) + size(b));
            if !apart && fits && worth {
                return Some((first, second, joined));
            }
        }
    }
    None
}

/// The whole pixels of a box inside the scene.
fn clip([left, top, right, bottom]: [f64; 4], grid: &Grid) -> Option<Window> {
    let column = |x: f64| x.clamp(0.0, f64::from(grid.width)) as u32;
    let row = |y: f64| y.clamp(0.0, f64::from(grid.height)) as u32;
    let (x, y) = (column(left.floor()), row(top.floor()));
    let (right, bottom) = (column(right.ceil()), row(bottom.ceil()));
    (right > x && bottom > y).then(|| Window::new(x, y, right - x, bottom - y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Affine, Crs, Georef};

    fn grid(lon: f64, lat: f64, gsd_m: f64, side: u32) -> Grid {
        let crs = Crs::from_epsg(32653).unwrap();
        let (x, y) = crs.from_lonlat(lon, lat).unwrap();
        let half = f64::from(side) * gsd_m / 2.0;
        Grid {
            width: side,
            height: side,
            georef: Georef::Affine {
                transform: Affine::north_up(x - half, y + half, gsd_m, gsd_m),
                crs,
            },
        }
    }

    fn site() -> Site {
        let square = |id: &str, kind: &str, lon: f64, lat: f64, size: f64| {
            let (e, n) = (lon + size, lat + size);
            format!(
                r#"{{"type":"Feature","properties":{{"zone":"{id}","kind":"{kind}"}},"geometry":{{"type":"Polygon",
                "coordinates":[[[{lon},{lat}],[{e},{lat}],[{e},{n}],[{lon},{n}],[{lon},{lat}]]]}}}}"#
            )
        };
        let zones = [
            square("pier", "berth", 133.07, 42.74, 0.002),
            square("apron", "apron", 133.071, 42.742, 0.002),
            square("roads", "anchorage", 133.12, 42.70, 0.02),
        ];
        Site::from_geojson(&format!(
            r#"{{"type":"FeatureCollection","site":"s","name":"S","features":[{}]}}"#,
            zones.join(",")
        ))
        .unwrap()
    }

    #[test]
    fn near_zones_share_a_window_and_far_ones_have_their_own() {
        let plan = plan(&grid(133.09, 42.73, 3.0, 6000), &site()).unwrap();
        assert_eq!(plan.parts.len(), 2);
        assert_eq!(plan.parts[0].zones, [0, 1]);
        assert!(
            plan.parts
                .iter()
                .all(|part| part.window.pixels() <= WINDOW_PIXELS_MAX && part.step == 1)
        );
        assert!((plan.frame.gsd_m() - 3.0).abs() < 0.01);
    }

    #[test]
    fn a_site_outside_the_scene_needs_nothing() {
        assert!(neighbourhood(&grid(134.5, 42.73, 3.0, 2000), &site()).is_empty());
    }

    #[test]
    fn a_window_of_half_metre_pixels_is_read_coarser() {
        let plan = plan(&grid(133.09, 42.73, 0.5, 30_000), &site()).unwrap();
        let roads = plan.parts.iter().find(|part| part.zones == [2]).unwrap();
        assert!(roads.step > 1 && roads.window.pixels() / u64::from(roads.step * roads.step) <= WINDOW_PIXELS_MAX);
    }

    #[test]
    fn a_scene_without_georeference_has_no_plan() {
        assert!(plan(&Grid::unreferenced(100, 100, Some(3.0)), &site()).is_none());
    }
}
