//! Behaviour of the correlator through replay: small scripted histories, and any order of any history.

use std::sync::Arc;

use proptest::prelude::*;
use quaywatch_protocol::contract::{
    Look, Site, UnixMs,
    look::{Ais, RailSeen, Sensor, SensorKind, StackSeen, Vessel, VesselClass, ZoneSeen},
    time::{DAY_MS, HOUR_MS},
};

use super::*;
use crate::alert::{Kind, Severity, State};

const START: i64 = 1_690_000_000_000;

fn site(id: &str, lon: f64) -> Site {
    let square = |zone: &str, kind: &str, at: f64| {
        let (west, east) = (lon + at, lon + at + 0.004);
        format!(
            r#"{{"type":"Feature","properties":{{"zone":"{zone}","kind":"{kind}"}},"geometry":{{"type":"Polygon",
            "coordinates":[[[{west},42.0],[{east},42.0],[{east},42.004],[{west},42.004],[{west},42.0]]]}}}}"#
        )
    };
    let track = format!(
        r#"{{"type":"Feature","properties":{{"zone":"yard","kind":"rail_track"}},
        "geometry":{{"type":"LineString","coordinates":[[{lon},42.01],[{},42.01]]}}}}"#,
        lon + 0.01
    );
    let zones = [
        square("pier", "berth", 0.0),
        square("pier-2", "berth", 0.005),
        square("oil", "oil_berth", 0.010),
        square("apron", "apron", 0.015),
        track,
    ];
    let text = format!(
        r#"{{"type":"FeatureCollection","site":"{id}","name":"Port {id}","features":[{}]}}"#,
        zones.join(",")
    );
    Site::from_geojson(&text).unwrap()
}

fn book() -> Arc<SiteBook> {
    Arc::new(SiteBook::new(&[site("a", 130.0), site("b", 132.0)]))
}

fn rules() -> Rules {
    Rules::from_toml(crate::rules::DEFAULT_TOML).unwrap()
}

fn look(site: &str, day: f64) -> Look {
    let at = START + (day * DAY_MS as f64) as i64;
    let zone = |zone: &str| ZoneSeen {
        zone: zone.to_owned(),
        visible: 1.0,
        hidden: None,
    };
    // Ordinary levels that vary a little from day to day.
    let wobble = (day * 7.3).sin();
    Look {
        station: "gs-1".to_owned(),
        epoch: None,
        seq: None,
        scene: format!("{site}-{day:.3}"),
        site: site.to_owned(),
        acquired_at: UnixMs(at),
        received_at: Some(UnixMs(at + 420_000)),
        sensor: Sensor {
            name: "PlanetScope".to_owned(),
            kind: SensorKind::Optical,
            gsd_m: 3.0,
        },
        zones: ["pier", "pier-2", "oil", "apron", "yard"].map(zone).into(),
        vessels: Vec::new(),
        rail: vec![RailSeen {
            zone: "yard".to_owned(),
            track: String::new(),
            occupied_m: 140.0 + 28.0 * wobble,
            occupied_sd_m: None,
            length_m: 900.0,
            cars: (10.0 + 2.0 * wobble) as u32,
            cars_sd: None,
            mix: Default::default(),
        }],
        stacks: vec![StackSeen {
            zone: "apron".to_owned(),
            area_m2: 800.0 + 80.0 * wobble,
            area_sd_m2: None,
            row_m: 40.0,
        }],
        aircraft: Vec::new(),
    }
}

fn vessel(zone: &str, length_m: f64, ais: Ais) -> Vessel {
    Vessel {
        zone: Some(zone.to_owned()),
        lat: 42.002,
        lon: 130.002,
        position_sd_m: None,
        length_m,
        length_sd_m: Some(5.0),
        beam_m: Some(length_m / 6.5),
        beam_sd_m: None,
        heading_deg: Some(41.0),
        heading_sd_deg: None,
        confidence: 0.93,
        class: VesselClass::Vessel,
        ais,
        mmsi: (ais == Ais::Matched).then_some(273_000_001),
        ais_flags: Vec::new(),
    }
}

fn quiet(site: &str, days: i32) -> Vec<Look> {
    (0..days).map(|day| look(site, f64::from(day))).collect()
}

fn at(looks: &mut [Look], day: i32) -> &mut Look {
    let scene_day = START + i64::from(day) * DAY_MS;
    looks.iter_mut().find(|look| look.acquired_at.0 == scene_day).unwrap()
}

/// A tanker on day 120, trains on day 122, a ship on day 123.
fn meeting(days: i32) -> Vec<Look> {
    let mut looks = quiet("a", days);
    at(&mut looks, 120).vessels.push(vessel("oil", 96.0, Ais::Dark));
    at(&mut looks, 122).rail[0].cars = 60;
    at(&mut looks, 122).rail[0].occupied_m = 840.0;
    at(&mut looks, 123).vessels.push(vessel("pier", 123.0, Ais::Dark));
    looks
}

fn of_kind(outcome: &Outcome, kind: Kind) -> Vec<&Alert> {
    outcome
        .alerts
        .iter()
        .filter(|alert| alert.kind == kind && alert.state == State::Open)
        .collect()
}

fn replay(looks: Vec<Look>) -> Outcome {
    run(book(), rules(), looks, None)
}

fn bytes(outcome: &Outcome) -> String {
    outcome
        .alerts
        .iter()
        .map(|alert| serde_json::to_string(alert).unwrap() + "\n")
        .collect()
}

mod coincidence {
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
}

mod event_time {
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
}

mod calls_and_voyages {
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
}

mod exposure {
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
        assert!(
            alert.details["expected"].as_f64().unwrap() > 1.5 && alert.details["observed"].as_f64().unwrap() <= 1.0
        );
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
        // Event-time state must not depend on the order of arrival: compare what is open at the end by subject, not by id.
        let mut timely = quiet("a", 95);
        for (day, zone, length) in ships {
            at(&mut timely, day).vessels.push(vessel(["pier", "pier-2", "oil"][zone], length, Ais::Dark));
        }
        let mut delayed = timely.clone();
        let moved = at(&mut delayed, late);
        moved.received_at = Some(moved.acquired_at.plus_ms(late_h * HOUR_MS));
        let essence = |looks: Vec<Look>| {
            let outcome = replay(looks);
            let mut list: Vec<String> = outcome.alerts.iter()
                .filter(|alert| alert.state == State::Open)
                .map(|alert| format!("{} {} {:?} {:?}", alert.rule, alert.site, alert.details, alert.evidence))
                .collect();
            list.sort();
            list
        };
        prop_assert_eq!(essence(delayed), essence(timely));
    }
}
