//! What was found, as the document `rounds.doctor/1`.

use serde_json::{Map, Value, json};

use super::price::{PER_THOUSAND, Pace, Price};
use super::{Examination, Examined, Members};
use crate::feed::FeedSpec;
use crate::report::reading::{Reading, fault_document};
use crate::time::Timestamp;

/// The document, ending in a line feed.
pub(super) fn document(found: &Examination<'_>) -> String {
    let here: Map<String, Value> = found.here.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let document = json!({
        "schema": "rounds.doctor/1",
        "version": env!("CARGO_PKG_VERSION"),
        "taken_at": found.taken_at.rfc3339(),
        "stacks": found.stacks.iter().map(stack).collect::<Vec<_>>(),
        "here": here,
    });
    format!("{document:#}\n")
}

fn stack(found: &Examined<'_>) -> Value {
    let identity = found.identity.as_ref();
    json!({
        "stack": found.stack.name.as_str(),
        "account": identity.map(|i| i.account.as_str()),
        "caller": identity.map(|i| i.caller().to_string()),
        "region": identity.and_then(|i| i.region.as_deref()),
        "credentials_end_at": identity.and_then(|i| i.expires_at).map(Timestamp::rfc3339),
        "endpoint": found.endpoint(),
        "feeds": found.feeds.iter().map(|(spec, reading)| feed(spec, reading)).collect::<Vec<_>>(),
        "acting": found.acting.document(),
        "unmatched": found.unmatched,
        "replica_sets": found.sets.iter().map(set).collect::<Vec<_>>(),
        "metrics_cost": found.price.as_ref().map(price),
        "reservation_cost": found.reservation.as_ref().map(|(metrics, paced)| json!({ "metrics": metrics, "pace": pace(paced) })),
    })
}

fn set(found: &Members) -> Value {
    json!({
        "set": found.set.as_str(),
        "answering": found.answering,
        "members": found.all,
        "errors": found.refused.iter().map(fault_document).collect::<Vec<_>>(),
    })
}

fn feed(spec: &FeedSpec, reading: &Reading) -> Value {
    json!({
        "feed": spec.id,
        "domain": spec.domain,
        "actions": spec.actions,
        "state": reading.state.word(),
        "errors": reading.troubles.iter().map(|trouble| fault_document(&trouble.fault)).collect::<Vec<_>>(),
    })
}

fn pace(pace: &Pace) -> Value {
    json!({ "every": pace.every.as_secs(), "calls_per_day": pace.calls, "dollars_per_day": pace.dollars })
}

fn price(price: &Price) -> Value {
    json!({
        "metrics": price.metrics,
        "list_price_per_thousand": PER_THOUSAND,
        "on_screen": pace(&price.shown),
        "off_screen": pace(&price.others),
    })
}
