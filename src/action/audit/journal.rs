//! The audit as the console shows it: the records of each action together.

use std::collections::HashSet;

use async_trait::async_trait;
use serde_json::Value;

use super::record::is_closed;
use super::{Audit, Entry, place};
use crate::backend::ports::Journal;
use crate::error::Error;
use crate::model::Fault;
use crate::model::audit::Acted;
use crate::model::identity::Identity;
use crate::text::Text;
use crate::time::Timestamp;

/// An audit, or why there is none.
#[async_trait]
impl Journal for Result<Audit, Error> {
    async fn acted(&self, stack: &str, identity: Option<&Identity>) -> Result<Vec<Acted>, Fault> {
        let unread = |error: &Error| {
            let plain = Error { hint: None, ..error.clone() };
            Fault::misconfigured(format!("the audit cannot be read: {plain}"), error.hint.as_deref())
        };
        let audit = self.clone().map_err(|error| unread(&error))?;
        let (stack, there) = (stack.to_owned(), identity.map(there));
        // A home on a network may hang, and nothing else shall.
        let read = tokio::task::spawn_blocking(move || {
            let mut acted = acted(&audit.recent()?, &stack, there.as_ref());
            let mut told = HashSet::new();
            for open in acted.iter_mut().filter(|acted| acted.outcome.is_none()) {
                // What is in hand is the newest: one action at a time on one target.
                open.is_held = told.insert(open.arn.clone()) && audit.is_held(&open.arn);
            }
            Ok(acted)
        });
        let gone = |_| Error::unavailable("the audit was not read: the program ends");
        read.await.unwrap_or_else(|error| Err(gone(error))).map_err(|error: Error| unread(&error))
    }
}

/// An account and a region.
type There = (Text, Option<Text>);

fn there(identity: &Identity) -> There {
    (identity.account.clone(), identity.region.clone())
}

/// The actions on a stack, the newest first: those of its name, and those on the same account and region by another.
fn acted(entries: &[Entry], stack: &str, place: Option<&There>) -> Vec<Acted> {
    let mut all: Vec<Acted> = Vec::new();
    for record in entries.iter().filter_map(|entry| entry.record.as_ref()) {
        let there = (text(&record["actor"]["account"]), record["region"].as_str().map(Text::from));
        if record["stack"].as_str() != Some(stack) && place != Some(&there) {
            continue;
        }
        let id = text(&record["action_id"]);
        let phase = record["phase"].as_str();
        if phase == Some("intent") {
            all.push(intent(id, record));
        } else if let Some(known) = all.iter_mut().rfind(|known| known.id == id) {
            let told = |value: &Value| value.as_str().map(Text::from);
            if phase == Some("result") {
                known.answer = told(&record["outcome"]);
                known.request_id = told(&record["aws_request_id"]);
            } else {
                known.outcome = told(&record["outcome"]);
                known.is_closed = is_closed(record);
                known.message = told(&record["message"]);
                known.ended_at = at(record);
                known.after = pairs(&record["after"]);
            }
        }
    }
    all.reverse();
    all
}

fn intent(id: Text, record: &Value) -> Acted {
    let check = |check: &Value| (text(&check["level"]), text(&check["text"]));
    let checks = record["preflight"].as_array().map(|all| all.iter().map(check).collect());
    Acted {
        id,
        seq: record["seq"].as_u64().unwrap_or_default(),
        at: at(record).unwrap_or_default(),
        place: place(record),
        action: text(&record["action"]),
        target: text(&record["target"]),
        arn: text(&record["target_arns"][0]),
        caller: text(&record["actor"]["sts_arn"]),
        user: Text::from(format!("{}@{}", text(&record["actor"]["os_user"]), text(&record["host"]))),
        reason: text(&record["reason"]),
        ticket: record["ticket"].as_str().map(Text::from),
        params: pairs(&record["params"]),
        checks: checks.unwrap_or_default(),
        before: pairs(&record["before"]),
        ..Acted::default()
    }
}

fn at(record: &Value) -> Option<Timestamp> {
    Timestamp::parse(record["ts"].as_str()?).ok()
}

fn text(value: &Value) -> Text {
    Text::from(value.as_str().unwrap_or_default())
}

fn pairs(value: &Value) -> Vec<(Text, Text)> {
    let pairs =
        value.as_object().map(|object| object.iter().map(|(name, value)| (Text::from(name.as_str()), text(value))));
    pairs.map(Iterator::collect).unwrap_or_default()
}
