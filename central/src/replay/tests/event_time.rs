//! Late looks, looks of the future, retention.

use super::*;

#[test]
fn a_look_late_by_almost_three_days_still_alerts() {
    let mut looks = meeting(130);
    let late = at(&mut looks, 122);
    late.received_at = Some(late.acquired_at.plus_ms(71 * HOUR_MS));
    let received = late.known_at();
    let outcome = replay(looks);
    assert_eq!(of_kind(&outcome, Kind::Coincidence)[0].opened_at, received);
    assert_eq!(outcome.counts.rollbacks, 1);
}

#[test]
fn a_look_later_than_the_limit_is_listed_and_changes_nothing() {
    let mut looks = meeting(130);
    let late = at(&mut looks, 122);
    late.received_at = Some(late.acquired_at.plus_ms(73 * HOUR_MS));
    let outcome = replay(looks);
    assert!(of_kind(&outcome, Kind::Coincidence).is_empty());
    assert_eq!(outcome.counts.too_late, 1);
    assert!(outcome.counts.faults[0].problem.contains("listed"));
}

#[test]
fn a_look_of_the_future_is_quarantined_and_moves_nothing() {
    let looks = meeting(130);
    let expected = bytes(&replay(looks.clone()));
    let mut with_future = looks;
    let mut future = look("a", 60.0);
    future.scene = "future".to_owned();
    future.acquired_at = future.acquired_at.plus_ms(400 * DAY_MS);
    future.vessels.push(vessel("oil", 96.0, Ais::Dark));
    with_future.push(future);
    let outcome = replay(with_future);
    assert_eq!(outcome.counts.future, 1);
    assert_eq!(bytes(&outcome), expected);
}

#[test]
fn memory_is_bounded_by_retention() {
    let mut short = rules();
    short.time.retention_days = 100.0;
    short.baseline.span_days = 80.0;
    let mut engine = Engine::new(book(), short);
    let mut held = Vec::new();
    for day in 0..900 {
        let mut next = look("a", f64::from(day));
        if day % 3 == 0 {
            next.vessels.push(vessel("pier", 90.0 + f64::from(day % 40), Ais::Dark));
        }
        engine.apply(&next);
        if day == 400 || day == 899 {
            held.push(engine.held());
        }
    }
    assert!(held[1] <= held[0] + held[0] / 5, "{held:?}");
}
