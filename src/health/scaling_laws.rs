//! Laws of the rules of scaling and alarms, on any world.

use std::collections::HashMap;

use fastrand::Rng;
use proptest::prelude::*;

use super::fixture::*;
use super::scaling_why::ScalingWhy;
use super::{Evaluation, scaling_why};
use crate::model::Severity;
use crate::model::alarm::{Alarm, MetricAlarm, Transition, Watches};
use crate::model::scaling::{Activity, Group, GroupActivity, NotScaled, Refresh, Suspended, Target};
use crate::text::Text;

/// One of a vocabulary, now and then a word nobody knows.
fn word(rng: &mut Rng, words: &[&str]) -> Option<Text> {
    text(if rng.u8(..15) == 0 { "SOMETHING_NEW" } else { rng.choice(words).copied().unwrap_or_default() })
}

fn any_alarm(rng: &mut Rng, name: &str) -> Alarm {
    let metric = MetricAlarm {
        comparison: word(rng, &["GreaterThanThreshold", "LessThanThreshold"]),
        treat_missing: word(rng, &["missing", "notBreaching"]),
        evaluation: if rng.bool() { None } else { word(rng, &["PARTIAL_DATA", "EVALUATION_ERROR"]) },
        ..MetricAlarm::default()
    };
    let actions = [policy().arn, Text::from("arn:aws:sns:us-east-1:1:pager")];
    Alarm {
        watches: if rng.u8(..5) == 0 { Watches::Alarms(Text::from("ALARM(x)")) } else { Watches::Metric(metric) },
        state: word(rng, &["OK", "ALARM", "ALARM", "INSUFFICIENT_DATA"]),
        actions_enabled: Some(rng.u8(..4) > 0),
        actions: actions.into_iter().filter(|_| rng.bool()).collect(),
        suppressed_by: if rng.u8(..5) == 0 { text("Alarm") } else { None },
        reason: text("because"),
        ..alarm(name, "")
    }
}

fn any_activity(rng: &mut Rng) -> Activity {
    let code = word(rng, &["AlreadyAtMaxCapacity", "TargetServicePutResourceAsUnscalable"]).unwrap_or_default();
    let told = NotScaled { code, maximum: Some(4), ..NotScaled::default() };
    let status = word(rng, &["Successful", "Successful", "Failed", "Unfulfilled", "InProgress", "Overridden"]);
    let (minutes, desired) = (rng.u64(..90), rng.u32(..5));
    let not_scaled = if rng.u8(..4) == 0 { vec![told] } else { vec![] };
    Activity { status, not_scaled, ..activity(minutes, "", desired) }
}

fn any_launch(rng: &mut Rng) -> GroupActivity {
    let description = text(if rng.bool() { "Launching a new EC2 instance" } else { "Terminating EC2 instance: i-1" });
    let status = word(rng, &["Successful", "Failed", "Failed", "Cancelled", "InProgress"]);
    GroupActivity { description, status, ..launch(rng.u64(..40), "") }
}

fn any_world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let (desired, running) = (rng.u32(..5), rng.u32(..5));
    let members = group(0, rng.u32(..4), 4).instances;
    let lifecycle = |rng: &mut Rng| word(rng, &["InService", "InService", "Pending:Wait"]);
    let instances =
        members.into_iter().map(|i| crate::model::scaling::GroupInstance { lifecycle: lifecycle(rng), ..i });
    let instances = instances.collect();
    let group = Group { desired: Some(rng.u32(2..5)), instances, ..group(0, 0, 4) };
    let group = if rng.u8(..4) == 0 { Group { suspended: vec![(Text::from("Launch"), None)], ..group } } else { group };
    let mut past: Vec<Activity> = (0..rng.usize(..8)).map(|_| any_activity(rng)).collect();
    past.sort_by_key(|activity| std::cmp::Reverse(activity.started_at));
    let mut launches: Vec<GroupActivity> = (0..rng.usize(..6)).map(|_| any_launch(rng)).collect();
    launches.sort_by_key(|activity| std::cmp::Reverse(activity.started_at));
    let steps = [
        (rng.u64(1..20), f64::from(rng.u32(1..3)) * 50.0),
        (rng.u64(1..30), *rng.choice(&[60.0, 100.0, 125.0]).unwrap()),
    ];
    let changes = (0..rng.u64(..8)).map(|n| Transition {
        alarm: Text::from("ehr-api-cpu-high"),
        at: ago(n * 12),
        to: text("OK"),
        ..Transition::default()
    });
    let changes: Vec<Transition> = changes.collect();
    let mut world = with(service(running, desired))
        .scaled(group)
        .reserved(&steps)
        .with_target(rng.u32(1..5))
        .alarms([any_alarm(rng, "ehr-api-cpu-high"), any_alarm(rng, "other")])
        .changed(changes)
        .did(past)
        .group_did(launches);
    let suspended = Suspended { scaling_out: rng.u8(..5) == 0, scaling_in: rng.u8(..5) == 0, scheduled: false };
    if let Some(scaling) = &mut world.scaling {
        scaling.targets[0] = Target { suspended: Some(suspended), ..scaling.targets[0].clone() };
        if rng.bool() {
            scaling.policies[0].steps = None;
        }
    }
    if let Some(history) = &mut world.history {
        let status = word(rng, &["Successful", "Failed", "InProgress", "RollbackInProgress"]);
        let group = Text::from("asg-ehr");
        history.refreshes =
            vec![Refresh { id: Text::from("r"), group, status, ended_at: ago(60), ..Refresh::default() }];
    }
    if rng.bool() {
        let waits = queued("w", rng.u64(..20));
        world = world.task(waits).instances([instance("i-9", "us-east-1a", 4)]);
    }
    World { minutes: 60, ..world }
}

fn lose<T>(field: &mut Option<T>, rng: &mut Rng) {
    if rng.u8(..4) == 0 {
        *field = None;
    }
}

/// Takes fields away that the services normally give. Left alone is what is absent by its meaning: the evaluation of an alarm
/// that is evaluated well, what suppresses it, the time at which something ended.
fn forget(mut world: World, seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    if let Some(scaling) = &mut world.scaling {
        for target in &mut scaling.targets {
            lose(&mut target.minimum, rng);
            lose(&mut target.maximum, rng);
            lose(&mut target.suspended, rng);
        }
        for activity in &mut scaling.activities {
            lose(&mut activity.description, rng);
            lose(&mut activity.status, rng);
            lose(&mut activity.started_at, rng);
        }
        scaling.policies.iter_mut().for_each(|policy| lose(&mut policy.steps, rng));
    }
    for activity in world.history.iter_mut().flat_map(|history| &mut history.activities) {
        lose(&mut activity.description, rng);
        lose(&mut activity.status, rng);
        lose(&mut activity.started_at, rng);
    }
    for refresh in world.history.iter_mut().flat_map(|history| &mut history.refreshes) {
        lose(&mut refresh.status, rng);
        lose(&mut refresh.ended_at, rng);
    }
    if let Some(alarms) = &mut world.alarms {
        for alarm in &mut alarms.alarms {
            lose(&mut alarm.state, rng);
            lose(&mut alarm.actions_enabled, rng);
            lose(&mut alarm.since, rng);
            if let Watches::Metric(metric) = &mut alarm.watches {
                lose(&mut metric.comparison, rng);
                lose(&mut metric.treat_missing, rng);
            }
        }
        alarms.transitions.iter_mut().for_each(|change| lose(&mut change.at, rng));
    }
    for provider in &mut world.providers {
        lose(&mut provider.target_capacity, rng);
        lose(&mut provider.managed_scaling, rng);
    }
    for group in world.groups.iter_mut().flat_map(|known| &mut known.groups) {
        lose(&mut group.desired, rng);
        lose(&mut group.maximum, rng);
        group.instances.iter_mut().for_each(|i| lose(&mut i.lifecycle, rng));
    }
    world.tasks.iter_mut().for_each(|task| lose(&mut task.created_at, rng));
    world
}

fn by_subject(evaluation: &Evaluation) -> HashMap<(&'static str, Text), Severity> {
    evaluation.checks.iter().map(|c| ((c.rule, c.subject.id.clone()), c.severity)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_rule_panics_and_each_says_at_most_one_thing_of_a_subject(seed: u64) {
        let evaluation = any_world(seed).evaluate();
        prop_assert_eq!(by_subject(&evaluation).len(), evaluation.checks.len(), "{:#?}", evaluation.checks);
        for check in &evaluation.checks {
            prop_assert!(!check.message.is_empty() && !check.subject.id.is_empty() && !check.subject.name.is_empty());
            prop_assert!(check.message.chars().count() <= 160, "{}", check.message);
        }
    }

    #[test]
    fn what_is_not_told_turns_nothing_green(seed: u64, lost: u64) {
        let world = any_world(seed);
        let less = forget(world.clone(), lost);
        let (full, partial) = (world.evaluate(), less.evaluate());
        let after = by_subject(&partial);
        for check in full.checks.iter().filter(|c| c.severity > Severity::Unknown) {
            let now = after.get(&(check.rule, check.subject.id.clone()));
            prop_assert_ne!(now, Some(&Severity::Ok), "{}: {}\n{:#?}", check.rule, check.message, less);
        }
    }

    #[test]
    fn every_target_and_group_has_one_sentence_that_names_it(seed: u64, lost: u64) {
        let facts = forget(any_world(seed), lost).facts(now());
        let whys = facts.derived::<ScalingWhy>();
        let service = whys.of_target(&target().resource).map(|why| why.sentence.as_str());
        prop_assert!(service.is_some_and(|said| said.starts_with("ehr-api ") && said.contains("; last: ")), "{service:?}");
        let group: Option<&scaling_why::Why> = whys.of_group(&Text::from("asg-ehr"));
        prop_assert!(group.is_some_and(|why| why.sentence.starts_with("asg-ehr ")), "{group:?}");
    }
}
