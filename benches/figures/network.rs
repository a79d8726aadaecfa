//! P10: calls and connections a refresh costs.

use std::time::Duration;

use crate::Scale;
use crate::pty::Program;
use crate::table::Table;
use crate::world::World;

/// The fewest calls there can be for 100 services, 1,000 tasks and 10 instances in one cluster, at the documented batch sizes.
/// Cold: identity 1; clusters 1 + 1; services 1 + 10; tasks 10 + 10; stopped tasks 1; instances 1 + 1; providers 1; groups 1.
const COLD: u64 = 39;

/// Measures it.
pub fn measure(_: Scale) {
    let world = World::of(100, 1_000, 10);
    let mut running = Program::at(&world.server.endpoint_url(), &[]).start();
    running.sees("all well");
    let cold = world.server.counters();
    let mut table = Table::new("P10 calls and connections, 100 services, 1,000 tasks, 10 instances, loopback");
    table.count("first reading: calls", cold.total(), COLD, "calls");
    for (action, calls) in &cold.calls {
        table.note(&format!("  {action}"), calls);
    }
    // Two minutes of the overview, at its usual pace.
    running.listen(Duration::from_secs(60));
    let warm = world.server.counters();
    table.note("a minute of refreshes: calls", warm.total() - cold.total());
    for action in ["ecs:ListServices", "ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks"] {
        table.note(&format!("  {action}"), warm.calls(action) - cold.calls(action));
    }
    // All services share the one address of the loopback: ECS, Auto Scaling and STS are three hosts at AWS.
    let connections = warm.connections() as u64;
    table.count("connections to three services, as one host each", connections, 4 + 1 + 1, "");
    table.count("connections opened after the first reading", connections - cold.connections() as u64, 0, "");
    running.quit();
}
