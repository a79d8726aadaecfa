//! Tasks that cannot be placed: the one judgement every rule asks before it raises an alarm about missing tasks.
//!
//! A full cluster makes a service short of tasks, keeps tasks pending, takes it below its minimum and writes events. All of that
//! is one trouble, and it is said once, with the size of the group that would have to grow.

use std::collections::HashMap;

use super::{events, words};
use crate::model::ecs::{EcsFacts, EcsIndex, Event, Provider, Scheduling, Service, Task, tail};
use crate::model::facts::{Derived, Facts};
use crate::model::scaling::{Group, GroupFacts};
use crate::text::Text;
use crate::time::Timestamp;

/// The services whose tasks cannot be placed. Taken by `facts.derived::<Placements>()`.
#[derive(Debug, Default)]
pub struct Placements(HashMap<Text, Unplaced>);

/// What cannot be placed of one service, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Unplaced {
    /// Tasks that wait for a place.
    pub tasks: u32,
    /// The service has all the tasks it wants; those of a new deployment find no place.
    pub of_rollout: bool,
    /// The newest event that says so; without one it follows from a headroom of nothing.
    pub event: Option<Event>,
    /// When the first event since the last steady state said so.
    pub since: Option<Timestamp>,
    /// The cluster has no room for them: whether it can get more. `None` where placing fails for another reason.
    pub full: Option<Growth>,
    /// The groups that bring instances for the service.
    pub groups: Vec<GroupSize>,
}

/// Whether more instances can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Every group is at its maximum, past which ECS never goes.
    AtMaximum,
    /// ECS can raise a group's desired size.
    CanGrow,
    /// Nothing raises it: why.
    Fixed(&'static str),
    /// It cannot be told.
    Unknown,
}

/// A group and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSize {
    /// The group's name.
    pub name: Text,
    /// Fewest instances.
    pub minimum: Option<u32>,
    /// Instances wanted.
    pub desired: Option<u32>,
    /// Most instances.
    pub maximum: Option<u32>,
}

impl Derived for Placements {
    fn derive(facts: &Facts) -> Self {
        let Some(ecs) = facts.get::<EcsFacts>() else { return Self::default() };
        let (index, groups) = (facts.derived::<EcsIndex>(), facts.get::<GroupFacts>());
        let services = ecs.services.iter().map(|seen| seen.item.as_ref());
        Self(services.filter_map(|s| Some((s.arn.clone(), judge(s, &index, groups)?))).collect())
    }
}

impl Placements {
    /// What cannot be placed of `service`, if anything.
    #[must_use]
    pub fn of(&self, service: &Service) -> Option<&Unplaced> {
        self.0.get(&service.arn)
    }

    /// Who waits for room on this group, and for how many tasks: `ehr-api waits for room for 8 tasks`.
    #[must_use]
    pub fn waiting_words(&self, group: &Group) -> String {
        let on = |u: &Unplaced| u.full.is_some() && u.groups.iter().any(|g| g.name == group.name);
        let waiting: Vec<(&Text, &Unplaced)> = self.0.iter().filter(|(_, unplaced)| on(unplaced)).collect();
        let mut names: Vec<Text> = waiting.iter().map(|(arn, _)| tail(arn)).collect();
        names.sort();
        let verb = if names.len() == 1 { "waits" } else { "wait" };
        let tasks: u32 = waiting.iter().map(|(_, unplaced)| unplaced.tasks).sum();
        format!("{} {verb} for room for {}", words::list(names), words::count(tasks, "task"))
    }

    /// Whether the full cluster is said for a service whose tasks this group would have to make room for.
    #[must_use]
    pub fn waiting_for(&self, group: &Group) -> bool {
        self.0.values().any(|u| u.full.is_some() && u.groups.iter().any(|g| g.name == group.name))
    }
}

fn judge(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Option<Unplaced> {
    if matches!(service.status.as_deref(), Some("INACTIVE" | "DRAINING")) {
        return None;
    }
    let (tasks, of_rollout) = lacking(service, index)?;
    let mut said = events::active(service).filter(|e| e.says(events::UNABLE_TO_PLACE));
    let newest = said.next();
    let since = said.last().as_ref().or(newest.as_ref()).and_then(|e| e.event.at);
    let headroom = index.headroom(service);
    if newest.is_none() && (headroom != Some(0) || of_rollout || mends_itself(service)) {
        return None;
    }
    let full = match headroom {
        Some(room) => room < tasks,
        None if service.scheduling == Scheduling::Daemon || index.on_instances(service) == Some(false) => false,
        None => newest.as_ref().is_some_and(|e| e.says("insufficient cpu") || e.says("insufficient memory")),
    };
    let (sizes, growth) = growth(service, index, groups);
    let full = full.then_some(growth);
    let event = newest.map(|said| said.event.clone());
    Some(Unplaced { tasks, of_rollout, event, since, full, groups: sizes })
}

/// How many tasks wait for a place, and whether they are only those of a new deployment; `None` if none does.
fn lacking(service: &Service, index: &EcsIndex) -> Option<(u32, bool)> {
    let starting = |t: &&std::sync::Arc<Task>| {
        t.instance_arn.is_some()
            && t.status.as_deref() != Some("RUNNING")
            && t.desired_status.as_deref().is_none_or(|wanted| wanted == "RUNNING")
    };
    let placed = index.tasks(service).iter().filter(starting).count();
    let placed = u32::try_from(placed).unwrap_or(u32::MAX);
    let of_rollout = service.running >= service.desired;
    let missing = if of_rollout {
        let primary = service.primary().filter(|d| d.in_progress())?;
        primary.desired.saturating_sub(primary.running)
    } else {
        service.desired - service.running
    };
    Some((missing.saturating_sub(placed), of_rollout)).filter(|(n, _)| *n > 0)
}

/// Between stopping old tasks and starting new ones a deployment lacks tasks, as its bounds allow.
fn mends_itself(service: &Service) -> bool {
    service.deployments.iter().any(super::rollout::in_progress)
        && service.lower_bound().is_some_and(|least| service.running >= least)
}

fn growth(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> (Vec<GroupSize>, Growth) {
    let mut sizes = Vec::new();
    let mut all: Option<Growth> = None;
    for name in index.providers_for(service).iter().filter(|p| !p.starts_with("FARGATE")) {
        let provider = index.provider(name);
        let group_name = provider.and_then(Provider::group_name);
        let group = group_name.as_ref().and_then(|n| groups?.group(n));
        if let Some(name) = group_name {
            let size = |of: fn(&Group) -> Option<u32>| group.and_then(of);
            let (minimum, desired) = (size(|g| g.minimum), size(|g| g.desired));
            sizes.push(GroupSize { name, minimum, desired, maximum: size(|g| g.maximum) });
        }
        let one = provider.zip(group).map_or(Growth::Unknown, |(p, g)| growth_of(service, p, g));
        all = Some(all.map_or(one, |other| if weight(one) > weight(other) { one } else { other }));
    }
    (sizes, all.unwrap_or(Growth::Fixed("no group scales it")))
}

fn growth_of(service: &Service, provider: &Provider, group: &Group) -> Growth {
    match (group.at_maximum(), provider.managed_scaling.as_deref()) {
        (Some(true), _) => Growth::AtMaximum,
        (None, _) => Growth::Unknown,
        _ if group.suspends("Launch") => Growth::Fixed("launching is suspended"),
        _ if service.providers.is_empty() && service.launch_type.is_some() => {
            Growth::Fixed("does not grow for a launch type")
        }
        (_, Some("ENABLED")) => Growth::CanGrow,
        (_, Some(_)) => Growth::Fixed("managed scaling is off"),
        (_, None) => Growth::Unknown,
    }
}

/// Which of several groups' answers counts: the hopeful one.
const fn weight(growth: Growth) -> u8 {
    match growth {
        Growth::CanGrow => 3,
        Growth::Unknown => 2,
        Growth::Fixed(_) => 1,
        Growth::AtMaximum => 0,
    }
}
