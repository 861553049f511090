//! What goes when the spool is full, and what says so.

use quaywatch_protocol::event::{Event, GapReason};

use super::{NOW, batch, disk::SimHome, drain, gap_of, look, station, with_chips};
use crate::spool::{Limits, Spool, SpoolError};

const SMALL: Limits = Limits {
    events_max: 150,
    bytes_max: 1 << 20,
};

fn open() -> Spool {
    Spool::open(&SimHome::default(), &station(), SMALL, NOW).unwrap().0
}

#[test]
fn chips_go_first_and_their_numbers_are_in_a_gap() {
    let mut spool = open();
    spool.accept(&with_chips(batch([1]), 100, 20), NOW).unwrap();
    for number in 2..=80 {
        spool.accept(&batch([number]), NOW).unwrap();
    }
    let all = drain(&mut spool);
    let looks = all.iter().filter(|(_, event)| matches!(event, Event::Look(_))).count();
    let chips = all.iter().filter(|(_, event)| matches!(event, Event::Chip(_))).count() as u64;
    let in_gaps: u64 = all
        .iter()
        .filter_map(|(_, event)| gap_of(event))
        .map(|gap| {
            assert_eq!((gap.looks_lost, gap.reason), (0, GapReason::SpoolFull));
            gap.last_seq - gap.first_seq + 1
        })
        .sum();
    assert_eq!((looks, chips + in_gaps), (80, 100));
    assert!(in_gaps > 0);
}

#[test]
fn the_oldest_unsent_looks_go_next_and_one_gap_covers_the_run() {
    let mut spool = open();
    let mut dropped = 0;
    for number in 1..=300 {
        dropped += spool.accept(&batch([number]), NOW).unwrap().looks_dropped;
    }
    let all = drain(&mut spool);
    // The first 64 may have been sent, and stay.
    assert_eq!(all[63], (64, look(64)));
    let gap = gap_of(&all[64].1).unwrap();
    assert_eq!((gap.first_seq, gap.reason), (65, GapReason::SpoolFull));
    assert_eq!(u64::from(gap.looks_lost), dropped);
    assert_eq!(gap.last_seq - gap.first_seq + 1, dropped);
    assert_eq!(all[64].0, gap.last_seq);
    assert_eq!(all[65], (gap.last_seq + 1, look(gap.last_seq + 1)));
    assert_eq!(all.last().unwrap(), &(300, look(300)));
    assert!(all.len() <= 150);
}

#[test]
fn what_may_have_been_sent_is_never_dropped_and_a_full_spool_refuses_whole() {
    let mut spool = open();
    let mut number = 0;
    let error = loop {
        number += 1;
        // Everything is offered as soon as it is accepted.
        drain(&mut spool);
        match spool.accept(&batch([number]), NOW) {
            Ok(accepted) => assert_eq!(accepted.looks_dropped, 0),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full { .. }) && !error.is_fatal());
    let all = drain(&mut spool);
    assert_eq!(all.len() as u64, number - 1);
    assert!(all.iter().all(|(seq, event)| *event == look(*seq)));
    spool.ack(10).unwrap();
    spool.accept(&batch([number]), NOW).unwrap();
}

#[test]
fn the_byte_limit_holds_too() {
    let limits = Limits {
        events_max: 10_000,
        bytes_max: 20_000,
    };
    let mut spool = Spool::open(&SimHome::default(), &station(), limits, NOW).unwrap().0;
    for number in 1..=60 {
        spool.accept(&with_chips(batch([number]), 2, 1_000), NOW).unwrap();
        assert!(spool.standing().unwrap().usage.bytes <= 20_000);
    }
}

#[test]
fn a_chip_for_which_nothing_can_make_room_goes_and_its_look_stays() {
    let limits = Limits {
        events_max: 128,
        bytes_max: 3_000,
    };
    let mut spool = Spool::open(&SimHome::default(), &station(), limits, NOW).unwrap().0;
    let accepted = spool.accept(&with_chips(batch([1]), 1, 3_500), NOW).unwrap();
    let counts = (
        accepted.last_seq,
        accepted.chips,
        accepted.chips_dropped,
        accepted.looks_dropped,
    );
    assert_eq!(counts, (1, 0, 1, 0));
    let all = drain(&mut spool);
    assert_eq!(all[0], (1, look(1)));
    let gap = gap_of(&all[1].1).unwrap();
    assert_eq!((all[1].0, gap.first_seq, gap.last_seq, gap.looks_lost), (2, 2, 2, 0));
}

#[test]
fn chips_that_may_have_been_sent_are_never_dropped() {
    let mut spool = open();
    spool.accept(&with_chips(batch([1]), 20, 20), NOW).unwrap();
    let sent = drain(&mut spool);
    assert_eq!(sent.len(), 21);
    for number in 2..=300 {
        spool.accept(&batch([number]), NOW).unwrap();
    }
    assert_eq!(drain(&mut spool)[..21], sent);
}
