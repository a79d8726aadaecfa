//! Polls a stack's feeds one after the other: `check`, `export` and pictures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::poller::poll;
use super::{Budgets, Context, FEEDS, Feed, FeedSpec, Gate, Progress};
use crate::backend::ports::Backend;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault};
use crate::store::Fetched;
use crate::time::Clock;

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

    /// Polls one feed, until then at the latest. A feed whose first need failed fails for the same reason.
    pub async fn poll(&mut self, spec: &'static FeedSpec, until: Instant) -> Option<Fetched> {
        let (context, feed) = self.feeds.get_mut(spec.id)?;
        let result = match spec.after.and_then(|first| self.failed.get(first)).cloned() {
            Some(fault) => Err(fault),
            None => poll(&mut **feed, spec, context, &self.facts, Some(until)).await,
        };
        match &result {
            Ok(_) => self.failed.remove(spec.id),
            Err(fault) => self.failed.insert(spec.id, fault.clone()),
        };
        let at = self.clock.now();
        Some(Fetched { stack: self.index, feed: spec.id, at, next: at, result })
    }
}

/// Polls the feeds with these ids (and those they need first) once each, within `limit` altogether.
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
    for spec in FEEDS.iter().filter(|spec| wanted(spec.id, feeds)) {
        results.extend(sweep.poll(spec, until).await);
    }
    results
}

fn wanted(id: &str, feeds: &[&str]) -> bool {
    feeds.contains(&id) || FEEDS.iter().any(|spec| feeds.contains(&spec.id) && spec.after == Some(id))
}
