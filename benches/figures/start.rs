//! P1: from exec to the first complete frame.

use std::time::{Duration, Instant};

use crate::Scale;
use crate::pty::{Program, Running};
use crate::table::{Table, median_with_interval, ms, quantile};
use crate::world::World;

/// Bytes that are more than the taking of a terminal.
const SOMETHING: usize = 500;
/// Dropped from every series.
const WARM_UP: usize = 3;

/// Starts a program, waits for its first picture as `first` knows it, and ends it; gives how long the picture took.
fn once(program: &Program, first: impl Fn(&mut Running) -> Instant) -> Duration {
    let mut running = program.start();
    first(&mut running) - running.began
}

/// Pairs, one after the other, so that the load of the machine meets both.
fn pairs(n: usize, a: impl Fn() -> Duration, b: impl Fn() -> Duration) -> Vec<(Duration, Duration)> {
    (0..n + WARM_UP).map(|_| (a(), b())).skip(WARM_UP).collect()
}

/// Measures it.
pub fn measure(scale: Scale) {
    let n = scale.of(50);
    let mut table =
        Table::new(&format!("P1 exec → first complete frame, {n} interleaved pairs, `rounds demo` in 120x40"));
    let frame = |running: &mut Running| running.frame(|_| true);
    let rounds = || once(&Program::rounds(&["demo"]), frame);
    let measured = pairs(n, rounds, || once(&Program::floor(), frame));
    let (ours, floor): (Vec<_>, Vec<_>) = measured.iter().copied().unzip();
    let [ours50, floor50] = [&ours, &floor].map(|all| quantile(all, 0.5));
    table
        .note("floor, median", ms(floor50))
        .note("rounds, median", ms(ours50))
        .note("rounds, p99", ms(quantile(&ours, 0.99)));
    let over: Vec<f64> = measured.iter().map(|(a, b)| (a.as_secs_f64() - b.as_secs_f64()) * 1_000.0).collect();
    let (median, [from, to]) = median_with_interval(&over);
    let shown = format!("{median:.1} ms [{from:.1}, {to:.1}]");
    table.at_most("rounds over the floor, median of pairs", median, shown, 5.0, "5 ms");
    let data = |running: &mut Running| running.frame(|running| running.text().contains("fresh, oldest"));
    let shown: Vec<Duration> = (0..n.min(10)).map(|_| once(&Program::rounds(&["demo"]), data)).collect();
    table.note("exec → simulated data shown, median", ms(quantile(&shown, 0.5)));
    let Some(taws) = Program::taws() else { return };
    let mut compare = |name: &str, measured: Vec<(Duration, Duration)>| {
        let ratios: Vec<f64> = measured.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        let (median, [from, to]) = median_with_interval(&ratios);
        table.at_most(name, median, format!("{median:.2} [{from:.2}, {to:.2}]"), 1.0, "1.00");
    };
    compare("first frame / taws at rest, median of pairs", pairs(n, rounds, || once(&taws, Running::settles)));
    // Before its table it shows a splash, and rounds on a real endpoint sets up more than in the demo.
    let world = World::of(8, 40, 4);
    let connected = Program::at(&world.server.endpoint_url(), &[]);
    let something = |running: &mut Running| running.shows(SOMETHING);
    let measured = pairs(n, || once(&connected, something), || once(&taws, something));
    compare("first sign on a loopback / taws, median of pairs", measured);
}
