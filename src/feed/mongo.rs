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
    is_apart: false,
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
        if let Some(fault) = silent.iter().cloned().collect::<Option<Vec<Fault>>>().and_then(of_all) {
            return Err(fault);
        }
        let gaps = self.sets.iter().zip(silent).flat_map(|(watch, fault)| gaps(&watch.set, fault)).collect();
        let sets = self.sets.iter().map(|watch| watch.set.clone()).collect();
        let data = Arc::new(MongoFacts { sets });
        Ok(Snapshot { taken_at: context.clock.now(), data, gaps, slowed: context.gate.was_slowed() })
    }
}

/// What kept every set from being read: the fault of the first, with the words of the others, each of which has its own.
fn of_all(faults: Vec<Fault>) -> Option<Fault> {
    let words: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let message = Text::from(words.join("; "));
    faults.into_iter().next().map(|first| Fault { message, ..first })
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
    let mut gaps = Vec::new();
    for (what, of) in PARTS {
        let untold = |member: &Member| of(member).filter(|fault| member.untold().contains(fault)).cloned();
        let faults: Vec<Fault> = asked.iter().filter_map(|member| untold(member)).collect();
        let read = asked.len() - faults.len();
        let mut causes: Vec<Fault> = Vec::new();
        for fault in faults {
            if !causes.iter().any(|known| known.is_same_cause(&fault)) {
                causes.push(fault);
            }
        }
        gaps.extend(causes.into_iter().map(|fault| gap(what, read, asked.len(), fault)));
    }
    gaps.extend(set.config_fault.iter().map(|fault| gap("configurations", 0, 1, fault.clone())));
    gaps
}

/// Why something of a member is not told.
type Untold = fn(&Member) -> Option<&Fault>;

/// What each member is asked beside `hello`, and why it was not told.
const PARTS: [(&str, Untold); 3] = [
    ("statuses", |member| member.status_fault.as_ref()),
    ("figures", |member| member.server_fault.as_ref()),
    ("oplogs", |member| member.oplog_fault.as_ref()),
];
