//! Amazon CloudWatch Logs on the wire: what writes, and what reads it again.

use serde_json::{Value, json};

use super::buckets::Class;
use super::params::Params;
use super::refusal::Failure;
use super::service::{Call, Operation, Protocol, Service};
use crate::backend::ports::{LogEvent, LogStream};
use crate::time::Timestamp;

/// The service.
pub const SERVICE: Service = Service {
    name: "logs",
    iam: "logs",
    protocol: Protocol::Json { target: "Logs_20140328" },
    operations: &[
        Operation { name: "CreateLogStream", class: Class::LogStream, handler: |c| Box::pin(create(c)) },
        Operation { name: "PutLogEvents", class: Class::LogWrite, handler: |c| Box::pin(put(c)) },
    ],
};

/// Most events of one `PutLogEvents` (API model).
const MOST: usize = 10_000;
/// Most bytes of them, with 26 for each event ("CloudWatch Logs quotas").
const MOST_BYTES: usize = 1_048_576;
const OVERHEAD: usize = 26;

async fn create(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["logGroupName", "logStreamName"])?;
    call.backend.logs.create_stream(&stream(call.params)?).await?;
    Ok(json!({}))
}

async fn put(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["logGroupName", "logStreamName", "logEvents"])?;
    let stream = stream(call.params)?;
    let events = call.params.structures("logEvents")?.unwrap_or_default();
    let events: Vec<LogEvent> = events.iter().map(event).collect::<Result<_, _>>()?;
    let bytes: usize = events.iter().map(|event| event.line.len() + OVERHEAD).sum();
    if !(1..=MOST).contains(&events.len()) || bytes > MOST_BYTES {
        return Err(Failure::invalid(format!("{} log events of {bytes} bytes", events.len())));
    }
    call.backend.logs.put(&stream, &events).await?;
    Ok(json!({ "nextSequenceToken": "1" }))
}

fn event(params: &Params) -> Result<LogEvent, Failure> {
    params.refuse_all_but(&["timestamp", "message"])?;
    let at = params.number("timestamp")?.filter(|at| *at >= 0);
    let line = params.text("message")?.filter(|line| !line.is_empty());
    match at.zip(line) {
        Some((at, line)) => Ok(LogEvent { at: Timestamp::from_millis(at), line: line.to_owned() }),
        None => Err(Failure::invalid("a log event needs a timestamp and a message")),
    }
}

/// The forms of the names are those of the API model.
fn stream(params: &Params) -> Result<LogStream, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    let group = params.text("logGroupName")?.unwrap_or_default();
    let name = params.text("logStreamName")?.unwrap_or_default();
    let has_length = |name: &str| (1..=512).contains(&name.chars().count());
    if !has_length(group) || !group.chars().all(is_plain) || !has_length(name) || name.contains([':', '*']) {
        return Err(Failure::invalid("logGroupName or logStreamName failed to satisfy its pattern"));
    }
    Ok(LogStream { group: group.to_owned(), name: name.to_owned() })
}
