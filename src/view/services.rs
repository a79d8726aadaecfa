//! The services view: every ECS service of the watched clusters.

use std::collections::HashMap;

use super::scene::{missing_row, standing};
use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::model::ecs::{Deployment, EcsFacts, EcsIndex, Kind, Scheduling, Seen, Service, tail};
use crate::model::secret::{Consumers, Holds};
use crate::model::{Problem, Severity, Subject};
use crate::table::{Cell, Column, Row};
use crate::text::Text;

/// `services`.
pub const VIEW: View = View {
    id: "services",
    title: "services",
    short: "svc",
    doc: "ECS services: tasks, rollout, headroom, spread over zones",
    kind: "service",
    feeds: &["ecs"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("cluster", "cluster", 4, 16, "The cluster's name"),
    Column::words("service", "service", 1, 32, "The service's name"),
    Column::words("status", "status", 9, 9, "ACTIVE, DRAINING or INACTIVE"),
    Column::words("launch", "launch", 7, 14, "The capacity providers of its strategy, else the launch type"),
    Column::number("running", "run", 1, "Tasks running"),
    Column::number("desired", "des", 1, "Tasks wanted"),
    Column::number("pending", "pend", 2, "Tasks pending"),
    Column::words("rollout", "rollout", 3, 11, "State of the primary deployment: IN_PROGRESS, COMPLETED, FAILED"),
    Column::number("deployment_age", "age", 3, "Since the primary deployment began, seconds"),
    Column::number("headroom", "room", 4, "How many more of its tasks fit now: an upper bound"),
    Column::words("azs", "zones", 6, 40, "Running tasks by availability zone"),
    Column::number(
        "lower_bound",
        "min",
        8,
        "Fewest tasks a deployment leaves running: ceil(desired × minimum percent)",
    ),
    Column::number("upper_bound", "max", 8, "Most tasks a deployment runs: floor(desired × maximum percent)"),
    Column::words("deadlock", "deadlock", 0, 8, "Whether these bounds forbid both stopping and starting a task"),
    Column::words("last_event", "last event", 9, 60, "The newest service event"),
];

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(ecs) = scene.facts.get::<EcsFacts>() else { return Vec::new() };
    let index = scene.facts.derived::<EcsIndex>();
    let stale = stale(scene);
    let known = ecs.services.iter().map(|seen| row(scene, &index, seen, &stale));
    let missing = ecs.missing.iter().filter(|m| m.kind == Kind::Service);
    known.chain(missing.map(|m| missing_row(scene, m, COLUMNS, "service"))).collect()
}

fn row(scene: &StackScene<'_>, index: &EcsIndex, seen: &Seen<Service>, stale: &HashMap<Text, Vec<Problem>>) -> Row {
    let s = &seen.item;
    let mut problems = scene.problems_of("service", &s.arn);
    problems.extend(stale.get(&s.arn).into_iter().flatten().cloned());
    let primary = s.primary();
    let spread = index.spread(s);
    Row {
        stack: scene.stack.name.clone(),
        id: s.arn.clone(),
        severity: standing(s.status.as_ref(), "ACTIVE"),
        read_at: seen.at,
        cells: vec![
            Cell::Text(s.cluster()),
            Cell::Text(s.name.clone()),
            Cell::text(s.status.as_ref()),
            Cell::text(launch(s).as_ref()),
            Cell::Count(u64::from(s.running)),
            Cell::Count(u64::from(s.desired)),
            Cell::Count(u64::from(s.pending)),
            rollout(primary),
            primary.and_then(|d| d.created_at).map_or(Cell::Missing, Cell::Since),
            Cell::count(index.headroom(s)),
            zones(&spread.zones, spread.unknown),
            Cell::count(s.lower_bound()),
            Cell::count(s.upper_bound()),
            s.deadlocked().map_or(Cell::Missing, Cell::Flag),
            Cell::text(s.events.first().map(|e| &e.message)),
        ],
        ..Row::default()
    }
    .judged(problems)
}

/// What is said of secrets whose previous value tasks of services hold, by the ARN of these.
fn stale(scene: &StackScene<'_>) -> HashMap<Text, Vec<Problem>> {
    let consumers = scene.facts.derived::<Consumers>();
    let mut by_service: HashMap<Text, Vec<Problem>> = HashMap::new();
    for problem in scene.problems.iter().filter(|problem| problem.check.rule == "secret-stale-tasks") {
        let uses = consumers.of(&problem.check.subject.id);
        let holds = |service: &Subject| {
            let mut held = uses.into_iter().flat_map(|uses| uses.holding(Holds::Previous));
            held.any(|task| task.service().is_some_and(|name| *service.name == *format!("{}/{name}", task.cluster())))
        };
        for service in uses.iter().flat_map(|uses| &uses.services).filter(|service| holds(service)) {
            by_service.entry(service.id.clone()).or_default().push(problem.clone());
        }
    }
    by_service
}

fn zones(zones: &std::collections::BTreeMap<Text, u32>, unknown: u32) -> Cell {
    let known = zones.iter().map(|(zone, n)| (zone.clone(), *n));
    let unknown = (unknown > 0).then(|| (Text::from("unknown"), unknown));
    let all: Vec<_> = known.chain(unknown).collect();
    if all.is_empty() { Cell::Missing } else { Cell::Spread(all) }
}

fn launch(service: &Service) -> Option<Text> {
    if service.providers.is_empty() {
        return service.launch_type.clone();
    }
    Some(Text::from(service.providers.iter().map(Text::as_str).collect::<Vec<_>>().join("+")))
}

fn rollout(primary: Option<&Deployment>) -> Cell {
    let Some(state) = primary.and_then(|d| d.rollout_state.as_ref()) else { return Cell::Missing };
    let severity = match state.as_str() {
        "FAILED" => Severity::Crit,
        "IN_PROGRESS" => Severity::Info,
        _ => Severity::Ok,
    };
    Cell::State(severity, state.clone())
}

fn open(row: &Row) -> Option<Drill> {
    let cell = |i: usize| row.cells.get(i).map(Cell::searchable).filter(|s| !s.is_empty());
    let filter = format!("cluster={} service={}", cell(0)?, cell(1)?);
    Some(Drill { view: "tasks", filter, select: None })
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let service = find(scene, &row.id)?;
    let (cluster, name) = (&service.cluster_arn, &service.name);
    super::scene::aws_call(scene, &["ecs", "describe-services", "--cluster", cluster, "--services", name])
}

fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<&'a Service> {
    let ecs = scene.facts.get::<EcsFacts>()?;
    ecs.services.iter().find(|seen| seen.item.arn == *arn).map(|seen| &*seen.item)
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some(s) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let index = scene.facts.derived::<EcsIndex>();
    let spread = index.spread(s);
    let scheduling = match s.scheduling {
        Scheduling::Replica => "REPLICA",
        Scheduling::Daemon => "DAEMON",
    };
    let percent = |p: Option<u32>| p.map_or(Cell::Missing, |p| Cell::Text(Text::from(format!("{p}%"))));
    let definition = s.task_definition.as_deref().map(tail);
    Detail::of(s.label())
        .words("arn", Some(&s.arn))
        .words("status", s.status.as_ref())
        .field(
            "tasks",
            Cell::Text(Text::from(format!("{} running, {} pending, {} desired", s.running, s.pending, s.desired))),
        )
        .field("zones", zones(&spread.zones, spread.unknown))
        .field("headroom (upper bound)", Cell::count(index.headroom(s)))
        .words("launch", launch(s).as_ref())
        .field("scheduling", Cell::Text(Text::from(scheduling)))
        .words("controller", s.controller.as_ref())
        .words("task definition", definition.as_ref())
        .field("created", Cell::at(s.created_at))
        .heading("deployment bounds")
        .field("minimum healthy", percent(s.rollout.minimum_percent))
        .field("maximum", percent(s.rollout.maximum_percent))
        .field("fewest tasks", Cell::count(s.lower_bound()))
        .field("most tasks", Cell::count(s.upper_bound()))
        .field("deadlock", s.deadlocked().map_or(Cell::Missing, Cell::Flag))
        .field(
            "circuit breaker",
            s.rollout.breaker.map_or(Cell::Missing, |b| {
                Cell::Text(Text::from(match (b.enabled, b.rollback) {
                    (true, true) => "on, rolls back",
                    (true, false) => "on",
                    (false, _) => "off",
                }))
            }),
        )
        .heading("deployments")
        .lines(s.deployments.iter().map(deployment_line))
        .heading("events")
        .lines(s.events.iter().map(|e| Line::Event(Cell::at(e.at), e.message.clone())))
}

fn deployment_line(d: &Deployment) -> Line {
    let word = |text: &Option<Text>| text.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
    let revision = d.task_definition.as_deref().map(tail).unwrap_or_default();
    let counts = format!("{} running, {} pending, {} desired, {} failed", d.running, d.pending, d.desired, d.failed);
    let words = format!("{} {} {revision} {counts}", word(&d.status), word(&d.rollout_state));
    Line::Event(Cell::at(d.created_at), Text::from(words))
}
