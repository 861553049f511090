//! Power lost at every point of a recorded piece of work, unsynced sectors lost, kept or mixed.

use quaywatch_protocol::event::Event;

use super::{
    LIMITS, NOW, batch,
    disk::{SimHome, after_power_loss},
    drain, look, station, with_chips,
};
use crate::spool::{OpenedHow, Spool};

/// What had been promised when the disk's log was this long.
struct Promise {
    log_len: usize,
    accepted_through: u64,
    acked_through: u64,
}

/// Does a piece of work and says what was promised when.
fn work(home: &SimHome) -> (u32, Vec<Promise>) {
    let mut spool = Spool::open(home, &station(), LIMITS, NOW).unwrap().0;
    let disk = home.disk();
    let mut promises = vec![];
    let mut accepted_through;
    let mut acked_through = 0;
    for number in 1..=12 {
        let work = with_chips(batch([number]), u8::from(number % 3 == 0), 200);
        accepted_through = spool.accept(&work, NOW).unwrap().last_seq;
        promises.push(Promise {
            log_len: disk.log_len(),
            accepted_through,
            acked_through,
        });
        if number % 4 == 0 {
            spool.offer(0, 64, NOW).unwrap();
            // From here on the ack may or may not be on the disk; what it removes was committed at central.
            acked_through = number - 2;
            promises.push(Promise {
                log_len: disk.log_len(),
                accepted_through,
                acked_through,
            });
            spool.ack(acked_through).unwrap();
        }
        // Numbers given to chips would shift what follows: chips are offered only at the end.
        if number == 12 {
            accepted_through = drain(&mut spool).last().unwrap().0;
            promises.push(Promise {
                log_len: disk.log_len(),
                accepted_through,
                acked_through,
            });
        }
    }
    (spool.epoch(), promises)
}

fn check(content: Vec<u8>, epoch: u32, promise: Option<&Promise>, what: &str) {
    let home = SimHome::holding(content, epoch);
    let (mut spool, opened) = Spool::open(&home, &station(), LIMITS, NOW).unwrap();
    assert_eq!(opened.how, OpenedHow::Found, "{what}");
    assert_eq!(opened.corrupt, 0, "{what}");
    let standing = spool.standing().unwrap();
    let all = drain(&mut spool);
    let (accepted, acked) = promise.map_or((0, 0), |promise| (promise.accepted_through, promise.acked_through));
    assert!(standing.acked_through <= acked, "{what}: forgot what nobody acked");
    assert!(standing.last_seq >= accepted, "{what}: lost what was accepted");
    for (expected, (seq, event)) in (standing.acked_through + 1..).zip(&all) {
        assert_eq!(*seq, expected, "{what}");
        if let Event::Look(_) = event {
            let number = looks_number(event);
            assert_eq!(*event, look(number), "{what}");
        }
    }
    // And it goes on.
    let next = spool.accept(&batch([99]), NOW).unwrap();
    assert!(next.first_seq > accepted, "{what}: a number was given twice");
}

fn looks_number(event: &Event) -> u64 {
    let Event::Look(look) = event else { unreachable!() };
    look.scene.as_str().strip_prefix("scene-").unwrap().parse().unwrap()
}

#[test]
fn power_lost_at_any_write_loses_nothing_that_was_accepted() {
    let home = SimHome::default();
    // The file is in its place only after its first commit: crashes before that are tested with the folder.
    let spool = Spool::open(&home, &station(), LIMITS, NOW).unwrap().0;
    drop(spool);
    let base = home.disk().content();
    let home = SimHome::holding(base.clone(), 1);
    let (epoch, promises) = work(&home);
    let log = home.disk().log();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut coin = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random & 1 == 0
    };
    let mut points = 0;
    for at in 0..=log.len() {
        let promise = promises.iter().rfind(|promise| promise.log_len <= at);
        check(
            after_power_loss(&base, &log, at, || false),
            epoch,
            promise,
            &format!("all lost at {at}"),
        );
        check(
            after_power_loss(&base, &log, at, || true),
            epoch,
            promise,
            &format!("none lost at {at}"),
        );
        check(
            after_power_loss(&base, &log, at, &mut coin),
            epoch,
            promise,
            &format!("some lost at {at}"),
        );
        points += 3;
    }
    assert!(
        points > 300,
        "only {points} points: the work is too small to mean anything"
    );
}
