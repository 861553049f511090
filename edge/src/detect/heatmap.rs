//! From the network's output maps to candidates (edge/model/FORMAT.md, "Decoding").
//!
//! `heat` is [h, w, 4] of logits at stride 2: channel `2 * dy + dx` of cell (i, j) is pixel (row 2i + dy, column 2j + dx). Peaks are compared as the
//! integers that they are. `geom` is [h, w, 4]: logarithms of length and beam, sine and cosine of twice the axis angle.

use quaywatch_protocol::contract::look::VesselClass;

use super::{
    Candidate,
    model_file::{DecodeNote, ErrorNote, OutputsNote, Sidecar},
};

/// Pixels `x0..x1` by `y0..y1` of a tile, within which peaks are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    pub x0: usize,
    pub x1: usize,
    pub y0: usize,
    pub y1: usize,
}

/// Turns maps into candidates.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    outputs: OutputsNote,
    decode: DecodeNote,
    calibration: Vec<(f64, f64)>,
    errors: Vec<ErrorNote>,
    gsd_m: f64,
    /// Heat from which a pixel can be a peak.
    floor_q: i32,
}

impl Decoder {
    pub(super) fn new(sidecar: &Sidecar) -> Self {
        Self::with_floor(sidecar, sidecar.decode.score_floor)
    }

    fn with_floor(sidecar: &Sidecar, score_floor: f64) -> Self {
        let heat = &sidecar.outputs.heat;
        let logit = (score_floor / (1.0 - score_floor)).ln();
        // As float32, like the reference, so that the same pixels pass.
        let floor_q = (-128..=127)
            .find(|q| f64::from((q - heat.zero_point) as f32 * heat.scale) >= logit)
            .unwrap_or(128);
        Self {
            outputs: sidecar.outputs.clone(),
            decode: sidecar.decode,
            calibration: sidecar.calibration.clone(),
            errors: sidecar.errors.clone(),
            gsd_m: sidecar.input.gsd_m,
            floor_q,
        }
    }

    /// Peaks whose pixel lies in the core, in reading order, not yet suppressed.
    pub(super) fn candidates(&self, heat: &[i8], geom: &[i8], cells: usize, core: Core) -> Vec<Candidate> {
        let side = cells * 2;
        let at = |row: usize, column: usize| -> i32 {
            let index = ((row / 2) * cells + column / 2) * 4 + (row % 2) * 2 + column % 2;
            heat.get(index).map_or(i32::MIN, |q| i32::from(*q))
        };
        let mut found = Vec::new();
        for row in core.y0..core.y1.min(side) {
            let cells_of_row = (row / 2) * cells * 4..(row / 2 + 1) * cells * 4;
            // Most rows of water hold nothing: one look at all of it is cheap.
            if heat
                .get(cells_of_row)
                .is_none_or(|row| row.iter().all(|q| i32::from(*q) < self.floor_q))
            {
                continue;
            }
            for column in core.x0..core.x1.min(side) {
                let here = at(row, column);
                if here < self.floor_q || !is_peak(here, row, column, side, &at) {
                    continue;
                }
                let cell = ((row / 2) * cells + column / 2) * 4;
                if let Some([g0, g1, g2, g3]) = geom.get(cell..cell + 4).and_then(|part| <[i8; 4]>::try_from(part).ok())
                {
                    found.push(self.candidate(row, column, here, [g0, g1, g2, g3]));
                }
            }
        }
        found
    }

    fn candidate(&self, row: usize, column: usize, heat_q: i32, geom_q: [i8; 4]) -> Candidate {
        let geom =
            geom_q.map(|q| f64::from((i32::from(q) - self.outputs.geom.zero_point) as f32 * self.outputs.geom.scale));
        let logit = f64::from((heat_q - self.outputs.heat.zero_point) as f32 * self.outputs.heat.scale);
        let length_px = (geom[0] + self.outputs.length_log_mid)
            .exp()
            .clamp(self.decode.length_px_min, self.decode.length_px_max);
        let beam_px = (geom[1] + self.outputs.beam_log_mid).exp().max(0.5).min(length_px);
        let errors = self
            .errors
            .iter()
            .find(|row| {
                row.length_m_max
                    .is_none_or(|length_m_max| length_px * self.gsd_m <= length_m_max)
            })
            .or_else(|| self.errors.last());
        let of = |value: fn(&ErrorNote) -> f64| errors.map_or(0.0, value);
        Candidate {
            x: column as f64 + 0.5,
            y: row as f64 + 0.5,
            length_px,
            beam_px,
            angle_deg: (0.5 * geom[2].atan2(geom[3])).to_degrees().rem_euclid(180.0),
            confidence: interpolate(&self.calibration, 1.0 / (1.0 + (-logit).exp())),
            class: VesselClass::Vessel,
            position_sd_px: of(|row| row.position_sd_m) / self.gsd_m,
            length_sd_px: of(|row| row.length_rel_sd) * length_px,
            beam_sd_px: of(|row| row.beam_rel_sd) * beam_px,
            angle_sd_deg: of(|row| row.heading_sd_deg),
        }
    }
}

/// Strictly above the four neighbours before it in reading order, at least equal to the four after: of equals the first wins.
fn is_peak(here: i32, row: usize, column: usize, side: usize, at: &impl Fn(usize, usize) -> i32) -> bool {
    let neighbour = |dy: i64, dx: i64| -> i32 {
        let (Ok(y), Ok(x)) = (usize::try_from(row as i64 + dy), usize::try_from(column as i64 + dx)) else {
            return i32::MIN;
        };
        if y < side && x < side { at(y, x) } else { i32::MIN }
    };
    [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
        .into_iter()
        .all(|(dy, dx)| here > neighbour(dy, dx))
        && [(0, 1), (1, -1), (1, 0), (1, 1)]
            .into_iter()
            .all(|(dy, dx)| here >= neighbour(dy, dx))
}

/// Linear between points, clamped at the ends.
fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let above = points.partition_point(|(at, _)| *at <= x);
    match (
        above.checked_sub(1).and_then(|below| points.get(below)),
        points.get(above),
    ) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some((_, y))) => *y,
        (None, None) => x,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;

    use super::*;
    use crate::{detect::model_file::ModelFile, suppress::Overlap};

    #[derive(Deserialize)]
    struct Golden {
        shape: [usize; 3],
        score_floor: f64,
        heat: Map,
        geom: Map,
        vessels: Vec<Vessel>,
    }

    #[derive(Deserialize)]
    struct Map {
        scale: f32,
        zero_point: i32,
        q: Vec<i8>,
    }

    #[derive(Deserialize)]
    struct Vessel {
        x: f64,
        y: f64,
        length_px: f64,
        beam_px: f64,
        angle_deg: f64,
        score: f64,
    }

    #[test]
    fn maps_mean_the_vessels_that_the_reference_finds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("model");
        let golden: Golden =
            serde_json::from_slice(&std::fs::read(folder.join("golden/decode.json")).unwrap()).unwrap();
        let mut sidecar = ModelFile::find(Some(&folder)).unwrap().sidecar;
        for (note, map) in [
            (&mut sidecar.outputs.heat, &golden.heat),
            (&mut sidecar.outputs.geom, &golden.geom),
        ] {
            (note.scale, note.zero_point) = (map.scale, map.zero_point);
        }
        sidecar.calibration = vec![(0.0, 0.0), (1.0, 1.0)];
        let decoder = Decoder::with_floor(&sidecar, golden.score_floor);
        let cells = golden.shape[0];
        let core = Core {
            x0: 0,
            x1: cells * 2,
            y0: 0,
            y1: cells * 2,
        };
        let overlap = Overlap {
            along: sidecar.decode.suppress_along,
            across: sidecar.decode.suppress_across,
            min_px: sidecar.decode.suppress_min_px,
            length_px_max: sidecar.decode.length_px_max,
        };
        let found = overlap.suppress(decoder.candidates(&golden.heat.q, &golden.geom.q, cells, core));
        assert_eq!(found.len(), golden.vessels.len());
        for (found, expected) in found.iter().zip(&golden.vessels) {
            for (value, expected, name) in [
                (found.x, expected.x, "x"),
                (found.y, expected.y, "y"),
                (found.length_px, expected.length_px, "length"),
                (found.beam_px, expected.beam_px, "beam"),
                (found.angle_deg, expected.angle_deg, "angle"),
                (found.confidence, expected.score, "score"),
            ] {
                assert!(
                    (value - expected).abs() < 2e-4 * expected.abs().max(1.0),
                    "{name}: {value}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn calibration_is_linear_between_points_and_clamped_outside() {
        let points = [(0.1, 0.0), (0.5, 0.8), (0.9, 1.0)];
        for (x, y) in [(0.0, 0.0), (0.3, 0.4), (0.5, 0.8), (0.7, 0.9), (1.0, 1.0)] {
            assert!((interpolate(&points, x) - y).abs() < 1e-9, "{x}");
        }
    }
}
