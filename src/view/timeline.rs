//! The timeline view: what happened, from all sources, the newest first; and the part of it that concerns one row.

mod alike;
mod of_row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::overview::lead;
use super::{Detail, Drill, Scene, StackScene, View};
use crate::model::Subject;
use crate::model::timeline::Entry;
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;
use crate::time::human;
use crate::timeline::{MOST, name, source};

pub use of_row::of_row;

/// What one of its rows is.
pub(super) const KIND: &str = "event";

/// `timeline`.
pub const VIEW: View = View {
    id: "timeline",
    title: "timeline",
    short: "time",
    doc: "What happened, from all sources, the newest first; kept for as long as the console runs",
    kind: KIND,
    feeds: &[
        "ecs",
        "stopped-tasks",
        "mongo",
        "rds",
        "scaling",
        "group-activities",
        "alarms",
        "guardduty",
        "secrets",
        "audit",
    ],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws: |_, _| None,
};

const COLUMNS: &[Column] = &[
    Column::words(
        "at",
        "at",
        1,
        12,
        "When, by the source's clock; \"by\" a time: seen by this console then, and no time told",
    ),
    Column::words(
        "source",
        "source",
        1,
        10,
        "Who tells it: deployment, event, stop, scaling, group, alarm, rds, election, member, finding, rotation, action",
    ),
    Column::words("kind", "kind", 4, 14, "What kind of thing it happened to"),
    Column::words("subject", "subject", 1, 18, "What it happened to"),
    Column::words("message", "what happened", 1, 300, "What happened, in one sentence"),
    Column::words("seen_at", "seen", 0, 12, "When this console first saw it"),
    Column::words("observed", "observed", 0, 8, "Whether the time is that of the first sighting"),
    Column::words("subject_id", "id", 0, 100, "The ARN of what it happened to, or its id"),
    Column::words(
        "about",
        "about",
        0,
        100,
        "Everything it concerns, as kind/name; about=service/ehr/ehr-api keeps to one, a|b to several",
    ),
];

const MESSAGE: usize = 4;
const SUBJECT: [usize; 3] = [2, 3, 7];

/// Under all others, what is not kept.
const END: Section = Section { order: 1, title: "" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(chronicle) = scene.chronicle else { return Vec::new() };
    let mut rows: Vec<Row> = chronicle.entries().iter().map(|entry| row(scene, entry)).collect();
    alike::fold(chronicle.entries().iter().map(Arc::as_ref), &mut rows);
    if let Some(until) = chronicle.forgotten() {
        let words = Text::from(format!("what is not newer is not kept: {MOST} entries at most"));
        let mut cells = vec![Cell::Missing; COLUMNS.len()];
        cells[0] = Cell::Moment { at: until, observed: false };
        cells[MESSAGE] = Cell::Text(words);
        let stack = scene.stack.name.clone();
        rows.push(Row { stack, id: Text::from("forgotten"), cells, section: END, aside: true, ..Row::default() });
    }
    rows
}

fn row(scene: &StackScene<'_>, entry: &Entry) -> Row {
    let Entry { subject, message, .. } = entry;
    let own = name(subject.kind, &subject.id);
    let about = std::iter::once(own).chain(entry.related.iter().map(|(kind, id)| name(kind, id)));
    Row {
        stack: scene.stack.name.clone(),
        id: id(entry),
        severity: entry.severity,
        cells: vec![
            Cell::Moment { at: entry.at, observed: entry.observed },
            Cell::Text(Text::shared(entry.source)),
            Cell::Text(Text::shared(subject.kind)),
            Cell::Text(subject.name.clone()),
            Cell::State(entry.severity, message.clone()),
            Cell::At(entry.seen_at),
            Cell::Flag(entry.observed),
            Cell::Text(subject.id.clone()),
            Cell::Names(about.collect()),
        ],
        says: Some(message.clone()),
        ..Row::default()
    }
}

fn id(entry: &Entry) -> Text {
    Text::from(format!("{}|{}", entry.source, entry.key))
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let entries = scene.chronicle.map_or(&[][..], |chronicle| chronicle.entries());
    let Some(entry) = entries.iter().find(|entry| id(entry) == row.id) else { return Detail::of(row.id.clone()) };
    let when = |words: String| Cell::Text(Text::from(words));
    let ahead = entry.at.since(entry.seen_at);
    let by = match (entry.observed, ahead.as_secs()) {
        (true, _) => "this console, which saw it first then; nobody told when it was".to_owned(),
        (_, 0) => "the source".to_owned(),
        _ => format!("the source, whose clock was {} ahead of this one", human(ahead)),
    };
    let told = source(entry.source).map_or("", |source| source.doc);
    let related = entry.related.iter().map(|(kind, id)| super::Line::Words(name(kind, id)));
    let related: Vec<_> = related.collect();
    let heading = (!related.is_empty()).then_some(super::Line::Heading("concerns also"));
    Detail::of(subject(entry))
        .field("what happened", Cell::State(entry.severity, entry.message.clone()))
        .field("at", when(entry.at.date_time()))
        .field("by the clock of", when(by))
        .field("first seen here", when(entry.seen_at.date_time()))
        .field("source", when(format!("{}: {told}", entry.source)))
        .field("severity", when(entry.severity.word().to_owned()))
        .field("id", Cell::Text(entry.subject.id.clone()))
        .lines(heading)
        .lines(related)
}

fn subject(entry: &Entry) -> Text {
    Text::from(format!("{} {}", entry.subject.kind, entry.subject.name))
}

fn open(row: &Row) -> Option<Drill> {
    let text = |index: usize| match row.cells.get(index) {
        Some(Cell::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let [kind, name, id] = SUBJECT.map(text);
    let kind = kind?;
    // The word itself: what a subject is made of lives as long as the program.
    let kind = super::VIEWS.iter().map(|view| view.kind).chain(OTHERS).find(|known| kind == **known)?;
    lead(&Subject { kind, name: name?, id: id? })
}

/// Kinds that are rows of no view of their own.
const OTHERS: [&str; 4] = ["provider", "group", "cluster", "replica-set"];
