//! `keygen`: a new Ed25519 key pair for a station.

use std::path::PathBuf;

use quaywatch_protocol::keyfile;

use super::{Exit, complain};

/// Command line of `keygen`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File for the private key; must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes a key, writes the private half readable by its owner only, prints the public half.
pub(super) fn run(args: &Args) -> Exit {
    match keyfile::create(&args.file) {
        Ok(public) => {
            println!("{public}");
            Exit::Done
        }
        Err(error) => {
            complain(format!("{} {error}", args.file.display()));
            Exit::Failed
        }
    }
}
