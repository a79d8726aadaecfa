//! The timeline: what happened, from whatever source told it.

use super::problem::{Severity, Subject};
use crate::text::Text;
use crate::time::Timestamp;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, by the source's clock; what a source gives no time for happened when this console first saw it.
    pub at: Timestamp,
    /// When this console first saw it.
    pub seen_at: Timestamp,
    /// Whether `at` is this console's first sighting and not the source's time.
    pub observed: bool,
    /// Who told it: `deployment`, `event`, `stop` … (the id of a source in the registry of the timeline).
    pub source: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it happened to.
    pub subject: Subject,
    /// Other things it concerns, kind and id: the service of a task, the host of a task.
    pub related: Vec<(&'static str, Text)>,
    /// What happened, in one sentence.
    pub message: Text,
    /// What tells it from every other entry of its source: an id of the service, or what it is made of.
    pub key: String,
}
