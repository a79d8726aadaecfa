//! Deployments: how they begin, complete, fail and are rolled back.

use std::sync::Arc;

use super::entities::{Definition, Deployment, Outcome, Rolling, Throttle};
use super::names;
use super::work::{BreakerSpec, TaskSpec};
use super::world::World;
use crate::model::ecs::Size;
use std::time::Duration;

/// The longest a service waits before it tries again to start tasks that failed.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// The failures at which the circuit breaker opens: half of the tasks wanted, at least 3, at most 200.
pub(super) fn breaker_threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

impl World {
    /// Begins a deployment of this definition; the one that was primary is left to run out.
    pub(super) fn begin_deployment(&mut self, s: usize, definition: Arc<Definition>) -> String {
        let id = self.make_primary(s, definition);
        self.note_begun(s, self.services[s].deployments[0].clone());
        id
    }

    fn make_primary(&mut self, s: usize, definition: Arc<Definition>) -> String {
        let id = names::deployment_id(&mut self.rng);
        let deployment = Deployment {
            id: id.clone(),
            definition,
            state: Rolling::InProgress,
            reason: format!("ECS deployment {id} in progress."),
            failed: 0,
            created_at: self.now,
            updated_at: self.now,
        };
        let service = &mut self.services[s];
        service.deployments.insert(0, deployment);
        service.throttle = Throttle::default();
        service.steady = None;
        self.dirty.insert(s);
        id
    }

    /// Deploys what runs already, anew.
    pub(super) fn redeploy(&mut self, s: usize) -> String {
        let definition = self.services[s].deployments[0].definition.clone();
        self.begin_deployment(s, definition)
    }

    /// Registers a revision with another image and deploys it.
    pub(super) fn deploy_image(&mut self, s: usize, image: &str, outcome: Outcome) {
        let service = &mut self.services[s];
        service.revision += 1;
        let mut spec = service.spec.task.clone();
        image.clone_into(&mut spec.image);
        let definition = self.definition(&self.services[s].spec.name, self.services[s].revision, &spec, outcome);
        self.begin_deployment(s, Arc::new(definition));
    }

    pub(super) fn change_desired(&mut self, s: usize, desired: u32) {
        self.services[s].desired = desired;
        self.dirty.insert(s);
    }

    pub(super) fn definition(&self, family: &str, revision: u32, spec: &TaskSpec, outcome: Outcome) -> Definition {
        let mut containers = vec![(family.to_owned(), spec.image.clone())];
        containers.extend(spec.sidecars.iter().map(|(name, image)| (name.clone(), image.clone())));
        Definition {
            arn: self.home.ecs(&format!("task-definition/{family}:{revision}")),
            size: Size { cpu: spec.cpu, memory: spec.memory },
            ports: spec.ports.clone(),
            containers,
            secrets: spec.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
            outcome,
        }
    }

    /// Drops deployments other than the primary one that have no task left.
    pub(super) fn forget_deployments(&mut self, s: usize) {
        if self.services[s].deployments.len() < 2 {
            return;
        }
        let mut kept = std::mem::take(&mut self.services[s].deployments);
        let tasks = &self.services[s].tasks;
        let in_use = |id: &str| tasks.iter().any(|key| self.tasks.get(key).is_some_and(|t| t.of_deployment(id)));
        let mut primary = true;
        kept.retain(|d| std::mem::take(&mut primary) || in_use(&d.id));
        self.services[s].deployments = kept;
    }

    pub(super) fn complete_deployment(&mut self, s: usize) {
        let now = self.now;
        let service = &mut self.services[s];
        let primary = &mut service.deployments[0];
        if primary.state != Rolling::InProgress {
            return;
        }
        primary.state = Rolling::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.failed = 0;
        primary.updated_at = now;
        service.stable = primary.definition.clone();
        let id = primary.id.clone();
        self.tell(s, &format!("(deployment {id}) deployment completed."));
        self.note_completed(s, &id);
    }

    /// A task of this deployment came up: failures before it no longer count.
    pub(super) fn proved(&mut self, s: usize, deployment: &str) {
        let service = &mut self.services[s];
        if let Some(primary) = service.deployments.first_mut().filter(|d| d.id == deployment) {
            primary.failed = 0;
            service.throttle = Throttle::default();
        }
    }

    /// A task ended before it was ready: the service waits longer before it tries again, and the breaker counts.
    pub(super) fn failed_to_start(&mut self, s: usize, deployment: &str) {
        let now = self.now;
        let service = &mut self.services[s];
        if now >= service.throttle.until {
            let level = service.throttle.level + 1;
            let wait = Duration::from_secs(5 << level.min(10)).min(LONGEST_WAIT);
            service.throttle = Throttle { level, until: now + wait };
        }
        let repeated = service.throttle.level >= 3;
        let threshold = breaker_threshold(service.desired);
        let breaker = service.spec.rollout.breaker;
        let Some(primary) = service.deployments.first_mut().filter(|d| d.id == deployment) else { return };
        if primary.state == Rolling::InProgress {
            primary.failed += 1;
            primary.updated_at = now;
            if breaker != BreakerSpec::Off && primary.failed >= threshold {
                self.fail_deployment(s, breaker);
                return;
            }
        }
        if repeated {
            self.tell_failing(s);
        }
    }

    fn fail_deployment(&mut self, s: usize, breaker: BreakerSpec) {
        let now = self.now;
        let service = &mut self.services[s];
        let failed = &mut service.deployments[0];
        failed.state = Rolling::Failed;
        "ECS deployment circuit breaker: tasks failed to start.".clone_into(&mut failed.reason);
        failed.updated_at = now;
        let id = failed.id.clone();
        self.tell(s, &format!("(deployment {id}) deployment failed: tasks failed to start."));
        if breaker == BreakerSpec::Rollback {
            self.roll_back(s, "ECS deployment circuit breaker");
        } else {
            self.note_failed(s, &id, None);
        }
    }

    /// Makes the last deployment that completed the primary one again.
    pub(super) fn roll_back(&mut self, s: usize, why: &str) {
        let now = self.now;
        let failed = self.services[s].deployments[0].id.clone();
        let service = &mut self.services[s];
        let stable = service.stable.clone();
        let earlier = service.deployments.iter().skip(1).position(|d| d.definition == stable);
        let id = if let Some(at) = earlier {
            let mut deployment = service.deployments.remove(at + 1);
            deployment.state = Rolling::InProgress;
            deployment.failed = 0;
            deployment.updated_at = now;
            let id = deployment.id.clone();
            service.deployments.insert(0, deployment);
            service.throttle = Throttle::default();
            id
        } else {
            self.make_primary(s, stable)
        };
        self.services[s].deployments[0].reason = format!("{why}: rolling back to deploymentId {id}.");
        self.note_failed(s, &failed, Some(&id));
        self.tell(s, &format!("rolling back to (deployment {id})."));
        self.dirty.insert(s);
    }
}

#[cfg(test)]
mod tests {
    use super::breaker_threshold;

    #[test]
    fn the_breaker_opens_at_half_the_tasks_within_bounds() {
        let at: Vec<u32> = [0, 1, 6, 7, 20, 399, 1_000].into_iter().map(breaker_threshold).collect();
        assert_eq!(at, [3, 3, 3, 4, 10, 200, 200]);
    }
}
