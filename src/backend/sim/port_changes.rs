//! Changes to a simulated world.

use std::time::Duration;

use async_trait::async_trait;

use super::Sim;
use super::entities::State;
use super::world::World;
use crate::backend::change::{Change, Changes, InstanceStatus, Permit, Sent};
use crate::model::{Fault, FaultKind};
use crate::text::Text;

impl World {
    /// Makes a change; gives what was made by it.
    fn change(&mut self, change: &Change) -> Result<Option<String>, Fault> {
        match change {
            Change::ForceDeployment { cluster, service } => self.force_deployment(cluster, service).map(Some),
            Change::DesiredCount { cluster, service, tasks } => {
                self.set_desired(cluster, service, *tasks).map(|()| None)
            }
            Change::RollBack { deployment } => {
                self.roll_back_deployment(deployment).map(|()| Some(deployment.to_string()))
            }
            Change::SuspendScaling { resource, suspended } => self.suspend_scaling(resource, *suspended).map(|()| None),
            Change::InstanceState { cluster, instance, status } => {
                let state = match status {
                    InstanceStatus::Active => State::Active,
                    InstanceStatus::Draining => State::Draining,
                };
                self.set_instance_state(cluster, instance, state).map(|()| None)
            }
            Change::FindingArchived { detector, finding, archived } => {
                self.set_archived(detector, finding, *archived).map(|()| None)
            }
            Change::GroupDesired { group, desired } => self.set_group_desired(group, *desired).map(|()| None),
            Change::GroupProcesses { group, processes, suspended } => {
                self.set_suspended(group, processes, *suspended).map(|()| None)
            }
            Change::StepDown { set, host, rests, waits } => {
                let [rests, waits] = [rests, waits].map(|secs| Duration::from_secs(u64::from(*secs)));
                self.step_down(set, host, rests, waits).map(|()| None)
            }
            Change::FailOverInstance { instance } => self.fail_over_instance(instance).map(|()| None),
            Change::FailOverCluster { cluster, to } => self.fail_over_cluster(cluster, to).map(|()| None),
            Change::RotateSecret { secret, token } => self.rotate_secret(secret, token).map(Some),
            Change::CancelRotation { secret } => self.cancel_rotation(secret).map(|()| None),
        }
    }
}

#[async_trait]
impl Changes for Sim {
    async fn send(&self, _: Permit, change: &Change) -> Sent {
        let sent = self
            .call(change.action(), |world| {
                let made = world.change(change)?;
                Ok((made, format!("simulated-{}", world.mutations().len())))
            })
            .await;
        match sent {
            Ok((made, id)) => Sent::Applied { request_id: Some(Text::from(id)), made: made.map(Text::from) },
            Err(fault) => match fault.kind {
                FaultKind::Timeout | FaultKind::Server | FaultKind::Malformed => Sent::Unknown { fault, status: None },
                _ => Sent::Refused { fault, status: None },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::sim::{Scenario, Trouble};
    use crate::time::ManualClock;

    #[tokio::test]
    async fn an_answer_may_be_lost_after_the_change_was_made() {
        let scenario = Scenario::sized(1, 1, 1);
        let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
        let service = sim.with(|world| world.service_facts(0));
        let change = Change::ForceDeployment { cluster: service.cluster_arn.clone(), service: service.arn };
        let send = async || sim.send(Permit::of_the_sender(), &change).await;
        let made = |sim: &Sim| sim.with(|world| world.mutations().len());
        sim.faults().add(Change::FORCE_DEPLOYMENT, Trouble::LoseAnswer, None, None);
        assert!(matches!(send().await, Sent::Unknown { .. }));
        assert_eq!(made(&sim), 1);
        sim.faults().clear();
        for (kind, refused) in [(FaultKind::Denied, true), (FaultKind::Timeout, false)] {
            sim.faults().fail_times(Change::FORCE_DEPLOYMENT, kind, 1);
            let became = send().await;
            assert_eq!(matches!(became, Sent::Refused { .. }), refused, "{became:?}");
        }
        assert_eq!(made(&sim), 1);
        let Sent::Applied { made: Some(id), .. } = send().await else { panic!("it goes well") };
        assert_eq!(sim.with(|world| world.service_facts(0)).primary().map(|d| d.id.clone()), Some(id));
    }
}
