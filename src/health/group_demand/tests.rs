use super::super::fixture::*;
use super::*;
use crate::model::scaling::Group;
use crate::text::Text;

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    a_group_at_its_maximum_is_critical_while_its_reservation_is_above_the_target,
    launching_that_is_suspended_is_critical_while_instances_are_asked_for,
    a_failed_launch_is_critical_while_instances_are_asked_for,
    a_group_that_launches_nothing_in_time_is_stuck,
    a_task_that_fits_no_instance_leaves_the_reservation_at_a_hundred,
    empty_instances_that_stay_are_told_with_what_keeps_them,
];

/// A group of 6 of at most 12 instances whose reservation was so, minutes and percent.
fn asked(points: &[(u64, f64)]) -> World {
    with(service(2, 2)).scaled(group(5, 6, 12)).reserved(points)
}

const MORE: &[(u64, f64)] = &[(10, 90.0), (20, 125.0)];

#[test]
fn a_group_at_its_maximum_is_critical_while_its_reservation_is_above_the_target() {
    let full = |points: &[(u64, f64)]| with(service(2, 2)).scaled(group(5, 12, 12)).reserved(points);
    table(
        "scaling-group-at-maximum",
        &[
            (asked(MORE), &["ok"]),
            (full(&[(30, 100.0)]), &["info asg-ehr 12/12: at its maximum"]),
            (full(&[(30, 100.0), (2, 125.0)]), &["info asg-ehr 12/12: at its maximum"]),
            (full(&[(30, 100.0), (3, 125.0)]), &["crit asg-ehr 12/12: at its maximum, reservation 125% of 100%"]),
            (full(&[(30, 125.0), (1, 100.0)]), &["info asg-ehr 12/12: at its maximum"]),
        ],
    );
}

#[test]
fn launching_that_is_suspended_is_critical_while_instances_are_asked_for() {
    let suspended = |points: &[(u64, f64)]| {
        let mut world = asked(points);
        world.groups.get_or_insert_default().groups[0].suspended = vec![(Text::from("Launch"), None)];
        world
    };
    let says = "asg-ehr: cannot add instances (Launch suspended)";
    table(
        "scaling-group-suspended",
        &[(suspended(&[(30, 100.0)]), &[&format!("warn {says}")]), (suspended(MORE), &[&format!("crit {says}")])],
    );
}

#[test]
fn a_failed_launch_is_critical_while_instances_are_asked_for() {
    let did = |points: &[(u64, f64)], status: &str| asked(points).group_did([launch(4, status)]);
    let aged = |status: &str, minutes: u64| asked(MORE).group_did([launch(minutes, status)]);
    let mut told = did(MORE, "Failed");
    told.history.get_or_insert_default().activities[0].message = text("Your quota allows for 0 more instances.");
    let mut statusless = did(MORE, "");
    statusless.history.get_or_insert_default().activities[0].status = None;
    let mut odd = did(MORE, "Failed");
    let nameless = GroupActivity { description: None, ..launch(1, "Successful") };
    odd.history.get_or_insert_default().activities.insert(0, nameless);
    let often = asked(MORE).group_did([1, 2, 3].map(|n| launch(n, "Failed")));
    let full = with(service(2, 2)).scaled(group(5, 12, 12)).reserved(MORE).group_did([launch(4, "Failed")]);
    table(
        LAUNCH_FAILED.id,
        &[
            (did(&[(30, 100.0)], "Failed"), &["ok"]),
            (did(MORE, "Successful"), &["ok"]),
            (did(MORE, "Cancelled"), &["crit asg-ehr: its last launch failed"]),
            (told, &["crit asg-ehr: its last launch failed: Your quota allows for 0 more instances"]),
            (statusless, &["unknown asg-ehr: what came of its last launch is not known"]),
            (odd, &["unknown asg-ehr: what came of its last launch is not known"]),
            (aged("Failed", 60), &["crit asg-ehr: its last launch failed"]),
            (aged("Failed", 61), &["info asg-ehr: its last launch failed"]),
            (often, &[]),
            (full, &[]),
            (asked(MORE), &[]),
            (with(service(2, 2)).scaled(group(5, 6, 12)), &[]),
        ],
    );
}

#[test]
fn a_group_that_launches_nothing_in_time_is_stuck() {
    let says: &[&str] = &["crit asg-ehr: reservation 125% of 100% asks for more, nothing is launched"];
    let for_minutes = |minutes: u64| asked(&[(10, 90.0), (minutes, 125.0)]);
    let mut starting = for_minutes(20);
    starting.groups.get_or_insert_default().groups[0].instances[0].lifecycle = text("Pending:Wait");
    let mut unbounded = for_minutes(20);
    unbounded.groups.get_or_insert_default().groups[0].maximum = None;
    let full = with(service(2, 2)).scaled(group(5, 12, 12)).reserved(MORE);
    let untold = for_minutes(20).group_did([GroupActivity { status: None, ..launch(9, "") }]);
    let nameless = GroupActivity { description: None, ..launch(9, "Successful") };
    let either = for_minutes(20).group_did([nameless, launch(30, "Successful")]);
    let unknown: &[&str] =
        &["unknown asg-ehr: reservation 125% of 100% asks for more, whether an instance comes is not known"];
    table(
        OUT_STUCK.id,
        &[
            (asked(&[(30, 100.0)]), &["ok"]),
            (for_minutes(10), &["ok"]),
            (for_minutes(11), says),
            (for_minutes(20).group_did([launch(30, "Successful")]), says),
            (for_minutes(20).group_did([launch(9, "Successful")]), &["ok"]),
            (for_minutes(20).group_did([launch(15, "InProgress")]), &["ok"]),
            (for_minutes(20).group_did([launch(15, "Failed")]), &[]),
            // Of a launch that failed long ago it is not the reason.
            (for_minutes(20).group_did([launch(90, "Failed")]), says),
            (untold, unknown),
            (either, unknown),
            (starting, &["ok"]),
            (unbounded, &["unknown asg-ehr: reservation 125% of 100% asks for more, nothing is launched"]),
            (full, &[]),
        ],
    );
}

#[test]
fn a_task_that_fits_no_instance_leaves_the_reservation_at_a_hundred() {
    let waiting = |percent: f64, minutes: u64| asked(&[(30, percent)]).task(queued("t1", minutes));
    let mut timeless = waiting(100.0, 0).lasting(6);
    timeless.tasks[0].created_at = None;
    // A target that keeps spare instances.
    let spare = |mut world: World| {
        world.providers.iter_mut().for_each(|provider| provider.target_capacity = Some(80));
        world
    };
    let mut starting = spare(waiting(100.0, 6));
    starting.groups.get_or_insert_default().groups[0].instances[0].lifecycle = text("Pending");
    let said_once = spare(waiting(100.0, 30)).says(OUT_STUCK.id);
    assert_eq!(said_once, Vec::<String>::new(), "that more is asked for is the spare instances");
    let says: &[&str] = &["crit asg-ehr: 1 task larger than its smallest instance, it never grows for them"];
    table(
        TOO_LARGE.id,
        &[
            (asked(&[(30, 100.0)]), &["ok"]),
            (waiting(125.0, 6), &["ok"]),
            (waiting(100.0, 4), &["ok"]),
            (waiting(100.0, 6), says),
            (timeless, says),
            (asked(&[(30, 80.0), (4, 100.0)]).task(queued("t1", 20)), &["ok"]),
            (spare(waiting(100.0, 6)), says),
            (spare(waiting(100.0, 4)), &["ok"]),
            (spare(waiting(80.0, 6)), &["ok"]),
            (spare(waiting(100.0, 6)).group_did([launch(4, "Failed")]), &["ok"]),
            (starting, &["ok"]),
        ],
    );
}

#[test]
fn empty_instances_that_stay_are_told_with_what_keeps_them() {
    let idle = |minutes: u64| asked(&[(5, 100.0), (minutes, 60.0)]).instances([instance("i-1", "us-east-1a", 4)]);
    let change = |change: fn(&mut Group)| {
        let mut world = idle(32);
        change(&mut world.groups.get_or_insert_default().groups[0]);
        world
    };
    let mut deploying = idle(32);
    deploying.services[0].deployments = vec![deployment("IN_PROGRESS", 1, 2)];
    table(
        IN_BLOCKED.id,
        &[
            (asked(&[(40, 60.0)]), &["ok"]),
            (idle(14), &["ok"]),
            (idle(30), &["ok"]),
            (idle(32), &["info asg-ehr: keeps 1 empty instance: no reason is known"]),
            (
                change(|g| g.suspended = vec![(Text::from("Terminate"), None)]),
                &["info asg-ehr: keeps 1 empty instance: terminating is suspended"],
            ),
            (change(|g| g.minimum = Some(6)), &["info asg-ehr: keeps 1 empty instance: it is at its minimum of 6"]),
            (deploying, &["info asg-ehr: keeps 1 empty instance: a deployment is in progress"]),
        ],
    );
}
