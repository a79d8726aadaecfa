//! P6: one write a frame, and no frame in pieces.

use std::fs;
use std::process::Command;

use crate::Scale;
use crate::pty::{END, Program};
use crate::table::Table;

const BEGIN: &str = r"\33[?2026h";
/// Keys with frames of every size.
const KEYS: [&str; 10] = ["2", "3", "4", "j", "j", "d", "\x1b", "1", "?", "\x1b"];

/// Measures it.
pub fn measure(scale: Scale) {
    let rounds = scale.of(20);
    let mut table = Table::new(&format!("P6 writes, `rounds demo` in 120x40, {} keys", rounds * KEYS.len()));
    let traced = Command::new("strace").arg("-V").output().is_ok();
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("trace").display().to_string();
    let strace = ["strace", "-f", "-qq", "-s", "9", "-e", "trace=write,writev", "-o", &file];
    let program = Program::rounds(&["demo"]);
    let mut running = if traced { program.under(&strace).start() } else { program.start() };
    running.sees("fresh, oldest");
    for _ in 0..rounds {
        for key in KEYS {
            running.press(key);
            running.frame(|_| true);
        }
    }
    running.listen(std::time::Duration::from_millis(300));
    let frames = running.written.windows(END.len()).filter(|bytes| *bytes == END).count() as u64;
    running.press("q");
    running.listen(std::time::Duration::from_millis(500));
    table.note("complete frames", frames);
    if !traced {
        table.note("write() a frame", "not measured: strace is not installed");
        return;
    }
    // strace shows the first bytes of each: a write that begins no frame is a piece of one, or none of the terminal's.
    let trace = fs::read_to_string(&file).expect("a trace");
    let to_terminal: Vec<&str> = trace.lines().filter(|line| line.contains("write(1,")).collect();
    let whole = to_terminal.iter().filter(|line| line.contains(BEGIN)).count() as u64;
    let beside = to_terminal.len() as u64 - whole;
    table.note("writes to the terminal that begin a frame", whole);
    table.count("other writes to the terminal (entering and leaving)", beside, 2, "");
    let per = whole as f64 / frames as f64;
    table.at_most("write() a frame", per, format!("{per:.3}"), 1.0, "1");
}
