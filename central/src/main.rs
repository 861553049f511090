//! `quaywatch-central`: see `quaywatch-central --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    quaywatch_central::cli::main()
}
