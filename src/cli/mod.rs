//! From what was typed to what is done.

mod act;
mod args;
mod audit;
mod console;
mod demo;
mod headless;
mod print;
mod shot;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command};
pub use shot::{Shot, shot};

use crate::error::{Error, ErrorKind};
use crate::text::clean_lines;

/// What a command gives: the exit code, or the mistakes to tell.
type Outcome = Result<u8, Vec<Error>>;

/// Runs the program and gives its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let is_check = matches!(cli.command, Some(Command::Check(_)));
    let outcome = match &cli.command {
        None => console::run(&cli.global, &env),
        Some(Command::Demo(demo)) => demo::run(&cli.global, demo, &env),
        Some(Command::Check(check)) => headless::check(&cli.global, check, &env),
        Some(Command::Export(export)) => headless::export(&cli.global, export, &env),
        Some(Command::Doctor(doctor)) => headless::doctor(&cli.global, doctor, &env),
        Some(Command::Act(act)) => act::run(&cli.global, act, &env),
        Some(Command::Audit { command }) => audit::run(&cli.global, *command, &env),
        Some(Command::Config { explain }) => print::config(&cli.global, *explain, &env),
        Some(Command::Completions { shell }) => print::completions(*shell),
        Some(Command::Man { command }) => print::man(command),
    };
    ExitCode::from(outcome.unwrap_or_else(|errors| tell(&errors, is_check)))
}

/// Clap's own errors, help and version. For `check` a wrong invocation is 3: it could not run.
fn refused(error: &clap::Error) -> ExitCode {
    // A closed pipe is nobody's mistake.
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let _ = io::stderr().write_all(clean_lines(&error.to_string()).as_bytes());
    let is_check = std::env::args_os().skip(1).any(|arg| arg == "check");
    ExitCode::from(if is_check { 3 } else { 2 })
}

/// Prints mistakes and gives the exit code that goes with them.
fn tell(errors: &[Error], is_check: bool) -> u8 {
    let mut err = io::stderr().lock();
    for error in errors {
        let _ = writeln!(err, "rounds: {}", clean_lines(&error.to_string()));
    }
    let usage = errors.iter().all(|e| e.kind != ErrorKind::Unavailable);
    if usage && !is_check { 2 } else { 3 }
}

/// Runs to the end of `task` on this thread. Beside it one worker reads answers, so that a slow one holds up neither keys nor
/// frames; a second worker would be woken mostly to find nothing to do. What still waits then, such as for a name server that
/// does not answer, is left behind.
fn block_on<T>(task: impl Future<Output = T>) -> Result<T, Vec<Error>> {
    let none = |error: io::Error| vec![Error::unavailable(format!("no threads: {error}"))];
    // Where the system gives no thread, tokio panics.
    let _ = std::thread::Builder::new().spawn(|| ()).map_err(none)?.join();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(none)?;
    let done = runtime.block_on(task);
    runtime.shutdown_background();
    Ok(done)
}
