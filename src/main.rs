//! The `rounds` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    rounds::panics::install();
    let code = rounds::cli::run();
    rounds::panics::told();
    code
}
