//! Services, their deployments and events.

use std::cmp::Reverse;

use aws_sdk_ecs::types;

use crate::backend::aws::values::{count, number, text, text_or_empty, texts, time};
use crate::model::ecs::{Breaker, Deployment, Event, Rollout, Scheduling, Service, tail};
use crate::text::Text;

/// How many events are kept. ECS sends up to 100 that cannot be left out of the answer; "steady state" every six hours fills
/// most of them, and what explains a present condition is among the newest.
const EVENTS: usize = 20;

pub(super) fn service(cluster: &str, raw: &types::Service) -> Service {
    let arn = text_or_empty(raw.service_arn());
    Service {
        name: text(raw.service_name()).unwrap_or_else(|| tail(&arn)),
        arn,
        cluster_arn: text(raw.cluster_arn()).unwrap_or_else(|| Text::new(cluster)),
        status: text(raw.status()),
        scheduling: match raw.scheduling_strategy() {
            Some(types::SchedulingStrategy::Daemon) => Scheduling::Daemon,
            _ => Scheduling::Replica,
        },
        controller: text(raw.deployment_controller().map(types::DeploymentController::r#type)),
        launch_type: text(raw.launch_type()),
        providers: texts(
            raw.capacity_provider_strategy().iter().map(types::CapacityProviderStrategyItem::capacity_provider),
        ),
        desired: count(raw.desired_count()),
        running: count(raw.running_count()),
        pending: count(raw.pending_count()),
        task_definition: text(raw.task_definition()),
        rollout: rollout(raw.deployment_configuration()),
        deployments: deployments(raw.deployments()),
        revisions: texts(raw.current_service_revisions().iter().filter_map(types::ServiceCurrentRevisionSummary::arn)),
        events: events(raw.events()),
        target_groups: target_groups(raw.load_balancers()),
        constraints: raw.placement_constraints().iter().map(constraint).collect(),
        created_at: time(raw.created_at()),
    }
}

fn rollout(raw: Option<&types::DeploymentConfiguration>) -> Rollout {
    let Some(raw) = raw else { return Rollout::default() };
    Rollout {
        minimum_percent: number(raw.minimum_healthy_percent()),
        maximum_percent: number(raw.maximum_percent()),
        strategy: text(raw.strategy()),
        breaker: raw
            .deployment_circuit_breaker()
            .map(|breaker| Breaker { enabled: breaker.enable(), rollback: breaker.rollback() }),
    }
}

/// The primary one first, the others as ECS orders them.
fn deployments(raw: &[types::Deployment]) -> Vec<Deployment> {
    let mut all: Vec<Deployment> = raw.iter().map(deployment).collect();
    all.sort_by_key(|d| d.status.as_deref() != Some("PRIMARY"));
    all
}

fn deployment(raw: &types::Deployment) -> Deployment {
    Deployment {
        id: text_or_empty(raw.id()),
        status: text(raw.status()),
        rollout_state: text(raw.rollout_state()),
        rollout_reason: text(raw.rollout_state_reason()),
        task_definition: text(raw.task_definition()),
        desired: count(raw.desired_count()),
        pending: count(raw.pending_count()),
        running: count(raw.running_count()),
        failed: count(raw.failed_tasks()),
        created_at: time(raw.created_at()),
        updated_at: time(raw.updated_at()),
    }
}

/// The newest, newest first; those without a time come last.
fn events(raw: &[types::ServiceEvent]) -> Vec<Event> {
    let mut newest: Vec<&types::ServiceEvent> = raw.iter().collect();
    newest.sort_by_key(|event| Reverse(time(event.created_at())));
    newest
        .into_iter()
        .take(EVENTS)
        .map(|raw| Event {
            id: text_or_empty(raw.id()),
            at: time(raw.created_at()),
            message: text_or_empty(raw.message()),
        })
        .collect()
}

fn target_groups(raw: &[types::LoadBalancer]) -> u32 {
    let with_group = raw.iter().filter(|balancer| balancer.target_group_arn().is_some_and(|arn| !arn.is_empty()));
    u32::try_from(with_group.count()).unwrap_or(u32::MAX)
}

fn constraint(raw: &types::PlacementConstraint) -> Text {
    let kind = raw.r#type().map_or("constraint", types::PlacementConstraintType::as_str);
    match raw.expression().filter(|expression| !expression.is_empty()) {
        Some(expression) => Text::from(format!("{kind}: {expression}")),
        None => Text::from(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::ecs::AwsEcs;
    use crate::backend::aws::replay::{self, json};
    use crate::backend::ports::Ecs;
    use crate::model::FaultKind;
    use crate::time::Timestamp;

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:1:cluster/ehr";

    async fn read(body: &str) -> Service {
        let (config, access, _) = replay::of([json(200, &format!("{{\"services\":[{body}]}}"))]);
        let mut answer = AwsEcs::new(&config, access).services(CLUSTER, &["x".to_owned()]).await.unwrap();
        assert!(answer.failures.is_empty(), "{:?}", answer.failures);
        answer.items.remove(0)
    }

    #[tokio::test]
    async fn a_full_service_keeps_every_field() {
        let seen = read(
            r#"{"serviceArn":"arn:aws:ecs:us-east-1:1:service/ehr/web","serviceName":"web",
            "clusterArn":"arn:aws:ecs:us-east-1:1:cluster/ehr","status":"ACTIVE","schedulingStrategy":"DAEMON",
            "deploymentController":{"type":"CODE_DEPLOY"},"launchType":"EC2",
            "capacityProviderStrategy":[{"capacityProvider":"spot","weight":1}],
            "desiredCount":4,"runningCount":3,"pendingCount":1,"taskDefinition":"arn:td/web:7",
            "deploymentConfiguration":{"maximumPercent":200,"minimumHealthyPercent":50,"strategy":"BLUE_GREEN",
              "deploymentCircuitBreaker":{"enable":true,"rollback":true}},
            "deployments":[{"id":"ecs-svc/1","status":"ACTIVE"},
              {"id":"ecs-svc/2","status":"PRIMARY","rolloutState":"IN_PROGRESS","rolloutStateReason":"going",
               "taskDefinition":"arn:td/web:7","desiredCount":4,"pendingCount":1,"runningCount":2,"failedTasks":3,
               "createdAt":1700000000.5,"updatedAt":1700000060}],
            "currentServiceRevisions":[{"arn":"arn:r/2","runningTaskCount":2},{"arn":""},{},{"arn":"arn:r/1"}],
            "events":[{"id":"e1","createdAt":1700000000,"message":"old"},{"id":"e2","createdAt":1700000009,"message":"new"},
              {"id":"e3","message":"\u001b]52;c;x\u0007"}],
            "loadBalancers":[{"targetGroupArn":"arn:tg"},{"loadBalancerName":"classic"}],
            "placementConstraints":[{"type":"distinctInstance"},{"type":"memberOf","expression":"attribute:x == y"}],
            "createdAt":1600000000}"#,
        )
        .await;
        assert_eq!(
            (&*seen.name, seen.scheduling, seen.controller.as_deref()),
            ("web", Scheduling::Daemon, Some("CODE_DEPLOY"))
        );
        assert_eq!((seen.desired, seen.running, seen.pending, seen.target_groups), (4, 3, 1, 1));
        assert_eq!((seen.launch_type.as_deref(), seen.providers), (Some("EC2"), vec!["spot".into()]));
        assert_eq!(seen.rollout.breaker, Some(Breaker { enabled: true, rollback: true }));
        assert_eq!((seen.rollout.minimum_percent, seen.rollout.maximum_percent), (Some(50), Some(200)));
        assert_eq!(seen.rollout.strategy.as_deref(), Some("BLUE_GREEN"));
        let first = &seen.deployments[0];
        assert_eq!((&*first.id, first.failed, first.rollout_state.as_deref()), ("ecs-svc/2", 3, Some("IN_PROGRESS")));
        assert_eq!(first.created_at, Some(Timestamp::from_millis(1_700_000_000_500)));
        assert_eq!(seen.revisions, [Text::from("arn:r/2"), Text::from("arn:r/1")]);
        let events: Vec<&str> = seen.events.iter().map(|e| &*e.message).collect();
        assert_eq!(events, ["new", "old", "␛]52;c;x␇"]);
        assert_eq!(seen.constraints, ["distinctInstance".into(), Text::from("memberOf: attribute:x == y")]);
        assert_eq!(seen.created_at, Some(Timestamp::from_secs(1_600_000_000)));
    }

    #[tokio::test]
    async fn a_sparse_service_has_only_its_name() {
        let seen = read(
            r#"{"serviceArn":"arn:x/web","deployments":[{}],"events":[{}],"placementConstraints":[{}],
            "deploymentConfiguration":{"deploymentCircuitBreaker":{}},"loadBalancers":[{}],
            "capacityProviderStrategy":[{}],"launchType":"","status":""}"#,
        )
        .await;
        let expected = Service {
            arn: "arn:x/web".into(),
            name: "web".into(),
            cluster_arn: CLUSTER.into(),
            deployments: vec![Deployment::default()],
            events: vec![Event::default()],
            constraints: vec!["constraint".into()],
            rollout: Rollout { breaker: Some(Breaker { enabled: false, rollback: false }), ..Rollout::default() },
            ..Service::default()
        };
        assert_eq!(seen, expected);
    }

    /// Nothing of an answer is left when the SDK cannot read one part of it: the fault is all that can be shown.
    #[tokio::test]
    async fn what_the_sdk_cannot_read_is_a_malformed_answer() {
        for part in [r#""deploymentController":{}"#, r#""desiredCount":99999999999"#, r#""desiredCount":"four""#] {
            let body = format!(r#"{{"services":[{{"serviceArn":"arn:x/web",{part}}}]}}"#);
            let (config, access, _) = replay::of([json(200, &body)]);
            let fault = AwsEcs::new(&config, access).services(CLUSTER, &["x".to_owned()]).await.unwrap_err();
            assert_eq!(
                (fault.kind, fault.request_id.as_deref()),
                (FaultKind::Malformed, Some("req-1")),
                "{part}: {fault}"
            );
        }
        let seen =
            read(r#"{"serviceArn":"arn:x/web","deploymentController":null,"desiredCount":null,"newThing":{"a":[1]}}"#)
                .await;
        assert_eq!((seen.desired, seen.controller), (0, None));
    }

    #[tokio::test]
    async fn values_nobody_expects_are_kept_as_text_or_clamped() {
        let events: Vec<String> =
            (0..100).map(|n| format!(r#"{{"id":"{n}","createdAt":{},"message":"m"}}"#, 1_700_000_000 + n)).collect();
        let seen = read(&format!(
            r#"{{"serviceArn":"arn:x/web","launchType":"LUNAR","schedulingStrategy":"TIDAL","desiredCount":-4,
            "runningCount":2147483647,"deploymentConfiguration":{{"maximumPercent":-1,"strategy":"BIG_BANG"}},
            "deployments":[{{"rolloutState":"PONDERING"}}],"events":[{}]}}"#,
            events.join(",")
        ))
        .await;
        assert_eq!((seen.launch_type.as_deref(), seen.scheduling), (Some("LUNAR"), Scheduling::Replica));
        assert_eq!((seen.desired, seen.running), (0, 2_147_483_647));
        assert_eq!((seen.rollout.maximum_percent, seen.rollout.strategy.as_deref()), (Some(0), Some("BIG_BANG")));
        assert_eq!(seen.deployments[0].rollout_state.as_deref(), Some("PONDERING"));
        assert_eq!((seen.events.len(), &*seen.events[0].id), (EVENTS, "99"));
    }
}
