//! What the flags, the environment and the file mean together.

use std::path::PathBuf;
use std::time::Duration;

use super::choice::Choice;
use super::origin::Origin;
use crate::health::Thresholds;
use crate::model::stack::Stack;
use crate::theme::Depth;

/// Everything that can be configured, settled.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The stacks to look at, at least one.
    pub stacks: Vec<Stack>,
    /// The theme.
    pub theme: Choice,
    /// The keymap.
    pub keymap: Choice,
    /// How often the focused view is read; others follow slower.
    pub refresh: Duration,
    /// The levels that differ from the rules' defaults.
    pub thresholds: Thresholds,
    /// How many colours to draw with.
    pub depth: Depth,
    /// Whether to draw with ASCII alone.
    pub ascii: bool,
    /// Whether no action may be taken, whatever a stack allows: so it is unless the command line allows some.
    pub read_only: bool,
    /// The actions the command line allows, for every stack.
    pub allow: Vec<String>,
    /// The actions that are off unless the configuration file names them, which it does for these.
    pub opt_in: Vec<String>,
    /// Who the operator is, as they say.
    pub operator: Option<String>,
    /// Where to log.
    pub log: Option<PathBuf>,
    /// Every value with where it came from, in the order to show them.
    pub origins: Vec<Explained>,
}

/// One value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Its name: `theme`, `stack.prod-ehr.region`, `thresholds.ecs-rollout-slow.warn`.
    pub key: String,
    /// The value as it may be shown; `-` where there is none.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl Settings {
    /// Where a value came from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.iter().find(|row| row.key == key).map(|row| &row.origin)
    }
}

/// The table of `rounds config --explain`: every value and where it came from.
#[must_use]
pub fn explain(settings: &Settings) -> String {
    let width = |cell: fn(&Explained) -> &str, name: &str| {
        settings.origins.iter().map(|row| cell(row).chars().count()).chain([name.len()]).max().unwrap_or_default()
    };
    // A value may be long (a list of clusters); beyond this width its origin simply follows it.
    let (key, value) = (width(|row| &row.key, "KEY"), width(|row| &row.value, "VALUE").min(40));
    let mut lines = vec![format!("{:key$}  {:value$}  ORIGIN", "KEY", "VALUE")];
    lines.extend(settings.origins.iter().map(|row| format!("{:key$}  {:value$}  {}", row.key, row.value, row.origin)));
    lines.push(String::new());
    lines.join("\n")
}
