//! GuardDuty: whether it watches, and what it found. Whatever a finding says may have been written by an attacker.

mod detector;
mod evidence;
mod finding;
mod resource;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(in crate::health) mod tests;

pub use evidence::Evidence;

pub(super) use detector::{DETECTOR, FEATURES, FREQUENCY};
pub(super) use finding::FINDING;
pub(super) use resource::RESOURCE;

use crate::model::Severity;
use crate::model::finding::{Detector, Finding};

/// How severe a finding is, in GuardDuty's words (GuardDuty user guide, severity levels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// 1.0 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0: attack sequences.
    Critical,
}

impl Band {
    /// The band of a score; none of one that GuardDuty does not give.
    #[must_use]
    pub fn of(score: f64) -> Option<Self> {
        match score {
            s if !(1.0..=10.0).contains(&s) => None,
            s if s < 4.0 => Some(Self::Low),
            s if s < 7.0 => Some(Self::Medium),
            s if s < 9.0 => Some(Self::High),
            _ => Some(Self::Critical),
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// How bad a new one is.
    const fn severity(self) -> Severity {
        match self {
            Self::Low => Severity::Info,
            Self::Medium => Severity::Warn,
            Self::High | Self::Critical => Severity::Crit,
        }
    }
}

/// Whether a finding counts: it is neither archived nor a sample.
#[must_use]
pub fn is_active(finding: &Finding) -> bool {
    finding.archived != Some(true) && !finding.sample
}

/// What can be done about a finding once it is dealt with, given who administers its detector.
#[must_use]
pub fn archiving(detector: Option<&Detector>) -> Option<String> {
    Some(match detector?.administrator.as_ref()? {
        Some(account) => format!("only account {account}, which administers GuardDuty here, can archive it"),
        None => "archive it in GuardDuty once it is dealt with: that hides it and deletes nothing".to_owned(),
    })
}
