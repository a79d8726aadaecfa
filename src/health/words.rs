//! Small pieces of sentences.

use std::fmt::Display;
use std::time::Duration;

use crate::model::Check;
use crate::model::ecs::{Service, Size};
use crate::time::human;

/// Most characters of a reason from outside that a sentence quotes; the evidence holds all of it.
const QUOTED: usize = 80;
/// Stands for the rest.
const CUT: char = '…';

/// Most names a list spells out.
const NAMED: usize = 5;

/// `1 task`, `8 tasks`.
pub fn count(n: impl TryInto<u64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `ehr-api 20/28`: the service and its tasks, running and desired.
pub(super) fn headline(service: &Service) -> String {
    format!("{} {}/{}", service.name, service.running, service.desired)
}

/// What a task reserves, with units.
pub(super) fn size(size: Size) -> String {
    format!("{} CPU units, {} MiB", size.cpu, size.memory)
}

/// A configured span as people say it: `10 min`, `1 h`; anything odd in two units.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        s if s > 0 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s > 0 && s % 60 == 0 => format!("{} min", s / 60),
        _ => human(span),
    }
}

/// A reason from outside, cut to what a sentence can hold.
pub(super) fn quote(reason: &str) -> String {
    let reason = reason.trim().trim_end_matches('.');
    if reason.chars().count() <= QUOTED {
        return reason.to_owned();
    }
    let cut: String = reason.chars().take(QUOTED - 1).collect();
    format!("{}{CUT}", cut.trim_end())
}

/// The sentence of a check with what it quotes in full, for where no screen sets a limit: it is in the evidence.
#[must_use]
pub fn whole(check: &Check) -> String {
    let message = check.message.as_str();
    let Some((before, after)) = message.split_once(CUT) else { return message.to_owned() };
    let quoted = check.evidence.iter().map(|(_, value)| (quote(value), value)).find_map(|(quoted, value)| {
        let begun = before.strip_suffix(quoted.strip_suffix(CUT)?)?;
        Some(format!("{begun}{}{after}", value.trim().trim_end_matches('.')))
    });
    quoted.unwrap_or_else(|| message.to_owned())
}

/// `a, b and 3 more`.
pub(super) fn list<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| n.to_string()).collect();
    if names.len() <= NAMED {
        return names.join(", ");
    }
    let (first, rest) = names.split_at(NAMED - 1);
    format!("{} and {} more", first.join(", "), rest.len())
}

/// A field's value, or that the answer left it out.
pub(super) fn given<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "not given".to_owned(), |v| v.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Severity, Subject};
    use crate::time::Timestamp;

    #[test]
    fn pieces_read_as_plain_english() {
        assert_eq!(count(1_u32, "task"), "1 task");
        assert_eq!(count(8_usize, "task"), "8 tasks");
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!([600, 3_600, 90].map(|s| span(Duration::from_secs(s))), ["10 min", "1 h", "1m30s"]);
        assert_eq!(list(1..=9), "1, 2, 3, 4 and 5 more");
        assert_eq!(quote(" it broke. "), "it broke");
        assert_eq!(quote(&"x".repeat(200)).chars().count(), QUOTED);
    }

    #[test]
    fn what_is_quoted_is_whole_where_no_screen_sets_a_limit() {
        let reason = format!("Could not launch. {}.", "No capacity in the zone. ".repeat(9).trim());
        let check = |message: &str| Check {
            rule: "rule",
            domain: "scaling",
            severity: Severity::Crit,
            subject: Subject { kind: "group", name: "asg".into(), id: "asg".into() },
            message: message.into(),
            since: None,
            evidence: vec![("StatusCode", "Failed".into()), ("StatusMessage", reason.as_str().into())],
            next: Vec::new(),
            taken_at: Timestamp::default(),
            cause: None,
            follows: None,
        };
        let quoting = check(&format!("asg: failed: {} (12 times)", quote(&reason)));
        assert!(quoting.message.contains(CUT));
        assert_eq!(whole(&quoting), format!("asg: failed: {} (12 times)", reason.trim_end_matches('.')));
        assert_eq!(whole(&check("asg: cut by another…")), "asg: cut by another…", "it is told as it stands");
    }
}
