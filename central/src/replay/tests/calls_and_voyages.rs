//! Calls, shifts, voyages, counts and ledgers.

use super::*;

#[test]
fn a_dark_hull_that_changes_berth_is_one_shift() {
    let mut looks = quiet("a", 60);
    at(&mut looks, 50).vessels.push(vessel("pier", 110.0, Ais::Dark));
    at(&mut looks, 51).vessels.push(vessel("pier-2", 112.0, Ais::Dark));
    let known = looks[51].known_at();
    let outcome = replay(looks);
    let [alert] = of_kind(&outcome, Kind::Shift)[..] else {
        panic!("{outcome:#?}")
    };
    assert_eq!(
        (alert.opened_at, &alert.details["from_zone"], &alert.details["to_zone"]),
        (known, &"pier".into(), &"pier-2".into())
    );
    assert!((alert.details["length_m"].as_f64().unwrap() - 111.0).abs() < 3.0);
}

#[test]
fn a_shuttle_is_one_voyage_alert_with_its_legs() {
    let (mut a, mut b) = (quiet("a", 60), quiet("b", 60));
    for trip in 0..4 {
        at(&mut a, 20 + 6 * trip).vessels.push(vessel("pier", 110.0, Ais::Dark));
        at(&mut b, 23 + 6 * trip).vessels.push(vessel("pier", 110.0, Ais::Dark));
    }
    a.append(&mut b);
    let outcome = replay(a);
    let [alert] = of_kind(&outcome, Kind::Voyage)[..] else {
        panic!("{outcome:#?}")
    };
    assert_eq!(alert.details["legs"], 7);
    assert_eq!(
        (&alert.details["from"], &alert.details["to"]),
        (&"a".into(), &"b".into())
    );
}

#[test]
fn ships_that_transmit_make_no_voyage_and_no_shift() {
    let (mut a, mut b) = (quiet("a", 40), quiet("b", 40));
    at(&mut a, 20).vessels.push(vessel("pier", 110.0, Ais::Matched));
    at(&mut a, 21).vessels.push(vessel("pier-2", 110.0, Ais::Matched));
    at(&mut b, 24).vessels.push(vessel("pier", 110.0, Ais::Matched));
    a.append(&mut b);
    assert!(replay(a).alerts.is_empty());
}

#[test]
fn without_ais_coverage_nothing_is_dark() {
    let (mut a, mut b) = (quiet("a", 200), quiet("b", 200));
    for trip in 0..25 {
        at(&mut a, 20 + 6 * trip)
            .vessels
            .push(vessel("oil", 110.0, Ais::Uncovered));
        at(&mut b, 23 + 6 * trip)
            .vessels
            .push(vessel("pier", 110.0, Ais::Uncovered));
    }
    a.append(&mut b);
    let outcome = replay(a);
    assert!(
        outcome
            .alerts
            .iter()
            .all(|alert| !matches!(alert.kind, Kind::Voyage | Kind::Shift | Kind::DarkCount | Kind::Ledger))
    );
}

#[test]
fn five_dark_tankers_are_counted_and_their_oil_is_summed() {
    let mut looks = quiet("a", 200);
    for call in 0..6 {
        at(&mut looks, 180 + 3 * call)
            .vessels
            .push(vessel("oil", 96.0, Ais::Dark));
    }
    let outcome = replay(looks);
    assert_eq!(of_kind(&outcome, Kind::DarkCount)[0].details["count"], 6);
    let details = &of_kind(&outcome, Kind::Ledger)[0].details;
    let interval = |end: &str| details["interval"][end].as_f64().unwrap();
    assert!(
        interval("low") < 125_000.0 && interval("high") > 150_000.0,
        "{details:?}"
    );
}
