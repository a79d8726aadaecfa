//! What every backend owes the feeds of scaling and of alarms.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rounds::backend::ports::{Backend, Page, limits};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::Fault;
use rounds::model::alarm::{Alarm, Transition};
use rounds::model::scaling::{Activity, GroupActivity, Policy, Refresh, Target};
use rounds::time::{Clock, ManualClock, SystemClock, Timestamp};
use serde_json::Value;

use crate::backend::{ANY, connect, stack};
use crate::databases::pages;
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;
use crate::{Verdict, owed, refused};

/// Who is not as AWS is, in which rule, and how.
pub const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("moto", "foreign tokens of targets are refused", "it crashes where a token is no number"),
    ("moto", "activities of scaling are listed", "DescribeScalingActivities is not implemented"),
    ("moto", "activities of no group are refused", "the list is always empty, whatever the group"),
    ("moto", "refreshes of no group are refused", "DescribeInstanceRefreshes is not implemented"),
    ("moto", "refreshes are listed", "DescribeInstanceRefreshes is not implemented"),
    ("moto", "pages of alarms are bounded", "alarms come in one page, whatever its size"),
    ("moto", "foreign tokens of alarms are refused", "it does not page, so it looks at no token"),
    ("moto", "changes are of the window", "DescribeAlarmHistory is not implemented"),
    ("moto", "changes say what changed, the newest first", "DescribeAlarmHistory is not implemented"),
    ("ministack", "targets are listed, none twice", "Application Auto Scaling is not there"),
    ("ministack", "foreign tokens of targets are refused", "Application Auto Scaling is not there"),
    ("ministack", "policies are of targets", "Application Auto Scaling is not there"),
    ("ministack", "activities of scaling are listed", "Application Auto Scaling is not there"),
    ("ministack", "activities of no group are refused", "the list is always empty, whatever the group"),
    ("ministack", "changes say what changed, the newest first", "a new alarm is a change from a state to the same"),
    ("ministack", "foreign tokens of alarms are refused", "a token is the name that the next page begins at"),
];

/// What is known to be there.
struct Known {
    targets: BTreeSet<String>,
    alarms: BTreeSet<String>,
    group: String,
    now: Timestamp,
}

/// What was read, or why not.
struct Read {
    targets: Result<Vec<Vec<Target>>, Fault>,
    policies: Result<Vec<Vec<Policy>>, Fault>,
    activities: Result<Vec<Vec<Activity>>, Fault>,
    group: Result<Vec<Vec<GroupActivity>>, Fault>,
    refreshes: Result<Vec<Vec<Refresh>>, Fault>,
    alarms: Vec<Vec<Alarm>>,
    changes: Result<Vec<Vec<Transition>>, Fault>,
    none: Result<Vec<Vec<Transition>>, Fault>,
}

async fn read(aws: &Backend, known: &Known) -> Read {
    let (scaling, groups, alarms) = (&aws.app_scaling, &aws.group_activities, &aws.alarms);
    let (since, later) = (known.now - Duration::from_hours(1), known.now + Duration::from_hours(1));
    Read {
        targets: pages(async |token| scaling.targets(token.as_deref()).await).await,
        policies: pages(async |token| scaling.policies(token.as_deref()).await).await,
        activities: pages(async |token| scaling.activities(token.as_deref()).await).await,
        group: pages(async |token| groups.activities(&known.group, token.as_deref()).await).await,
        refreshes: pages(async |token| groups.refreshes(&known.group, token.as_deref()).await).await,
        alarms: pages(async |token| alarms.alarms(token.as_deref()).await).await.expect("alarms"),
        changes: pages(async |token| alarms.transitions(since, token.as_deref()).await).await,
        none: pages(async |token| alarms.transitions(later, token.as_deref()).await).await,
    }
}

/// That pages were read, and that they keep a rule.
fn kept<T>(pages: &Result<Vec<Vec<T>>, Fault>, rule: impl FnOnce(&[Vec<T>]) -> Verdict) -> Verdict {
    pages.as_ref().map_err(ToString::to_string).and_then(|pages| rule(pages))
}

fn bounded<T>(pages: &[Vec<T>], most: usize) -> Verdict {
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    owed(sizes.iter().all(|size| *size <= most), sizes)
}

/// These names, each once.
fn named(found: Vec<String>, known: &BTreeSet<String>) -> Verdict {
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    owed(distinct == *known && found.len() == distinct.len(), found)
}

/// The newest first; what has no time is nowhere.
fn newest_first<T>(pages: &[Vec<T>], at: impl Fn(&T) -> Option<Timestamp>) -> Verdict {
    let times: Vec<Option<Timestamp>> = pages.iter().flatten().map(at).collect();
    owed(times.is_sorted_by(|a, b| a >= b) && times.iter().all(Option::is_some), times)
}

fn of_targets(read: &Read) -> Verdict {
    let known = read.targets.as_ref().map_err(ToString::to_string)?;
    let known: BTreeSet<&str> = known.iter().flatten().map(|target| &*target.resource).collect();
    kept(&read.policies, |pages| {
        bounded(pages, limits::SCALING_POLICIES_PAGE)?;
        let stray = pages.iter().flatten().find(|policy| !known.contains(&*policy.resource));
        owed(stray.is_none() && pages.concat().iter().all(|policy| policy.kind.is_some()), stray)
    })
}

fn told(pages: &[Vec<Transition>], alarms: &BTreeSet<String>) -> Verdict {
    newest_first(pages, |change| change.at)?;
    let odd = |change: &&Transition| {
        change.from.is_none() || change.to.is_none() || change.from == change.to || !alarms.contains(&*change.alarm)
    };
    let odd = pages.iter().flatten().find(odd);
    owed(odd.is_none() && !pages.concat().is_empty(), odd)
}

/// Holds a backend to every rule.
async fn hold(name: &str, aws: &Backend, known: &Known) {
    let all = read(aws, known).await;
    let since = known.now - Duration::from_hours(1);
    let names = |pages: &[Vec<Target>]| pages.iter().flatten().map(|target| target.resource.to_string()).collect();
    let ordered = |pages: &[Vec<Target>]| {
        let odd = pages.iter().flatten().find(|target| target.maximum.is_none() || target.minimum > target.maximum);
        owed(odd.is_none(), odd)
    };
    let early = |change: &&Transition| change.at.is_none_or(|at| at < since);
    let window = |pages: &[Vec<Transition>]| {
        let early = pages.iter().flatten().find(early);
        owed(early.is_none() && all.none.as_ref().is_ok_and(|pages| pages.concat().is_empty()), early)
    };
    let count = |page: Page<Target>| page.items.len();
    let (target, alarm) = (aws.app_scaling.targets(Some("made up")).await, aws.alarms.alarms(Some("made up")).await);
    let nobody = patiently(async || aws.group_activities.activities("nobody", None).await).await;
    let unrefreshed = patiently(async || aws.group_activities.refreshes("nobody", None).await).await;
    let alarms: Vec<String> = all.alarms.iter().flatten().map(|alarm| alarm.name.to_string()).collect();
    let verdicts = BTreeMap::from([
        (
            "targets are listed, none twice",
            kept(&all.targets, |pages| {
                bounded(pages, limits::SCALING_PAGE)?;
                ordered(pages)?;
                named(names(pages), &known.targets)
            }),
        ),
        ("foreign tokens of targets are refused", refused(target.map(count), "InvalidNextTokenException")),
        ("policies are of targets", of_targets(&all)),
        (
            "activities of scaling are listed",
            kept(&all.activities, |pages| newest_first(pages, |activity| activity.started_at)),
        ),
        (
            "activities of groups come the newest first",
            kept(&all.group, |pages| newest_first(pages, |activity| activity.started_at)),
        ),
        ("activities of no group are refused", refused(nobody.map(|page| page.items.len()), "ValidationError")),
        ("refreshes are listed", kept(&all.refreshes, |pages| bounded(pages, limits::GROUPS_PAGE))),
        ("refreshes of no group are refused", refused(unrefreshed.map(|page| page.items.len()), "ValidationError")),
        ("alarms are listed, none twice", named(alarms, &known.alarms)),
        ("pages of alarms are bounded", bounded(&all.alarms, limits::ALARMS_PAGE)),
        ("foreign tokens of alarms are refused", refused(alarm.map(|page| page.items.len()), "InvalidNextToken")),
        ("changes are of the window", kept(&all.changes, window)),
        ("changes say what changed, the newest first", kept(&all.changes, |pages| told(pages, &known.alarms))),
    ]);
    let told: BTreeSet<&str> = DEVIATIONS.iter().filter(|(who, ..)| *who == name).map(|(_, rule, _)| *rule).collect();
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert_eq!(broken.keys().copied().collect::<BTreeSet<_>>(), told, "{name}: {broken:#?}");
}

/// Scaling of a simulated world, by the names it gives.
async fn simulated() -> (Sim, Arc<ManualClock>, Known) {
    let scenario = Scenario::named("ehr-mongo").expect("a scenario");
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let aws = sim.backend();
    let targets = aws.app_scaling.targets(None).await.expect("targets");
    let alarms = aws.alarms.alarms(None).await.expect("alarms");
    assert!(targets.items.len() > 1 && targets.next.is_none() && alarms.items.len() > 1 && alarms.next.is_none());
    let group = aws.groups.groups(&[], None).await.expect("groups").items.remove(0).name.to_string();
    let known = Known {
        targets: targets.items.iter().map(|target| target.resource.to_string()).collect(),
        alarms: alarms.items.iter().map(|alarm| alarm.name.to_string()).collect(),
        group,
        now: clock.now(),
    };
    (sim, clock, known)
}

#[tokio::test]
async fn scaling_of_the_simulated_world() {
    let (sim, _, known) = simulated().await;
    hold("simulator", &sim.backend(), &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_of_the_strict_loopback() {
    let (sim, clock, known) = simulated().await;
    let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.expect("it listens");
    hold("loopback", &connect(&stack(&server.endpoint_url(), &[]), ANY).await, &known).await;
    assert_eq!(server.counters().strays, 0);
}

/// The names that boto3 lists.
fn listed(all: &Value, name: &str) -> BTreeSet<String> {
    let all = all.as_array().expect("a list").iter();
    all.filter_map(|one| Some(one[name].as_str()?.to_owned())).collect()
}

/// An emulator that boto3 has filled: with targets and policies where it knows of them, with composite alarms likewise.
async fn emulated(name: &'static str, scales: bool) {
    let Some(testbed) = testbed() else { return };
    let server = Server::start(testbed, &format!("{name}_server.py"));
    let ask = |arguments: &[&str]| second_opinion(testbed, &[&[server.endpoint.as_str()], arguments].concat());
    let mut targets = BTreeSet::new();
    if scales {
        ask(&["fill", "scaled", "51", "0", "0"]);
        targets = listed(&ask(&["scaling", "scaled"])["targets"], "ResourceId");
    } else {
        // Its first answer to what it does not know takes longer than an adapter waits.
        let namespace = r#"{"ServiceNamespace": "ecs"}"#;
        ask(&["refused", "application-autoscaling", "describe_scalable_targets", namespace]);
    }
    ask(&["groups", if scales { "suspend" } else { "refresh" }]);
    let alarms = listed(&ask(&["alarms", "101", if scales { "0" } else { "1" }])["alarms"], "AlarmName");
    assert!(alarms.len() > limits::ALARMS_PAGE);
    let known = Known { targets, alarms, group: "web".to_owned(), now: SystemClock.now() };
    hold(name, &connect(&stack(&server.endpoint, &[]), ANY).await, &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_of_moto() {
    emulated("moto", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_of_ministack() {
    emulated("ministack", false).await;
}
