//! What a rule found: a check of one subject, and the problems among the checks.

use crate::text::Text;
use crate::time::Timestamp;

/// How bad it is. The order is the order of the screen: worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// All is well.
    #[default]
    Ok,
    /// Worth knowing; never colours a row or an exit code.
    Info,
    /// It could not be determined. Never shown as if it were well.
    Unknown,
    /// Needs attention soon.
    Warn,
    /// Needs attention now.
    Crit,
}

impl Severity {
    /// All severities, best first.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Info, Self::Unknown, Self::Warn, Self::Crit];

    /// The word, as machine interfaces spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Crit => "crit",
        }
    }

    /// The glyph that stands for it beside the word and the colour.
    #[must_use]
    pub const fn glyph(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Ok, false) => "✔",
            (Self::Info, false) => "·",
            (Self::Unknown, false) => "?",
            (Self::Warn, false) => "▲",
            (Self::Crit, false) => "✖",
            (Self::Ok, true) => "[OK]",
            (Self::Info, true) => "[INFO]",
            (Self::Unknown, true) => "[UNKN]",
            (Self::Warn, true) => "[WARN]",
            (Self::Crit, true) => "[CRIT]",
        }
    }
}

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The kind of thing: `service`, `task`, `instance`, `provider`, `group`, `cluster`, `feed`.
    pub kind: &'static str,
    /// Its name as tables show it, such as `ehr/ehr-api`.
    pub name: Text,
    /// What finds its row: the ARN where there is one.
    pub id: Text,
}

/// One rule evaluated on one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The rule's id.
    pub rule: &'static str,
    /// The domain it belongs to: `ecs`, `scaling` …
    pub domain: &'static str,
    /// What it found.
    pub severity: Severity,
    /// What it looked at.
    pub subject: Subject,
    /// What is the case, as one sentence.
    pub message: Text,
    /// Since when it has been so: the service's own time, or when it was first seen.
    pub since: Option<Timestamp>,
    /// The fields the judgement rests on, name and value.
    pub evidence: Vec<(&'static str, Text)>,
    /// What to look at next, one step a line.
    pub next: Vec<Text>,
    /// When the facts were read.
    pub taken_at: Timestamp,
    /// What it has in common with others that are said once together with it.
    pub cause: Option<Text>,
    /// The problem it follows from, which is said with it.
    pub follows: Option<Follows>,
}

/// A problem that another one follows from, by what finds it among those of its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follows {
    /// Its rule.
    pub rule: &'static str,
    /// The id of its subject.
    pub id: Text,
}

impl Follows {
    /// Whether this is the problem.
    #[must_use]
    pub fn names(&self, check: &Check) -> bool {
        self.rule == check.rule && self.id == check.subject.id
    }
}

impl From<&Check> for Follows {
    fn from(check: &Check) -> Self {
        Self { rule: check.rule, id: check.subject.id.clone() }
    }
}

/// The evidence that a time is this console's first sighting, not the service's.
pub const FIRST_SEEN: &str = "first seen";

impl Check {
    /// Whether it began when this console first saw it, at the latest.
    #[must_use]
    pub fn is_first_seen(&self) -> bool {
        self.evidence.iter().any(|(name, _)| *name == FIRST_SEEN)
    }
}

/// A check that found something, and the stack it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The stack's name.
    pub stack: Text,
    /// What was found.
    pub check: Check,
}
