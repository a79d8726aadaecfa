//! One domain's facts each: plain structs, free of SDK types, columns, colours and clocks.
//!
//! Every field a service may leave out is an `Option`; every text from outside is a [`Text`](crate::text::Text).

pub mod alarm;
pub mod audit;
pub mod ecs;
pub mod facts;
pub mod fault;
pub mod finding;
pub mod form;
pub mod freeze;
pub mod identity;
mod machine;
pub mod metric;
pub mod mongo;
pub mod problem;
pub mod rds;
pub mod scaling;
pub mod secret;
pub mod stack;
pub mod timeline;

pub use facts::Facts;
pub use fault::{Fault, FaultKind};
pub use freeze::Freeze;
pub use problem::{Check, FIRST_SEEN, Follows, Problem, Severity, Subject};
