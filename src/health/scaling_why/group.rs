//! Why an Auto Scaling group behind a capacity provider is not scaled.

use std::collections::HashMap;
use std::time::Duration;

use super::super::demand::{Demand, Demands};
use super::super::drivers::Direction;
use super::super::past::Past;
use super::super::words;
use super::{Held, Why, Wish, deploys};
use crate::model::Facts;
use crate::model::ecs::{EcsFacts, Instance, Provider};
use crate::model::scaling::{Group, GroupActivity, GroupFacts, GroupHistory};
use crate::text::Text;

/// For how long the reservation has to be below its target before ECS takes instances away (15 points a minute apart, ECS
/// developer guide).
const BEFORE_IN: Duration = Duration::from_mins(15);

/// The answers of all groups, by name.
pub(super) fn all(facts: &Facts) -> HashMap<Text, Why> {
    let groups = facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups);
    let (demands, past) = (facts.derived::<Demands>(), facts.derived::<Past>());
    let mut by_group: HashMap<Text, &Provider> = HashMap::new();
    let mut empty: HashMap<&Text, usize> = HashMap::new();
    let mut is_deploying = false;
    if let Some(ecs) = facts.get::<EcsFacts>() {
        by_group.extend(ecs.providers.iter().filter_map(|seen| Some((seen.item.group_name()?, seen.item.as_ref()))));
        for instance in ecs.instances.iter().map(|seen| seen.item.as_ref()).filter(|i| is_empty(i)) {
            if let Some(provider) = &instance.provider {
                *empty.entry(provider).or_default() += 1;
            }
        }
        is_deploying = ecs.services.iter().any(|seen| deploys(&seen.item));
    }
    let why = |group: &Group| {
        let provider = by_group.get(&group.name).copied();
        let about = About {
            group,
            provider,
            demand: demands.of(&group.name),
            last: past.of_group(facts, &group.name).next(),
            is_past_known: facts
                .get::<GroupHistory>()
                .is_some_and(|h| h.read_at.iter().any(|(name, _)| *name == group.name)),
            empty: provider.and_then(|p| empty.get(&p.name)).copied().unwrap_or_default(),
            is_deploying,
        };
        (group.name.clone(), about.why())
    };
    groups.iter().map(why).collect()
}

/// Whether no task stands on an instance that could take some.
pub(in super::super) fn is_empty(instance: &Instance) -> bool {
    instance.running_tasks == 0 && instance.pending_tasks == 0 && instance.status.as_deref() == Some("ACTIVE")
}

struct About<'a> {
    group: &'a Group,
    provider: Option<&'a Provider>,
    demand: Option<&'a Demand>,
    last: Option<&'a GroupActivity>,
    is_past_known: bool,
    empty: usize,
    is_deploying: bool,
}

impl About<'_> {
    fn why(&self) -> Why {
        let wish = self.wish();
        let held = match &wish {
            Wish::Change(Direction::Out, _) => self.keeps_from_growing(),
            Wish::Change(Direction::In, _) => self.keeps_from_shrinking(),
            _ => None,
        };
        let sentence = self.sentence(&wish, held.as_ref());
        Why { wish, held, sentence }
    }

    fn wish(&self) -> Wish {
        let Some(demand) = self.demand else { return Wish::Unknown };
        let is_long_below = || demand.below_since.is_some_and(|since| demand.read_at.since(since) >= BEFORE_IN);
        if demand.asks_for_more() {
            Wish::Change(Direction::Out, demand.words())
        } else if self.empty > 0 && is_long_below() {
            Wish::Change(Direction::In, demand.words())
        } else {
            Wish::Nothing
        }
    }

    fn is_managed(&self) -> bool {
        self.provider.is_none_or(|p| p.managed_scaling.as_deref() != Some("DISABLED"))
    }

    fn keeps_from_growing(&self) -> Option<Held> {
        match (self.group.at_maximum(), self.group.maximum) {
            (Some(true), Some(most)) => Some(Held::AtMaximum(most)),
            _ if !self.is_managed() => Some(Held::Several(vec!["managed scaling is off".to_owned()])),
            _ if self.group.suspends("Launch") => Some(Held::Suspended(Direction::Out)),
            _ => {
                let failed = self.last.filter(|last| matches!(last.status.as_deref(), Some("Failed" | "Cancelled")))?;
                Some(Held::Failed(failed.message.as_deref().map(words::quote).unwrap_or_default()))
            }
        }
    }

    fn keeps_from_shrinking(&self) -> Option<Held> {
        let protected = self.group.instances.iter().filter(|i| i.protected == Some(true)).count();
        let all = self.group.instances.len();
        let at_minimum = self.group.desired.zip(self.group.minimum).filter(|(desired, least)| desired <= least);
        let is_protected =
            protected > 0 && self.provider.is_none_or(|p| p.termination_protection.as_deref() != Some("ENABLED"));
        let reasons: Vec<String> = [
            at_minimum.map(|(_, least)| format!("it is at its minimum of {least}")),
            (!self.is_managed()).then(|| "managed scaling is off".to_owned()),
            self.group.suspends("Terminate").then(|| "terminating is suspended".to_owned()),
            // With managed termination protection ECS takes the protection of empty instances away itself.
            is_protected.then(|| format!("{protected} of {all} instances are protected from scale-in")),
            self.is_deploying.then(|| "a deployment is in progress".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!reasons.is_empty()).then_some(Held::Several(reasons))
    }

    fn sentence(&self, wish: &Wish, held: Option<&Held>) -> String {
        let Group { name, minimum, desired, maximum, .. } = self.group;
        let bounds = format!("{} to {} allowed", words::given(*minimum), words::given(*maximum));
        let asked = match wish {
            Wish::Change(Direction::Out, by) => format!("{by} asks for more"),
            Wish::Change(Direction::In, by) => {
                format!("{by} allows fewer, {}", words::count(self.empty, "empty instance"))
            }
            Wish::Nothing => {
                self.demand.map_or_else(String::new, |demand| format!("{}, nothing is asked for", demand.words()))
            }
            Wish::Unknown if !self.is_managed() => "managed scaling is off".to_owned(),
            Wish::Unknown => "what its capacity provider asks for is not known".to_owned(),
        };
        let but = held.map(|held| format!(", but {}", held.words())).unwrap_or_default();
        let starting = self.group.instances.iter().filter(|i| i.lifecycle.as_deref().is_some_and(is_starting)).count();
        let starting = (starting > 0).then(|| format!("{} starting", words::count(starting, "instance")));
        let last = match self.last {
            Some(activity) => done(activity),
            None if self.is_past_known => "no activity known".to_owned(),
            None => "not known".to_owned(),
        };
        let size = format!("{name} {}, {bounds}: {asked}{but}", words::given(*desired));
        let parts = [Some(size), starting, Some(format!("last: {last}"))];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// Whether an instance of this `LifecycleState` is on its way into service.
pub(in super::super) fn is_starting(lifecycle: &str) -> bool {
    lifecycle.starts_with("Pending")
}

fn done(activity: &GroupActivity) -> String {
    let what = activity.description.as_deref().map_or_else(|| "an activity".to_owned(), words::quote);
    let status = words::given(activity.status.as_ref());
    // What somebody set explains more than what was done for it.
    if let Some(set) = activity.resized() {
        let at = set.at.map(|at| format!(" at {}", at.time_of_day())).unwrap_or_default();
        return format!("a user request{at} set {}; {what} ({status})", set.words());
    }
    match activity.started_at {
        Some(at) => format!("{what} at {} ({status})", at.time_of_day()),
        None => format!("{what} ({status})"),
    }
}
