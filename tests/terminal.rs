//! The real binary in a pseudo-terminal: what it shows, that keys act and pastes do not, that nothing but what is meant reaches
//! the terminal, and that the terminal is given back.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says why it fails")]

#[path = "terminal/breaking.rs"]
mod breaking;
#[path = "support/canned.rs"]
mod canned;
#[path = "terminal/copying.rs"]
mod copying;
#[path = "terminal/hostile.rs"]
mod hostile;
#[path = "terminal/leaving.rs"]
mod leaving;
#[path = "terminal/limits.rs"]
mod limits;
#[path = "terminal/looking.rs"]
mod looking;
#[path = "terminal/losing.rs"]
mod losing;
#[path = "terminal/network.rs"]
mod network;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod pty;
#[path = "support/stream.rs"]
mod stream;
#[path = "terminal/surroundings.rs"]
mod surroundings;

use pty::{Console, Launch};

/// The demo, once it has read everything.
fn demo() -> Console {
    read(Launch::new(&["demo"]))
}

/// The demo as it is to be launched, once it has read everything.
fn read(launch: Launch) -> Console {
    let mut console = launch.start();
    console.sees("demo ehr-mongo").sees("fresh, oldest").sees("cannot place");
    console
}
