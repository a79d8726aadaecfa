//! What the rules say of a real set: nothing while it idles, and of each loss what became of it, until there is no majority.

use std::time::Duration;

use rounds::model::Severity;
use tokio::time::{Instant, interval};

use crate::TURN;
use crate::console::Console;
use crate::mongod::{Plan, ReplicaSet, program};

/// How long the idle set is looked at; a status taken for the truth would cry wolf once in 15 looks.
const IDLE: Duration = Duration::from_secs(60);
/// How often: once a second, twice as often as a console does.
const EVERY: Duration = Duration::from_secs(1);
/// The longest a new primary may take, by the default election timeout of 10 s.
const ELECTION: Duration = Duration::from_secs(25);

#[tokio::test]
async fn an_idle_set_raises_no_alarm_and_each_loss_is_told_for_what_it_is() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let set = ReplicaSet::start(program, Plan { priorities: vec![2.0, 1.0, 1.0], ..Plan::default() }).await;
    let mut console = Console::of(&set.uri()).await;
    idles(&mut console).await;
    let term = console.set().and_then(rounds::model::mongo::ReplicaSet::term).expect("a term");

    set.nodes[0].signal("KILL");
    let soon = Duration::from_secs(8);
    let electing = |c: &Console| c.severity("mongo-no-primary") >= Severity::Warn;
    console.until("an election is told", soon, electing).await;
    let told = console.troubles().join("\n");
    assert!(told.contains("electing, nothing can be written") && told.contains("was the primary"), "{told}");
    let elected = |c: &Console| c.severity("mongo-no-primary") == Severity::Ok;
    console.until("there is a new primary", ELECTION, elected).await;
    let known = console.set().expect("the set");
    assert!(known.term() > Some(term), "{:?}", known.term());
    assert!(known.primary().is_some_and(|primary| primary.host != *set.nodes[0].host.as_str()));
    console
        .until("what the loss means is told", ELECTION, |c| {
            let severities = ["mongo-member-state", "mongo-majority", "mongo-election"].map(|rule| c.severity(rule));
            severities == [Severity::Crit, Severity::Warn, Severity::Warn]
        })
        .await;

    set.nodes[1].signal("KILL");
    let lost = |c: &Console| {
        c.severity("mongo-no-primary") == Severity::Crit
            && c.troubles().iter().any(|t| t.contains("no majority: 1 of 3"))
    };
    console.until("there is no majority", ELECTION, lost).await;
}

/// A minute of nothing: no alarm at all, and every look one that has seen how far each secondary is behind.
async fn idles(console: &mut Console) {
    let (end, mut tick, mut looks) = (Instant::now() + IDLE, interval(EVERY), 0);
    while Instant::now() < end {
        tick.tick().await;
        console.look().await;
        assert_eq!(console.troubles(), [""; 0], "at look {looks}");
        let lags: Vec<_> = console.found.iter().filter(|check| check.rule == "mongo-lag").collect();
        assert!(lags.len() == 2 && lags.iter().all(|check| check.severity == Severity::Ok), "{lags:?}");
        looks += 1;
    }
    assert!(looks >= 50, "{looks}");
}
