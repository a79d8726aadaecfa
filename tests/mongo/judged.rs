//! What the rules say of a real set: nothing while it idles, and of a killed primary what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::{Budgets, Sweep, feed};
use rounds::health::{Observed, Thresholds, evaluate};
use rounds::model::stack::Stack;
use rounds::model::{Facts, Severity};
use rounds::time::{Clock, SystemClock};

use crate::mongod::{Plan, ReplicaSet, program};
use crate::{TURN, configured, driver};

/// How long the idle set is looked at; a status taken for the truth would cry wolf once in 15 looks.
const IDLE: Duration = Duration::from_secs(60);
/// The longest a new primary may take, by the default election timeout of 10 s.
const ELECTION: Duration = Duration::from_secs(25);

struct Console {
    sweep: Sweep,
    observed: Observed,
}

impl Console {
    /// Polls, and gives what is wrong, worst first.
    async fn look(&mut self) -> Vec<String> {
        let spec = feed("mongo").expect("the feed");
        let until = tokio::time::Instant::now() + spec.deadline;
        let fetched = self.sweep.poll(spec, until).await.expect("a poll");
        let snapshot = fetched.result.expect("somebody answers");
        let mut facts = Facts::default();
        facts.put_any(snapshot.taken_at, snapshot.data);
        let evaluation = evaluate(&facts, &Thresholds::default(), &self.observed, false);
        let bad = evaluation.worst_first().into_iter().filter(|check| check.severity > Severity::Info);
        let said = bad.map(|check| format!("{} {} {}", check.rule, check.severity.word(), check.message)).collect();
        self.observed = evaluation.observed;
        said
    }
}

#[tokio::test]
async fn an_idle_set_raises_no_alarm_and_a_killed_primary_is_told_to_the_end() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let set = ReplicaSet::start(program, Plan { priorities: vec![2.0, 1.0, 1.0], ..Plan::default() }).await;
    let configured = configured(&set.uri());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, Arc::clone(&clock));
    let mut backend = sim.backend();
    backend.mongo = Arc::new(driver(&configured));
    let stack = Stack { mongo: vec![configured], ..Stack::default() };
    let sweep = Sweep::new(0, &stack, &backend, &clock, &Arc::new(Budgets::default()));
    let mut console = Console { sweep, observed: Observed::default() };

    let began = Instant::now();
    while began.elapsed() < IDLE {
        assert_eq!(console.look().await, [""; 0], "after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    set.nodes[0].signal("KILL");
    let killed = Instant::now();
    let (mut electing, mut elected) = (None, None);
    while killed.elapsed() < ELECTION && elected.is_none() {
        let said = console.look().await;
        let says = |rule: &str| said.iter().any(|said| said.starts_with(rule));
        if says("mongo-no-primary warn") || says("mongo-no-primary crit") {
            electing = electing.or(Some(killed.elapsed()));
        }
        if says("mongo-election") && !says("mongo-no-primary") {
            elected = Some((killed.elapsed(), said));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (after, said) = elected.expect("a new primary");
    assert!(electing.is_some_and(|at| at < Duration::from_secs(8)), "{electing:?}");
    assert!(after < ELECTION, "{after:?}");
    for rule in ["mongo-member-state crit", "mongo-majority warn", "mongo-election warn"] {
        assert!(said.iter().any(|said| said.starts_with(rule)), "{rule}: {said:#?}");
    }
}
