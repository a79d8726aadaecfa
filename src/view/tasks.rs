//! The tasks view: running tasks, and stopped ones for as long as the console has known them.

use std::collections::{HashMap, HashSet};

use super::scene::{aws_call, missing_row, standing};
use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::health::stops::stop_words;
use crate::model::Severity;
use crate::model::ecs::{Container, EcsFacts, Kind, Missing, Seen, StoppedFacts, Task, tail};
use crate::table::{Cell, Column, Row};
use crate::text::Text;
use crate::time::Timestamp;

/// `tasks`.
pub const VIEW: View = View {
    id: "tasks",
    title: "tasks",
    short: "task",
    doc: "Running and recently stopped tasks; stopped ones with the reason in words, kept as long as the console runs",
    kind: "task",
    feeds: &["ecs", "stopped-tasks"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("cluster", "cluster", 5, 16, "The cluster's name"),
    Column::words("service", "service", 2, 28, "The service it belongs to"),
    Column::words("task", "task", 1, 13, "The task's short id"),
    Column::words("status", "status", 1, 14, "PROVISIONING, PENDING, RUNNING, STOPPED …"),
    Column::words("health", "health", 4, 10, "HEALTHY, UNHEALTHY; absent where no health check is configured"),
    Column::words("az", "zone", 3, 16, "Availability zone"),
    Column::words("instance", "instance", 6, 22, "The container instance: EC2 id where known, else its short id"),
    Column::number("started_at", "started", 3, "When it ran"),
    Column::number("stopped_at", "stopped", 4, "When it stopped"),
    Column::words("stop_code", "stop code", 8, 26, "ECS's code for why it stopped"),
    Column::words("stop_reason", "reason", 4, 60, "Why it stopped, in words"),
    Column::words("exit_codes", "exit", 7, 12, "Exit codes of its containers"),
];

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(ecs) = scene.facts.get::<EcsFacts>() else { return Vec::new() };
    let names: HashMap<&str, &Text> =
        ecs.instances.iter().filter_map(|i| Some((i.item.arn.as_str(), i.item.ec2_id.as_ref()?))).collect();
    let instance = |task: &Task| {
        let arn = task.instance_arn.as_deref()?;
        Some(names.get(arn).map_or_else(|| tail(arn), |id| (*id).clone()))
    };
    let stopped = scene.facts.get::<StoppedFacts>();
    let (ended, lost) = stopped.map_or((&[][..], &[][..]), |s| (&s.tasks[..], &s.missing[..]));
    // A task that stopped between the two readings is in both; the later one counts.
    let stopped: HashSet<&str> = ended.iter().map(|seen| seen.item.arn.as_str()).collect();
    let running = ecs.tasks.iter().filter(|seen| !stopped.contains(seen.item.arn.as_str()));
    let known = running.chain(ended).map(|seen| row(scene, seen, instance(&seen.item)));
    let missing = ecs.missing.iter().chain(lost).filter(|m: &&Missing| m.kind == Kind::Task);
    known.chain(missing.map(|m| missing_row(scene, m, COLUMNS, "task"))).collect()
}

fn row(scene: &StackScene<'_>, seen: &Seen<Task>, instance: Option<Text>) -> Row {
    let t = &seen.item;
    let stopped = t.stopped_at.is_some() || t.status.as_deref() == Some("STOPPED");
    let reason = stopped
        .then(|| stop_words(t))
        .map_or(Cell::Missing, |(severity, words)| Cell::State(severity, Text::from(words)));
    Row {
        stack: scene.stack.name.clone(),
        id: t.arn.clone(),
        severity: standing(t.status.as_ref(), "RUNNING"),
        // A stopped task never changes again, so it cannot grow stale.
        read_at: if stopped { Timestamp::default() } else { seen.at },
        cells: vec![
            Cell::Text(Text::shared(&t.cluster())),
            t.service().map_or(Cell::Missing, |s| Cell::Text(Text::shared(s))),
            Cell::Text(t.id()),
            Cell::text(t.status.as_ref()),
            health(t),
            Cell::text(t.az.as_ref()),
            instance.map_or(Cell::Missing, Cell::Text),
            Cell::at(t.started_at),
            Cell::at(t.stopped_at),
            Cell::text(t.stop_code.as_ref()),
            reason,
            exit_codes(t),
        ],
        ..Row::default()
    }
    .judged(scene.problems_of("task", &t.arn))
}

/// `UNKNOWN` means that no health check is configured, which is not a state of health.
fn health(task: &Task) -> Cell {
    match task.health.as_ref() {
        Some(word) if word == "UNHEALTHY" => Cell::State(Severity::Warn, word.clone()),
        Some(word) if word == "UNKNOWN" => Cell::Missing,
        other => Cell::text(other),
    }
}

fn exit_codes(task: &Task) -> Cell {
    let codes: Vec<i32> = task.containers.iter().filter_map(|c| c.exit_code).collect();
    if codes.is_empty() { Cell::Missing } else { Cell::Codes(codes) }
}

/// From a task to its container instance; there is nothing below a task but its detail.
fn open(row: &Row) -> Option<Drill> {
    let instance = row.cells.get(6).map(Cell::searchable).filter(|s| !s.is_empty())?;
    let filter = format!("cluster={} {instance}", row.cells.first().map(Cell::searchable)?);
    Some(Drill { view: "instances", filter, select: None })
}

fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<&'a Task> {
    let running = scene.facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
    let stopped = scene.facts.get::<StoppedFacts>().map_or(&[][..], |s| &s.tasks);
    running.iter().chain(stopped).find(|seen| seen.item.arn == *arn).map(|seen| &*seen.item)
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let task = find(scene, &row.id)?;
    aws_call(scene, &["ecs", "describe-tasks", "--cluster", &task.cluster_arn, "--tasks", &task.arn])
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some(t) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let definition = t.task_definition.as_deref().map(tail);
    let reserves = t.size.map(|s| Text::from(format!("{} CPU units, {} MiB", s.cpu, s.memory)));
    let stopped = t.stopped_at.is_some().then(|| Text::from(stop_words(t).1));
    Detail::of(t.label())
        .words("arn", Some(&t.arn))
        .words("status", t.status.as_ref())
        .words("wanted", t.desired_status.as_ref())
        .words("health", t.health.as_ref().filter(|h| *h != "UNKNOWN"))
        .words("task definition", definition.as_ref())
        .words("reserves", reserves.as_ref())
        .words("zone", t.az.as_ref())
        .words("instance", t.instance_arn.as_ref())
        .words("capacity provider", t.provider.as_ref())
        .words("connectivity", t.connectivity.as_ref())
        .field("created", Cell::at(t.created_at))
        .field("started", Cell::at(t.started_at))
        .field("stopped", Cell::at(t.stopped_at))
        .words("why it stopped", stopped.as_ref())
        .words("stop code", t.stop_code.as_ref())
        .words("stopped reason", t.stopped_reason.as_ref())
        .heading("containers")
        .lines(t.containers.iter().flat_map(container_lines))
}

fn container_lines(container: &Container) -> Vec<Line> {
    let exit = container.exit_code.map(|code| format!("exit code {code}"));
    let image = container.image.as_ref().map(ToString::to_string);
    let parts = [container.status.as_ref().map(ToString::to_string), exit, image];
    let words = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut lines = vec![Line::Field(container.name.clone(), Cell::Text(Text::from(words)))];
    lines.extend(
        container.reason.as_ref().map(|reason| Line::Field(Text::from("  reason"), Cell::Text(reason.clone()))),
    );
    lines
}
