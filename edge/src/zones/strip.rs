//! A track straightened: stations at even steps along its centre line.

use super::patch::{Metres, Patch, Signature};

/// Stations of one track: a track of 4 km at half a metre.
pub const STATIONS_MAX: usize = 8_000;
/// Finest step between stations, metres.
const STEP_MIN_M: f64 = 0.5;
/// Coarsest step between stations, metres: a car has at least five.
const STEP_MAX_M: f64 = 2.5;
/// Width of rolling stock (1,520 mm gauge: 3.0 to 3.25 m), metres.
pub const CAR_WIDTH_M: f64 = 3.1;

/// One place along a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Distance from the track's first point along its centre line, metres.
    pub along_m: f64,
    /// Where it is.
    pub at_m: Metres,
    /// Unit vector across the track, to the right of its direction.
    pub across: Metres,
}

impl Station {
    /// The point `offset_m` to the right of the centre line.
    #[must_use]
    pub fn aside(&self, offset_m: f64) -> Metres {
        [
            self.at_m[0] + self.across[0] * offset_m,
            self.at_m[1] + self.across[1] * offset_m,
        ]
    }
}

/// The step between stations for pixels of `gsd_m`: half a pixel, within limits, and never so fine that a track of
/// `length_m` has more than [`STATIONS_MAX`].
#[must_use]
pub fn step_m(gsd_m: f64, length_m: f64) -> f64 {
    (gsd_m / 2.0)
        .clamp(STEP_MIN_M, STEP_MAX_M)
        .max(length_m / STATIONS_MAX as f64)
}

/// Stations at the middle of each step along a path.
#[must_use]
pub fn stations(path: &[Metres], step_m: f64) -> Vec<Station> {
    let mut found = Vec::new();
    let mut start_m = 0.0;
    let mut next_m = step_m / 2.0;
    for pair in path.windows(2) {
        let [a, b] = pair else { continue };
        let (east, north) = (b[0] - a[0], b[1] - a[1]);
        let length_m = east.hypot(north);
        if length_m <= 0.0 {
            continue;
        }
        let ahead = [east / length_m, north / length_m];
        while next_m < start_m + length_m && found.len() < STATIONS_MAX {
            let along = next_m - start_m;
            found.push(Station {
                along_m: next_m,
                at_m: [a[0] + ahead[0] * along, a[1] + ahead[1] * along],
                across: [ahead[1], -ahead[0]],
            });
            next_m += step_m;
        }
        start_m += length_m;
    }
    found
}

/// What the track itself looks like at a station: the mean over a car's width, as far as pixels are finer than that.
#[must_use]
pub fn core(patch: &Patch, station: &Station) -> Option<Signature> {
    let gsd_m = patch.frame().gsd_m();
    if gsd_m > CAR_WIDTH_M / 2.0 {
        return patch.sample(station.at_m);
    }
    let taps = ((CAR_WIDTH_M / gsd_m) as i32 / 2).clamp(1, 6);
    let mut mean: Option<Signature> = None;
    let count = (2 * taps + 1) as f32;
    for tap in -taps..=taps {
        let offset_m = f64::from(tap) / f64::from(taps) * 0.35 * CAR_WIDTH_M;
        let sample = patch.sample(station.aside(offset_m))?;
        let mean = mean.get_or_insert_with(|| Signature::zeros(sample.values().len()));
        for (sum, value) in mean.values_mut().iter_mut().zip(sample.values()) {
            *sum += value / count;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stations_cover_the_path_evenly(
            points in proptest::collection::vec((-300.0f64..300.0, -300.0f64..300.0), 2..6), step in 0.5f64..2.5,
        ) {
            let path: Vec<Metres> = points.iter().map(|&(x, y)| [x, y]).collect();
            let length_m = crate::zones::local::path_length_m(&path);
            let found = stations(&path, step);
            prop_assert!((found.len() as f64 * step - length_m).abs() <= step);
            for pair in found.windows(2) {
                let apart = (pair[1].at_m[0] - pair[0].at_m[0]).hypot(pair[1].at_m[1] - pair[0].at_m[1]);
                prop_assert!(apart <= step + 1e-6);
            }
        }
    }

    #[test]
    fn right_of_a_track_going_north_is_east() {
        let station = stations(&[[0.0, 0.0], [0.0, 10.0]], 1.0)[3];
        assert_eq!(station.aside(2.0), [2.0, 3.5]);
    }
}
