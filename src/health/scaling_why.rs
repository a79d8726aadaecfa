//! Why a target is not scaled: one sentence that joins what its alarms ask for, its policy, its bounds, the room there is and
//! what was done last. Rules, tables and details all take it from here.

mod group;
#[cfg(test)]
mod tests;

pub(super) use group::{is_empty, is_starting};

use std::collections::HashMap;

use super::demand::Demands;
use super::drivers::{Direction, Driver, Drivers};
use super::past::Past;
use super::placement::Placements;
use super::{capacity, rollout, words};
use crate::model::Facts;
use crate::model::ecs::{EcsFacts, EcsIndex, Service};
use crate::model::facts::Derived;
use crate::model::scaling::{Activity, NotScaled, ScalingFacts, Target};
use crate::text::Text;

/// The answer for each scalable target and each group. Taken by `facts.derived::<ScalingWhy>()`.
#[derive(Debug, Default)]
pub struct ScalingWhy {
    targets: HashMap<Text, Why>,
    groups: HashMap<Text, Why>,
}

/// Why one thing is as large as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// What is asked for.
    pub wish: Wish,
    /// What stands in the way of it.
    pub held: Option<Held>,
    /// Both, and what was done last, as one sentence.
    pub sentence: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A change, by whom: the name of an alarm or the reservation.
    Change(Direction, String),
    /// Nothing.
    Nothing,
    /// It is not known.
    Unknown,
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Somebody suspended it.
    Suspended(Direction),
    /// The alarm does not call the policy.
    NotCalled,
    /// It is as large as it may become.
    AtMaximum(u32),
    /// It is as small as it may become.
    AtMinimum(u32),
    /// The policy never scales in.
    NeverIn,
    /// A deployment is in progress.
    Deployment,
    /// The last change failed; why.
    Failed(String),
    /// The service gave this reason.
    Reason(Text),
    /// Several things, in words.
    Several(Vec<String>),
}

impl Held {
    /// As the end of a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Suspended(Direction::Out) => "scaling out is suspended".to_owned(),
            Self::Suspended(Direction::In) => "scaling in is suspended".to_owned(),
            Self::NotCalled => "the alarm does not call the policy".to_owned(),
            Self::AtMaximum(most) => format!("it is at its maximum of {most}"),
            Self::AtMinimum(least) => format!("it is at its minimum of {least}"),
            Self::NeverIn => "the policy never scales in".to_owned(),
            Self::Deployment => "nothing is scaled in while a deployment is in progress".to_owned(),
            Self::Failed(why) if why.is_empty() => "the last change failed".to_owned(),
            Self::Failed(why) => format!("the last change failed: {why}"),
            Self::Reason(code) => reason(code),
            Self::Several(reasons) => reasons.join(", "),
        }
    }
}

/// A code of `NotScaledReasons` in words; one that is not known as it is.
#[must_use]
pub fn reason(code: &str) -> String {
    match code {
        "AlreadyAtMaxCapacity" => "it is at its maximum".to_owned(),
        "AlreadyAtMinCapacity" => "it is at its minimum".to_owned(),
        "AlreadyAtDesiredCapacity" => "it has what is asked for".to_owned(),
        "AutoScalingAnticipatedFlapping" => "it would go back and forth".to_owned(),
        "TargetServicePutResourceAsUnscalable" => "the service says that it cannot be scaled now".to_owned(),
        odd => words::quote(odd),
    }
}

impl Derived for ScalingWhy {
    fn derive(facts: &Facts) -> Self {
        let known = Known::of(facts);
        let targets = facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.targets);
        let of_target = |target: &Target| (target.resource.clone(), known.why(target));
        Self { targets: targets.iter().map(of_target).collect(), groups: group::all(facts) }
    }
}

impl ScalingWhy {
    /// Why this target is not scaled.
    #[must_use]
    pub fn of_target(&self, resource: &Text) -> Option<&Why> {
        self.targets.get(resource)
    }

    /// Why the group of this name is not scaled.
    #[must_use]
    pub fn of_group(&self, name: &Text) -> Option<&Why> {
        self.groups.get(name)
    }
}

/// The services that targets scale, by cluster and name. Taken by `facts.derived::<Scaled>()`.
#[derive(Debug, Default)]
pub struct Scaled(HashMap<(Text, Text), usize>);

impl Derived for Scaled {
    fn derive(facts: &Facts) -> Self {
        let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
        let named =
            services.iter().enumerate().map(|(place, seen)| ((seen.item.cluster(), seen.item.name.clone()), place));
        Self(named.collect())
    }
}

impl Scaled {
    /// The service this target scales, where it was read.
    #[must_use]
    pub fn service<'a>(&self, facts: &'a Facts, target: &Target) -> Option<&'a Service> {
        let (cluster, name) = target.service()?;
        let place = self.0.get(&(Text::from(cluster), Text::from(name)))?;
        facts.get::<EcsFacts>()?.services.get(*place).map(|seen| seen.item.as_ref())
    }
}

/// What the sentences of services rest on.
struct Known<'a> {
    facts: &'a Facts,
    drivers: std::sync::Arc<Drivers>,
    past: std::sync::Arc<Past>,
    scaled: std::sync::Arc<Scaled>,
    index: std::sync::Arc<EcsIndex>,
    placements: std::sync::Arc<Placements>,
    demands: std::sync::Arc<Demands>,
}

impl<'a> Known<'a> {
    fn of(facts: &'a Facts) -> Self {
        Self {
            facts,
            drivers: facts.derived(),
            past: facts.derived(),
            scaled: facts.derived(),
            index: facts.derived(),
            placements: facts.derived(),
            demands: facts.derived(),
        }
    }

    fn why(&self, target: &Target) -> Why {
        let service = self.scaled.service(self.facts, target);
        let drivers: Vec<&Driver> = self.drivers.of(&target.resource).collect();
        let last = self.past.of_target(self.facts, &target.resource).next();
        let wish = wish(&drivers);
        let held = match &wish {
            Wish::Change(direction, _) => held(*direction, target, service, &drivers, last),
            _ => None,
        };
        let sentence = self.sentence(target, service, (&wish, &drivers), held.as_ref(), last);
        Why { wish, held, sentence }
    }

    fn sentence(
        &self,
        target: &Target,
        service: Option<&Service>,
        (wish, drivers): (&Wish, &[&Driver]),
        held: Option<&Held>,
        last: Option<&Activity>,
    ) -> String {
        let size = service.map_or_else(|| name(target), words::headline);
        let (from, to) = (words::given(target.minimum), words::given(target.maximum));
        let mut said = format!("{size}, {from} to {to} allowed: {}", self.asked(target, wish, drivers));
        if let Some(held) = held {
            said = format!("{said}, but {}", held.words());
        }
        let room = service.and_then(|service| self.room(service));
        let last = format!("last: {}", last.map_or_else(|| self.nothing_done(), done));
        [Some(said), room, Some(last)].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// What is asked for, by which alarm and policy.
    fn asked(&self, target: &Target, wish: &Wish, drivers: &[&Driver]) -> String {
        let scaling = self.facts.get::<ScalingFacts>();
        let has_policy = || scaling.is_some_and(|s| s.policies.iter().any(|p| p.resource == target.resource));
        match wish {
            Wish::Change(direction, alarm) => {
                let driver = drivers.iter().find(|driver| driver.alarm == **alarm);
                let by = driver.map(|driver| format!(" by policy {}", driver.policy.name)).unwrap_or_default();
                let what = if *direction == Direction::Out { "more" } else { "fewer" };
                format!("{alarm} is in ALARM and asks for {what}{by}")
            }
            Wish::Nothing => "no alarm asks for a change".to_owned(),
            Wish::Unknown if scaling.is_some_and(|s| s.read_at.policies.is_none()) => {
                "its policies are not known".to_owned()
            }
            Wish::Unknown if !has_policy() => "no policy scales it".to_owned(),
            Wish::Unknown => "what its alarms ask for is not known".to_owned(),
        }
    }

    /// That its tasks find no room, and what would have to grow.
    fn room(&self, service: &Service) -> Option<String> {
        let unplaced = self.placements.of(service)?;
        let growth = unplaced.full?;
        let tasks = words::count(unplaced.tasks, "task");
        let mut said = format!("no room for {tasks} ({})", capacity::cause(growth, &unplaced.groups));
        if let Some(room) = self.index.headroom(service) {
            said = format!("{said}, headroom {room}");
        }
        let demand = unplaced.groups.iter().find_map(|group| self.demands.of(&group.name));
        Some(demand.map_or_else(|| said.clone(), |demand| format!("{said}, {}", demand.words())))
    }

    fn nothing_done(&self) -> String {
        let read = self.facts.get::<ScalingFacts>().and_then(|scaling| scaling.read_at.activities);
        if read.is_some() { "no activity known" } else { "not known" }.to_owned()
    }
}

/// The service's name, or the whole resource of anything else.
fn name(target: &Target) -> String {
    target.service().map_or_else(|| target.resource.to_string(), |(_, service)| service.to_owned())
}

/// Where one alarm asks for more and another for fewer, more wins, as Application Auto Scaling has it.
fn wish(drivers: &[&Driver]) -> Wish {
    let on = |wanted: Direction| {
        drivers.iter().find(move |driver| driver.is_on() == Some(true) && driver.direction == Some(wanted))
    };
    let ask = |direction| on(direction).map(|driver| Wish::Change(direction, driver.alarm.to_string()));
    let is_unknown = |driver: &&Driver| driver.is_on() != Some(false);
    ask(Direction::Out).or_else(|| ask(Direction::In)).unwrap_or_else(|| {
        if drivers.is_empty() || drivers.iter().any(is_unknown) { Wish::Unknown } else { Wish::Nothing }
    })
}

fn held(
    direction: Direction,
    target: &Target,
    service: Option<&Service>,
    drivers: &[&Driver],
    last: Option<&Activity>,
) -> Option<Held> {
    let asking: Vec<&&Driver> =
        drivers.iter().filter(|d| d.is_on() == Some(true) && d.direction == Some(direction)).collect();
    let suspended = target.suspended.unwrap_or_default();
    let (is_suspended, is_out) = match direction {
        Direction::Out => (suspended.scaling_out, true),
        Direction::In => (suspended.scaling_in, false),
    };
    let told = last.and_then(|activity| activity.not_scaled.first());
    let desired = service.map(|service| service.desired).or_else(|| told?.current);
    let bound = if is_out { target.maximum } else { target.minimum };
    let is_at = |bound: u32| desired.is_some_and(|n| if is_out { n >= bound } else { n <= bound });
    if is_suspended {
        Some(Held::Suspended(direction))
    } else if !asking.iter().any(|driver| driver.is_wired()) {
        Some(Held::NotCalled)
    } else if let Some(bound) = bound.filter(|bound| is_at(*bound)) {
        Some(if is_out { Held::AtMaximum(bound) } else { Held::AtMinimum(bound) })
    } else if !is_out && asking.iter().all(|driver| driver.policy.scale_in_disabled == Some(true)) {
        Some(Held::NeverIn)
    } else if !is_out && service.is_some_and(deploys) {
        Some(Held::Deployment)
    } else {
        last.and_then(|activity| failed(activity).or_else(|| told.map(of_reason)))
    }
}

fn of_reason(reason: &NotScaled) -> Held {
    match (reason.code.as_str(), reason.maximum, reason.minimum) {
        ("AlreadyAtMaxCapacity", Some(most), _) => Held::AtMaximum(most),
        ("AlreadyAtMinCapacity", _, Some(least)) => Held::AtMinimum(least),
        _ => Held::Reason(reason.code.clone()),
    }
}

/// Whether a deployment of the service is in progress.
pub(super) fn deploys(service: &Service) -> bool {
    service.deployments.iter().any(rollout::in_progress)
}

fn failed(activity: &Activity) -> Option<Held> {
    let is_failed = matches!(activity.status.as_deref(), Some("Failed" | "Unfulfilled"));
    is_failed.then(|| Held::Failed(activity.message.as_deref().map(words::quote).unwrap_or_default()))
}

/// What was done last, when, and what came of it.
fn done(activity: &Activity) -> String {
    let what = activity.description.as_deref().map_or_else(|| "an activity".to_owned(), words::quote);
    let status = words::given(activity.status.as_ref());
    let came = activity.not_scaled.first().map_or_else(|| status.clone(), |told| format!("not scaled, {}", told.code));
    match activity.started_at {
        Some(at) => format!("{what} at {} ({came})", at.time_of_day()),
        None => format!("{what} ({came})"),
    }
}
