//! What a plan reads beside the feeds, over the wire: protected tasks, digests, and what cannot be read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rounds::action::ACTIONS;
use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::Fault;
use rounds::feed::FEEDS;
use rounds::time::ManualClock;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::run;
use crate::stage::Stage;
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;

const PROTECTION: &str = "ecs:GetTaskProtection";
const REVISIONS: &str = "ecs:DescribeServiceRevisions";

/// A service of two containers, one of whose tasks is protected for two hours.
const SCENARIO: &str = "
    title = 't'
    about = 'a'
    hint = 'h'
    start = '2026-03-14T03:00:00Z'
    opens = '10m'
    caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
    cluster = [{ name = 'ehr', providers = ['p'] }]
    group = [{ name = 'g', minimum = 1, maximum = 9, zones = ['za'] }]
    provider = [{ name = 'p', group = 'g' }]
    [[instances]]
    cluster = 'ehr'
    group = 'g'
    zone = 'za'
    count = 4
    cpu = 4096
    memory = 8192
    [[service]]
    name = 'api'
    cluster = 'ehr'
    provider = 'p'
    desired = 4
    task = { cpu = 256, memory = 512, image = 'registry:5000/api:2.4', sidecars = { log = 'log@sha256:0af' } }
    rollout = { minimum = 50, maximum = 200, breaker = 'rollback' }
    [[at]]
    time = '1m'
    do = 'protect-task'
    service = 'api'
";

/// The weight and the words of every check of a plan.
fn checks(plan: &Value) -> Vec<(String, String, String)> {
    let text = |check: &Value, member: &str| check[member].as_str().expect("text").to_owned();
    let all = plan["checks"].as_array().expect("a list").iter();
    all.map(|check| (text(check, "id"), text(check, "level"), text(check, "text"))).collect()
}

fn check(plan: &Value, id: &str) -> (String, String) {
    let found = checks(plan).into_iter().find(|(known, ..)| known == id);
    found.map_or_else(|| panic!("no check {id}: {plan:#}"), |(_, level, text)| (level, text))
}

async fn stage() -> Stage {
    let scenario = Scenario::parse(SCENARIO, "test").expect("a scenario");
    Stage::of(&scenario, |scenario| Arc::new(ManualClock::at(scenario.opens() + Duration::from_secs(1)))).await
}

const PLAN: &str = "act force-deploy ehr/api --plan --json";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_the_protected_task_and_the_digest_of_the_tag() {
    let stage = stage().await;
    let plan = stage.run(PLAN).await;
    assert_eq!(plan.code, 1, "{plan:?}");
    let plan = plan.document();
    let (level, text) = check(&plan, "protected");
    assert!(
        level == "warn" && text.starts_with("1 task is protected from scale-in until 2026-03-14 05:01:00Z ("),
        "{text}"
    );
    let (level, text) = check(&plan, "image");
    let digest = text.strip_prefix("api: tag 2.4 is sha256:").and_then(|rest| rest.split_once(' ')).expect("a digest");
    assert!(
        level == "warn" && digest.0.len() == 64 && digest.1 == "as it runs now; forcing resolves it anew",
        "{text}"
    );
    assert!(checks(&plan).iter().all(|(id, ..)| id != "unread"), "{plan:#}");
    let counters = stage.server.counters();
    assert_eq!((counters.calls(PROTECTION), counters.calls(REVISIONS)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_may_not_read_is_named_with_the_permission_and_nothing_more_is_lost() {
    let stage = stage().await;
    for action in [PROTECTION, REVISIONS] {
        stage.server.faults().set(action, Fault::Deny, None);
    }
    let plan = stage.run(PLAN).await;
    assert_eq!(plan.code, 1, "a warning, not a block: {plan:?}");
    let plan = plan.document();
    let (level, text) = check(&plan, "unread");
    for part in [PROTECTION, REVISIONS, "; allow ecs:GetTaskProtection to this role"] {
        assert!(level == "warn" && text.contains(part), "{text}");
    }
    assert_eq!(check(&plan, "protected").1, "whether 4 tasks are protected from scale-in is not known");
    assert!(check(&plan, "image").1.starts_with("api: tag 2.4 is sha256:"), "the tasks know it too");
    assert_eq!(plan["refusals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_whatever_is_asked_without_leave_only_reads_reach_the_wire() {
    let stage = stage().await;
    for words in [
        "check",
        "export services",
        "export tasks",
        PLAN,
        "act rollback ehr/api --plan",
        "act desired-count ehr/api=5 --plan",
        "act suspend-scaling ehr/api --plan",
        "act force-deploy ehr/api --confirm api --reason x",
        "act force-deploy ehr/api --confirm api --reason x --allow force-deploy --read-only",
    ] {
        stage.run(words).await;
    }
    let mut counters = vec![stage.server.counters()];
    for name in ["telehealth-fargate", "rx-spot"] {
        let scenario = Scenario::named(name).expect("a scenario");
        let stage = Stage::of(&scenario, |scenario| Arc::new(ManualClock::at(scenario.opens()))).await;
        stage.run("check").await;
        counters.push(stage.server.counters());
    }
    let reads = FEEDS.iter().flat_map(|feed| feed.actions).chain(ACTIONS.iter().flat_map(|spec| spec.reads));
    let reads: BTreeSet<&str> = reads.copied().collect();
    let asked: BTreeSet<&str> = counters.iter().flat_map(|seen| seen.calls.keys()).map(String::as_str).collect();
    let mutations: Vec<_> = counters.iter().flat_map(|seen| &seen.mutations).collect();
    assert_eq!((asked, mutations), (reads, vec![]), "every permission asked for is used, and no other");
}

/// A service on an emulator, two of whose tasks run.
async fn staffed(script: &'static str) -> Option<Server> {
    let testbed = testbed()?;
    let started = spawn_blocking(move || {
        let server = Server::start(testbed, script);
        second_opinion(testbed, &[&server.endpoint, "fill", "planned", "2", "0", "0"]);
        second_opinion(testbed, &[&server.endpoint, "staff", "planned", "service-0001", "2"]);
        server
    });
    Some(started.await.expect("filled"))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_moto_does_not_tell_the_plan_says_so_and_stands() {
    let Some(moto) = staffed("moto_server.py").await else { return };
    let home = tempfile::tempdir().expect("a directory");
    let plan = run("act force-deploy planned/service-0001 --plan --json", &moto.endpoint, home.path()).await;
    assert_eq!(plan.code, 1, "{plan:?}");
    let plan = plan.document();
    assert_eq!(check(&plan, "protected").1, "whether 2 tasks are protected from scale-in is not known");
    let (level, text) = check(&plan, "unread");
    assert!(level == "warn" && text.contains("ecs:GetTaskProtection: not supported here"), "{text}");
    assert_eq!(check(&plan, "image").0, "warn");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_ministack_leaves_tasks_out_they_are_not_taken_for_free() {
    let Some(ministack) = staffed("ministack_server.py").await else { return };
    let home = tempfile::tempdir().expect("a directory");
    let plan = run("act force-deploy planned/service-0001 --plan --json", &ministack.endpoint, home.path()).await;
    assert_eq!(plan.code, 1, "{plan:?}");
    let plan = plan.document();
    let (level, text) = check(&plan, "unread");
    assert!(level == "warn" && text.contains("absent from the answer"), "{text}");
    assert!(check(&plan, "protected").1.ends_with("protected from scale-in is not known"), "{plan:#}");
}
