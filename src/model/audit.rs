//! What was done with this tool, as the audit has it.

use super::Severity;
use crate::text::Text;
use crate::time::Timestamp;

/// One action that was confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acted {
    /// What ties its records together.
    pub id: Text,
    /// The number of its first record.
    pub seq: u64,
    /// When it was intended.
    pub at: Timestamp,
    /// Where: stack, account, region, and the endpoint if it was not AWS's own.
    pub place: Text,
    /// The action: `force-deploy`.
    pub action: Text,
    /// Its target, as a person writes it.
    pub target: Text,
    /// The target's ARN.
    pub arn: Text,
    /// Who acted: the caller's ARN, and the system's user.
    pub caller: Text,
    /// The system's user, and the machine.
    pub user: Text,
    /// Why.
    pub reason: Text,
    /// The ticket it was done for.
    pub ticket: Option<Text>,
    /// What was sent, by name.
    pub params: Vec<(Text, Text)>,
    /// What was looked at before: weight and sentence.
    pub checks: Vec<(Text, Text)>,
    /// What it rested on, by name.
    pub before: Vec<(Text, Text)>,
    /// The same afterwards.
    pub after: Vec<(Text, Text)>,
    /// What the service answered: `applied`, `refused`, `unknown`.
    pub answer: Option<Text>,
    /// The service's request id.
    pub request_id: Option<Text>,
    /// What came of it: `done`, `failed`, `unknown`.
    pub outcome: Option<Text>,
    /// Whether that is the last word, though it is unknown: what it could be told by is gone.
    pub is_closed: bool,
    /// The same in a sentence.
    pub message: Option<Text>,
    /// When that was noted.
    pub ended_at: Option<Timestamp>,
    /// Whether a running program has its target in hand.
    pub is_held: bool,
}

impl Acted {
    /// How it stands, in a word: its outcome, `under way`, or `unfinished` where nobody noted how it ended.
    #[must_use]
    pub fn standing(&self) -> (Severity, &str) {
        match self.outcome.as_deref() {
            Some(word @ "done") => (Severity::Ok, word),
            Some(word @ "failed") => (Severity::Warn, word),
            Some(word) => (Severity::Unknown, word),
            None if self.is_held => (Severity::Info, "under way"),
            None => (Severity::Warn, "unfinished"),
        }
    }
}

/// What was done lately, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFacts {
    /// The actions.
    pub acted: Vec<Acted>,
}
