//! What a record holds, and what a row of records says.

use serde_json::{Map, Value, json};

use super::{Entry, Open};
use crate::action::actor::Actor;
use crate::action::plan::{Level, Plan, State, Target, pairs};
use crate::action::policy::Confirmation;
use crate::backend::change::Sent;
use crate::model::identity::Identity;
use crate::text::Text;
use crate::time::Timestamp;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything is sent.
    Intent,
    /// What the service answered.
    Result,
    /// What came of it.
    Outcome,
}

impl Phase {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Result => "result",
            Self::Outcome => "outcome",
        }
    }
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and all is as it should be.
    Done,
    /// It was not done, or went wrong.
    Failed,
    /// It cannot be told.
    Unknown,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What all records of one action share.
pub(in crate::action) struct Header<'a> {
    pub action_id: &'a str,
    /// The target of the whole that it is a part of.
    pub batch: Option<&'a str>,
    pub actor: &'a Actor,
    pub plan: &'a Plan,
    pub confirmation: &'a Confirmation,
    pub profile: Option<&'a str>,
}

/// A record with the fields every one has, and `null` in those its phase does not know. No field is ever made of an environment,
/// a task definition or an answer as a whole: there may be secrets in them.
pub(in crate::action) fn draft(header: &Header<'_>, phase: Phase) -> Map<String, Value> {
    let Header { action_id, batch, actor, plan, confirmation, profile } = header;
    let is_intent = phase == Phase::Intent;
    let overridden: Vec<&str> = plan.checks(Level::Warn).map(|check| check.id).collect();
    let text = |value: &str| Value::from(&*Text::new(value));
    let record = json!({
        "phase": phase.word(),
        "action_id": action_id,
        "actor": actor.to_json(&plan.identity),
        "host": *actor.host,
        "tool": tool(),
        "stack": *plan.stack,
        "profile": profile.map(text),
        "region": plan.identity.region.as_deref(),
        "partition": *crate::action::Bench::partition(&plan.target.arn),
        "endpoint": plan.identity.endpoint.as_deref(),
        "action": plan.action.id,
        "target": *plan.target.label,
        "target_arns": [*plan.target.arn],
        "batch": batch,
        "params": pairs(&plan.change.parameters()),
        "reason": text(confirmation.reason.trim()),
        "ticket": confirmation.ticket.as_deref().map(text),
        "confirm_mode": confirmation.mode,
        "preflight": if is_intent { plan.checks_json() } else { Value::Null },
        "overridden": if is_intent { json!(overridden) } else { Value::Null },
        "before": if is_intent { plan.state.to_json() } else { Value::Null },
        "after": null,
        "outcome": null,
        "message": null,
        "aws_request_id": null,
        "http_status": null,
        "error_code": null,
        "duration_ms": null,
        "verify": null,
        "clock_skew_ms": plan.identity.skew_ms,
    });
    match record {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}

/// What was answered.
pub(in crate::action) fn result(header: &Header<'_>, sent: &Sent, millis: u64) -> Map<String, Value> {
    let mut record = draft(header, Phase::Result);
    let mut put = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
    put("duration_ms", Value::from(millis));
    match sent {
        Sent::Applied { request_id, made } => {
            put("outcome", Value::from("applied"));
            put("message", json!(made.as_ref().map(|made| format!("made {made}"))));
            put("aws_request_id", json!(request_id.as_deref()));
            put("http_status", Value::from(200));
        }
        Sent::Refused { fault, status } | Sent::Unknown { fault, status } => {
            let word = if matches!(sent, Sent::Refused { .. }) { "refused" } else { "unknown" };
            put("outcome", Value::from(word));
            put("message", Value::from(fault.to_string()));
            put("aws_request_id", json!(fault.request_id.as_deref()));
            put("http_status", json!(status));
            put("error_code", json!(fault.code.as_deref()));
        }
    }
    record
}

/// What came of it.
pub(in crate::action) fn outcome(
    header: &Header<'_>,
    outcome: Outcome,
    message: &str,
    after: Option<&State>,
    seconds: u64,
) -> Map<String, Value> {
    let mut record = draft(header, Phase::Outcome);
    let mut put = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
    put("outcome", Value::from(outcome.word()));
    put("message", Value::from(message));
    put("after", after.map_or(Value::Null, State::to_json));
    put("verify", json!({ "state": outcome.word(), "elapsed_s": seconds }));
    record
}

/// What came of it, as it was read later: who read it, and everything else as it was intended.
pub(in crate::action) fn settled(
    intent: &Value,
    reader: (&Actor, &Identity),
    outcome: Outcome,
    message: &str,
    after: Option<&State>,
    seconds: u64,
) -> Map<String, Value> {
    // The others are those of the line, not of the action.
    let is_of_action = |name: &str| !["v", "seq", "prev_sha256", "ts"].contains(&name);
    let fields = intent.as_object().into_iter().flatten().filter(|(name, _)| is_of_action(name));
    let mut record: Map<String, Value> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut put = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
    for field in ["preflight", "overridden", "before"] {
        put(field, Value::Null);
    }
    put("phase", Value::from(Phase::Outcome.word()));
    put("actor", reader.0.to_json(reader.1));
    put("host", Value::from(&*reader.0.host));
    put("tool", tool());
    put("outcome", Value::from(outcome.word()));
    put("message", Value::from(message));
    put("after", after.map_or(Value::Null, State::to_json));
    let state = if outcome == Outcome::Unknown { CLOSED } else { "settled by reading" };
    put("verify", json!({ "state": state, "elapsed_s": seconds }));
    put("clock_skew_ms", Value::from(reader.1.skew_ms));
    record
}

/// What wrote it. Whoever builds it says of which commit, in `ROUNDS_COMMIT`.
fn tool() -> Value {
    json!({ "name": "rounds", "version": env!("CARGO_PKG_VERSION"), "sha": option_env!("ROUNDS_COMMIT") })
}

/// How an outcome was settled that is unknown, and stays so: what it could be told by is gone.
const CLOSED: &str = "nothing left to read";

/// Whether this outcome is the last word, though it is unknown.
pub(super) fn is_closed(record: &Value) -> bool {
    record["verify"]["state"] == CLOSED
}

/// What of these records was intended and has no outcome that is known, oldest first.
pub(super) fn open(entries: &[Entry]) -> Vec<Open> {
    let mut all: Vec<Open> = Vec::new();
    for record in entries.iter().filter_map(|entry| entry.record.as_ref()) {
        let is_of = |open: &Open| open.intent["action_id"] == record["action_id"];
        match record["phase"].as_str() {
            Some("intent") if record["action_id"].is_string() => {
                all.push(Open { intent: record.clone(), answer: None });
            }
            Some("result") => {
                if let Some(open) = all.iter_mut().find(|open| is_of(open)) {
                    open.answer = Some(record.clone());
                }
            }
            Some("outcome") if record["outcome"] != Outcome::Unknown.word() || is_closed(record) => {
                all.retain(|open| !is_of(open));
            }
            _ => {}
        }
    }
    all
}

/// Where a record says it was done, in a few words: `prod, 123456789012/us-east-1, not AWS: http://127.0.0.1:5055`.
#[must_use]
pub fn place(record: &Value) -> Text {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let (stack, account) = (text(&record["stack"]), text(&record["actor"]["account"]));
    let region = record["region"].as_str().map(|region| format!("/{region}")).unwrap_or_default();
    let endpoint = record["endpoint"].as_str().map(|url| format!(", not AWS: {url}")).unwrap_or_default();
    Text::from(format!("{stack}, {account}{region}{endpoint}"))
}

/// Something that was intended and has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The ARN of its target.
    pub arn: String,
    /// What it is, who began it and when, and how far it came.
    pub text: Text,
}

/// What of these records was intended and has no outcome, oldest first.
#[must_use]
pub fn unfinished(entries: &[Entry]) -> Vec<Unfinished> {
    let mut open: Vec<(&str, &Value, Option<&str>)> = Vec::new();
    for record in entries.iter().filter_map(|entry| entry.record.as_ref()) {
        let Some(id) = record["action_id"].as_str() else { continue };
        match record["phase"].as_str() {
            Some("intent") => open.push((id, record, None)),
            Some("result") => {
                if let Some(known) = open.iter_mut().find(|(known, ..)| *known == id) {
                    known.2 = record["outcome"].as_str();
                }
            }
            Some("outcome") => open.retain(|(known, ..)| *known != id),
            _ => {}
        }
    }
    open.into_iter().map(|(_, intent, answer)| left(intent, answer)).collect()
}

fn left(intent: &Value, answer: Option<&str>) -> Unfinished {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let came = match answer {
        Some("applied") => "it was accepted, and nobody saw how it ended",
        Some("refused") => "it was refused",
        _ => "whether it was sent is not recorded",
    };
    let ticket = intent["ticket"].as_str().map(|ticket| format!(", ticket {ticket}")).unwrap_or_default();
    let what = format!(
        "record {}: {} of {} by {} at {} ({}{ticket}): {came}",
        intent["seq"],
        text(&intent["action"]),
        text(&intent["target"]),
        text(&intent["actor"]["sts_arn"]),
        text(&intent["ts"]),
        place(intent),
    );
    Unfinished { arn: text(&intent["target_arns"][0]), text: Text::from(what) }
}

/// When this was last sent to this target, or may have been: an intent that AWS did not refuse. Another value is something else:
/// taking a wrong one back does not have to wait.
pub(super) fn last_sent(entries: &[Entry], action: &str, target: &Target) -> Option<Timestamp> {
    let records = || entries.iter().filter_map(|entry| entry.record.as_ref());
    let refused =
        |id: &Value| records().any(|r| r["action_id"] == *id && r["phase"] == "result" && r["outcome"] == "refused");
    let is_it = |r: &&Value| r["target_arns"][0] == *target.arn && r["target"] == *target.label;
    let mut ours = records().filter(|r| r["phase"] == "intent" && r["action"] == action).filter(is_it);
    let newest = ours.rfind(|r| !refused(&r["action_id"]))?;
    Timestamp::parse(newest["ts"].as_str()?).ok()
}
