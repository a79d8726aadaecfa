//! What went wrong with reading one kind of thing, and when it is worth another try.

use std::time::Duration;

use super::backoff::Backoff;
use crate::model::FaultKind;
use crate::store::Gap;
use crate::time::Timestamp;

/// A permission does not come back by the second.
const DENIED_FOR: Duration = Duration::from_mins(5);

/// The failures in a row; none where all is well.
#[derive(Debug, Default)]
pub struct Setback {
    failures: u32,
    retry_at: Option<Timestamp>,
    gap: Option<Gap>,
}

impl Setback {
    /// Whether it is too early for the next try; never where somebody asked for it.
    pub fn holds(&self, now: Timestamp, asked: bool) -> bool {
        !asked && self.retry_at.is_some_and(|at| now < at)
    }

    /// Takes the result of a try that ended `at`.
    pub fn note(&mut self, gap: Option<Gap>, at: Timestamp) {
        let Some(gap) = gap else {
            *self = Self::default();
            return;
        };
        self.failures += 1;
        let wait = match gap.fault.kind {
            FaultKind::Denied | FaultKind::Unsupported => DENIED_FOR,
            // The budget waits already.
            FaultKind::Throttled => Duration::ZERO,
            // One thing that cannot be read does not hold up those that can.
            FaultKind::Malformed if gap.read > 0 => Duration::ZERO,
            _ => Backoff::POLL.wait(self.failures, fastrand::f64()),
        };
        self.retry_at = Some(at + wait);
        self.gap = Some(gap);
    }

    /// What could not be read the last time.
    pub const fn gap(&self) -> Option<&Gap> {
        self.gap.as_ref()
    }
}
