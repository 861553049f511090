//! `keygen`: a new Ed25519 key pair.

use std::path::PathBuf;

use quaywatch_protocol::keyfile;

use super::CliError;

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File for the private key; must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes a key, writes the private half readable by its owner only, prints the public half.
///
/// # Errors
/// [`CliError::Failed`] when the file exists or cannot be written.
pub fn main(args: &Args) -> Result<(), CliError> {
    let public =
        keyfile::create(&args.file).map_err(|error| CliError::Failed(format!("{}: {error}", args.file.display())))?;
    println!("{public}");
    Ok(())
}
