//! The world at its first moment: everything a scenario lists, running and well.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::entities::{
    Cluster, Deployment, Group, Outcome, Owner, Phase, Provider, Rolling, Service, Stage, State, Stop, TaskKey,
    Throttle,
};
use super::events::{Entry, Log, REPEAT};
use super::ledger::Record;
use super::names::{self, Home};
use super::rds::Fleet;
use super::scenario::{InstancesSpec, Scenario, Seating};
use super::work::{ServiceSpec, StandaloneSpec, StoppedSpec};
use super::world::{Agenda, Due, World};
use crate::model::ecs::Size;

/// Tell the dice of replica sets, of databases and so on from those of the rest.
const SETS: u64 = 0x006d_6f6e_676f;
const DATABASES: u64 = 0x0072_6473;
const GROUPS: u64 = 0x0061_7367;
const SCALING: u64 = 0x6161_7300;
const GUARD: u64 = 0x6775_6172_6400;
const VAULT: u64 = 0x7661_756c_7400;
/// The second of a minute at which figures are taken, and at which those of the last minute are looked at.
const MEASURED: Duration = Duration::from_secs(50);
const EVALUATED: Duration = Duration::from_secs(30);
/// CPU units and MiB of Fargate in one zone: more than any scenario uses.
const FARGATE: u32 = 1 << 30;

impl World {
    /// The world of a scenario at its start. The same seed gives the same ids and delays.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut world = Self::empty(scenario, seed);
        world.add_clusters(scenario, seed);
        for of in &scenario.instances {
            world.add_instances(of);
        }
        world.add_fargate(scenario);
        for group in 0..world.groups.len() {
            let members = world.instances.iter().filter(|i| i.group == Some(group)).count();
            world.groups[group].desired = super::rollout::count(members);
        }
        for spec in &scenario.services {
            world.add_service(spec);
        }
        world.seat_all(scenario.seating);
        for spec in &scenario.standalone {
            world.add_standalone(spec);
        }
        for (n, spec) in (0..).zip(&scenario.sets) {
            // Dice of its own: what a set does changes nothing else in the world.
            world.sets.push(super::mongo::Set::new(spec, scenario.start, seed ^ (SETS << 8) ^ n));
            let last = world.sets.len() - 1;
            world.with_set(last, |_| {});
        }
        world.add_watchers(scenario);
        for (n, step) in scenario.script.iter().enumerate() {
            world.agenda.add(scenario.start + step.time, Due::Step(n));
        }
        world.settle();
        world
    }

    /// What watches the world: loads and figures, scaling, alarms, findings, secrets.
    fn add_watchers(&mut self, scenario: &Scenario) {
        self.add_launches(scenario);
        self.add_loads();
        self.measure_reservations();
        self.add_targets(scenario);
        self.add_alarms(scenario);
        self.add_unscaled();
        self.add_findings();
        self.schedule_rotations();
        self.agenda.add(self.now + EVALUATED, Due::Evaluate);
        self.agenda.add(self.now + MEASURED, Due::Measure);
    }

    fn empty(scenario: &Scenario, seed: u64) -> Self {
        let caller = &scenario.caller;
        let home = Home {
            account: caller.account.clone(),
            region: caller.region.clone(),
            caller: caller.arn.clone(),
            expires_at: caller.credentials_last.map(|lasts| scenario.start + lasts),
        };
        let Scenario { databases, db_clusters, proxies, start, .. } = scenario;
        Self {
            now: *start,
            rng: Rng::with_seed(seed),
            fleet: Fleet::new(home.clone(), databases, db_clusters, proxies, *start, seed ^ DATABASES),
            loads: super::scaling::Loads::new(),
            scaling: super::scaling::Scaling::new(seed ^ SCALING),
            board: super::alarms::Board::default(),
            guard: super::guard::Guard::new(scenario, seed ^ GUARD),
            vault: super::vault::Vault::new(scenario, &home, seed ^ VAULT),
            home,
            clusters: Vec::new(),
            groups: Vec::new(),
            providers: Vec::new(),
            instances: Vec::new(),
            services: Vec::new(),
            tasks: std::collections::BTreeMap::new(),
            next_task: 0,
            sets: Vec::new(),
            logs: super::logs::groups(&scenario.log_groups),
            agenda: Agenda::default(),
            dirty: BTreeSet::new(),
            waiting: BTreeSet::new(),
            script: scenario.script.clone().into(),
            mutations: Vec::new(),
        }
    }

    fn add_clusters(&mut self, scenario: &Scenario, seed: u64) {
        for spec in &scenario.clusters {
            self.clusters.push(Cluster {
                name: spec.name.clone(),
                arn: self.home.ecs(&format!("cluster/{}", spec.name)),
                status: spec.status.clone(),
                providers: spec.providers.clone(),
            });
        }
        for (n, spec) in (0_u64..).zip(&scenario.groups) {
            let members = scenario.instances.iter().find(|i| i.group.as_ref() == Some(&spec.name));
            self.groups.push(Group {
                name: spec.name.clone(),
                arn: self.home.group(&spec.name, &mut self.rng),
                minimum: spec.minimum,
                maximum: spec.maximum,
                desired: 0,
                zones: spec.zones.iter().map(|zone| Arc::from(zone.as_str())).collect(),
                suspended: spec.suspended.clone(),
                cluster: members.and_then(|of| self.cluster(&of.cluster)).unwrap_or(0),
                shape: members.map_or_else(Size::default, InstancesSpec::size),
                boot: spec.boot,
                created_at: scenario.start - spec.age,
                spot: spec.spot,
                spot_draining: spec.spot_draining,
                short: Vec::new(),
                activities: Vec::new(),
                refreshes: Vec::new(),
                rng: Rng::with_seed(seed ^ (GROUPS << 8) ^ n),
            });
        }
        for spec in &scenario.providers {
            self.providers.push(Provider {
                spec: spec.clone(),
                arn: self.home.ecs(&format!("capacity-provider/{}", spec.name)),
                group: self.groups.iter().position(|g| g.name == spec.group).unwrap_or(0),
                watching: false,
                reserved: Vec::new(),
            });
        }
    }

    fn add_instances(&mut self, of: &InstancesSpec) {
        let Some(cluster) = self.cluster(&of.cluster) else { return };
        let zone: Arc<str> = Arc::from(of.zone.as_str());
        let group = self.groups.iter().position(|g| Some(&g.name) == of.group.as_ref());
        let mut ids = of.ids.iter();
        for _ in 0..of.count {
            let mut instance = self.machine(cluster, zone.clone(), of.size());
            if let Some(id) = ids.next() {
                instance.ec2_id.clone_from(id);
            }
            instance.group = group;
            instance.provider = group.and_then(|g| self.providers.iter().position(|p| p.group == g));
            instance.stage = Stage::Registered(State::Active);
            instance.link.connected = true;
            instance.registered_at = self.now - of.age;
            self.instances.push(instance);
        }
    }

    /// Fargate, in every zone where a service of a cluster uses it: room without end.
    fn add_fargate(&mut self, scenario: &Scenario) {
        let used =
            |s: &'_ ServiceSpec| s.fargate.iter().map(|zone| (s.cluster.clone(), zone.clone())).collect::<Vec<_>>();
        let places: BTreeSet<(String, String)> = scenario.services.iter().flat_map(used).collect();
        for (cluster, zone) in places {
            let Some(cluster) = self.cluster(&cluster) else { continue };
            let mut host = self.machine(cluster, Arc::from(zone.as_str()), Size { cpu: FARGATE, memory: FARGATE });
            host.is_fargate = true;
            host.stage = Stage::Registered(State::Active);
            host.link.connected = true;
            self.instances.push(host);
        }
    }

    fn add_service(&mut self, spec: &ServiceSpec) {
        let Some(cluster) = self.cluster(&spec.cluster) else { return };
        let s = self.services.len();
        let definition = Arc::new(self.definition(&spec.name, spec.task.revision, &spec.task, Outcome::Runs));
        let deployed_at = self.now - spec.deployed;
        let id = names::deployment_id(&mut self.rng);
        let target_group =
            (spec.target_groups > 0).then(|| self.home.target_group(&format!("tg-{}", spec.name), &mut self.rng));
        let deployment = Deployment {
            reason: format!("ECS deployment {id} completed."),
            id,
            definition: definition.clone(),
            state: Rolling::Completed,
            failed: 0,
            created_at: deployed_at - Duration::from_secs(240),
            updated_at: deployed_at,
        };
        self.services.push(Service {
            arn: self.home.ecs(&format!("service/{}/{}", spec.cluster, spec.name)),
            cluster,
            provider: self.providers.iter().position(|p| Some(&p.spec.name) == spec.provider.as_ref()),
            target_group,
            desired: spec.desired,
            revision: spec.task.revision,
            ledger: vec![Record::found(deployment.clone())],
            deployments: vec![deployment],
            stable: definition,
            tasks: BTreeSet::new(),
            throttle: Throttle::default(),
            steady: None,
            log: Log::default(),
            created_at: self.now - spec.age.max(spec.deployed),
            spec: Arc::new(spec.clone()),
        });
        self.add_history(s);
        for stopped in &spec.stopped {
            self.add_stopped(s, stopped);
        }
    }

    /// The events of a service that has been steady for a while: the last deployment, and "steady state" every six hours.
    fn add_history(&mut self, s: usize) {
        let (now, offset) = (self.now, Duration::from_secs(self.rng.u64(60..REPEAT.as_secs())));
        let service = &self.services[s];
        let (name, deployment) = (&service.spec.name, &service.deployments[0]);
        let steady: Arc<str> = Arc::from(format!("(service {name}) has reached a steady state."));
        let completed = format!("(service {name}) (deployment {}) deployment completed.", deployment.id);
        let completed_at = deployment.updated_at;
        let times = (0..service.spec.history).map(|n| now - offset - REPEAT * n);
        let mut entries: Vec<_> = times.take_while(|at| *at > completed_at).map(|at| (at, steady.clone())).collect();
        let last = entries.first().map_or(completed_at, |(at, _)| *at);
        entries.push((completed_at, steady));
        entries.push((completed_at, Arc::from(completed)));
        for (at, message) in entries.into_iter().rev() {
            let id = self.rng.u128(..);
            self.services[s].log.push(Entry { id, at, message });
        }
        self.services[s].steady = Some(last);
        // Later than the last time it was said, by whole periods: a service deployed long ago is not silent for long.
        let mut next = last + REPEAT;
        while next <= now {
            next = next + REPEAT;
        }
        self.agenda.add(next, Due::Steady(s, last));
    }

    fn add_stopped(&mut self, s: usize, spec: &StoppedSpec) {
        let key = self.adopt(s);
        let stopped_at = self.now - spec.ago;
        let stop = Stop {
            code: spec.code.clone(),
            reason: spec.reason.clone(),
            exit: spec.exit,
            container_reason: spec.container_reason.clone(),
        };
        let instance = (!self.instances.is_empty()).then(|| self.rng.usize(..self.instances.len()));
        self.services[s].tasks.remove(&key);
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = Phase::Stopped;
            task.ready = false;
            task.instance = instance;
            task.created_at = stopped_at - Duration::from_secs(7_200);
            task.started_at = Some(stopped_at - Duration::from_secs(7_190));
            task.stopped_at = Some(stopped_at);
            task.stop = Some(stop);
        }
        self.agenda.add(stopped_at + Duration::from_secs(3_600), Due::Forgotten(key));
    }

    /// Gives every service its tasks. What finds no place is left to the scheduler.
    fn seat_all(&mut self, seating: Seating) {
        let order = self.zones_in_turn();
        let mut turn = 0;
        for s in 0..self.services.len() {
            for _ in 0..self.services[s].desired {
                let at = match seating {
                    Seating::Spread => self.find_seat(s, None).ok(),
                    Seating::RoundRobin => order.get(turn % order.len().max(1)).copied(),
                };
                let Some(at) = at else {
                    self.dirty.insert(s);
                    break;
                };
                turn += 1;
                let key = self.adopt(s);
                self.reserve(key, at);
            }
        }
    }

    /// The instances, one of each zone after the other.
    fn zones_in_turn(&self) -> Vec<usize> {
        let mut nth = std::collections::BTreeMap::<&str, usize>::new();
        let mut order: Vec<(usize, usize)> = Vec::with_capacity(self.instances.len());
        for (at, instance) in self.instances.iter().enumerate() {
            let n = nth.entry(&*instance.zone).or_default();
            order.push((*n, at));
            *n += 1;
        }
        order.sort_unstable();
        order.into_iter().map(|(_, at)| at).collect()
    }

    /// A task of a service that has been running since the last deployment.
    fn adopt(&mut self, s: usize) -> TaskKey {
        let service = &self.services[s];
        let deployment = &service.deployments[0];
        let (cluster, definition) = (service.cluster, deployment.definition.clone());
        let created_at = deployment.created_at + Duration::from_secs(self.rng.u64(0..180));
        let owner = Owner::Service { service: s, deployment: deployment.id.clone() };
        let key = self.create_task(cluster, owner, definition);
        self.run_since(key, created_at);
        key
    }

    fn run_since(&mut self, key: TaskKey, created_at: crate::time::Timestamp) {
        let started_at = created_at + Duration::from_secs(self.rng.u64(6..12));
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = Phase::Running;
            task.ready = true;
            task.proven = true;
            task.created_at = created_at;
            task.connectivity_at = Some(started_at);
            task.started_at = Some(started_at);
        }
    }

    fn add_standalone(&mut self, spec: &StandaloneSpec) {
        let Some(cluster) = self.cluster(&spec.cluster) else { return };
        let definition = Arc::new(self.definition(&spec.family, spec.task.revision, &spec.task, Outcome::Runs));
        let fits = |free: Size| free.cpu >= spec.task.cpu && free.memory >= spec.task.memory;
        let seat = self.instances.iter().enumerate().filter(|(_, i)| {
            i.cluster == cluster
                && !i.is_fargate
                && fits(i.free())
                && spec.zone.as_ref().is_none_or(|zone| *zone == *i.zone)
        });
        let Some(at) = seat.max_by_key(|(at, i)| (i.free().cpu, std::cmp::Reverse(*at))).map(|(at, _)| at) else {
            return;
        };
        let key = self.create_task(cluster, Owner::Alone { family: spec.family.clone() }, definition);
        self.run_since(key, self.now - spec.age);
        self.reserve(key, at);
    }
}
