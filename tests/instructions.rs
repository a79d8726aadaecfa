//! What drawing, filtering and cleaning cost in instructions, counted by callgrind: the same on a busy machine and on a quick
//! one. Laws first (a frame costs the same however many rows there are; filtering and cleaning grow in line with what they
//! read), then the counts themselves against `tests/data/instructions.txt`, with room for another compiler. `UPDATE=1 cargo
//! test --test instructions` writes that file anew.
//!
//! It counts the dev profile, which the other tests have built already: laws hold in any profile, and a count that jumps does
//! so in all.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says why it fails")]
#![expect(clippy::cast_precision_loss, reason = "ratios of counts")]

#[path = "support/large.rs"]
mod large;

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use rounds::app::screen;
use rounds::term::Painter;
use rounds::text::clean;
use rounds::tui;

use large::{console, press, theme};

/// What is counted, each of a size.
const COUNTED: [(&str, usize); 6] =
    [("draw", 100), ("draw", 10_000), ("filter", 1_000), ("filter", 10_000), ("clean", 500), ("clean", 4_000)];
/// How far a count may be from the one on record: what another compiler may make of the same code.
const TOLERANCE: f64 = 0.25;
/// Tells the child what to do.
const WORK: &str = "ROUNDS_COUNTED_WORK";

/// The only function callgrind collects in.
#[inline(never)]
fn measured_work(work: &mut dyn FnMut()) {
    work();
}

/// Does what is counted; everything it needs is made before.
#[test]
#[ignore = "valgrind runs it"]
fn child() {
    let work = std::env::var(WORK).expect("what to do");
    let (name, size) = work.split_once(' ').expect("a name and a size");
    let size: usize = size.parse().expect("a size");
    match name {
        "draw" => {
            let (mut state, theme, mut painter) = (console(size), theme(), Painter::default());
            let mut draw = || {
                press(&mut state, "j");
                let picture = screen(&state);
                black_box(painter.frame(tui::render(&picture, &theme), tui::caret(&picture)));
            };
            draw();
            measured_work(&mut draw);
        }
        "filter" => {
            let mut state = console(size);
            press(&mut state, "/ u n h e a l t h");
            measured_work(&mut || press(&mut state, "y"));
            assert_eq!(state.listing.shown.len(), size / 100);
        }
        "clean" => {
            let hostile: String = "ehr-api \u{1b}[31m\u{202e}日本é\u{301}\r".chars().cycle().take(size).collect();
            measured_work(&mut || {
                black_box(clean(&hostile));
            });
        }
        _ => panic!("{name} is not known"),
    }
}

/// Instructions a piece of work costs.
fn count(name: &str, size: usize) -> u64 {
    let home = tempfile::tempdir().expect("a directory");
    let out = home.path().join("callgrind");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*measured_work*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--ignored", "--test-threads=1"])
        .env(WORK, format!("{name} {size}"))
        .output()
        .expect("valgrind runs");
    let told = || String::from_utf8_lossy(&[ran.stdout.clone(), ran.stderr.clone()].concat()).into_owned();
    assert!(ran.status.success(), "{name} {size}: {}", told());
    let counted = fs::read_to_string(out).expect("counts");
    let total = counted.lines().find_map(|line| line.strip_prefix("totals: ")).and_then(|n| n.trim().parse().ok());
    total.filter(|total| *total > 1_000).unwrap_or_else(|| panic!("{name} {size}: nothing was counted: {}", told()))
}

/// The record of these counts.
fn record(counts: &[u64; 6]) -> String {
    COUNTED.iter().zip(counts).fold(String::new(), |mut lines, ((name, size), count)| {
        writeln!(lines, "{name} {size} {count}").expect("a string");
        lines
    })
}

/// What is wrong with these counts: against the laws, and against what is on record.
fn wrong(counts: &[u64; 6], record: &str) -> Vec<String> {
    let [draw, draw_many, filter, filter_many, clean, clean_long] = counts.map(|n| n as f64);
    let laws = [
        ("a frame of 10,000 rows costs as much as one of 100", draw_many / draw, 1.2),
        ("ten times the rows are filtered for ten times the work", filter_many / filter, 11.0),
        ("text eight times as long is cleaned for eight times the work", clean_long / clean, 9.0),
    ];
    let broken = laws.iter().filter(|(_, ratio, limit)| ratio > limit);
    let broken = broken.map(|(law, ratio, limit)| format!("{law}: {ratio:.2}, {limit} at most"));
    let recorded: Vec<u64> = record.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok()).collect();
    let far = COUNTED.iter().zip(counts).enumerate().filter_map(|(i, ((name, size), count))| {
        let known = recorded.get(i).copied().unwrap_or(0) as f64;
        let off = *count as f64 / known - 1.0;
        (off.abs() > TOLERANCE || known == 0.0)
            .then(|| format!("{name} {size}: {count} instructions, {known} on record, {:+.0} %", off * 100.0))
    });
    broken.chain(far).collect()
}

#[test]
fn drawing_filtering_and_cleaning_cost_what_they_did() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "valgrind is not installed");
        let _ = writeln!(std::io::stderr(), "not counted: valgrind is not installed");
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/instructions.txt");
    let counts = std::thread::scope(|scope| {
        let all = COUNTED.map(|(name, size)| scope.spawn(move || count(name, size)));
        all.map(|one| one.join().expect("it is counted"))
    });
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, record(&counts)).expect("written");
    }
    let wrong = wrong(&counts, &fs::read_to_string(&file).unwrap_or_default());
    assert!(wrong.is_empty(), "{}\nif this is meant: UPDATE=1 cargo test --test instructions", wrong.join("\n"));
}

#[test]
fn a_broken_law_and_a_count_that_jumped_are_told() {
    let counts = [100, 110, 1_000, 10_000, 500, 4_000];
    assert_eq!(wrong(&counts, &record(&counts)), [""; 0]);
    assert_eq!(wrong(&counts, &record(&[100, 110, 1_000, 10_000, 500, 3_000])).len(), 1, "a third more than on record");
    assert_eq!(wrong(&counts, "").len(), 6, "nothing on record");
    let slow = [100, 5_000, 1_000, 100_000, 500, 32_000];
    assert_eq!(wrong(&slow, &record(&slow)).len(), 3, "each law");
}
