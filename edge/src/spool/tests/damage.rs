//! What a bad disk may do: flushes that fail, no space, bits that rot, files cut short.

use quaywatch_protocol::event::{Event, GapReason};
use redb::StorageBackend;

use super::{LIMITS, NOW, batch, disk::SimHome, drain, gap_of, look, station};
use crate::spool::{OpenedHow, Spool, SpoolError};

fn open(home: &SimHome) -> Spool {
    Spool::open(home, &station(), LIMITS, NOW).unwrap().0
}

#[test]
fn after_a_failed_flush_nothing_is_taken_until_the_spool_is_opened_again() {
    let home = SimHome::default();
    let mut spool = open(&home);
    spool.accept(&batch([1]), NOW).unwrap();
    home.disk().fail_sync_after(0);
    let error = spool.accept(&batch([2]), NOW).unwrap_err();
    assert!(
        matches!(error, SpoolError::Storage { .. }) && error.is_fatal(),
        "{error}"
    );
    // The disk would work again: it is not believed.
    assert!(matches!(spool.accept(&batch([3]), NOW), Err(SpoolError::Broken)));
    assert!(matches!(spool.ack(1), Err(SpoolError::Broken)));
    assert!(matches!(spool.offer(0, 1, NOW), Err(SpoolError::Broken)));
    drop(spool);
    let mut spool = open(&home);
    assert_eq!(drain(&mut spool)[0], (1, look(1)));
}

#[test]
fn a_full_disk_loses_nothing_that_was_accepted() {
    let home = SimHome::default();
    let mut spool = open(&home);
    spool.accept(&batch(1..=10), NOW).unwrap();
    home.disk().fail_write_after(1);
    let error = spool.accept(&batch([11]), NOW).unwrap_err();
    assert!(error.is_fatal(), "{error}");
    drop(spool);
    let home = SimHome::holding(home.disk().content(), 1);
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Found);
    assert_eq!(
        drain(&mut spool)[..10],
        (1..=10).map(|n| (n, look(n))).collect::<Vec<_>>()
    );
}

#[test]
fn a_disk_that_fails_while_opening_is_not_taken_for_a_lost_spool() {
    let home = SimHome::default();
    open(&home).accept(&batch([1]), NOW).unwrap();
    home.disk().fail_write_after(0);
    assert!(Spool::open(&home, &station(), LIMITS, NOW).is_err());
    assert_eq!(home.aside_len(), 0);
}

/// The content of a spool with 40 looks, its epoch, and the same in a folder.
fn forty() -> (Vec<u8>, u32) {
    let home = SimHome::default();
    let mut spool = open(&home);
    let epoch = spool.epoch();
    for number in 1..=40 {
        spool.accept(&batch([number]), NOW).unwrap();
    }
    drop(spool);
    (home.disk().content(), epoch)
}

/// Opens `content` and checks that whatever came back is either right or says that it is not.
fn opens_honestly(content: Vec<u8>, epoch: u32, what: &str) {
    let home = SimHome::holding(content, epoch);
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    let all = drain(&mut spool);
    if let OpenedHow::Lost { set_aside, .. } = opened.how {
        assert!(set_aside.is_some() && home.aside_len() == 1, "{what}");
        assert!(spool.epoch() > epoch, "{what}");
        assert_eq!(gap_of(&all[0].1).unwrap().reason, GapReason::SpoolLost, "{what}");
        assert_eq!(all.len(), 1, "{what}");
        return;
    }
    let mut next = 1;
    for (seq, event) in all {
        match event {
            Event::Gap(gap) => {
                assert_eq!((gap.first_seq, gap.last_seq), (next, seq), "{what}");
                assert_eq!(gap.reason, GapReason::Corrupt, "{what}");
            }
            event => assert_eq!((seq, event), (next, look(next)), "{what}"),
        }
        next = seq + 1;
    }
    assert_eq!(next, 41, "{what}");
}

#[test]
fn a_spool_cut_short_anywhere_is_set_aside_or_whole() {
    let (content, epoch) = forty();
    for cut in (0..content.len()).step_by(content.len() / 61) {
        opens_honestly(content[..cut].to_vec(), epoch, &format!("cut at {cut}"));
    }
}

#[test]
fn a_rotten_bit_anywhere_is_never_taken_for_data() {
    let (content, epoch) = forty();
    // Only what is written can rot into something: the pages that are not zero.
    let written: Vec<usize> = (0..content.len()).filter(|at| content[*at] != 0).collect();
    for at in written.iter().step_by(written.len() / 97) {
        let mut bad = content.clone();
        bad[*at] ^= 0x10;
        opens_honestly(bad, epoch, &format!("byte {at}"));
    }
}

#[test]
fn an_altered_record_becomes_a_gap_of_its_own_number() {
    use crate::spool::{
        marks::{CHIPS, EVENTS},
        record::{Kind, assemble},
    };
    let home = SimHome::default();
    open(&home).accept(&batch(1..=7), NOW).unwrap();
    let db = redb::Database::builder().create_with_backend(home.disk()).unwrap();
    let txn = db.begin_write().unwrap();
    {
        // As if software had written nonsense: the pages are in order, the record is not.
        let mut bytes = assemble(3, Kind::Look, NOW, b"nonsense");
        bytes[12] ^= 1;
        txn.open_table(EVENTS).unwrap().insert(3, bytes.as_slice()).unwrap();
        // Two that are not there at all: one before a good record, one at the end.
        txn.open_table(EVENTS).unwrap().remove(5).unwrap();
        txn.open_table(EVENTS).unwrap().remove(7).unwrap();
        txn.open_table(CHIPS).unwrap().insert(9, b"no chip".as_slice()).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.corrupt, 4);
    let all = drain(&mut spool);
    assert_eq!(corrupt_gaps(&all), [(3, 3, 3), (5, 5, 5), (7, 7, 7), (8, 8, 8)]);
    assert_eq!(all[3], (4, look(4)));
}

/// Number, first and last of each gap, all of them for records that do not check out.
fn corrupt_gaps(all: &[(u64, Event)]) -> Vec<(u64, u64, u64)> {
    all.iter()
        .filter_map(|(seq, event)| gap_of(event).map(|gap| (seq, gap)))
        .map(|(seq, gap)| {
            assert_eq!(gap.reason, GapReason::Corrupt);
            assert_eq!(u64::from(gap.looks_lost), gap.last_seq - gap.first_seq + 1);
            (*seq, gap.first_seq, gap.last_seq)
        })
        .collect()
}

#[test]
fn a_record_that_goes_bad_while_the_agent_runs_becomes_a_gap_of_its_own_number() {
    let mut spool = open(&SimHome::default());
    spool.accept(&batch(1..=5), NOW).unwrap();
    spool.spoil(3);
    let all = drain(&mut spool);
    assert_eq!(corrupt_gaps(&all), [(3, 3, 3)]);
    for number in [1, 2, 4, 5] {
        assert!(all.contains(&(number, look(number))), "{number}");
    }
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    use crate::spool::marks::MARKS;
    let home = SimHome::default();
    drop(open(&home));
    let db = redb::Database::builder().create_with_backend(home.disk()).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(MARKS).unwrap().insert("format", 2).unwrap();
    txn.commit().unwrap();
    drop(db);
    let error = Spool::open(&home, &station(), LIMITS, NOW).unwrap_err();
    assert!(matches!(error, SpoolError::NewerFormat(2)), "{error}");
    assert!(home.disk().len().unwrap() > 0 && home.aside_len() == 0);
}

#[test]
fn marks_that_contradict_each_other_are_a_lost_spool() {
    use crate::spool::marks::MARKS;
    for (mark, value) in [
        ("acked_through", 4),   // beyond what was offered
        ("offered_through", 6), // beyond what was numbered
        ("next_seq", 3),        // below what was offered
        ("format", 0),
        ("epoch", 1 << 32),
    ] {
        let home = SimHome::default();
        let mut spool = open(&home);
        spool.accept(&batch(1..=5), NOW).unwrap();
        let sent = drain(&mut spool).len();
        assert_eq!(sent, 5);
        drop(spool);
        let home = SimHome::holding(home.disk().content(), 1);
        let db = redb::Database::builder().create_with_backend(home.disk()).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(MARKS).unwrap().insert("acked_through", 0).unwrap();
        txn.open_table(MARKS).unwrap().insert("offered_through", 3).unwrap();
        txn.open_table(MARKS).unwrap().insert(mark, value).unwrap();
        txn.commit().unwrap();
        drop(db);
        let (_, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
        assert!(
            matches!(opened.how, OpenedHow::Lost { .. }),
            "{mark} = {value}: {opened:?}"
        );
    }
}
