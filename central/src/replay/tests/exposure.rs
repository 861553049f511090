//! More and fewer than usual, given what could be seen.

use super::*;

/// A ship every ten days for 200 days; then nothing, seen or unseen.
fn lull(clouds: bool) -> Vec<Look> {
    let mut looks = quiet("a", 260);
    for day in (5..200).step_by(10) {
        for stay in 0..3 {
            at(&mut looks, day + stay)
                .vessels
                .push(vessel("pier", 100.0 + f64::from(day % 7) * 9.0, Ais::Matched));
        }
    }
    if clouds {
        for look in looks.iter_mut().skip(200) {
            look.zones.iter_mut().for_each(|zone| zone.visible = 0.1);
        }
    }
    looks
}

#[test]
fn fewer_calls_in_clear_looks_are_a_slowdown() {
    let outcome = replay(lull(false));
    let [alert] = of_kind(&outcome, Kind::Slowdown)[..] else {
        panic!("{outcome:#?}")
    };
    assert!(alert.details["expected"].as_f64().unwrap() > 1.5 && alert.details["observed"].as_f64().unwrap() <= 1.0);
}

#[test]
fn clouds_alone_are_no_slowdown() {
    assert!(of_kind(&replay(lull(true)), Kind::Slowdown).is_empty());
}

#[test]
fn rolling_stock_far_above_its_history_is_a_surge_from_the_first_clear_look() {
    let mut looks = quiet("a", 150);
    for day in 130..150 {
        at(&mut looks, day).rail[0].cars = 73;
    }
    at(&mut looks, 130).zones.iter_mut().for_each(|zone| zone.visible = 0.3);
    let known = looks[131].known_at();
    let outcome = replay(looks);
    let [alert] = of_kind(&outcome, Kind::Surge)[..] else {
        panic!("{outcome:#?}")
    };
    assert_eq!((alert.opened_at, &alert.details["rank"]), (known, &1.into()));
}
