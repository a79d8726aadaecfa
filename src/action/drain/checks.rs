//! What is looked at before an instance is drained. Each thing gives one check, whatever its weight.

use std::collections::BTreeMap;

use super::places::{Load, Move};
use crate::action::bench::Reading;
use crate::action::details::Details;
use crate::action::evidence::evidence;
use crate::action::growth::{Growth, growth};
use crate::action::plan::{Check, Level};
use crate::health::words::count;
use crate::model::ecs::{Deployment, EcsIndex, Instance, Provider, Task};
use crate::model::scaling::GroupFacts;
use crate::text::Text;
use crate::time::Timestamp;

use Level::{Block, Pass, Warn};

/// What is drained, and everything around it.
pub(super) struct Scene<'a> {
    pub instance: &'a Instance,
    pub load: &'a Load<'a>,
    pub index: &'a EcsIndex,
    pub reading: &'a Reading,
    pub details: &'a Details,
    pub now: Timestamp,
}

/// Names that are shown in one sentence; of more the number is told.
const NAMED: usize = 5;

impl Scene<'_> {
    /// Everything that is looked at.
    pub fn checks(&self) -> Vec<Check> {
        let mut all = vec![
            self.status(),
            self.agent(),
            self.last(),
            self.deadlock(),
            self.room(),
            self.expressions(),
            self.standalone(),
            self.daemons(),
            self.details.protected(self.now),
            self.rollouts(),
            self.zone(),
            self.scaling(),
            self.evidence(),
        ];
        let gaps: Vec<&str> = self.reading.gaps.iter().chain(&self.details.gaps).map(String::as_str).collect();
        if !gaps.is_empty() {
            all.push(Check::new("unread", Warn, format!("not all could be read: {}", gaps.join("; "))));
        }
        all
    }

    fn status(&self) -> Check {
        let id = "status";
        match self.instance.status.as_deref() {
            Some("ACTIVE") => Check::new(id, Pass, "it is ACTIVE"),
            Some("DRAINING") => Check::new(id, Block, "it is being drained already"),
            Some(other) => Check::new(id, Block, format!("it is {other}, not ACTIVE")),
            None => Check::new(id, Block, "its status is not known"),
        }
    }

    /// Without an agent that listens ECS cannot stop anything there.
    fn agent(&self) -> Check {
        let id = "agent";
        match self.instance.agent_connected {
            Some(false) => Check::new(id, Warn, "its agent is not connected: tasks there are not stopped until it is"),
            Some(true) => Check::new(id, Pass, "its agent is connected"),
            None => Check::new(id, Pass, "ECS tells of no agent that is disconnected"),
        }
    }

    fn others(&self) -> impl Iterator<Item = &Instance> {
        let all = self.index.instances(&self.instance.cluster_arn).iter().map(AsRef::as_ref);
        all.filter(|other| other.arn != self.instance.arn && other.placeable())
    }

    fn last(&self) -> Check {
        let id = "last";
        match self.others().count() {
            0 => Check::new(id, Block, "it is the last instance of its cluster that takes tasks"),
            n => Check::new(id, Pass, format!("{} of its cluster to take tasks", count(n, "other instance"))),
        }
    }

    /// A service that may neither stop a task nor start one leaves the instance draining for ever, without an event. Whether one
    /// that may start finds a place is told by [`Self::room`].
    fn deadlock(&self) -> Check {
        let id = "deadlock";
        let (mut stuck, mut unknown) = (Vec::new(), Vec::new());
        for one in &self.load.moves {
            match (one.starts_first(), one.stops_first()) {
                (Some(true), _) | (_, Some(true)) => {}
                (Some(false), Some(false)) => stuck.push(one),
                _ => unknown.push(&one.service.name),
            }
        }
        if !stuck.is_empty() {
            let told: Vec<String> = stuck.iter().map(|one| bounds(one)).collect();
            let what = format!("it would never be empty: {}", told.join("; "));
            return Check::new(id, Block, what);
        }
        if !unknown.is_empty() {
            let what = format!("whether {} may stop or start a task is not known: it may hang", names(unknown));
            return Check::new(id, Warn, what);
        }
        Check::new(id, Pass, "every service on it may stop a task or start one")
    }

    fn room(&self) -> Check {
        let id = "room";
        let unplaced: usize = self.load.moves.iter().map(|one| one.unplaced.len()).sum();
        let unknown: usize = self.load.moves.iter().map(|one| one.unknown).sum::<usize>() + self.load.strange.len();
        let moving: usize = self.load.moves.iter().map(|one| one.tasks.len()).sum();
        if unplaced > 0 {
            let (mut told, mut never, mut wait) = (Vec::new(), Vec::new(), Vec::new());
            for one in self.load.moves.iter().filter(|one| !one.unplaced.is_empty()) {
                let why = one.unplaced.first().map(Text::as_str).unwrap_or_default();
                told.push(format!("{} of {}: {why}", count(one.unplaced.len(), "task"), one.service.name));
                let groups = self.reading.facts.get::<GroupFacts>();
                match growth(one.service, self.index, groups) {
                    Growth::Never(why) => never.push(why),
                    growth => wait.push(growth.wait()),
                }
            }
            never.dedup();
            wait.dedup();
            let what = format!("no place for {}", told.join("; "));
            return match never.as_slice() {
                [] => Check::new(id, Warn, format!("{what}; they wait 5 min and more, {}", wait.join("; "))),
                never => Check::new(id, Block, format!("{what}; and no instance comes: {}", never.join(", "))),
            };
        }
        match (unknown, moving) {
            (0, 0) => Check::new(id, Pass, "no task has to move"),
            (0, n) => Check::new(id, Pass, format!("there is room elsewhere for {}", count(n, "task"))),
            (n, _) => {
                Check::new(id, Warn, format!("whether there is room elsewhere for {} is not known", count(n, "task")))
            }
        }
    }

    fn expressions(&self) -> Check {
        let id = "expressions";
        let with: Vec<&Text> =
            self.load.moves.iter().filter(|one| one.service.has_expression()).map(|one| &one.service.name).collect();
        if with.is_empty() {
            return Check::new(id, Pass, "no placement expression limits where they go");
        }
        let what = format!("{} may only go where a placement expression says, which was not looked at", names(with));
        Check::new(id, Warn, what)
    }

    fn standalone(&self) -> Check {
        let id = "standalone";
        if self.load.standalone.is_empty() {
            return Check::new(id, Pass, "every task on it belongs to a service");
        }
        let n = self.load.standalone.len();
        let (are, they) = if n == 1 { ("is", "it ends") } else { ("are", "they end") };
        let families: Vec<Text> = self.load.standalone.iter().map(|task| family(task)).collect();
        let (tasks, families) = (count(n, "task"), names(&families));
        Check::new(
            id,
            Warn,
            format!("{tasks} of no service {are} not moved ({families}): it stays draining until {they}"),
        )
    }

    fn daemons(&self) -> Check {
        let id = "daemons";
        match self.load.daemons.len() {
            0 => Check::new(id, Pass, "no daemon runs on it"),
            n => Check::new(id, Pass, format!("{} of daemons stop last and are not replaced", count(n, "task"))),
        }
    }

    fn rollouts(&self) -> Check {
        let id = "in-progress";
        let going = self.load.services().filter(|service| service.deployments.iter().any(Deployment::in_progress));
        let going: Vec<&Text> = going.map(|service| &service.name).collect();
        if going.is_empty() {
            return Check::new(id, Pass, "none of its services is being deployed");
        }
        let what = format!("a deployment of {} is in progress: both move tasks at once", names(going));
        Check::new(id, Warn, what)
    }

    fn zone(&self) -> Check {
        let id = "zone";
        let Some(az) = &self.instance.az else {
            return Check::new(id, Warn, "its zone is not known: it may be the last one there");
        };
        match self.others().filter(|other| other.az.as_ref() == Some(az)).count() {
            0 => Check::new(id, Warn, format!("it is the last one in {az} that takes tasks: nothing new runs there")),
            n => Check::new(id, Pass, format!("{} in {az}", count(n, "other instance"))),
        }
    }

    fn scaling(&self) -> Check {
        let id = "scaling";
        let Some(name) = &self.instance.provider else {
            return Check::new(id, Pass, "no capacity provider ends it once it is empty");
        };
        match self.index.provider(name).and_then(|provider: &Provider| provider.managed_scaling.as_deref()) {
            Some("ENABLED") => {}
            Some(_) => return Check::new(id, Pass, format!("{name} does not scale in by itself")),
            None => return Check::new(id, Warn, format!("whether {name} ends it once it is empty is not known")),
        }
        let what = format!("once empty it is ended by {name} within about 15 min, and its disk is gone");
        Check::new(id, Warn, what)
    }

    /// A drained instance is soon ended, and what an investigation would look at with it.
    fn evidence(&self) -> Check {
        let found = evidence(&self.reading.facts, &self.instance.arn, "it");
        let what = "; protect it from scale-in in its group first";
        if found.level == Warn { Check { text: Text::from(format!("{}{what}", found.text)), ..found } } else { found }
    }
}

fn bounds(one: &Move<'_>) -> String {
    let service = one.service;
    let (lower, upper) = (service.lower_bound().unwrap_or_default(), service.upper_bound().unwrap_or_default());
    format!("{} may run {lower} to {upper} and runs {}: neither stop nor start", service.name, service.running)
}

/// The family of a task of no service.
fn family(task: &Task) -> Text {
    let group = task.group.as_deref().and_then(|group| group.strip_prefix("family:"));
    group.map_or_else(|| task.id(), Text::from)
}

/// The first of these names, each once, and how many more there are.
fn names<'a>(all: impl IntoIterator<Item = &'a Text>) -> String {
    let mut by_name: BTreeMap<&Text, usize> = BTreeMap::new();
    for name in all {
        *by_name.entry(name).or_default() += 1;
    }
    let more = by_name.len().saturating_sub(NAMED);
    let shown: Vec<&str> = by_name.keys().take(NAMED).map(|name| name.as_str()).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests;
