//! Amazon CloudWatch Logs, writing.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, RejectedLogEventsInfo};

use super::access::Access;
use crate::backend::ports::{LogEvent, LogStream, Logs};
use crate::model::{Fault, FaultKind};

const PUT: &str = "logs:PutLogEvents";
const CREATE: &str = "logs:CreateLogStream";

/// The adapter.
pub(super) struct AwsLogs {
    client: Client,
    access: Access,
}

impl AwsLogs {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }
}

#[async_trait]
impl Logs for AwsLogs {
    async fn create_stream(&self, stream: &LogStream) -> Result<(), Fault> {
        let request = self.client.create_log_stream().log_group_name(&stream.group).log_stream_name(&stream.name);
        self.access.ask(CREATE, request.send()).await.map(drop)
    }

    async fn put(&self, stream: &LogStream, events: &[LogEvent]) -> Result<(), Fault> {
        let request = self.client.put_log_events().log_group_name(&stream.group).log_stream_name(&stream.name);
        let request = events.iter().fold(request, |request, event| {
            // Both members are given, without which it could not be built.
            match InputLogEvent::builder().timestamp(event.at.millis()).message(&event.line).build() {
                Ok(built) => request.log_events(built),
                Err(_) => request,
            }
        });
        let answer = self.access.ask(PUT, request.send()).await?;
        answer.rejected_log_events_info().map_or(Ok(()), |rejected| Err(left_out(rejected)))
    }
}

/// The service took the call and left events out, which it tells in an answer that is no error.
fn left_out(rejected: &RejectedLogEventsInfo) -> Fault {
    let why = match rejected {
        info if info.too_new_log_event_start_index().is_some() => {
            "they lie more than 2 h in its future: check the clock"
        }
        info if info.too_old_log_event_end_index().is_some() => "they are older than 14 days: check the clock",
        _ => "they are older than what the log group keeps: check the clock",
    };
    Fault::new(FaultKind::Rejected, PUT, format!("not all was taken: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{Answer, json, of};
    use crate::time::Timestamp;

    async fn put(answer: Answer) -> (Result<(), Fault>, String) {
        let (config, access, sent) = of([answer]);
        let stream = LogStream { group: "rounds/audit".to_owned(), name: "bastion/ana".to_owned() };
        let event = |secs, line: &str| LogEvent { at: Timestamp::from_secs(secs), line: line.to_owned() };
        let outcome = AwsLogs::new(&config, access).put(&stream, &[event(1, "{\"seq\":1}"), event(2, "b")]).await;
        let body = sent.lock().unwrap()[0].clone();
        (outcome, body)
    }

    #[tokio::test]
    async fn lines_go_as_they_are() {
        let (outcome, body) = put(json(200, r#"{"nextSequenceToken":"1"}"#)).await;
        assert_eq!(outcome, Ok(()));
        let events = r#"[{"timestamp":1000,"message":"{\"seq\":1}"},{"timestamp":2000,"message":"b"}]"#;
        let whole = format!(r#"{{"logGroupName":"rounds/audit","logStreamName":"bastion/ana","logEvents":{events}}}"#);
        assert_eq!(body, whole);
    }

    #[tokio::test]
    async fn what_is_left_out_in_silence_is_told() {
        for (info, told) in [
            (r#"{"tooNewLogEventStartIndex":0}"#, "2 h in its future"),
            (r#"{"tooOldLogEventEndIndex":1}"#, "older than 14 days"),
            (r#"{"expiredLogEventEndIndex":1}"#, "what the log group keeps"),
        ] {
            let (outcome, _) = put(json(200, &format!(r#"{{"rejectedLogEventsInfo":{info}}}"#))).await;
            let fault = outcome.unwrap_err();
            assert!(fault.kind == FaultKind::Rejected && fault.message.contains(told), "{fault}");
        }
        let absent = r#"{"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."}"#;
        let fault = put(json(400, absent)).await.0.unwrap_err();
        assert_eq!(fault.code.as_deref(), Some("ResourceNotFoundException"));
    }
}
