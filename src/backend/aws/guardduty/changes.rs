//! The requests that change something.

use aws_sdk_guardduty::config::Config;
use aws_sdk_guardduty::operation::RequestId;
use aws_smithy_types::retry::RetryConfig;

use super::AwsGuardDuty;
use crate::backend::aws::changes::{astray, became, patience};
use crate::backend::aws::values::text;
use crate::backend::change::{Change, Sent};

impl AwsGuardDuty {
    /// Sends a change of GuardDuty, once.
    pub(in crate::backend::aws) async fn send(&self, change: &Change) -> Sent {
        let action = change.action();
        let Change::FindingArchived { detector, finding, archived } = change else { return astray(change) };
        if *archived {
            let request = self.client.archive_findings().detector_id(detector.as_str()).finding_ids(finding.as_str());
            let request = request.customize().config_override(once());
            became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
        } else {
            let request = self.client.unarchive_findings().detector_id(detector.as_str());
            let request = request.finding_ids(finding.as_str()).customize().config_override(once());
            became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
        }
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_guardduty::config::Builder {
    Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, Answer, json};
    use crate::model::FaultKind;
    use crate::text::Text;

    fn archived(archived: bool) -> Change {
        Change::FindingArchived { detector: Text::from("d-1"), finding: Text::from("f-1"), archived }
    }

    async fn sent(change: &Change, answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let outcome = AwsGuardDuty::new(&config, access).send(change).await;
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    #[tokio::test]
    async fn one_finding_is_named_and_nothing_else() {
        for (is, action) in [(true, Change::ARCHIVE), (false, Change::UNARCHIVE)] {
            let change = archived(is);
            let (outcome, bodies) = sent(&change, [json(200, "{}")]).await;
            assert!(matches!(outcome, Sent::Applied { made: None, request_id: Some(_) }), "{outcome:?}");
            assert_eq!(bodies, [r#"{"findingIds":["f-1"]}"#]);
            let shown = [("detectorId", Text::from("d-1")), ("findingIds", Text::from("f-1"))];
            assert_eq!((change.action(), change.parameters()), (action, shown.to_vec()));
        }
    }

    #[tokio::test]
    async fn only_a_clear_no_is_a_refusal_and_nothing_is_sent_twice() {
        for (answer, is_refused, kind) in [
            (json(400, r#"{"__type":"BadRequestException","message":"no"}"#), true, FaultKind::Rejected),
            (json(403, r#"{"__type":"AccessDeniedException","message":"no"}"#), true, FaultKind::Denied),
            (json(500, r#"{"__type":"InternalServerErrorException","message":"down"}"#), false, FaultKind::Server),
        ] {
            let (outcome, bodies) = sent(&archived(true), [answer]).await;
            let (refused, fault) = match outcome {
                Sent::Refused { fault, .. } => (true, fault),
                Sent::Unknown { fault, .. } => (false, fault),
                Sent::Applied { .. } => panic!("{outcome:?}"),
            };
            assert_eq!((refused, fault.kind, bodies.len()), (is_refused, kind, 1), "{fault}");
        }
        let (lost, bodies) = sent(&archived(true), []).await;
        assert!(matches!(lost, Sent::Unknown { status: None, .. }), "{lost:?}");
        assert_eq!(bodies.len(), 1);
        let other = Change::GroupDesired { group: Text::from("web"), desired: 1 };
        let (astray, bodies) = sent(&other, [json(200, "{}")]).await;
        assert!(matches!(astray, Sent::Refused { .. }) && bodies.is_empty(), "{astray:?}");
    }
}
