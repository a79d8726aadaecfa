//! How a service is scaled, as a plan reads it: its target, and the policies that set how many tasks it wants.

use super::Bench;
use super::plan::State;
use crate::backend::change::Change;
use crate::model::Fault;
use crate::model::ecs::Service;
use crate::model::scaling::{Policy, ScalingFacts, Suspended, Target};
use crate::text::Text;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scaled {
    /// The target; `None` where there is none, if nothing could not be read.
    pub target: Option<Target>,
    /// Its policies.
    pub policies: Vec<Policy>,
    /// What could not be read, in words.
    pub gaps: Vec<String>,
}

/// What Application Auto Scaling calls a service.
pub(super) fn resource(service: &Service) -> Text {
    Text::from(format!("service/{}/{}", service.cluster(), service.name))
}

impl Scaled {
    /// Of a service, read now.
    pub async fn read(bench: &Bench, service: &Service) -> Self {
        let resource = resource(service);
        match bench.feeds(&["scaling"]).await {
            Ok(reading) => Self { gaps: reading.gaps, ..Self::of(reading.facts.get(), &resource) },
            Err(fault) => Self { gaps: vec![fault.to_string()], ..Self::default() },
        }
    }

    /// Of a resource, from what was read of all.
    pub fn of(facts: Option<&ScalingFacts>, resource: &str) -> Self {
        let is_it = |name: &Text, dimension: &Text| name == resource && dimension == Change::SERVICE_DIMENSION;
        let target =
            facts.and_then(|facts| facts.targets.iter().find(|target| is_it(&target.resource, &target.dimension)));
        let policies = facts.into_iter().flat_map(|facts| &facts.policies);
        let policies = policies.filter(|policy| is_it(&policy.resource, &policy.dimension)).cloned().collect();
        Self { target: target.cloned(), policies, gaps: Vec::new() }
    }

    /// Whether it is not known if there is a target.
    pub fn is_unknown(&self) -> bool {
        self.target.is_none() && !self.gaps.is_empty()
    }
}

/// What of a target a plan rests on.
pub(super) fn state(target: Option<&Target>) -> State {
    let number = |n: Option<u32>| Text::from(n.map_or_else(String::new, |n| n.to_string()));
    State(vec![
        ("least tasks", number(target.and_then(|target| target.minimum))),
        ("most tasks", number(target.and_then(|target| target.maximum))),
        (
            "suspended",
            Text::from(target.and_then(|target| target.suspended).map(|s| off(s).join(" and ")).unwrap_or_default()),
        ),
    ])
}

/// The same, read now.
pub(super) async fn state_now(bench: &Bench, resource: &str) -> Result<State, Fault> {
    Ok(state(bench.scalable_target(resource, Change::SERVICE_DIMENSION).await?.as_ref()))
}

/// What of the scaling is suspended.
pub(super) fn off(state: Suspended) -> Vec<&'static str> {
    let all =
        [(state.scaling_out, "scaling out"), (state.scaling_in, "scaling in"), (state.scheduled, "scheduled scaling")];
    all.into_iter().filter_map(|(is_off, name)| is_off.then_some(name)).collect()
}

/// Which policies there are: `cpu (TargetTrackingScaling)`.
pub(super) fn named(policies: &[Policy]) -> String {
    let one = |policy: &Policy| match &policy.kind {
        Some(kind) => format!("{} ({kind})", policy.name),
        None => policy.name.to_string(),
    };
    policies.iter().map(one).collect::<Vec<_>>().join(", ")
}
