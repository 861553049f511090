//! Does chance do what the correlator says it does? Simulates years of ports where nothing is wrong, and compares the coincidences that came with
//! the number that was stated, in bands of the stated rate.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;
use quaywatch_central::{
    backtest::{
        calibration::{Calibration, Table},
        calibration_page,
    },
    correlate::SiteBook,
    replay,
    rules::{Coincidence, Rule, RuleKind, Rules, SignalKind},
};
use quaywatch_tests::feed::{
    chance::Chance,
    script::{
        AisBehaviour,
        read::{Loaded, load},
    },
    station::{Noise, looks},
    world::World,
};

/// Rates of what chance adds are scaled by up to this factor either way, anew for each world.
const SCALE_MAX: f64 = 3.0;
/// A train as rare as this, a day, is one of those that chance adds.
const RARE_PER_DAY: f64 = 0.05;
/// Stated and measured rates agree within this factor.
const FACTOR_MAX: f64 = 1.5;

/// Compare stated with measured rates of chance coincidences.
#[derive(Debug, Parser)]
struct Args {
    /// The script of the quiet port.
    #[arg(long, default_value = "tests/scripts/quiet-rates.toml")]
    script: PathBuf,
    /// Rules file.
    #[arg(long, default_value = "deploy/rules/default.toml")]
    rules: PathBuf,
    /// Worlds, each as long as the script.
    #[arg(long, default_value_t = 220)]
    worlds: u64,
    /// Seed of the first.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Write a page with the plot here.
    #[arg(long)]
    html: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("quaywatch-feed-rates: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    let text = std::fs::read_to_string(&args.rules).map_err(|error| format!("{}: {error}", args.rules.display()))?;
    let mut rules = Rules::from_toml(&text).map_err(|faults| format!("{}: {faults:?}", args.rules.display()))?;
    rules.rules = tried(&rules)?;
    let base = load(&args.script).map_err(|errors| errors.to_string())?;
    let mut calibration = Calibration::default();
    for seed in args.first_seed..args.first_seed.saturating_add(args.worlds) {
        let world = World::new(scaled(base.clone(), seed), seed).map_err(|error| error.to_string())?;
        let book = Arc::new(SiteBook::new(world.places.values().map(|place| &place.site)));
        let seen = looks(&world, Noise::Station);
        let _ = replay::watched(book, rules.clone(), seen, None, &mut |engine, look, changes| {
            calibration.look(engine, look, changes);
        });
        calibration.end_run();
        if seed % 20 == 0 {
            eprintln!("world {seed}: {:.0} site-years so far", calibration.all().years());
        }
    }
    if let Some(html) = &args.html {
        std::fs::write(html, calibration_page(&calibration)).map_err(|error| format!("{}: {error}", html.display()))?;
    }
    for (at, rule) in rules.rules.iter().enumerate() {
        println!("{}:", rule.id);
        print(&calibration.of_rule(at));
    }
    println!("all of them:");
    Ok(print(calibration.all()))
}

/// The coincidence rule of the file, and variants of it that chance meets more often: longer windows, and two signals of the three, also with twice the chance allowed to
/// dark calls. What is too common to be raised is measured all the same.
fn tried(rules: &Rules) -> Result<Vec<Rule>, String> {
    let found = rules.rules.iter().find_map(|rule| match &rule.kind {
        RuleKind::Coincidence(keys, kinds) => Some((rule, *keys, kinds.clone())),
        _ => None,
    });
    let (rule, keys, kinds) = found.ok_or("the rules hold no coincidence: there is nothing to measure")?;
    let keys = Coincidence {
        false_per_year_max: 100.0,
        ..keys
    };
    let variant = |name: &str, window_days: f64, kinds: Vec<SignalKind>| Rule {
        id: format!("{}{name}", rule.id),
        kind: RuleKind::Coincidence(Coincidence { window_days, ..keys }, kinds),
        ..rule.clone()
    };
    let mut variants = vec![variant("", keys.window_days, kinds.clone())];
    for times in [2.0, 3.0] {
        let days = times * keys.window_days;
        variants.push(variant(&format!("-{days}d"), days, kinds.clone()));
    }
    for left_out in &kinds {
        let pair: Vec<SignalKind> = kinds.iter().copied().filter(|kind| kind != left_out).collect();
        let name = format!("-without-{}", left_out.name());
        let mut lower = variant(&format!("{name}-low-bar"), keys.window_days, pair.clone());
        lower.kind = RuleKind::Coincidence(
            Coincidence {
                dark_p_max: 2.0 * keys.dark_p_max,
                ..keys
            },
            pair.clone(),
        );
        variants.push(variant(&name, keys.window_days, pair));
        variants.push(lower);
    }
    Ok(variants)
}

/// The script with the rates of dark calls and rare trains scaled, each by a factor of its own.
fn scaled(mut loaded: Loaded, seed: u64) -> Loaded {
    let mut chance = Chance::new(seed, &["scaled rates"]);
    let mut factor = || SCALE_MAX.powf(2.0 * chance.unit() - 1.0);
    for traffic in loaded
        .script
        .traffic
        .iter_mut()
        .filter(|traffic| traffic.ais == AisBehaviour::Off)
    {
        traffic.per_week *= factor();
    }
    for trains in loaded
        .script
        .rail_traffic
        .iter_mut()
        .filter(|trains| trains.per_day <= RARE_PER_DAY)
    {
        trains.per_day *= factor();
    }
    loaded
}

fn print(calibration: &Table) -> bool {
    println!(
        "{:>14} {:>11} {:>9} {:>6} {:>15} {:>14}",
        "stated a year", "site-years", "expected", "came", "95 %", "came/expected"
    );
    let mut good = true;
    for ((from, to), band) in calibration.bands() {
        let (low, high) = band.interval();
        let ratio = band.ratio().unwrap_or(0.0);
        good &= (1.0 / FACTOR_MAX..=FACTOR_MAX).contains(&ratio);
        println!(
            "{:>14} {:>11.0} {:>9.1} {:>6} {:>15} {ratio:>14.2}",
            format!("{from} to {to}"),
            band.years,
            band.stated,
            band.came,
            format!("{low:.1} to {high:.1}")
        );
    }
    let outside = calibration.outside();
    println!(
        "{:>14} {:>11.0} {:>9.1} {:>6}",
        "outside", outside.years, outside.stated, outside.came
    );
    println!(
        "{:.0} site-years in all, those of each rule counted",
        calibration.years()
    );
    good
}
