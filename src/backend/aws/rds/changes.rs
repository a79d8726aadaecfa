//! The requests that change something.

use aws_sdk_rds::config::Config;
use aws_sdk_rds::operation::RequestId;
use aws_smithy_types::retry::RetryConfig;

use super::AwsRds;
use crate::backend::aws::changes::{astray, became, patience};
use crate::backend::aws::values::text;
use crate::backend::change::{Change, Sent};

impl AwsRds {
    /// Sends a change of RDS, once.
    pub(in crate::backend::aws) async fn send(&self, change: &Change) -> Sent {
        let action = change.action();
        match change {
            Change::FailOverInstance { instance } => {
                let request = self.client.reboot_db_instance().db_instance_identifier(instance.as_str());
                let request = request.force_failover(true).customize().config_override(once());
                became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
            }
            Change::FailOverCluster { cluster, to } => {
                let request = self.client.failover_db_cluster().db_cluster_identifier(cluster.as_str());
                let request = request.target_db_instance_identifier(to.as_str()).customize().config_override(once());
                became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
            }
            other => astray(other),
        }
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_rds::config::Builder {
    Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, Answer, xml};
    use crate::model::FaultKind;
    use crate::text::Text;

    fn reboot() -> Change {
        Change::FailOverInstance { instance: Text::from("claims-db") }
    }

    fn failover() -> Change {
        Change::FailOverCluster { cluster: Text::from("ehr"), to: Text::from("ehr-2") }
    }

    async fn sent(change: &Change, answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let outcome = AwsRds::new(&config, access).send(change).await;
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    fn answer(operation: &str) -> Answer {
        let body = format!(
            "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result/>\
             <ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></{operation}Response>"
        );
        xml(200, &body)
    }

    #[tokio::test]
    async fn f14_what_is_sent_is_what_is_shown_and_nothing_else() {
        for (change, operation) in [(reboot(), "RebootDBInstance"), (failover(), "FailoverDBCluster")] {
            let (outcome, bodies) = sent(&change, [answer(operation)]).await;
            assert_eq!(outcome, Sent::Applied { request_id: Some(Text::from("req-1")), made: None });
            let shown: Vec<String> =
                change.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            let body = format!("Action={operation}&Version=2014-10-31&{}", shown.join("&"));
            assert_eq!(bodies, [body]);
            assert_eq!(change.action(), format!("rds:{operation}"));
        }
    }

    #[tokio::test]
    async fn f1_only_a_clear_no_is_a_refusal_and_nothing_is_sent_twice() {
        let refusal = |status, code: &str| {
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
            xml(status, &format!("<ErrorResponse>{error}<RequestId>req-1</RequestId></ErrorResponse>"))
        };
        for (answer, refused, kind) in [
            (refusal(400, "InvalidDBInstanceState"), true, FaultKind::Rejected),
            (refusal(404, "DBInstanceNotFound"), true, FaultKind::Rejected),
            (refusal(403, "AccessDenied"), true, FaultKind::Denied),
            (refusal(400, "Throttling"), true, FaultKind::Throttled),
            (refusal(500, "InternalFailure"), false, FaultKind::Server),
            (xml(503, "busy"), false, FaultKind::Server),
        ] {
            let (outcome, bodies) = sent(&reboot(), [answer]).await;
            let (is_refused, fault) = match outcome {
                Sent::Refused { fault, .. } => (true, fault),
                Sent::Unknown { fault, .. } => (false, fault),
                Sent::Applied { .. } => panic!("{outcome:?}"),
            };
            assert_eq!((is_refused, fault.kind, bodies.len()), (refused, kind, 1), "{fault}");
        }
        let (broken, bodies) = sent(&failover(), []).await;
        assert!(matches!(broken, Sent::Unknown { status: None, .. }), "{broken:?}");
        assert_eq!(bodies.len(), 1);
    }

    #[tokio::test]
    async fn what_is_of_another_service_is_not_sent() {
        let change = Change::StepDown { set: Text::from("s"), host: Text::from("h:1"), rests: 60, waits: 10 };
        let (outcome, bodies) = sent(&change, []).await;
        assert!(matches!(outcome, Sent::Refused { .. }) && bodies.is_empty(), "{outcome:?}");
    }
}
