use super::*;
use crate::model::ecs::{EcsFacts, Event, Instance, Seen, Service, Task};
use crate::model::finding::{Concerned, Finding, FindingFacts};
use crate::model::mongo::{Election, Member, MongoFacts, ReplicaSet};
use crate::model::scaling::{Group, GroupActivity, GroupFacts, GroupHistory, GroupInstance, Policy, ScalingFacts};
use crate::model::stack::Stack;
use crate::model::{Facts, Severity};
use crate::time::Timestamp;
use crate::timeline::Chronicle;
use crate::view::view;

const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/ehr";
const SERVICE: &str = "arn:aws:ecs:us-east-1:1:service/ehr/api";
const TASK: &str = "arn:aws:ecs:us-east-1:1:task/ehr/t1";
const HOST: &str = "arn:aws:ecs:us-east-1:1:container-instance/ehr/c1";

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn text(words: &str) -> Text {
    Text::from(words)
}

fn seen<T>(item: T) -> Seen<T> {
    Seen { at: at(100), item: Arc::new(item) }
}

/// A service with a task on an instance of a group, its target with an alarm, a finding and a replica set.
fn facts() -> Facts {
    let ecs = EcsFacts {
        services: vec![seen(Service {
            arn: text(SERVICE),
            name: text("api"),
            cluster_arn: text(CLUSTER),
            ..Service::default()
        })],
        tasks: vec![seen(Task {
            arn: text(TASK),
            cluster_arn: text(CLUSTER),
            group: Some(text("service:api")),
            instance_arn: Some(text(HOST)),
            ..Task::default()
        })],
        instances: vec![seen(Instance {
            arn: text(HOST),
            cluster_arn: text(CLUSTER),
            ec2_id: Some(text("i-1")),
            az: Some(text("us-east-1b")),
            ..Instance::default()
        })],
        ..EcsFacts::default()
    };
    let policy = Policy {
        resource: text("service/ehr/api"),
        alarms: vec![text("cpu-high"), text("cpu-low")],
        ..Policy::default()
    };
    let group = Group {
        name: text("asg"),
        arn: Some(text("arn:aws:autoscaling:us-east-1:1:autoScalingGroup:u:autoScalingGroupName/asg")),
        instances: vec![GroupInstance { id: text("i-1"), ..GroupInstance::default() }],
        ..Group::default()
    };
    let finding = Finding {
        id: text("f"),
        resource: Concerned { task: Some(text(TASK)), ..Concerned::default() },
        ..Finding::default()
    };
    let mut facts = Facts::default();
    facts.put(at(100), Arc::new(ecs));
    facts.put(at(100), Arc::new(ScalingFacts { policies: vec![policy], ..ScalingFacts::default() }));
    facts.put(at(100), Arc::new(GroupFacts { groups: vec![group], ..GroupFacts::default() }));
    facts.put(at(100), Arc::new(FindingFacts { findings: vec![finding], ..FindingFacts::default() }));
    facts
}

#[test]
fn what_a_row_stands_on_is_in_its_timeline() {
    let (stack, facts) = (Stack::default(), facts());
    let scene = StackScene::new(&stack, &facts, &[]);
    let group = "arn:aws:autoscaling:us-east-1:1:autoScalingGroup:u:autoScalingGroupName/asg";
    for (of, id, names) in [
        ("services", SERVICE, "service/ehr/api"),
        ("tasks", TASK, "task/ehr/t1|instance/ehr/c1|service/ehr/api"),
        ("instances", HOST, "instance/ehr/c1|group/asg|zone/us-east-1b"),
        ("scaling", "service/ehr/api", "scaling-target/service/ehr/api|service/ehr/api|alarm/cpu-high|alarm/cpu-low"),
        ("scaling", group, "group/asg"),
        ("alarms", "arn:aws:cloudwatch:us-east-1:1:alarm:cpu-high", "alarm/cpu-high|scaling-target/service/ehr/api"),
        ("findings", "f", "finding/f|instance/ehr/c1|task/ehr/t1|service/ehr/api"),
        ("mongo", "ehr/m1:27017", "member/ehr/m1:27017|replica-set/ehr"),
        ("mongo", "ehr", "replica-set/ehr"),
    ] {
        let row = Row { id: text(id), ..Row::default() };
        assert_eq!(of_row(&scene, view(of).unwrap(), &row), Some(format!("about={names}")), "{of}");
    }
}

/// The rows of what these facts tell.
fn told(feed: &str, facts: &Facts) -> Vec<Row> {
    let mut chronicle = Chronicle::default();
    chronicle.learn(feed, facts, at(10_000));
    let stack = Stack::default();
    of_stack(&StackScene::new(&stack, facts, &[]).telling(Some(&chronicle)))
}

#[test]
fn what_happens_again_within_minutes_stands_under_the_newest_and_nothing_is_lost() {
    let launch = |n: i64, secs, status: &str| GroupActivity {
        id: text(&format!("{status}{n}")),
        group: text("asg"),
        description: Some(text(&format!("Launching a new EC2 instance: i-0a{n}c77"))),
        status: Some(text(status)),
        started_at: Some(at(secs)),
        ..GroupActivity::default()
    };
    let mut activities: Vec<_> = (0..4).map(|n| launch(n, 1_000 + n, "Successful")).collect();
    activities.extend((0..2).map(|n| launch(n, 1_000 + n, "Failed")));
    activities.push(launch(9, 1_000 - 300, "Successful"));
    let mut facts = Facts::default();
    facts.put(at(2_000), Arc::new(GroupHistory { activities, ..GroupHistory::default() }));
    let rows = told("group-activities", &facts);
    assert_eq!(rows.len(), 7);
    let leaders: Vec<&Row> = rows.iter().filter(|row| row.under.is_none()).collect();
    let counts: Vec<_> = leaders.iter().map(|row| (row.severity, row.folds)).collect();
    let (info, warn) = (Severity::Info, Severity::Warn);
    assert_eq!(
        counts,
        [(info, 3), (warn, 0), (warn, 0), (info, 0)],
        "two are told one by one, and so is what was before"
    );
    assert!(rows.iter().filter(|row| row.under.is_some()).all(|row| row.under.as_ref() == Some(&leaders[0].id)));
}

#[test]
fn targets_that_come_and_go_are_only_worth_knowing() {
    let messages = ["registered 1 targets in (target-group arn:x)", "has begun draining connections on 1 tasks."];
    let events = messages.iter().enumerate().map(|(n, message)| Event {
        id: text(&n.to_string()),
        at: Some(at(90)),
        message: text(&format!("(service api) {message}")),
    });
    let service = Service { arn: text(SERVICE), events: events.collect(), ..Service::default() };
    let mut facts = Facts::default();
    facts.put(at(100), Arc::new(EcsFacts { services: vec![seen(service)], ..EcsFacts::default() }));
    let rows = told("ecs", &facts);
    assert_eq!(rows.iter().map(|row| row.severity).collect::<Vec<_>>(), [Severity::Info; 2]);
}

#[test]
fn elections_of_a_set_are_in_the_timeline_of_its_members() {
    let election = Election { at: at(90), term: 7, winner: Some(text("m2:27017")), reason: None };
    let member = Member { host: text("m1:27017"), ..Member::default() };
    let set =
        ReplicaSet { name: text("ehr"), members: vec![member], elections: vec![election], ..ReplicaSet::default() };
    let mut facts = Facts::default();
    facts.put(at(100), Arc::new(MongoFacts { sets: vec![set] }));
    let rows = told("mongo", &facts);
    let about = COLUMNS.iter().position(|column| column.id == "about").unwrap();
    assert_eq!(rows[0].cells[about].searchable(), "replica-set/ehr member/ehr/m2:27017");
}
