//! The `rounds` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    rounds::panics::install();
    rounds::cli::run()
}
