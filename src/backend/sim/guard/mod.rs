//! GuardDuty of the simulated world: a detector, and what it finds.
//!
//! `spec` is the scenario's part; `state` what was found; `facts` the answers.

mod facts;
mod spec;
mod state;

pub(super) use spec::{DetectorSpec, FindingSpec, ResourceSpec, validate};
pub(super) use state::Guard;
