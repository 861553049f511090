//! Measurement: from a candidate in tile pixels to a vessel in metres and degrees on the ground.
//!
//! The hull's axis is carried to the scene's grid by its two ends, and the geodesic between them gives length and heading. So neither the
//! projection's scale nor its convergence, nor pixels that are not square, enter the result. The beam is measured across in the same way.

use crate::{
    detect::{Candidate, Detection},
    scene::Grid,
    tile::Placement,
};

/// Measures a candidate. Without georeference and pixel size, lengths are counted in native pixels of `gsd_fallback_m` metres.
#[must_use]
pub fn measure(candidate: &Candidate, place: &Placement, grid: &Grid, gsd_fallback_m: f64) -> Detection {
    let (sin, cos) = candidate.angle_deg.to_radians().sin_cos();
    let at = |along: f64, across: f64| {
        place.to_scene(
            candidate.x + along * cos - across * sin,
            candidate.y + along * sin + across * cos,
        )
    };
    let half = candidate.length_px / 2.0;
    let ends = [at(-half, 0.0), at(half, 0.0)];
    let sides = [at(0.0, -candidate.beam_px / 2.0), at(0.0, candidate.beam_px / 2.0)];
    let (px, py) = at(0.0, 0.0);
    let plain = Grid::unreferenced(grid.width, grid.height, Some(gsd_fallback_m));
    let leg = |from: (f64, f64), to: (f64, f64)| grid.leg(from, to).or_else(|| plain.leg(from, to));
    let (axis, beam) = (leg(ends[0], ends[1]), leg(sides[0], sides[1]));
    let length_m = axis.map_or(0.0, |axis| axis.distance_m);
    let beam_m = beam.map_or(0.0, |beam| beam.distance_m);
    // Metres per tile pixel along and across the hull carry the standard errors.
    let along_m = length_m / candidate.length_px.max(f64::MIN_POSITIVE);
    let across_m = beam_m / candidate.beam_px.max(f64::MIN_POSITIVE);
    let heading_deg = axis.map_or(0.0, |axis| axis.bearing_deg.rem_euclid(180.0));
    Detection {
        px,
        py,
        lonlat: grid.px_to_lonlat(px, py),
        length_m,
        beam_m,
        heading_deg: if heading_deg >= 180.0 { 0.0 } else { heading_deg },
        confidence: candidate.confidence,
        class: candidate.class,
        position_sd_m: candidate.position_sd_px * (along_m * across_m).sqrt(),
        length_sd_m: candidate.length_sd_px * along_m,
        beam_sd_m: candidate.beam_sd_px * across_m,
        heading_sd_deg: candidate.angle_sd_deg,
        ends_px: ends,
        beam_px: (sides[1].0 - sides[0].0).hypot(sides[1].1 - sides[0].1),
    }
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::look::VesselClass;

    use super::*;
    use crate::scene::{Affine, Crs, Georef};

    fn grid(code: u32, size: f64) -> Grid {
        let crs = Crs::from_epsg(code).unwrap();
        let (x, y) = crs.from_lonlat(133.08, 42.75).unwrap();
        let size = if crs.is_geographic() { size / 111_000.0 } else { size };
        Grid {
            width: 400,
            height: 400,
            georef: Georef::Affine {
                transform: Affine::north_up(x, y, size, size),
                crs,
            },
        }
    }

    /// A 120 m ship that points to 30 degrees, drawn through the geodesic, must come back whatever the projection.
    #[test]
    fn a_ship_of_120_m_is_120_m_in_every_projection() {
        for (code, size) in [(32653, 3.0), (3857, 10.0), (4326, 9.0), (32652, 10.0)] {
            let grid = grid(code, size);
            let (heading, length_m) = (30.0, 120.0);
            let centre = (200.0, 150.0);
            let bow = grid.offset(centre, length_m / 2.0, heading).unwrap();
            let stern = grid.offset(centre, length_m / 2.0, heading + 180.0).unwrap();
            let place = Placement {
                x0_px: 40.0,
                y0_px: 20.0,
                step_x_px: 0.8,
                step_y_px: 0.9,
            };
            let (bow, stern) = (place.from_scene(bow.0, bow.1), place.from_scene(stern.0, stern.1));
            let (dx, dy) = (bow.0 - stern.0, bow.1 - stern.1);
            let candidate = Candidate {
                x: (bow.0 + stern.0) / 2.0,
                y: (bow.1 + stern.1) / 2.0,
                length_px: dx.hypot(dy),
                beam_px: 2.0,
                angle_deg: dy.atan2(dx).to_degrees().rem_euclid(180.0),
                confidence: 0.9,
                class: VesselClass::Vessel,
                position_sd_px: 1.0,
                length_sd_px: 2.0,
                beam_sd_px: 1.0,
                angle_sd_deg: 4.0,
            };
            let found = measure(&candidate, &place, &grid, 10.0);
            assert!(
                (found.length_m - length_m).abs() < 0.05,
                "EPSG:{code}: {} m",
                found.length_m
            );
            assert!(
                (found.heading_deg - heading).abs() < 0.05,
                "EPSG:{code}: {} deg",
                found.heading_deg
            );
            assert!((found.px - centre.0).abs() < 0.01 && (found.py - centre.1).abs() < 0.01);
            let relative = found.length_sd_m / found.length_m;
            assert!((relative - 2.0 / candidate.length_px).abs() < 1e-6);
        }
    }

    #[test]
    fn without_georeference_the_given_pixel_size_counts_and_up_is_north() {
        let grid = Grid::unreferenced(100, 100, Some(5.0));
        let place = Placement {
            x0_px: 0.0,
            y0_px: 0.0,
            step_x_px: 2.0,
            step_y_px: 2.0,
        };
        let candidate = Candidate {
            x: 10.0,
            y: 10.0,
            length_px: 10.0,
            beam_px: 2.0,
            angle_deg: 90.0,
            confidence: 0.5,
            class: VesselClass::Vessel,
            position_sd_px: 0.0,
            length_sd_px: 0.0,
            beam_sd_px: 0.0,
            angle_sd_deg: 0.0,
        };
        let found = measure(&candidate, &place, &grid, 8.0);
        assert!((found.length_m - 100.0).abs() < 1e-9 && found.heading_deg.abs() < 1e-9 && found.lonlat.is_none());
    }
}
