//! The strict loopback as clients meet it: AWS's own SDK for Rust, and botocore.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says why it fails or is skipped")]

#[path = "wire_face/autoscaled.rs"]
mod autoscaled;
#[path = "wire_face/clients.rs"]
mod clients;
#[path = "wire_face/databases.rs"]
mod databases;
#[path = "wire_face/facts.rs"]
mod facts;
#[path = "wire_face/faults.rs"]
mod faults;
#[path = "wire_face/guarded.rs"]
mod guarded;
#[path = "wire_face/guarding.rs"]
mod guarding;
#[path = "wire_face/limits.rs"]
mod limits;
#[path = "wire_face/oracle.rs"]
mod oracle;
#[path = "support/backend.rs"]
mod ports;
#[path = "support/python.rs"]
mod python;
#[path = "wire_face/rds.rs"]
mod rds;
#[path = "wire_face/scaling.rs"]
mod scaling;
#[path = "wire_face/world.rs"]
mod world;

use std::sync::Arc;

use rounds::backend::sim::wire::{Options, Rates, Server, serve};
use rounds::time::ManualClock;

/// A server that throttles nothing, at a time that stands still.
async fn quiet() -> Server {
    let clock = Arc::new(ManualClock::at(world::START));
    serve(world::backend(world::world()), Options { clock, rates: Rates::Off, ..Options::default() }).await.unwrap()
}
