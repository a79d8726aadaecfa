//! The scenarios that are compiled in.

use super::scenario::Scenario;
use crate::error::{Error, nearest};

/// A scenario that is compiled in; its text is parsed only when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name, as `rounds demo NAME` takes it.
    pub name: &'static str,
    toml: &'static str,
}

const KNOWN: &[Known] = &[
    Known { name: "ehr-mongo", toml: include_str!("scenarios/ehr-mongo.toml") },
    Known { name: "ehr-aurora", toml: include_str!("scenarios/ehr-aurora.toml") },
    Known { name: "telehealth-fargate", toml: include_str!("scenarios/telehealth-fargate.toml") },
    Known { name: "rx-spot", toml: include_str!("scenarios/rx-spot.toml") },
];

/// The scenarios that are compiled in, the default one first.
#[must_use]
pub const fn scenarios() -> &'static [Known] {
    KNOWN
}

impl Known {
    /// Reads the scenario.
    ///
    /// # Errors
    /// What is wrong with its file.
    pub fn scenario(&self) -> Result<Scenario, Error> {
        Scenario::parse(self.toml, self.name)
    }

    /// The scenario's title.
    ///
    /// # Errors
    /// What is wrong with its file.
    pub fn title(&self) -> Result<String, Error> {
        self.scenario().map(|s| s.title)
    }
}

impl Scenario {
    /// The compiled-in scenario of this name.
    ///
    /// # Errors
    /// The name is not known; the hint offers the nearest one or all of them.
    pub fn named(name: &str) -> Result<Self, Error> {
        if let Some(known) = KNOWN.iter().find(|k| k.name == name) {
            return known.scenario();
        }
        let names: Vec<&str> = KNOWN.iter().map(|k| k.name).collect();
        let hint = nearest(name, names.iter().copied()).map_or_else(
            || format!("known scenarios: {}", names.join(", ")),
            |near| format!("did you mean \"{near}\"?"),
        );
        Err(Error::usage(format!("unknown scenario \"{name}\"")).hint(hint))
    }
}
