//! How many tasks a service wants, who may change that, and going back: on the loopback to the end, on moto and ministack as
//! boto3 and CloudTrail see it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::wire::Fault;
use rounds::backend::sim::{Scenario, SimClock, Speed};
use rounds::time::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::run;
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::{Testbed, testbed};
use crate::support::server::Server;

const UPDATE: &str = "ecs:UpdateService";
const STOP: &str = "ecs:StopServiceDeployment";
const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";
const DONE: [&str; 3] = ["intent null", "result applied", "outcome done"];

/// A service that is scaled between 2 and 8, and one that nothing scales.
const SCENARIO: &str = "
    title = 't'
    about = 'a'
    hint = 'h'
    start = '2026-03-14T03:00:00Z'
    opens = '10m'
    caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
    cluster = [{ name = 'ehr', providers = ['p'] }]
    group = [{ name = 'g', minimum = 1, maximum = 4, zones = ['za'] }]
    provider = [{ name = 'p', group = 'g' }]
    target = [{ service = 'api', minimum = 2, maximum = 8 }]
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
    task = { cpu = 256, memory = 512, image = 'registry/api:2.4' }
    rollout = { minimum = 50, maximum = 200 }
    [[service]]
    name = 'batch'
    cluster = 'ehr'
    provider = 'p'
    desired = 2
    task = { cpu = 256, memory = 512, image = 'registry/batch:1' }
    rollout = { minimum = 0, maximum = 200 }
";

fn scenario() -> Scenario {
    Scenario::parse(SCENARIO, "test").expect("a scenario")
}

/// A world in which what is asked for happens within seconds.
async fn fast() -> Stage {
    let speed = Speed::parse("100x").expect("a speed");
    Stage::of(&scenario(), |at| Arc::new(SimClock::new(Arc::new(SystemClock), at.opens(), speed))).await
}

/// A configuration at home there by which these may be done.
fn opted_in(home: &Path) -> String {
    let names = r#"["desired-count", "suspend-scaling", "resume-scaling"]"#;
    let config = format!("opt_in = {names}\n[[stack]]\nname = \"s\"\nallow = {names}\n");
    let path = home.join("rounds.toml");
    std::fs::write(&path, config).expect("written");
    path.display().to_string()
}

fn order(action: &str, target: &str, config: &str) -> String {
    let name = target.rsplit('/').next().and_then(|name| name.split('=').next()).expect("a name");
    format!("act {action} {target} --confirm {name} --reason tired --allow {action} --config {config}")
}

/// The bodies of what changed something, by action.
fn sent(stage: &Stage) -> Vec<(String, Value)> {
    let mutations = stage.server.counters().mutations;
    mutations.into_iter().map(|m| (m.action, serde_json::from_slice(&m.body).expect("JSON"))).collect()
}

fn arn(kind: &str, rest: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_set_within_its_bounds_and_the_undo_is_the_count_before() {
    let stage = fast().await;
    let config = opted_in(stage.home.path());
    let plan = stage.run(&format!("act desired-count ehr/api=6 --plan --json --config {config}")).await.document();
    assert_eq!((&plan["undo"], &plan["confirm"]), (&json!("rounds act desired-count ehr/api=4"), &json!("api")));
    assert_eq!(plan["blast_radius"][0], "starts 2 tasks: 4 wanted, 6 then");
    let done = stage.run(&order("desired-count", "ehr/api=6", &config)).await;
    assert!(done.code == 0 && done.out.contains("done: it wants 6 tasks, 6 run"), "{done:?}");
    let body = json!({ "cluster": arn("cluster", "ehr"), "service": arn("service", "ehr/api"), "desiredCount": 6 });
    assert_eq!(sent(&stage), [(UPDATE.to_owned(), body)]);
    for (target, told) in [
        ("ehr/api=9", "between 2 and 8 and would put 9 back"),
        ("ehr/api=1", "between 2 and 8 and would put 1 back"),
        ("ehr/api=6", "there is nothing to do"),
        ("ehr/batch=400", "g is at its maximum (4/4); instances must come first"),
    ] {
        let refused = stage.run(&order("desired-count", target, &config)).await;
        assert!(refused.code == 2 && refused.out.contains(told), "{target}: {refused:?}");
    }
    for target in ["ehr/api", "ehr/api=", "ehr/api=six", "ehr/api=-2", "ehr/api=6.5"] {
        let wrong = stage.run(&order("desired-count", target, &config)).await;
        assert!(wrong.code == 2 && wrong.err.contains("CLUSTER/SERVICE=TASKS"), "{target}: {wrong:?}");
    }
    assert_eq!((sent(&stage).len(), stage.records().await), (1, DONE.map(str::to_owned).to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_task_at_all_takes_the_account_too() {
    let stage = fast().await;
    let config = opted_in(stage.home.path());
    let without = stage.run(&order("desired-count", "ehr/batch=0", &config)).await;
    assert!(without.code == 2 && sent(&stage).is_empty(), "{without:?}");
    let with = order("desired-count", "ehr/batch=0", &config) + " --account 123456789012";
    let done = stage.run(&with).await;
    assert!(done.code == 0 && done.out.contains("no task is left") && sent(&stage).len() == 1, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_opted_in_is_planned_and_no_more() {
    let stage = Stage::of(&scenario(), |at| Arc::new(ManualClock::at(at.opens()))).await;
    for (action, target) in
        [("desired-count", "ehr/api=5"), ("suspend-scaling", "ehr/api"), ("resume-scaling", "ehr/api")]
    {
        let words = format!("act {action} {target} --confirm api --reason tired --allow {action}");
        let refused = stage.run(&words).await;
        assert!(refused.code == 2 && refused.err.contains("opt_in"), "{refused:?}");
    }
    assert!(sent(&stage).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_is_suspended_told_as_a_problem_and_resumed() {
    let stage = Stage::of(&scenario(), |at| Arc::new(ManualClock::at(at.opens()))).await;
    let config = opted_in(stage.home.path());
    let problem = "\"scaling-target-suspended\"";
    let none = stage.run(&order("suspend-scaling", "ehr/batch", &config)).await;
    assert!(none.code == 2 && none.out.contains("it has no scalable target"), "{none:?}");
    let early = stage.run(&order("resume-scaling", "ehr/api", &config)).await;
    assert!(early.code == 2 && early.out.contains("there is nothing to resume"), "{early:?}");
    let done = stage.run(&order("suspend-scaling", "ehr/api", &config)).await;
    assert!(done.code == 0 && done.out.contains("done: all of its scaling is suspended"), "{done:?}");
    let check = stage.run("check --json").await;
    assert!(check.out.contains("api: scaling out") && check.out.contains(problem), "{check:?}");
    let again = stage.run(&order("suspend-scaling", "ehr/api", &config)).await;
    assert!(again.code == 2 && again.out.contains("suspended already"), "{again:?}");
    let back = stage.run(&order("resume-scaling", "ehr/api", &config)).await;
    assert!(back.code == 0 && back.out.contains("done: none of its scaling is suspended"), "{back:?}");
    let body = |off: bool| {
        let flags = json!({
            "DynamicScalingInSuspended": off, "DynamicScalingOutSuspended": off, "ScheduledScalingSuspended": off,
        });
        let of = json!({
            "ServiceNamespace": "ecs", "ResourceId": "service/ehr/api",
            "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": flags,
        });
        (REGISTER.to_owned(), of)
    };
    assert_eq!(sent(&stage), [body(true), body(false)]);
    assert_eq!(stage.records().await, [DONE, DONE].concat());
    let bounds = stage.sim.with(|world| world.mutations().len());
    assert_eq!(bounds, 2);
}

/// Rolls back what was forced, while time stands still until the request is there.
async fn rolled_back(stage: &Stage, clock: &ManualClock) -> crate::binary::Run {
    let words = "act rollback ehr/api --confirm api --reason tired --allow rollback";
    let later = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while stage.server.counters().calls(STOP) == 0 {
            look.tick().await;
        }
        clock.set(clock.now() + Duration::from_mins(20));
    };
    tokio::select! {
        run = stage.run(words) => run,
        run = async { later.await; std::future::pending().await } => run,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_rolled_back_to_its_end() {
    let clock = Arc::new(ManualClock::at(scenario().opens()));
    let stage = Stage::of(&scenario(), |_| clock.clone()).await;
    let early = stage.run("act rollback ehr/api --plan").await;
    assert!(early.code == 2 && early.out.contains("the newest deployment is SUCCESSFUL"), "{early:?}");
    let (cluster, service) = (arn("cluster", "ehr"), arn("service", "ehr/api"));
    stage.sim.with(|world| world.force_deployment(&cluster, &service)).expect("forced");
    clock.set(clock.now() + Duration::from_secs(2));
    let plan = stage.run("act rollback ehr/api --plan --json").await.document();
    let radius = plan["blast_radius"].to_string();
    for part in ["of the new revision arn:aws:ecs:", "goes back to arn:aws:ecs:", "api: registry/api:2.4 is sha256:"] {
        assert!(radius.contains(part), "{part}: {plan:#}");
    }
    assert!(plan["undo"].as_str().is_some_and(|undo| undo.starts_with("rounds act force-deploy ehr/api")), "{plan:#}");
    let forced = stage.run("act force-deploy ehr/api --plan").await;
    assert!(forced.out.contains("rounds act rollback ehr/api, or: aws "), "{forced:?}");
    stage.server.faults().set(STOP, Fault::LoseAnswer, None);
    let done = rolled_back(&stage, &clock).await;
    assert!(done.code == 0 && done.out.contains("done: it is rolled back to arn:aws:ecs:"), "{done:?}");
    let body =
        json!({ "serviceDeploymentArn": plan["call"]["parameters"]["serviceDeploymentArn"], "stopType": "ROLLBACK" });
    assert_eq!(sent(&stage), [(STOP.to_owned(), body)]);
    assert_eq!(stage.records().await, ["intent null", "result unknown", "outcome done"]);
    let again = stage.run("act rollback ehr/api --plan").await;
    assert!(again.code == 2 && again.out.contains("the newest deployment is ROLLBACK_SUCCESSFUL"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_plan_may_not_read_of_revisions_is_not_taken_for_known() {
    let stage = Stage::of(&scenario(), |at| Arc::new(ManualClock::at(at.opens()))).await;
    stage.sim.with(|world| world.force_deployment(&arn("cluster", "ehr"), &arn("service", "ehr/api"))).expect("forced");
    stage.server.faults().set("ecs:DescribeServiceRevisions", Fault::Deny, None);
    let plan = stage.run("act rollback ehr/api --plan").await;
    assert!(plan.code == 1 && plan.out.contains("of which nothing more is known"), "{plan:?}");
    stage.server.faults().set("ecs:ListServiceDeployments", Fault::Deny, None);
    let denied = stage.run("act rollback ehr/api --plan").await;
    assert!(denied.code == 3 && denied.err.contains("allow ecs:ListServiceDeployments"), "{denied:?}");
}

/// Four services of the cluster `acted`, made by boto3, and scaled where that is asked for.
async fn filled(testbed: &'static Testbed, script: &'static str, scaled: bool) -> Server {
    let fill = move || {
        let server = Server::start(testbed, script);
        second_opinion(testbed, &[&server.endpoint, "fill", "acted", "4", "0", "0"]);
        if scaled {
            second_opinion(testbed, &[&server.endpoint, "scaling", "acted"]);
        }
        server
    };
    spawn_blocking(fill).await.expect("filled")
}

async fn asked(testbed: &'static Testbed, server: &Server, words: &[&'static str]) -> Value {
    let (endpoint, words) = (server.endpoint.clone(), words.to_vec());
    let ask = move || second_opinion(testbed, &[&[endpoint.as_str()], words.as_slice()].concat());
    spawn_blocking(ask).await.expect("read")
}

/// How many tasks each service wants, as boto3 reads it.
async fn counts(testbed: &'static Testbed, server: &Server) -> Vec<(String, u64)> {
    let all = asked(testbed, server, &["list", "acted"]).await;
    let services = all["services"].as_array().expect("a list").iter();
    let count = |one: &Value| {
        (one["serviceName"].as_str().expect("a name").to_owned(), one["desiredCount"].as_u64().expect("a count"))
    };
    let mut counts: Vec<_> = services.map(count).collect();
    counts.sort();
    counts
}

fn wants(expected: [u64; 4]) -> Vec<(String, u64)> {
    (0..4).map(|n| format!("service-{n:04}")).zip(expected).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_count_on_moto_and_ministack_whose_trail_has_one_update() {
    let Some(testbed) = testbed() else { return };
    for (script, target, expected) in [
        // moto starts no task, so that only none is ever reached there.
        ("moto_server.py", "acted/service-0001=0", [0, 0, 2, 3]),
        ("ministack_server.py", "acted/service-0003=2", [0, 1, 2, 2]),
    ] {
        let server = filled(testbed, script, false).await;
        let home = tempfile::tempdir().expect("a directory");
        let config = opted_in(home.path());
        assert_eq!(counts(testbed, &server).await, wants([0, 1, 2, 3]), "{script}");
        let account = if target.ends_with("=0") { " --account 123456789012" } else { "" };
        let words = order("desired-count", target, &config) + account + " --timeout 60s";
        let done = run(&words, &server.endpoint, home.path()).await;
        assert_eq!(done.code, 0, "{script}: {done:?}");
        assert_eq!(counts(testbed, &server).await, wants(expected), "{script}");
        assert_eq!(records(&server.endpoint, home.path()).await, DONE, "{script}");
        if script.starts_with("ministack") {
            let trail = asked(testbed, &server, &["trail", "UpdateService"]).await;
            assert_eq!(trail.as_array().map(Vec::len), Some(1), "{trail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_suspended_target_on_moto_and_nothing_else_has_changed() {
    let Some(testbed) = testbed() else { return };
    let moto = filled(testbed, "moto_server.py", true).await;
    let home = tempfile::tempdir().expect("a directory");
    let config = opted_in(home.path());
    let before = asked(testbed, &moto, &["targets"]).await;
    let done = run(&order("suspend-scaling", "acted/service-0001", &config), &moto.endpoint, home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    let state = |off: bool| json!({ "DynamicScalingInSuspended": off, "DynamicScalingOutSuspended": off, "ScheduledScalingSuspended": off });
    for (action, off) in [("suspend-scaling", true), ("resume-scaling", false)] {
        if !off {
            let back = run(&order(action, "acted/service-0001", &config), &moto.endpoint, home.path()).await;
            assert_eq!(back.code, 0, "{back:?}");
        }
        let mut expected = before.clone();
        expected["service/acted/service-0001"]["suspended"] = state(off);
        assert_eq!(asked(testbed, &moto, &["targets"]).await, expected, "{action}");
    }
    assert_eq!(records(&moto.endpoint, home.path()).await, [DONE, DONE].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_no_deployments_of_services_rolls_nothing_back() {
    let Some(testbed) = testbed() else { return };
    for script in ["moto_server.py", "ministack_server.py"] {
        let server = filled(testbed, script, false).await;
        let home = tempfile::tempdir().expect("a directory");
        let words = "act rollback acted/service-0001 --confirm service-0001 --reason tired --allow rollback";
        let refused = run(words, &server.endpoint, home.path()).await;
        // moto refuses the operation, ministack lists none.
        let (code, told) = match script {
            "moto_server.py" => (3, ["cannot plan, nothing was sent", "ServiceDeployments"]),
            _ => (2, ["ECS knows no deployment of acted/service-0001", "look at the service's deployments"]),
        };
        assert!(refused.code == code && told.iter().all(|told| refused.err.contains(told)), "{script}: {refused:?}");
        assert_eq!(records(&server.endpoint, home.path()).await, Vec::<String>::new(), "{script}");
    }
}
