//! A hull as several looks measured it, and the probability that two are one.

use crate::rules::Rules;

use super::{admit::Seen, chance::normal_density};

/// Density of lengths among vessels at large, a metre: lengths spread over about 100 m.
const LENGTH_DENSITY_PER_M: f64 = 0.01;
/// Density of beams given the length, a metre: beams of one length spread over about 12 m.
const BEAM_DENSITY_PER_M: f64 = 0.08;
/// Smallest standard error that averaging reaches, metres: scale errors of a sensor do not average out.
const LENGTH_SD_FLOOR_M: f64 = 2.5;
const BEAM_SD_FLOOR_M: f64 = 1.5;

/// Size of a hull: precision-weighted means of what looks measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hull {
    length_weight: f64,
    length_sum: f64,
    beam_weight: f64,
    beam_sum: f64,
}

impl Hull {
    /// Adds one sighting.
    pub fn add(&mut self, seen: &Seen) {
        let weight = 1.0 / seen.length_sd_m.powi(2);
        self.length_weight += weight;
        self.length_sum += weight * seen.length_m;
        if let Some((beam, sd)) = seen.beam {
            let weight = 1.0 / sd.powi(2);
            self.beam_weight += weight;
            self.beam_sum += weight * beam;
        }
    }

    /// The same hull, measured by both.
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            length_weight: self.length_weight + other.length_weight,
            length_sum: self.length_sum + other.length_sum,
            beam_weight: self.beam_weight + other.beam_weight,
            beam_sum: self.beam_sum + other.beam_sum,
        }
    }

    /// Length and its standard error, metres.
    pub fn length(&self) -> (f64, f64) {
        (
            self.length_sum / self.length_weight.max(1e-12),
            (1.0 / self.length_weight.max(1e-12) + LENGTH_SD_FLOOR_M.powi(2)).sqrt(),
        )
    }

    /// Beam and its standard error, metres, if any look measured it.
    pub fn beam(&self) -> Option<(f64, f64)> {
        (self.beam_weight > 0.0).then(|| {
            (
                self.beam_sum / self.beam_weight,
                (1.0 / self.beam_weight + BEAM_SD_FLOOR_M.powi(2)).sqrt(),
            )
        })
    }

    /// Differences of length and beam in standard errors; `None` for the beam where one side has none.
    pub fn differences(&self, other: &Self) -> (f64, Option<f64>) {
        let (a, b) = (self.length(), other.length());
        let length = (a.0 - b.0) / a.1.hypot(b.1);
        let beam = match (self.beam(), other.beam()) {
            (Some(a), Some(b)) => Some((a.0 - b.0) / a.1.hypot(b.1)),
            _ => None,
        };
        (length, beam)
    }

    /// False when the sizes differ by more than the gate.
    pub fn may_be(&self, other: &Self, rules: &Rules) -> bool {
        let (length, beam) = self.differences(other);
        length.abs() <= rules.calls.gate_sd && beam.is_none_or(|beam| beam.abs() <= rules.calls.gate_sd)
    }

    /// How much likelier these sizes are for one hull than for two at random.
    pub fn likelihood_ratio(&self, other: &Self) -> f64 {
        let (a, b) = (self.length(), other.length());
        let mut ratio = normal_density(a.0 - b.0, a.1.hypot(b.1)) / LENGTH_DENSITY_PER_M;
        if let (Some(a), Some(b)) = (self.beam(), other.beam()) {
            ratio *= normal_density(a.0 - b.0, a.1.hypot(b.1)) / BEAM_DENSITY_PER_M;
        }
        ratio
    }
}

/// Posterior probability from a prior probability and a likelihood ratio.
pub fn posterior(prior: f64, ratio: f64) -> f64 {
    let odds = prior / (1.0 - prior) * ratio;
    if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use quaywatch_protocol::contract::look::{Ais, VesselClass};

    use super::*;
    use crate::correlate::book::ZoneIx;

    fn measured(length_m: f64, length_sd_m: f64, beam: Option<(f64, f64)>) -> Hull {
        let mut hull = Hull::default();
        hull.add(&Seen {
            zone: ZoneIx::default(),
            lat_deg: 0.0,
            lon_deg: 0.0,
            length_m,
            length_sd_m,
            beam,
            confidence: 0.9,
            class: VesselClass::Tanker,
            ais: Ais::Dark,
            mmsi: None,
            mismatch: false,
        });
        hull
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn the_surer_look_counts_more_and_two_are_surer_than_one() {
        let hull = measured(100.0, 10.0, None).joined(&measured(110.0, 5.0, Some((16.0, 2.0))));
        let (length, sd) = hull.length();
        // Weights 1/100 and 1/25; the floor of the standard error is 2.5 m.
        near(length, 108.0);
        near(sd, (20.0_f64 + 6.25).sqrt());
        let (beam, sd) = hull.beam().unwrap();
        near(beam, 16.0);
        near(sd, (4.0_f64 + 2.25).sqrt());
        let beams = hull.joined(&measured(100.0, 10.0, Some((20.0, 2.0)))).beam().unwrap();
        near(beams.0, 18.0);
        near(beams.1, (2.0_f64 + 2.25).sqrt());
    }

    #[test]
    fn hulls_differ_in_standard_errors_of_the_difference() {
        let (small, large) = (
            measured(100.0, 6.0, Some((16.0, 2.0))),
            measured(126.0, 6.0, Some((21.0, 2.0))),
        );
        let (length, beam) = small.differences(&large);
        near(length, -26.0 / (2.0_f64 * 42.25).sqrt());
        near(beam.unwrap(), -5.0 / (2.0_f64 * 6.25).sqrt());
        assert_eq!(small.differences(&measured(126.0, 6.0, None)).1, None);
    }

    #[test]
    fn the_same_size_speaks_for_one_hull_and_another_size_against_it() {
        let hull = measured(100.0, 6.0, Some((16.0, 2.0)));
        let sd = (2.0_f64 * 42.25).sqrt();
        let lengths = 1.0 / (sd * std::f64::consts::TAU.sqrt()) / 0.01;
        near(hull.likelihood_ratio(&measured(100.0, 6.0, None)), lengths);
        let sd = (2.0_f64 * 6.25).sqrt();
        near(
            hull.likelihood_ratio(&hull),
            lengths / (sd * std::f64::consts::TAU.sqrt()) / 0.08,
        );
        assert!(hull.likelihood_ratio(&measured(160.0, 6.0, None)) < 0.01);
    }

    #[test]
    fn a_prior_and_a_ratio_make_a_posterior() {
        for (prior, ratio, expected) in [(0.5, 1.0, 0.5), (0.2, 4.0, 0.5), (0.8, 0.25, 0.5), (0.1, 0.0, 0.0)] {
            near(posterior(prior, ratio), expected);
        }
        near(posterior(0.5, f64::INFINITY), 1.0);
        near(posterior(1.0, 3.0), 1.0);
    }
}
