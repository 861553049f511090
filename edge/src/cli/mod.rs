//! The command line: one file a command.
//!
//! Exit codes: 0 done, 1 the job failed, 2 bad usage or configuration. Data go to standard output, diagnostics to standard error.

mod check_config;
mod detect;
mod evaluate;
mod geojson_out;
mod keygen;
mod labels;
mod look;
mod preview;
mod rates;
mod run;
mod score;
mod setup;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The agent at a ground station: finds vessels in satellite scenes and sends signed looks.
#[derive(Debug, Parser)]
#[command(name = "quaywatch-edge", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch the folder of scenes and send looks, until asked to stop (the agent)
    Run(run::Args),
    /// Read a configuration and everything it names, and list every fault
    CheckConfig(check_config::Args),
    /// Make a key pair: the private half into a file, the public half to standard output
    Keygen(keygen::Args),
    /// Find vessels in scenes; GeoJSON comes out
    Detect(detect::Args),
    /// Make one site's look from a scene: vessels at berths, rolling stock, stacks, visibility; JSON comes out
    Look(look::Args),
    /// Score the detector on labelled scenes
    Evaluate(evaluate::Args),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All of it was done.
    Done,
    /// Some or all of it failed; standard error says what.
    Failed,
    /// The command line or a configuration is wrong.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
        })
    }
}

/// Reads the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    // clap itself ends with 0 for --help and 2 for a wrong command line.
    match Cli::parse().command {
        Command::Run(args) => run::run(&args).into(),
        Command::CheckConfig(args) => check_config::run(&args).into(),
        Command::Keygen(args) => keygen::run(&args).into(),
        Command::Detect(args) => detect::run(&args).into(),
        Command::Look(args) => look::run(&args).into(),
        Command::Evaluate(args) => evaluate::run(&args).into(),
    }
}

/// Prints one diagnostic line.
fn complain(message: impl std::fmt::Display) {
    eprintln!("quaywatch-edge: {message}");
}
