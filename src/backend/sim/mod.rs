//! The simulated world: what stands behind `rounds demo`, the tests and the screenshots.
//!
//! A [`World`] is a function of its [`Scenario`], a seed, the time and the actions taken; no part of it asks a clock. A
//! [`Sim`] ties it to one: every call of a port first lets the world catch up with the clock, then answers as AWS would.
//!
//! `scenario`, `work`, `script` and `act` are the file, which `play` plays; `start` builds the world from it; `world` lets time
//! pass; `lifecycle`, `network`, `placement`, `rollout`, `deployment` and `group` are what ECS and Auto Scaling do; `scaling` is
//! Application Auto Scaling, `alarms` CloudWatch's, `guard` GuardDuty, `vault` Secrets Manager, `mongo` replica sets, `rds`
//! databases; the ports are one file a service.

mod act;
mod actions;
mod alarms;
mod clock;
mod deployment;
mod entities;
mod events;
mod facts;
mod faults;
mod group;
mod guard;
mod handovers;
mod known;
mod ledger;
mod lifecycle;
mod logs;
mod mongo;
mod names;
mod network;
mod noise;
mod paging;
mod placement;
mod play;
mod port_alarms;
mod port_app_scaling;
mod port_changes;
mod port_ecs;
mod port_group_activities;
mod port_groups;
mod port_guardduty;
mod port_metrics;
mod port_mongo;
mod port_preflight;
mod port_rds;
mod port_secrets;
mod port_sts;
mod port_task_definitions;
mod rds;
mod rollout;
mod scaling;
mod scenario;
mod script;
mod sized;
mod start;
#[cfg(test)]
mod tests;
mod validate;
mod vault;
pub mod wire;
mod work;
mod world;

pub use actions::Mutation;
pub use clock::{SimClock, Speed};
pub use entities::State;
pub use faults::{ANY, Faults, Trouble};
pub use known::{Known, scenarios};
pub use paging::{Keys, UnknownToken, page};
pub use scenario::Scenario;
pub use world::World;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::wire::{Buckets, Class, Rates};
use super::ports::{Backend, NoJournal};
use crate::model::{Fault, FaultKind};
use crate::time::Clock;

/// A simulated world tied to a clock: the backend of a stack. Clones share the world.
#[derive(Clone)]
pub struct Sim {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Clock>,
    faults: Arc<Faults>,
    calls: Arc<Mutex<BTreeMap<&'static str, u64>>>,
    buckets: Arc<Buckets>,
    throttled: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Sim {
    /// Builds the world of a scenario, with the scenario's faults, and ties it to `clock`, which shows simulated time.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let faults = Faults::default();
        for fault in &scenario.faults {
            fault.schedule(&faults, scenario.start);
        }
        Self {
            world: Arc::new(Mutex::new(World::new(scenario, seed))),
            clock,
            faults: Arc::new(faults),
            calls: Arc::default(),
            buckets: Arc::new(Buckets::new(Rates::Off)),
            throttled: Arc::default(),
        }
    }

    /// The same with token buckets, which all who call share: as an account has them.
    #[must_use]
    pub fn limited(self, rates: Rates) -> Self {
        Self { buckets: Arc::new(Buckets::new(rates)), ..self }
    }

    /// The ports.
    #[must_use]
    pub fn backend(&self) -> Backend {
        let shared = Arc::new(self.clone());
        Backend {
            ecs: shared.clone(),
            ecs_preflight: shared.clone(),
            changes: shared.clone(),
            groups: shared.clone(),
            group_activities: shared.clone(),
            app_scaling: shared.clone(),
            alarms: shared.clone(),
            guardduty: shared.clone(),
            secrets: shared.clone(),
            task_definitions: shared.clone(),
            rds: shared.clone(),
            proxies: shared.clone(),
            metrics: shared.clone(),
            mongo: shared.clone(),
            logs: shared.clone(),
            sts: shared,
            journal: Arc::new(NoJournal),
        }
    }

    /// The faults calls meet; they can be changed at any time.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Lets the world catch up with the clock and hands it to `act`.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        world.advance_to(self.clock.now());
        act(&mut world)
    }

    /// How often each IAM action was called, those included that failed.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often each IAM action was told to slow down for want of a token.
    #[must_use]
    pub fn throttled(&self) -> BTreeMap<&'static str, u64> {
        self.throttled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One call of a port: meets its faults, then reads or changes the world as it is once they are over.
    async fn call<T>(
        &self,
        action: &'static str,
        act: impl FnOnce(&mut World) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(action).or_default() += 1;
        let fate = self.faults.fate(action, self.clock.now());
        tokio::task::yield_now().await;
        if !fate.delay.is_zero() {
            tokio::time::sleep(fate.delay).await;
        }
        if fate.hangs {
            std::future::pending::<()>().await;
        }
        let now = self.clock.now();
        let is_let_through = Class::of(action).is_none_or(|class| self.buckets.take(class, now));
        if !is_let_through {
            *self.throttled.lock().unwrap_or_else(PoisonError::into_inner).entry(action).or_default() += 1;
        }
        if let Some(kind) = fate.fails.or((!is_let_through).then_some(FaultKind::Throttled)) {
            let caller = self.lock().home.caller.clone();
            return Err(faults::fault(kind, action, &caller));
        }
        let answer = self.with(act);
        if fate.loses_answer { Err(faults::fault(FaultKind::Timeout, action, "")) } else { answer }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
