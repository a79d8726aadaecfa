//! What was typed, and what it means.
//!
//! `rounds.toml`, the environment and the flags become [`Settings`]. A flag beats the environment, which beats the file; every
//! value keeps where it came from, for messages and for `rounds config --explain`. What is unknown or impossible is an error
//! with file, line, value and the nearest right one: a console that guesses which account was meant is worse than none.

mod alarms;
mod choice;
mod file;
mod flags;
mod form;
mod mongo;
mod origin;
mod resolve;
mod secrets;
mod select;
mod settings;
mod stack;
mod thresholds;

pub use choice::{Choice, Kind};
pub use file::FileConfig;
pub use flags::Flags;
pub use origin::{Origin, Placed};
pub use resolve::resolve;
pub use select::STACK_VARIABLE;
pub use settings::{Explained, Settings, explain};
pub use stack::FileStack;
pub use thresholds::Configured;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::error::Error;
use crate::file::{Trust, read};
use crate::health::{RULES, Rule};

/// The most that is read of the configuration, in bytes. A hundred stacks take a twentieth of it.
const MAX_CONFIG: u64 = 1024 * 1024;

/// Where the configuration file is looked for: `rounds/rounds.toml` in the XDG configuration directory.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|dirs| dirs.config_dir().join("rounds").join("rounds.toml"))
}

/// Where what must outlast a run is kept: `rounds` in the XDG state directory.
///
/// # Errors
/// There is no such place.
pub fn state_dir() -> Result<PathBuf, Error> {
    let dirs = etcetera::choose_base_strategy().ok().and_then(|dirs| dirs.state_dir());
    let none = || Error::usage("there is no home directory to keep the audit in").hint("set HOME or XDG_STATE_HOME");
    dirs.map(|dir| dir.join("rounds")).ok_or_else(none)
}

/// Reads the configuration file and settles everything. `env` is the environment as it was at the start.
///
/// # Errors
/// The file cannot be read, or what it, the environment or the flags say is wrong; all that could be found at once.
pub fn load(env: &BTreeMap<String, String>, flags: &Flags) -> Result<Settings, Vec<Error>> {
    let mut wrong = match read_file(env, flags, default_path().as_deref(), RULES) {
        Ok(file) => return resolve(file, env, flags),
        Err(wrong) => wrong,
    };
    // Which stacks there are is not known, so only the rest of what was typed can be wrong too.
    let env = env.iter().filter(|(name, _)| *name != STACK_VARIABLE).map(|(k, v)| (k.clone(), v.clone())).collect();
    wrong.extend(resolve(None, &env, &Flags { stack: Vec::new(), ..flags.clone() }).err().into_iter().flatten());
    Err(wrong)
}

/// The configuration file, if there is one.
fn read_file(
    env: &BTreeMap<String, String>,
    flags: &Flags,
    default: Option<&Path>,
    rules: &[&Rule],
) -> Result<Option<FileConfig>, Vec<Error>> {
    let Some(Placed { value: path, origin }) = resolve::locate(env, flags, default) else { return Ok(None) };
    let text = read(path, MAX_CONFIG, Trust::Owner).map_err(|e| match origin {
        Origin::Default => vec![e],
        _ => vec![Error { hint: e.hint.or_else(|| Some(format!("named by {origin}"))), ..e }],
    })?;
    FileConfig::parse(&text, path, rules).map(Some)
}

#[cfg(test)]
mod tests;
