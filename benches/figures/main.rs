//! The figures of docs/performance.md, measured: `cargo bench --bench figures -- [--quick] [P1 P3 …]`.
//!
//! Every figure stands beside its target. What is below it is marked MISSED; nothing is subtracted, and the cost of measuring
//! itself (the floor) is a row of its own.
#![expect(clippy::expect_used, clippy::panic, reason = "a measurement that cannot be taken ends loudly")]
#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "it prints figures")]

mod bytes;
#[path = "../../tests/support/crowd.rs"]
mod crowd;
mod herd;
mod idle;
mod keys;
#[path = "../../tests/support/large.rs"]
mod large;
mod memory;
#[expect(dead_code, reason = "nothing is killed, and nobody has to prove who they are")]
#[path = "../../tests/support/mongod.rs"]
mod mongod;
mod network;
mod poll;
mod pty;
#[path = "../../tests/support/python.rs"]
mod python;
mod relay;
mod rows;
mod start;
mod table;
mod world;
mod writes;

use pty::Program;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    /// A tenth of everything, for a look and not for the record.
    quick: bool,
}

impl Scale {
    /// So many, or a tenth of it.
    #[must_use]
    pub const fn of(self, n: usize) -> usize {
        if self.quick { n.div_ceil(10) } else { n }
    }
}

/// A measurement: its id, and what takes it.
type Section = (&'static str, fn(Scale));

const SECTIONS: [Section; 11] = [
    ("P1", start::measure),
    ("P3", keys::measure),
    ("P4", idle::measure),
    ("P5", bytes::measure),
    ("P6", writes::measure),
    ("P7", rows::frames),
    ("P8", rows::filter),
    ("P9", memory::measure),
    ("P10", network::measure),
    ("P11", herd::measure),
    ("P13", poll::measure),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    // The harness starts itself as what it compares with, and as a process of its own whose memory is measured.
    match args.first().map(String::as_str) {
        Some("child-floor") => return pty::floor(),
        Some("child-rows") => return memory::child(args.get(1).and_then(|n| n.parse().ok()).unwrap_or(0)),
        _ => {}
    }
    let scale = Scale { quick: args.iter().any(|arg| arg == "--quick") };
    if scale.quick {
        println!("quick: a tenth of the measurements; not for the record");
    }
    if Program::taws().is_none() {
        println!("taws not installed: $TAWS is not set");
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    for (id, measure) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|arg| arg.eq_ignore_ascii_case(id)) {
            measure(scale);
        }
    }
}
