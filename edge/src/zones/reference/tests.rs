use super::*;

fn ground(level: f32) -> Surface {
    Surface {
        mean: Signature::of(&[level, level]),
        sd: Signature::of(&[level * 0.04, level * 0.04]),
        share: 0.8,
    }
}

fn look(reference: &mut Reference, day: i64, level: f32, seen: f32, is_empty: bool) {
    let places = [([10.0, 0.0], Signature::of(&[seen, seen]), is_empty)];
    reference.learn(&ground(level), UnixMs(day * DAY_MS), places.into_iter());
}

#[test]
fn an_empty_look_under_another_sun_is_still_empty() {
    let mut reference = Reference::for_track(100.0, 3.0, 2);
    look(&mut reference, 0, 0.2, 0.3, true);
    let evening = ground(0.14);
    let answers = reference.fit(3.0, &evening).unwrap();
    assert!(
        answers
            .expected([10.0, 0.0], &evening)
            .unwrap()
            .distance(&Signature::of(&[0.21, 0.21]))
            < 0.5
    );
    assert!(
        answers
            .expected([10.0, 0.0], &evening)
            .unwrap()
            .distance(&Signature::of(&[0.14, 0.14]))
            > 4.0
    );
    assert_eq!(answers.expected([50.0, 0.0], &evening), None);
}

#[test]
fn what_stands_for_two_months_becomes_part_of_the_place_and_goods_of_three_weeks_do_not() {
    let mut goods = Reference::for_track(100.0, 3.0, 2);
    for day in [0, 4, 8, 12, 16, 20, 21] {
        look(&mut goods, day, 0.2, 0.5, false);
    }
    assert_eq!(goods.cells[3].looks, 0);
    let mut crane = Reference::for_track(100.0, 3.0, 2);
    for day in [0, 12, 24, 36, 48, 61] {
        look(&mut crane, day, 0.2, 0.5, false);
    }
    assert_eq!(crane.cells[3].looks, 1);
    assert!(
        crane
            .expected([10.0, 0.0], &ground(0.2))
            .unwrap()
            .distance(&Signature::of(&[0.5, 0.5]))
            < 0.5
    );
}

#[test]
fn a_reference_does_not_answer_for_snow_or_another_resolution() {
    let mut reference = Reference::for_track(100.0, 3.0, 2);
    assert_eq!(reference.fit(3.0, &ground(0.2)).err(), Some(Unfit::Empty));
    look(&mut reference, 0, 0.2, 0.2, true);
    assert_eq!(reference.fit(10.0, &ground(0.2)).err(), Some(Unfit::Resolution));
    assert_eq!(reference.fit(3.0, &ground(0.7)).err(), Some(Unfit::Ground));
    assert_ne!(GroundKind::of(&ground(0.7)), GroundKind::of(&ground(0.2)));
    assert!(reference.fit(3.7, &ground(0.25)).is_ok());
}

#[test]
fn ground_that_is_suddenly_darker_lies_in_a_shadow_and_ground_that_stays_so_is_new_ground() {
    let mut reference = Reference::for_track(100.0, 3.0, 2);
    for day in 0..4 {
        look(&mut reference, day, 0.2, 0.2, true);
    }
    assert_eq!(reference.fit(3.0, &ground(0.06)).err(), Some(Unfit::Dimmed));
    let mut looks = 0;
    while reference.fit(3.0, &ground(0.06)).is_err() {
        reference.drift(&ground(0.06));
        looks += 1;
    }
    assert!((5..=30).contains(&looks), "{looks}");
}

#[test]
fn a_zone_that_was_redrawn_is_another_place() {
    let bounds = |east: f64| Bounds {
        min: [10.0, 20.0],
        max: [east, 80.0],
    };
    let reference = Reference::for_area(&bounds(310.0), 3.0, 4);
    assert!(reference.is_for_area(&bounds(310.0)) && reference.is_for_area(&bounds(312.0)));
    assert!(!reference.is_for_area(&bounds(360.0)) && !reference.is_for_track(300.0));
}

#[test]
fn a_great_area_gets_greater_cells_and_not_more_memory() {
    let bounds = Bounds {
        min: [0.0; 2],
        max: [20_000.0, 20_000.0],
    };
    let reference = Reference::for_area(&bounds, 3.0, 4);
    assert!(reference.cells.len() <= CELLS_MAX && reference.cell_m > 40.0);
}
