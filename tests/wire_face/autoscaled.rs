//! Scaling and alarms of the small world: full ones with every member set, and bare ones with a name alone.

use std::time::Duration;

use async_trait::async_trait;
use rounds::backend::ports::{Alarms, AppScaling, GroupActivities, Page};
use rounds::model::Fault;
use rounds::model::alarm::{Alarm, MetricAlarm, Transition, Watches};
use rounds::model::scaling::{Activity, GroupActivity, NotScaled, Policy, Refresh, Suspended, Target};
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::databases::HOSTILE;
use crate::world::{ACCOUNT, REGION, later, paged, some, text};

pub struct Autoscaled {
    pub targets: Vec<Target>,
    pub policies: Vec<Policy>,
    pub activities: Vec<Activity>,
    pub group_activities: Vec<GroupActivity>,
    pub refreshes: Vec<Refresh>,
    pub alarms: Vec<Alarm>,
    pub transitions: Vec<Transition>,
}

const DIMENSION: &str = "ecs:service:DesiredCount";

/// So many seconds from the beginning, in whole seconds: the SDK cuts the fractions of CBOR down to the millisecond below.
#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn whole(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_secs(NOW.secs() + seconds))
}

/// The time of the newest change, in whole seconds.
pub const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);

fn resource(n: u32) -> Text {
    text(format!("service/ehr/svc-{n:03}"))
}

fn alarm_arn(name: &str) -> Text {
    text(format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"))
}

/// Everything in the order in which AWS lists it: 102 targets, 23 policies, 112 activities, of one group 203 activities and 52
/// refreshes, 43 composite alarms and 121 others, 251 changes.
pub fn autoscaled() -> Autoscaled {
    let mut all = Autoscaled {
        targets: (0..101).map(target).collect(),
        policies: (0..22).map(policy).collect(),
        activities: (0..111).map(activity).collect(),
        group_activities: (0..202).map(group_activity).collect(),
        refreshes: (0..51).map(refresh).collect(),
        alarms: (0..42).map(composite).collect(),
        transitions: (0..249).map(transition).collect(),
    };
    let dimension = text(DIMENSION);
    all.targets.push(Target { resource: text("service/zz/bare"), dimension: dimension.clone(), ..Target::default() });
    let bare = Policy { name: text("zz-bare"), resource: text("service/zz/bare"), ..Policy::default() };
    all.policies.push(Policy { dimension: dimension.clone(), kind: some("PredictiveScaling"), ..bare });
    let bare = Activity { id: text("bare"), resource: text("service/zz/bare"), dimension, ..Activity::default() };
    all.activities.push(Activity { status: some("InProgress"), ..bare });
    let group = || text("asg-01");
    let bare = GroupActivity { id: text("bare"), group: group(), ..GroupActivity::default() };
    all.group_activities.push(GroupActivity { status: some("InProgress"), ..bare });
    all.refreshes.push(Refresh { id: text("bare"), group: group(), ..Refresh::default() });
    let bare = |name, watches| Alarm { name: text(name), arn: alarm_arn(name), watches, ..Alarm::default() };
    all.alarms.push(bare("zz-bare", Watches::Alarms(text("TRUE"))));
    all.alarms.extend((0..120).map(metric));
    all.alarms.push(bare("zz-bare-metric", Watches::Metric(MetricAlarm::default())));
    // The same words at the same time are two changes.
    let twice =
        Transition { alarm: text("metric-000"), at: whole(-3_600), reason: some(HOSTILE), ..Transition::default() };
    all.transitions.extend([twice.clone(), twice]);
    all
}

fn target(n: u32) -> Target {
    Target {
        resource: resource(n),
        dimension: text(DIMENSION),
        minimum: Some(n % 3),
        maximum: Some(20 + n),
        suspended: Some(Suspended {
            scaling_out: n.is_multiple_of(2),
            scaling_in: n.is_multiple_of(3),
            scheduled: n.is_multiple_of(5),
        }),
        created_at: later(-86_400_000 - i64::from(n)),
    }
}

fn policy(n: u32) -> Policy {
    let steps = n.is_multiple_of(3);
    let metrics = ["ECSServiceAverageCPUUtilization", "QueueDepth <&\"> ümläut"];
    let tracked = |value: &str| if steps { None } else { some(value) };
    Policy {
        name: text(format!("policy-{n:02}")),
        arn: text(format!("arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{n:08}")),
        resource: resource(n),
        dimension: text(DIMENSION),
        kind: some(if steps { "StepScaling" } else { "TargetTrackingScaling" }),
        metric: tracked(metrics[n as usize % 2]),
        target: (!steps).then(|| 0.5 + f64::from(n)),
        scale_in_disabled: (!steps).then_some(n.is_multiple_of(2)),
        cooldown: Some(60 + n),
        steps: steps.then_some((-2, 4)),
        alarms: vec![text(format!("metric-{n:03}")), text("other")],
    }
}

fn activity(n: u32) -> Activity {
    let idle = n.is_multiple_of(4);
    let reason = |code: &str| NotScaled { code: text(code), maximum: Some(28), minimum: Some(2), current: Some(28) };
    Activity {
        id: text(format!("activity-{n:04}")),
        resource: resource(n % 7),
        dimension: text(DIMENSION),
        description: Some(text(format!("Setting desired count to {n}. {HOSTILE}"))),
        cause: some("monitor alarm <metric-000> in state ALARM triggered policy policy-00"),
        started_at: later(-1_000 * i64::from(n)),
        ended_at: if idle { None } else { later(-1_000 * i64::from(n) + 250) },
        status: some(["Successful", "Failed", "Unfulfilled"][n as usize % 3]),
        message: some(HOSTILE),
        not_scaled: if idle {
            vec![
                reason("AlreadyAtMaxCapacity"),
                NotScaled { code: text("AutoScalingAnticipatedFlapping"), ..NotScaled::default() },
            ]
        } else {
            Vec::new()
        },
    }
}

fn group_activity(n: u32) -> GroupActivity {
    GroupActivity {
        id: text(format!("ga-{n:04}")),
        group: text("asg-01"),
        description: some("Launching a new EC2 instance.  Status Reason: InsufficientInstanceCapacity"),
        cause: some(HOSTILE),
        started_at: later(-1_000 * i64::from(n)),
        ended_at: later(-1_000 * i64::from(n) + 1),
        status: some(["Failed", "Successful", "MidLifecycleAction"][n as usize % 3]),
        message: some("We currently do not have sufficient <capacity>"),
        progress: Some(n % 101),
    }
}

fn refresh(n: u32) -> Refresh {
    Refresh {
        id: text(format!("refresh-{n:03}")),
        group: text("asg-01"),
        status: some(["Baking", "RollbackInProgress", "Successful"][n as usize % 3]),
        reason: some(HOSTILE),
        started_at: later(-60_000 * i64::from(n)),
        ended_at: later(-60_000 * i64::from(n) + 30_000),
        percent: Some(n),
        left: Some(n % 5),
        least_healthy: Some(50 + n % 50),
    }
}

fn composite(n: u32) -> Alarm {
    let name = format!("composite-{n:02}");
    Alarm {
        arn: alarm_arn(&name),
        name: text(name),
        watches: Watches::Alarms(text("ALARM(metric-000) AND NOT OK(\"metric-001\")")),
        state: some("ALARM"),
        reason: some(HOSTILE),
        since: whole(-i64::from(n)),
        actions_enabled: Some(n.is_multiple_of(2)),
        actions: vec![text("arn:aws:sns:::pages")],
        suppressed_by: n.is_multiple_of(2).then(|| text("ExtensionPeriod")),
    }
}

fn metric(n: u32) -> Alarm {
    let name = format!("metric-{n:03}");
    let expression = n % 10 == 9;
    let plain = |value: &str| if expression { None } else { some(value) };
    Alarm {
        arn: alarm_arn(&name),
        name: text(name),
        watches: Watches::Metric(MetricAlarm {
            namespace: plain("AWS/ECS"),
            metric: some(if expression { HOSTILE } else { "CPUUtilization" }),
            dimensions: if expression { Vec::new() } else { vec![(text("ServiceName"), text("svc <&>"))] },
            statistic: plain(if n.is_multiple_of(2) { "Average" } else { "p99" }),
            comparison: some("GreaterThanThreshold"),
            threshold: Some(f64::from(n) / 4.0),
            period: Some(Duration::from_mins(1)),
            evaluation_periods: Some(3),
            datapoints_to_alarm: Some(2),
            treat_missing: some("notBreaching"),
            evaluation: n.is_multiple_of(3).then(|| text("PARTIAL_DATA")),
        }),
        state: some(["OK", "ALARM", "INSUFFICIENT_DATA"][n as usize % 3]),
        reason: some("Threshold Crossed"),
        since: whole(-i64::from(n)),
        actions_enabled: Some(true),
        actions: vec![text("arn:aws:autoscaling:::scalingPolicy:x"), text("arn:aws:sns:::y")],
        suppressed_by: None,
    }
}

/// Three of them a second, so that pages end between changes of the same second.
fn transition(n: u32) -> Transition {
    let states = [some("OK"), some("ALARM")];
    let [from, to] = if n.is_multiple_of(2) {
        states
    } else {
        let [a, b] = states;
        [b, a]
    };
    let alarm = if n.is_multiple_of(5) { "composite-01".to_owned() } else { format!("metric-{:03}", n % 9) };
    Transition {
        alarm: text(alarm),
        at: whole(-i64::from(n / 3)),
        from,
        to,
        reason: Some(text(format!("{n} {HOSTILE}"))),
    }
}

#[async_trait]
impl AppScaling for Autoscaled {
    async fn targets(&self, token: Option<&str>) -> Result<Page<Target>, Fault> {
        Ok(paged(&self.targets, token))
    }
    async fn policies(&self, token: Option<&str>) -> Result<Page<Policy>, Fault> {
        Ok(paged(&self.policies, token))
    }
    async fn activities(&self, token: Option<&str>) -> Result<Page<Activity>, Fault> {
        Ok(paged(&self.activities, token))
    }
}

#[async_trait]
impl GroupActivities for Autoscaled {
    async fn activities(&self, group: &str, token: Option<&str>) -> Result<Page<GroupActivity>, Fault> {
        let own: Vec<GroupActivity> = self.group_activities.iter().filter(|one| one.group == *group).cloned().collect();
        Ok(paged(&own, token))
    }
    async fn refreshes(&self, group: &str, token: Option<&str>) -> Result<Page<Refresh>, Fault> {
        let own: Vec<Refresh> = self.refreshes.iter().filter(|one| one.group == *group).cloned().collect();
        Ok(paged(&own, token))
    }
}

#[async_trait]
impl Alarms for Autoscaled {
    async fn alarms(&self, token: Option<&str>) -> Result<Page<Alarm>, Fault> {
        Ok(paged(&self.alarms, token))
    }
    async fn transitions(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Transition>, Fault> {
        let own: Vec<Transition> = self.transitions.iter().filter(|one| one.at >= Some(since)).cloned().collect();
        Ok(paged(&own, token))
    }
}
