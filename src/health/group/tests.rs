use super::super::fixture::*;
use super::*;

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    a_group_at_its_maximum_is_critical_while_tasks_wait,
    suspended_processes_unhealthy_instances_and_the_missing_tag_are_warnings,
    an_instance_held_by_a_hook_is_critical_after_an_hour,
    a_group_in_one_zone_is_critical_unless_its_cluster_says_so,
    a_group_that_was_not_found_is_unknown,
];

fn grouped(group: Group) -> World {
    with(service(2, 2)).scaled(group)
}

#[test]
fn a_group_at_its_maximum_is_critical_while_tasks_wait() {
    let batch = |minutes| Task { group: text("family:batch"), ..queued("b", minutes) };
    let unbounded = Group { maximum: None, ..group(5, 12, 12) };
    table(
        AT_MAXIMUM.id,
        &[
            (grouped(group(5, 11, 12)), &["ok"]),
            (grouped(group(5, 12, 12)), &["info asg-ehr 12/12: at its maximum"]),
            (grouped(group(5, 12, 12)).task(batch(1)), &["info asg-ehr 12/12: at its maximum, no instance for 1 task"]),
            (grouped(group(5, 12, 12)).task(batch(2)), &["crit asg-ehr 12/12: at its maximum, no instance for 1 task"]),
            (grouped(group(5, 11, 12)).task(batch(20)), &["ok"]),
            (grouped(unbounded), &["unknown asg-ehr: its size or its bounds are not known"]),
            (with(service(2, 2)), &[]),
        ],
    );
}

#[test]
fn suspended_processes_unhealthy_instances_and_the_missing_tag_are_warnings() {
    let suspended = |processes: &[&str]| {
        let suspended = processes.iter().map(|p| (Text::from(*p), text("by ana"))).collect();
        grouped(Group { suspended, ..group(5, 6, 12) })
    };
    table(
        SUSPENDED.id,
        &[
            (suspended(&[]), &["ok"]),
            (suspended(&["AZRebalance"]), &["info asg-ehr: AZRebalance suspended"]),
            (
                suspended(&["AlarmNotification"]),
                &["warn asg-ehr: does not change its size on alarms (AlarmNotification suspended)"],
            ),
            (
                suspended(&["Launch", "HealthCheck"]),
                &["warn asg-ehr: cannot add instances (Launch, HealthCheck suspended)"],
            ),
        ],
    );
    let health = |health: Option<&str>| {
        let mut group = group(5, 6, 12);
        group.instances[1].health = health.and_then(text);
        grouped(group)
    };
    table(
        UNHEALTHY.id,
        &[
            (health(Some("Healthy")), &["ok"]),
            (health(Some("Unhealthy")), &["warn asg-ehr: 1 of 6 instances unhealthy"]),
            (health(None), &[]),
        ],
    );
    let tag = |managed_by_ecs| grouped(Group { managed_by_ecs, ..group(5, 6, 12) });
    let mut by_hand = tag(false);
    by_hand.providers[0].managed_scaling = text("DISABLED");
    table(
        NOT_MANAGED.id,
        &[
            (tag(true), &["ok"]),
            (tag(false), &["warn asg-ehr: has no tag AmazonECSManaged, ECS cannot scale it"]),
            (by_hand, &["ok"]),
        ],
    );
}

#[test]
fn an_instance_held_by_a_hook_is_critical_after_an_hour() {
    let held = |lifecycle: Option<&str>| {
        let mut group = group(0, 1, 12);
        group.instances[0].lifecycle = lifecycle.and_then(text);
        grouped(group)
    };
    let draining = |running_tasks| {
        let status = text("DRAINING");
        held(Some("Terminating:Wait")).instances([crate::model::ecs::Instance {
            status,
            running_tasks,
            ..instance("i-0", "us-east-1a", 1)
        }])
    };
    table(
        STUCK.id,
        &[
            (held(Some("InService")), &["ok"]),
            (held(Some("Terminating:Wait")).lasting(59), &["ok"]),
            (
                held(Some("Terminating:Wait")).lasting(60),
                &["crit i-0: waits to be terminated, held by a lifecycle hook"],
            ),
            (draining(0).lasting(60), &["crit i-0: waits to be terminated, held by a lifecycle hook"]),
            (draining(3).lasting(60), &[]),
            (held(None), &[]),
        ],
    );
}

#[test]
fn a_group_in_one_zone_is_critical_unless_its_cluster_says_so() {
    let piled = |zone: Option<&str>| {
        let mut group = group(2, 2, 4);
        group.instances.iter_mut().for_each(|i| i.az = zone.and_then(text));
        grouped(group)
    };
    let hosts = ["i-0", "i-1"].map(|id| instance(id, "us-east-1a", 1));
    table(
        ONE_ZONE.id,
        &[
            (grouped(group(2, 3, 4)), &["ok"]),
            (piled(Some("us-east-1a")), &["crit asg-ehr: all 2 instances are in us-east-1a, of 3 zones"]),
            (
                piled(Some("us-east-1a")).instances(hosts),
                &["info asg-ehr: all 2 instances are in us-east-1a, of 3 zones"],
            ),
            (piled(None), &[]),
            (grouped(group(0, 1, 4)), &[]),
        ],
    );
}

#[test]
fn a_group_that_was_not_found_is_unknown() {
    let mut asked = grouped(group(2, 3, 4));
    asked.groups = Some(GroupFacts { groups: vec![], missing: vec![Text::from("asg-ehr")] });
    let mut unanswered = grouped(group(2, 3, 4));
    unanswered.groups = Some(GroupFacts::default());
    let mut unread = grouped(group(2, 3, 4));
    unread.groups = None;
    let lost: &[&str] = &["unknown asg-ehr: the Auto Scaling group was not found"];
    table(MISSING.id, &[(asked, lost), (unanswered, lost), (unread, &[]), (grouped(group(2, 3, 4)), &[])]);
}
