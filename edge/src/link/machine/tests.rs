//! The link's logic against a broker and a central that misbehave, in simulated time.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

const WINDOW: usize = 8;
const KEEP_ALIVE_MS: u64 = 30_000;

fn online(machine: &mut Machine, now_ms: u64) {
    assert_eq!(machine.next(now_ms, 0.5), Action::Connect);
    machine.connected(now_ms);
    assert!(matches!(machine.next(now_ms, 0.5), Action::Wait(_)));
    machine.subscribed(now_ms);
}

#[test]
fn nothing_is_sent_before_the_ack_topic_is_subscribed() {
    let mut machine = Machine::new(WINDOW, KEEP_ALIVE_MS, 4);
    assert_eq!(machine.next(0, 0.5), Action::Connect);
    machine.spooled();
    assert_eq!(machine.next(0, 0.5), Action::Wait(CONNECT_WAIT_MS));
    machine.connected(5);
    assert_eq!(machine.next(5, 0.5), Action::Wait(5 + SUBSCRIBE_WAIT_MS));
    machine.subscribed(9);
    let expected = Action::Send {
        after: 4,
        count: WINDOW,
        again_through: 4,
    };
    assert_eq!(machine.next(9, 0.5), expected);
}

#[test]
fn a_new_connection_sends_everything_unacked_again() {
    let mut machine = Machine::new(WINDOW, KEEP_ALIVE_MS, 0);
    online(&mut machine, 0);
    machine.sent(0, 1..=5, true, false);
    machine.acked(10, 2);
    machine.lost(20, 0.5);
    let Action::Wait(until) = machine.next(20, 0.5) else {
        panic!()
    };
    online(&mut machine, until);
    let expected = Action::Send {
        after: 2,
        count: WINDOW,
        again_through: 5,
    };
    assert_eq!(machine.next(until, 0.5), expected);
}

#[test]
fn without_an_ack_the_window_is_sent_again_with_growing_patience() {
    let mut machine = Machine::new(WINDOW, 10_000_000, 0);
    online(&mut machine, 0);
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..6 {
        machine.sent(now, 1..=3, true, false);
        let Action::Wait(until) = machine.next(now, 0.5) else {
            panic!()
        };
        waits.push(until - now);
        now = until;
        assert!(matches!(
            machine.next(now, 0.5),
            Action::Send {
                after: 0,
                again_through: 3,
                ..
            }
        ));
    }
    assert_eq!(waits, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    assert_eq!(machine.ack_timeouts(), 6);
    machine.sent(now, 1..=3, true, false);
    machine.acked(now, 1);
    assert_eq!(
        machine.next(now, 0.5),
        Action::Send {
            after: 3,
            count: 6,
            again_through: 3
        }
    );
    machine.sent(now, [], true, false);
    assert_eq!(machine.next(now, 0.5), Action::Wait(now + ACK_WAIT_MS));
}

#[test]
fn a_silent_connection_and_a_choked_one_are_given_up() {
    let mut machine = Machine::new(WINDOW, KEEP_ALIVE_MS, 0);
    online(&mut machine, 0);
    machine.sent(0, [], true, false);
    assert_eq!(machine.next(0, 0.5), Action::Wait(45_000));
    machine.heard(40_000);
    assert_eq!(machine.next(45_000, 0.5), Action::Wait(85_000));
    assert!(matches!(machine.next(85_000, 0.5), Action::Close(_)));
    let Action::Wait(until) = machine.next(85_000, 0.5) else {
        panic!()
    };
    online(&mut machine, until);
    machine.sent(until, [1], false, true);
    machine.acked(until + 1, 1);
    machine.heard(until + 20_000);
    assert!(matches!(machine.next(until + 29_999, 0.5), Action::Wait(_)));
    assert!(matches!(machine.next(until + 30_000, 0.5), Action::Close(_)));
}

#[test]
fn a_broker_that_never_answers_is_tried_ever_more_rarely() {
    let mut machine = Machine::new(WINDOW, KEEP_ALIVE_MS, 0);
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert_eq!(machine.next(now, 0.5), Action::Connect);
        machine.lost(now, 0.5);
        let Action::Wait(until) = machine.next(now, 0.5) else {
            panic!()
        };
        waits.push(until - now);
        now = until;
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
}

/// One thing the world may do in a round.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    CutConnection,
    LoseEvents,
    LoseAcks,
    RepeatEvents,
    ShuffleAcks,
    Choke,
    CentralSleeps,
}

fn fault() -> impl Strategy<Value = Fault> {
    use Fault::*;
    prop_oneof![
        4 => Just(None),
        1 => prop_oneof![
            Just(CutConnection), Just(LoseEvents), Just(LoseAcks), Just(RepeatEvents), Just(ShuffleAcks), Just(Choke),
            Just(CentralSleeps),
        ],
    ]
}

/// Station, broker and central, one round at a time. The spool is the numbers `1..=made`.
struct World {
    machine: Machine,
    now_ms: u64,
    made: u64,
    acked: u64,
    to_central: VecDeque<u64>,
    to_station: VecDeque<u64>,
    /// What central has committed.
    stored: BTreeSet<u64>,
    /// Last number sent on this connection, for the check of order.
    last_sent: u64,
}

impl World {
    fn round(&mut self, fault: Fault) {
        loop {
            match self.machine.next(self.now_ms, 0.3) {
                Action::Connect => {
                    self.machine.connected(self.now_ms);
                    self.machine.subscribed(self.now_ms);
                    self.last_sent = 0;
                }
                Action::Close(_) => self.drop_connection(),
                Action::Send { after, count, .. } => self.send(after, count, matches!(fault, Fault::Choke)),
                Action::Wait(until) => {
                    self.now_ms = until.min(self.now_ms + 5_000);
                    break;
                }
            }
        }
        match fault {
            Fault::CutConnection => {
                self.machine.lost(self.now_ms, 0.3);
                self.drop_connection();
            }
            Fault::LoseEvents => self.to_central.clear(),
            Fault::LoseAcks => self.to_station.clear(),
            Fault::RepeatEvents => {
                let again: Vec<u64> = self.to_central.iter().copied().collect();
                self.to_central.extend(again);
            }
            Fault::ShuffleAcks => self.to_station.make_contiguous().reverse(),
            Fault::None | Fault::Choke | Fault::CentralSleeps => {}
        }
        if self.machine.is_online() {
            self.machine.heard(self.now_ms);
            self.machine.drained();
        }
        if !matches!(fault, Fault::CentralSleeps) {
            self.central();
        }
        for through in std::mem::take(&mut self.to_station) {
            if through > self.acked {
                assert!(
                    (self.acked + 1..=through).all(|n| self.stored.contains(&n)),
                    "acked what is not stored"
                );
                self.acked = through;
                self.machine.acked(self.now_ms, through);
            }
        }
    }

    fn drop_connection(&mut self) {
        self.to_central.clear();
        self.to_station.clear();
    }

    fn send(&mut self, after: u64, count: usize, choke: bool) {
        assert!(after >= self.acked);
        let asked: Vec<u64> = (after + 1..=self.made).take(count).collect();
        let exhausted = asked.is_empty();
        let taken: Vec<u64> = asked.iter().copied().take(if choke { 2 } else { count }).collect();
        for number in &taken {
            let starts_over = *number == self.acked + 1;
            assert!(
                starts_over || *number == self.last_sent + 1,
                "{number} after {}",
                self.last_sent
            );
            self.last_sent = *number;
            self.to_central.push_back(*number);
        }
        let choked = taken.len() < asked.len();
        self.machine.sent(self.now_ms, taken, exhausted, choked);
        assert!(self.machine.on_the_way() <= WINDOW);
    }

    fn central(&mut self) {
        for number in std::mem::take(&mut self.to_central) {
            self.stored.insert(number);
            let through = (1..).take_while(|n| self.stored.contains(n)).last().unwrap_or(0);
            self.to_station.push_back(through);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_network_does_everything_arrives_in_order_once_it_behaves(
        rounds in prop::collection::vec((fault(), 0_u64..4), 0..80),
    ) {
        let mut world = World {
            machine: Machine::new(WINDOW, KEEP_ALIVE_MS, 0),
            now_ms: 0,
            made: 0,
            acked: 0,
            to_central: VecDeque::new(),
            to_station: VecDeque::new(),
            stored: BTreeSet::new(),
            last_sent: 0,
        };
        for (fault, made) in rounds {
            world.made += made;
            world.machine.spooled();
            world.round(fault);
        }
        // Two minutes of simulated time and a round for each window's worth are enough to recover from anything.
        let bound = 60 + world.made as usize;
        for _ in 0..bound {
            world.round(Fault::None);
        }
        prop_assert_eq!(world.acked, world.made);
        prop_assert_eq!(world.stored.len() as u64, world.made);
    }
}
