//! `quaywatch-feed`: what a scripted world would have given a station: passes, looks, AIS sentences, rendered scenes.

use std::process::ExitCode;

fn main() -> ExitCode {
    quaywatch_tests::feed::cli::main()
}
