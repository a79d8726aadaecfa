//! CloudWatch alarms of the simulated world.
//!
//! `spec` is the scenario's part; `board` the state; `watch` what an alarm compares; `evaluate` how it changes; `words` what
//! it says of it; `facts` the answers.

mod board;
mod evaluate;
mod facts;
mod spec;
mod watch;
mod words;

pub(super) use board::{Board, CONTROL_PLANE};
pub(super) use spec::{AlarmSpec, StateSpec, validate};
