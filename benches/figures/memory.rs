//! P9: memory.

use std::fs;

use crate::Scale;
use crate::large::{self, NOW, POLL, console};
use crate::pty::{Program, number};
use crate::table::Table;
use crate::world::World;

/// Measures it.
pub fn measure(_: Scale) {
    let mut table = Table::new("P9 memory, as /proc tells it");
    let megabytes = |kib: u64| kib as f64 / 1_024.0;
    let shown = |kib: u64| format!("{:.1} MB", megabytes(kib));
    let world = World::of(100, 1_000, 10);
    let programs = [
        ("demo", Program::rounds(&["demo"]), "fresh, oldest"),
        ("100 services, 1,000 tasks over the SDK", Program::at(&world.server.endpoint_url(), &[]), "all well"),
    ];
    for (name, program, words) in programs {
        let mut running = program.start();
        running.sees(words);
        for (what, status) in [("VmRSS", "VmRSS"), ("VmHWM", "VmHWM")] {
            let kib = running.status(status);
            table.at_most(&format!("{name}: first data, {what}"), megabytes(kib), shown(kib), 25.0, "25 MB");
        }
        running.quit();
    }
    if let Some(taws) = Program::taws() {
        let mut running = taws.start();
        running.settles();
        table.note("taws: first picture, VmRSS", shown(running.status("VmRSS")));
    }
    let own = std::env::current_exe().expect("this program");
    let rows = |n: &str| {
        let out = std::process::Command::new(&own).args(["child-rows", n]).output().expect("it runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        ["VmRSS", "VmHWM"].map(|name| number(&told, name))
    };
    let [none, _] = rows("0");
    let [resident, peak] = rows("100000");
    table.note("console without AWS, no rows, VmRSS", shown(none));
    table.at_most("100,000 rows, without AWS, VmRSS", megabytes(resident), shown(resident), 90.0, "90 MB");
    table.at_most("100,000 rows and a second poll, VmHWM", megabytes(peak), shown(peak), 90.0, "90 MB");
    table.note("a row, its facts included", format!("{} B", (resident - none) * 1_024 / 100_000));
}

/// A console that has read so many rows twice, in a process of its own; tells its status.
pub fn child(rows: usize) {
    let mut state = console(rows);
    rounds::app::update(&mut state, NOW + POLL, large::read(rows, NOW + POLL));
    let picture = rounds::app::screen(&state);
    assert!(rows == 0 || rounds::tui::text(&picture, &large::theme()).contains(&format!("tasks {rows}")));
    println!("{}", fs::read_to_string("/proc/self/status").expect("it runs"));
}
