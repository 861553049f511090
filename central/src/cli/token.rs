//! `token`: tokens of programs, by who has the machine itself. Works beside a running central: both hold the store for moments only.

use std::path::PathBuf;

use quaywatch_protocol::contract::time::DAY_MS;

use super::{CliError, check_config};
use crate::{
    account::{self, Role, Secret, TOKEN_PREFIX},
    clock::{Clock, SystemClock},
    config::Config,
    store::{Store, read::Readers},
};

/// Whom the audit trail names for what is done here.
const MACHINE: &str = "machine";

/// Arguments of `token`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a token and print it: it is shown this once
    Add {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// What the token may do: viewer, analyst, admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// What it is for
        #[arg(long)]
        name: String,
        /// Days until it ends; without: never
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
        expires_days: Option<i64>,
    },
    /// List the tokens that hold
    List {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Take a token back
    Revoke {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Id, as `token list` shows it
        id: i64,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::of(text).ok_or_else(|| "expected viewer, analyst or admin".to_owned())
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn main(args: &Args) -> Result<(), CliError> {
    let (Verb::Add { config, .. } | Verb::List { config } | Verb::Revoke { config, .. }) = &args.verb;
    let config = Config::read(config).map_err(|faults| check_config::listed(config, &faults))?;
    let file = &config.store_file;
    let failed = |problem: String| CliError::Failed(format!("{}: {problem}", file.display()));
    let mut store = Store::open(file).map_err(|error| failed(error.to_string()))?;
    let now = SystemClock.now();
    match &args.verb {
        Verb::Add {
            role,
            name,
            expires_days,
            ..
        } => {
            account::check_name(name).map_err(CliError::Usage)?;
            let secret = Secret::new(TOKEN_PREFIX).map_err(failed)?;
            let expires_at = expires_days.map(|days| now.plus_ms(days * DAY_MS));
            let mut batch = store.begin().map_err(|error| failed(error.to_string()))?;
            let made = batch
                .add_token(MACHINE, (name, *role), &secret.hash(), expires_at, now)
                .map_err(|error| failed(error.to_string()))?;
            made.map_err(|_| {
                CliError::Failed("there are as many tokens as there may be: take one back first".to_owned())
            })?;
            batch.commit().map_err(|error| failed(error.to_string()))?;
            println!("{}", secret.reveal());
        }
        Verb::List { .. } => {
            let tokens = Readers::new(file).tokens().map_err(|error| failed(error.to_string()))?;
            for token in tokens {
                let ends = token
                    .expires_at
                    .map_or_else(|| "never ends".to_owned(), |at| format!("ends {at}"));
                println!(
                    "{}\t{}\t{}\t{ends}\tmade {} by {}",
                    token.id, token.role, token.name, token.created_at, token.created_by
                );
            }
        }
        Verb::Revoke { id, .. } => {
            let mut batch = store.begin().map_err(|error| failed(error.to_string()))?;
            let done = batch
                .revoke_token(MACHINE, *id, now)
                .map_err(|error| failed(error.to_string()))?;
            batch.commit().map_err(|error| failed(error.to_string()))?;
            if !done {
                return Err(CliError::Failed(format!("no token {id} holds")));
            }
        }
    }
    Ok(())
}
