//! Quantities at a port that are no ships: cars on its tracks, goods on its apron, aircraft.

use crate::feed::chance::Chance;

/// A quantity that wavers, drifts, and now and then stands higher for some days.
pub(super) struct Level {
    usual: f64,
    spread: f64,
    raised: Vec<(f64, f64, f64)>,
}

impl Level {
    pub(super) fn new(usual: [f64; 2], days: f64, chance: &mut Chance) -> Self {
        let usual = chance.between(usual);
        let raised = (0..chance.whole([1, 4]))
            .map(|_| {
                let from = chance.between([0.2 * days, days]);
                (
                    from,
                    from + chance.between([1.0, 20.0]),
                    usual * chance.between([0.2, 1.6]),
                )
            })
            .collect();
        Self {
            usual,
            spread: usual * chance.between([0.02, 0.12]),
            raised,
        }
    }

    pub(super) fn at(&self, day: f64, chance: &mut Chance) -> f64 {
        let raised = self.raised.iter().filter(|(from, to, _)| (*from..*to).contains(&day));
        (self.usual + self.spread * chance.normal() + raised.map(|(.., by)| by).sum::<f64>()).max(0.0)
    }
}
