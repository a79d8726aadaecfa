//! Commands that only print.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use clap::CommandFactory;

use super::Outcome;
use super::args::{Cli, Global};
use super::console::appearance;
use crate::config;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::text::clean;

/// The settings in force.
pub(super) fn config(global: &Global, explain: bool, env: &BTreeMap<String, String>) -> Outcome {
    let settings = config::load(env, &global.flags())?;
    appearance(&settings)?;
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

/// What the foot of a manual page names.
const SOURCE: &str = concat!("rounds ", env!("CARGO_PKG_VERSION"));

/// What no flag tells, on the page of the program itself.
const SURROUNDINGS: &str = r"
.SH ENVIRONMENT
.TP
\fBROUNDS_CONFIG\fR
The configuration file, as \-\-config names it.
.TP
\fBROUNDS_STACK\fR
The stacks to look at, separated by commas, as \-\-stack names them.
.TP
\fBROUNDS_THEME\fR, \fBROUNDS_KEYMAP\fR
As \-\-theme and \-\-keymap.
.TP
\fBAWS_PROFILE\fR, \fBAWS_REGION\fR, ...
What the AWS SDK reads.
.TP
\fBNO_COLOR\fR
No colours.
.SH FILES
.TP
\fI$XDG_CONFIG_HOME/rounds/rounds.toml\fR
The configuration; without the variable in ~/.config.
.TP
\fI$XDG_STATE_HOME/rounds/audit/\fR
What was done, by whom, why, and what came of it; without the variable in ~/.local/state.
";

/// The manual page of the program, or of one of its commands.
pub(super) fn man(words: &[String]) -> Outcome {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for word in words {
        let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let unknown = || {
            let error = Error::usage(format!("{} has no command {}", command.get_name(), quoted(word)));
            vec![Error { hint: suggestion(word, &known), ..error }]
        };
        command = command.find_subcommand(word).ok_or_else(unknown)?;
    }
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(command.clone()).source(SOURCE).render(&mut page);
    made.map_err(|error| vec![Error::unavailable(error.to_string())])?;
    let more = if words.is_empty() { SURROUNDINGS } else { "" };
    print(&(String::from_utf8_lossy(&page).into_owned() + more))
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
