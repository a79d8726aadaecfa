//! Polls a stack's feeds one after the other: `check`, `export` and pictures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::poller::poll;
use super::{Budgets, Context, FEEDS, Feed, FeedSpec, Gate, Progress, feed};
use crate::backend::ports::Backend;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::store::Fetched;
use crate::text::Text;
use crate::time::{Clock, Timestamp};

/// What a feed leaves of the time for its poll, and for those after it, when it waits for something first.
const ROOM: Duration = Duration::from_secs(5);

/// The feeds of one stack, polled when asked.
pub struct Sweep {
    index: usize,
    clock: Arc<dyn Clock>,
    facts: Mutex<Facts>,
    feeds: HashMap<&'static str, (Context, Box<dyn Feed>)>,
    failed: HashMap<&'static str, Fault>,
}

impl Sweep {
    /// The feeds of a stack, nothing read yet.
    #[must_use]
    pub fn new(index: usize, stack: &Stack, backend: &Backend, clock: &Arc<dyn Clock>, budgets: &Arc<Budgets>) -> Self {
        let start = |spec: &&'static FeedSpec| {
            let context = Context {
                backend: backend.clone(),
                stack: stack.clone(),
                gate: Gate::new(Arc::clone(budgets)),
                clock: Arc::clone(clock),
                progress: Progress::default(),
                asked: false,
                shown: Vec::new(),
            };
            (spec.id, (context, (spec.start)()))
        };
        Self {
            index,
            clock: Arc::clone(clock),
            facts: Mutex::default(),
            feeds: FEEDS.iter().map(start).collect(),
            failed: HashMap::new(),
        }
    }

    /// Says which rows are on screen.
    pub fn show(&mut self, shown: &[Text]) {
        for (context, _) in self.feeds.values_mut() {
            context.shown = shown.to_vec();
        }
    }

    /// Whether this feed wants to read now, because of what is on screen or what other feeds know.
    #[must_use]
    pub fn is_due(&self, spec: &FeedSpec) -> bool {
        let Some((context, feed)) = self.feeds.get(spec.id) else { return false };
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        !self.failed.contains_key(spec.id) && feed.due(&context.shown, &facts, self.clock.now()) == Some(Duration::ZERO)
    }

    /// Whether this feed left off in the middle of a list that it has not read once.
    #[must_use]
    pub fn is_unfinished(&self, spec: &FeedSpec) -> bool {
        self.feeds.get(spec.id).is_some_and(|(_, feed)| feed.is_unfinished())
    }

    /// Polls one feed, until then at the latest. A feed whose first need failed fails for the same reason.
    pub async fn poll(&mut self, spec: &'static FeedSpec, until: Instant) -> Option<Fetched> {
        let (context, feed) = self.feeds.get_mut(spec.id)?;
        let result = if let Some(fault) = spec.after.and_then(|first| self.failed.get(first)) {
            Err(fault.clone())
        } else {
            // What is not ready by then is told by the poll.
            let _ = timeout_at(until.checked_sub(ROOM).unwrap_or(until), feed.prepare(context)).await;
            poll(&mut **feed, spec, context, &self.facts, Some(until)).await
        };
        match &result {
            Ok(_) => self.failed.remove(spec.id),
            Err(fault) => self.failed.insert(spec.id, fault.clone()),
        };
        let at = self.clock.now();
        Some(Fetched { stack: self.index, feed: spec.id, at, next: at, result })
    }
}

/// Polls the feeds with these ids (and those they rest on) once each, within `limit` altogether.
///
/// The results come in the order of the registry; a feed that could not be read is among them with its fault.
pub async fn once(
    index: usize,
    stack: &Stack,
    backend: &Backend,
    budgets: &Arc<Budgets>,
    clock: &Arc<dyn Clock>,
    feeds: &[&str],
    limit: Duration,
) -> Vec<Fetched> {
    let until = Instant::now() + limit;
    let mut sweep = Sweep::new(index, stack, backend, clock, budgets);
    let mut results = Vec::new();
    let specs: Vec<&FeedSpec> = with_needs(feeds).into_iter().filter_map(feed).collect();
    for spec in specs.iter().copied() {
        results.extend(sweep.poll(spec, until).await);
    }
    // Long lists are read in parts. Once everything else is read they may have the rest of the time.
    for (spec, result) in specs.into_iter().zip(&mut results) {
        while sweep.is_unfinished(spec) && Instant::now() < until {
            let Some(next) = sweep.poll(spec, until).await else { break };
            // One that fails takes away nothing that was read.
            if next.result.is_err() {
                break;
            }
            *result = next;
        }
    }
    results
}

/// These feeds and those they rest on, in the order of the registry.
#[must_use]
pub fn with_needs(feeds: &[&str]) -> Vec<&'static str> {
    let mut wanted = feeds.to_vec();
    // A feed comes after those it rests on, so one way back through the registry finds them all.
    for spec in FEEDS.iter().rev().filter(|spec| spec.after.is_some()) {
        if wanted.contains(&spec.id) {
            wanted.extend(spec.after);
        }
    }
    FEEDS.iter().map(|spec| spec.id).filter(|id| wanted.contains(id)).collect()
}

/// These feeds and those that rest on them: with what they add the rules judge the same things.
#[must_use]
pub fn with_dependents(feeds: &[&str]) -> Vec<&'static str> {
    let mut wanted = feeds.to_vec();
    for spec in FEEDS {
        if !spec.is_apart && spec.after.is_some_and(|first| wanted.contains(&first)) {
            wanted.push(spec.id);
        }
    }
    FEEDS.iter().map(|spec| spec.id).filter(|id| wanted.contains(id)).collect()
}

/// What these feeds of a stack gave that could not be connected to.
pub fn all_failed(
    stack: usize,
    feeds: impl IntoIterator<Item = &'static str>,
    fault: &Fault,
    at: Timestamp,
) -> impl Iterator<Item = Fetched> {
    feeds.into_iter().map(move |feed| Fetched { stack, feed, at, next: at, result: Err(fault.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_brings_what_it_rests_on_and_what_rests_on_it() {
        assert_eq!(with_needs(&["groups"]), ["ecs", "groups"]);
        assert_eq!(with_needs(&["identity"]), ["identity"]);
        // Secrets are another matter.
        let of_ecs = ["ecs", "stopped-tasks", "groups", "group-activities", "reservation"];
        assert_eq!(with_dependents(&["ecs"]), of_ecs);
        assert_eq!(with_dependents(&["groups"]), ["groups", "group-activities", "reservation"]);
        for (at, spec) in FEEDS.iter().enumerate() {
            let first = spec.after.map_or(Some(0), |first| FEEDS[..at].iter().position(|f| f.id == first));
            assert!(first.is_some(), "{} stands before what it rests on", spec.id);
        }
    }
}
