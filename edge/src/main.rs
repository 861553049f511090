//! The command line of the agent.

use std::process::ExitCode;

fn main() -> ExitCode {
    quaywatch_edge::cli::main()
}
