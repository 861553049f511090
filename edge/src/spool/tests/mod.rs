//! Tests of the spool, by kind: what it does, what a crash may do to it, what a bad disk may do to it, and a model of it
//! under random work.

mod basic;
mod crash;
mod damage;
mod files;
mod full;
mod measure;
mod model;

use quaywatch_protocol::{
    codec,
    contract::UnixMs,
    event::{Event, Gap},
    ids::{SceneId, SiteId, StationId},
    look::{Look, Origin, Sensor},
    packed::{Ms48, U16},
};

use super::{Batch, BatchChip, Limits, Offered, Spool, simdisk as disk};

pub(super) const NOW: UnixMs = UnixMs(1_710_293_400_000);
const LIMITS: Limits = Limits {
    events_max: 1_000,
    bytes_max: 1 << 20,
};

fn station() -> StationId {
    StationId::new("gs-vlad-1").unwrap()
}

/// A look that can be told from every other by its scene.
fn look(number: u64) -> Event {
    Event::Look(Look {
        scene: SceneId::new(&format!("scene-{number}")).unwrap(),
        site: SiteId::new("vostochny").unwrap(),
        acquired_at: Ms48::new(NOW.0).unwrap(),
        sensor: Sensor::PlanetScope,
        gsd_dm: U16::new(30),
        zones: heapless_vec(),
        hidden: heapless_vec(),
        origin: Origin::default(),
        vessels: heapless_vec(),
        radio: heapless_vec(),
        vessels_left_out: 0,
        rail: heapless_vec(),
        stacks: heapless_vec(),
        aircraft: heapless_vec(),
    })
}

fn heapless_vec<T: Default>() -> T {
    T::default()
}

fn batch(looks: impl IntoIterator<Item = u64>) -> Batch {
    Batch {
        events: looks.into_iter().map(look).collect(),
        ..Batch::default()
    }
}

fn with_chips(mut batch: Batch, count: u8, bytes: usize) -> Batch {
    batch.chips.extend((0..count).map(|vessel| BatchChip {
        event_index: 0,
        vessel,
        jpeg: vec![vessel; bytes],
    }));
    batch
}

/// Everything that is stored and numbered, chips numbered too.
fn drain(spool: &mut Spool) -> Vec<(u64, Event)> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let offered = spool.offer(after, 64, NOW).unwrap();
        let Some(last) = offered.last() else {
            return all;
        };
        after = last.seq;
        all.extend(offered.iter().map(read));
    }
}

fn read(offered: &Offered) -> (u64, Event) {
    (offered.seq, codec::decode(&offered.payload).unwrap())
}

fn gap_of(event: &Event) -> Option<&Gap> {
    match event {
        Event::Gap(gap) => Some(gap),
        _ => None,
    }
}
