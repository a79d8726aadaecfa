//! Whole worlds, listed: by the program, by the screen, by boto3's paginators, and judged by botocore's models.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rounds::backend::ports::{Backend, Listing, Page};
use rounds::backend::sim::wire::{Options, Rates, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::Fault;
use rounds::text::Text;
use rounds::time::{ManualClock, Timestamp};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::opinion::second_opinion;
use crate::python::{Testbed, testbed};
use crate::{lists, serving, still};

/// Services, tasks and instances: one more than a batch of services, than a page, and than ten pages of tasks.
const SIZES: [[u32; 3]; 3] = [[11, 33, 3], [101, 1_001, 102], [1_001, 1_001, 12]];

/// A world of this size on AWS's own rates: four consoles at once list what boto3 lists, and none of them is throttled.
async fn lists_alike(testbed: &'static Testbed, size: [u32; 3]) {
    let [services, tasks, instances] = size;
    let (sim, _) = still(&Scenario::sized(services, tasks, instances));
    let (strict, quiet) = (serving(&sim, Rates::Documented).await, serving(&sim, Rates::Off).await);
    let url = quiet.endpoint_url();
    let listed = spawn_blocking(move || second_opinion(testbed, &[&url, "list", "scale"])).await.unwrap();
    let shown = lists::as_boto3(&strict.endpoint_url(), "scale", &listed).await;
    assert_eq!(shown.counts, size.map(|n| n as usize), "the world's own numbers");
    let words = format!("1 cluster, {services} services, {tasks} tasks, {instances} instances");
    assert!(shown.ecs_line.contains(&words), "{}", shown.ecs_line);
    let counters = strict.counters();
    assert_eq!((counters.throttled.len(), counters.strays), (0, 0), "{:?}", counters.throttled);
    assert_eq!(counters.mutations, []);
    let (calls, took) = (counters.total(), shown.took.as_secs_f64());
    writeln!(std::io::stderr(), "{words}: {calls} calls of four consoles, none throttled; export {took:.1} s")
        .expect("stderr");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_and_screen_list_what_boto3_lists_over_real_pages() {
    let Some(testbed) = testbed() else { return };
    join_all(SIZES.map(|size| lists_alike(testbed, size))).await;
}

/// Everything a port lists, sorted.
async fn listed(aws: &Backend, what: Listing) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let page = aws.ecs.list(&what, token.as_deref()).await.unwrap();
        all.extend(page.items);
        token = page.next;
        if token.is_none() {
            all.sort();
            return all;
        }
    }
}

/// The world as it is behind the ports, in the form of `list_all.py`.
async fn whole(sim: &Backend, now: Timestamp) -> Value {
    let clusters = listed(sim, Listing::Clusters).await;
    let [mut services, mut tasks, mut stopped, mut instances] = [const { Vec::new() }; 4];
    for cluster in &clusters {
        services.extend(listed(sim, Listing::Services(cluster.clone())).await);
        tasks.extend(listed(sim, Listing::Tasks(cluster.clone())).await);
        stopped.extend(listed(sim, Listing::StoppedTasks(cluster.clone())).await);
        instances.extend(listed(sim, Listing::Instances(cluster.clone())).await);
    }
    let mut providers: Vec<String> =
        sim.ecs.providers(&[]).await.unwrap().items.iter().map(|p| p.name.to_string()).collect();
    providers.sort();
    let mut groups: Vec<String> =
        sim.groups.groups(&[], None).await.unwrap().items.iter().map(|g| g.name.to_string()).collect();
    groups.sort();
    let scaling = scaling(sim, &groups, now).await;
    let account = sim.sts.caller().await.unwrap().account.to_string();
    let mut whole = json!({
        "account": account, "clusters": clusters, "services": services, "tasks": tasks, "stopped": stopped,
        "instances": instances, "providers": providers, "groups": groups,
    });
    whole.as_object_mut().unwrap().extend(scaling);
    whole
}

/// The names of everything on all pages of a list, sorted.
async fn names<T>(
    next: impl AsyncFn(Option<String>) -> Result<Page<T>, Fault>,
    name: impl Fn(&T) -> &Text,
) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let page = next(token).await.unwrap();
        all.extend(page.items.iter().map(|item| name(item).to_string()));
        token = page.next;
        if token.is_none() {
            all.sort();
            return all;
        }
    }
}

/// Scaling and alarms of a world.
async fn scaling(sim: &Backend, groups: &[String], now: Timestamp) -> serde_json::Map<String, Value> {
    let mut activities = Vec::new();
    for group in groups {
        let of_group = async |token: Option<String>| sim.group_activities.activities(group, token.as_deref()).await;
        activities.extend(names(of_group, |activity| &activity.id).await);
    }
    activities.sort();
    let (scaling, alarms) = (&sim.app_scaling, &sim.alarms);
    let month = now - Duration::from_hours(30 * 24);
    let targets = names(async |token| scaling.targets(token.as_deref()).await, |target| &target.resource).await;
    let policies = names(async |token| scaling.policies(token.as_deref()).await, |policy| &policy.name).await;
    let done = names(async |token| scaling.activities(token.as_deref()).await, |activity| &activity.id).await;
    let all = names(async |token| alarms.alarms(token.as_deref()).await, |alarm| &alarm.name).await;
    let changes = names(async |token| alarms.transitions(month, token.as_deref()).await, |change| &change.alarm).await;
    let Value::Object(all) = json!({
        "group_activities": activities, "scaling_targets": targets, "scaling_policies": policies,
        "scaling_activities": done, "alarms": all, "alarm_changes": changes,
    }) else {
        panic!("an object")
    };
    all
}

/// boto3 lists exactly the world, and botocore finds nothing in its answers that AWS's models do not have.
async fn judged(testbed: &'static Testbed, name: &str, scenario: Scenario) {
    // On the world's own clock, for history is asked for by how long ago it was.
    let opens = scenario.opens();
    let clock = Arc::new(ManualClock::at(opens));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let options = Options { clock, rates: Rates::Off, ..Options::default() };
    let server = serve(sim.backend(), options).await.unwrap();
    let ask = |script: &'static str| {
        let url = server.endpoint_url();
        spawn_blocking(move || testbed.script(script).args([&url, "us-east-1"]).output().unwrap())
    };
    let (all, oracle) = tokio::join!(ask("list_all.py"), ask("oracle.py"));
    let (all, oracle) = (all.unwrap(), oracle.unwrap());
    let all: Value = serde_json::from_slice(&all.stdout).unwrap_or_else(|_| panic!("{all:?}"));
    let world = whole(&sim.backend(), opens).await;
    for (member, ours) in world.as_object().unwrap() {
        assert_eq!(all[member], *ours, "{name}: {member}");
    }
    let text = String::from_utf8_lossy(&oracle.stdout).into_owned();
    let summary: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default();
    assert_eq!((oracle.status.success(), &summary["findings"]), (true, &json!(0)), "{name}: {oracle:?}");
    assert!(summary["answers"].as_u64().is_some_and(|answers| answers >= 50), "{name}: {text}");
    let stopped = world["stopped"].as_array().unwrap().len();
    writeln!(std::io::stderr(), "{name}: {} answers, 0 findings; {stopped} stopped tasks", summary["answers"])
        .expect("stderr");
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_finds_nothing_in_a_quiet_world_nor_in_the_middle_of_an_incident() {
    let Some(testbed) = testbed() else { return };
    tokio::join!(
        judged(testbed, "sized", Scenario::sized(101, 203, 101)),
        judged(testbed, "ehr-mongo at 03:12:44", Scenario::named("ehr-mongo").unwrap()),
        judged(testbed, "ehr-aurora", Scenario::named("ehr-aurora").unwrap()),
        judged(testbed, "telehealth-fargate", Scenario::named("telehealth-fargate").unwrap()),
        judged(testbed, "rx-spot", Scenario::named("rx-spot").unwrap()),
    );
}
