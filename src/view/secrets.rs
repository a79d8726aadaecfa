//! The secrets view: how each rotates, who uses it, and which tasks still hold the value of before. Never a value.

use super::scene::aws_call;
use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::health::secrets::{is_empty, is_replica};
use crate::model::Severity;
use crate::model::secret::{Consumers, Holds, Secret, SecretFacts, Uses, Version};
use crate::table::{Cell, Column, Row};
use crate::text::Text;
use crate::time::Timestamp;

/// `secrets`.
pub const VIEW: View = View {
    id: "secrets",
    title: "secrets",
    short: "sec",
    doc: "Secrets: when each was rotated and will be, what it is in, who uses it, and tasks that hold the value of before",
    kind: "secret",
    feeds: &["secrets", "task-definitions", "rds"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("secret", "secret", 1, 40, "The secret's name"),
    Column::words(
        "rotation_enabled",
        "rotates",
        2,
        7,
        "Whether it rotates by itself; absent where that was never set up",
    ),
    Column::number("policy_days", "policy days", 3, "How often it is to be rotated, in days, as configured"),
    Column::number("last_rotated_at", "rotated", 1, "When the last rotation was completed"),
    Column::number("next_rotation_at", "next", 2, "The latest time of the next rotation"),
    Column::words("stage", "stage", 1, 10, "current, or rotating while a version is being made"),
    Column::words(
        "consumers",
        "used by",
        3,
        40,
        "Services, proxies and databases that use it; absent where none is known",
    ),
    Column::number("stale_tasks", "stale", 1, "Running tasks that hold the value of before the last rotation"),
    Column::number("deleted_at", "deleted", 4, "When it is deleted"),
];

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(known) = scene.facts.get::<SecretFacts>() else { return Vec::new() };
    let consumers = scene.facts.derived::<Consumers>();
    known.secrets.iter().map(|secret| row(scene, known, secret, &consumers)).collect()
}

fn row(scene: &StackScene<'_>, known: &SecretFacts, s: &Secret, consumers: &Consumers) -> Row {
    let uses = consumers.of(&s.arn);
    Row {
        stack: scene.stack.name.clone(),
        id: s.arn.clone(),
        read_at: s.read_at,
        cells: vec![
            Cell::Text(s.name.clone()),
            s.rotation_enabled.map_or(Cell::Missing, Cell::Flag),
            known.policy.of(s).map_or(Cell::Missing, |span| Cell::Count(span.as_secs() / 86_400)),
            Cell::at(s.rotated_at),
            s.rotates_at.map_or(Cell::Missing, Cell::Until),
            stage(s),
            Cell::text(uses.map(users).as_ref()),
            stale(uses, consumers.is_complete()),
            s.deleted_at.map_or(Cell::Missing, Cell::Until),
        ],
        ..Row::default()
    }
    .judged(scene.problems_of("secret", &s.arn))
}

fn stage(s: &Secret) -> Cell {
    match (s.pending(), s.version(Secret::CURRENT)) {
        (Some(_), _) => Cell::State(Severity::Info, Text::from("rotating")),
        (None, Some(_)) => Cell::Text(Text::from("current")),
        (None, None) => Cell::Missing,
    }
}

/// Services first, then what logs in with it by itself.
fn users(uses: &Uses) -> Text {
    let services = uses.services.iter().map(|service| {
        // In one line the service's own name must do.
        service.name.rsplit('/').next().unwrap_or_default().to_owned()
    });
    let proxies = uses.proxies.iter().map(|proxy| format!("proxy {}", proxy.name));
    let databases = uses.databases.iter().map(|database| format!("database {}", database.name));
    let all: Vec<String> = services.chain(proxies).chain(databases).collect();
    Text::from(all.join(", "))
}

/// None only where it is known of every task what it was handed and when.
fn stale(uses: Option<&Uses>, is_complete: bool) -> Cell {
    let count = |holds| uses.map_or(0, |uses| uses.holding(holds).count());
    let (previous, unknown) = (count(Holds::Previous), count(Holds::Unknown));
    if previous == 0 && (!is_complete || unknown > 0) {
        return Cell::Missing;
    }
    Cell::Count(previous as u64)
}

/// To the only service that uses it; where there are several, the detail has them.
fn open(row: &Row) -> Option<Drill> {
    let at = COLUMNS.iter().position(|column| column.id == "consumers")?;
    let users = row.cells.get(at).map(Cell::searchable).filter(|users| !users.is_empty())?;
    let mut services = users.split(", ").filter(|user| !user.contains(' '));
    let only = services.next().filter(|_| services.next().is_none())?;
    Some(Drill { view: "services", filter: format!("service=\"{only}\""), select: None })
}

fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<(&'a SecretFacts, &'a Secret)> {
    let known = scene.facts.get::<SecretFacts>()?;
    known.secrets.iter().find(|secret| secret.arn == *arn).map(|secret| (known, secret))
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let (_, secret) = find(scene, &row.id)?;
    aws_call(scene, &["secretsmanager", "describe-secret", "--secret-id", &secret.arn])
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some((known, s)) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let consumers = scene.facts.derived::<Consumers>();
    let until = |at: Option<Timestamp>| at.map_or(Cell::Missing, Cell::Until);
    let never = || Cell::Text(Text::from("never"));
    let policy = known.policy.of(s).map_or_else(never, |span| Cell::Count(span.as_secs() / 86_400));
    let detail = Detail::of(s.name.clone())
        .words("arn", Some(&s.arn))
        .field("rotates by itself", s.rotation_enabled.map_or(Cell::Missing, Cell::Flag))
        .field("every, days", Cell::count(s.rotates_after_days))
        .words("schedule", s.schedule.as_ref())
        .words("window", s.window.as_ref())
        .field("policy, days", policy)
        .field("rotated", Cell::at(s.rotated_at))
        .field("next rotation by", until(s.rotates_at))
        .words("rotation function", s.lambda.as_ref())
        .words("managed by", s.owner.as_ref())
        .words("key", s.key.as_ref())
        .field("read last, to the day", Cell::at(s.accessed_at))
        .field("edited", Cell::at(s.changed_at))
        .field("made", Cell::at(s.created_at))
        .field("deleted", until(s.deleted_at))
        .words("primary region", s.primary_region.as_ref());
    let detail = if is_replica(s) {
        detail.lines([Line::Words(Text::from("a replica: it rotates where its primary is"))])
    } else {
        detail
    };
    detail
        .lines(versions(s, known.versions.get(&s.arn)))
        .lines(used_by(scene, consumers.of(&s.arn), consumers.is_complete()))
        .lines(tasks(consumers.of(&s.arn)))
        .lines(headed("tags", s.tags.iter().map(|(k, v)| Line::Field(k.clone(), Cell::text(Some(v)))).collect()))
}

/// Lines under a heading; nothing where there are none.
fn headed(title: &'static str, lines: Vec<Line>) -> Vec<Line> {
    let heading = (!lines.is_empty()).then_some(Line::Heading(title));
    heading.into_iter().chain(lines).collect()
}

/// The versions with their labels; those without one where they were asked for.
fn versions(s: &Secret, listed: Option<&Vec<Version>>) -> Vec<Line> {
    let labels = |labels: &[Text]| labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let created = |id: &Text| listed.and_then(|all| all.iter().find(|v| v.id == *id)).and_then(|v| v.created_at);
    let line = |id: &Text, words: String| {
        let at = created(id).map_or(Cell::Missing, Cell::At);
        Line::Event(at, Text::from(format!("{id} {words}")))
    };
    let mut lines: Vec<Line> = s.versions.iter().map(|(id, l)| line(id, labels(l))).collect();
    let bare = listed.into_iter().flatten().filter(|v| !s.versions.contains_key(&v.id));
    lines.extend(bare.map(|v| line(&v.id, "no label".to_owned())));
    if s.pending().is_some() {
        let words = match is_empty(s, listed) {
            Some(true) => "the pending version is empty: it failed in createSecret, the first step",
            Some(false) => "the pending version has a value; while it is pending no other rotation can begin",
            None => "while a version is pending no other rotation can begin",
        };
        lines.push(Line::Words(Text::from(words)));
    }
    headed("versions", lines)
}

fn used_by(scene: &StackScene<'_>, uses: Option<&Uses>, is_complete: bool) -> Vec<Line> {
    let all = uses.into_iter().flat_map(|uses| {
        let of = |kind: &'static str, subjects: &'_ std::collections::BTreeSet<crate::model::Subject>| {
            subjects.iter().map(|subject| (kind, subject.clone())).collect::<Vec<_>>()
        };
        [of("service", &uses.services), of("proxy", &uses.proxies), of("database", &uses.databases)].concat()
    });
    let line = |(kind, subject): (&str, crate::model::Subject)| {
        let worst = scene.problems_of(subject.kind, &subject.id).into_iter().next();
        let cell = worst.map_or_else(
            || Cell::Text(subject.name.clone()),
            |problem| Cell::State(problem.check.severity, problem.check.message),
        );
        Line::Field(Text::from(kind), cell)
    };
    let mut lines: Vec<Line> = all.map(line).collect();
    if !is_complete {
        lines.push(Line::Words(Text::from("task definitions are not all read: there may be more")));
    } else if lines.is_empty() {
        lines.push(Line::Words(Text::from(
            "no service, proxy or database that is read here; functions are not looked at",
        )));
    }
    headed("used by", lines)
}

/// Running tasks that were handed it, those with the value of before first.
fn tasks(uses: Option<&Uses>) -> Vec<Line> {
    let order = [Holds::Previous, Holds::Either, Holds::Unknown, Holds::Pinned, Holds::Current];
    let words = |holds: Holds| match holds {
        Holds::Previous => (Severity::Warn, "holds the previous value"),
        Holds::Either => (Severity::Info, "started while it was rotated"),
        Holds::Unknown => (Severity::Unknown, "did not tell when it started"),
        Holds::Pinned => (Severity::Info, "names a version of its own"),
        Holds::Current => (Severity::Ok, "holds the value of now"),
    };
    let of = |holds: Holds| {
        let (severity, words) = words(holds);
        let line = move |task: &std::sync::Arc<crate::model::ecs::Task>| {
            let id: String = task.id().chars().take(8).collect();
            let name = format!("{} {id}", task.service().or(task.group.as_deref()).unwrap_or("task"));
            Line::Field(Text::from(name), Cell::State(severity, Text::from(words)))
        };
        uses.into_iter().flat_map(move |uses| uses.holding(holds)).map(line).collect::<Vec<_>>()
    };
    headed("running tasks that were handed it", order.into_iter().flat_map(of).collect())
}

/// What there is of secrets, where nothing is the matter with them.
pub(super) fn summary(scene: &StackScene<'_>) -> Option<(Severity, String)> {
    let known = scene.facts.get::<SecretFacts>()?;
    let all = known.secrets.len();
    let rotating = known.secrets.iter().filter(|secret| secret.rotation_enabled == Some(true)).count();
    let words = match all {
        0 => "no secrets".to_owned(),
        1 => format!("1 secret, {rotating} rotates"),
        n if rotating == 1 => format!("{n} secrets, 1 rotates"),
        n => format!("{n} secrets, {rotating} rotate"),
    };
    Some((Severity::Ok, words))
}

#[cfg(test)]
mod tests;
