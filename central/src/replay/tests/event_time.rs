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

#[test]
fn old_alerts_are_forgotten_although_the_first_of_the_site_goes_on() {
    // Dark calls are counted first here, and one tanker after another keeps that alert alive; a shift every forty days is an alert of its own.
    let text = "[[rule]]\nid = \"count\"\nkind = \"dark_count\"\nseverity = \"watch\"\ncounts = [3]\n\
        [[rule]]\nid = \"shift\"\nkind = \"shift\"\nseverity = \"watch\"\n";
    let mut engine = Engine::new(book(), Rules::from_toml(text).unwrap());
    let (mut kept, mut now) = (Vec::new(), UnixMs(0));
    for day in 0..1_300 {
        let mut next = look("a", f64::from(day));
        now = next.known_at();
        match day % 40 {
            0..4 => next.vessels.push(vessel("pier", 110.0, Ais::Dark)),
            4..8 => next.vessels.push(vessel("pier-2", 110.0, Ais::Dark)),
            20 | 30 => next.vessels.push(vessel("oil", 70.0 + f64::from(day % 30), Ais::Dark)),
            _ => {}
        }
        engine.apply(&next);
        if day % 100 == 99 {
            kept.push(engine.alerts().len());
        }
    }
    let alerts = engine.alerts();
    assert_eq!(alerts.iter().filter(|alert| alert.kind == Kind::DarkCount).count(), 1);
    assert!(
        alerts.iter().filter(|alert| alert.kind == Kind::Shift).count() > 10,
        "{kept:?}"
    );
    let oldest = alerts
        .iter()
        .map(|alert| now.days_since(alert.updated_at))
        .fold(0.0, f64::max);
    assert!((700.0..=801.0).contains(&oldest), "{oldest} days, {kept:?} alerts");
}
