//! P4: what a console costs that nobody looks at.

use std::time::Duration;

use crate::Scale;
use crate::pty::{Program, Running};
use crate::table::{Table, ms};
use crate::world::World;

/// Until everything was read once and told.
const SETTLED: Duration = Duration::from_secs(20);

/// Measures it.
pub fn measure(scale: Scale) {
    let seconds = scale.of(60);
    let world = World::of(100, 1_000, 10);
    let url = world.server.endpoint_url();
    // Side by side: each sleeps nearly all the time.
    let mut all: Vec<(&str, bool, Running)> = vec![
        ("demo, --no-clock", true, Program::rounds(&["demo", "--no-clock"]).start()),
        ("loopback, --no-clock", true, Program::at(&url, &["--no-clock"]).start()),
        ("demo, with the clock", false, Program::rounds(&["demo"]).start()),
    ];
    if let Some(taws) = Program::taws() {
        all.push(("taws", false, taws.start()));
    }
    for (name, _, running) in &mut all {
        if *name != "taws" {
            running.sees("fresh, oldest");
        }
    }
    std::thread::sleep(SETTLED);
    let calls = world.server.counters().total();
    let before: Vec<_> = all
        .iter_mut()
        .map(|(_, _, running)| {
            running.listen(Duration::ZERO);
            (running.written.len(), running.cost())
        })
        .collect();
    std::thread::sleep(Duration::from_secs(seconds as u64));
    let mut table = Table::new(&format!(
        "P4 idle for {seconds} s; the loopback answers polls that find nothing new ({} calls), the demo's stack goes on",
        world.server.counters().total() - calls
    ));
    for ((name, judged, running), (bytes, (sleeps, cpu))) in all.iter_mut().zip(before) {
        running.listen(Duration::ZERO);
        let (sleeps_now, cpu_now) = running.cost();
        let bytes = running.written.len() - bytes;
        let rate = (sleeps_now - sleeps) as f64 / seconds as f64;
        let cpu = cpu_now.saturating_sub(cpu);
        let share = cpu.as_secs_f64() / seconds as f64 * 100.0;
        let [b, w, c] = ["bytes", "wakeups", "CPU"].map(|what| format!("{name}: {what}"));
        let (wakes, cost) = (format!("{rate:.2}/s"), format!("{share:.3} % ({})", ms(cpu)));
        if *judged {
            table.count(&b, bytes as u64, 0, "B");
            table.at_most(&w, rate, wakes, 1.0, "1/s").at_most(&c, share, cost, 0.05, "0.05 %");
        } else {
            table.note(&b, format!("{bytes} B")).note(&w, wakes).note(&c, cost);
        }
    }
}
