//! From the members to the judgement: what the console makes of a real set while members are lost.

use std::sync::Arc;
use std::time::Duration;

use rounds::feed::{Budgets, Sweep, feed};
use rounds::health::{Observed, Thresholds, evaluate};
use rounds::model::mongo::MongoFacts;
use rounds::model::stack::Stack;
use rounds::model::{Check, Facts, Severity};
use rounds::time::{Clock, SystemClock};
use tokio::time::{Instant, interval};

use crate::TURN;
use crate::backend::{ANY, connect};
use crate::mongod::{Plan, ReplicaSet, program};

/// How often the feed is polled: more often than a console does.
const EVERY: Duration = Duration::from_millis(500);

/// A console without a screen.
struct Console {
    sweep: Sweep,
    facts: Facts,
    observed: Observed,
    /// Every rule that found something, with how bad and in what words, at the last look.
    found: Vec<Check>,
}

impl Console {
    async fn of(set: &ReplicaSet) -> Self {
        let stack = Stack {
            region: Some("us-east-1".to_owned()),
            mongo: vec![crate::configured(&set.uri())],
            ..Stack::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let budgets = Arc::new(Budgets::unlimited());
        let sweep = Sweep::new(0, &stack, &connect(&stack, ANY).await, &clock, &budgets);
        Self { sweep, facts: Facts::default(), observed: Observed::default(), found: Vec::new() }
    }

    async fn look(&mut self) {
        let spec = feed("mongo").expect("there is such a feed");
        let fetched = self.sweep.poll(spec, Instant::now() + spec.deadline).await.expect("it is polled");
        if let Ok(snapshot) = fetched.result {
            self.facts.put_any(snapshot.taken_at, snapshot.data);
        }
        let evaluation = evaluate(&self.facts, &Thresholds::default(), &self.observed, false);
        self.found = evaluation.checks;
        self.observed = evaluation.observed;
    }

    /// How bad a rule finds it.
    fn severity(&self, rule: &str) -> Severity {
        self.found.iter().filter(|check| check.rule == rule).map(|check| check.severity).max().unwrap_or(Severity::Ok)
    }

    /// How bad the worst of it is.
    fn worst(&self) -> Severity {
        self.found.iter().map(|check| check.severity).max().unwrap_or(Severity::Ok)
    }

    fn told(&self) -> Vec<String> {
        self.found.iter().map(|check| format!("{} {:?}: {}", check.rule, check.severity, check.message)).collect()
    }

    fn term(&self) -> Option<i64> {
        let facts = self.facts.get::<MongoFacts>()?;
        facts.sets[0].members.iter().filter_map(|member| member.status.as_ref()?.term).max()
    }

    /// Looks until something is so; fails if it is not within `limit`.
    async fn until(&mut self, what: &str, limit: Duration, is_so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + limit;
        let mut tick = interval(EVERY);
        while !is_so(self) {
            assert!(Instant::now() < end, "not within {limit:?}: {what}: {:#?}", self.told());
            tick.tick().await;
            self.look().await;
        }
    }
}

#[tokio::test]
async fn each_loss_is_told_for_what_it_is_until_there_is_no_majority() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![2.0, 1.0, 1.0], ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    let mut console = Console::of(&set).await;
    console.until("all is well", Duration::from_secs(30), |c| c.term().is_some() && c.worst() < Severity::Crit).await;
    let term = console.term().expect("a term");

    set.nodes[0].signal("KILL");
    console
        .until("the loss is seen", Duration::from_secs(5), |c| c.severity("mongo-no-primary") == Severity::Warn)
        .await;
    let after = Duration::from_secs(20);
    console.until("there is a new primary", after, |c| c.severity("mongo-no-primary") == Severity::Ok).await;
    assert!(console.term() > Some(term), "{:?}", console.term());
    assert!(console.severity("mongo-election") >= Severity::Info, "{:#?}", console.told());
    assert!(console.severity("mongo-majority") >= Severity::Warn, "{:#?}", console.told());

    set.nodes[1].signal("KILL");
    let lost = |c: &Console| {
        ["mongo-majority", "mongo-no-primary"].iter().any(|rule| c.severity(rule) == Severity::Crit)
            && c.told().iter().any(|told| told.contains("majority"))
    };
    console.until("there is no majority", Duration::from_secs(25), lost).await;
}
