//! Scaling, groups and alarms on emulators: what the adapters read is what boto3 lists.

use std::collections::BTreeMap;
use std::time::Duration;

use rounds::backend::ports::{Backend, Page};
use rounds::model::alarm::{Alarm, Transition, Watches};
use rounds::model::scaling::{Group, Policy, Target};
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;
use rounds::time::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

use crate::binary::rounds;
use crate::databases::{all, by_name, kept, words};
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::{Testbed, testbed};
use crate::support::server::Server;

/// One more than a page of targets.
const TARGETS: &str = "51";

/// One more than a page of alarms, with the composite one.
const ALARMS: &str = "100";

fn started(name: &str) -> Option<(&'static Testbed, Server)> {
    let testbed = testbed()?;
    Some((testbed, Server::start(testbed, &format!("{name}_server.py"))))
}

fn target(of: &Target) -> Value {
    kept(json!({
        "ResourceId": of.resource.as_str(), "ScalableDimension": of.dimension.as_str(), "MinCapacity": of.minimum,
        "MaxCapacity": of.maximum, "scaling_in_suspended": of.suspended.map(|s| s.scaling_in),
        "scaling_out_suspended": of.suspended.map(|s| s.scaling_out),
    }))
}

fn policy(of: &Policy) -> Value {
    kept(json!({
        "PolicyARN": of.arn.as_str(), "PolicyName": of.name.as_str(), "ResourceId": of.resource.as_str(),
        "PolicyType": words(of.kind.as_ref()), "target": of.target, "metric": words(of.metric.as_ref()),
        "cooldown": of.cooldown, "steps": of.steps, "alarms": of.alarms.iter().map(Text::as_str).collect::<Vec<_>>(),
    }))
}

fn group(of: &Group) -> Value {
    let instance = |i: &rounds::model::scaling::GroupInstance| {
        kept(json!({
            "InstanceId": i.id.as_str(), "AvailabilityZone": words(i.az.as_ref()),
            "LifecycleState": words(i.lifecycle.as_ref()), "HealthStatus": words(i.health.as_ref()),
        }))
    };
    kept(json!({
        "AutoScalingGroupName": of.name.as_str(), "MinSize": of.minimum, "MaxSize": of.maximum,
        "DesiredCapacity": of.desired, "instances": of.instances.iter().map(instance).collect::<Vec<_>>(),
        "suspended": of.suspended.iter().map(|(process, _)| process.as_str()).collect::<Vec<_>>(),
    }))
}

fn alarm(of: &Alarm) -> Value {
    let common = json!({
        "AlarmName": of.name.as_str(), "AlarmArn": of.arn.as_str(), "StateValue": words(of.state.as_ref()),
        "StateReason": words(of.reason.as_ref()), "ActionsEnabled": of.actions_enabled,
        "AlarmActions": of.actions.iter().map(Text::as_str).collect::<Vec<_>>(),
    });
    let own = match &of.watches {
        Watches::Alarms(rule) => json!({ "AlarmRule": rule.as_str() }),
        Watches::Metric(metric) => json!({
            "Namespace": words(metric.namespace.as_ref()), "MetricName": words(metric.metric.as_ref()),
            "Statistic": words(metric.statistic.as_ref()), "Threshold": metric.threshold,
            "ComparisonOperator": words(metric.comparison.as_ref()), "EvaluationPeriods": metric.evaluation_periods,
            "Period": metric.period.map(|period| period.as_secs()),
        }),
    };
    let (Value::Object(mut common), Value::Object(own)) = (common, own) else { panic!("objects") };
    common.extend(own);
    kept(Value::Object(common))
}

fn change(of: &Transition) -> Value {
    json!([of.alarm.as_str(), words(of.from.as_ref()), words(of.to.as_ref()), words(of.reason.as_ref())])
}

fn list(listed: &Value, what: &str) -> Vec<Value> {
    listed[what].as_array().expect("a list").clone()
}

async fn transitions(aws: &Backend, since: Timestamp) -> Vec<Transition> {
    all(async |token| aws.alarms.transitions(since, token.as_deref()).await).await.0
}

/// That a list is not there at all, and that it is said so.
fn unsupported<T: std::fmt::Debug>(answer: Result<Page<T>, Fault>, action: &str) {
    let fault = answer.expect_err("no such operation");
    assert_eq!((fault.kind, fault.action), (FaultKind::Unsupported, action), "{fault}");
    assert_eq!(fault.kind.word(), "not supported here");
}

/// Targets and policies, more than a page of each, as boto3 lists them.
async fn scaled_as_boto3(aws: &Backend, listed: &Value) {
    let (targets, pages) = all(async |token| aws.app_scaling.targets(token.as_deref()).await).await;
    assert_eq!((targets.len(), pages), (51, 2));
    let name = "ResourceId";
    assert_eq!(by_name(targets.iter().map(target), name), by_name(list(listed, "targets"), name));
    assert!(targets.iter().all(|target| target.created_at.is_some() && target.service().is_some()));
    let (policies, pages) = all(async |token| aws.app_scaling.policies(token.as_deref()).await).await;
    assert_eq!((policies.len(), pages), (12, 2));
    let name = "PolicyARN";
    assert_eq!(by_name(policies.iter().map(policy), name), by_name(list(listed, "policies"), name));
    let kinds: BTreeMap<&str, usize> = policies.iter().fold(BTreeMap::new(), |mut kinds, policy| {
        *kinds.entry(policy.kind.as_deref().expect("a kind")).or_default() += 1;
        kinds
    });
    assert_eq!(kinds, BTreeMap::from([("StepScaling", 6), ("TargetTrackingScaling", 6)]));
}

async fn groups_as_boto3(aws: &Backend, listed: &Value) -> Vec<Group> {
    let names = ["web".to_owned(), "idle".to_owned()];
    let page = patiently(async || aws.groups.groups(&names, None).await).await.expect("groups");
    let name = "AutoScalingGroupName";
    assert_eq!(by_name(page.items.iter().map(group), name), by_name(list(listed, "groups"), name));
    page.items
}

async fn alarms_as_boto3(aws: &Backend, listed: &Value, composite: usize) -> usize {
    let (alarms, pages) = all(async |token| aws.alarms.alarms(token.as_deref()).await).await;
    assert_eq!(alarms.iter().filter(|alarm| matches!(alarm.watches, Watches::Alarms(_))).count(), composite);
    let name = "AlarmArn";
    assert_eq!(by_name(alarms.iter().map(alarm), name), by_name(list(listed, "alarms"), name));
    pages
}

/// A view as the program exports it: the rows, each by its id with these fields, and what was said beside them.
async fn exported(server: &Server, view: &str, fields: &[&str]) -> (BTreeMap<String, Value>, i32, String) {
    let words = format!("export {view} --format json");
    let mut run = rounds(&words, &server.endpoint).await;
    // An emulator that answers one request at a time can be too slow on a busy machine.
    for _ in 0..3 {
        if run.err.contains("no answer") {
            run = rounds(&words, &server.endpoint).await;
        }
    }
    let rows = run.document()["rows"].as_array().expect("rows").clone();
    let row =
        |row: &Value| json!({ "id": row["id"], "fields": fields.iter().map(|f| row[f].clone()).collect::<Vec<_>>() });
    let count = rows.len();
    let rows = by_name(rows.iter().map(row), "id");
    assert_eq!(rows.len(), count, "an id comes twice");
    (rows, run.code, run.err)
}

/// `rounds export alarms` prints what boto3 lists: each alarm once, field by field.
async fn alarms_are_exported(server: &Server, listed: &Value, missing: &str) {
    let fields = ["alarm", "kind", "state", "actions_enabled", "reason", "metric"];
    let (rows, code, said) = exported(server, "alarms", &fields).await;
    let theirs = list(listed, "alarms").into_iter().map(|raw| {
        let rule = raw["AlarmRule"].as_str();
        let metric = if rule.is_some() { &raw["AlarmRule"] } else { &raw["MetricName"] };
        let kind = if rule.is_some() { "composite" } else { "metric" };
        let common = ["StateValue", "ActionsEnabled", "StateReason"].map(|name| raw[name].clone());
        let [state, acts, reason] = common;
        json!({ "id": raw["AlarmArn"], "fields": [raw["AlarmName"], kind, state, acts, reason, metric] })
    });
    assert_eq!(rows, by_name(theirs, "id"), "{said}");
    assert_eq!(code, 1, "what is not there is missing from it: {said}");
    assert!(said.contains(missing), "{said}");
}

/// `rounds export scaling` prints what boto3 lists: each target once, with its service and what it is scaled by.
async fn scaling_is_exported(server: &Server, services: &Value, listed: &Value) {
    let fields = ["target", "kind", "desired", "minimum", "maximum", "metric", "target_value"];
    let (rows, code, said) = exported(server, "scaling", &fields).await;
    let wanted = by_name(list(services, "services"), "serviceName");
    let policies = by_name(list(listed, "policies"), "ResourceId");
    let theirs = list(listed, "targets").into_iter().map(|raw| {
        let resource = raw["ResourceId"].as_str().expect("a resource");
        let (_, name) = resource.rsplit_once('/').expect("a service");
        let policy = policies.get(resource).filter(|policy| !policy["target"].is_null()).unwrap_or(&Value::Null);
        let target = resource.strip_prefix("service/");
        let desired = &wanted[name]["desiredCount"];
        let bounds = [&raw["MinCapacity"], &raw["MaxCapacity"]];
        json!({ "id": resource, "fields": [
            target, "service", desired, bounds[0], bounds[1], policy["metric"], policy["target"],
        ] })
    });
    assert_eq!(rows, by_name(theirs, "id"), "{said}");
    assert_eq!(code, 1, "moto knows of no activities: {said}");
    let told = said.lines().filter(|line| line.contains("application-autoscaling:DescribeScalingActivities")).count();
    assert_eq!(told, 1, "one message of one panel: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_groups_and_alarms_of_moto_are_what_boto3_lists() {
    let Some((testbed, server)) = started("moto") else { return };
    let ask = |arguments: &[&str]| second_opinion(testbed, &[&[server.endpoint.as_str()], arguments].concat());
    let services = ask(&["fill", "scaled", TARGETS, "0", "0"]);
    let scaled = ask(&["scaling", "scaled"]);
    let aws = crate::connect(&server.endpoint).await;
    scaled_as_boto3(&aws, &scaled).await;
    let refused = patiently(async || aws.app_scaling.activities(None).await).await;
    unsupported(refused, "application-autoscaling:DescribeScalingActivities");

    let groups = groups_as_boto3(&aws, &ask(&["groups", "suspend"])).await;
    let web = groups.iter().find(|group| group.name == *"web").expect("listed");
    assert!(web.suspends("Launch") && web.suspends("AZRebalance") && !web.suspends("Terminate"), "{web:?}");
    assert_eq!((web.instances.len(), web.at_maximum()), (3, Some(true)));
    assert!(web.instances.iter().all(|instance| instance.lifecycle.as_deref() == Some("InService")));
    let none = patiently(async || aws.group_activities.activities("web", None).await).await.expect("an answer");
    assert_eq!((none.items, none.next), (Vec::new(), None));
    let refused = patiently(async || aws.group_activities.refreshes("web", None).await).await;
    unsupported(refused, "autoscaling:DescribeInstanceRefreshes");

    scaling_is_exported(&server, &services, &scaled).await;

    // The alarms of the policies are listed among them.
    let alarms = ask(&["alarms", ALARMS, "0"]);
    alarms_as_boto3(&aws, &alarms, 0).await;
    alarms_are_exported(&server, &alarms, "cloudwatch:DescribeAlarmHistory").await;
    let now = SystemClock.now();
    let refused = patiently(async || aws.alarms.transitions(now - Duration::from_hours(1), None).await).await;
    unsupported(refused, "cloudwatch:DescribeAlarmHistory");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_and_their_history_of_ministack_are_what_boto3_lists() {
    let Some((testbed, server)) = started("ministack") else { return };
    let ask = |arguments: &[&str]| second_opinion(testbed, &[&[server.endpoint.as_str()], arguments].concat());
    let before = SystemClock.now() - Duration::from_mins(1);
    let listed = ask(&["alarms", ALARMS, "1"]);
    let aws = crate::connect(&server.endpoint).await;
    assert_eq!(alarms_as_boto3(&aws, &listed, 1).await, 2, "101 alarms of both types");
    let read = transitions(&aws, before).await;
    assert!(read.iter().all(|change| change.at.is_some_and(|at| at >= before)), "{read:?}");
    assert!(read.is_sorted_by(|a, b| a.at >= b.at), "{read:?}");
    let ours: Vec<Value> = read.iter().map(change).collect();
    assert_eq!(ours, list(&listed, "history"));
    assert!(ours.contains(&json!(["alarm-000", "OK", "ALARM", "crossed 62 %"])), "{ours:?}");
    assert!(read.iter().any(|change| change.alarm == *"pages-0"), "composite alarms have a history too: {ours:?}");
    assert_eq!(transitions(&aws, SystemClock.now() + Duration::from_hours(1)).await, []);

    let groups = groups_as_boto3(&aws, &ask(&["groups", "refresh"])).await;
    assert_eq!(groups.len(), 2);
    let (refreshes, _) = all(async |token| aws.group_activities.refreshes("web", token.as_deref()).await).await;
    let found: Vec<_> = refreshes.iter().map(|r| (&*r.group, words(r.status.as_ref()), r.percent, r.left)).collect();
    assert_eq!(found, [("web", Some("Successful"), Some(100), Some(0))]);
    assert!(refreshes[0].started_at.is_some_and(|at| at >= before), "{refreshes:?}");
    let (idle, _) = all(async |token| aws.group_activities.refreshes("idle", token.as_deref()).await).await;
    assert_eq!(idle, []);
    let nobody = patiently(async || aws.group_activities.refreshes("nobody", None).await).await.expect_err("no group");
    assert_eq!((nobody.kind, nobody.code.as_deref()), (FaultKind::Rejected, Some("ValidationError")), "{nobody}");

    // It knows nothing of the service, and says so in no form of AWS's.
    let namespace = r#"{"ServiceNamespace": "ecs"}"#;
    assert_eq!(ask(&["refused", "application-autoscaling", "describe_scalable_targets", namespace]), json!("400"));
    alarms_are_exported(&server, &listed, "application-autoscaling:DescribeScalableTargets").await;
    let fault = patiently(async || aws.app_scaling.targets(None).await).await.expect_err("no such service");
    let told = "HTTP status 400, without a readable error";
    assert_eq!((fault.kind, &*fault.message), (FaultKind::Rejected, told), "{fault}");
}
