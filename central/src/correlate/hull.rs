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
