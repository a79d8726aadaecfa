//! Databases of the simulated world: instances, clusters, proxies, what RDS tells of them and what CloudWatch measures.
//!
//! `spec` is the scenario's part; `fleet` the state; `failover` how an instance or a cluster moves; `verbs` what else is done
//! to them; `events` what RDS tells; `series` what is measured, as a function of time and of what happened; `facts` the
//! answers.

mod events;
mod facts;
mod failover;
mod fleet;
mod series;
mod spec;
mod verbs;

pub(super) use events::CONTROL_PLANE;
pub(super) use fleet::{Fleet, Happens};
pub(super) use series::{Minute, points};
pub(super) use spec::{DatabaseSpec, DbClusterSpec, ProxySpec, names, validate};

use super::world::{Due, World};

impl World {
    /// Something happens to a database.
    pub(super) fn in_fleet(&mut self, happens: &Happens) {
        self.with_fleet(|fleet| fleet.happen(happens));
    }

    /// Does something to the databases now.
    pub(super) fn with_fleet(&mut self, act: impl FnOnce(&mut Fleet)) {
        self.fleet.now = self.now;
        act(&mut self.fleet);
        for (at, happens) in std::mem::take(&mut self.fleet.later) {
            self.agenda.add(at, Due::InFleet(happens));
        }
    }
}
