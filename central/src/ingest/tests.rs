//! Every hostile kind of message: a name for it, a counter, a message that says what was wrong; and nothing else stops.

use std::sync::Arc;

use quaywatch_protocol::{
    ack::Ack,
    envelope::{Header, Kind},
    ids::EventId,
    limits, sign,
};

use super::{
    admit::{Content, Refusal, admit},
    gate::{Gate, Passage, RegistryInForce},
    registry::Registry,
    states::{STATE_BYTES_MAX, States},
};
use crate::{
    metrics::Counters,
    testing::{HandClock, NOW, Station, gap, look, registry},
};

struct Hostile {
    what: &'static str,
    topic: String,
    bytes: Vec<u8>,
    label: &'static str,
    told: &'static str,
}

/// Bytes that look random and are the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

fn hostile() -> (Vec<Hostile>, Registry) {
    let (ours, other, stranger) = (
        Station::new("gs-1", 1),
        Station::new("gs-2", 2),
        Station::new("gs-9", 9),
    );
    let revoked = Station::new("gs-3", 3);
    let mut text = [&ours, &other, &revoked].map(Station::entry).concat();
    text = text.replace("id = \"gs-3\"\n", "id = \"gs-3\"\nrevoked = true\n");
    let registry = Registry::parse(&text).unwrap();
    let good = ours.sealed(1, &look("a", NOW));
    let case = |what, topic: String, bytes, label, told| Hostile {
        what,
        topic,
        bytes,
        label,
        told,
    };
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let forger = Station {
        key: stranger.key.clone(),
        ..Station::new("gs-1", 1)
    };
    let old_key = Station {
        key_id: 7,
        ..Station::new("gs-1", 1)
    };
    let ack = Ack {
        through: ours.event_id(5),
    }
    .seal(1, &ours.key)
    .unwrap()
    .to_vec();
    let id = EventId {
        seq: u64::MAX,
        ..ours.event_id(1)
    };
    let header = Header {
        kind: Kind::Event,
        id,
        key_id: 1,
    };
    let endless = sign::seal(&header, b"x", &ours.key).unwrap().to_vec();
    let cases = vec![
        case("noise", ours.topic(), noise(300), "not-an-envelope", "not"),
        case("nothing", ours.topic(), Vec::new(), "truncated", "cut short"),
        case("cut short", ours.topic(), good[..40].to_vec(), "truncated", "cut short"),
        case(
            "oversized",
            ours.topic(),
            noise(limits::ENVELOPE_BYTES_MAX + 1),
            "too-long",
            "8192",
        ),
        case(
            "newer version",
            ours.topic(),
            with(2, 9),
            "unknown-version",
            "version 9",
        ),
        case("unknown kind", ours.topic(), with(3, 77), "bad-header", "77"),
        case("an ack as event", ours.topic(), ack, "not-an-event", "ack"),
        case(
            "wrong station",
            other.topic(),
            good.clone(),
            "wrong-station",
            "`gs-2`, but its envelope names station `gs-1`",
        ),
        case(
            "unknown station",
            stranger.topic(),
            stranger.sealed(1, &look("a", NOW)),
            "unknown-station",
            "`gs-9`",
        ),
        case(
            "revoked station",
            revoked.topic(),
            revoked.sealed(1, &look("a", NOW)),
            "revoked-station",
            "`gs-3`",
        ),
        case(
            "unknown key",
            ours.topic(),
            old_key.sealed(1, &look("a", NOW)),
            "unknown-key",
            "key 7",
        ),
        case(
            "signed by a stranger",
            ours.topic(),
            forger.sealed(1, &look("a", NOW)),
            "not-signed",
            "`gs-1`",
        ),
        case(
            "one payload bit turned",
            ours.topic(),
            with(20, good[20] ^ 1),
            "not-signed",
            "signature",
        ),
        case(
            "sequence number 2^64 - 1",
            ours.topic(),
            endless,
            "bad-header",
            "18446744073709551615",
        ),
        case(
            "foreign topic",
            "quaywatch/1/event/a/b".to_owned(),
            good.clone(),
            "foreign-topic",
            "quaywatch/1/event/<station>",
        ),
    ];
    (cases, registry)
}

#[test]
fn each_hostile_message_is_refused_by_name_and_the_next_good_one_passes() {
    let (cases, registry) = hostile();
    let ours = Station::new("gs-1", 1);
    for case in cases {
        let refusal = admit(&registry, &case.topic, &case.bytes).expect_err(case.what);
        assert_eq!(refusal.label(), case.label, "{}", case.what);
        assert!(refusal.to_string().contains(case.told), "{}: {refusal}", case.what);
        assert!(
            Refusal::LABELS.contains(&refusal.label()),
            "{} is not counted",
            refusal.label()
        );
        assert!(admit(&registry, &ours.topic(), &ours.sealed(1, &look("a", NOW))).is_ok());
    }
}

#[test]
fn a_signed_payload_that_cannot_be_read_is_admitted_as_it_came() {
    let ours = Station::new("gs-1", 1);
    let header = Header {
        kind: Kind::Event,
        id: ours.event_id(1),
        key_id: 1,
    };
    let bytes = sign::seal(&header, &[250, 1, 2, 3], &ours.key).unwrap().to_vec();
    let admitted = admit(&registry(&[&ours]), &ours.topic(), &bytes).unwrap();
    assert!(matches!(admitted.content, Content::Unreadable(_)));
    assert_eq!(admitted.envelope, bytes);
}

fn gate(registry: Registry, per_s: u32, burst: u32) -> (Gate, Arc<Counters>, Arc<HandClock>) {
    let in_force = Arc::new(RegistryInForce::default());
    in_force.put(registry);
    let (counters, clock) = (Arc::new(Counters::default()), HandClock::at(NOW));
    let clock_for_gate: Arc<HandClock> = Arc::clone(&clock);
    (
        Gate::new(in_force, (per_s, burst), clock_for_gate, Arc::clone(&counters)),
        counters,
        clock,
    )
}

#[test]
fn a_flood_of_rubbish_is_counted_in_full_kept_in_part_and_takes_nothing_from_the_station() {
    let ours = Station::new("gs-1", 1);
    let (mut gate, counters, _) = gate(registry(&[&ours]), 1, 3);
    let kept = (0..5_000)
        .filter(|_| matches!(gate.pass(&ours.topic(), &noise(100)), Passage::Refused(_)))
        .count();
    assert_eq!(kept, 200);
    let not_an_envelope = Refusal::LABELS
        .iter()
        .position(|label| *label == "not-an-envelope")
        .unwrap();
    assert_eq!(counters.refused[not_an_envelope].get(), 5_000);
    assert_eq!(counters.refused_not_kept.get(), 4_800);
    assert!(matches!(
        gate.pass(&ours.topic(), &ours.sealed(1, &gap(1, 1))),
        Passage::Admitted(_)
    ));
}

#[test]
fn a_station_over_its_rate_is_left_alone_until_its_bucket_fills() {
    let (ours, other) = (Station::new("gs-1", 1), Station::new("gs-2", 2));
    let (mut gate, _, clock) = gate(registry(&[&ours, &other]), 1, 2);
    let mut send = |station: &Station, seq| {
        matches!(
            gate.pass(&station.topic(), &station.sealed(seq, &gap(seq, seq))),
            Passage::Admitted(_)
        )
    };
    assert!(send(&ours, 1) && send(&ours, 2) && !send(&ours, 3));
    assert!(send(&other, 1), "another station is not touched");
    clock.set(NOW.plus_ms(1_000));
    assert!(send(&ours, 3));
}

#[test]
fn a_state_that_is_no_json_object_or_too_long_or_of_a_stranger_is_not_shown() {
    let ours = Station::new("gs-1", 1);
    let (states, registry) = (States::default(), registry(&[&ours]));
    let take = |topic: &str, bytes: &[u8]| states.take(&registry, topic, bytes, NOW);
    assert!(!take("quaywatch/1/state/gs-1", b"offline"));
    assert!(!take("quaywatch/1/state/gs-1", b"[1]"));
    assert!(!take("quaywatch/1/state/gs-9", b"{}"));
    assert!(!take(
        "quaywatch/1/state/gs-1",
        format!("{{\"a\":\"{}\"}}", "x".repeat(STATE_BYTES_MAX)).as_bytes()
    ));
    assert!(states.get(&ours.id).is_none());
    assert!(take("quaywatch/1/state/gs-1", br#"{"status":"online"}"#));
    assert_eq!(states.get(&ours.id).unwrap().state["status"], "online");
}
