use super::super::fixture::*;
use super::*;
use crate::model::alarm::{MetricAlarm, Watches};

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    an_alarm_that_tells_somebody_is_critical_and_one_that_only_scales_is_none,
    an_alarm_whose_actions_are_off_is_muted_while_it_is_on,
    an_alarm_that_cannot_be_evaluated_says_so,
    four_changes_within_an_hour_are_flapping,
];

const TOPIC: &str = "arn:aws:sns:us-east-1:1:pager";

fn one(alarm: Alarm) -> World {
    World::default().alarms([alarm])
}

fn paging(alarm: Alarm) -> Alarm {
    Alarm { actions: vec![Text::from(TOPIC)], reason: text("3 datapoints were greater than 80."), ..alarm }
}

fn missing(treat: &str, alarm: Alarm) -> Alarm {
    let metric = MetricAlarm { treat_missing: text(treat), ..MetricAlarm::default() };
    Alarm { watches: Watches::Metric(metric), ..alarm }
}

#[test]
fn an_alarm_that_tells_somebody_is_critical_and_one_that_only_scales_is_none() {
    let silent = || alarm("a", "ALARM");
    let stateless = Alarm { state: None, ..silent() };
    let mut critical = one(silent());
    critical.alarms.get_or_insert_default().policy.critical = vec!["a*".to_owned()];
    let mut ignored = one(paging(silent()));
    ignored.alarms.get_or_insert_default().policy.ignore = vec!["a".to_owned()];
    let suppressed = Alarm { suppressed_by: text("Alarm"), ..paging(silent()) };
    let both = Alarm { actions: vec![Text::from(TOPIC), policy().arn], ..silent() };
    let composite = Alarm { watches: Watches::Alarms(Text::from("ALARM(b)")), ..paging(silent()) };
    let mute = |alarm: Alarm| Alarm { actions_enabled: Some(false), ..alarm };
    let mut named = critical.clone().alarms([mute(paging(silent()))]);
    named.alarms.get_or_insert_default().policy.critical = vec!["a".to_owned()];
    let thinks = "crit a is in ALARM: 3 datapoints were greater than 80";
    table(
        ACTIVE.id,
        &[
            (one(alarm("a", "OK")), &["ok"]),
            (one(cpu_high("ALARM")), &["ok"]),
            (one(silent()), &["warn a is in ALARM"]),
            (one(paging(silent())), &[thinks]),
            (one(composite), &[thinks]),
            (one(both), &["crit a is in ALARM"]),
            (critical, &["crit a is in ALARM"]),
            (one(suppressed), &["info a is in ALARM, suppressed by Alarm"]),
            (one(mute(paging(silent()))), &[]),
            (named, &["crit a is in ALARM and muted: 3 datapoints were greater than 80"]),
            (ignored, &[]),
            (one(alarm("a", "INSUFFICIENT_DATA")), &["unknown a has not enough data to tell"]),
            (one(missing("notBreaching", alarm("a", "INSUFFICIENT_DATA"))), &["info a has not enough data to tell"]),
            (one(missing("ignore", alarm("a", "INSUFFICIENT_DATA"))), &["info a has not enough data to tell"]),
            (one(missing("missing", alarm("a", "INSUFFICIENT_DATA"))), &["unknown a has not enough data to tell"]),
            (one(cpu_high("INSUFFICIENT_DATA")), &["info ehr-api-cpu-high has not enough data to tell"]),
            (one(stateless), &["unknown a does not tell its state"]),
            (one(alarm("a", "ODD")), &["unknown a is in a state that is not known: ODD"]),
        ],
    );
}

#[test]
fn an_alarm_whose_actions_are_off_is_muted_while_it_is_on() {
    let mute = |alarm: Alarm| one(Alarm { actions_enabled: Some(false), ..alarm });
    let untold = Alarm { actions_enabled: None, ..paging(alarm("a", "ALARM")) };
    let mut named = mute(paging(alarm("a", "ALARM")));
    named.alarms.get_or_insert_default().policy.critical = vec!["a".to_owned()];
    table(
        MUTED.id,
        &[
            (one(paging(alarm("a", "ALARM"))), &["ok"]),
            (mute(paging(alarm("a", "OK"))), &["ok"]),
            (mute(alarm("a", "ALARM")), &["ok"]),
            (named, &[]),
            (
                mute(paging(alarm("a", "ALARM"))),
                &["warn a is in ALARM and muted: nobody is told: 3 datapoints were greater than 80"],
            ),
            (mute(cpu_high("ALARM")), &["warn ehr-api-cpu-high is in ALARM and muted: nothing is scaled"]),
            (one(untold), &[]),
            (one(Alarm { state: None, ..alarm("a", "") }), &[]),
        ],
    );
}

#[test]
fn an_alarm_that_cannot_be_evaluated_says_so() {
    let evaluated = |state: &str| {
        let metric = MetricAlarm { evaluation: text(state), ..MetricAlarm::default() };
        one(Alarm { watches: Watches::Metric(metric), ..alarm("a", "OK") })
    };
    let composite = Alarm { watches: Watches::Alarms(Text::from("ALARM(b)")), ..alarm("a", "OK") };
    table(
        EVALUATION.id,
        &[
            (one(alarm("a", "OK")), &["ok"]),
            (evaluated("EVALUATION_ERROR"), &["warn a is set up so that it cannot be evaluated"]),
            (evaluated("EVALUATION_FAILURE"), &["unknown a could not be evaluated by CloudWatch"]),
            (evaluated("PARTIAL_DATA"), &["unknown a was evaluated on a part of its data"]),
            (evaluated("ODD"), &["unknown a is evaluated in a way that is not known: ODD"]),
            (one(composite), &[]),
        ],
    );
}

#[test]
fn four_changes_within_an_hour_are_flapping() {
    let change = |minutes: Option<u64>, name: &str| Transition {
        alarm: Text::from(name),
        at: minutes.and_then(ago),
        to: text("OK"),
        ..Transition::default()
    };
    let changed = |minutes: &[u64], alarm: Alarm| {
        let changes = minutes.iter().map(|n| change(Some(*n), &alarm.name)).collect::<Vec<_>>();
        one(alarm).changed(changes)
    };
    let undated =
        one(alarm("a", "OK")).changed([1, 2, 3].map(|n| change(Some(n), "a")).into_iter().chain([change(None, "a")]));
    let elsewhere = one(alarm("a", "OK")).changed([1, 2, 3, 4].map(|n| change(Some(n), "b")));
    table(
        FLAPPING.id,
        &[
            (changed(&[], alarm("a", "OK")), &["ok"]),
            (changed(&[1, 10, 20, 61], alarm("a", "OK")), &["ok"]),
            (changed(&[1, 10, 20, 60], alarm("a", "OK")), &["warn a changed its state 4 times within 1 h"]),
            (undated, &["warn a changed its state 4 times within 1 h"]),
            (elsewhere, &["ok"]),
            (changed(&[1, 2, 3, 4], cpu_high("OK")), &["info ehr-api-cpu-high changed its state 4 times within 1 h"]),
        ],
    );
    let mut unread = changed(&[1, 2, 3, 4], alarm("a", "OK")).facts(now());
    let known = unread.get::<AlarmFacts>().cloned().unwrap_or_default();
    unread.put(now(), std::sync::Arc::new(AlarmFacts { transitions_at: None, ..known }));
    assert_eq!((FLAPPING.read_at)(&unread), None, "a history that was never read tells nothing");
}

#[test]
fn an_alarm_names_what_it_drives() {
    let world =
        with(service(4, 4)).with_target(28).alarms([Alarm { actions_enabled: Some(false), ..cpu_high("ALARM") }]);
    let evaluation = world.evaluate();
    let check = evaluation.checks.iter().find(|check| check.rule == MUTED.id).unwrap();
    let drives = check.evidence.iter().find(|(field, _)| *field == "drives").map(|(_, value)| value.as_str());
    assert_eq!(drives, Some("cpu-out of service/ehr/ehr-api"));
}

#[test]
fn an_alarm_tells_where_to_look_next() {
    let next = |world: World| {
        let checks = world.evaluate().checks;
        let check =
            checks.into_iter().find(|check| check.rule == ACTIVE.id && check.severity > Severity::Info).unwrap();
        check.next.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let watching = |dimensions: &[(&str, &str)]| {
        let dimensions = dimensions.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect();
        let metric = MetricAlarm { namespace: text("AWS/X"), metric: text("M"), dimensions, ..MetricAlarm::default() };
        Alarm { watches: Watches::Metric(metric), ..paging(alarm("a", "ALARM")) }
    };
    let service = with(service(4, 4)).alarms([watching(&[("ClusterName", "ehr"), ("ServiceName", "ehr-api")])]);
    assert_eq!(next(service), ["look at service ehr/ehr-api: view services"]);
    let group = with(super::super::fixture::service(4, 4)).scaled(group(1, 2, 3));
    assert_eq!(
        next(group.alarms([watching(&[("AutoScalingGroupName", "asg-ehr")])])),
        ["look at group asg-ehr: view scaling"]
    );
    let queue = next(one(watching(&[("QueueName", "q")])));
    assert_eq!(queue, ["see AWS/X M of QueueName q in CloudWatch; what else changed then: timeline of the alarm"]);
    let rule = Watches::Alarms(Text::from("ALARM(\"b\") OR ALARM(c)"));
    let composite = Alarm { watches: rule, ..paging(alarm("a", "ALARM")) };
    let others = [composite, alarm("b", "OK"), alarm("c", "ALARM"), alarm("d", "ALARM")];
    assert_eq!(next(World::default().alarms(others)), ["look at what is in ALARM of its rule: c"]);
}
