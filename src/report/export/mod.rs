//! `rounds export VIEW`: one table for scripts, spreadsheets, tickets or people.

mod page;
mod record;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::gather::{Gathered, gather};
use super::output::deliver;
use super::reading::{Reading, State};
use crate::backend::ports::Backend;
use crate::error::{Error, nearest};
use crate::feed::{with_dependents, with_needs};
use crate::health::{Observed, Thresholds};
use crate::model::stack::Stack;
use crate::model::{Facts, Fault, Problem, Severity};
use crate::table::Row;
use crate::text::clean;
use crate::time::{Clock, Timestamp};
use crate::view::{Scene, StackScene, VIEWS, View, judge};

pub use record::csv_of_rows;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The schema `rounds.export/1`.
    Json,
    /// Comma-separated values under the same keys.
    Csv,
    /// A table for a ticket.
    Markdown,
    /// Aligned columns for people.
    Text,
}

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The view's id as it was typed.
    pub view: String,
    /// How to write it.
    pub format: Format,
    /// List the keys with what they hold; nothing is read.
    pub columns: bool,
    /// The longest the reading may take.
    pub timeout: Duration,
}

/// Exit codes of a valid invocation, part of the contract with scripts.
const COMPLETE: u8 = 0;
const PARTIAL: u8 = 1;
const NOTHING: u8 = 3;

/// Reads the feeds of a view once in every stack and writes its rows to `out`; what could not be read is also told in words
/// on `err`. Gives the exit code: 0 complete, 1 partial, 3 nothing could be read.
///
/// # Errors
/// A view that there is not (usage), or an output that cannot be written.
pub async fn export(
    stacks: &[Stack],
    backends: Vec<Result<Backend, Fault>>,
    clock: &Arc<dyn Clock>,
    thresholds: &Thresholds,
    options: &ExportOptions,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Error> {
    let view = exported_view(&options.view)?;
    if options.columns {
        deliver(out, &record::keys_page(view))?;
        return Ok(COMPLETE);
    }
    let feeds = feeds_of(view);
    let gathered = gather(stacks, backends, clock, &feeds, options.timeout).await;
    let rows = rows(view, stacks, &gathered, thresholds);
    let rows: Vec<&Row> = rows.iter().filter(|row| row.exported().is_some()).collect();
    let readings: Vec<Reading> = (0..stacks.len()).map(|i| Reading::of(&gathered.store, i, &feeds)).collect();
    let text = match options.format {
        Format::Json => document(view, stacks, &readings, &rows, gathered.taken_at),
        Format::Csv => csv_of_rows(view, &rows, gathered.taken_at),
        Format::Markdown => page::markdown(view, &rows, gathered.taken_at),
        Format::Text => page::aligned(view, &rows, gathered.taken_at),
    };
    deliver(out, &text)?;
    // A terminal that does not take the explanation takes nothing away from the export.
    let _ = err.write_all(explained(stacks, &readings).as_bytes());
    Ok(exit_code(&readings))
}

fn exported_view(typed: &str) -> Result<&'static View, Error> {
    let mut offered = VIEWS.iter().copied().filter(|view| view.exported);
    if let Some(view) = offered.clone().find(|view| view.id == typed) {
        return Ok(view);
    }
    let shown: String = typed.chars().take(60).collect();
    let near = nearest(&shown, offered.clone().map(|view| view.id));
    let near = near.map_or_else(String::new, |near| format!("did you mean \"{near}\"? "));
    let all = offered.by_ref().map(|view| view.id).collect::<Vec<_>>().join(", ");
    Err(Error::usage(format!("no view \"{}\" to export", clean(&shown))).hint(format!("{near}views: {all}")))
}

/// What the view shows, what its rules judge with, and who asks.
fn feeds_of(view: &View) -> Vec<&'static str> {
    let mut feeds = with_dependents(view.feeds);
    feeds.push("identity");
    with_needs(&feeds)
}

/// All rows, stack by stack in configured order, each stack's in the view's own.
fn rows(view: &View, stacks: &[Stack], gathered: &Gathered, thresholds: &Thresholds) -> Vec<Row> {
    let problems: Vec<Vec<Problem>> =
        stacks.iter().enumerate().map(|(i, stack)| problems(i, stack, gathered, thresholds)).collect();
    let empty = Facts::default();
    let scenes = stacks.iter().enumerate().zip(&problems).map(|((i, stack), problems)| {
        let facts = gathered.store.facts(i).unwrap_or(&empty);
        StackScene::new(stack, facts, problems).telling(gathered.store.chronicle(i))
    });
    let mut rows = (view.rows)(&Scene { stacks: scenes.collect() });
    rows.sort_by_key(|row| stacks.iter().position(|stack| stack.name == row.stack));
    rows
}

fn problems(index: usize, stack: &Stack, gathered: &Gathered, thresholds: &Thresholds) -> Vec<Problem> {
    // Judged as of the beginning: what was read since is never too old.
    let now = gathered.started_at;
    let judgement = judge(index, stack, &gathered.store, thresholds, &Observed::default(), now, false);
    let found = judgement.checks.into_iter().filter(|check| check.severity > Severity::Ok);
    found.map(|check| Problem { stack: stack.name.clone(), check }).collect()
}

fn document(view: &View, stacks: &[Stack], readings: &[Reading], rows: &[&Row], taken_at: Timestamp) -> String {
    let stacks: Vec<Value> = stacks.iter().zip(readings).map(|(stack, reading)| reading.document(stack)).collect();
    let rows: Vec<Value> = rows.iter().map(|row| Value::Object(record::record(view, row, taken_at))).collect();
    let document = json!({
        "schema": "rounds.export/1",
        "view": view.id,
        "taken_at": taken_at.rfc3339(),
        "stacks": stacks,
        "rows": rows,
    });
    format!("{document:#}\n")
}

fn explained(stacks: &[Stack], readings: &[Reading]) -> String {
    let mut text = String::new();
    for (stack, reading) in stacks.iter().zip(readings) {
        for cause in reading.causes() {
            let fault = &cause.first.fault;
            let hint = fault.hint().map_or_else(String::new, |hint| format!("; {hint}"));
            // Writing to a string never fails.
            let _ = writeln!(text, "{} {}: {fault}{hint}", stack.name, reading.state.word());
        }
    }
    text
}

fn exit_code(readings: &[Reading]) -> u8 {
    if readings.iter().all(|reading| reading.state == State::Failing) {
        NOTHING
    } else if readings.iter().all(|reading| reading.state == State::Fresh) {
        COMPLETE
    } else {
        PARTIAL
    }
}
