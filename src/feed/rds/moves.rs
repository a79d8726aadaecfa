//! What moved between two polls: an instance from one zone to another, the writer of a cluster.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::rds::{DbCluster, DbInstance, Move};
use crate::text::Text;
use crate::time::Timestamp;

/// Moves are kept as long as the first poll looks back for events.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// Moves kept at most; the oldest go first.
const KEPT: usize = 200;

/// Where everything was at the last poll, and what has moved.
#[derive(Default)]
pub(super) struct Moves {
    places: HashMap<Text, Text>,
    seen: Vec<Move>,
}

impl Moves {
    /// Compares with the poll before. What was not told this time stays where it was.
    pub fn look(&mut self, instances: &[DbInstance], clusters: &[DbCluster], now: Timestamp) {
        let zones = instances.iter().filter_map(|i| Some((&i.arn, i.az.as_ref()?)));
        let writers = clusters.iter().filter_map(|c| Some((&c.arn, c.writer()?)));
        for (arn, place) in zones.chain(writers) {
            let before = self.places.insert(arn.clone(), place.clone());
            if let Some(from) = before.filter(|before| before != place) {
                self.seen.insert(0, Move { seen_at: now, arn: arn.clone(), from, to: place.clone() });
            }
        }
        self.seen.retain(|moved| now.since(moved.seen_at) <= KEPT_FOR);
        self.seen.truncate(KEPT);
    }

    /// What has moved, the newest first.
    pub fn seen(&self) -> Vec<Move> {
        self.seen.clone()
    }
}
