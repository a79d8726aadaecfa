use std::sync::Arc;

use super::*;
use crate::model::alarm::{Alarm, AlarmFacts, MetricAlarm, Transition, Watches};
use crate::model::ecs::{Cluster, Seen, Service};
use crate::model::metric::Series;
use crate::model::scaling::{GroupActivity, GroupHistory, NotScaled, Policy, Refresh, ScalingRead};
use crate::model::stack::Stack;
use crate::time::Timestamp;
use crate::view::{Detail, Line};

const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn named(words: &str) -> Option<Text> {
    Some(Text::from(words))
}

/// A service at its maximum whose alarm asks for more, and the group it runs on, which is full.
fn facts() -> Facts {
    let mut facts = Facts::default();
    put_service(&mut facts);
    put_scaling(&mut facts);
    put_group(&mut facts);
    facts
}

fn put_service(facts: &mut Facts) {
    let seen = |item| Seen { at: NOW, item: Arc::new(item) };
    let service = Service {
        arn: Text::from("arn:aws:ecs:us-east-1:1:service/ehr/ehr-api"),
        name: Text::from("ehr-api"),
        cluster_arn: Text::from("arn:aws:ecs:us-east-1:1:cluster/ehr"),
        desired: 28,
        running: 20,
        ..Service::default()
    };
    let provider = Provider {
        name: Text::from("main"),
        group_arn: named("x:autoScalingGroupName/asg-ehr"),
        managed_scaling: named("ENABLED"),
        target_capacity: Some(100),
        ..Provider::default()
    };
    let ecs = EcsFacts {
        clusters: vec![Seen { at: NOW, item: Arc::new(Cluster { name: Text::from("ehr"), ..Cluster::default() }) }],
        services: vec![Seen { at: NOW, item: Arc::new(service) }],
        providers: vec![seen(provider)],
        ..EcsFacts::default()
    };
    facts.put(NOW, Arc::new(ecs));
}

fn put_scaling(facts: &mut Facts) {
    let resource = Text::from("service/ehr/ehr-api");
    let gone = Target { resource: Text::from("service/ehr/gone"), ..Target::default() };
    let target = Target { resource: resource.clone(), minimum: Some(4), maximum: Some(28), ..Target::default() };
    let policy = Policy {
        name: Text::from("cpu-out"),
        resource: resource.clone(),
        steps: Some((2, 4)),
        alarms: vec![Text::from("cpu-low"), Text::from("cpu-high")],
        ..Policy::default()
    };
    let told = NotScaled { code: Text::from("AlreadyAtMaxCapacity"), maximum: Some(28), ..NotScaled::default() };
    let activity = Activity {
        id: Text::from("a"),
        resource,
        description: named("Attempting to scale"),
        cause: named("monitor alarm cpu-high in state ALARM"),
        status: named("Failed"),
        started_at: Some(NOW),
        not_scaled: vec![told],
        ..Activity::default()
    };
    let read_at = ScalingRead { targets: Some(NOW), policies: Some(NOW), activities: Some(NOW) };
    let metric = MetricAlarm { metric: named("CPUUtilization"), threshold: Some(80.0), ..MetricAlarm::default() };
    let alarm = |name: &str, state: &str| Alarm {
        name: Text::from(name),
        arn: Text::from(name),
        state: named(state),
        watches: Watches::Metric(metric.clone()),
        ..Alarm::default()
    };
    let alarms = vec![alarm("cpu-low", "OK"), alarm("cpu-high", "ALARM")];
    facts.put(
        NOW,
        Arc::new(ScalingFacts {
            targets: vec![target, gone],
            policies: vec![policy],
            activities: vec![activity],
            read_at,
        }),
    );
    let transitions: Vec<Transition> = Vec::new();
    facts.put(NOW, Arc::new(AlarmFacts { alarms, transitions, alarms_at: Some(NOW), ..AlarmFacts::default() }));
}

fn put_group(facts: &mut Facts) {
    let group = Group {
        name: Text::from("asg-ehr"),
        minimum: Some(5),
        desired: Some(12),
        maximum: Some(12),
        ..Group::default()
    };
    let launch = GroupActivity {
        id: Text::from("g"),
        group: group.name.clone(),
        description: named("Launching a new EC2 instance: i-1"),
        status: named("Successful"),
        started_at: Some(NOW),
        ..GroupActivity::default()
    };
    let refresh =
        Refresh { group: group.name.clone(), status: named("InProgress"), percent: Some(40), ..Refresh::default() };
    let points = (0..5).map(|n| (NOW - std::time::Duration::from_secs(60 * (4 - n)), 125.0)).collect();
    let series = (NOW, Series { points, problem: None });
    facts.put(NOW, Arc::new(GroupFacts { groups: vec![group.clone()], missing: vec![] }));
    let history = GroupHistory { activities: vec![launch], refreshes: vec![refresh], read_at: vec![(group.name, NOW)] };
    facts.put(NOW, Arc::new(history));
    let name = (Text::from("ehr"), Text::from("main"));
    facts.put(NOW, Arc::new(ReservationFacts { series: [(name, series)].into() }));
}

fn with<R>(look: impl FnOnce(&StackScene<'_>, Vec<Row>) -> R) -> R {
    let (stack, facts) = (Stack::default(), facts());
    let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
    look(&StackScene::new(&stack, &facts, &[]), rows)
}

fn told(row: &Row, ids: &[&str]) -> Vec<String> {
    let cell = |id: &&str| row.cells[COLUMNS.iter().position(|column| column.id == *id).unwrap()].human(NOW);
    ids.iter().map(cell).collect()
}

#[test]
fn services_and_groups_stand_against_their_bounds_with_what_drives_them() {
    with(|_, rows| {
        let size = ["target", "kind", "running", "desired", "minimum", "maximum"];
        assert_eq!(told(&rows[0], &size), ["ehr/ehr-api", "service", "20", "28", "4", "28"]);
        let drives = ["metric", "target_value", "alarm", "alarm_state", "held"];
        assert_eq!(
            told(&rows[0], &drives),
            ["CPUUtilization", "80", "cpu-high", "ALARM", "it is at its maximum of 28"]
        );
        let last = ["activity_status", "cause", "not_scaled_reason"];
        assert_eq!(told(&rows[0], &last), ["Failed", "monitor alarm cpu-high in state ALARM", "AlreadyAtMaxCapacity"]);
        assert_eq!(told(&rows[2], &size), ["asg-ehr", "group", "0", "12", "5", "12"]);
        assert_eq!(
            told(&rows[2], &["metric", "target_value", "value", "held"])[1..],
            ["100", "125", "it is at its maximum of 12"]
        );
        assert_eq!(rows.iter().map(|row| row.section.order).collect::<Vec<_>>(), [0, 0, 1]);
    });
}

#[test]
fn a_target_whose_service_was_not_read_is_unknown() {
    with(|_, rows| {
        assert_eq!(
            (rows[1].severity, told(&rows[1], &["target", "desired", "alarm"])),
            (Severity::Unknown, vec!["ehr/gone".to_owned(), "–".to_owned(), "–".to_owned()])
        );
    });
}

fn headings(detail: &Detail) -> Vec<&str> {
    let heading = |line: &Line| if let Line::Heading(heading) = line { Some(*heading) } else { None };
    detail.lines.iter().filter_map(heading).collect()
}

#[test]
fn the_detail_begins_with_the_sentence_and_goes_on_with_what_it_rests_on() {
    with(|scene, rows| {
        let service = detail::detail(scene, &rows[0]);
        assert_eq!(headings(&service), ["why is it not scaling", "bounds", "policy", "alarms", "activities"]);
        let Line::Words(sentence) = &service.lines[1] else { panic!("a sentence") };
        assert!(
            sentence.starts_with("ehr-api 20/28, 4 to 28 allowed: cpu-high is in ALARM and asks for more"),
            "{sentence}"
        );
        assert_eq!(super::sentence(scene.facts, &rows[0].id).as_deref(), Some(sentence.as_str()));
        let group = detail::detail(scene, &rows[2]);
        let all = ["why is it not scaling", "bounds", "reservation, last hour", "instance refreshes", "activities"];
        assert_eq!(headings(&group), all);
        let trend =
            group.lines.iter().find_map(|line| if let Line::Trend(_, trend) = line { Some(trend) } else { None });
        assert_eq!(trend.map(|trend| (trend.points.len(), trend.limit)), Some((5, Some(1.0))));
    });
}

#[test]
fn a_row_leads_to_what_it_scales() {
    with(|scene, rows| {
        let service = open(&rows[0]).unwrap();
        assert_eq!((service.view, service.filter.as_str()), ("services", "cluster=ehr service=ehr-api"));
        assert_eq!(open(&rows[2]).map(|drill| drill.view), Some("instances"));
        let call = aws(scene, &rows[0]).unwrap();
        assert!(call.contains("--resource-id service/ehr/ehr-api --include-not-scaled-activities"), "{call}");
        assert!(aws(scene, &rows[2]).unwrap().ends_with("--auto-scaling-group-name asg-ehr"));
    });
}
