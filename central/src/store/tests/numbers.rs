//! Numbers of a station: what stands once, what is a hole, what a gap accounts for.

use quaywatch_protocol::event::{Chip, Gap, GapReason};

use super::*;

#[test]
fn an_event_stands_once_however_often_it_comes_and_each_time_it_is_acknowledged() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    for _ in 0..3 {
        let taken = intake.take(vec![bench.look(1), bench.look(1)]).unwrap();
        assert_eq!(through(&taken), [(1, 1)]);
        assert_eq!(taken.deliveries, [1, 1]);
    }
    assert_eq!(count(&bench.file(), "event"), 1);
    assert_eq!((bench.counters.stored.get(), bench.counters.duplicates.get()), (1, 5));
}

#[test]
fn what_follows_a_hole_is_stored_but_not_acknowledged_until_the_hole_is_filled() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    assert_eq!(through(&intake.take(vec![bench.look(3), bench.look(2)]).unwrap()), []);
    assert_eq!(count(&bench.file(), "event"), 2);
    assert_eq!(through(&intake.take(vec![bench.look(1)]).unwrap()), [(1, 3)]);
}

#[test]
fn a_gap_accounts_for_the_numbers_that_never_come() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    intake.take(vec![bench.look(1), bench.event(5, &gap(2, 5))]).unwrap();
    assert_eq!(through(&intake.take(vec![bench.look(6)]).unwrap()), [(1, 6)]);
    let stations = bench.readers().stations().unwrap();
    assert_eq!(
        (stations[0].gaps, stations[0].looks_lost, stations[0].through_seq),
        (1, 2, 6)
    );
}

#[test]
fn a_gap_behind_a_hole_is_acknowledged_only_when_the_hole_is_filled() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let behind = intake.take(vec![bench.look(1), bench.event(6, &gap(4, 6))]).unwrap();
    assert_eq!(through(&behind), [(1, 1)]);
    assert_eq!(through(&intake.take(vec![bench.look(3)]).unwrap()), [(1, 1)]);
    assert_eq!(through(&intake.take(vec![bench.look(2)]).unwrap()), [(1, 6)]);
}

#[test]
fn a_gap_that_claims_numbers_after_its_own_is_stored_and_believed_in_nothing() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    assert_eq!(
        through(&intake.take(vec![bench.event(1, &gap(1, 99))]).unwrap()),
        [(1, 1)]
    );
    assert_eq!(count(&bench.file(), "gap"), 0);
}

#[test]
fn another_event_under_the_same_identity_is_refused_and_kept_in_quarantine() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let first = bench.admitted(1, &look("first", NOW));
    intake.take(vec![Work::Event(first.clone(), 1)]).unwrap();
    let taken = intake.take(vec![bench.event(1, &look("other", NOW))]).unwrap();
    assert_eq!(through(&taken), [(1, 1)]);
    let refused = bench.readers().quarantine(None, 10).unwrap();
    assert_eq!((refused[0].reason.as_str(), refused.len()), ("conflict", 1));
    assert_eq!(count(&bench.file(), "event"), 1);
    let kept: Vec<u8> = rusqlite::Connection::open(bench.file())
        .unwrap()
        .query_row("SELECT envelope FROM event", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, first.envelope, "the first event of a number stands");
}

#[test]
fn a_gap_is_believed_from_one_number_on_and_only_if_it_ends_with_its_own() {
    for (own, first_seq, last_seq, believed) in [
        (1, 1, 1, true),
        (3, 2, 3, true),
        (1, 0, 1, false),
        (2, 3, 2, false),
        (1, 1, 2, false),
        (3, 1, 2, false),
    ] {
        let bench = Bench::new();
        let (mut intake, _) = bench.intake();
        intake.take(vec![bench.event(own, &gap(first_seq, last_seq))]).unwrap();
        assert_eq!(count(&bench.file(), "event"), 1, "{first_seq} to {last_seq} as {own}");
        assert_eq!(
            count(&bench.file(), "gap") == 1,
            believed,
            "{first_seq} to {last_seq} as {own}"
        );
    }
}

#[test]
fn a_gap_keeps_its_reason_its_numbers_and_how_many_looks_it_cost() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let reasons = [
        (GapReason::SpoolFull, "spool-full"),
        (GapReason::Corrupt, "corrupt"),
        (GapReason::SpoolLost, "spool-lost"),
    ];
    for (seq, (reason, _)) in (1_u64..).zip(reasons) {
        let gap = Event::Gap(Gap {
            first_seq: seq,
            last_seq: seq,
            looks_lost: u32::try_from(seq).unwrap(),
            reason,
        });
        intake.take(vec![bench.event(seq, &gap)]).unwrap();
    }
    let told = bench.readers().gaps("gs-1").unwrap();
    let told: Vec<_> = (told.iter())
        .map(|gap| (gap.last_seq, gap.looks_lost, gap.reason.as_str()))
        .collect();
    // Newest first.
    assert_eq!(told, [(3, 3, "spool-lost"), (2, 2, "corrupt"), (1, 1, "spool-full")]);
}

#[test]
fn looks_and_chips_are_stored_with_what_they_are_asked_for_by() {
    let bench = Bench::new();
    let (mut intake, _) = bench.intake();
    let acquired = NOW.plus_ms(-60_000);
    let jpeg = Default::default();
    let chip = Event::Chip(Chip {
        look_seq: 1,
        vessel: 3,
        jpeg,
    });
    intake
        .take(vec![bench.event(1, &look("pass-7", acquired)), bench.event(2, &chip)])
        .unwrap();
    let connection = rusqlite::Connection::open(bench.file()).unwrap();
    let rows: i64 = connection
        .query_row(
            "SELECT (SELECT count(*) FROM event WHERE kind = 'look' AND site = 'vostochny' AND scene = 'pass-7' AND acquired_ms = ?1
                     AND visible_permille = 966 AND look_seq IS NULL AND vessel IS NULL)
                  + (SELECT count(*) FROM event WHERE kind = 'chip' AND look_seq = 1 AND vessel = 3
                     AND site IS NULL AND scene IS NULL AND acquired_ms IS NULL AND visible_permille IS NULL)",
            [acquired.0],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 2);
}
