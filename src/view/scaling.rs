//! The scaling view: services and groups against their bounds, what drives them, and why they are not scaled.

mod detail;
#[cfg(test)]
mod tests;

use super::scene::aws_call;
use super::{Drill, Scene, StackScene, View};
use crate::health::demand::Demands;
use crate::health::drivers::{Direction, Driver, Drivers};
use crate::health::past::Past;
use crate::health::scaling_why::{Held, Scaled, ScalingWhy};
use crate::model::ecs::{EcsFacts, Provider, Service};
use crate::model::scaling::{Activity, Group, GroupFacts, ReservationFacts, ScalingFacts, Target};
use crate::model::{Facts, Problem, Severity};
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;

/// `scaling`.
pub const VIEW: View = View {
    id: "scaling",
    title: "scaling",
    short: "scale",
    doc: "Services and Auto Scaling groups against their bounds, the alarm or reservation that drives them, and why they are not scaled",
    kind: "scaling-target",
    feeds: &["scaling", "groups", "group-activities", "reservation", "alarms", "ecs"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail: detail::detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("target", "target", 1, 32, "The service, CLUSTER/SERVICE, or the Auto Scaling group"),
    Column::words("kind", "kind", 6, 8, "service or group"),
    Column::number("running", "runs", 3, "Tasks that run; of a group instances in service"),
    Column::number("desired", "desired", 1, "Tasks or instances wanted"),
    Column::number("minimum", "min", 2, "Fewest that scaling leaves"),
    Column::number("maximum", "max", 1, "Most that scaling goes to"),
    Column::words("metric", "metric", 7, 32, "What it is scaled by"),
    Column::number(
        "target_value",
        "target",
        8,
        "The value the metric is held at, or the threshold of the alarm, in the metric's unit",
    ),
    Column::number("value", "value", 5, "The newest value of the reservation of a group, percent"),
    Column::words("alarm", "alarm", 2, 32, "The alarm that asks for a change; where none does, one that asks for more"),
    Column::words("alarm_state", "state", 2, 17, "The state of that alarm"),
    Column::words("held", "held by", 1, 48, "What stands in the way of what is asked for"),
    Column::number("activity_at", "last", 3, "When the last activity began"),
    Column::words("activity_status", "did", 4, 14, "What came of it"),
    Column::words("cause", "cause", 9, 60, "What led to it"),
    Column::words("not_scaled_reason", "not scaled", 7, 30, "AWS's reason why it changed nothing"),
];

const SERVICES: Section = Section { order: 0, title: "services" };
const GROUPS: Section = Section { order: 1, title: "Auto Scaling groups" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let scaling = scene.facts.get::<ScalingFacts>();
    let targets = scaling.map_or(&[][..], |scaling| &scaling.targets);
    let groups = scene.facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups);
    let services = targets.iter().map(|target| service_row(scene, target));
    services.chain(groups.iter().map(|group| group_row(scene, group))).collect()
}

/// The driver worth naming: one that asks for something, else one that would ask for more.
fn foremost<'a>(drivers: &[&'a Driver]) -> Option<&'a Driver> {
    let on = |wanted: Direction| drivers.iter().find(move |d| d.is_on() == Some(true) && d.direction == Some(wanted));
    let may = || drivers.iter().find(|d| d.direction == Some(Direction::Out));
    on(Direction::Out).or_else(|| on(Direction::In)).or_else(may).or_else(|| drivers.first()).copied()
}

fn words(words: Option<String>) -> Cell {
    words.map_or(Cell::Missing, |words| Cell::Text(Text::from(words)))
}

fn held(held: Option<&Held>) -> Cell {
    words(held.map(Held::words))
}

/// The metric and the value it is held at: of target tracking the policy tells, else the alarm.
fn measure(driver: Option<&Driver>) -> [Cell; 2] {
    let metric = driver.and_then(|driver| driver.known.as_ref()?.metric());
    let name = driver.and_then(|driver| driver.policy.metric.as_ref().or_else(|| metric?.metric.as_ref()));
    let value = driver.and_then(|driver| driver.policy.target.or_else(|| metric?.threshold));
    [Cell::text(name), value.map_or(Cell::Missing, Cell::Number)]
}

/// The last activity: when, what came of it, why, and why nothing.
fn activity(last: Option<&Activity>) -> [Cell; 4] {
    let told = last.and_then(|activity| activity.not_scaled.first());
    [
        Cell::at(last.and_then(|activity| activity.started_at)),
        Cell::text(last.and_then(|activity| activity.status.as_ref())),
        Cell::text(last.and_then(|activity| activity.cause.as_ref())),
        Cell::text(told.map(|told| &told.code)),
    ]
}

fn service_row(scene: &StackScene<'_>, target: &Target) -> Row {
    let facts = scene.facts;
    let (drivers, past, whys) = (facts.derived::<Drivers>(), facts.derived::<Past>(), facts.derived::<ScalingWhy>());
    let scaled = facts.derived::<Scaled>();
    let service = scaled.service(facts, target);
    let of_target: Vec<&Driver> = drivers.of(&target.resource).collect();
    let driver = foremost(&of_target);
    let state = driver.and_then(|driver| driver.known.as_ref()?.state.as_ref());
    let [metric, value] = measure(driver);
    let [at, status, cause, told] = activity(past.of_target(facts, &target.resource).next());
    let label = target.service().map(|(cluster, name)| Text::from(format!("{cluster}/{name}")));
    let cells = vec![
        Cell::Text(label.unwrap_or_else(|| target.resource.clone())),
        Cell::Text(Text::from("service")),
        Cell::count(service.map(|service| service.running)),
        Cell::count(service.map(|service| service.desired)),
        Cell::count(target.minimum),
        Cell::count(target.maximum),
        metric,
        value,
        Cell::Missing,
        Cell::text(driver.map(|driver| &driver.alarm)),
        Cell::text(state),
        held(whys.of_target(&target.resource).and_then(|why| why.held.as_ref())),
        at,
        status,
        cause,
        told,
    ];
    let read_at = facts.get::<ScalingFacts>().and_then(|scaling| scaling.read_at.targets);
    Row {
        stack: scene.stack.name.clone(),
        id: target.resource.clone(),
        read_at: read_at.unwrap_or_default(),
        section: SERVICES,
        // What the service wants is not known: neither is whether it may have it.
        severity: if service.is_some() { Severity::Ok } else { Severity::Unknown },
        cells,
        ..Row::default()
    }
    .judged(problems(scene, target, service))
}

/// Rules that say that a service lacks tasks, which is as bad for its scaling.
const LACKS: &[&str] = &[
    "ecs-capacity-full",
    "ecs-service-none-running",
    "ecs-service-below-minimum",
    "ecs-service-short",
    "ecs-service-pending",
];

/// The problems of a target, and what its service lacks.
fn problems(scene: &StackScene<'_>, target: &Target, service: Option<&Service>) -> Vec<Problem> {
    let mut problems = scene.problems_of("scaling-target", &target.resource);
    let of_service = service.map(|service| scene.problems_of("service", &service.arn)).unwrap_or_default();
    problems.extend(of_service.into_iter().filter(|problem| LACKS.contains(&problem.check.rule)));
    problems
}

/// What finds a group's row: as rules name it.
fn group_id(group: &Group) -> &Text {
    group.arn.as_ref().unwrap_or(&group.name)
}

fn group_row(scene: &StackScene<'_>, group: &Group) -> Row {
    let facts = scene.facts;
    let (past, whys, demands) = (facts.derived::<Past>(), facts.derived::<ScalingWhy>(), facts.derived::<Demands>());
    let last = past.of_group(facts, &group.name).next();
    let demand = demands.of(&group.name);
    let in_service = group.instances.iter().filter(|i| i.lifecycle.as_deref() == Some("InService")).count();
    let is_told = group.instances.iter().all(|i| i.lifecycle.is_some());
    let cells = vec![
        Cell::Text(group.name.clone()),
        Cell::Text(Text::from("group")),
        if is_told { Cell::Count(in_service as u64) } else { Cell::Missing },
        Cell::count(group.desired),
        Cell::count(group.minimum),
        Cell::count(group.maximum),
        demand.map_or(Cell::Missing, |_| Cell::Text(Text::from(ReservationFacts::METRIC))),
        demand.map_or(Cell::Missing, |demand| Cell::Number(demand.target)),
        demand.map_or(Cell::Missing, |demand| Cell::Number(demand.percent)),
        Cell::Missing,
        Cell::Missing,
        held(whys.of_group(&group.name).and_then(|why| why.held.as_ref())),
        Cell::at(last.and_then(|activity| activity.started_at)),
        Cell::text(last.and_then(|activity| activity.status.as_ref())),
        Cell::text(last.and_then(|activity| activity.cause.as_ref())),
        Cell::Missing,
    ];
    let mut problems = scene.problems_of("group", group_id(group));
    let provider = provider_of(scene, group);
    problems
        .extend(provider.into_iter().flat_map(|p| scene.problems_of("provider", p.arn.as_ref().unwrap_or(&p.name))));
    Row {
        stack: scene.stack.name.clone(),
        id: group_id(group).clone(),
        read_at: facts.taken_at::<GroupFacts>().unwrap_or_default(),
        section: GROUPS,
        severity: if group.at_maximum().is_some() { Severity::Ok } else { Severity::Unknown },
        cells,
        ..Row::default()
    }
    .judged(problems)
}

/// The capacity provider that stands on a group.
fn provider_of<'a>(scene: &StackScene<'a>, group: &Group) -> Option<&'a Provider> {
    let ecs = scene.facts.get::<EcsFacts>()?;
    ecs.providers.iter().map(|seen| seen.item.as_ref()).find(|p| p.group_name().as_ref() == Some(&group.name))
}

/// What a row is of.
enum Scalable<'a> {
    Service(&'a Target),
    Group(&'a Group),
}

fn find<'a>(scene: &StackScene<'a>, id: &Text) -> Option<Scalable<'a>> {
    let targets = scene.facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.targets);
    let groups = scene.facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups);
    let target = targets.iter().find(|target| target.resource == *id).map(Scalable::Service);
    target.or_else(|| groups.iter().find(|group| group_id(group) == id).map(Scalable::Group))
}

/// Why what this row is of is not scaled: of a target or a group, whichever view the row is in.
#[must_use]
pub fn sentence(facts: &Facts, id: &Text) -> Option<String> {
    let whys = facts.derived::<ScalingWhy>();
    let group = || facts.get::<GroupFacts>()?.groups.iter().find(|group| group_id(group) == id);
    let why = whys.of_target(id).or_else(|| whys.of_group(&group()?.name));
    why.map(|why| why.sentence.clone())
}

fn open(row: &Row) -> Option<Drill> {
    match row.id.strip_prefix("service/").and_then(|rest| rest.split_once('/')) {
        Some((cluster, service)) => {
            Some(Drill { view: "services", filter: format!("cluster={cluster} service={service}"), select: None })
        }
        None if row.section == GROUPS => Some(Drill { view: "instances", ..Drill::default() }),
        None => None,
    }
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    match find(scene, &row.id)? {
        Scalable::Service(target) => {
            let call = ["application-autoscaling", "describe-scaling-activities", "--service-namespace", "ecs"];
            aws_call(
                scene,
                &[&call[..], &["--resource-id", &target.resource, "--include-not-scaled-activities"]].concat(),
            )
        }
        Scalable::Group(group) => {
            let call = ["autoscaling", "describe-scaling-activities", "--auto-scaling-group-name", &group.name];
            aws_call(scene, &call)
        }
    }
}
