//! Signals that meet, and those that do not.

use super::*;

#[test]
fn dock_rail_and_tanker_within_a_week_open_one_alert_when_the_last_of_them_is_received() {
    let looks = meeting(130);
    let outcome = replay(looks.clone());
    let [alert] = of_kind(&outcome, Kind::Coincidence)[..] else {
        panic!("{outcome:#?}")
    };
    assert_eq!(alert.opened_at, looks[123].known_at());
    assert_eq!(alert.severity, Severity::Critical);
    let kinds: Vec<_> = alert.signals.iter().map(|signal| signal.kind.as_str()).collect();
    assert_eq!(kinds, ["dock", "rail", "tanker"]);
    for day in [120, 122, 123] {
        assert!(
            alert.evidence.contains(&identity(&looks[day])),
            "{day} in {:?}",
            alert.evidence
        );
    }
    assert!(
        alert.expected_false_per_site_year < 0.5 && alert.text.contains("Port a"),
        "{}",
        alert.text
    );
}

#[test]
fn two_of_the_three_are_not_enough() {
    for leave_out in [120, 122, 123] {
        let mut looks = meeting(130);
        *at(&mut looks, leave_out) = look("a", f64::from(leave_out));
        assert!(
            of_kind(&replay(looks), Kind::Coincidence).is_empty(),
            "without day {leave_out}"
        );
    }
}

#[test]
fn nine_days_apart_do_not_meet() {
    let mut looks = meeting(140);
    *at(&mut looks, 123) = look("a", 123.0);
    at(&mut looks, 131).vessels.push(vessel("pier", 123.0, Ais::Dark));
    assert!(of_kind(&replay(looks), Kind::Coincidence).is_empty());
}

#[test]
fn without_history_it_says_so_and_raises_nothing() {
    let looks: Vec<Look> = meeting(130).into_iter().skip(110).collect();
    let outcome = replay(looks);
    assert!(of_kind(&outcome, Kind::Coincidence).is_empty());
    let why = &outcome.not_evaluable.iter().find(|(site, _)| site == "a").unwrap().1;
    assert!(why.contains("not enough history"), "{why}");
}

#[test]
fn a_later_match_downgrades_it_and_says_why() {
    let mut looks = meeting(130);
    // The ship of day 123 is heard on the next day.
    at(&mut looks, 124).vessels.push(vessel("pier", 123.0, Ais::Matched));
    let outcome = replay(looks);
    let alert = outcome
        .alerts
        .iter()
        .find(|alert| alert.kind == Kind::Coincidence)
        .unwrap();
    assert_eq!(alert.severity, Severity::Watch);
    assert!(alert.text.starts_with("Downgraded: "), "{}", alert.text);
}
