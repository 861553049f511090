//! Any order of arrival of any history.

use super::*;

/// Dark ships at berths of one site, and one look that becomes known late: that set, and the same with the look in time.
fn delayed_and_timely(ships: &[(i32, usize, f64)], late_day: i32, late_h: i64) -> (Vec<Look>, Vec<Look>) {
    let mut timely = quiet("a", 95);
    for (day, zone, length) in ships {
        let berth = ["pier", "pier-2", "oil"][*zone];
        at(&mut timely, *day).vessels.push(vessel(berth, *length, Ais::Dark));
    }
    let mut delayed = timely.clone();
    let moved = at(&mut delayed, late_day);
    moved.received_at = Some(moved.acquired_at.plus_ms(late_h * HOUR_MS));
    (delayed, timely)
}

/// What is open at the end, by rule and site: ids and opening times tell when looks became known, and differ.
fn essence(looks: Vec<Look>) -> Vec<String> {
    let mut list: Vec<String> = (replay(looks).alerts.iter())
        .filter(|alert| alert.state == State::Open)
        .map(|alert| format!("{} {} {:?} {:?}", alert.rule, alert.site, alert.details, alert.evidence))
        .collect();
    list.sort();
    list
}

#[test]
fn a_late_look_during_a_surge_of_five_small_ships_changes_nothing_in_the_end() {
    // Found by the property below.
    let ships = [
        (65, 2, 140.06020654119766),
        (63, 2, 113.74737954555671),
        (61, 0, 113.28261562896081),
        (75, 0, 50.0),
        (86, 0, 50.0),
    ];
    let (delayed, timely) = delayed_and_timely(&ships, 87, 49);
    assert_eq!(essence(delayed), essence(timely));
}

#[test]
fn a_look_days_late_at_a_port_seen_every_hour_changes_nothing_in_the_end() {
    // Many checkpoints lie between it and the newest look.
    let ships = [
        (70, 0, 120.0),
        (88, 0, 131.0),
        (89, 2, 96.0),
        (90, 2, 96.0),
        (91, 1, 75.0),
    ];
    for late_h in [30, 59, 71] {
        let (mut delayed, mut timely) = delayed_and_timely(&ships, 90, late_h);
        let between = (84 * 24..95 * 24)
            .filter(|hour| hour % 24 != 0)
            .map(|hour| look("a", f64::from(hour) / 24.0));
        timely.extend(between.clone());
        delayed.extend(between);
        let outcome = replay(delayed.clone());
        assert_eq!(outcome.counts.rollbacks, 1, "{late_h} h");
        assert_eq!(essence(delayed), essence(timely), "{late_h} h");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_duplicates_give_the_same_bytes(
        extra in prop::collection::vec((100_i32..130, 0_usize..4, 40.0_f64..180.0, 0_u8..3, 0_i64..100), 0..40),
        order in any::<u64>(),
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut looks = meeting(130);
        looks.extend(quiet("b", 130));
        for (day, zone, length, ais, late_h) in extra {
            let site = if zone == 3 { "b" } else { "a" };
            let zone = ["pier", "pier-2", "oil", "pier"][zone];
            let ais = [Ais::Dark, Ais::Matched, Ais::Uncovered][usize::from(ais)];
            let when = START + i64::from(day) * DAY_MS;
            let Some(look) = looks.iter_mut().find(|look| look.site == site && look.acquired_at.0 == when) else { continue };
            look.vessels.push(vessel(zone, length, ais));
            look.received_at = Some(look.acquired_at.plus_ms(late_h * HOUR_MS));
        }
        let expected = bytes(&replay(looks.clone()));
        let mut mixed = looks.clone();
        for index in twice {
            mixed.push(index.get(&looks).clone());
        }
        let mut seed = order | 1;
        for at in (1..mixed.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mixed.swap(at, (seed >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(bytes(&replay(mixed)), expected);
    }

    #[test]
    fn a_late_look_gives_what_a_fresh_engine_makes_of_the_same_set(
        ships in prop::collection::vec((60_i32..90, 0_usize..3, 50.0_f64..180.0), 1..30),
        late in 60_i32..88,
        late_h in 1_i64..70,
    ) {
        let (delayed, timely) = delayed_and_timely(&ships, late, late_h);
        prop_assert_eq!(essence(delayed), essence(timely));
    }
}
