use std::sync::Arc;

use super::*;
use crate::model::alarm::{AlarmPolicy, MetricAlarm};
use crate::model::scaling::{Policy, ScalingFacts};
use crate::model::stack::Stack;
use crate::model::{Facts, Severity};

const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);
const POLICY: &str = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:8-4:resource/ecs/service/ehr/api:policyName/out";

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn named(words: &str) -> Option<Text> {
    Some(Text::from(words))
}

fn facts() -> Facts {
    let metric = MetricAlarm { metric: named("CPUUtilization"), threshold: Some(80.0), ..MetricAlarm::default() };
    let high = Alarm {
        name: Text::from("cpu-high"),
        arn: Text::from("arn:cpu-high"),
        watches: Watches::Metric(metric),
        state: named("ALARM"),
        since: Some(NOW - Duration::from_mins(4)),
        actions_enabled: Some(true),
        actions: vec![Text::from(POLICY)],
        ..Alarm::default()
    };
    let down = Alarm {
        name: Text::from("down"),
        arn: Text::from("arn:down"),
        watches: Watches::Alarms(Text::from("ALARM(cpu-high)")),
        state: named("OK"),
        actions: vec![Text::from("arn:aws:sns:us-east-1:1:pager")],
        ..Alarm::default()
    };
    let untold = Alarm { name: Text::from("x"), arn: Text::from("arn:x"), ..Alarm::default() };
    let change = |minutes, to: &str| Transition {
        alarm: Text::from("cpu-high"),
        at: Some(NOW - Duration::from_mins(minutes)),
        from: named("OK"),
        to: named(to),
        reason: named("it crossed"),
    };
    let known = AlarmFacts {
        alarms: vec![high, down, untold],
        transitions: vec![change(4, "ALARM"), change(61, "OK")],
        alarms_at: Some(NOW),
        transitions_at: Some(NOW),
        policy: AlarmPolicy { ignore: vec!["x".to_owned()], ..AlarmPolicy::default() },
    };
    let policy = Policy {
        name: Text::from("out"),
        arn: Text::from(POLICY),
        resource: Text::from("service/ehr/api"),
        ..Policy::default()
    };
    let mut facts = Facts::default();
    facts.put(NOW, Arc::new(known));
    facts.put(NOW, Arc::new(ScalingFacts { policies: vec![policy], ..ScalingFacts::default() }));
    facts
}

fn with<R>(look: impl FnOnce(&StackScene<'_>, Vec<Row>) -> R) -> R {
    let (stack, facts) = (Stack::default(), facts());
    let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
    look(&StackScene::new(&stack, &facts, &[]), rows)
}

fn told(row: &Row) -> Vec<String> {
    row.cells.iter().map(|cell| cell.human(NOW)).collect()
}

#[test]
fn an_alarm_is_told_with_its_state_its_actions_and_what_it_drives() {
    with(|_, rows| {
        let [high, down, untold] = rows.as_slice() else { panic!("three rows") };
        let right = ["cpu-high", "metric", "ALARM", "4m00s", "yes", "no", "1", "ehr/api", "–", "CPUUtilization"];
        assert_eq!(told(high), right);
        assert_eq!(told(down)[..6], ["down", "composite", "OK", "–", "–", "yes"]);
        assert_eq!(told(down).last().map(String::as_str), Some("ALARM(cpu-high)"));
        assert_eq!(
            rows.iter().map(|row| row.severity).collect::<Vec<_>>(),
            [Severity::Info, Severity::Ok, Severity::Unknown]
        );
        assert_eq!(told(untold)[2], "–");
    });
}

#[test]
fn the_detail_has_the_history_and_says_what_is_ignored() {
    with(|scene, rows| {
        let high = detail(scene, &rows[0]);
        let events: Vec<&str> = high
            .lines
            .iter()
            .filter_map(|line| if let Line::Event(_, words) = line { Some(words.as_str()) } else { None })
            .collect();
        assert_eq!(events, ["OK to ALARM: it crossed", "OK to OK: it crossed"]);
        let drives = Line::Field(Text::from("drives"), Cell::Text(Text::from("out of ehr/api")));
        assert!(high.lines.contains(&drives));
        assert!(matches!(&detail(scene, &rows[2]).lines[0], Line::Words(words) if words.contains("ignores it")));
        assert!(aws(scene, &rows[0]).unwrap().ends_with("describe-alarm-history --alarm-name cpu-high"));
    });
}

#[test]
fn changes_of_a_history_that_was_never_read_are_not_none() {
    let mut facts = facts();
    let known = facts.get::<AlarmFacts>().cloned().unwrap();
    facts.put(NOW, Arc::new(AlarmFacts { transitions_at: None, transitions: vec![], ..known }));
    let stack = Stack::default();
    let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
    assert_eq!(told(&rows[0])[6], "–");
}
