//! What the spool does when nothing goes wrong.

use quaywatch_protocol::{
    contract::UnixMs,
    event::{Event, GapReason},
};

use super::{LIMITS, NOW, batch, disk::SimHome, drain, gap_of, look, station, with_chips};
use crate::spool::{AckOutcome, OpenedHow, SceneNote, Spool, SpoolError};

fn open(home: &SimHome) -> Spool {
    Spool::open(home, &station(), LIMITS, NOW).unwrap().0
}

#[test]
fn numbers_begin_at_one_and_have_no_gaps() {
    let mut spool = open(&SimHome::default());
    assert_eq!(spool.accept(&batch([1, 2]), NOW).unwrap().first_seq, 1);
    let accepted = spool.accept(&batch([3]), NOW).unwrap();
    assert_eq!((accepted.first_seq, accepted.last_seq), (3, 3));
    assert_eq!(drain(&mut spool), [(1, look(1)), (2, look(2)), (3, look(3))]);
}

#[test]
fn what_is_not_acked_is_offered_again_byte_for_byte() {
    let home = SimHome::default();
    let mut spool = open(&home);
    spool.accept(&batch(1..=5), NOW).unwrap();
    let first = spool.offer(0, 64, NOW).unwrap();
    drop(spool);
    let mut spool = open(&home);
    assert_eq!(spool.offer(0, 64, NOW).unwrap(), first);
}

#[test]
fn an_ack_removes_everything_up_to_its_number_and_nothing_else() {
    let mut spool = open(&SimHome::default());
    spool.accept(&batch(1..=5), NOW).unwrap();
    assert_eq!(spool.ack(3).unwrap(), AckOutcome::Removed(3));
    assert_eq!(spool.ack(2).unwrap(), AckOutcome::Stale);
    assert_eq!(spool.ack(3).unwrap(), AckOutcome::Stale);
    assert_eq!(drain(&mut spool), [(4, look(4)), (5, look(5))]);
    assert_eq!(spool.ack(5).unwrap(), AckOutcome::Removed(2));
    assert_eq!(spool.standing().unwrap().usage, crate::spool::Usage::default());
}

#[test]
fn what_a_spool_says_of_itself_is_what_it_was_given() {
    let mut spool = open(&SimHome::default());
    let later = UnixMs(NOW.0 + 5_000);
    spool.accept(&batch(1..=3), NOW).unwrap();
    spool.accept(&with_chips(batch([4]), 2, 100), later).unwrap();
    let standing = spool.standing().unwrap();
    assert_eq!(
        (standing.epoch, standing.last_seq, standing.acked_through),
        (spool.epoch(), 4, 0)
    );
    assert_eq!((standing.usage.events, standing.usage.chips), (6, 2));
    assert!(standing.usage.bytes > 200, "{standing:?}");
    assert_eq!(standing.oldest_accepted_at, Some(NOW));
    spool.ack(3).unwrap();
    let standing = spool.standing().unwrap();
    assert_eq!(
        (standing.last_seq, standing.acked_through, standing.oldest_accepted_at),
        (4, 3, Some(later))
    );
}

#[test]
fn an_ack_for_an_event_that_was_never_made_removes_nothing() {
    let mut spool = open(&SimHome::default());
    spool.accept(&batch(1..=2), NOW).unwrap();
    assert_eq!(spool.ack(3).unwrap(), AckOutcome::Ahead);
    assert_eq!(drain(&mut spool).len(), 2);
}

#[test]
fn chips_wait_until_every_look_was_offered() {
    let mut spool = open(&SimHome::default());
    spool.accept(&with_chips(batch([1]), 3, 100), NOW).unwrap();
    spool.accept(&batch([2]), NOW).unwrap();
    let all = drain(&mut spool);
    let kinds: Vec<_> = all
        .iter()
        .map(|(seq, event)| (*seq, matches!(event, Event::Chip(_))))
        .collect();
    assert_eq!(kinds, [(1, false), (2, false), (3, true), (4, true), (5, true)]);
    let Event::Chip(chip) = &all[4].1 else { unreachable!() };
    assert_eq!((chip.look_seq, chip.vessel), (1, 2));
}

#[test]
fn looks_and_the_first_chips_are_handed_out_together() {
    let mut spool = open(&SimHome::default());
    spool.accept(&with_chips(batch([1]), 6, 100), NOW).unwrap();
    let seqs = |offered: Vec<crate::spool::Offered>| offered.iter().map(|each| each.seq).collect::<Vec<_>>();
    assert_eq!(seqs(spool.offer(0, 64, NOW).unwrap()), [1, 2, 3, 4, 5]);
    assert_eq!(seqs(spool.offer(5, 64, NOW).unwrap()), [6, 7]);
}

#[test]
fn a_scene_is_remembered_with_its_looks() {
    let home = SimHome::default();
    let mut spool = open(&home);
    let note = SceneNote {
        name: "a.tif".to_owned(),
        bytes: 77,
        finished_at: NOW,
    };
    let mut batch = batch([1]);
    batch.scene = Some(note.clone());
    spool.accept(&batch, NOW).unwrap();
    drop(spool);
    let mut spool = open(&home);
    assert_eq!(spool.scene("a.tif").unwrap(), Some(note));
    assert_eq!(spool.scene("b.tif").unwrap(), None);
}

#[test]
fn a_lost_spool_begins_a_new_epoch_that_says_so() {
    let home = SimHome::default();
    let mut spool = open(&home);
    let epoch = spool.epoch();
    spool.accept(&batch([1]), NOW).unwrap();
    drop(spool);
    home.lose_spool();
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert!(
        matches!(opened.how, OpenedHow::Lost { set_aside: None, .. }),
        "{opened:?}"
    );
    // Within the same minute, by the same clock.
    assert_eq!(spool.epoch(), epoch + 1);
    let all = drain(&mut spool);
    let gap = gap_of(&all[0].1).unwrap();
    assert_eq!(
        (all[0].0, gap.first_seq, gap.last_seq, gap.reason),
        (1, 1, 1, GapReason::SpoolLost)
    );
}

#[test]
fn a_spool_whose_epoch_was_not_noted_has_it_noted_when_it_is_opened() {
    // The agent died between the first write of the spool and the note beside it; later the spool is lost.
    let home = SimHome::default();
    let epoch = open(&home).epoch();
    let home = SimHome::holding(home.disk().content(), epoch - 1);
    assert_eq!(open(&home).epoch(), epoch);
    home.lose_spool();
    assert_eq!(
        open(&home).epoch(),
        epoch + 1,
        "two spools of one epoch: central would take the second for the first"
    );
}

#[test]
fn a_fresh_station_has_lost_nothing() {
    let (mut spool, opened) = Spool::open(&SimHome::default(), &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Fresh);
    assert!(drain(&mut spool).is_empty());
}

#[test]
fn a_dead_clock_begins_no_epoch_but_opens_one_that_exists() {
    use quaywatch_protocol::contract::UnixMs;
    let home = SimHome::default();
    assert!(matches!(
        Spool::open(&home, &station(), LIMITS, UnixMs(0)),
        Err(SpoolError::DeadClock(_))
    ));
    open(&home).accept(&batch([1]), NOW).unwrap();
    let mut spool = Spool::open(&home, &station(), LIMITS, UnixMs(0)).unwrap().0;
    assert_eq!(drain(&mut spool).len(), 1);
}

#[test]
fn a_spool_is_not_handed_to_another_station() {
    let home = SimHome::default();
    drop(open(&home));
    let other = quaywatch_protocol::ids::StationId::new("gs-other").unwrap();
    let error = Spool::open(&home, &other, LIMITS, NOW).unwrap_err();
    assert!(
        matches!(&error, SpoolError::OtherStation { found, .. } if found == "gs-vlad-1"),
        "{error}"
    );
    assert_eq!(home.aside_len(), 0);
}

#[test]
fn a_chip_whose_look_was_committed_before_its_spool_turned_out_old_names_no_look() {
    let home = SimHome::default();
    let mut spool = open(&home);
    spool.accept(&with_chips(batch([1]), 1, 50), NOW).unwrap();
    spool.ack(1).unwrap();
    spool.renew_epoch(&home, NOW).unwrap();
    let all = drain(&mut spool);
    let Event::Chip(chip) = &all[1].1 else {
        panic!("{all:?}")
    };
    assert_eq!((all[1].0, chip.look_seq), (2, 0));
}

#[test]
fn an_old_copy_of_a_spool_numbers_its_events_anew() {
    let home = SimHome::default();
    let mut spool = open(&home);
    spool.accept(&batch(1..=4), NOW).unwrap();
    spool.ack(2).unwrap();
    spool.accept(&with_chips(batch([5]), 1, 50), NOW).unwrap();
    let epoch = spool.epoch();
    assert_eq!(spool.ack(900).unwrap(), AckOutcome::Ahead);
    spool.renew_epoch(&home, NOW).unwrap();
    assert!(spool.epoch() > epoch);
    drop(spool);
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.corrupt, 0);
    let all = drain(&mut spool);
    assert_eq!(gap_of(&all[0].1).unwrap().reason, GapReason::SpoolLost);
    assert_eq!(all[1..4], [(2, look(3)), (3, look(4)), (4, look(5))]);
    let Event::Chip(chip) = &all[4].1 else { unreachable!() };
    assert_eq!((all[4].0, chip.look_seq), (5, 4));
}

#[test]
fn a_batch_that_can_never_be_stored_is_refused_whole() {
    let mut spool = open(&SimHome::default());
    for bad in [
        with_chips(batch([1]), 1, 7_000),
        with_chips(batch([]), 1, 10),
        batch(0..66),
    ] {
        assert!(matches!(spool.accept(&bad, NOW), Err(SpoolError::BadBatch(_))));
    }
    assert_eq!(spool.accept(&batch([1]), NOW).unwrap().first_seq, 1);
}

#[test]
fn a_batch_of_exactly_the_most_is_taken() {
    let mut spool = open(&SimHome::default());
    assert_eq!(spool.accept(&batch(1..=65), NOW).unwrap().last_seq, 65);
    let mut most = with_chips(batch([66]), 160, 10);
    assert_eq!(spool.accept(&most, NOW).unwrap().chips, 160);
    most.chips.push(most.chips[0].clone());
    assert!(matches!(spool.accept(&most, NOW), Err(SpoolError::BadBatch(_))));
}

#[test]
fn the_limits_are_those_that_stations_were_planned_with() {
    use super::super::{BYTES_MAX_DEFAULT, BYTES_MAX_MAX, BYTES_MAX_MIN, EVENTS_MAX_MIN};
    assert_eq!(EVENTS_MAX_MIN, 128);
    assert_eq!(
        [BYTES_MAX_MIN, BYTES_MAX_DEFAULT, BYTES_MAX_MAX],
        [4_194_304, 67_108_864, 1_073_741_824]
    );
}
