//! What is fuzzed. The bodies are shared with `tests/laws.rs`, which replays the corpora with the stable toolchain.

pub mod bodies;
#[path = "../../tests/laws/happening.rs"]
pub mod happening;
#[path = "../../tests/laws/world.rs"]
pub mod world;
