//! Documented cases against the real correlator: a script, a seed, the looks of a noisy station, the alerts, the judgement.

pub mod judge;
pub mod oracle;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use quaywatch_central::{correlate::SiteBook, replay, rules::Rules};
use quaywatch_protocol::contract::{look::Look, site::Site, time::UnixMs};
use serde_json::Value;

use self::judge::{Verdict, judge};
use super::{
    script::read::{Loaded, load},
    station::{Noise, looks},
    world::World,
};

/// One case, read once and run with many seeds.
#[derive(Clone, Debug)]
pub struct Case {
    loaded: Loaded,
    rules: Rules,
    book: Arc<SiteBook>,
}

/// What one seed of a case gave.
#[derive(Clone, Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// Looks sent.
    pub looks: usize,
    /// The alerts, as JSON.
    pub alerts: Vec<Value>,
    /// What became of each expectation, then of each prohibition.
    pub verdicts: Vec<Verdict>,
    /// Whether the looks show enough for each of them at all, where the script says what that takes.
    pub possible: Vec<Option<bool>>,
}

impl Case {
    /// Reads a script and the rules.
    ///
    /// # Errors
    /// What is wrong with either, in words.
    pub fn read(script: &Path, rules: &Path) -> Result<Self, String> {
        let loaded = load(script).map_err(|errors| errors.to_string())?;
        let installed = std::fs::read_to_string(rules).map_err(|error| format!("{}: {error}", rules.display()))?;
        let text = format!("{installed}\n{}", loaded.script.rules_extra);
        let rules = Rules::from_toml(&text).map_err(|faults| {
            let lines: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {fault}", rules.display()))
                .collect();
            lines.join("\n")
        })?;
        let book = Arc::new(SiteBook::new(loaded.places.values().map(|place| &place.site)));
        Ok(Self { loaded, rules, book })
    }

    /// The sites of the script.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.loaded.places.values().map(|place| &place.site)
    }

    /// The rules, with those that the script adds.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Name of the script.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.loaded.script.name
    }

    /// When the finding was published.
    #[must_use]
    pub fn published(&self) -> Option<UnixMs> {
        self.loaded.script.published.map(|when| when.0)
    }

    /// What is expected or forbidden, in the order of a run's verdicts.
    #[must_use]
    pub fn demands(&self) -> Vec<Demand> {
        let script = &self.loaded.script;
        let wanted = script.expect.iter().map(|each| ("expect", each));
        wanted
            .chain(script.forbid.iter().map(|each| ("forbid", each)))
            .map(|(word, each)| Demand {
                text: format!("{word} {}: {}", each.kind, each.why),
                share_min: each.share_min.unwrap_or(SHARE_MIN),
                shortfall: each.shortfall.clone(),
            })
            .collect()
    }

    /// The looks of one seed.
    ///
    /// # Errors
    /// Scripted things without room.
    pub fn looks(&self, seed: u64, noise: Noise) -> Result<Vec<Look>, String> {
        let world = World::new(self.loaded.clone(), seed).map_err(|error| error.to_string())?;
        Ok(looks(&world, noise))
    }

    /// For each demand: whether the looks of a seed show enough for it at all; nothing where the script names no bound.
    ///
    /// # Errors
    /// Scripted things without room.
    pub fn possible(&self, seed: u64, looks: &[Look]) -> Result<Vec<Option<bool>>, String> {
        let script = &self.loaded.script;
        let mut demands = script.expect.iter().chain(&script.forbid);
        if demands.all(|each| each.bound.is_none()) {
            return Ok(Vec::new());
        }
        let world = World::new(self.loaded.clone(), seed).map_err(|error| error.to_string())?;
        let stays = oracle::stays(&world, looks);
        let demands = script.expect.iter().chain(&script.forbid);
        let judged = demands.map(|each| {
            let bound = each.bound.as_ref()?;
            Some(oracle::is_possible(each, bound, &world, &stays))
        });
        Ok(judged.collect())
    }

    /// Runs looks through the correlator and judges its alerts.
    ///
    /// # Errors
    /// An alert that is no JSON.
    pub fn run(&self, seed: u64, looks: Vec<Look>) -> Result<Run, String> {
        let count = looks.len();
        let possible = self.possible(seed, &looks)?;
        let outcome = replay::run(Arc::clone(&self.book), self.rules.clone(), looks, None);
        let alerts: Vec<Value> = outcome
            .alerts
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())?;
        let script = &self.loaded.script;
        let wanted = script.expect.iter().map(|each| judge(each, &alerts, false));
        let verdicts = wanted
            .chain(script.forbid.iter().map(|each| judge(each, &alerts, true)))
            .collect();
        Ok(Run {
            seed,
            looks: count,
            alerts,
            verdicts,
            possible,
        })
    }
}

/// Share of seeds in which a demand must hold where the script names none.
const SHARE_MIN: f64 = 0.95;

/// One thing that a case demands of the engine.
#[derive(Clone, Debug)]
pub struct Demand {
    /// In words.
    pub text: String,
    /// Share of seeds in which it must hold.
    pub share_min: f64,
    /// What the engine does not reach yet.
    pub shortfall: Option<String>,
}

/// Rates over the runs of one case.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was demanded.
    pub demand: Demand,
    /// Runs in which it held.
    pub held: usize,
    /// Runs.
    pub runs: usize,
    /// Runs whose looks show enough for it at all; `None` where the script does not say what that takes.
    pub possible: Option<usize>,
    /// First opening in the median run in which it opened.
    pub opened_median: Option<UnixMs>,
    /// Days from that opening to publication.
    pub lead_days: Option<f64>,
}

/// Summarises the runs of a case, one line a demand.
#[must_use]
pub fn summarise(case: &Case, runs: &[Run]) -> Vec<Summary> {
    let demands = case.demands().into_iter().enumerate();
    demands
        .map(|(index, demand)| {
            let verdicts: Vec<&Verdict> = runs.iter().filter_map(|run| run.verdicts.get(index)).collect();
            let mut opened: Vec<UnixMs> = verdicts.iter().filter_map(|verdict| verdict.opened).collect();
            opened.sort_unstable();
            let opened_median = opened.get(opened.len() / 2).copied();
            Summary {
                demand,
                held: verdicts.iter().filter(|verdict| verdict.held).count(),
                runs: runs.len(),
                possible: {
                    let judged = runs.iter().filter_map(|run| run.possible.get(index).copied().flatten());
                    let judged: Vec<bool> = judged.collect();
                    (!judged.is_empty()).then(|| judged.iter().filter(|possible| **possible).count())
                },
                opened_median,
                lead_days: case
                    .published()
                    .zip(opened_median)
                    .map(|(published, at)| published.days_since(at)),
            }
        })
        .collect()
}

/// All case scripts of a folder (`c*.toml`), by name.
///
/// # Errors
/// The folder cannot be read.
pub fn scripts(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('c') && name.ends_with(".toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
