//! What the stations see: the looks of a documented case around its alert, over a past that is already stored.
//!
//! The past is put through central's own intake once, into a file that every seed copies.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use quaywatch_central::{
    correlate::{Engine, SiteBook},
    ingest::admit::{Admitted, Content},
    intake::{BATCH_MAX, Intake, Setup, Work},
    metrics::Counters,
    rules::Rules,
    sites::Sites,
    store::{Store, read::Readers},
    world::World as Watched,
};
use quaywatch_edge::spool::{Batch, BatchChip, SceneNote};
use quaywatch_protocol::{
    contract::{
        convert,
        look::Look,
        time::{DAY_MS, HOUR_MS, UnixMs},
    },
    event::Event,
    ids::{EventId, SceneId, StationId},
    sign::{self, SigningKey},
};
use tempfile::TempDir;

use super::clock::WallClock;
use crate::feed::{
    chance::Chance,
    script::read::load,
    station::{Noise, looks},
    world::World,
};

/// When the simulation begins, noon of 12 March 2024: the tankers, containers and trains of the case meet in the night that follows.
pub const START: UnixMs = UnixMs(1_710_244_800_000);
/// How much past is stored, days.
const PAST_DAYS: i64 = 75;
/// Scenes older than this still belong to what the stations send: they were held up.
const HELD_UP_MS: i64 = 2 * DAY_MS;
/// Scenes of a station in an hour, on average.
pub const SCENES_AN_HOUR: f64 = 1.5;
/// The same where spools are to overflow.
pub const SCENES_AN_HOUR_TIGHT: f64 = 8.0;
/// Bytes of a simulated chip.
const CHIP_BYTES: [u32; 2] = [200, 1_500];
/// How far into the future a look may be dated.
pub const CLOCK_TOLERANCE_MS: i64 = 300_000;

/// A scene in a station's folder.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Name of its file.
    pub name: String,
    /// The looks that the agent makes of it.
    pub looks: Vec<Event>,
    /// Chips of the first look.
    pub chips: Vec<Vec<u8>>,
}

impl Scene {
    /// What the agent puts into its spool.
    #[must_use]
    pub fn batch(&self, now: UnixMs) -> Batch {
        Batch {
            scene: Some(SceneNote {
                name: self.name.clone(),
                bytes: 1,
                finished_at: now,
            }),
            events: self.looks.clone(),
            chips: (0_u8..)
                .zip(&self.chips)
                .map(|(vessel, jpeg)| BatchChip {
                    event_index: 0,
                    vessel,
                    jpeg: jpeg.clone(),
                })
                .collect(),
        }
    }

    /// Scene and site of each look: what tells them apart in the store.
    pub fn names(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.looks.iter().filter_map(name_of)
    }
}

/// Scene and site of a look.
#[must_use]
pub fn name_of(event: &Event) -> Option<(String, String)> {
    match event {
        Event::Look(look) => Some((look.scene.to_string(), look.site.to_string())),
        _ => None,
    }
}

/// Everything that all seeds share.
pub struct Feed {
    /// The watched sites.
    pub sites: Arc<Sites>,
    /// The same, as the correlator needs them.
    pub book: Arc<SiteBook>,
    /// Rules.
    pub rules: Rules,
    past: Vec<Look>,
    recent: Vec<Look>,
    store: (TempDir, PathBuf),
}

impl Feed {
    /// Reads case, sites and rules below `top`, and stores the past.
    ///
    /// # Errors
    /// In words.
    pub fn load(top: &Path) -> Result<Self, String> {
        let loaded = load(&top.join("tests/scripts/c6-vostochny-tankers.toml")).map_err(|errors| errors.to_string())?;
        let rules_file = top.join("deploy/rules/default.toml");
        let text =
            std::fs::read_to_string(&rules_file).map_err(|error| format!("{}: {error}", rules_file.display()))?;
        let rules = Rules::from_toml(&text).map_err(|faults| format!("{}: {}", rules_file.display(), faults.len()))?;
        let sites = Sites::read_folder(&top.join("deploy/sites")).map_err(|faults| format!("{faults:?}"))?;
        let book = Arc::new(SiteBook::new(sites.iter().map(|file| &file.site)));
        let world = World::new(loaded, 1).map_err(|error| error.to_string())?;
        let begin = START.plus_ms(-PAST_DAYS * DAY_MS);
        let (past, recent): (Vec<Look>, Vec<Look>) = looks(&world, Noise::Station)
            .into_iter()
            .filter(|look| look.acquired_at >= begin)
            .partition(|look| look.acquired_at < START.plus_ms(-HELD_UP_MS));
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("past.db");
        let mut feed = Self {
            sites: Arc::new(sites),
            book,
            rules,
            past,
            recent,
            store: (folder, file),
        };
        feed.store_past()?;
        Ok(feed)
    }

    /// The store that every seed begins with.
    #[must_use]
    pub fn store_file(&self) -> &Path {
        &self.store.1
    }

    /// A correlator that has seen nothing.
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::new(Arc::clone(&self.book), self.rules.clone())
    }

    /// What is watched, and by which rules.
    #[must_use]
    pub fn world(&self) -> Watched {
        Watched {
            sites: Arc::clone(&self.sites),
            rules: Arc::new(self.rules.clone()),
        }
    }

    fn store_past(&mut self) -> Result<(), String> {
        let clock = WallClock::default();
        let setup = Setup {
            world: self.world(),
            distrust: Arc::default(),
            routing: Arc::new(quaywatch_central::notify::route::Routing::all_to(vec![
                "log".to_owned(),
            ])),
            clock_tolerance_ms: CLOCK_TOLERANCE_MS,
            clock: Arc::new(clock.clone()),
            counters: Arc::new(Counters::default()),
        };
        let store = Store::open(&self.store.1).map_err(|error| error.to_string())?;
        let readers = Readers::new(&self.store.1);
        let (mut intake, _) =
            Intake::start(store, &readers, self.engine(), setup).map_err(|error| error.to_string())?;
        let station = StationId::new("gs-past").map_err(|error| error.to_string())?;
        let key = SigningKey::from_bytes(&[99; 32]);
        let mut chunk: Vec<Work<()>> = Vec::new();
        for (seq, look) in (1..).zip(&self.past) {
            let id = EventId {
                station: station.clone(),
                epoch: 1,
                seq,
            };
            let event = Event::Look(convert::to_wire(look).map_err(|error| error.to_string())?);
            let envelope = sign::seal_event(&id, &event, 1, &key).map_err(|error| error.to_string())?;
            clock.set(look.known_at());
            let admitted = Admitted {
                id,
                key_id: 1,
                content: Content::Event(Box::new(event)),
                envelope: envelope.to_vec(),
            };
            chunk.push(Work::Event(Box::new(admitted), ()));
            if chunk.len() >= BATCH_MAX.min(8) {
                intake
                    .take(std::mem::take(&mut chunk))
                    .map_err(|error| error.to_string())?;
            }
        }
        intake.take(chunk).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Scenes of a seed: when each appears (milliseconds from the start), at which of `stations`; so many an hour at each.
    #[must_use]
    pub fn scenes(&self, seed: u64, hours: u32, stations: usize, an_hour: f64) -> Vec<(u64, usize, Scene)> {
        let mut chance = Chance::new(seed, &["simulate", "scenes"]);
        let end = START.plus_ms(i64::from(hours) * HOUR_MS);
        let mut scenes = Vec::new();
        for (number, look) in self.recent.iter().enumerate() {
            let at = look.known_at().max(START.plus_ms((chance.unit() * 1_200_000.0) as i64));
            if at < end {
                let station = chance.whole([0, stations as u32 - 1]) as usize;
                scenes.extend(
                    self.scene(format!("case-{number}"), look, look.acquired_at, &mut chance)
                        .map(|scene| (u64::try_from(at.0 - START.0).unwrap_or(0), station, scene)),
                );
            }
        }
        // Between them, looks of the past dated to now: some fresh, some held up, a few too late to count.
        for station in 0..stations {
            let mut at_h = chance.exponential(1.0 / an_hour);
            while at_h < f64::from(hours) {
                let at = START.plus_ms((at_h * HOUR_MS as f64) as i64);
                let held_up_h = match chance.unit() {
                    share if share < 0.8 => chance.between([0.1, 3.0]),
                    share if share < 0.97 => chance.between([3.0, 70.0]),
                    _ => chance.between([70.0, 100.0]),
                };
                let acquired_at = at.plus_ms((-held_up_h * HOUR_MS as f64) as i64);
                let from = chance.whole([0, self.past.len().saturating_sub(1) as u32]) as usize;
                if let Some(look) = self.past.get(from) {
                    let name = format!("filler-{station}-{}", scenes.len());
                    let scene = self.scene(name, look, acquired_at, &mut chance);
                    scenes.extend(scene.map(|scene| (u64::try_from(at.0 - START.0).unwrap_or(0), station, scene)));
                }
                at_h += chance.exponential(1.0 / an_hour);
            }
        }
        scenes
    }

    fn scene(&self, name: String, look: &Look, acquired_at: UnixMs, chance: &mut Chance) -> Option<Scene> {
        let dated = Look {
            scene: SceneId::new(&name).ok()?.to_string(),
            acquired_at,
            ..look.clone()
        };
        let mut looks = vec![Event::Look(convert::to_wire(&dated).ok()?)];
        // Some scenes show two sites.
        let other = self.past.iter().find(|other| other.site != look.site);
        if let Some(other) = other.filter(|_| chance.yes(0.2)) {
            let other = Look {
                scene: dated.scene.clone(),
                acquired_at,
                ..other.clone()
            };
            looks.push(Event::Look(convert::to_wire(&other).ok()?));
        }
        let chips = (0..look.vessels.len().min(3))
            .filter(|_| chance.yes(0.5))
            .collect::<Vec<_>>();
        let chips = chips
            .into_iter()
            .map(|_| vec![0xd8; chance.whole(CHIP_BYTES) as usize])
            .collect();
        Some(Scene { name, looks, chips })
    }
}
