//! The requests that change something.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::Config;
use aws_sdk_ecs::operation::RequestId;
use aws_smithy_types::retry::RetryConfig;

use super::AwsEcs;
use crate::backend::aws::values::text;
use crate::backend::change::{EcsChanges, ForceDeployment, Permit, Sent};

/// How long an answer is waited for. Longer than a read: giving up does not undo anything, it only leaves a question open.
const PATIENCE: Duration = Duration::from_secs(10);

#[async_trait]
impl EcsChanges for AwsEcs {
    async fn force_deployment(&self, _: Permit, call: &ForceDeployment) -> Sent {
        let request = self
            .client
            .update_service()
            .cluster(call.cluster.as_str())
            .service(call.service.as_str())
            .force_new_deployment(true)
            .customize()
            .config_override(once());
        match self.access.send(ForceDeployment::ACTION, request.send()).await {
            Ok(answer) => {
                let made = answer.service().and_then(|service| {
                    let primary = service.deployments().iter().find(|d| d.status() == Some("PRIMARY"));
                    text(primary.and_then(|deployment| deployment.id()))
                });
                Sent::Applied { request_id: text(answer.request_id()), made }
            }
            Err(failed) if failed.refused => Sent::Refused { fault: failed.fault, status: failed.status },
            Err(failed) => Sent::Unknown { fault: failed.fault, status: failed.status },
        }
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_ecs::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE).build();
    Config::builder().timeout_config(timeouts).retry_config(RetryConfig::disabled())
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
    use crate::model::FaultKind;
    use crate::model::stack::Stack;
    use crate::text::Text;
    use crate::time::{ManualClock, Timestamp};

    fn call() -> ForceDeployment {
        ForceDeployment { cluster: Text::from("arn:c/ehr"), service: Text::from("arn:s/ehr/web") }
    }

    async fn sent(answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let outcome = AwsEcs::new(&config, access).force_deployment(Permit::of_the_sender(), &call()).await;
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    #[tokio::test]
    async fn f14_what_is_sent_is_what_is_shown_and_nothing_else() {
        let answer = r#"{"service":{"serviceArn":"arn:s/ehr/web","deployments":[{"id":"ecs-svc/1","status":"ACTIVE"},
            {"id":"ecs-svc/2","status":"PRIMARY"}]}}"#;
        let (outcome, bodies) = sent([json(200, answer)]).await;
        let (request_id, made) = (Some(Text::from("req-1")), Some(Text::from("ecs-svc/2")));
        assert_eq!(outcome, Sent::Applied { request_id, made });
        let body: Value = serde_json::from_str(&bodies[0]).unwrap();
        let on_the_wire = body.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.to_string()));
        let mut on_the_wire: Vec<_> = on_the_wire.map(|(name, value)| (name, value.replace('"', ""))).collect();
        on_the_wire.sort_unstable();
        let mut shown: Vec<_> =
            call().parameters().into_iter().map(|(name, value)| (name, value.to_string())).collect();
        shown.sort_unstable();
        assert_eq!(on_the_wire, shown);
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
            let (outcome, bodies) = sent([answer]).await;
            let (is_refused, fault) = match outcome {
                Sent::Refused { fault, .. } => (true, fault),
                Sent::Unknown { fault, .. } => (false, fault),
                Sent::Applied { .. } => panic!("{outcome:?}"),
            };
            assert_eq!((is_refused, fault.kind, bodies.len()), (refused, kind, 1), "{fault}");
        }
        let (broken, bodies) = sent([]).await;
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
        aws.ecs_changes.force_deployment(Permit::of_the_sender(), &call()).await
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
