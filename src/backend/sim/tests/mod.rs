//! Tests of the simulated world as a whole.

mod ehr_mongo;
mod incidents;
mod mongo;
mod ports;
mod rds;
mod scenarios;
mod scheduler;
mod watchers;
mod watching_ports;

use std::collections::BTreeMap;
use std::time::Duration;

use super::entities::{Owner, Phase, Stage};
use super::world::World;
use super::{Scenario, State};
use crate::model::ecs::{Service, Size};

fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// A world of one cluster, three zones with `each` instances of 4,096 units, and the services and script given.
fn small(each: u32, rest: &str) -> Scenario {
    let toml = String::from(
        r#"
        title = "t"
        about = "a"
        hint = "h"
        start = "2026-03-14T03:00:00Z"
        caller = { account = "123456789012", region = "us-east-1", arn = "arn:aws:sts::123456789012:assumed-role/SRE/ana" }
        cluster = [{ name = "c", providers = ["p"] }]
        group = [{ name = "g", minimum = 1, maximum = MAX, zones = ["za", "zb", "zc"] }]
        provider = [{ name = "p", group = "g" }]
        "#,
    )
    .replace("MAX", &(each * 3 + 2).to_string());
    let machines = ["za", "zb", "zc"].map(|zone| {
        format!(
            "[[instances]]\ncluster = 'c'\ngroup = 'g'\nzone = '{zone}'\ncount = {each}\ncpu = 4096\nmemory = 8192\n"
        )
    });
    Scenario::parse(&(toml + &machines.concat() + rest), "test").unwrap()
}

/// A task of no service, as the last part of such a world.
const JOB: &str = "
    [[standalone]]
    family = 'job'
    cluster = 'c'
    zone = 'za'
    task = { cpu = 300, memory = 300, image = 'j' }
";

/// One service of such a world.
fn service(name: &str, desired: u32, cpu: u32, bounds: (u32, u32), more: &str) -> String {
    let (minimum, maximum) = bounds;
    format!(
        "[[service]]\nname = '{name}'\ncluster = 'c'\nprovider = 'p'\ndesired = {desired}\n\
         task = {{ cpu = {cpu}, memory = 512, image = '{name}:1' }}\n\
         rollout = {{ minimum = {minimum}, maximum = {maximum}, breaker = 'rollback' }}\nhealth_check = true\n{more}\n"
    )
}

impl World {
    fn facts_of(&self, service: &str) -> Service {
        self.service_facts(self.services.iter().position(|s| s.spec.name == service).unwrap())
    }

    fn pass(&mut self, span: Duration) {
        self.advance_to(self.now + span);
    }

    fn zones_of(&self, service: &str) -> BTreeMap<String, u32> {
        let s = self.services.iter().position(|s| s.spec.name == service).unwrap();
        self.zone_counts(s)
    }

    /// Instances hold what their tasks reserve, and no more than they have; no port is taken twice.
    fn assert_never_overcommitted(&self) {
        for instance in &self.instances {
            let mut used = Size::default();
            let mut ports: Vec<u16> = Vec::new();
            for task in instance.tasks.iter().map(|key| &self.tasks[key]) {
                assert_ne!(task.phase, Phase::Stopped);
                used.cpu += task.definition.size.cpu;
                used.memory += task.definition.size.memory;
                ports.extend(&task.definition.ports);
            }
            assert_eq!(used, instance.used);
            assert!(used.cpu <= instance.total.cpu && used.memory <= instance.total.memory, "{instance:?}");
            ports.sort_unstable();
            assert_eq!(ports, instance.ports.iter().copied().collect::<Vec<_>>(), "a port taken twice");
            assert!(instance.tasks.is_empty() || instance.stage != Stage::Booting);
        }
    }

    /// Every service has what it wants, and nothing else.
    fn assert_steady(&self) {
        for s in 0..self.services.len() {
            let facts = self.service_facts(s);
            assert_eq!((facts.running, facts.pending), (facts.desired, 0), "{} at {:?}", facts.name, self.now);
            assert_eq!(facts.deployments.len(), 1, "{}", facts.name);
            assert_eq!(facts.deployments[0].rollout_state.as_deref(), Some("COMPLETED"), "{}", facts.name);
            let message = facts.events.iter().find(|e| !e.message.contains("registered")).map(|e| &e.message);
            assert!(message.is_some_and(|m| m.ends_with("has reached a steady state.")), "{message:?}");
            assert!(self.services[s].tasks.iter().all(|key| self.tasks[key].ready), "{}", facts.name);
        }
    }

    fn alone_on(&self, i: usize) -> bool {
        self.instances[i].tasks.iter().all(|key| matches!(self.tasks[key].owner, Owner::Alone { .. }))
    }

    fn drain(&mut self, i: usize) {
        let (cluster, arn) = (self.clusters[self.instances[i].cluster].arn.clone(), self.instances[i].arn.clone());
        self.set_instance_state(&cluster, &arn, State::Draining).unwrap();
    }
}
