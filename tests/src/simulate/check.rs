//! After the faults: did the promises hold? Reads the database itself, not through central's own readers, wherever it can.

use std::collections::{BTreeMap, BTreeSet};

use quaywatch_central::{alert::Alert, correlate::Engine, ingest::distrust::Distrust, store::read::Readers};
use quaywatch_protocol::{
    codec,
    contract::{look::Look, site::Site},
    event::{Event, Gap, GapReason},
};

use super::{Broken, central::stored_name, station::Station, world::World};
use crate::reference::engine::equal;

/// Of every so many seeds one's looks are also given to the brute-force reference, which takes as long as the rest of the seed.
const REFERENCE_EVERY: u64 = 20;

/// Everything that the store holds of one station.
#[derive(Debug, Default)]
struct Stored {
    /// Looks by scene and site, with the epochs in which they are stored.
    looks: BTreeMap<(String, String), Vec<u32>>,
    gaps: Vec<Gap>,
    /// Numbers accounted for, by epoch.
    numbers: BTreeMap<u32, BTreeSet<u64>>,
}

/// Checks every promise.
///
/// # Errors
/// The first that did not hold.
pub fn everything(world: &mut World<'_>) -> Result<(), Broken> {
    let stored = read(world)?;
    for station in &world.stations {
        let none = Stored::default();
        let held = stored.get(station.id.as_str()).unwrap_or(&none);
        whole(station, held)?;
        once(station, held)?;
        nobody_else(station, held)?;
        conserved(station, held)?;
    }
    alerts(world)
}

fn read(world: &World<'_>) -> Result<BTreeMap<String, Stored>, Broken> {
    let failed = |error: rusqlite::Error| Broken::new("N1", format!("the store cannot be read: {error}"));
    let connection = world.central.database().map_err(failed)?;
    let mut statement = connection
        .prepare("SELECT station, epoch, seq, envelope FROM event WHERE station != 'gs-past'")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut all: BTreeMap<String, Stored> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (station, epoch, seq): (String, u32, i64) = (
            row.get(0).map_err(failed)?,
            row.get(1).map_err(failed)?,
            row.get(2).map_err(failed)?,
        );
        let envelope: Vec<u8> = row.get(3).map_err(failed)?;
        let stored = all.entry(station).or_default();
        let numbers = stored.numbers.entry(epoch).or_default();
        numbers.insert(seq as u64);
        if let Some(name) = stored_name(&envelope) {
            stored.looks.entry(name).or_default().push(epoch);
        } else if let Some(gap) = gap_of(&envelope) {
            numbers.extend(gap.first_seq..=gap.last_seq);
            stored.gaps.push(gap);
        }
    }
    Ok(all)
}

fn gap_of(envelope: &[u8]) -> Option<Gap> {
    let opened = quaywatch_protocol::envelope::open(envelope).ok()?;
    match codec::decode(opened.payload).ok()? {
        Event::Gap(gap) => Some(gap),
        _ => None,
    }
}

/// N2: the epoch in use has no hole.
fn whole(station: &Station, stored: &Stored) -> Result<(), Broken> {
    let Some(process) = &station.process else {
        return Err(Broken::new("N1", format!("{} does not run", station.id)));
    };
    let epoch = process.spool.epoch();
    let none = BTreeSet::new();
    let numbers = stored.numbers.get(&epoch).unwrap_or(&none);
    for (expected, number) in (1..).zip(numbers) {
        if *number != expected {
            return Err(Broken::new(
                "N2",
                format!(
                    "{} epoch {epoch}: number {expected} is neither stored nor in a gap",
                    station.id
                ),
            ));
        }
    }
    Ok(())
}

/// N3: a look is stored once in an epoch; in two only where the station lost its memory of the first.
fn once(station: &Station, stored: &Stored) -> Result<(), Broken> {
    for (name, epochs) in &stored.looks {
        let distinct: BTreeSet<u32> = epochs.iter().copied().collect();
        let forgot = station.promised.disks_lost > 0 || station.tainted;
        if distinct.len() < epochs.len() || (distinct.len() > 1 && !forgot) {
            return Err(Broken::new(
                "N3",
                format!("{}: look {name:?} is stored in epochs {epochs:?}", station.id),
            ));
        }
    }
    Ok(())
}

/// N8: nothing is stored under a station's name that the station did not say.
fn nobody_else(station: &Station, stored: &Stored) -> Result<(), Broken> {
    match stored.looks.keys().find(|name| !station.promised.tried.contains(*name)) {
        Some(name) => Err(Broken::new(
            "N8",
            format!("{}: look {name:?} was never made there", station.id),
        )),
        None => Ok(()),
    }
}

/// N1 and N2: what was accepted is stored, or a gap counts it.
fn conserved(station: &Station, stored: &Stored) -> Result<(), Broken> {
    if station.tainted {
        // An older state of the spool that checks out gives numbers a second time: central keeps what it had and puts the other into
        // quarantine. N1 holds while the station's disk survives; this one did not.
        return Ok(());
    }
    let promised = &station.promised;
    let gone = promised.committed.iter().find(|name| !stored.looks.contains_key(*name));
    if let Some(name) = gone {
        return Err(Broken::new(
            "N1",
            format!("{}: look {name:?} was committed and is gone", station.id),
        ));
    }
    let told = |reason| stored.gaps.iter().any(|gap| gap.reason == reason);
    if promised.disks_lost > 0 && !told(GapReason::SpoolLost) {
        return Err(Broken::new(
            "N2",
            format!("{} lost its spool, and no gap says so", station.id),
        ));
    }
    let missing: Vec<_> = (promised.accepted.difference(&promised.excused))
        .filter(|name| !stored.looks.contains_key(*name))
        .collect();
    let lost: u64 = stored.gaps.iter().map(|gap| u64::from(gap.looks_lost)).sum();
    let count = missing.len() as u64;
    if count > lost || (promised.disks_lost == 0 && count != lost) {
        return Err(Broken::new(
            "N2",
            format!(
                "{}: {count} accepted looks are missing, gaps count {lost}: {:?}",
                station.id,
                missing.first()
            ),
        ));
    }
    Ok(())
}

/// N4: the stored alerts are what a fresh correlator makes of the stored looks, some of them given twice.
fn alerts(world: &mut World<'_>) -> Result<(), Broken> {
    let failed = |error: String| Broken::new("N4", error);
    let readers = Readers::new(world.central.file());
    let mut looks: Vec<Look> = Vec::new();
    readers
        .each_look(&world.feed.sites, &Distrust::default(), |look| {
            if world.feed.sites.get(&look.site).is_some() {
                looks.push(look);
            }
        })
        .map_err(|error| failed(error.to_string()))?;
    let stored = stored_alerts(world).map_err(|error| failed(error.to_string()))?;
    if world.seed().is_multiple_of(REFERENCE_EVERY) {
        reference(world, &looks)?;
    }
    let mut engine: Engine = world.feed.engine();
    for look in &looks {
        engine.apply(look);
        if world.chance_of_a_repeat() {
            engine.apply(look);
        }
    }
    let fresh: BTreeMap<String, String> = engine
        .alerts()
        .iter()
        .map(|alert: &Alert| Ok((alert.id.clone(), serde_json::to_string(alert)?)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| failed(error.to_string()))?;
    for (id, body) in &fresh {
        match stored.get(id) {
            Some((_, kept)) if kept == body => {}
            Some((_, kept)) => {
                return Err(failed(format!(
                    "alert {id} is stored as {kept}, and a fresh correlator gives {body}"
                )));
            }
            None => {
                return Err(failed(format!(
                    "alert {id} is not stored, and a fresh correlator gives {body}"
                )));
            }
        }
    }
    if let Some((id, (_, body))) = stored
        .iter()
        .find(|(id, (withdrawn, _))| !withdrawn && !fresh.contains_key(*id))
    {
        return Err(failed(format!(
            "alert {id} is stored as {body}, and a fresh correlator does not give it"
        )));
    }
    let rests_on_sent = |body: &str| {
        world
            .stations
            .iter()
            .any(|station| body.contains(&format!("\"{}/", station.id)))
    };
    let raised = stored
        .values()
        .filter(|(withdrawn, body)| !withdrawn && rests_on_sent(body))
        .count();
    world
        .sometimes
        .saw_many("alert raised by what the stations sent", raised as u64);
    Ok(())
}

/// N4 again: what the second implementation makes of the stored looks is what the correlator makes of them.
fn reference(world: &mut World<'_>, looks: &[Look]) -> Result<(), Broken> {
    let sites: Vec<Site> = world.feed.sites.iter().map(|file| file.site.clone()).collect();
    // It counts cars, not their kinds.
    let mut plain = looks.to_vec();
    let rails = plain.iter_mut().flat_map(|look| &mut look.rail);
    rails.for_each(|rail| rail.mix = Default::default());
    let alerts = equal(&sites, &world.feed.book, &plain).map_err(|problem| Broken::new("N4", problem))?;
    world
        .sometimes
        .saw_many("alert of the second implementation", alerts.len() as u64);
    Ok(())
}

/// Alerts by id: whether withdrawn, and the body.
fn stored_alerts(world: &World<'_>) -> rusqlite::Result<BTreeMap<String, (bool, String)>> {
    let connection = world.central.database()?;
    let mut statement = connection.prepare("SELECT id, withdrawn, body FROM alert")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    rows.collect()
}
