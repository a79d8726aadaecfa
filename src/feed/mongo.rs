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
use crate::model::mongo::{Member, MongoFacts, ReplicaSet, Role};
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
    rules_tell_gaps: true,
    start: || Box::new(MongoFeed::default()),
};

/// The sets as they were read so far.
#[derive(Default)]
struct MongoFeed {
    sets: Vec<Watch>,
}

#[async_trait]
impl Feed for MongoFeed {
    async fn prepare(&mut self, context: &Context) {
        let sets = &context.stack.mongo;
        join_all(sets.iter().map(|set| context.backend.mongo.prepare(&set.name))).await;
    }

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
        let gaps = self.sets.iter().zip(silent).flat_map(|(watch, fault)| gaps(&watch.set, fault)).collect();
        let sets = self.sets.iter().map(|watch| watch.set.clone()).collect();
        let data = Arc::new(MongoFacts { sets });
        Ok(Snapshot { taken_at: context.clock.now(), data, gaps, slowed: context.gate.was_slowed() })
    }
}

/// What is not known of a set, each cause once; a rule tells each of them. A single silent member is no gap: that it is silent is
/// a fact of the set.
fn gaps(set: &ReplicaSet, silent: Option<Fault>) -> Vec<Gap> {
    let gap = |what: &str, read, known, fault| Gap {
        kind: "replica-set",
        what: Text::from(format!("{what} of {}", set.name)),
        read,
        known,
        fault,
    };
    if let Some(fault) = silent {
        return vec![gap("members", 0, set.members.len(), fault)];
    }
    // Arbiters hold no users, so they refuse whoever asks.
    let is_arbiter = |member: &Member| {
        let says = member.hello.as_ref().is_some_and(|hello| hello.role == Role::Arbiter);
        says || set.configured(&member.host).is_some_and(|config| config.is_arbiter)
    };
    let asked: Vec<&Member> = set.members.iter().filter(|m| m.speaks().is_some() && !is_arbiter(m)).collect();
    let read = asked.iter().filter(|member| member.status.is_some()).count();
    let mut causes: Vec<&Fault> = Vec::new();
    for fault in asked.iter().filter_map(|member| member.status_fault.as_ref()) {
        if !causes.iter().any(|known| known.is_same_cause(fault)) {
            causes.push(fault);
        }
    }
    causes.into_iter().map(|fault| gap("statuses", read, asked.len(), fault.clone())).collect()
}
