//! What RDS tells, in its own words and categories.

use std::time::Duration;

use super::fleet::Fleet;
use crate::time::Timestamp;

/// How far back events are kept.
pub(in crate::backend::sim) const CONTROL_PLANE: Duration = Duration::from_hours(14 * 24);
const DAY: Duration = Duration::from_hours(24);

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Told {
    pub at: Timestamp,
    pub of: Source,
    pub category: &'static str,
    pub message: String,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Source {
    Instance(usize),
    Cluster(usize),
}

impl Fleet {
    pub(super) fn tell(&mut self, of: Source, category: &'static str, message: impl Into<String>) {
        self.told.push(Told { at: self.now, of, category, message: message.into() });
    }

    /// The daily backups of the last two weeks.
    pub(super) fn tell_past(&mut self) {
        for day in (0..14_u32).rev() {
            for i in 0..self.instances.len() {
                let backed_up = self.instances[i].alone.as_ref().is_some_and(|spec| spec.backup_days > 0);
                let begun = self.now - DAY * day - Duration::from_secs(self.rng.u64(7_200..10_800));
                if backed_up && self.now.since(begun) < CONTROL_PLANE {
                    for (at, message) in [(0, "Backing up DB instance"), (190, "Finished DB Instance backup")] {
                        let at = begun + Duration::from_secs(at);
                        self.told.push(Told {
                            at,
                            of: Source::Instance(i),
                            category: "backup",
                            message: message.into(),
                        });
                    }
                }
            }
        }
        self.told.sort_by_key(|told| told.at);
    }
}
