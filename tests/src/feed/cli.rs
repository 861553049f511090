//! The command `quaywatch-feed`.
//!
//! Data goes to standard output or `--out`, diagnostics to standard error. Exit codes: 0 done, 1 failed, 2 bad usage or script.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use quaywatch_protocol::contract::time::UnixMs;

use super::{
    ais,
    scenes::{self, SceneFailure},
    schedule::Pass,
    station::{Noise, looks},
    world::{World, WorldError},
};

/// What a scripted world would have given a station.
#[derive(Debug, Parser)]
#[command(name = "quaywatch-feed", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The looks of a station, one JSON object a line, in the order central received them.
    Looks {
        #[command(flatten)]
        world: WorldArgs,
        /// How well the station sees.
        #[arg(long, value_enum, default_value = "station")]
        noise: Noise,
        #[command(flatten)]
        span: Span,
        /// File to write; standard output when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// The passes of sensors over sites, one JSON object a line.
    Passes {
        #[command(flatten)]
        world: WorldArgs,
        #[command(flatten)]
        span: Span,
    },
    /// Renders the optical scenes of the passes: `SCENE.tif` with a sidecar `SCENE.json`, each complete when it has its name.
    Render {
        #[command(flatten)]
        world: WorldArgs,
        #[command(flatten)]
        span: Span,
        /// Folder to write into; made when absent.
        #[arg(long)]
        out: PathBuf,
        /// Also write a picture to look at, `SCENE.png`.
        #[arg(long)]
        quicklook: bool,
    },
    /// The AIVDM sentences that the script's vessels transmitted and a station heard, with receive times in tag blocks.
    Ais {
        #[command(flatten)]
        world: WorldArgs,
        #[command(flatten)]
        span: Span,
        /// Seconds between position reports of one vessel (ships at berth send every 180).
        #[arg(long, default_value_t = 180)]
        every_s: u32,
        /// File to write; standard output when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct WorldArgs {
    /// The script.
    #[arg(long)]
    script: PathBuf,
    /// Seed of everything that the script leaves to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
struct Span {
    /// Only from this time (RFC 3339).
    #[arg(long, value_parser = UnixMs::parse)]
    from: Option<UnixMs>,
    /// Only before this time (RFC 3339).
    #[arg(long, visible_alias = "until", value_parser = UnixMs::parse)]
    to: Option<UnixMs>,
    /// Only this site.
    #[arg(long)]
    site: Option<String>,
}

impl Span {
    fn holds(&self, at: UnixMs, site: &str) -> bool {
        self.from.is_none_or(|from| from <= at)
            && self.to.is_none_or(|to| at < to)
            && self.site.as_deref().is_none_or(|only| only == site)
    }
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    World(#[from] WorldError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Scene(#[from] SceneFailure),
}

/// Runs the command with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader went away: that is its right.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("quaywatch-feed: {failure}");
            ExitCode::from(if matches!(failure, Failure::World(_)) { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Looks {
            world,
            noise,
            span,
            out,
        } => {
            let world = World::load(&world.script, world.seed)?;
            let looks = looks(&world, noise);
            let mut sink = sink(out.as_deref())?;
            for look in looks.iter().filter(|look| span.holds(look.acquired_at, &look.site)) {
                line(&mut sink, look)?;
            }
            Ok(sink.flush()?)
        }
        Command::Passes { world, span } => {
            let world = World::load(&world.script, world.seed)?;
            let mut sink = sink(None)?;
            for pass in world.passes().iter().filter(|pass| span.holds(pass.at, &pass.site)) {
                line(&mut sink, &told(pass))?;
            }
            Ok(sink.flush()?)
        }
        Command::Render {
            world,
            span,
            out,
            quicklook,
        } => {
            let world = World::load(&world.script, world.seed)?;
            let passes: Vec<Pass> = world
                .passes()
                .into_iter()
                .filter(|pass| span.holds(pass.at, &pass.site))
                .collect();
            for (index, pass) in passes.iter().enumerate() {
                let done = scenes::write(&world, pass, &out, quicklook)?;
                let said = if done { "written" } else { "radar: not rendered" };
                eprintln!("[{}/{}] {} {}: {said}", index + 1, passes.len(), pass.site, pass.scene);
            }
            Ok(())
        }
        Command::Ais {
            world,
            span,
            every_s,
            out,
        } => {
            let world = World::load(&world.script, world.seed)?;
            let from = span.from.unwrap_or(world.script.from.0);
            let to = span.to.unwrap_or(world.script.to.0);
            let mut sink = sink(out.as_deref())?;
            let sites: Vec<String> = world
                .places
                .keys()
                .filter(|site| span.holds(from, site))
                .cloned()
                .collect();
            for sentence in ais::transmitted(&world, &sites, from, to, every_s) {
                sink.write_all(sentence.as_bytes())?;
                sink.write_all(b"\r\n")?;
            }
            Ok(sink.flush()?)
        }
    }
}

fn told(pass: &Pass) -> serde_json::Value {
    serde_json::json!({
        "acquired_at": pass.at, "site": pass.site, "station": pass.station, "scene": pass.scene, "sensor": pass.sensor,
    })
}

fn line(sink: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *sink, value)?;
    sink.write_all(b"\n")
}

fn sink(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    let file = File::create(path).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Box::new(BufWriter::new(file)))
}
