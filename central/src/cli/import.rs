//! `import`: looks of the past into an empty store, so that baselines do not begin at nothing.
//!
//! What is imported was not signed by a station on its way here: central seals it with its own key, as evidence of who brought it in.
//! Receive times are the looks' own. Because receive times rise strictly in the store, and what was already correlated must not
//! change under the alerts it raised, only a store without events takes an import.

use std::{collections::BTreeMap, path::PathBuf};

use quaywatch_protocol::{
    contract::{Look, convert},
    event::Event,
    ids::{EventId, StationId},
    sign,
};

use super::{CliError, check_config, replay};
use crate::{
    app::Loaded,
    correlate::Engine,
    ingest::admit::{Admitted, Content},
    intake::BATCH_MAX,
    store::{
        Store, StoreError,
        events::{Outcome, standing},
    },
};

/// Bad looks named on standard error; the rest is only counted.
const NAMED_MAX: u64 = 50;

/// Bring stored looks (JSON Lines) into an empty store, so that baselines have a past.
///
/// Looks without epoch and sequence number get epoch 0 and numbers in the order in which they became known. A look that cannot be
/// taken is named, counted and skipped. Exits 1 when the store has events already, or no look could be taken.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Configuration file (TOML) of the central that is to have them; it must not be running
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Files of looks; `-` is standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    looks: Vec<PathBuf>,
}

/// What came of an import.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    taken: u64,
    duplicates: u64,
    refused: u64,
}

/// Runs the command.
///
/// # Errors
/// What could not be read or written, or a store that has events.
pub fn main(args: &Args) -> Result<(), CliError> {
    let loaded = check_config::load(&args.config)?;
    let mut looks = replay::read_looks(&args.looks, false)?;
    looks.sort_by(|a, b| {
        a.known_at()
            .cmp(&b.known_at())
            .then_with(|| (&a.station, a.seq, &a.scene).cmp(&(&b.station, b.seq, &b.scene)))
    });
    let failed = |error: StoreError| CliError::Failed(format!("{}: {error}", loaded.config.store_file.display()));
    let mut store = Store::open(&loaded.config.store_file).map_err(failed)?;
    if store.has_events().map_err(failed)? {
        return Err(CliError::Failed(format!(
            "{}: has events already: looks of the past go into an empty store only",
            loaded.config.store_file.display()
        )));
    }
    let counts = import(&mut store, &loaded, &looks).map_err(failed)?;
    eprintln!(
        "{} looks imported, {} duplicates, {} refused",
        counts.taken, counts.duplicates, counts.refused
    );
    if counts.taken == 0 {
        return Err(CliError::Failed("no look could be taken".to_owned()));
    }
    Ok(())
}

fn import(store: &mut Store, loaded: &Loaded<Engine>, looks: &[Look]) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let mut numbers: BTreeMap<StationId, u64> = BTreeMap::new();
    for chunk in looks.chunks(BATCH_MAX) {
        let mut batch = store.begin()?;
        for look in chunk {
            let admitted = match admit(look, &mut numbers, loaded) {
                Ok(admitted) => admitted,
                Err(problem) => {
                    counts.refused += 1;
                    if counts.refused <= NAMED_MAX {
                        eprintln!("not imported: {problem}");
                    }
                    continue;
                }
            };
            let known_at = look.known_at();
            let standing = standing(&admitted, known_at, loaded.config.ingest.clock_tolerance_ms);
            match batch.record(&admitted, standing, known_at)? {
                Outcome::New(_) => counts.taken += 1,
                Outcome::Duplicate => counts.duplicates += 1,
                Outcome::Conflict => {
                    counts.refused += 1;
                    eprintln!("not imported: another look has the identity {}", admitted.id);
                }
            }
        }
        batch.commit()?;
    }
    Ok(counts)
}

fn admit(look: &Look, numbers: &mut BTreeMap<StationId, u64>, loaded: &Loaded<Engine>) -> Result<Admitted, String> {
    let station = StationId::new(&look.station).map_err(|error| format!("station `{}`: {error}", look.station))?;
    let (epoch, seq) = match (look.epoch, look.seq) {
        (Some(epoch), Some(seq)) => (epoch, seq),
        _ => {
            let next = numbers.entry(station.clone()).or_default();
            *next += 1;
            (0, *next)
        }
    };
    let id = EventId { station, epoch, seq };
    let event = Event::Look(convert::to_wire(look).map_err(|error| error.to_string())?);
    let key_id = loaded.config.key_id;
    let envelope = sign::seal_event(&id, &event, key_id, &loaded.key).map_err(|error| format!("{id}: {error}"))?;
    Ok(Admitted {
        id,
        key_id,
        content: Content::Event(Box::new(event)),
        envelope: envelope.to_vec(),
    })
}
