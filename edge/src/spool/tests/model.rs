//! Random work, crashes included, beside a model that only counts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quaywatch_protocol::event::Event;

use super::{
    NOW, batch,
    disk::{SimHome, after_power_loss},
    look, read, station, with_chips,
};
use crate::spool::{AckOutcome, Limits, Spool, SpoolError};

#[derive(Clone, Debug)]
enum Step {
    Accept { looks: u8, chips: u8 },
    Offer { count: usize },
    Ack { share: u8 },
    PowerLoss { seed: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1_u8..12, 0_u8..10).prop_map(|(looks, chips)| Step::Accept { looks, chips }),
        4 => (1_usize..64).prop_map(|count| Step::Offer { count }),
        2 => (0_u8..=100).prop_map(|share| Step::Ack { share }),
        1 => any::<u64>().prop_map(|seed| Step::PowerLoss { seed }),
    ]
}

const TIGHT: Limits = Limits {
    events_max: 130,
    bytes_max: 24_000,
};

/// What central would hold, and what the station promised.
#[derive(Default)]
struct Model {
    /// Number of each accepted look, by its number.
    accepted: BTreeMap<u64, u64>,
    chips_accepted: u64,
    looks_dropped: u64,
    chips_dropped: u64,
    next_look: u64,
    /// First content seen under each number: it may not change.
    sent: BTreeMap<u64, Event>,
    sent_through: u64,
}

impl Model {
    fn take(&mut self, offered: &[crate::spool::Offered], after: u64) {
        let mut covered_through = after;
        for (seq, event) in offered.iter().map(read) {
            let first = match &event {
                Event::Gap(gap) => {
                    assert_eq!(gap.last_seq, seq);
                    gap.first_seq
                }
                _ => seq,
            };
            assert_eq!(first, covered_through + 1, "numbers have a hole or overlap");
            covered_through = seq;
            if let Event::Look(_) = &event {
                assert_eq!(event, look(self.accepted[&seq]));
            }
            let known = self.sent.entry(seq).or_insert_with(|| event.clone());
            assert_eq!(*known, event, "content under {seq} changed after it was sent");
        }
        self.sent_through = self.sent_through.max(covered_through);
    }
}

/// Ten looks each; the disk as it was when it was last opened, to lose power from.
fn run(steps: Vec<Step>) {
    let mut home = SimHome::default();
    let mut spool = Spool::open(&home, &station(), TIGHT, NOW).unwrap().0;
    let mut base = home.disk().content();
    let mut log_start = home.disk().log_len();
    let mut model = Model::default();
    let mut acked = 0;
    for step in steps {
        match step {
            Step::Accept { looks, chips } => {
                let numbers = model.next_look + 1..=model.next_look + u64::from(looks);
                let work = with_chips(batch(numbers.clone()), chips, 300);
                match spool.accept(&work, NOW) {
                    Ok(accepted) => {
                        model.accepted.extend((accepted.first_seq..).zip(numbers));
                        model.next_look += u64::from(looks);
                        model.chips_accepted += u64::from(chips);
                        model.looks_dropped += accepted.looks_dropped;
                        model.chips_dropped += accepted.chips_dropped;
                    }
                    Err(SpoolError::Full { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Offer { count } => {
                let after = model.sent_through.max(acked);
                let offered = spool.offer(after, count, NOW).unwrap();
                assert!(offered.len() <= count);
                model.take(&offered, after);
            }
            Step::Ack { share } => {
                // Central acks what it has: numbers that were sent, up to one that ends a record.
                let through = acked + (model.sent_through - acked) * u64::from(share) / 100;
                // Nothing sent: nothing to ack.
                let ends = (through > acked).then(|| model.sent.range(acked + 1..=through).next_back());
                if let Some((&through, _)) = ends.flatten() {
                    assert!(matches!(spool.ack(through).unwrap(), AckOutcome::Removed(_)));
                    acked = through;
                }
            }
            Step::PowerLoss { seed } => {
                let log = home.disk().log()[log_start..].to_vec();
                let mut random = seed | 1;
                let content = after_power_loss(&base, &log, log.len(), || {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    random & 1 == 0
                });
                drop(spool);
                home = SimHome::holding(content.clone(), 1);
                let (reopened, opened) = Spool::open(&home, &station(), TIGHT, NOW).unwrap();
                assert_eq!(opened.corrupt, 0);
                spool = reopened;
                base = content;
                log_start = 0;
                // A restarted link sends everything again.
                model.sent_through = acked;
            }
        }
        let usage = spool.standing().unwrap().usage;
        assert!(
            usage.events <= TIGHT.events_max && usage.bytes <= TIGHT.bytes_max,
            "{usage:?}"
        );
    }
    // What is counted along the way is what is there.
    let copy = SimHome::holding(home.disk().content(), 1);
    let recounted = Spool::open(&copy, &station(), TIGHT, NOW)
        .unwrap()
        .0
        .standing()
        .unwrap();
    assert_eq!(recounted.usage, spool.standing().unwrap().usage);
    conserves(&mut spool, &mut model, acked);
}

/// Everything that was accepted comes out: as itself, or inside a gap that counts it.
fn conserves(spool: &mut Spool, model: &mut Model, mut acked: u64) {
    model.sent_through = acked;
    loop {
        let offered = spool.offer(acked, 64, NOW).unwrap();
        let Some(last) = offered.last() else { break };
        let last = last.seq;
        model.take(&offered, acked);
        spool.ack(last).unwrap();
        acked = last;
    }
    assert_eq!(spool.standing().unwrap().usage, crate::spool::Usage::default());
    let (mut looks, mut chips, mut looks_lost, mut lost) = (0, 0, 0, 0);
    for event in model.sent.values() {
        match event {
            Event::Look(_) => looks += 1,
            Event::Chip(_) => chips += 1,
            Event::Gap(gap) => {
                looks_lost += u64::from(gap.looks_lost);
                lost += gap.last_seq - gap.first_seq + 1;
            }
            Event::Started(_) => {}
        }
    }
    assert_eq!(
        looks + looks_lost,
        model.accepted.len() as u64,
        "a look is unaccounted for"
    );
    assert_eq!(looks_lost, model.looks_dropped);
    assert_eq!(
        chips + (lost - looks_lost),
        model.chips_accepted,
        "a chip is unaccounted for"
    );
    assert_eq!(lost - looks_lost, model.chips_dropped);
    assert_eq!(looks + chips + lost, acked, "accepted = stored + gaps");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_accepted_event_is_accounted_for(steps in prop::collection::vec(step(), 1..60)) {
        run(steps);
    }
}
