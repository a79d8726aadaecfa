//! Scaling and alarms over the wire: what the adapters read through the loopback is what the world behind it has, member by
//! member and in AWS's order.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_cloudwatch::types::{AlarmType, HistoryItemType, ScanBy, StateValue};
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_smithy_types::DateTime;
use rounds::backend::ports::Backend;
use rounds::backend::sim::wire::{Fault, Server};
use rounds::model::FaultKind;
use rounds::model::alarm::Transition;
use rounds::model::scaling::{Activity, GroupActivity, Policy, Refresh, Target};

use crate::autoscaled::{NOW, autoscaled};
use crate::ports::{ANY, connect, stack};
use crate::rds::all;
use crate::world::START;
use crate::{clients, quiet};

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap_or("none").to_owned()
    };
}

async fn through(server: &Server) -> Backend {
    connect(&stack(&server.endpoint_url(), &[]), ANY).await
}

#[tokio::test]
async fn targets_policies_and_activities_keep_every_member_and_hostile_words() {
    let (server, world) = (quiet().await, autoscaled());
    let aws = through(&server).await;
    let targets: Vec<Target> = all(async |token| aws.app_scaling.targets(token.as_deref()).await).await;
    assert_eq!(targets, world.targets);
    let policies: Vec<Policy> = all(async |token| aws.app_scaling.policies(token.as_deref()).await).await;
    assert_eq!(policies, world.policies);
    let activities: Vec<Activity> = all(async |token| aws.app_scaling.activities(token.as_deref()).await).await;
    assert_eq!(activities, world.activities);
    let counters = server.counters();
    let calls = |name: &str| counters.calls(&format!("application-autoscaling:{name}"));
    let calls = ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScalingActivities"].map(calls);
    assert_eq!(calls, [3, 3, 3], "pages of 50, 10 and 50");
}

#[tokio::test]
async fn activities_and_refreshes_of_a_group_come_the_newest_first() {
    let (server, world) = (quiet().await, autoscaled());
    let aws = through(&server).await;
    let port = &aws.group_activities;
    let activities: Vec<GroupActivity> = all(async |token| port.activities("asg-01", token.as_deref()).await).await;
    assert_eq!(activities, world.group_activities);
    let refreshes: Vec<Refresh> = all(async |token| port.refreshes("asg-01", token.as_deref()).await).await;
    assert_eq!(refreshes, world.refreshes);
    assert_eq!(port.activities("asg-02", None).await.unwrap().items, []);
    let nobody = port.activities("nobody", None).await.unwrap_err();
    assert_eq!((nobody.kind, nobody.code.as_deref()), (FaultKind::Rejected, Some("ValidationError")), "{nobody}");
    let counters = server.counters();
    let calls = |name: &str| counters.calls(&format!("autoscaling:{name}"));
    assert_eq!((calls("DescribeScalingActivities"), calls("DescribeInstanceRefreshes")), (5, 1));
}

#[tokio::test]
async fn alarms_of_both_types_and_every_change_are_read() {
    let (server, world) = (quiet().await, autoscaled());
    let aws = through(&server).await;
    assert_eq!(all(async |token| aws.alarms.alarms(token.as_deref()).await).await, world.alarms);
    for (seconds, expected) in [(3_600, 251), (3_599, 249), (30, 93), (29, 90)] {
        let since = NOW - Duration::from_secs(seconds);
        let read: Vec<Transition> = all(async |token| aws.alarms.transitions(since, token.as_deref()).await).await;
        assert_eq!(read.len(), expected, "since {seconds} s ago");
        assert!(read.is_sorted_by(|a, b| a.at >= b.at));
        let mut left: Vec<_> = world.transitions.iter().filter(|change| change.at >= Some(since)).collect();
        for change in &read {
            let at = left.iter().position(|expected| *expected == change).expect("a change of the world, once");
            left.swap_remove(at);
        }
        assert!(left.is_empty(), "{left:?}");
    }
    assert_eq!(server.counters().calls("cloudwatch:DescribeAlarms"), 2);
}

#[tokio::test]
async fn composite_alarms_and_idle_activities_come_only_where_they_are_asked_for() {
    let (server, world) = (quiet().await, autoscaled());
    let cloudwatch = clients::metrics(&server);
    let page = cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!((page.metric_alarms().len(), page.composite_alarms().len()), (50, 0));
    let page = cloudwatch.describe_alarms().alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
    assert_eq!((page.metric_alarms().len(), page.composite_alarms().len(), page.next_token()), (0, 43, None));
    let named =
        cloudwatch.describe_alarms().alarm_names("metric-001").alarm_names("composite-01").send().await.unwrap();
    assert_eq!((named.metric_alarms().len(), named.composite_alarms().len()), (1, 0));
    let alarmed = cloudwatch.describe_alarms().state_value(StateValue::Alarm).alarm_name_prefix("metric-0");
    assert_eq!(alarmed.send().await.unwrap().metric_alarms().len(), 33);
    let history = || cloudwatch.describe_alarm_history().max_records(100);
    let page = history().send().await.unwrap();
    assert!(page.alarm_history_items().iter().all(|item| item.alarm_type() == Some(&AlarmType::MetricAlarm)));
    let page = history().alarm_types(AlarmType::CompositeAlarm).alarm_name("composite-01").send().await.unwrap();
    assert_eq!(page.alarm_history_items().len(), 50);
    let none = history().history_item_type(HistoryItemType::Action).send().await.unwrap();
    assert_eq!(none.alarm_history_items(), []);
    let oldest = history().scan_by(ScanBy::TimestampAscending).send().await.unwrap();
    assert!(oldest.alarm_history_items().is_sorted_by_key(|item| item.timestamp().copied()));
    let minute = DateTime::from_millis((START - Duration::from_mins(5)).millis());
    assert_eq!(history().end_date(minute).send().await.unwrap().alarm_history_items().len(), 2);

    let scaling = clients::scaling(&server);
    let activities = scaling.describe_scaling_activities().service_namespace(ServiceNamespace::Ecs);
    let page: Vec<_> = activities.clone().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let busy = world.activities.iter().filter(|activity| activity.not_scaled.is_empty()).count();
    assert_eq!((page.len(), page.iter().filter(|one| !one.not_scaled_reasons().is_empty()).count()), (busy, 0));
    let of_one = activities.resource_id("service/ehr/svc-003").include_not_scaled_activities(true);
    assert_eq!(of_one.send().await.unwrap().scaling_activities().len(), 16);
    let targets = scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Rds).send().await.unwrap();
    assert_eq!(targets.scalable_targets(), []);
    let policies = scaling.describe_scaling_policies().service_namespace(ServiceNamespace::Ecs);
    assert_eq!(policies.policy_names("policy-07").send().await.unwrap().scaling_policies().len(), 1);
}

#[tokio::test]
async fn what_the_services_refuse_is_refused() {
    let server = quiet().await;
    let scaling = clients::scaling(&server);
    let targets = || scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
    let policies = || scaling.describe_scaling_policies().service_namespace(ServiceNamespace::Ecs);
    let activities = || scaling.describe_scaling_activities().service_namespace(ServiceNamespace::Ecs);
    for size in [0, 51] {
        assert_eq!(code!(targets().max_results(size)), "ValidationException");
        assert_eq!(code!(activities().max_results(size)), "ValidationException");
    }
    assert_eq!(code!(policies().max_results(11)), "ValidationException");
    assert_eq!(policies().send().await.unwrap().scaling_policies().len(), 10);
    assert_eq!(code!(scaling.describe_scalable_targets().service_namespace("starships".into())), "ValidationException");
    assert_eq!(code!(targets().scalable_dimension("ecs:service:DesiredCount".into())), "ValidationException");
    let token = targets().send().await.unwrap().next_token().unwrap().to_owned();
    assert_eq!(code!(activities().next_token(&token)), "InvalidNextTokenException");
    assert_eq!(code!(targets().resource_ids("service/ehr/svc-001").next_token(&token)), "InvalidNextTokenException");
    assert_eq!(code!(targets().next_token("made up")), "InvalidNextTokenException");

    let groups = clients::groups(&server);
    let all = groups.describe_scaling_activities();
    assert_eq!(all.clone().send().await.unwrap().activities().len(), 100);
    assert_eq!(code!(all.clone().max_records(101)), "ValidationError");
    assert_eq!(code!(all.clone().next_token("made up")), "InvalidNextToken");
    assert_eq!(all.activity_ids("ga-0007").send().await.unwrap().activities().len(), 1);
    let refreshes = groups.describe_instance_refreshes();
    assert_eq!(
        refreshes.clone().auto_scaling_group_name("asg-01").send().await.unwrap().instance_refreshes().len(),
        50
    );
    assert_eq!(code!(refreshes.clone().auto_scaling_group_name("nobody")), "ValidationError");
    assert_eq!(code!(refreshes.auto_scaling_group_name("asg-01").max_records(101)), "ValidationError");

    let cloudwatch = clients::metrics(&server);
    for size in [0, 101] {
        assert_eq!(code!(cloudwatch.describe_alarms().max_records(size)), "ValidationError");
        assert_eq!(code!(cloudwatch.describe_alarm_history().max_records(size)), "ValidationError");
    }
    assert_eq!(code!(cloudwatch.describe_alarms().next_token("made up")), "InvalidNextToken");
    assert_eq!(code!(cloudwatch.describe_alarm_history().next_token("made up")), "InvalidNextToken");
    assert_eq!(code!(cloudwatch.describe_alarms().alarm_types("Odd".into())), "ValidationError");
    assert_eq!(code!(cloudwatch.describe_alarms().children_of_alarm_name("composite-01")), "ValidationError");
    assert_eq!(code!(cloudwatch.describe_alarms().alarm_names("a").alarm_name_prefix("a")), "ValidationError");
    let (now, before) = (DateTime::from_secs(START.secs()), DateTime::from_secs(START.secs() - 60));
    assert_eq!(code!(cloudwatch.describe_alarm_history().start_date(now).end_date(before)), "ValidationError");
}

#[tokio::test]
async fn faults_reach_the_adapters_as_their_kinds_and_hollow_answers_hold_nothing() {
    let server = quiet().await;
    let aws = through(&server).await;
    for (fault, kind) in [
        (Fault::Throttle, FaultKind::Throttled),
        (Fault::Deny, FaultKind::Denied),
        (Fault::Internal, FaultKind::Server),
        (Fault::Expire, FaultKind::Expired),
        (Fault::Garbage, FaultKind::Malformed),
        (Fault::Html, FaultKind::Malformed),
        (Fault::CutOff, FaultKind::Unreachable),
        (Fault::Reset, FaultKind::Unreachable),
    ] {
        server.faults().set("*", fault.clone(), None);
        let told = [
            aws.app_scaling.targets(None).await.unwrap_err(),
            aws.app_scaling.policies(None).await.unwrap_err(),
            aws.app_scaling.activities(None).await.unwrap_err(),
            aws.group_activities.activities("asg-01", None).await.unwrap_err(),
            aws.group_activities.refreshes("asg-01", None).await.unwrap_err(),
            aws.alarms.alarms(None).await.unwrap_err(),
            aws.alarms.transitions(START, None).await.unwrap_err(),
        ];
        assert!(told.iter().all(|told| told.kind == kind), "{fault:?}: {told:?}");
    }
    server.faults().clear();
    server.faults().set("*", Fault::EmptyObjects, None);
    let page = aws.app_scaling.targets(None).await.unwrap().items;
    assert_eq!(page.iter().filter(|one| **one == Target::default()).count(), 50);
    let page = aws.app_scaling.policies(None).await.unwrap().items;
    assert_eq!(page.iter().filter(|one| **one == Policy::default()).count(), 10);
    let page = aws.app_scaling.activities(None).await.unwrap().items;
    assert_eq!(page.iter().filter(|one| **one == Activity::default()).count(), 50);
    let page = aws.group_activities.activities("asg-01", None).await.unwrap().items;
    assert_eq!(page.iter().filter(|one| **one == GroupActivity::default()).count(), 100);
    let page = aws.alarms.transitions(START - Duration::from_hours(1), None).await.unwrap().items;
    assert_eq!(page.iter().filter(|one| **one == Transition::default()).count(), 100);
}
