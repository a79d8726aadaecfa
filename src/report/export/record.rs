//! Rows for machines: the same keys and values whether as JSON or as comma-separated values.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::health::words::whole;
use crate::table::{Cell, Column, Row};
use crate::time::Timestamp;
use crate::view::View;

/// The keys every row carries before its view's own, and what they hold.
const COMMON: [(&str, &str); 4] = [
    ("stack", "The stack's name as configured"),
    ("id", "What the row is: its ARN where there is one"),
    ("severity", "The worst of its problems: ok, info, unknown, warn or crit"),
    ("problems", "What is wrong with it, one sentence each, worst first"),
];

fn keys(view: &View) -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMON.into_iter().chain(columns(view).map(|(_, column)| (column.id, column.doc)))
}

/// The columns of a view that are exported, each with its place.
pub(super) fn columns(view: &View) -> impl Iterator<Item = (usize, &'static Column)> {
    view.columns.iter().enumerate().filter(|(_, column)| column.exported)
}

/// The keys of a view with what they hold, one a line.
pub(super) fn keys_page(view: &View) -> String {
    let widest = keys(view).map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (key, doc) in keys(view) {
        // Writing to a string never fails.
        let _ = writeln!(text, "{key:widest$}  {doc}");
    }
    text
}

/// A row as a JSON object.
pub(super) fn record(view: &View, row: &Row, now: Timestamp) -> Map<String, Value> {
    let problems: Vec<String> = row.problems.iter().map(|problem| whole(&problem.check)).collect();
    let common = [json!(row.stack.as_str()), json!(row.id.as_str()), json!(row.severity.word()), json!(problems)];
    let cells = row.exported().unwrap_or_default();
    let cells = columns(view).map(|(i, _)| cells.get(i).unwrap_or(&Cell::Missing).machine(now));
    keys(view).map(|(key, _)| key.to_owned()).zip(common.into_iter().chain(cells)).collect()
}

/// Rows as comma-separated values under a line of keys: the values of the JSON export, absent ones empty, nested ones as
/// compact JSON. A text that a spreadsheet would take for a formula stands behind a `'`.
#[must_use]
pub fn csv_of_rows(view: &View, rows: &[&Row], now: Timestamp) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head: Vec<&str> = keys(view).map(|(key, _)| key).collect();
    // Writing to memory fails only where a record has another length than the first; here all have one value a key.
    let _ = writer.write_record(head);
    for row in rows.iter().filter(|row| row.exported().is_some()) {
        let _ = writer.write_record(record(view, row, now).values().map(field));
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => inert(text),
        other => other.to_string(),
    }
}

/// Text that no spreadsheet evaluates: what begins like a formula (also in full width) stands behind a `'`.
fn inert(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::VIEWS;
    use std::collections::HashSet;

    #[test]
    fn formulas_are_disarmed_and_everything_else_is_left_alone() {
        for (text, field) in [
            ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("＝1", "'＝1"),
            ("'quoted", "'quoted"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(inert(text), field);
        }
        assert_eq!(field(&json!(-1)), "-1", "a number is no text");
    }

    #[test]
    fn no_view_uses_a_key_twice() {
        for view in VIEWS.iter().filter(|view| view.exported) {
            let mut seen = HashSet::new();
            for (key, doc) in keys(view) {
                assert!(seen.insert(key), "{} has {key} twice", view.id);
                assert!(!doc.is_empty(), "{key}");
            }
        }
    }
}
