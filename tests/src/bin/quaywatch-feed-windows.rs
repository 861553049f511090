//! The correlator's benchmark: makes the event file that all engines read, and runs this project's engines on it.
//!
//! Called by `deploy/benches/correlator`; prints one JSON object a line, as `deploy/bench` promises.

use std::{
    collections::HashMap,
    fs::File,
    hint::black_box,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use cpu_time::ThreadTime;
use geo::Translate;
use quaywatch_central::{
    correlate::{
        Engine, SiteBook,
        window::{Event, Outcome, Reading, WindowAlert, WindowEngine, WindowRule},
    },
    replay,
};
use quaywatch_protocol::contract::{Look, Site, site::ZoneShape, time::DAY_MS};
use quaywatch_tests::feed::{cases::Case, chance::Chance, station::Noise};

/// The rule of the benchmark: what the peers run too.
const RULE: WindowRule = WindowRule {
    window_ms: 300_000,
    lateness_ms: 10_000,
    dock_above: 30,
    rail_above: 20,
};
/// First event time of a generated file: 2023-11-14T22:15:00Z, the start of a window.
const FIRST_MS: i64 = 1_700_000_100_000;

/// The correlator's benchmark.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write events as CSV rows: id, site, kind, level, Unix ms. Near event order: one in twenty is up to 8 s late.
    Generate {
        /// File to write.
        out: PathBuf,
        /// Events.
        #[arg(long, default_value_t = 200_000)]
        events: u64,
        /// Sites.
        #[arg(long, default_value_t = 50)]
        sites: u32,
    },
    /// Run the window engine over a generated file and print its figures.
    Run {
        /// The file.
        file: PathBuf,
        /// Runs; the figures are medians.
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Write the alerts (site, window start) here, sorted, one a line.
        #[arg(long)]
        alerts: Option<PathBuf>,
    },
    /// Run the whole correlator over a case's looks, and print looks a second: of all, and of the first and the last quarter of the history.
    Looks {
        /// The script.
        #[arg(long)]
        script: PathBuf,
        /// The rules.
        #[arg(long)]
        rules: PathBuf,
        /// Runs.
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Copies of the case's sites, spread over the map, each with the same looks.
        #[arg(long, default_value_t = 1)]
        copies: u32,
        /// Times that the history is gone through, each time as much later as it is long.
        #[arg(long, default_value_t = 1)]
        laps: u32,
        /// Looks at most, over all sites; the history is cut short.
        #[arg(long, default_value_t = u64::MAX)]
        looks_max: u64,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Generate { out, events, sites } => generate(&out, events, sites),
        Command::Run { file, runs, alerts } => run(&file, runs, alerts.as_deref()),
        Command::Looks {
            script,
            rules,
            runs,
            copies,
            laps,
            looks_max,
        } => looks(&script, &rules, runs, (copies.max(1), laps.max(1)), looks_max),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("quaywatch-feed-windows: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn generate(out: &Path, events: u64, sites: u32) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", out.display());
    let mut sink = BufWriter::new(File::create(out).map_err(named)?);
    let mut chance = Chance::new(20_240_313, &["benchmark"]);
    let mut at_ms = FIRST_MS;
    for id in 0..events {
        at_ms += i64::from(chance.whole([0, 119]));
        let (kind, level) = match chance.whole([1, 100]) {
            1..=60 => ("dock", chance.whole([0, 32])),
            61..=98 => ("rail", chance.whole([0, 22])),
            _ => ("tanker", 1),
        };
        let late_ms = if chance.yes(0.05) {
            i64::from(chance.whole([0, 7_999]))
        } else {
            0
        };
        let site = chance.whole([0, sites.max(1) - 1]);
        writeln!(sink, "{id},s{site:05},{kind},{level},{}", at_ms - late_ms).map_err(named)?;
    }
    sink.flush().map_err(named)
}

/// Rows as an engine gets them, and the names of the sites.
fn read(file: &Path) -> Result<(Vec<Event>, Vec<String>), String> {
    let source = BufReader::new(File::open(file).map_err(|error| format!("{}: {error}", file.display()))?);
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut names = Vec::new();
    let mut events = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let line = line.map_err(|error| format!("{}: {error}", file.display()))?;
        let bad = || format!("{}:{}: expected id,site,kind,level,ms", file.display(), index + 1);
        let mut fields = line.split(',').skip(1);
        let site = fields.next().ok_or_else(bad)?;
        let reading = match fields.next() {
            Some("dock") => Reading::Dock,
            Some("rail") => Reading::Rail,
            Some("tanker") => Reading::Tanker,
            _ => return Err(bad()),
        };
        let level = fields.next().and_then(|field| field.parse().ok()).ok_or_else(bad)?;
        let at_ms = fields.next().and_then(|field| field.parse().ok()).ok_or_else(bad)?;
        let site = match numbers.get(site) {
            Some(number) => *number,
            None => {
                let number = names.len() as u32;
                names.push(site.to_owned());
                numbers.insert(site.to_owned(), number);
                number
            }
        };
        events.push(Event {
            at_ms,
            site,
            level,
            reading,
        });
    }
    Ok((events, names))
}

fn apply_all(events: &[Event]) -> Result<Vec<WindowAlert>, String> {
    let mut engine = WindowEngine::new(RULE).map_err(|error| error.to_string())?;
    let mut alerts = Vec::new();
    for event in black_box(events) {
        if let Outcome::Alert(alert) = engine.apply(event) {
            alerts.push(alert);
        }
    }
    if engine.late() > 0 {
        return Err(format!("{} events were late: the generator makes none", engine.late()));
    }
    Ok(alerts)
}

fn run(file: &Path, runs: usize, out: Option<&Path>) -> Result<(), String> {
    let (mut engine_rates, mut file_rates, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 0;
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        let (events, names) = read(file)?;
        let parsed = start.elapsed();
        let start = Instant::now();
        let alerts = apply_all(&events)?;
        let took = start.elapsed();
        engine_rates.push(events.len() as f64 / took.as_secs_f64());
        file_rates.push(events.len() as f64 / (parsed + took).as_secs_f64());
        found = alerts
            .iter()
            .map(|alert| {
                (
                    names.get(alert.site as usize).cloned().unwrap_or_default(),
                    alert.start_ms,
                )
            })
            .collect();
        count = events.len();
    }
    found.sort();
    told("events_per_s", &engine_rates, count);
    told("events_per_s_from_file", &file_rates, count);
    told("alerts", &[found.len() as f64], count);
    told("peak_mb", &[peak_mb()], count);
    if let Some(out) = out {
        let lines: String = found
            .iter()
            .map(|(site, start_ms)| format!("{site},{start_ms}\n"))
            .collect();
        std::fs::write(out, lines).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    Ok(())
}

/// Parts of a history that are timed each by itself.
const PARTS: usize = 4;
/// Looks that are timed together: copying them is no part of it.
const BATCH: usize = 200;

/// Which copy of a case's history: at which copy of its sites, and how many times the history's length later.
#[derive(Clone, Copy)]
struct Copy {
    site: u32,
    lap: u32,
    later_ms: i64,
}

/// The look of a copy: another site, and hulls of other sizes, so that no fleet is the same as another.
fn copied_look(look: &Look, copy: Copy) -> Look {
    let size = 0.75 + 0.5 * (f64::from(copy.site) * 0.618_034).fract();
    let mut look = look.clone();
    look.site = copy_id(&look.site, copy.site);
    look.epoch = Some(copy.site + 1 + copy.lap * 100_000);
    look.acquired_at = look.acquired_at.plus_ms(copy.later_ms);
    look.received_at = look.received_at.map(|at| at.plus_ms(copy.later_ms));
    for vessel in &mut look.vessels {
        vessel.length_m *= size;
        vessel.beam_m = vessel.beam_m.map(|beam| beam * size);
    }
    look
}

fn looks(script: &Path, rules: &Path, runs: usize, (copies, laps): (u32, u32), looks_max: u64) -> Result<(), String> {
    let case = Case::read(script, rules)?;
    let ordered = replay::ordered(case.looks(1, Noise::Station)?);
    let sites: Vec<Site> = (0..copies)
        .flat_map(|copy| case.sites().map(move |site| copied(site, copy)))
        .collect();
    let book = Arc::new(SiteBook::new(&sites));
    let wanted = (ordered.len() as u64 * u64::from(copies) * u64::from(laps)).min(looks_max);
    let known_ms = |look: Option<&Look>| look.map_or(0, |look| look.known_at().0);
    let lap_ms = known_ms(ordered.last()) - known_ms(ordered.first()) + DAY_MS;
    let part = (wanted as usize).div_ceil(PARTS).max(1);
    let (mut rates, mut walls, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        let mut engine = Engine::new(Arc::clone(&book), case.rules().clone());
        let (mut took, mut wall) = ([Duration::ZERO; PARTS], Duration::ZERO);
        let mut batch: Vec<Look> = Vec::with_capacity(BATCH);
        let ordered = &ordered;
        let all = (0..laps).flat_map(|lap| {
            ordered.iter().flat_map(move |look| {
                (0..copies).map(move |site| {
                    let later_ms = i64::from(lap) * lap_ms;
                    (look, Copy { site, lap, later_ms })
                })
            })
        });
        for (index, (look, copy)) in all.take(wanted as usize).enumerate() {
            batch.push(copied_look(look, copy));
            if batch.len() == BATCH || index + 1 == wanted as usize {
                // Processor time too: what others on the machine do is no part of it.
                let (start, busy) = (Instant::now(), ThreadTime::now());
                for look in &batch {
                    black_box(engine.apply(look));
                }
                wall += start.elapsed();
                if let Some(sum) = took.get_mut(index / part) {
                    *sum += busy.elapsed();
                }
                batch.clear();
            }
        }
        let rate = |looks: usize, took: Duration| looks as f64 / took.as_secs_f64().max(1e-9);
        walls.push(rate(wanted as usize, wall));
        rates.push(rate(wanted as usize, took.iter().sum()));
        firsts.push(rate(part, took[0]));
        lasts.push(rate(wanted as usize - part * (PARTS - 1), took[PARTS - 1]));
    }
    told("looks_per_s", &rates, wanted as usize);
    told("looks_per_s_by_the_clock", &walls, wanted as usize);
    told("looks_per_s_first_quarter", &firsts, wanted as usize);
    told("looks_per_s_last_quarter", &lasts, wanted as usize);
    told("looks_peak_mb", &[peak_mb()], wanted as usize);
    Ok(())
}

fn copy_id(id: &str, copy: u32) -> String {
    format!("{id}-{copy:05}")
}

/// A copy of a site elsewhere: rows of a hundred, half a degree by a degree and a half apart.
fn copied(site: &Site, copy: u32) -> Site {
    let (north, east) = (f64::from(copy % 100) * 0.5 - 25.0, f64::from(copy / 100) * 1.5);
    let mut site = site.clone();
    site.id = copy_id(&site.id, copy);
    for zone in &mut site.zones {
        match &mut zone.shape {
            ZoneShape::Track(line) => line.translate_mut(east, north),
            ZoneShape::Area(area) => area.translate_mut(east, north),
        }
    }
    site
}

fn told(metric: &str, values: &[f64], events: usize) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let line = serde_json::json!({
        "bench": "correlator", "who": "quaywatch", "metric": metric, "value": at(sorted.len() / 2).round(), "runs": sorted.len(),
        "min": at(0).round(), "max": at(sorted.len().saturating_sub(1)).round(), "events": events,
    });
    println!("{line}");
}

/// Peak resident memory of this process, MB; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|kb| kb.parse::<f64>().ok())
        .map_or(0.0, |kb| kb / 1024.0)
}
