//! The program and the feeds against the strict loopback: real pages, batch limits, rates and faults, over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/binary.rs"]
mod binary;
#[path = "wire/budget.rs"]
mod budget;
#[path = "support/console.rs"]
mod console;
#[path = "wire/databases.rs"]
mod databases;
#[path = "wire/faults.rs"]
mod faults;
#[path = "wire/incidents.rs"]
mod incidents;
#[path = "support/lists.rs"]
mod lists;
#[path = "support/opinion.rs"]
mod opinion;
#[path = "wire/privacy.rs"]
mod privacy;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod pty;
#[path = "support/python.rs"]
mod python;
#[path = "support/stream.rs"]
mod stream;
#[path = "wire/worlds.rs"]
mod worlds;

use std::sync::Arc;

use rounds::backend::sim::wire::{Options, Rates, Server, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{ManualClock, Timestamp};

/// 2026-03-14T03:12:44Z, the moment the demo opens at.
const NIGHT: Timestamp = Timestamp::from_secs(1_773_457_964);

/// A simulated world that stands still.
fn still(scenario: &Scenario) -> (Sim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(NIGHT));
    (Sim::new(scenario, 1, clock.clone()), clock)
}

/// A world behind AWS's formats, with these rates.
async fn serving(sim: &Sim, rates: Rates) -> Server {
    serve(sim.backend(), Options { rates, ..Options::default() }).await.unwrap()
}
