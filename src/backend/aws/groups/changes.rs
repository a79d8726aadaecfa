//! The requests that change something.

use aws_sdk_autoscaling::config::Config;
use aws_sdk_autoscaling::operation::RequestId;
use aws_smithy_types::retry::RetryConfig;

use super::AwsGroups;
use crate::backend::aws::changes::{astray, became, patience};
use crate::backend::aws::values::text;
use crate::backend::change::{Change, Process, Sent};
use crate::model::{Fault, FaultKind};

impl AwsGroups {
    /// Sends a change of a group, once.
    pub(in crate::backend::aws) async fn send(&self, change: &Change) -> Sent {
        let action = change.action();
        match change {
            Change::GroupDesired { group, desired } => {
                let Ok(desired) = i32::try_from(*desired) else {
                    let fault = Fault::new(FaultKind::Rejected, action, format!("{desired} instances are too many"));
                    return Sent::Refused { fault, status: None };
                };
                let request = self.client.set_desired_capacity().auto_scaling_group_name(group.as_str());
                let request = request.desired_capacity(desired).customize().config_override(once());
                became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
            }
            Change::GroupProcesses { group, processes, suspended } => {
                let words: Vec<String> = processes.iter().map(Process::word).map(str::to_owned).collect();
                if *suspended {
                    let request = self.client.suspend_processes().auto_scaling_group_name(group.as_str());
                    let request = request.set_scaling_processes(Some(words)).customize().config_override(once());
                    became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
                } else {
                    let request = self.client.resume_processes().auto_scaling_group_name(group.as_str());
                    let request = request.set_scaling_processes(Some(words)).customize().config_override(once());
                    became(self.access.send(action, request.send()).await, |answer| (text(answer.request_id()), None))
                }
            }
            other => astray(other),
        }
    }
}

/// One attempt, whatever the client is set to.
fn once() -> aws_sdk_autoscaling::config::Builder {
    Config::builder().timeout_config(patience()).retry_config(RetryConfig::disabled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, Answer, xml};
    use crate::backend::change::Processes;
    use crate::text::Text;

    fn desired(desired: u32) -> Change {
        Change::GroupDesired { group: Text::from("web"), desired }
    }

    fn processes(suspended: bool) -> Change {
        let processes = Processes::of([Process::Launch, Process::AzRebalance]).unwrap();
        Change::GroupProcesses { group: Text::from("web"), processes, suspended }
    }

    async fn sent(change: &Change, answers: impl IntoIterator<Item = Answer>) -> (Sent, Vec<String>) {
        let (config, access, sent) = replay::of(answers);
        let outcome = AwsGroups::new(&config, access).send(change).await;
        let bodies = sent.lock().unwrap().clone();
        (outcome, bodies)
    }

    /// An answer that says no more than that it was done.
    fn done(operation: &str) -> Answer {
        let body = "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>";
        xml(200, &format!("<{operation}Response>{body}</{operation}Response>"))
    }

    fn refusal(code: &str) -> Answer {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
        xml(400, &format!("<ErrorResponse>{error}<RequestId>r-1</RequestId></ErrorResponse>"))
    }

    #[tokio::test]
    async fn what_is_sent_is_what_is_shown_and_nothing_else() {
        let named = "ScalingProcesses.member.1=Launch&ScalingProcesses.member.2=AZRebalance";
        for (change, operation, body) in [
            (desired(4), "SetDesiredCapacity", "DesiredCapacity=4"),
            (processes(true), "SuspendProcesses", named),
            (processes(false), "ResumeProcesses", named),
        ] {
            let (outcome, bodies) = sent(&change, [done(operation)]).await;
            assert!(matches!(outcome, Sent::Applied { made: None, .. }), "{outcome:?}");
            let head = format!("Action={operation}&Version=2011-01-01&AutoScalingGroupName=web&");
            assert_eq!(bodies, [head + body]);
            assert_eq!(change.action(), format!("autoscaling:{operation}"));
        }
        let shown = |change: Change| -> Vec<String> {
            change.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        assert_eq!(shown(desired(4)), ["AutoScalingGroupName=web", "DesiredCapacity=4"]);
        assert_eq!(shown(processes(true)), ["AutoScalingGroupName=web", "ScalingProcesses=Launch,AZRebalance"]);
    }

    #[tokio::test]
    async fn a_scaling_activity_in_progress_is_a_refusal_and_nothing_is_sent_twice() {
        for (code, is_refused, kind) in [
            ("ScalingActivityInProgress", true, FaultKind::Rejected),
            ("ResourceContention", true, FaultKind::Rejected),
            ("ValidationError", true, FaultKind::Rejected),
            ("AccessDenied", true, FaultKind::Denied),
            ("Throttling", true, FaultKind::Throttled),
            ("", false, FaultKind::Server),
        ] {
            for change in [desired(4), processes(true), processes(false)] {
                let answer = if code.is_empty() { xml(503, "busy") } else { refusal(code) };
                let (outcome, bodies) = sent(&change, [answer]).await;
                let (refused, fault) = match outcome {
                    Sent::Refused { fault, .. } => (true, fault),
                    Sent::Unknown { fault, .. } => (false, fault),
                    Sent::Applied { .. } => panic!("{outcome:?}"),
                };
                assert_eq!((refused, fault.kind, bodies.len()), (is_refused, kind, 1), "{fault}");
            }
        }
        let (lost, bodies) = sent(&desired(4), []).await;
        assert!(matches!(lost, Sent::Unknown { status: None, .. }), "{lost:?}");
        assert_eq!(bodies.len(), 1);
        let (unsent, bodies) = sent(&desired(u32::MAX), [done("SetDesiredCapacity")]).await;
        assert!(matches!(unsent, Sent::Refused { .. }) && bodies.is_empty(), "{unsent:?}");
    }
}
