//! What a caller can change, and the log of it.

use super::entities::{Stage, State};
use super::world::World;
use crate::model::scaling::Suspended;
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

const UPDATE_SERVICE: &str = "ecs:UpdateService";
const REGISTER_TARGET: &str = "application-autoscaling:RegisterScalableTarget";
const UPDATE_STATE: &str = "ecs:UpdateContainerInstancesState";

/// A change somebody asked for and got. The script's own changes are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// When.
    pub at: Timestamp,
    /// The IAM action of the call.
    pub action: &'static str,
    /// The ARN of what was changed.
    pub target: String,
    /// What was asked for: `forceNewDeployment=true`, `status=DRAINING` …
    pub detail: String,
}

impl World {
    /// The changes made so far, oldest first.
    #[must_use]
    pub fn mutations(&self) -> &[Mutation] {
        &self.mutations
    }

    /// Deploys a service anew; gives the id of the deployment. Cluster and service by name or ARN.
    ///
    /// # Errors
    /// Refused by ECS: there is no such cluster or service.
    pub fn force_deployment(&mut self, cluster: &str, service: &str) -> Result<String, Fault> {
        let s = self.service_to_change(cluster, service)?;
        let id = self.redeploy(s);
        self.changed(UPDATE_SERVICE, self.services[s].arn.clone(), "forceNewDeployment=true".to_owned());
        Ok(id)
    }

    /// Sets how many tasks a service wants. Cluster and service by name or ARN.
    ///
    /// # Errors
    /// Refused by ECS: there is no such cluster or service.
    pub fn set_desired(&mut self, cluster: &str, service: &str, desired: u32) -> Result<(), Fault> {
        let s = self.service_to_change(cluster, service)?;
        self.change_desired(s, desired);
        self.changed(UPDATE_SERVICE, self.services[s].arn.clone(), format!("desiredCount={desired}"));
        Ok(())
    }

    /// Suspends all scaling of a service, or none.
    ///
    /// # Errors
    /// Refused by Application Auto Scaling: there is no such target, and nothing to make one of.
    pub fn suspend_scaling(&mut self, resource: &str, suspended: bool) -> Result<(), Fault> {
        let missing = || {
            let what = "Min capacity and max capacity are required to register a new scalable target.";
            refused(REGISTER_TARGET, "ValidationException", what)
        };
        let target = self.scaling.targets.iter_mut().find(|target| target.resource == resource).ok_or_else(missing)?;
        target.suspended = Suspended { scaling_out: suspended, scaling_in: suspended, scheduled: suspended };
        self.changed(REGISTER_TARGET, resource.to_owned(), format!("SuspendedState={suspended}"));
        Ok(())
    }

    /// Drains or reactivates a container instance, by ARN or id, in a cluster, by name or ARN.
    ///
    /// # Errors
    /// Refused by ECS: there is no such cluster or registered instance.
    pub fn set_instance_state(&mut self, cluster: &str, instance: &str, state: State) -> Result<(), Fault> {
        let c = self.cluster(cluster).ok_or_else(|| cluster_not_found(UPDATE_STATE))?;
        let named = |arn: &str| arn == instance || arn.rsplit('/').next() == Some(instance);
        let found = self.instances.iter().position(|i| i.cluster == c && i.is_listed() && named(&i.arn));
        let i =
            found.ok_or_else(|| refused(UPDATE_STATE, "InvalidParameterException", "Container instance not found."))?;
        self.change_state(i, state);
        let word = if state == State::Draining { "DRAINING" } else { "ACTIVE" };
        self.changed(UPDATE_STATE, self.instances[i].arn.clone(), format!("status={word}"));
        Ok(())
    }

    /// Drains or reactivates an instance that has registered.
    pub(super) fn change_state(&mut self, i: usize, state: State) {
        let instance = &mut self.instances[i];
        if matches!(instance.stage, Stage::Registered(_)) {
            instance.stage = Stage::Registered(state);
            let cluster = instance.cluster;
            self.capacity_came(cluster);
        }
    }

    fn service_to_change(&self, cluster: &str, service: &str) -> Result<usize, Fault> {
        let c = self.cluster(cluster).ok_or_else(|| cluster_not_found(UPDATE_SERVICE))?;
        let missing = || refused(UPDATE_SERVICE, "ServiceNotFoundException", "Service not found.");
        self.service(c, service).ok_or_else(missing)
    }

    /// Keeps what was changed.
    pub(super) fn changed(&mut self, action: &'static str, target: String, detail: String) {
        self.mutations.push(Mutation { at: self.now, action, target, detail });
        self.settle();
    }
}

/// A request a service refuses.
pub(super) fn refused(action: &'static str, code: &str, message: &str) -> Fault {
    Fault { code: Some(Text::from(code)), ..Fault::new(FaultKind::Rejected, action, message) }
}

pub(super) fn cluster_not_found(action: &'static str) -> Fault {
    refused(action, "ClusterNotFoundException", "Cluster not found.")
}
