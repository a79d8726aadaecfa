//! The instances view: container instances by cluster and zone, with what is left on them and the group behind them.

use std::collections::HashMap;

use super::scene::{aws_call, missing_row, standing};
use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::model::Severity;
use crate::model::ecs::{EcsFacts, Instance, Kind, Provider, Seen};
use crate::model::scaling::{Group, GroupFacts, GroupInstance};
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;

/// `instances`.
pub const VIEW: View = View {
    id: "instances",
    title: "instances",
    short: "inst",
    doc: "Container instances: agent, zone, remaining CPU and memory, group; capacity providers and their groups above",
    kind: "instance",
    feeds: &["ecs", "groups"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("cluster", "cluster", 5, 16, "The cluster's name"),
    Column::words("instance", "instance", 6, 34, "The container instance's short id"),
    Column::words("ec2_instance_id", "ec2 id", 1, 22, "EC2 instance id"),
    Column::words("status", "status", 1, 14, "ACTIVE, DRAINING, REGISTERING …"),
    Column::words("agent_connected", "agent", 2, 6, "Whether its agent talks to ECS"),
    Column::words("az", "zone", 2, 16, "Availability zone"),
    Column::words("provider", "provider", 5, 18, "Capacity provider"),
    Column::number("cpu_remaining", "cpu left", 3, "CPU units left (1,024 a vCPU)"),
    Column::number("cpu_total", "cpu", 8, "CPU units registered"),
    Column::number("memory_remaining", "MiB left", 3, "Memory left, bytes in exports, MiB on screen"),
    Column::number("memory_total", "MiB", 8, "Memory registered, bytes in exports, MiB on screen"),
    Column::number("tasks", "tasks", 3, "Tasks running and pending"),
    Column::words("asg_lifecycle", "group", 7, 18, "LifecycleState in its Auto Scaling group"),
];

const PROVIDERS: Section = Section { order: 0, title: "capacity providers" };
const INSTANCES: Section = Section { order: 1, title: "container instances" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(ecs) = scene.facts.get::<EcsFacts>() else { return Vec::new() };
    let groups = scene.facts.get::<GroupFacts>();
    let members: HashMap<&str, &GroupInstance> =
        groups.iter().flat_map(|g| &g.groups).flat_map(|g| &g.instances).map(|i| (i.id.as_str(), i)).collect();
    let providers = ecs.providers.iter().map(|seen| provider_row(scene, seen, groups));
    let known = ecs.instances.iter().map(|seen| {
        let member = seen.item.ec2_id.as_deref().and_then(|id| members.get(id).copied());
        row(scene, seen, member)
    });
    let missing = ecs.missing.iter().filter(|m| m.kind == Kind::Instance);
    let missing = missing.map(|m| Row { section: INSTANCES, ..missing_row(scene, m, COLUMNS, "instance") });
    providers.chain(known).chain(missing).collect()
}

fn row(scene: &StackScene<'_>, seen: &Seen<Instance>, member: Option<&GroupInstance>) -> Row {
    let i = &seen.item;
    let mebibytes = |size: Option<u32>| size.map_or(Cell::Missing, Cell::Mebibytes);
    Row {
        stack: scene.stack.name.clone(),
        id: i.arn.clone(),
        // The alarm is raised once, for the cluster; that this one is silent must be seen among the others.
        severity: match i.agent_connected {
            Some(false) => standing(i.status.as_ref(), "ACTIVE").max(Severity::Warn),
            _ => standing(i.status.as_ref(), "ACTIVE"),
        },
        read_at: seen.at,
        section: INSTANCES,
        cells: vec![
            Cell::Text(i.cluster()),
            Cell::Text(i.id()),
            Cell::text(i.ec2_id.as_ref()),
            Cell::text(i.status.as_ref()),
            i.agent_connected.map_or(Cell::Missing, Cell::Flag),
            Cell::text(i.az.as_ref()),
            Cell::text(i.provider.as_ref()),
            Cell::count(i.remaining.map(|s| s.cpu)),
            Cell::count(i.total.map(|s| s.cpu)),
            mebibytes(i.remaining.map(|s| s.memory)),
            mebibytes(i.total.map(|s| s.memory)),
            Cell::Count(u64::from(i.running_tasks) + u64::from(i.pending_tasks)),
            Cell::text(member.and_then(|m| m.lifecycle.as_ref())),
        ],
        ..Row::default()
    }
    .judged(scene.problems_of("instance", &i.arn))
}

/// A line above the instances: the provider, its group and the group's bounds.
fn provider_row(scene: &StackScene<'_>, seen: &Seen<Provider>, groups: Option<&GroupFacts>) -> Row {
    let p = &seen.item;
    let group = p.group_name().and_then(|name| groups?.group(&name));
    let mut problems = scene.problems_of("provider", p.arn.as_ref().unwrap_or(&p.name));
    problems.extend(group.into_iter().flat_map(|g| scene.problems_of("group", g.arn.as_ref().unwrap_or(&g.name))));
    let mut cells = vec![Cell::Missing; COLUMNS.len()];
    cells[2] = Cell::Text(group.map_or_else(|| p.name.clone(), |g| g.name.clone()));
    cells[3] = group.map_or_else(|| Cell::text(p.status.as_ref()), bounds);
    cells[6] = Cell::Text(p.name.clone());
    let row = Row {
        stack: scene.stack.name.clone(),
        id: p.line(),
        severity: standing(p.status.as_ref(), "ACTIVE"),
        read_at: seen.at,
        section: PROVIDERS,
        aside: true,
        cells,
        ..Row::default()
    };
    row.judged(problems)
}

fn bounds(group: &Group) -> Cell {
    let number = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let words = format!("{}/{}", number(group.desired), number(group.maximum));
    let severity = if group.at_maximum() == Some(true) { Severity::Warn } else { Severity::Ok };
    Cell::State(severity, Text::from(words))
}

fn open(row: &Row) -> Option<Drill> {
    let ec2 = row.cells.get(2).map(Cell::searchable).filter(|s| !s.is_empty());
    if let Some(name) = row.id.strip_prefix("provider:") {
        return Some(Drill { view: "instances", filter: format!("provider={name}"), select: None });
    }
    let short = ec2.or_else(|| row.cells.get(1).map(Cell::searchable))?;
    Some(Drill { view: "tasks", filter: format!("instance={short}"), select: None })
}

fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<&'a Instance> {
    let ecs = scene.facts.get::<EcsFacts>()?;
    ecs.instances.iter().find(|seen| seen.item.arn == *arn).map(|seen| &*seen.item)
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    if let Some(name) = row.id.strip_prefix("provider:") {
        return aws_call(scene, &["ecs", "describe-capacity-providers", "--capacity-providers", name]);
    }
    let i = find(scene, &row.id)?;
    let words = ["ecs", "describe-container-instances", "--cluster", &i.cluster_arn, "--container-instances", &i.arn];
    aws_call(scene, &words)
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    if let Some(name) = row.id.strip_prefix("provider:") {
        return provider_detail(scene, name);
    }
    let Some(i) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let size = |s: Option<crate::model::ecs::Size>| {
        s.map_or(Cell::Missing, |s| Cell::Text(Text::from(format!("{} CPU units, {} MiB", s.cpu, s.memory))))
    };
    let ports: Vec<String> = i.ports.words().collect();
    Detail::of(i.label())
        .words("arn", Some(&i.arn))
        .words("ec2 id", i.ec2_id.as_ref())
        .words("status", i.status.as_ref())
        .words("status reason", i.status_reason.as_ref())
        .field("agent connected", i.agent_connected.map_or(Cell::Missing, Cell::Flag))
        .words("agent version", i.agent_version.as_ref())
        .words("agent update", i.agent_update.as_ref())
        .words("health", i.health.as_ref())
        .words("zone", i.az.as_ref())
        .words("capacity provider", i.provider.as_ref())
        .field("left", size(i.remaining))
        .field("registered", size(i.total))
        .field("host ports taken", Cell::Text(Text::from(ports.join(" "))))
        .field("tasks running", Cell::Count(u64::from(i.running_tasks)))
        .field("tasks pending", Cell::Count(u64::from(i.pending_tasks)))
        .field("joined", Cell::at(i.registered_at))
}

fn provider_detail(scene: &StackScene<'_>, name: &str) -> Detail {
    let ecs = scene.facts.get::<EcsFacts>();
    let Some(p) = ecs.and_then(|ecs| ecs.providers.iter().find(|p| p.item.name == *name)).map(|p| &*p.item) else {
        return Detail::of(name);
    };
    let number = |n: Option<u32>| Cell::count(n);
    let detail = Detail::of(p.name.clone())
        .words("status", p.status.as_ref())
        .words("managed scaling", p.managed_scaling.as_ref())
        .field("target capacity, percent", number(p.target_capacity))
        .field("warm-up, seconds", number(p.warmup))
        .words("termination protection", p.termination_protection.as_ref())
        .words("managed draining", p.managed_draining.as_ref())
        .words("update", p.update_status.as_ref())
        .words("update reason", p.update_reason.as_ref());
    let Some(group) = p.group_name().and_then(|name| scene.facts.get::<GroupFacts>()?.group(&name)) else {
        return detail;
    };
    let suspended = group
        .suspended
        .iter()
        .map(|(process, reason)| Line::Field(Text::from(format!("suspended: {process}")), Cell::text(reason.as_ref())));
    detail
        .heading("Auto Scaling group")
        .words("name", Some(&group.name))
        .field("desired", number(group.desired))
        .field("minimum", number(group.minimum))
        .field("maximum", number(group.maximum))
        .field("in service", Cell::Count(in_service(group)))
        .field("zones", Cell::Text(Text::from(group.zones.iter().map(Text::as_str).collect::<Vec<_>>().join(" "))))
        .lines(suspended)
}

fn in_service(group: &Group) -> u64 {
    group.instances.iter().filter(|i| i.lifecycle.as_deref() == Some("InService")).count() as u64
}
