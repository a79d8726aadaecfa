//! Application Auto Scaling of the simulated world: the load of services, what may be scaled, by which policies, and what
//! was done.
//!
//! `spec` is the scenario's part; `load` how hot the tasks of a service run; `state` targets and policies; `act` what they do;
//! `facts` the answers.

mod act;
mod facts;
mod load;
mod spec;
mod state;

pub(super) use load::Loads;
pub(super) use spec::{TargetSpec, validate};
pub(super) use state::{CONTROL_PLANE, Kind, Scaling};
