//! The console without a screen: the feed and the rules on a real set.

use std::sync::Arc;
use std::time::Duration;

use rounds::feed::{Budgets, Sweep, feed};
use rounds::health::{Observed, Thresholds, evaluate};
use rounds::model::mongo::{MongoFacts, ReplicaSet};
use rounds::model::stack::Stack;
use rounds::model::{Check, Facts, Severity};
use rounds::time::{Clock, SystemClock};
use tokio::time::{Instant, interval};

use crate::backend::{ANY, connect};

/// How often the feed is polled: more often than a console does.
const EVERY: Duration = Duration::from_millis(500);

/// What a console knows after its last look.
pub struct Console {
    sweep: Sweep,
    facts: Facts,
    observed: Observed,
    /// Every rule that looked at something, with what it found.
    pub found: Vec<Check>,
}

impl Console {
    /// One that has not looked yet, at the set with this address.
    pub async fn of(uri: &str) -> Self {
        let stack =
            Stack { region: Some("us-east-1".to_owned()), mongo: vec![crate::configured(uri)], ..Stack::default() };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let budgets = Arc::new(Budgets::unlimited());
        let sweep = Sweep::new(0, &stack, &connect(&stack, ANY).await, &clock, &budgets);
        Self { sweep, facts: Facts::default(), observed: Observed::default(), found: Vec::new() }
    }

    /// Polls and judges.
    pub async fn look(&mut self) {
        let spec = feed("mongo").expect("there is such a feed");
        let fetched = self.sweep.poll(spec, Instant::now() + spec.deadline).await.expect("it is polled");
        let snapshot = fetched.result.expect("somebody answers");
        self.facts.put_any(snapshot.taken_at, snapshot.data);
        let evaluation = evaluate(&self.facts, &Thresholds::default(), &self.observed, true);
        self.found = evaluation.checks;
        self.observed = evaluation.observed;
    }

    /// The set.
    pub fn set(&self) -> Option<&ReplicaSet> {
        self.facts.get::<MongoFacts>()?.sets.first()
    }

    /// How bad a rule finds it, whatever it looks at.
    pub fn severity(&self, rule: &str) -> Severity {
        self.found.iter().filter(|check| check.rule == rule).map(|check| check.severity).max().unwrap_or(Severity::Ok)
    }

    /// What a rule says of the member with this host.
    pub fn says(&self, rule: &str, host: &str) -> Option<&Check> {
        self.found.iter().find(|check| check.rule == rule && check.subject.name == *host)
    }

    /// What somebody should look at, in words; empty: all is well.
    pub fn troubles(&self) -> Vec<String> {
        let bad = self.found.iter().filter(|check| check.severity > Severity::Info);
        bad.map(|check| format!("{} {}: {}", check.rule, check.severity.word(), check.message)).collect()
    }

    /// Looks until something is so; fails if it is not within `limit`.
    pub async fn until(&mut self, what: &str, limit: Duration, is_so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + limit;
        let mut tick = interval(EVERY);
        loop {
            tick.tick().await;
            self.look().await;
            if is_so(self) {
                return;
            }
            assert!(Instant::now() < end, "not within {limit:?}: {what}: {:#?}", self.troubles());
        }
    }
}
