//! Commands that only print.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use clap::CommandFactory;

use super::Outcome;
use super::args::{Cli, Global};
use crate::config;
use crate::error::Error;
use crate::text::clean;

/// The settings in force.
pub(super) fn config(global: &Global, explain: bool, env: &BTreeMap<String, String>) -> Outcome {
    let settings = config::load(env, &global.flags())?;
    let text = if explain {
        config::explain(&settings)
    } else {
        let lines: Vec<String> = settings.origins.iter().map(|row| format!("{} = {}\n", row.key, row.value)).collect();
        lines.concat()
    };
    print(&crate::text::clean_lines(&text))
}

/// A completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "rounds", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// The manual page.
pub(super) fn man() -> Outcome {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(Cli::command()).render(&mut page);
    made.map_err(|error| vec![Error::unavailable(error.to_string())])?;
    print(&String::from_utf8_lossy(&page))
}

/// Prints text; a reader that has gone away is nobody's mistake.
pub(super) fn print(text: &str) -> Outcome {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(vec![Error::unavailable(error.to_string())]),
        _ => Ok(0),
    }
}

/// Logs what this program says to a file of the user's choice, for nobody else to read. What libraries say is left out: it is
/// not made harmless, and below INFO the SDK writes whole request bodies.
pub(super) fn log(file: Option<&Path>) -> Result<(), Vec<Error>> {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let Some(path) = file else { return Ok(()) };
    let name = clean(&path.to_string_lossy()).into_owned();
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let file = opened.map_err(|error| {
        vec![
            Error::usage(format!("cannot write {name}: {error}"))
                .from("--log")
                .hint("name a file in a directory you can write to"),
        ]
    })?;
    let targets = Targets::new().with_target("rounds", LevelFilter::DEBUG);
    let layer = tracing_subscriber::fmt::layer().json().with_writer(std::sync::Mutex::new(file)).with_filter(targets);
    tracing_subscriber::registry().with(layer).init();
    Ok(())
}
