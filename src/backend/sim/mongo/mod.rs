//! MongoDB replica sets of the simulated world.
//!
//! A set has its own dice and its own agenda entries, and knows of the rest of the world only which zones are cut off. Its
//! members hear of each other as real ones do, by heartbeats; what one of them answers is what it knows, not what is so.
//!
//! `spec` is the scenario's part; `set` the state; `oplog` what is written and replicated; `beat` the heartbeats;
//! `election` who becomes primary and when; `verbs` what is done to it from outside; `facts` what a member answers.

mod beat;
mod election;
mod facts;
mod oplog;
mod set;
mod spec;
mod verbs;

pub(super) use set::{Happens, Set};
pub(super) use spec::{Access, SetSpec, validate};
pub(super) use verbs::Silence;

use super::world::{Due, World};

impl World {
    /// Something happens in a replica set.
    pub(super) fn in_set(&mut self, n: usize, happens: &Happens) {
        self.with_set(n, |set| set.happen(happens));
    }

    /// Does something to a replica set now.
    pub(super) fn with_set(&mut self, n: usize, act: impl FnOnce(&mut Set)) {
        let Some(set) = self.sets.get_mut(n) else { return };
        set.now = self.now;
        act(set);
        for (at, happens) in std::mem::take(&mut set.later) {
            self.agenda.add(at, Due::InSet(n, happens));
        }
    }

    /// Does something to every replica set now.
    pub(super) fn with_sets(&mut self, act: impl Fn(&mut Set)) {
        for n in 0..self.sets.len() {
            self.with_set(n, &act);
        }
    }
}
