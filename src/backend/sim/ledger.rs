//! Deployments of services as things of their own: what each comes from, goes to, and was rolled back to.

use super::actions::refused;
use super::entities::{Deployment, Rolling};
use super::world::World;
use crate::model::Fault;
use crate::model::ecs::{RevisionTasks, ServiceDeployment};
use crate::text::Text;

/// The IAM action that stops one.
const STOP: &str = "ecs:StopServiceDeployment";

/// Deployments of one service that are kept; the oldest go first.
const KEPT: usize = 20;

/// A deployment, as it was begun.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub deployment: Deployment,
    /// The deployment whose revision ran before; absent for the first.
    pub from: Option<String>,
    pub standing: Standing,
    /// The deployment whose revision it goes back to.
    pub back_to: Option<String>,
}

/// How far a deployment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    InProgress,
    Successful,
    Stopped,
    RollingBack,
    RolledBack,
    RollbackFailed,
}

impl Standing {
    const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollingBack => "ROLLBACK_IN_PROGRESS",
            Self::RolledBack => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }
}

impl Record {
    /// Of the deployment that a service was found with.
    pub(super) fn found(deployment: Deployment) -> Self {
        Self { deployment, from: None, standing: Standing::Successful, back_to: None }
    }
}

impl World {
    /// A deployment began that nobody is being rolled back by.
    pub(super) fn note_begun(&mut self, s: usize, deployment: Deployment) {
        let service = &mut self.services[s];
        for record in &mut service.ledger {
            match record.standing {
                Standing::InProgress => record.standing = Standing::Stopped,
                Standing::RollingBack => record.standing = Standing::RollbackFailed,
                _ => {}
            }
        }
        // What ran last is what completed last: a deployment that was displaced never became that.
        let ran = |record: &&Record| matches!(record.standing, Standing::Successful | Standing::RolledBack);
        let from = service.ledger.iter().rev().find(ran).map(|record| match &record.back_to {
            Some(back_to) => back_to.clone(),
            None => record.deployment.id.clone(),
        });
        service.ledger.push(Record { deployment, from, standing: Standing::InProgress, back_to: None });
        let over = service.ledger.len().saturating_sub(KEPT);
        service.ledger.drain(..over);
    }

    /// The deployment of this id completed: it, or the going back to it.
    pub(super) fn note_completed(&mut self, s: usize, id: &str) {
        for record in &mut self.services[s].ledger {
            match record.standing {
                Standing::InProgress if record.deployment.id == id => record.standing = Standing::Successful,
                Standing::RollingBack if record.back_to.as_deref() == Some(id) => {
                    record.standing = Standing::RolledBack;
                }
                _ => {}
            }
        }
    }

    /// The deployment of this id failed; it goes back to another one, or stays as it is.
    pub(super) fn note_failed(&mut self, s: usize, id: &str, back_to: Option<&str>) {
        let going = |record: &&mut Record| record.deployment.id == id && record.standing == Standing::InProgress;
        let Some(record) = self.services[s].ledger.iter_mut().find(going) else { return };
        record.standing = if back_to.is_some() { Standing::RollingBack } else { Standing::Stopped };
        record.back_to = back_to.map(str::to_owned);
    }

    /// Stops a deployment, and goes back to what ran before it.
    ///
    /// # Errors
    /// Refused by ECS: there is none of this ARN, it is not under way, or nothing ran before it.
    pub fn roll_back_deployment(&mut self, arn: &str) -> Result<(), Fault> {
        let Some((s, at)) = self.recorded(arn) else {
            return Err(refused(STOP, "ServiceDeploymentNotFoundException", "Service deployment not found."));
        };
        let record = &self.services[s].ledger[at];
        let id = record.deployment.id.clone();
        let is_primary = self.services[s].deployments.first().is_some_and(|d| d.id == id);
        if record.standing != Standing::InProgress || !is_primary {
            let what = format!("The service deployment is {} and cannot be stopped.", record.standing.word());
            return Err(refused(STOP, "ConflictException", &what));
        }
        if record.from.is_none() {
            return Err(refused(STOP, "ClientException", "There is no service revision to roll back to."));
        }
        let now = self.now;
        let stopped = &mut self.services[s].deployments[0];
        stopped.state = Rolling::Failed;
        "ECS deployment stopped: a rollback was requested.".clone_into(&mut stopped.reason);
        stopped.updated_at = now;
        self.tell(s, &format!("(deployment {id}) deployment stopped: a rollback was requested."));
        self.roll_back(s, "ECS deployment rollback requested");
        self.changed(STOP, arn.to_owned(), "stopType=ROLLBACK".to_owned());
        Ok(())
    }

    /// The deployments of a service, the newest first.
    pub(super) fn ledger(&self, s: usize) -> Vec<ServiceDeployment> {
        self.services[s].ledger.iter().rev().map(|record| self.ledger_facts(s, record)).collect()
    }

    /// The deployment of this ARN.
    pub(super) fn ledger_entry(&self, arn: &str) -> Option<ServiceDeployment> {
        let (s, at) = self.recorded(arn)?;
        Some(self.ledger_facts(s, &self.services[s].ledger[at]))
    }

    fn recorded(&self, arn: &str) -> Option<(usize, usize)> {
        let of = |s: usize| (0..self.services[s].ledger.len()).map(move |at| (s, at));
        let mut all = (0..self.services.len()).flat_map(of);
        all.find(|(s, at)| self.deployment_arn(*s, &self.services[*s].ledger[*at].deployment.id) == arn)
    }

    fn deployment_arn(&self, s: usize, id: &str) -> String {
        self.revision_arn(s, id).replacen(":service-revision/", ":service-deployment/", 1)
    }

    fn ledger_facts(&self, s: usize, record: &Record) -> ServiceDeployment {
        let desired = self.services[s].desired;
        let primary = self.services[s].deployments.first().map(|d| d.id.as_str());
        let tasks = |id: &str| {
            let (running, pending) = self.running_and_pending(s, |task| task.of_deployment(id));
            let wanted = if primary == Some(id) { desired } else { 0 };
            RevisionTasks { arn: Text::from(self.revision_arn(s, id)), wanted, running, pending }
        };
        let Record { deployment, from, standing, back_to } = record;
        ServiceDeployment {
            arn: Text::from(self.deployment_arn(s, &deployment.id)),
            status: Some(Text::from(standing.word())),
            reason: None,
            target: Some(tasks(&deployment.id)),
            sources: from.iter().map(|id| tasks(id)).collect(),
            back_to: back_to.as_ref().map(|id| Text::from(self.revision_arn(s, id))),
            created_at: Some(deployment.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::backend::sim::{Scenario, Sim};
    use crate::time::{Clock, ManualClock};

    #[test]
    fn a_deployment_is_stopped_once_and_what_ran_before_comes_back() {
        let scenario = Scenario::sized(1, 2, 4);
        let clock = Arc::new(ManualClock::at(scenario.opens()));
        let sim = Sim::new(&scenario, 1, clock.clone());
        let service = sim.with(|world| world.service_facts(0));
        let newest = || sim.with(|world| world.ledger(0).swap_remove(0));
        let first = newest();
        assert_eq!((first.status.as_deref(), first.sources.len()), (Some("SUCCESSFUL"), 0));
        let code = |arn: &str| sim.with(|world| world.roll_back_deployment(arn)).unwrap_err().code;
        assert_eq!(code(&first.arn).as_deref(), Some("ConflictException"));
        assert_eq!(code("arn:x").as_deref(), Some("ServiceDeploymentNotFoundException"));
        sim.with(|world| world.force_deployment(&service.cluster_arn, &service.arn)).unwrap();
        clock.set(clock.now() + Duration::from_secs(2));
        let forced = newest();
        assert!(forced.is_under_way() && forced.sources[0].arn == first.target.as_ref().unwrap().arn, "{forced:?}");
        sim.with(|world| world.roll_back_deployment(&forced.arn)).unwrap();
        assert_eq!(newest().status.as_deref(), Some("ROLLBACK_IN_PROGRESS"));
        assert_eq!(code(&forced.arn).as_deref(), Some("ConflictException"));
        clock.set(clock.now() + Duration::from_mins(20));
        let end = newest();
        assert_eq!(end.status.as_deref(), Some("ROLLBACK_SUCCESSFUL"));
        assert_eq!(end.back_to, Some(forced.sources[0].arn.clone()));
        assert_eq!(end.target.unwrap().running, 0, "none of the new revision is left");
        let after = sim.with(|world| world.service_facts(0));
        assert_eq!((after.running, after.deployments.len()), (after.desired, 1));
        assert_eq!(sim.with(|world| world.mutations().len()), 2);
    }
}
