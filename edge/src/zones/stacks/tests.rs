use super::*;
use crate::zones::paint::{self, BLUE, CONCRETE, Canvas, RUST, WHITE};
use proptest::prelude::*;

fn apron() -> LocalZone {
    paint::area("apron", ZoneKind::Apron, 20.0, 20.0, 320.0, 80.0)
}

fn seen(canvas: &Canvas) -> StacksSeen {
    let patch = canvas.expose(3);
    let cover = vec![Cover::Clear; patch.valid().len()];
    measured(&patch, &cover, None, None).0
}

fn measured(patch: &Patch, cover: &[Cover], sun: Option<&Sun>, reference: Option<&Reference>) -> (StacksSeen, Surface) {
    match measure(patch, cover, &apron(), sun, |_| reference) {
        Measured::Seen(seen, pavement) => (seen, pavement),
        other => panic!("{other:?}"),
    }
}

fn row(canvas: &mut Canvas, middle: Metres, bearing_deg: f64, length_m: f64, width_m: f64) {
    let count = (length_m / 12.5).ceil() as usize;
    let (sin, cos) = bearing_deg.to_radians().sin_cos();
    let box_m = length_m / count as f64;
    for index in 0..count {
        let along = (index as f64 + 0.5) * box_m - length_m / 2.0;
        let colour = [RUST, BLUE, WHITE, RUST][index % 4];
        canvas.bar(
            [middle[0] + along * sin, middle[1] + along * cos],
            bearing_deg,
            box_m,
            width_m,
            colour,
        );
    }
}

#[test]
fn an_empty_apron_is_bare() {
    let found = seen(&Canvas::new(340.0, 100.0, 3.0, CONCRETE));
    assert!(found.area_m2 < 30.0, "{} m2", found.area_m2);
}

#[test]
fn shade_beside_a_row_is_not_covered_ground() {
    let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
    // A row of 8 m height under a low sun in the south: shade of 12 m to the north.
    canvas.bar([170.0, 59.0], 90.0, 100.0, 14.0, CONCRETE.map(|band| band * 0.45));
    row(&mut canvas, [170.0, 46.0], 90.0, 100.0, 12.0);
    let patch = canvas.expose(3);
    let cover = vec![Cover::Clear; patch.valid().len()];
    let sun = Sun {
        elevation_deg: 30.0,
        azimuth_deg: 180.0,
    };
    let with_sun = measured(&patch, &cover, Some(&sun), None).0;
    assert!((with_sun.area_m2 - 1200.0).abs() < 250.0, "{} m2", with_sun.area_m2);
}

#[test]
fn a_reference_takes_a_roof_for_part_of_the_place() {
    use quaywatch_protocol::contract::time::{DAY_MS, UnixMs};
    let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
    canvas.bar([60.0, 50.0], 90.0, 40.0, 20.0, WHITE);
    let patch = canvas.expose(3);
    let cover = vec![Cover::Clear; patch.valid().len()];
    let (found, pavement) = measured(&patch, &cover, None, None);
    assert!((found.area_m2 - 800.0).abs() < 120.0, "{}", found.area_m2);
    let mut reference = Reference::for_area(&apron().bounds(), 3.0, 4);
    let pixels = pixels_of(&patch, apron().area().unwrap(), &apron());
    for day in 0..7 {
        let places = pixels.iter().map(|index| {
            let empty = found.pixels.binary_search(index).is_err();
            (centre(&patch, *index), patch.signature(*index), empty)
        });
        reference.learn(&pavement, UnixMs(day * 11 * DAY_MS), places);
    }
    let after = measured(&patch, &cover, None, Some(&reference)).0;
    assert!(after.area_m2 < 60.0, "{}", after.area_m2);
}

#[test]
fn a_long_thin_row_across_the_pixel_grid_is_one_row() {
    let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
    row(
        &mut canvas,
        [170.0, 50.0],
        81.938_851_400_266_34,
        188.877_670_424_468_96,
        7.0,
    );
    let found = seen(&canvas);
    assert!((found.row_m - 188.9).abs() < 19.0, "{} m", found.row_m);
}

#[test]
fn rows_one_behind_the_other_with_a_passage_between_them_are_two() {
    let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
    row(&mut canvas, [110.0, 50.0], 90.0, 100.0, 10.0);
    row(&mut canvas, [210.0, 50.0], 90.0, 88.0, 10.0);
    let found = seen(&canvas);
    assert!((found.row_m - 100.0).abs() < 9.0, "{} m", found.row_m);
}

#[test]
fn the_longest_row_of_a_full_yard_is_a_row_and_not_the_yard() {
    let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
    for lane in [30.0, 43.0, 56.0, 69.0] {
        row(&mut canvas, [76.0, lane], 90.0, 80.0, 7.5);
        row(&mut canvas, [212.0, lane], 90.0, 110.0, 7.5);
    }
    let found = seen(&canvas);
    assert!((found.row_m - 110.0).abs() < 10.0, "{} m", found.row_m);
}

#[test]
fn the_side_in_the_shade_is_as_wide_as_the_side_in_the_sun() {
    for (colour, sun_deg) in [(RUST, 30.0_f64), (BLUE, 45.0), (WHITE, 30.0)] {
        let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
        let shade_m = 5.2 / sun_deg.to_radians().tan();
        // Light of the sky alone: bluer than that of the sun.
        let shade = [0, 1, 2, 3].map(|band: usize| CONCRETE[band] * [0.36, 0.28, 0.22, 0.15][band]);
        canvas.bar([170.0, 46.0 + shade_m / 2.0], 90.0, 100.0, 10.0 + shade_m, shade);
        canvas.bar([170.0, 46.0], 90.0, 100.0, 10.0, colour);
        let patch = canvas.expose(3);
        let cover = vec![Cover::Clear; patch.valid().len()];
        let sun = Sun {
            elevation_deg: sun_deg,
            azimuth_deg: 180.0,
        };
        let found = measured(&patch, &cover, Some(&sun), None).0;
        assert!(
            (found.area_m2 - 1000.0).abs() < 110.0,
            "{colour:?} {} m2",
            found.area_m2
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn area_and_row_follow_the_containers(length in 40.0f64..200.0, width in 7.0f64..20.0, turn in 70.0f64..110.0) {
        let mut canvas = Canvas::new(340.0, 100.0, 3.0, CONCRETE);
        row(&mut canvas, [170.0, 50.0], turn, length.min(50.0 / (turn - 90.0).to_radians().sin().abs().max(0.25)), width);
        let length = length.min(50.0 / (turn - 90.0).to_radians().sin().abs().max(0.25));
        let found = seen(&canvas);
        prop_assert!((found.area_m2 - length * width).abs() < 0.15 * length * width + 40.0, "{} {}", found.area_m2, length * width);
        prop_assert!((found.row_m - length).abs() < 0.08 * length + 4.0, "{} {length}", found.row_m);
    }
}
