//! Small pieces of sentences.

use std::fmt::Display;
use std::time::Duration;

use crate::model::ecs::{Service, Size};
use crate::time::human;

/// Most characters of a reason from outside that a sentence quotes; the evidence holds all of it.
const QUOTED: usize = 80;

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
    format!("{}…", cut.trim_end())
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
}
