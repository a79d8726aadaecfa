//! The requests that change something: to rotate, and to stop rotating. Neither carries a value.

use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::operation::RequestId;
use aws_smithy_types::retry::RetryConfig;

use super::AwsSecrets;
use crate::backend::aws::changes::{became, patience};
use crate::backend::aws::values::text;
use crate::backend::change::Sent;

impl AwsSecrets {
    /// Rotates a secret into the version of this token, once. Neither rules nor a function are sent: they would change the schedule.
    pub(in crate::backend::aws) async fn rotate(&self, action: &'static str, secret: &str, token: &str) -> Sent {
        let request = self.client.rotate_secret().secret_id(secret).client_request_token(token);
        let answer = self.access.send(action, request.customize().config_override(once()).send()).await;
        became(answer, |answer| (text(answer.request_id()), text(answer.version_id())))
    }

    /// Switches the rotation of a secret off, once.
    pub(in crate::backend::aws) async fn cancel(&self, action: &'static str, secret: &str) -> Sent {
        let request = self.client.cancel_rotate_secret().secret_id(secret);
        let answer = self.access.send(action, request.customize().config_override(once()).send()).await;
        became(answer, |answer| (text(answer.request_id()), None))
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_secretsmanager::config::Builder {
    Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backend::aws::replay::{self, Answer, json};
    use crate::backend::change::Change;
    use crate::model::FaultKind;
    use crate::text::Text;

    fn rotation() -> Change {
        Change::RotateSecret {
            secret: Text::from("arn:s/db-AbCdEf"),
            token: Text::from("token-of-32-characters-and-more-1"),
        }
    }

    async fn sent(change: &Change, answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let secrets = AwsSecrets::new(&config, access);
        let outcome = match change {
            Change::RotateSecret { secret, token } => secrets.rotate(change.action(), secret, token).await,
            Change::CancelRotation { secret } => secrets.cancel(change.action(), secret).await,
            _ => unreachable!("not of this service"),
        };
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    #[tokio::test]
    async fn f14_what_is_sent_is_what_is_shown_and_nothing_else() {
        let cancel = Change::CancelRotation { secret: Text::from("arn:s/db-AbCdEf") };
        for (change, made) in [(rotation(), Some("v2")), (cancel, None)] {
            let answer = r#"{"ARN":"arn:s/db-AbCdEf","Name":"db","VersionId":"v2"}"#;
            let (outcome, bodies) = sent(&change, [json(200, answer)]).await;
            assert_eq!(outcome, Sent::Applied { request_id: Some("req-1".into()), made: made.map(Text::from) });
            let body: BTreeMap<String, String> = serde_json::from_str(&bodies[0]).unwrap();
            let shown = change.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.to_string()));
            assert_eq!(body, shown.collect());
        }
    }

    #[tokio::test]
    async fn f1_only_a_clear_no_is_a_refusal_and_nothing_is_sent_twice() {
        let refusal = |code: &str| json(400, &format!(r#"{{"__type":"{code}","message":"no"}}"#));
        for (answer, refused, kind) in [
            (refusal("InvalidRequestException"), true, FaultKind::Rejected),
            (refusal("AccessDeniedException"), true, FaultKind::Denied),
            (json(500, r#"{"__type":"InternalServiceError","message":"down"}"#), false, FaultKind::Server),
            (json(200, "garbage"), false, FaultKind::Malformed),
        ] {
            let (outcome, bodies) = sent(&rotation(), [answer]).await;
            let (is_refused, fault) = match outcome {
                Sent::Refused { fault, .. } => (true, fault),
                Sent::Unknown { fault, .. } => (false, fault),
                Sent::Applied { .. } => panic!("{outcome:?}"),
            };
            assert_eq!((is_refused, fault.kind, bodies.len()), (refused, kind, 1), "{fault}");
        }
        let (broken, bodies) = sent(&rotation(), []).await;
        assert!(matches!(broken, Sent::Unknown { status: None, .. }) && bodies.len() == 1, "{broken:?}");
    }
}
