//! The world's things as facts: what the answers of ECS would say of them.

use super::entities::{Deployment, Owner, Phase, Rolling, Stage, State, Task};
use super::names;
use super::rollout::count;
use super::work::BreakerSpec;
use super::world::World;
use crate::model::ecs;
use crate::text::Text;

impl World {
    pub(super) fn cluster_facts(&self, c: usize) -> ecs::Cluster {
        let cluster = &self.clusters[c];
        let phases = |wanted: fn(Phase) -> bool| {
            count(self.tasks.values().filter(|t| t.cluster == c && wanted(t.phase)).count())
        };
        ecs::Cluster {
            arn: Text::from(&cluster.arn),
            name: Text::from(&cluster.name),
            status: Some(Text::from(&cluster.status)),
            attachments_status: Some(Text::from("UPDATE_COMPLETE")).filter(|_| !cluster.providers.is_empty()),
            running_tasks: phases(|p| p == Phase::Running),
            pending_tasks: phases(|p| p < Phase::Running),
            active_services: count(self.services.iter().filter(|s| s.cluster == c).count()),
            instances: count(self.instances.iter().filter(|i| i.cluster == c && i.is_listed()).count()),
            providers: cluster.providers.iter().map(Text::from).collect(),
        }
    }

    /// A service by its place in the scenario, as ECS describes it.
    #[must_use]
    pub fn service_facts(&self, s: usize) -> ecs::Service {
        let service = &self.services[s];
        let (running, pending) = self.running_and_pending(s, |_| true);
        let primary = service.deployments.first();
        ecs::Service {
            arn: Text::from(&service.arn),
            name: Text::from(&service.spec.name),
            cluster_arn: Text::from(&self.clusters[service.cluster].arn),
            status: Some(Text::from("ACTIVE")),
            scheduling: ecs::Scheduling::Replica,
            controller: None,
            launch_type: service
                .provider
                .is_none()
                .then(|| Text::from(if service.spec.fargate.is_empty() { "EC2" } else { "FARGATE" })),
            providers: service.provider.map(|p| Text::from(&self.providers[p].spec.name)).into_iter().collect(),
            desired: service.desired,
            running,
            pending,
            task_definition: primary.map(|d| Text::from(&d.definition.arn)),
            rollout: rollout(&service.spec.rollout),
            deployments: (0..service.deployments.len()).map(|d| self.deployment_facts(s, d)).collect(),
            revisions: service.deployments.iter().map(|d| Text::from(self.revision_arn(s, &d.id))).collect(),
            events: service
                .log
                .entries
                .iter()
                .map(|e| ecs::Event {
                    id: Text::from(names::uuid(e.id)),
                    at: Some(e.at),
                    message: Text::from(&*e.message),
                })
                .collect(),
            target_groups: service.spec.target_groups,
            constraints: constraints(&service.spec.placement),
            created_at: Some(service.created_at),
        }
    }

    fn deployment_facts(&self, s: usize, d: usize) -> ecs::Deployment {
        let service = &self.services[s];
        let deployment: &Deployment = &service.deployments[d];
        let (running, pending) = self.running_and_pending(s, |t| t.of_deployment(&deployment.id));
        let state = match deployment.state {
            Rolling::InProgress => "IN_PROGRESS",
            Rolling::Completed => "COMPLETED",
            Rolling::Failed => "FAILED",
        };
        ecs::Deployment {
            id: Text::from(&deployment.id),
            status: Some(Text::from(if d == 0 { "PRIMARY" } else { "ACTIVE" })),
            rollout_state: Some(Text::from(state)),
            rollout_reason: Some(Text::from(&deployment.reason)),
            task_definition: Some(Text::from(&deployment.definition.arn)),
            desired: if d == 0 { service.desired } else { running + pending },
            pending,
            running,
            failed: deployment.failed,
            created_at: Some(deployment.created_at),
            updated_at: Some(deployment.updated_at),
        }
    }

    /// The ARN of what a deployment was made of; its number is the deployment's own.
    /// The ARN of the revision that the deployment of this id brought.
    pub(super) fn revision_arn(&self, s: usize, deployment: &str) -> String {
        let spec = &self.services[s].spec;
        let number = deployment.rsplit('/').next().unwrap_or_default();
        self.home.ecs(&format!("service-revision/{}/{}/{number}", spec.cluster, spec.name))
    }

    pub(super) fn revision_facts(&self, s: usize, deployment: &Deployment) -> ecs::Revision {
        let images = deployment.definition.containers.iter().map(|(name, image)| ecs::Image {
            container: Text::from(name),
            name: Some(Text::from(image)),
            digest: Some(Text::from(names::digest(image))),
        });
        ecs::Revision {
            arn: Text::from(self.revision_arn(s, &deployment.id)),
            task_definition: Some(Text::from(&deployment.definition.arn)),
            images: images.collect(),
            created_at: Some(deployment.created_at),
        }
    }

    pub(super) fn protection_facts(&self, task: &Task) -> ecs::Protection {
        let expires_at = task.protected_until.filter(|_| task.is_protected(self.now));
        ecs::Protection { task: Text::from(&task.arn), enabled: expires_at.is_some(), expires_at }
    }

    pub(super) fn running_and_pending(&self, s: usize, of: impl Fn(&Task) -> bool) -> (u32, u32) {
        let tasks = self.services[s].tasks.iter().filter_map(|key| self.tasks.get(key));
        tasks.filter(|t| of(t)).fold((0, 0), |(running, pending), task| match task.phase {
            Phase::Running => (running + 1, pending),
            Phase::Provisioning | Phase::Pending => (running, pending + 1),
            Phase::Stopping | Phase::Stopped => (running, pending),
        })
    }

    pub(super) fn task_facts(&self, task: &Task) -> ecs::Task {
        let instance = task.instance.map(|i| &self.instances[i]);
        let group = match &task.owner {
            Owner::Service { service, .. } => format!("service:{}", self.services[*service].spec.name),
            Owner::Alone { family } => format!("family:{family}"),
        };
        let connectivity = if task.connected { "CONNECTED" } else { "DISCONNECTED" };
        ecs::Task {
            arn: Text::from(&task.arn),
            cluster_arn: Text::from(&self.clusters[task.cluster].arn),
            group: Some(Text::from(group)),
            task_definition: Some(Text::from(&task.definition.arn)),
            status: Some(Text::from(self.last_status(task))),
            desired_status: Some(Text::from(if task.active() { "RUNNING" } else { "STOPPED" })),
            health: Some(Text::from(self.health(task))),
            az: instance.map(|i| Text::from(&*i.zone)),
            instance_arn: instance.filter(|i| !i.is_fargate).map(|i| Text::from(&i.arn)),
            provider: self.provider_of(task),
            size: Some(task.definition.size),
            ports: if task.phase == Phase::Running { task.definition.ports.clone() } else { Vec::new() }.into(),
            connectivity: task.connectivity_at.map(|_| Text::from(connectivity)),
            connectivity_at: task.connectivity_at,
            created_at: Some(task.created_at),
            started_at: task.started_at,
            stopped_at: task.stopped_at,
            stop_code: task.stop.as_ref().map(|stop| Text::from(&stop.code)),
            stopped_reason: task.stop.as_ref().map(|stop| Text::from(&stop.reason)),
            containers: self.containers(task),
        }
    }

    fn containers(&self, task: &Task) -> Vec<ecs::Container> {
        let status = match task.phase {
            Phase::Provisioning | Phase::Pending => "PENDING",
            Phase::Running | Phase::Stopping => "RUNNING",
            Phase::Stopped => "STOPPED",
        };
        let ended = task.stop.as_ref().filter(|_| task.phase == Phase::Stopped);
        let containers = task.definition.containers.iter().enumerate();
        containers
            .map(|(n, (name, image))| ecs::Container {
                name: Text::from(name),
                status: Some(Text::from(status)),
                // The essential container carries the check.
                health: Some(Text::from(if n == 0 { self.health(task) } else { "UNKNOWN" })),
                exit_code: ended.and_then(|stop| stop.exit).map(|exit| if n == 0 { exit } else { 0 }),
                reason: ended.filter(|_| n == 0).and_then(|stop| stop.container_reason.as_ref()).map(Text::from),
                image: Some(Text::from(image)),
                digest: task.started_at.map(|_| Text::from(names::digest(image))),
            })
            .collect()
    }

    /// What a container health check says; without one it says nothing, however well or ill the task is.
    fn health(&self, task: &Task) -> &'static str {
        let checked = task.service().is_some_and(|s| self.services[s].spec.health_check);
        match task.phase {
            Phase::Running if checked && task.ready => "HEALTHY",
            Phase::Running if checked && task.proven => "UNHEALTHY",
            _ => "UNKNOWN",
        }
    }

    fn last_status(&self, task: &Task) -> &'static str {
        let balanced = task.service().is_some_and(|s| self.services[s].target_group.is_some());
        match task.phase {
            Phase::Provisioning => "PROVISIONING",
            Phase::Pending => "PENDING",
            Phase::Running => "RUNNING",
            Phase::Stopping if balanced => "DEACTIVATING",
            Phase::Stopping => "STOPPING",
            Phase::Stopped => "STOPPED",
        }
    }

    fn provider_of(&self, task: &Task) -> Option<Text> {
        let of_service = task.service().and_then(|s| self.services[s].provider);
        of_service.map(|p| Text::from(&self.providers[p].spec.name))
    }

    pub(super) fn instance_facts(&self, i: usize) -> ecs::Instance {
        let instance = &self.instances[i];
        let tasks = || instance.tasks.iter().filter_map(|key| self.tasks.get(key));
        let status = match instance.stage {
            Stage::Booting => "REGISTERING",
            Stage::Registered(State::Active) => "ACTIVE",
            Stage::Registered(State::Draining) => "DRAINING",
            Stage::Gone => "INACTIVE",
        };
        ecs::Instance {
            arn: Text::from(&instance.arn),
            cluster_arn: Text::from(&self.clusters[instance.cluster].arn),
            ec2_id: Some(Text::from(&instance.ec2_id)),
            status: Some(Text::from(status)),
            status_reason: None,
            agent_connected: Some(instance.link.connected),
            agent_update: None,
            agent_version: Some(Text::from("1.95.0")),
            az: Some(Text::from(&*instance.zone)),
            provider: instance.provider.map(|p| Text::from(&self.providers[p].spec.name)),
            remaining: Some(instance.free()),
            total: Some(instance.total),
            ports: AGENT_PORTS.into_iter().chain(instance.ports.iter().copied()).collect::<Vec<_>>().into(),
            running_tasks: count(tasks().filter(|t| t.phase == Phase::Running).count()),
            pending_tasks: count(tasks().filter(|t| t.phase < Phase::Running).count()),
            health: Some(Text::from(if instance.link.connected { "OK" } else { "INSUFFICIENT_DATA" })),
            registered_at: Some(instance.registered_at),
        }
    }

    pub(super) fn provider_facts(&self, p: usize) -> ecs::Provider {
        let provider = &self.providers[p];
        let spec = &provider.spec;
        let switch = |on: bool| Some(Text::from(if on { "ENABLED" } else { "DISABLED" }));
        ecs::Provider {
            name: Text::from(&spec.name),
            arn: Some(Text::from(&provider.arn)),
            status: Some(Text::from("ACTIVE")),
            group_arn: Some(Text::from(&self.groups[provider.group].arn)),
            managed_scaling: switch(spec.managed_scaling),
            target_capacity: Some(spec.target_capacity),
            warmup: Some(spec.warmup),
            termination_protection: switch(spec.termination_protection),
            managed_draining: switch(spec.managed_draining),
            update_status: None,
            update_reason: None,
        }
    }
}

/// Ports every agent keeps for itself: SSH, Docker and its own.
const AGENT_PORTS: [u16; 5] = [22, 2_375, 2_376, 51_678, 51_679];

fn rollout(spec: &super::work::RolloutSpec) -> ecs::Rollout {
    let (enabled, rollback) = (spec.breaker != BreakerSpec::Off, spec.breaker == BreakerSpec::Rollback);
    ecs::Rollout {
        minimum_percent: Some(spec.minimum),
        maximum_percent: Some(spec.maximum),
        strategy: None,
        breaker: Some(ecs::Breaker { enabled, rollback }),
    }
}

fn constraints(spec: &super::work::PlacementSpec) -> Vec<Text> {
    let distinct = spec.distinct.then(|| Text::from("distinctInstance"));
    let zones = (!spec.zones.is_empty())
        .then(|| Text::from(format!("memberOf: attribute:ecs.availability-zone in [{}]", spec.zones.join(", "))));
    distinct.into_iter().chain(zones).collect()
}
