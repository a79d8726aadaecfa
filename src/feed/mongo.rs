//! The MongoDB feed: every member of every configured replica set, asked directly and all at the same time, because the view
//! of one member is wrong about the others during a partition.

mod ask;
mod memory;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{Context, Feed, FeedSpec};
use crate::model::mongo::MongoFacts;
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use watch::Watch;

/// `mongo`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "mongo",
    domain: "mongo",
    doc: "MongoDB replica sets: what each member says of itself and of the others; no user data",
    actions: &[],
    after: None,
    interval: Duration::from_secs(2),
    deadline: Duration::from_secs(10),
    start: || Box::new(MongoFeed::default()),
};

/// The sets as they were read so far.
#[derive(Default)]
struct MongoFeed {
    sets: Vec<Watch>,
}

#[async_trait]
impl Feed for MongoFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let configured = &context.stack.mongo;
        if self.sets.len() != configured.len() {
            self.sets = configured.iter().map(Watch::of).collect();
        }
        let polled =
            join_all(self.sets.iter_mut().zip(configured).map(|(set, as_configured)| set.poll(context, as_configured)));
        let silent: Vec<Option<Fault>> = polled.await;
        if let Some(fault) = silent.first().cloned().flatten()
            && silent.iter().all(Option::is_some)
        {
            return Err(fault);
        }
        let gaps = self.sets.iter().zip(silent).filter_map(|(watch, fault)| Some(gap(watch, fault?))).collect();
        let sets = self.sets.iter().map(|watch| watch.set.clone()).collect();
        let data = Arc::new(MongoFacts { sets });
        Ok(Snapshot { taken_at: context.clock.now(), data, gaps, slowed: context.gate.was_slowed() })
    }
}

/// A set none of whose members answered. A single silent member is no gap: that it is silent is a fact of the set.
fn gap(watch: &Watch, fault: Fault) -> Gap {
    let what = Text::from(format!("members of {}", watch.set.name));
    Gap { kind: "replica-set", what, read: 0, known: watch.set.members.len(), fault }
}
