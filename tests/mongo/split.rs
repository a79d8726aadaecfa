//! A member that is silent, and one that the others do not hear: told before the set itself knows, and as what it is.

use std::time::Duration;

use mongodb::bson::doc;
use rounds::health::mongo::Sight;
use rounds::model::Severity;

use crate::TURN;
use crate::bridge::Bridge;
use crate::console::Console;
use crate::mongod::{Plan, ReplicaSet, free_ports, program};

/// What the set needs to notice something (10 s without heartbeats), and two cores to work it out.
const NOTICED: Duration = Duration::from_secs(30);

/// What this member says of the health of each one, itself among them.
async fn healths(set: &ReplicaSet, node: usize) -> Vec<bool> {
    let status = set.client(node, None).database("admin").run_command(doc! { "replSetGetStatus": 1 }).await;
    let status = status.expect("it answers");
    let members = status.get_array("members").expect("members").iter();
    let health = |member: &mongodb::bson::Bson| member.as_document()?.get_f64("health").ok();
    members.map(|member| health(member).expect("health") > 0.0).collect()
}

#[tokio::test]
async fn a_frozen_member_is_told_before_the_set_knows_it_and_a_partitioned_one_as_at_odds_with_the_others() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let ports = free_ports(3);
    let bridge = Bridge::before(&ports).await;
    let names = bridge.names.clone();
    let plan = Plan { priorities: vec![2.0, 1.0, 1.0], ports, names: names.clone(), ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    let mut console = Console::of(&set.uri()).await;
    console.until("all is well", NOTICED, |c| c.troubles().is_empty()).await;
    frozen(&set, &names, &mut console).await;
    partitioned(&set, &names, &bridge, &mut console).await;
}

async fn frozen(set: &ReplicaSet, names: &[String], console: &mut Console) {
    let says =
        |c: &Console, rule: &str| c.says(rule, &names[1]).map(|check| (check.severity, check.message.to_string()));
    let has = |c: &Console, rule: &str, severity: Severity, words: &str| {
        says(c, rule).is_some_and(|(found, message)| found == severity && message.contains(words))
    };
    set.nodes[1].signal("STOP");
    let silent = |c: &Console| {
        has(c, "mongo-member-state", Severity::Unknown, "does not answer this console, though other members hear it")
    };
    console.until("it does not answer here", Duration::from_secs(5), silent).await;
    let unheard =
        |c: &Console| has(c, "mongo-heartbeat", Severity::Warn, "nobody hears it, and it is not marked down yet");
    console.until("nobody hears it", Duration::from_secs(9), unheard).await;
    // The others still believe in it.
    for node in [0, 2] {
        assert_eq!(healths(set, node).await, [true; 3], "{:#?}", console.troubles());
    }
    assert!(console.severity("mongo-member-state") < Severity::Crit, "{:#?}", console.troubles());
    let down = |c: &Console| has(c, "mongo-member-state", Severity::Crit, "DOWN");
    console.until("it is marked down", NOTICED, down).await;
    assert!(!healths(set, 0).await[1]);
    assert_eq!(says(console, "mongo-heartbeat"), None, "a member that is down is said to be down, and nothing else");
    set.nodes[1].signal("CONT");
    let agree = |c: &Console| c.severity("mongo-disagreement") == Severity::Ok;
    console.until("it is back, and nobody holds it to be down", NOTICED, |c| c.troubles().is_empty() && agree(c)).await;
}

async fn partitioned(set: &ReplicaSet, names: &[String], bridge: &Bridge, console: &mut Console) {
    bridge.cut(Some(2));
    let odds = |c: &Console| c.set().map(|set| Sight::of(set).contradicted(&names[2])).unwrap_or_default();
    let at_odds = |c: &Console| {
        let said = c.says("mongo-disagreement", &names[2]).map(|check| check.message.to_string()).unwrap_or_default();
        let is_told = said.contains("to be down, which answer here: network split");
        // It holds both others to be down, and both of them hold it.
        is_told && names.iter().all(|name| said.contains(name)) && odds(c).len() == 4
    };
    console.until("its own view is told to differ", NOTICED, at_odds).await;
    assert_eq!(healths(set, 2).await, [false, false, true], "what it believes");
    assert_eq!(healths(set, 0).await, [true, true, false], "what the others believe");
    // One split, said once, and nobody who answers is taken for dead.
    let told: Vec<_> = console.found.iter().filter(|check| check.rule == "mongo-disagreement").collect();
    assert_eq!(told.iter().filter(|check| check.severity > Severity::Ok).count(), 1, "{told:#?}");
    assert!(["mongo-member-state", "mongo-no-primary"].iter().all(|rule| console.severity(rule) == Severity::Ok));
    let known = console.set().expect("the set");
    assert_eq!(known.primary().map(|primary| primary.host.as_str()), Some(names[0].as_str()));
    let odds = odds(console);
    assert!(odds.contains(&format!("{} holds {} to be down", names[2], names[0])), "{odds:?}");
    let lasting = |c: &Console| c.severity("mongo-disagreement") == Severity::Warn;
    console.until("it lasts", NOTICED, lasting).await;
    bridge.cut(None);
    console.until("they agree again", NOTICED, |c| c.severity("mongo-disagreement") == Severity::Ok).await;
}
