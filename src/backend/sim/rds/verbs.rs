//! What else happens to databases: storage that fills, connections that storm, a secret that fits no longer.

use std::time::Duration;

use super::events::Source;
use super::fleet::{Fleet, Happens, Level};
use crate::time::Timestamp;

/// RDS tells of low storage at this share left.
const LOW: f64 = 0.10;
/// At this share it shuts the database down.
const FULL: f64 = 0.001;

/// A storm of connections at a proxy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) struct Storm {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Of the connections allowed, those borrowed at its height.
    pub share: f64,
    /// Logins refused a minute.
    pub refused: u32,
}

impl Fleet {
    /// The share of an instance's storage that is free at a time.
    pub fn free_at(&self, i: usize, at: Timestamp) -> f64 {
        let levels = &self.instances[i].levels;
        let level = levels.iter().rev().find(|level| level.since <= at).or_else(|| levels.first());
        level.map_or(0.0, |level| {
            let gone = at.since(level.since).as_secs_f64() * level.rate;
            (level.free - gone).max(level.least).min(level.free)
        })
    }

    /// Lets an instance's storage run down to this share, over a while.
    pub fn fill(&mut self, i: usize, to: f64, over: Duration) {
        let free = self.free_at(i, self.now);
        let rate = (free - to).max(0.0) / over.as_secs_f64().max(1.0);
        self.instances[i].levels.push(Level { since: self.now, free, rate, least: to });
        for (level, happens) in [(LOW, Happens::StorageLow(i)), (FULL, Happens::StorageFull(i))] {
            if free > level && to <= level && rate > 0.0 {
                self.later.push((self.now + Duration::from_secs_f64((free - level) / rate), happens));
            }
        }
    }

    pub(super) fn storage_low(&mut self, i: usize) {
        let Some(spec) = &self.instances[i].alone else { return };
        let (free, storage) = (self.free_at(i, self.now), f64::from(spec.storage));
        let what = format!(
            "The free storage capacity for DB instance: {} is low at {:.0}% of the provisioned storage [Provisioned Storage: \
             {storage:.2} GB, Free Storage: {:.2} GB]. You may want to increase the provisioned storage to address this issue.",
            spec.name,
            free * 100.0,
            free * storage
        );
        self.tell(Source::Instance(i), "low storage", what);
    }

    pub(super) fn storage_full(&mut self, i: usize) {
        let what = "Allocated storage has been exhausted. Allocate additional storage to resolve.";
        self.tell(Source::Instance(i), "low storage", what);
        self.instances[i].status = "storage-full";
    }

    /// Has clients storm a proxy for a while.
    pub fn storm(&mut self, p: usize, share: f64, refused: u32, lasts: Duration) {
        let storm = Storm { from: self.now, until: self.now + lasts, share, refused };
        self.proxies[p].storms.push(storm);
    }

    /// Makes the secrets of a proxy useless: it cannot log in to its database.
    pub fn break_secret(&mut self, p: usize) {
        self.proxies[p].broken.get_or_insert(self.now);
    }
}
