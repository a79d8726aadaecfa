//! The requests that change something.

use aws_sdk_ecs::config::Config;
use aws_sdk_ecs::operation::RequestId;
use aws_sdk_ecs::types::{ContainerInstanceStatus, StopServiceDeploymentStopType};
use aws_smithy_types::retry::RetryConfig;

use super::AwsEcs;
use crate::backend::aws::changes::{astray, became, patience};
use crate::backend::aws::values::text;
use crate::backend::change::{Change, Sent};
use crate::model::{Fault, FaultKind};

impl AwsEcs {
    /// Sends a change of ECS, once.
    pub(in crate::backend::aws) async fn send(&self, change: &Change) -> Sent {
        let action = change.action();
        match change {
            Change::ForceDeployment { cluster, service } => {
                let request = self.client.update_service().cluster(cluster.as_str()).service(service.as_str());
                let request = request.force_new_deployment(true).customize().config_override(once());
                became(self.access.send(action, request.send()).await, |answer| {
                    let primary = answer.service().and_then(|service| {
                        service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"))
                    });
                    (text(answer.request_id()), text(primary.and_then(|deployment| deployment.id())))
                })
            }
            Change::InstanceState { cluster, instance, status } => {
                let request = self.client.update_container_instances_state().cluster(cluster.as_str());
                let request = request.container_instances(instance.as_str());
                let request = request.status(ContainerInstanceStatus::from(status.word()));
                let answer = self.access.send(action, request.customize().config_override(once()).send()).await;
                // An answer of 200 may still say no.
                if let Some(failure) = answer.as_ref().ok().and_then(|answer| answer.failures().first()) {
                    let why = failure.reason().or(failure.detail()).unwrap_or("no reason given");
                    let fault = Fault::new(FaultKind::Rejected, action, format!("{instance}: {why}"));
                    return Sent::Refused { fault, status: Some(200) };
                }
                became(answer, |answer| (text(answer.request_id()), None))
            }
            Change::DesiredCount { cluster, service, tasks } => {
                let Ok(tasks) = i32::try_from(*tasks) else {
                    let fault = Fault::new(FaultKind::Rejected, action, format!("{tasks} tasks are too many"));
                    return Sent::Refused { fault, status: None };
                };
                let request = self.client.update_service().cluster(cluster.as_str()).service(service.as_str());
                let request = request.desired_count(tasks).customize().config_override(once());
                became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
            }
            Change::RollBack { deployment } => {
                let request = self.client.stop_service_deployment().service_deployment_arn(deployment.as_str());
                let request = request.stop_type(StopServiceDeploymentStopType::Rollback);
                let answer = self.access.send(action, request.customize().config_override(once()).send()).await;
                became(answer, |answer| (text(answer.request_id()), text(answer.service_deployment_arn())))
            }
            other => astray(other),
        }
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_ecs::config::Builder {
    Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use serde_json::Value;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::backend::aws::replay::{self, Answer, json};
    use crate::backend::aws::{Connector, Keys};
    use crate::backend::change::{InstanceStatus, Permit};
    use crate::model::stack::Stack;
    use crate::text::Text;
    use crate::time::{ManualClock, Timestamp};

    fn force() -> Change {
        Change::ForceDeployment { cluster: Text::from("arn:c/ehr"), service: Text::from("arn:s/ehr/web") }
    }

    fn drain() -> Change {
        let (cluster, instance) = (Text::from("arn:c/ehr"), Text::from("arn:i/ehr/1"));
        Change::InstanceState { cluster, instance, status: InstanceStatus::Draining }
    }

    async fn sent(change: &Change, answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let outcome = AwsEcs::new(&config, access).send(change).await;
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    #[tokio::test]
    async fn f14_what_is_sent_is_what_is_shown_and_nothing_else() {
        let answer = r#"{"service":{"serviceArn":"arn:s/ehr/web","deployments":[{"id":"ecs-svc/1","status":"ACTIVE"},
            {"id":"ecs-svc/2","status":"PRIMARY"}]}}"#;
        let (outcome, bodies) = sent(&force(), [json(200, answer)]).await;
        let (request_id, made) = (Some(Text::from("req-1")), Some(Text::from("ecs-svc/2")));
        assert_eq!(outcome, Sent::Applied { request_id, made });
        assert_eq!(on_the_wire(&bodies[0]), shown(&force()));
        let (outcome, bodies) = sent(&drain(), [json(200, r#"{"containerInstances":[],"failures":[]}"#)]).await;
        assert!(matches!(outcome, Sent::Applied { made: None, .. }), "{outcome:?}");
        assert_eq!(on_the_wire(&bodies[0]), shown(&drain()));
        let (cluster, service) = (Text::from("arn:c/ehr"), Text::from("arn:s/ehr/web"));
        let desired = Change::DesiredCount { cluster: cluster.clone(), service: service.clone(), tasks: 6 };
        let (outcome, bodies) = sent(&desired, [json(200, answer)]).await;
        assert!(matches!(outcome, Sent::Applied { made: None, .. }), "{outcome:?}");
        assert_eq!(on_the_wire(&bodies[0]), shown(&desired));
        let roll_back = Change::RollBack { deployment: Text::from("arn:d/ehr/web/1") };
        let (outcome, bodies) = sent(&roll_back, [json(200, r#"{"serviceDeploymentArn":"arn:d/ehr/web/1"}"#)]).await;
        assert!(matches!(&outcome, Sent::Applied { made: Some(made), .. } if made == "arn:d/ehr/web/1"), "{outcome:?}");
        assert_eq!(on_the_wire(&bodies[0]), shown(&roll_back));
        let (outcome, bodies) = sent(&Change::DesiredCount { cluster, service, tasks: u32::MAX }, []).await;
        assert!(matches!(outcome, Sent::Refused { .. }) && bodies.is_empty(), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_rollback_that_comes_too_late_or_to_a_server_without_it_changes_nothing() {
        let roll_back = Change::RollBack { deployment: Text::from("arn:d/ehr/web/1") };
        for (status, code, kind) in [
            (400, "ConflictException", FaultKind::Rejected),
            (400, "ServiceDeploymentNotFoundException", FaultKind::Rejected),
            (400, "UnknownOperationException", FaultKind::Unsupported),
            (501, "NotImplemented", FaultKind::Unsupported),
        ] {
            let answer = json(status, &format!(r#"{{"__type":"{code}","message":"no"}}"#));
            let (outcome, bodies) = sent(&roll_back, [answer]).await;
            let Sent::Refused { fault, .. } = outcome else { panic!("{code}: {outcome:?}") };
            assert_eq!((fault.kind, bodies.len()), (kind, 1), "{fault}");
        }
        let (lost, bodies) = sent(&roll_back, []).await;
        assert!(matches!(lost, Sent::Unknown { .. }) && bodies.len() == 1, "{lost:?}");
    }

    /// Names and values of a body; a list of one is its one item.
    fn on_the_wire(body: &str) -> Vec<(String, String)> {
        let body: Value = serde_json::from_str(body).unwrap();
        let plain = |value: &Value| value.to_string().replace(['"', '[', ']'], "");
        let mut all: Vec<_> =
            body.as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        all.sort_unstable();
        all
    }

    fn shown(change: &Change) -> Vec<(String, String)> {
        let mut all: Vec<_> =
            change.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        all.sort_unstable();
        all
    }

    #[tokio::test]
    async fn an_answer_of_200_may_still_say_no() {
        let answer = r#"{"containerInstances":[],"failures":[{"arn":"arn:i/ehr/1","reason":"INACTIVE"}]}"#;
        let (outcome, _) = sent(&drain(), [json(200, answer)]).await;
        let Sent::Refused { fault, status: Some(200) } = outcome else { panic!("{outcome:?}") };
        assert_eq!(fault.to_string(), "ecs:UpdateContainerInstancesState: refused: arn:i/ehr/1: INACTIVE");
    }

    #[tokio::test]
    async fn f1_only_a_clear_no_is_a_refusal_and_nothing_is_sent_twice() {
        let refusal = |code: &str| json(400, &format!(r#"{{"__type":"{code}","message":"no"}}"#));
        for (answer, refused, kind) in [
            (refusal("ServiceNotActiveException"), true, FaultKind::Rejected),
            (refusal("AccessDeniedException"), true, FaultKind::Denied),
            (refusal("ThrottlingException"), true, FaultKind::Throttled),
            (json(500, r#"{"__type":"ServerException","message":"down"}"#), false, FaultKind::Server),
            (json(503, "busy"), false, FaultKind::Server),
            (json(200, "garbage"), false, FaultKind::Malformed),
        ] {
            let (outcome, bodies) = sent(&force(), [answer]).await;
            let (is_refused, fault) = match outcome {
                Sent::Refused { fault, .. } => (true, fault),
                Sent::Unknown { fault, .. } => (false, fault),
                Sent::Applied { .. } => panic!("{outcome:?}"),
            };
            assert_eq!((is_refused, fault.kind, bodies.len()), (refused, kind, 1), "{fault}");
        }
        let (broken, bodies) = sent(&force(), []).await;
        assert!(matches!(broken, Sent::Unknown { status: None, .. }), "{broken:?}");
        assert_eq!(bodies.len(), 1);
    }

    /// What becomes of a change sent to this address over a real connection.
    async fn sent_to(address: SocketAddr) -> Sent {
        let keys = Keys { id: "test".to_owned(), secret: "test".to_owned() };
        let stack = Stack {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(format!("http://{address}")),
            ..Stack::default()
        };
        let connector = Connector::new(Arc::new(ManualClock::at(Timestamp::from_secs(1_773_457_200)))).with_keys(keys);
        let aws = connector.connect(&stack).await.unwrap();
        aws.changes.send(Permit::of_the_sender(), &force()).await
    }

    #[tokio::test]
    async fn f1_a_connection_that_never_came_about_is_a_refusal_and_one_that_broke_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let breaking = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
        });
        let broken = sent_to(address).await;
        assert!(matches!(&broken, Sent::Unknown { fault, .. } if fault.kind == FaultKind::Unreachable), "{broken:?}");
        breaking.await.unwrap();
        let unheard = sent_to(address).await;
        assert!(matches!(&unheard, Sent::Refused { fault, .. } if fault.kind == FaultKind::Unreachable), "{unheard:?}");
    }
}
