//! `[stack.alarms]`: which alarms are critical, and of which nothing is said.

use super::form;
use super::stack::list;
use crate::document::{Document, Value, quoted};
use crate::model::alarm::AlarmPolicy;

/// What it may say.
const KEYS: [&str; 2] = ["critical", "ignore"];
/// How it should look.
const EXAMPLE: &str = "{ critical = [\"ehr-*\"] }";

/// Reads the table of a stack.
pub(super) fn alarms(document: &mut Document<'_>, value: &Value<'_>) -> AlarmPolicy {
    let mut policy = AlarmPolicy::default();
    for (key, value) in document.table("alarms", value, EXAMPLE).unwrap_or_default() {
        let name = key.get_ref().as_ref();
        let pattern = |written: &str| form::alarm(written).map(|()| written.to_owned());
        match name {
            "critical" => policy.critical = list(document, name, value, "ehr-*", pattern),
            "ignore" => policy.ignore = list(document, name, value, "*-test", pattern),
            _ => document.unknown(key.span().start, "key of alarms", name, &KEYS),
        }
        // What is named in both would be ignored in silence.
        if let Some(twice) = policy.critical.iter().find(|pattern| policy.ignore.contains(pattern)) {
            let what = format!("{} is in critical and in ignore of alarms", quoted(twice));
            let hint = "keep it in one of them: of what ignore names nothing is said".to_owned();
            document.mistake(value.span().start, what, hint);
        }
    }
    policy
}
