//! P3: from a key to the complete frame that shows what it did, while nothing else happens and while every call hangs.

use std::time::Duration;

use rounds::backend::sim::wire::Fault;

use crate::Scale;
use crate::pty::{Program, Running};
use crate::table::{Table, ms, quantile};
use crate::world::World;

/// What taws took for a key while it read over a link with a round trip of 2 s.
const TAWS_BUSY: Duration = Duration::from_millis(4_072);
/// Between keys, as a quick hand presses them.
const PAUSE: Duration = Duration::from_millis(5);

/// Moves the cursor down and up; gives how long each took until it stood there.
fn latencies(console: &mut Running, n: usize) -> Vec<Duration> {
    let mut all = Vec::with_capacity(n);
    for key in ["j", "k"].into_iter().cycle().take(n + 20) {
        console.listen(PAUSE);
        let before = console.cursor().expect("a cursor");
        let moved = if key == "j" { before + 1 } else { before - 1 };
        let pressed = console.press(key);
        let shown = console.frame(|console| console.cursor() == Some(moved));
        all.push(shown - pressed);
    }
    all.split_off(20)
}

fn echoes(n: usize) -> Vec<Duration> {
    let mut floor = Program::floor().start();
    floor.frame(|_| true);
    let mut all = Vec::with_capacity(n);
    for _ in 0..n + 20 {
        floor.listen(PAUSE);
        let pressed = floor.press("j");
        all.push(floor.frame(|_| true) - pressed);
    }
    all.split_off(20)
}

/// Measures it.
pub fn measure(scale: Scale) {
    let n = scale.of(2_000);
    let mut table =
        Table::new(&format!("P3 key → complete frame, {n} keys 5 ms apart, 100 services and 1,000 tasks, 120x40"));
    let world = World::of(100, 1_000, 10);
    let mut console = Program::at(&world.server.endpoint_url(), &[]).start();
    console.sees("fresh, oldest");
    console.press("4");
    console.sees("tasks 1000");
    let idle = latencies(&mut console, n);
    world.server.faults().set("*", Fault::Latency(Duration::from_secs(30)), None);
    let calls = world.server.counters().total();
    console.press("r");
    let busy = latencies(&mut console, n);
    assert!(world.server.counters().total() > calls, "it asked meanwhile, and waits");
    console.quit();
    let floor = echoes(n);
    let limit = Duration::from_millis(5);
    for (name, all) in [("floor", &floor), ("idle", &idle), ("while every call hangs for 30 s", &busy)] {
        table.note(&format!("{name}, p50 / max"), format!("{} / {}", ms(quantile(all, 0.5)), ms(quantile(all, 1.0))));
        if name == "floor" {
            table.note("floor, p99", ms(quantile(all, 0.99)));
        } else {
            table.within(&format!("{name}, p99"), quantile(all, 0.99), limit);
        }
    }
    let [idle, busy] = [&idle, &busy].map(|all| quantile(all, 0.5).as_secs_f64());
    table.at_most("busy / idle, p50", busy / idle, format!("{:.2}", busy / idle), 1.5, "1.50");
    let taws = busy / TAWS_BUSY.as_secs_f64();
    table.at_most("busy p50 / taws busy (4,072 ms, not measured here)", taws, format!("{taws:.5}"), 0.002, "0.002");
}
