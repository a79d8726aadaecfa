use super::super::fixture::*;
use super::*;
use crate::model::alarm::{Alarm, Watches};
use crate::model::ecs::Service;
use crate::model::scaling::{NotScaled, Suspended};

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    what_was_not_scaled_is_critical_only_at_the_maximum_while_more_is_asked_for,
    a_service_at_its_maximum_is_a_warning_and_critical_while_more_is_asked_for,
    a_failed_activity_is_critical_for_an_hour,
    suspended_scaling_is_told,
    fewer_tasks_wait_for_the_end_of_a_deployment,
    a_desired_count_that_goes_up_and_down_is_flapping,
];

/// `ehr-api` with this many tasks of at most 28, its alarm in this state.
fn scaled(desired: u32, state: &str) -> World {
    with(service(desired, desired)).with_target(28).alarms([cpu_high(state)])
}

fn refused(minutes: u64, code: &str) -> Activity {
    let reason = NotScaled { code: Text::from(code), maximum: Some(28), current: Some(28), ..NotScaled::default() };
    let description = text("Attempting to scale due to alarm triggered");
    Activity { not_scaled: vec![reason], description, ..activity(minutes, "Failed", 0) }
}

#[test]
fn what_was_not_scaled_is_critical_only_at_the_maximum_while_more_is_asked_for() {
    let told = |state: &str, code: &str| scaled(28, state).did([refused(2, code)]);
    let unread = World { alarms: None, ..told("ALARM", "AlreadyAtMaxCapacity") };
    let undirected = {
        let mut world = told("ALARM", "AlreadyAtMaxCapacity");
        world.scaling.get_or_insert_default().policies[0].steps = None;
        world.alarms([Alarm { watches: Watches::default(), ..cpu_high("ALARM") }])
    };
    table(
        NOT_SCALED.id,
        &[
            (scaled(28, "ALARM"), &["ok"]),
            (scaled(28, "ALARM").did([activity(2, "Successful", 28)]), &["ok"]),
            (
                told("ALARM", "AlreadyAtMaxCapacity"),
                &["crit ehr-api not scaled: AlreadyAtMaxCapacity while ehr-api-cpu-high is in ALARM"],
            ),
            (told("OK", "AlreadyAtMaxCapacity"), &["info ehr-api not scaled: it is at its maximum"]),
            (unread, &["unknown ehr-api not scaled: AlreadyAtMaxCapacity"]),
            (undirected, &["unknown ehr-api not scaled: AlreadyAtMaxCapacity"]),
            (
                told("OK", "TargetServicePutResourceAsUnscalable"),
                &["warn ehr-api not scaled: the service says that it cannot be scaled now"],
            ),
            (told("ALARM", "AutoScalingAnticipatedFlapping"), &["info ehr-api not scaled: it would go back and forth"]),
            (told("OK", "AlreadyAtMinCapacity"), &["info ehr-api not scaled: it is at its minimum"]),
            (told("OK", "SomethingNew"), &["info ehr-api not scaled: SomethingNew"]),
            (scaled(28, "ALARM").did([refused(61, "AlreadyAtMaxCapacity")]), &["ok"]),
            (scaled(28, "OK").did([activity(1, "Successful", 28), refused(2, "AlreadyAtMaxCapacity")]), &["ok"]),
        ],
    );
}

#[test]
fn a_service_at_its_maximum_is_a_warning_and_critical_while_more_is_asked_for() {
    let mut pinned = scaled(28, "OK");
    pinned.scaling.get_or_insert_default().targets[0].minimum = Some(28);
    let mut unbounded = scaled(28, "OK");
    unbounded.scaling.get_or_insert_default().targets[0].maximum = None;
    let unread = World { services: vec![], ..scaled(28, "OK") };
    table(
        AT_MAXIMUM.id,
        &[
            (scaled(27, "ALARM"), &["ok"]),
            (scaled(28, "OK"), &["warn ehr-api wants 28 of at most 28 tasks"]),
            (scaled(28, "ALARM"), &["crit ehr-api wants 28 of at most 28 tasks while ehr-api-cpu-high is in ALARM"]),
            (
                scaled(28, "ALARM").did([refused(2, "AlreadyAtMaxCapacity")]),
                &["info ehr-api wants 28 of at most 28 tasks"],
            ),
            (pinned, &["info ehr-api wants 28 of at most 28 tasks, which is its minimum, too"]),
            (unbounded, &["unknown ehr-api: its maximum is not known"]),
            (unread, &[]),
        ],
    );
}

#[test]
fn a_failed_activity_is_critical_for_an_hour() {
    let did = |activity: Activity| scaled(20, "ALARM").did([activity]);
    let told = Activity { message: text("Failed to set desired count: no."), ..activity(2, "Failed", 28) };
    let statusless = Activity { status: None, ..activity(2, "", 28) };
    table(
        FAILED.id,
        &[
            (scaled(20, "ALARM"), &["ok"]),
            (did(activity(2, "Successful", 28)), &["ok"]),
            (did(activity(2, "InProgress", 28)), &["ok"]),
            (did(told), &["crit ehr-api: its last scaling activity failed: Failed to set desired count: no"]),
            (
                did(activity(60, "Unfulfilled", 28)),
                &["crit ehr-api: its last scaling activity did not reach what it asked for"],
            ),
            (did(activity(61, "Failed", 28)), &["info ehr-api: its last scaling activity failed"]),
            (
                did(activity(2, "Overridden", 28)),
                &["info ehr-api: its last scaling activity was overridden by another"],
            ),
            (did(statusless), &["unknown ehr-api: its last scaling activity does not tell what came of it"]),
            (did(refused(2, "AlreadyAtMaxCapacity")), &["ok"]),
        ],
    );
}

#[test]
fn suspended_scaling_is_told() {
    let suspended = |state: Option<Suspended>| {
        let mut world = scaled(20, "OK");
        world.scaling.get_or_insert_default().targets[0].suspended = state;
        world
    };
    let state = Suspended::default();
    table(
        SUSPENDED.id,
        &[
            (suspended(Some(state)), &["ok"]),
            (suspended(Some(Suspended { scaling_out: true, ..state })), &["warn ehr-api: scaling out suspended"]),
            (
                suspended(Some(Suspended { scaling_in: true, scheduled: true, ..state })),
                &["info ehr-api: scaling in and scheduled scaling suspended"],
            ),
            (suspended(None), &[]),
        ],
    );
}

#[test]
fn fewer_tasks_wait_for_the_end_of_a_deployment() {
    let shrinking = |state: &str, desired: u32| {
        let mut world = scaled(desired, state);
        world.scaling.get_or_insert_default().policies[0].steps = Some((-2, -2));
        world.services = vec![Service { deployments: vec![deployment(state, 1, 4)], ..service(desired, desired) }];
        world
    };
    let mut deploying = shrinking("ALARM", 20);
    deploying.services[0].deployments = vec![deployment("IN_PROGRESS", 1, 4)];
    let mut least = deploying.clone();
    least.services[0].desired = 4;
    table(
        IN_WAITS.id,
        &[
            (shrinking("ALARM", 20), &["ok"]),
            (deploying, &["info ehr-api: ehr-api-cpu-high asks for fewer tasks, waits for the deployment"]),
            (least, &["ok"]),
            (scaled(20, "ALARM"), &["ok"]),
        ],
    );
}

#[test]
fn a_desired_count_that_goes_up_and_down_is_flapping() {
    let counts = |counts: &[u32]| {
        let activities = (1..).zip(counts).map(|(n, count)| activity(n * 8, "Successful", *count));
        scaled(20, "OK").did(activities.collect::<Vec<_>>())
    };
    let mut untold = counts(&[6, 4, 6, 4]);
    untold.scaling.get_or_insert_default().activities[0].description = None;
    table(
        FLAPPING.id,
        &[
            (counts(&[]), &["ok"]),
            (counts(&[8, 6, 4, 2, 4, 6]), &["ok"]),
            (counts(&[6, 4, 6, 4, 6, 4]), &["warn ehr-api: its desired count turned 4 times within 1 h"]),
            (counts(&[4, 4, 6, 6, 4, 4]), &["ok"]),
            (counts(&[9, 9, 9, 9, 6, 4, 6, 4, 6, 4]), &["ok"]),
            (untold, &["ok"]),
        ],
    );
    let mut unknown = counts(&[6, 4, 6, 4, 6]);
    for n in [0, 2] {
        unknown.scaling.get_or_insert_default().activities[n].description = None;
    }
    assert_eq!(unknown.says(FLAPPING.id), ["unknown ehr-api: whether it goes up and down is not known"]);
}
