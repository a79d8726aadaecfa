//! How a service is scaled, as a plan reads it: its target, and the policies that set how many tasks it wants.

use super::Bench;
use super::plan::State;
use crate::backend::change::Change;
use crate::model::ecs::{EcsFacts, Service};
use crate::model::scaling::{Policy, ScalingFacts, Suspended, Target};
use crate::model::{Facts, Fault};
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

/// The rows that lead to a service beside its own: those of its scaling.
pub(super) const ROWS: &[&str] = &["scaling-target"];

/// The service that a row of this id is of: its ARN, or what Application Auto Scaling calls it.
pub(super) fn of_row<'a>(facts: &'a Facts, id: &str) -> Option<&'a Service> {
    let is_it = |service: &&Service| service.arn == id || id.starts_with("service/") && resource(service) == id;
    facts.get::<EcsFacts>()?.services.iter().map(|seen| seen.item.as_ref()).find(is_it)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecs::Seen;
    use crate::time::Timestamp;

    #[test]
    fn a_service_is_found_by_its_own_row_and_by_that_of_its_scaling() {
        let service = Service {
            arn: Text::from("arn:aws:ecs:r:1:service/ehr/web"),
            cluster_arn: Text::from("arn:aws:ecs:r:1:cluster/ehr"),
            name: Text::from("web"),
            ..Service::default()
        };
        let services = vec![Seen { at: Timestamp::default(), item: service.into() }];
        let mut facts = Facts::default();
        facts.put(Timestamp::default(), std::sync::Arc::new(EcsFacts { services, ..EcsFacts::default() }));
        for (id, is_found) in
            [("arn:aws:ecs:r:1:service/ehr/web", true), ("service/ehr/web", true), ("service/ehr/api", false)]
        {
            assert_eq!(of_row(&facts, id).is_some(), is_found, "{id}");
        }
        for id in ["force-deploy", "rollback", "desired-count", "suspend-scaling", "resume-scaling"] {
            let spec = crate::action::action(id).unwrap();
            assert!(["service", "scaling-target"].into_iter().eq(spec.kinds()), "{id}");
        }
    }
}
