//! Simulated stacks behind AWS's formats, in this process.

use std::sync::Arc;

use rounds::backend::sim::wire::{Options, Rates, Server, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{Clock, SystemClock};
use tokio::runtime::{Builder, Runtime};

/// A stack in which all is well, and nothing happens.
pub struct World {
    // It answers for as long as this is there.
    _runtime: Runtime,
    /// What it is asked.
    pub server: Server,
}

impl World {
    /// So many services, tasks and instances.
    pub fn of(services: u32, tasks: u32, instances: u32) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let scenario = Scenario::sized(services, tasks, instances).moved_to(clock.now());
        let sim = Sim::new(&scenario, 1, Arc::clone(&clock));
        let options = Options { clock, rates: Rates::Documented, ..Options::default() };
        let server = runtime.block_on(serve(sim.backend(), options)).expect("a free port");
        Self { _runtime: runtime, server }
    }
}
