//! The command line: one file a subcommand.
//!
//! Exit codes: 0 done, 1 the job failed, 2 bad usage or configuration. Diagnostics go to standard error, data to standard
//! output.

pub mod backtest;
pub mod check_config;
pub mod import;
pub mod keygen;
pub mod replay;
pub mod run;
pub mod station;
pub mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use thiserror::Error;

/// Joins what all stations saw into explainable alerts.
#[derive(Debug, Parser)]
#[command(name = "quaywatch-central", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the correlator, its broker, the HTTP API and the console
    Run(run::Args),
    /// Read a configuration and everything it names, and list every fault
    CheckConfig(check_config::Args),
    /// Make a key pair: the private half into a file, the public half to standard output
    Keygen(keygen::Args),
    /// Bring looks of the past into an empty store
    Import(import::Args),
    /// Run years of looks through the correlator and write a report
    Backtest(backtest::Args),
    /// Make, list or take back tokens for programs that read or command the API
    Token(token::Args),
    /// Take stations on, give them other keys, shut them out
    Station(station::Args),
    /// Run stored looks through the correlator and print the alerts
    Replay(replay::Args),
}

/// Why a command did not do its job.
#[derive(Debug, Error)]
pub enum CliError {
    /// Bad usage, or a configuration or input file that cannot be used: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The job was understood and failed: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        }
    }
}

/// Parses the arguments, runs the command, reports its error on standard error.
#[must_use]
pub fn main() -> ExitCode {
    // clap ends the process itself for --help, --version (0) and bad usage (2).
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::main(&args),
        Command::CheckConfig(args) => check_config::main(&args),
        Command::Keygen(args) => keygen::main(&args),
        Command::Import(args) => import::main(&args),
        Command::Backtest(args) => backtest::main(&args),
        Command::Token(args) => token::main(&args),
        Command::Station(args) => station::main(&args),
        Command::Replay(args) => replay::main(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quaywatch-central: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
