use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::model::alarm::{Alarm, AlarmFacts, MetricAlarm, Transition, Watches};
use crate::model::audit::{Acted, AuditFacts};
use crate::model::ecs::{Deployment, EcsFacts, Event, Seen as Read, Service, StoppedFacts, Task};
use crate::model::finding::{Concerned, Finding, FindingFacts};
use crate::model::mongo::{Election, Hello, Member, MongoFacts, ReplicaSet, Role};
use crate::model::rds::{Event as RdsEvent, Move, Proxy, RdsFacts};
use crate::model::scaling::{Activity, GroupActivity, GroupHistory, NotScaled, Refresh, ScalingFacts};
use crate::model::secret::{Secret, SecretFacts};
use crate::model::{Fault, FaultKind};
use crate::time::Timestamp;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn text(words: &str) -> Option<Text> {
    Some(Text::from(words))
}

const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/ehr";

fn service(name: &str, events: Vec<Event>) -> Service {
    let arn = Text::from(format!("arn:aws:ecs:us-east-1:123456789012:service/ehr/{name}"));
    Service { arn, name: Text::from(name), cluster_arn: Text::from(CLUSTER), events, ..Service::default() }
}

fn event(id: &str, secs: i64, message: &str) -> Event {
    Event { id: Text::from(id), at: Some(at(secs)), message: Text::from(message) }
}

fn ecs(services: Vec<Service>) -> EcsFacts {
    let services = services.into_iter().map(|item| Read { at: at(100), item: Arc::new(item) });
    EcsFacts { services: services.collect(), ..EcsFacts::default() }
}

/// A stack whose feeds are read one after the other.
#[derive(Default)]
struct Stack {
    facts: Facts,
    chronicle: Chronicle,
}

impl Stack {
    fn read<T: Any + Send + Sync>(&mut self, feed: &str, now: i64, facts: T) -> &mut Self {
        self.facts.put(at(now), Arc::new(facts));
        self.chronicle.learn(feed, &self.facts, at(now));
        self
    }

    /// `severity subject: message` each, the newest first, with the time: `~` before one that is only observed.
    fn told(&self) -> Vec<String> {
        let line = |entry: &Arc<crate::model::timeline::Entry>| {
            let by = if entry.observed { "~" } else { "" };
            let when = entry.at.secs();
            format!("{by}{when} {} {}: {}", entry.severity.word(), entry.subject.name, entry.message)
        };
        self.chronicle.entries().iter().map(line).collect()
    }

    /// Everything the newest entry concerns.
    fn about(&self) -> Vec<String> {
        let entry = &self.chronicle.entries()[0];
        let own = name(entry.subject.kind, &entry.subject.id);
        std::iter::once(own)
            .chain(entry.related.iter().map(|(kind, id)| name(kind, id)))
            .map(|n| n.to_string())
            .collect()
    }
}

#[test]
fn sources_have_ids_of_their_own_and_feeds_that_tell_them() {
    let ids: BTreeSet<&str> = SOURCES.iter().map(|source| source.id).collect();
    assert_eq!(ids.len(), SOURCES.len());
    assert!(SOURCES.iter().all(|s| !s.doc.ends_with('.') && s.doc.len() > 10 && source(s.id).is_some()));
}

#[test]
fn things_are_named_by_what_their_arn_names() {
    for (kind, id, expected) in [
        ("service", "arn:aws:ecs:us-east-1:123456789012:service/ehr/ehr-api", "service/ehr/ehr-api"),
        ("service", "ehr/ehr-api", "service/ehr/ehr-api"),
        ("database", "arn:aws:rds:us-east-1:123456789012:db:tele-db", "database/tele-db"),
        ("alarm", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a|\"b\":c", "alarm/a''b':c"),
        (
            "group",
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:u-1:autoScalingGroupName/asg-ehr",
            "group/asg-ehr",
        ),
        ("group", "asg-ehr", "group/asg-ehr"),
        ("member", "ehr/m0:27017", "member/ehr/m0:27017"),
    ] {
        assert_eq!(name(kind, id), *expected);
    }
}

#[test]
fn events_are_told_once_in_the_order_of_their_time_whoever_tells_them() {
    let steady = event("2", 20, "(service web) has reached a steady state.");
    let started = event("1", 10, "(service web) has started 1 tasks: (task 0a1b).");
    let mut stack = Stack::default();
    stack.read("ecs", 30, ecs(vec![service("web", vec![started.clone()])]));
    stack.read("ecs", 35, ecs(vec![service("web", vec![steady.clone(), started.clone()])]));
    let stopped = Task {
        arn: Text::from("arn:aws:ecs:us-east-1:123456789012:task/ehr/0a1b"),
        cluster_arn: Text::from(CLUSTER),
        group: text("service:web"),
        instance_arn: text("arn:aws:ecs:us-east-1:123456789012:container-instance/ehr/c1"),
        status: text("STOPPED"),
        stop_code: text("UserInitiated"),
        stopped_at: Some(at(15)),
        ..Task::default()
    };
    let stopping = Task { arn: Text::from("t"), status: text("STOPPING"), ..stopped.clone() };
    let tasks = [stopped, stopping].map(|item| Read { at: at(36), item: Arc::new(item) });
    for now in [36, 38] {
        stack.read("stopped-tasks", now, StoppedFacts { tasks: tasks.to_vec(), missing: vec![] });
    }
    assert_eq!(
        stack.told(),
        [
            "20 ok ehr/web: has reached a steady state.",
            "15 info ehr/web/0a1b: stopped by a user",
            "10 info ehr/web: has started 1 tasks: (task 0a1b).",
        ]
    );
    let concerns = |i: usize| {
        stack.chronicle.entries()[i].related.iter().map(|(kind, id)| name(kind, id).to_string()).collect::<Vec<_>>()
    };
    assert_eq!(concerns(1), ["service/ehr/web", "instance/ehr/c1", "cluster/ehr"]);
    assert_eq!(concerns(2), ["task/ehr/0a1b", "cluster/ehr"]);
    assert_eq!(stack.chronicle.entries()[0].seen_at, at(35), "the first sighting counts");
}

#[test]
fn a_deployment_is_told_from_its_beginning_to_its_end_with_the_time_of_the_event() {
    let deployment = |state: &str, updated: i64| Deployment {
        id: Text::from("ecs-svc/7"),
        rollout_state: text(state),
        task_definition: text("arn:aws:ecs:us-east-1:123456789012:task-definition/web:8"),
        created_at: Some(at(10)),
        updated_at: Some(at(updated)),
        ..Deployment::default()
    };
    let of = |state, updated, events| {
        let deployments = vec![deployment(state, updated)];
        ecs(vec![Service { deployments, ..service("web", events) }])
    };
    let mut stack = Stack::default();
    stack.read("ecs", 90, of("COMPLETED", 80, vec![]));
    assert_eq!(stack.told(), ["10 info ehr/web: deployment of web:8 begun"], "when it was completed is not known");

    let mut stack = Stack::default();
    stack.read("ecs", 30, of("IN_PROGRESS", 20, vec![])).read("ecs", 50, of("COMPLETED", 45, vec![]));
    assert_eq!(stack.told()[0], "45 ok ehr/web: deployment completed");
    let done = event("9", 44, "(service web) (deployment ecs-svc/7) deployment completed.");
    stack.read("ecs", 55, of("COMPLETED", 45, vec![done]));
    assert_eq!(
        stack.told(),
        ["44 ok ehr/web: (deployment ecs-svc/7) deployment completed.", "10 info ehr/web: deployment of web:8 begun"],
        "the same end, told better"
    );
    let back = event("10", 60, "(service web) rolling back to (deployment ecs-svc/6).");
    stack.read("ecs", 65, of("FAILED", 61, vec![back]));
    assert_eq!(
        stack.told()[..2],
        ["61 crit ehr/web: deployment failed", "60 crit ehr/web: rolling back to (deployment ecs-svc/6)."]
    );
}

#[test]
fn the_oldest_go_and_that_is_known() {
    let services = |extra: usize| {
        let events = |s: usize| {
            let n = if s == 0 { 20 + extra } else { 20 };
            (0..n).rev().map(|e| event(&e.to_string(), i64::try_from(e * 600 + s).unwrap(), "x")).collect()
        };
        ecs((0..600).map(|s| service(&format!("s{s}"), events(s))).collect())
    };
    let mut stack = Stack::default();
    stack.read("ecs", 20_000, services(0));
    assert_eq!((stack.chronicle.entries().len(), stack.chronicle.forgotten()), (MOST, Some(at(1_999))));
    let copy = stack.chronicle.clone();
    stack.read("ecs", 20_005, services(0));
    assert_eq!(stack.chronicle.entries().len(), MOST, "what went does not come back");
    stack.read("ecs", 20_010, services(1));
    assert_eq!(stack.chronicle.forgotten(), Some(at(2_000)));
    let newest = |chronicle: &Chronicle| chronicle.entries()[0].at;
    assert_eq!((newest(&copy), newest(&stack.chronicle)), (at(11_999), at(12_000)), "a copy stays as it was");
}

#[test]
fn what_has_no_time_is_dated_by_its_first_sighting_and_what_is_ahead_keeps_its_own() {
    let set = |role: Option<Role>, elections: Vec<Election>| {
        let fault = Fault::new(FaultKind::Timeout, "hello", "");
        let member = Member {
            host: Text::from("m1:27017"),
            hello: Some(Hello { role: role.unwrap_or_default(), ..Hello::default() }),
            fault: role.is_none().then_some(fault),
            ..Member::default()
        };
        let set = ReplicaSet { name: Text::from("ehr"), members: vec![member], elections, ..ReplicaSet::default() };
        MongoFacts { sets: vec![set] }
    };
    let election = |winner, reason| Election { at: at(103), term: 42, winner, reason };
    let mut stack = Stack::default();
    stack.read("mongo", 90, set(Some(Role::Secondary), vec![]));
    assert!(stack.told().is_empty(), "the first look tells no change");
    stack.read("mongo", 95, set(None, vec![]));
    stack.read("mongo", 100, set(None, vec![election(None, None)]));
    assert_eq!(
        stack.told(),
        [
            "~100 warn ehr: election of term 42, nobody has won it yet",
            "~95 warn m1:27017: does not answer, was SECONDARY",
        ]
    );
    stack.read("mongo", 101, set(Some(Role::Primary), vec![election(text("m1:27017"), text("electionTimeout"))]));
    assert_eq!(
        stack.told()[..2],
        [
            "103 warn ehr: election of term 42, won by m1:27017 (electionTimeout)",
            "~101 info m1:27017: answers again: PRIMARY",
        ]
    );
    assert_eq!(stack.about(), ["replica-set/ehr", "member/ehr/m1:27017"]);
    assert_eq!(stack.chronicle.entries()[0].seen_at, at(100), "its clock is ahead of ours");
    assert_eq!(stack.told().len(), 3);
}

#[test]
fn scaling_and_groups_say_what_they_did_and_what_they_left_undone() {
    let activity = |id: &str, secs, not_scaled: &[&str], status: &str| Activity {
        id: Text::from(id),
        resource: Text::from("service/ehr/ehr-api"),
        description: text("Setting desired count to 28."),
        status: text(status),
        message: text("because"),
        started_at: Some(at(secs)),
        not_scaled: not_scaled
            .iter()
            .map(|code| NotScaled { code: Text::from(*code), ..NotScaled::default() })
            .collect(),
        ..Activity::default()
    };
    let mut stack = Stack::default();
    stack.read("ecs", 5, ecs(vec![service("ehr-api", vec![])]));
    let activities = |status| ScalingFacts {
        activities: vec![
            activity("3", 30, &["AlreadyAtMaxCapacity"], "Unfulfilled"),
            activity("2", 20, &[], status),
            activity("1", 10, &[], "Failed"),
            activity("0", 5, &["AlreadyAtMinCapacity"], "Failed"),
        ],
        ..ScalingFacts::default()
    };
    stack.read("scaling", 40, activities("InProgress")).read("scaling", 50, activities("Successful"));
    assert_eq!(
        stack.told(),
        [
            "30 warn ehr/ehr-api: not scaled: AlreadyAtMaxCapacity: Setting desired count to 28",
            "20 info ehr/ehr-api: Setting desired count to 28",
            "10 warn ehr/ehr-api: failed: Setting desired count to 28: because",
            "5 info ehr/ehr-api: not scaled: AlreadyAtMinCapacity: Setting desired count to 28",
        ]
    );
    assert_eq!(stack.about(), ["service/ehr/ehr-api", "scaling-target/service/ehr/ehr-api"]);

    let mut stack = Stack::default();
    let launch = GroupActivity {
        id: Text::from("a"),
        group: Text::from("asg-ehr"),
        description: text("Launching a new EC2 instance: i-0a12"),
        status: text("Failed"),
        message: text("no capacity"),
        started_at: Some(at(10)),
        ..GroupActivity::default()
    };
    let refresh = |status: &str| Refresh {
        id: Text::from("r"),
        group: Text::from("asg-ehr"),
        status: text(status),
        started_at: Some(at(20)),
        ended_at: (status == "Successful").then_some(at(30)),
        ..Refresh::default()
    };
    for (now, status) in [(25, "InProgress"), (35, "Successful")] {
        let history = GroupHistory {
            activities: vec![launch.clone()],
            refreshes: vec![refresh(status)],
            ..GroupHistory::default()
        };
        stack.read("group-activities", now, history);
    }
    assert_eq!(
        stack.told(),
        [
            "30 ok asg-ehr: instance refresh Successful",
            "20 info asg-ehr: instance refresh InProgress",
            "10 warn asg-ehr: failed: Launching a new EC2 instance: i-0a12: no capacity",
        ]
    );
}

#[test]
fn an_alarm_names_the_service_it_watches() {
    let metric = MetricAlarm {
        dimensions: vec![
            (Text::from("ClusterName"), Text::from("ehr")),
            (Text::from("ServiceName"), Text::from("ehr-api")),
        ],
        ..MetricAlarm::default()
    };
    let alarm = Alarm { name: Text::from("cpu"), watches: Watches::Metric(metric), ..Alarm::default() };
    let change = |secs, from: &str, to: &str| Transition {
        alarm: Text::from("cpu"),
        at: Some(at(secs)),
        from: text(from),
        to: text(to),
        reason: None,
    };
    let transitions = vec![change(20, "ALARM", "OK"), change(10, "OK", "ALARM")];
    let mut stack = Stack::default();
    for now in [30, 40] {
        let facts =
            AlarmFacts { alarms: vec![alarm.clone()], transitions: transitions.clone(), ..AlarmFacts::default() };
        stack.read("alarms", now, facts);
    }
    assert_eq!(stack.told(), ["20 ok cpu: OK, was ALARM", "10 warn cpu: ALARM, was OK"]);
    assert_eq!(stack.about(), ["alarm/cpu", "service/ehr/ehr-api"]);

    let mut stack = Stack::default();
    let suppressed = Alarm { suppressed_by: text("Alarm"), ..alarm };
    stack.read("alarms", 30, AlarmFacts { alarms: vec![suppressed], transitions, ..AlarmFacts::default() });
    assert_eq!(stack.told(), ["20 ok cpu: OK, was ALARM", "10 info cpu: ALARM, was OK"]);
}

#[test]
fn databases_secrets_findings_and_own_actions_are_told_too() {
    let mut stack = Stack::default();
    let failed = RdsEvent {
        at: Some(at(10)),
        source: Text::from("tele-db"),
        message: Text::from("Failover failed."),
        ..RdsEvent::default()
    };
    let gone = Move { seen_at: at(20), arn: Text::from("nobody"), from: Text::from("a"), to: Text::from("b") };
    for now in [30, 45] {
        stack.read(
            "rds",
            now,
            RdsFacts { events: vec![failed.clone()], moves: vec![gone.clone()], ..RdsFacts::default() },
        );
    }
    assert_eq!(stack.told(), ["10 crit tele-db: Failover failed."]);

    let secret = |rotated, labels: &str| Secret {
        name: Text::from("db/app"),
        arn: Text::from("arn:aws:secretsmanager:us-east-1:123456789012:secret:db/app-AbCdEf"),
        rotated_at: Some(at(rotated)),
        versions: [(Text::from("v2"), vec![Text::from(labels)])].into(),
        ..Secret::default()
    };
    let mut stack = Stack::default();
    for (now, rotated, labels) in [(20, 10, "AWSCURRENT"), (30, 10, "AWSPENDING"), (40, 35, "AWSCURRENT")] {
        stack.read("secrets", now, SecretFacts { secrets: vec![secret(rotated, labels)], ..SecretFacts::default() });
    }
    assert_eq!(
        stack.told(),
        [
            "35 ok db/app: rotated",
            "~30 info db/app: a rotation has begun: version v2 is AWSPENDING",
            "10 ok db/app: rotated"
        ]
    );

    let finding = |count, last| Finding {
        id: Text::from("f1"),
        kind: Text::from("CryptoCurrency:Runtime/BitcoinTool.B"),
        severity: Some(8.0),
        count: Some(count),
        first_seen_at: Some(at(10)),
        last_seen_at: Some(at(last)),
        resource: Concerned { task: text("arn:aws:ecs:us-east-1:1:task/ehr/0a"), ..Concerned::default() },
        ..Finding::default()
    };
    let mut stack = Stack::default();
    for (now, count, last) in [(15, 1, 10), (25, 2, 20), (26, 2, 20)] {
        stack.read("guardduty", now, FindingFacts { findings: vec![finding(count, last)], ..FindingFacts::default() });
    }
    assert_eq!(
        stack.told(),
        [
            "20 crit CryptoCurrency:Runtime/BitcoinTool.B: seen again, 2 times by now",
            "10 crit CryptoCurrency:Runtime/BitcoinTool.B: first seen",
        ]
    );
    assert_eq!(stack.about(), ["finding/f1", "task/ehr/0a"]);

    let acted = |outcome: Option<&str>| Acted {
        id: Text::from("a1"),
        at: at(10),
        action: Text::from("force-deploy"),
        target: Text::from("ehr/web"),
        arn: Text::from("arn:aws:ecs:us-east-1:123456789012:service/ehr/web"),
        user: Text::from("ana"),
        reason: Text::from("stuck"),
        outcome: outcome.map(Text::from),
        ended_at: outcome.map(|_| at(40)),
        ..Acted::default()
    };
    let mut stack = Stack::default();
    for (now, outcome) in [(15, None), (45, Some("done")), (50, Some("done"))] {
        stack.read("audit", now, AuditFacts { acted: vec![acted(outcome)] });
    }
    assert_eq!(
        stack.told(),
        ["40 ok ehr/web: force-deploy done", "10 info ehr/web: force-deploy confirmed by ana: stuck"]
    );
    assert_eq!(stack.about(), ["service/ehr/web", "action/a1"]);
}

#[test]
fn an_alarm_names_the_database_it_watches_as_its_own_view_does() {
    let metric =
        MetricAlarm { dimensions: vec![(Text::from("ProxyName"), Text::from("app-proxy"))], ..MetricAlarm::default() };
    let alarm = Alarm { name: Text::from("pool"), watches: Watches::Metric(metric), ..Alarm::default() };
    let change = Transition { alarm: alarm.name.clone(), at: Some(at(10)), to: text("ALARM"), ..Transition::default() };
    let arn = Text::from("arn:aws:rds:us-east-1:123456789012:db-proxy:prx-1");
    let proxy = Proxy { name: Text::from("app-proxy"), arn, ..Proxy::default() };
    let mut stack = Stack::default();
    stack.read("rds", 5, RdsFacts { proxies: vec![proxy], ..RdsFacts::default() });
    stack.read("alarms", 20, AlarmFacts { alarms: vec![alarm], transitions: vec![change], ..AlarmFacts::default() });
    assert_eq!(stack.about()[1], "database/prx-1");
}
