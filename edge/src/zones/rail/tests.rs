use super::*;
use crate::zones::paint::{self, BLUE, Canvas, GRASS, RUST, SNOW, WHITE};
use crate::zones::strip::CAR_WIDTH_M;
use proptest::prelude::*;

const LENGTH_M: f64 = 600.0;
const SPACING_M: f64 = 5.0;

/// A yard of three tracks going east; `trains` are (track, start, cars).
fn yard(gsd_m: f64, ballast: paint::Colour, trains: &[(usize, f64, usize)]) -> Canvas {
    let mut canvas = Canvas::new(LENGTH_M + 40.0, 120.0, gsd_m, GRASS);
    canvas.bar([320.0, 60.0], 90.0, LENGTH_M + 60.0, 24.0, ballast);
    for (number, &(track, start_m, cars)) in trains.iter().enumerate() {
        for car in 0..cars {
            let colour = [RUST, WHITE, BLUE, paint::CONCRETE.map(|band| band * 1.6)][(car / 3 + number) % 4];
            let middle = 20.0 + start_m + (car as f64 + 0.5) * CAR_PITCH_M;
            canvas.bar(
                [middle, north(track)],
                90.0,
                CAR_PITCH_M - CAR_GAP_M,
                CAR_WIDTH_M,
                colour,
            );
        }
    }
    canvas
}

fn north(track: usize) -> f64 {
    60.0 + (track as f64 - 1.0) * SPACING_M
}

fn seen(canvas: &Canvas) -> Vec<TrackSeen> {
    let patch = canvas.expose(5);
    let zones: Vec<LocalZone> = (0..3)
        .map(|track| {
            paint::track(
                &format!("t{track}"),
                [20.0, north(track)],
                [20.0 + LENGTH_M, north(track)],
            )
        })
        .collect();
    let members: Vec<_> = zones.iter().enumerate().collect();
    let cover = vec![Cover::Clear; patch.valid().len()];
    measure(&patch, &cover, &members, None, |_, _| None).tracks
}

#[test]
fn an_empty_yard_is_seen_empty_along_its_whole_length() {
    for track in seen(&yard(3.0, paint::BALLAST, &[])) {
        assert!(track.occupied_m < 1.0, "{track:?}");
        assert!((track.visible_m - LENGTH_M).abs() < 2.0, "{track:?}");
    }
}

#[test]
fn cars_on_one_track_do_not_fill_the_next() {
    let found = seen(&yard(3.0, paint::BALLAST, &[(1, 100.0, 20)]));
    let expected = 20.0 * CAR_PITCH_M;
    assert!((found[1].occupied_m - expected).abs() < 0.06 * expected, "{found:?}");
    assert!((found[1].cars - 20.0).abs() < 1.5, "{found:?}");
    assert!(found[0].occupied_m < 30.0 && found[2].occupied_m < 30.0, "{found:?}");
}

#[test]
fn a_yard_under_snow_is_not_full() {
    let found = seen(&yard(3.0, SNOW, &[(0, 50.0, 12)]));
    assert!((found[0].occupied_m - 12.0 * CAR_PITCH_M).abs() < 20.0, "{found:?}");
    assert!(found[2].occupied_m < 20.0, "{found:?}");
}

#[test]
fn what_is_hidden_is_neither_empty_nor_occupied() {
    let patch = yard(3.0, paint::BALLAST, &[(1, 100.0, 20)]).expose(5);
    let zones = [paint::track("t", [20.0, north(1)], [20.0 + LENGTH_M, north(1)])];
    let members: Vec<_> = zones.iter().enumerate().collect();
    let half = patch.width() / 2;
    let cover: Vec<Cover> = (0..patch.valid().len())
        .map(|index| {
            if index % patch.width() > half {
                Cover::Cloud
            } else {
                Cover::Clear
            }
        })
        .collect();
    let found = measure(&patch, &cover, &members, None, |_, _| None).tracks;
    assert!((found[0].visible_m - LENGTH_M / 2.0).abs() < 6.0, "{found:?}");
    assert!((found[0].occupied_m - 200.0).abs() < 12.0, "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn occupied_metres_follow_the_cars(cars in 3usize..35, start in 10.0f64..90.0, other in 0usize..12) {
        let found = seen(&yard(3.0, paint::BALLAST, &[(0, start, cars), (2, 30.0, other)]));
        let expected = cars as f64 * CAR_PITCH_M;
        prop_assert!((found[0].occupied_m - expected).abs() < 0.1 * expected + 6.0, "{} {expected}", found[0].occupied_m);
    }
}
