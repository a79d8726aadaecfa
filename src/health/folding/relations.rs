//! What follows from what.

use super::hooks::{self, Hooks};
use super::joins;

/// Problems that follow from others where both hang on the same thing.
pub(super) struct Relation {
    /// Rules whose problems follow.
    pub(super) follows: &'static [&'static str],
    /// What one of them hangs on.
    pub(super) on: Hooks,
    /// Rules whose problems they follow from.
    pub(super) of: &'static [&'static str],
    /// What one of these holds.
    pub(super) at: Hooks,
}

/// Rules that say that a service lacks tasks, or that nothing more can be asked for.
const LACKS: &[&str] = &[
    "ecs-capacity-full",
    "ecs-service-none-running",
    "ecs-service-below-minimum",
    "ecs-service-short",
    "ecs-service-pending",
    "ecs-service-event",
    "ecs-daemon-missing",
    "ecs-task-waiting",
    "ecs-rollout-slow",
    "scaling-not-scaled",
    "scaling-target-at-maximum",
    "scaling-activity-failed",
    "scaling-provider-unscaled",
    "alarm-active",
    "alarm-flapping",
];

/// What alarms say.
const ALARMS: &[&str] = &["alarm-active", "alarm-flapping", "alarm-muted"];

/// Every relation. Where a problem fits several, the first counts.
pub(super) const RELATIONS: &[Relation] = &[
    // A group that brings no instance, and the services that wait for room on it.
    Relation {
        follows: LACKS,
        on: hooks::groups_waited_for,
        of: &[
            "scaling-group-at-maximum",
            "scaling-launch-failed",
            "scaling-out-stuck",
            "scaling-group-suspended",
            "scaling-task-too-large",
            "scaling-activities-failing",
        ],
        at: hooks::groups,
    },
    // A group whose launches fail has not reached its maximum, whatever it wants.
    Relation {
        follows: &["scaling-group-at-maximum", "scaling-group-short", "scaling-group-one-zone"],
        on: joins::groups_short,
        of: &["scaling-activities-failing", "scaling-launch-failed"],
        at: hooks::groups,
    },
    // A zone whose agents fell silent together, and what else was there.
    Relation {
        follows: &[
            "ecs-task-unhealthy",
            "ecs-task-disconnected",
            "ecs-instance-health",
            "scaling-instance-unhealthy",
            "mongo-member-state",
            "mongo-heartbeat",
        ],
        on: hooks::zones,
        of: &["ecs-agent-disconnected"],
        at: hooks::lost_zones,
    },
    // A member that is down, and what its set says of it.
    Relation {
        follows: &[
            "mongo-majority",
            "mongo-election",
            "mongo-heartbeat",
            "mongo-disagreement",
            "mongo-sync-source",
            "mongo-zones",
            "mongo-takeover",
        ],
        on: hooks::sets,
        of: &["mongo-no-primary", "mongo-member-state"],
        at: hooks::sets,
    },
    // Logins that fail for a secret that was not rotated, or that tasks hold from before it was.
    Relation {
        follows: &["rds-proxy-auth"],
        on: joins::secrets,
        of: &["secret-rotation-stuck", "secret-rotation-overdue", "secret-stale-tasks"],
        at: hooks::subject,
    },
    // An alarm on a metric that a rule judges, too.
    Relation {
        follows: ALARMS,
        on: joins::measured,
        of: &[
            "rds-proxy-pool",
            "rds-proxy-auth",
            "rds-connections",
            "rds-cpu",
            "rds-memory",
            "rds-storage-free",
            "rds-replica-lag",
            "rds-aurora-lag",
        ],
        at: joins::said,
    },
    // A failover, and what is told elsewhere of the database: its alarms, and a rotation that could not reach it.
    Relation {
        follows: &["alarm-active", "alarm-flapping", "alarm-muted", "secret-rotation-stuck", "secret-rotation-overdue"],
        on: joins::databases,
        of: &["rds-failover"],
        at: hooks::databases,
    },
    // A failover, and those that held connections to what is gone.
    Relation {
        follows: &[
            "rds-proxy-target",
            "rds-proxy-pool",
            "rds-proxy-auth",
            "rds-proxy-status",
            "rds-event",
            "rds-status",
            "rds-cluster-spread",
            "rds-multi-az",
            "rds-connections",
            "rds-cpu",
            "rds-aurora-lag",
            "rds-replica-lag",
            "rds-replication",
        ],
        on: hooks::databases,
        of: &["rds-failover"],
        at: hooks::databases,
    },
    // A proxy whose database does not answer, and who waits at its door.
    Relation {
        follows: &["rds-proxy-pool", "rds-proxy-auth", "rds-event"],
        on: hooks::subject,
        of: &["rds-proxy-target", "rds-proxy-status"],
        at: hooks::subject,
    },
    Relation {
        follows: &["rds-proxy-auth", "rds-event"],
        on: hooks::subject,
        of: &["rds-proxy-pool"],
        at: hooks::subject,
    },
    // A service that may neither stop nor start a task, and the instances that wait for it.
    Relation {
        follows: &["ecs-instance-draining", "scaling-instance-terminating", "ecs-rollout-slow", "scaling-refresh"],
        on: hooks::services_there,
        of: &["ecs-rollout-deadlock"],
        at: hooks::services,
    },
    // A drain that hangs keeps the instance from ending.
    Relation {
        follows: &["scaling-instance-terminating", "scaling-refresh", "scaling-in-blocked"],
        on: hooks::instances,
        of: &["ecs-instance-draining"],
        at: hooks::instances,
    },
    // A group that somebody made smaller, and who cannot do without the instances that go.
    Relation {
        follows: &[
            "ecs-rollout-deadlock",
            "ecs-instance-draining",
            "scaling-instance-terminating",
            "scaling-group-at-maximum",
        ],
        on: joins::groups_draining,
        of: &["scaling-group-resized"],
        at: hooks::groups,
    },
    // Tasks that fail again and again, and what the service says of it.
    Relation {
        follows: &[
            "ecs-service-none-running",
            "ecs-service-below-minimum",
            "ecs-service-short",
            "ecs-service-pending",
            "ecs-service-event",
            "ecs-rollout-failed",
            "ecs-rollout-failing-tasks",
            "ecs-rollout-slow",
            "ecs-task-stopped",
            "ecs-task-unhealthy",
            "scaling-activity-failed",
            "scaling-target-flapping",
            "alarm-active",
            "alarm-flapping",
        ],
        on: hooks::services,
        of: &["ecs-crash-loop"],
        at: hooks::services,
    },
    Relation {
        follows: &[
            "ecs-service-below-minimum",
            "ecs-service-short",
            "ecs-service-pending",
            "ecs-service-event",
            "ecs-rollout-failing-tasks",
            "ecs-rollout-slow",
            "ecs-task-stopped",
        ],
        on: hooks::services,
        of: &["ecs-rollout-failed", "ecs-service-none-running"],
        at: hooks::services,
    },
    // Instances that are gone and not replaced, and the services that had tasks there; what comes is where there is capacity.
    Relation {
        follows: LACKS,
        on: joins::groups_lost,
        of: &["scaling-activities-failing", "scaling-launch-failed", "scaling-group-short"],
        at: hooks::groups,
    },
    Relation {
        follows: &["ecs-service-zones"],
        on: joins::groups_under,
        of: &["scaling-activities-failing", "scaling-launch-failed"],
        at: hooks::groups,
    },
    // A service that cannot be scaled, and the alarm that keeps asking for it.
    Relation {
        follows: &["scaling-not-scaled", "scaling-activity-failed", "alarm-active"],
        on: hooks::services,
        of: &["scaling-target-at-maximum", "scaling-target-suspended"],
        at: hooks::services,
    },
    Relation {
        follows: &["scaling-activity-failed", "alarm-active"],
        on: hooks::services,
        of: &["scaling-not-scaled"],
        at: hooks::services,
    },
    // A rotation that is stuck, and that the secret grows old.
    Relation {
        follows: &["secret-age", "secret-rotation-overdue"],
        on: hooks::subject,
        of: &["secret-rotation-stuck", "secret-rotation-off"],
        at: hooks::subject,
    },
    Relation { follows: &["secret-age"], on: hooks::subject, of: &["secret-rotation-overdue"], at: hooks::subject },
    // A secret that nobody looks after is said once.
    Relation {
        follows: &["secret-key", "secret-schedule"],
        on: hooks::subject,
        of: &["secret-age", "secret-rotation-off", "secret-rotation-overdue", "secret-rotation-stuck"],
        at: hooks::subject,
    },
    // Where GuardDuty is off, none of its parts can be on.
    Relation {
        follows: &["guardduty-features", "guardduty-frequency"],
        on: hooks::anywhere,
        of: &["guardduty-detector"],
        at: hooks::anywhere,
    },
];
