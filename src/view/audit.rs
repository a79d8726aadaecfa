//! The audit view: what was done with this tool, by whom, why, and what came of it.

use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::model::Severity;
use crate::model::audit::{Acted, AuditFacts};
use crate::table::{Cell, Column, Row};
use crate::text::Text;

/// `audit`.
pub const VIEW: View = View {
    id: "audit",
    title: "audit",
    short: "audit",
    doc: "Actions this user took with this tool on this machine: by whom, why, and what came of them",
    kind: "action",
    feeds: &["audit"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open: |_| None::<Drill>,
    aws: |_, _| None,
};

const COLUMNS: &[Column] = &[
    Column::number("at", "age", 1, "When it was intended"),
    Column::words("action", "action", 1, 17, "The action"),
    Column::words("target", "target", 1, 40, "Its target"),
    Column::words(
        "outcome",
        "outcome",
        1,
        10,
        "done, failed, unknown; under way, or unfinished: nobody noted how it ended",
    ),
    Column::words("caller", "caller", 3, 24, "The role or user, as STS told it"),
    Column::words("place", "where", 5, 60, "Stack, account and region; and the endpoint, if it was not AWS's own"),
    Column::words("user", "user", 6, 24, "The system's user and the machine"),
    Column::words("reason", "reason", 2, 40, "Why, as the person gave it"),
    Column::words("message", "what came of it", 4, 100, "The outcome in a sentence"),
    Column::words("ticket", "ticket", 0, 16, "The ticket it was done for"),
    Column::words("request_id", "request", 0, 40, "The service's request id"),
    Column::number("seq", "record", 0, "The number of its first record"),
];

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let stacks = scene.stacks.iter();
    stacks.flat_map(|stack| acted(stack).iter().map(|acted| row(stack, acted))).collect()
}

fn acted<'a>(scene: &StackScene<'a>) -> &'a [Acted] {
    scene.facts.get::<AuditFacts>().map_or(&[], |facts| &facts.acted)
}

fn row(scene: &StackScene<'_>, acted: &Acted) -> Row {
    Row {
        stack: scene.stack.name.clone(),
        id: acted.id.clone(),
        severity: match acted.standing().0 {
            // That is long past: worth seeing, and no fault of the stack.
            Severity::Warn => Severity::Info,
            other => other,
        },
        cells: vec![
            Cell::At(acted.at),
            Cell::Text(acted.action.clone()),
            Cell::Text(acted.target.clone()),
            outcome(acted),
            Cell::Text(caller(acted)),
            Cell::Text(acted.place.clone()),
            Cell::Text(acted.user.clone()),
            Cell::text(Some(&acted.reason)),
            Cell::text(acted.message.as_ref()),
            Cell::text(acted.ticket.as_ref()),
            Cell::text(acted.request_id.as_ref()),
            Cell::Count(acted.seq),
        ],
        ..Row::default()
    }
    .judged(scene.problems_of("action", &acted.id))
}

fn outcome(acted: &Acted) -> Cell {
    let (severity, word) = acted.standing();
    Cell::State(severity, Text::from(word))
}

fn caller(acted: &Acted) -> Text {
    let tail = acted.caller.rsplit(':').next().unwrap_or_default();
    Text::from(tail.strip_prefix("assumed-role/").unwrap_or(tail))
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some(acted) = acted(scene).iter().find(|acted| acted.id == row.id) else { return Detail::of(row.id.clone()) };
    let named = |pairs: &[(Text, Text)]| {
        pairs.iter().map(|(name, value)| Line::Field(name.clone(), Cell::text(Some(value)))).collect::<Vec<_>>()
    };
    let changed = |(name, value): &&(Text, Text)| !acted.before.contains(&(name.clone(), value.clone()));
    let after: Vec<(Text, Text)> = acted.after.iter().filter(changed).cloned().collect();
    let checks = acted.checks.iter().filter(|(level, _)| *level != "pass");
    let checks = checks.map(|(level, text)| Line::Words(Text::from(format!("{level}: {text}"))));
    Detail::of(format!("{} {}", acted.action, acted.target))
        .field("intended", Cell::At(acted.at))
        .field("at", Cell::Text(Text::from(acted.at.date_time())))
        .words("where", Some(&acted.place))
        .words("by", Some(&acted.caller))
        .words("user", Some(&acted.user))
        .words("reason", Some(&acted.reason))
        .words("ticket", acted.ticket.as_ref())
        .field("outcome", outcome(acted))
        .words("what came of it", acted.message.as_ref())
        .words("answer", acted.answer.as_ref())
        .words("request id", acted.request_id.as_ref())
        .field("records from", Cell::Count(acted.seq))
        .heading("sent")
        .lines(named(&acted.params))
        .lines(headed("known to stand against it", checks.collect()))
        .lines(headed("before", named(&acted.before)))
        .lines(headed("changed afterwards", named(&after)))
}

/// Lines under a heading; nothing where there are none.
fn headed(title: &'static str, lines: Vec<Line>) -> Vec<Line> {
    let heading = (!lines.is_empty()).then_some(Line::Heading(title));
    heading.into_iter().chain(lines).collect()
}
