//! The terminal: entering and leaving it, keys, the clipboard. The only place that knows crossterm.

mod clipboard;
mod guard;
mod input;

pub use clipboard::{Wrapping, osc52, wrapping};
pub use guard::{Terminal, restore};
pub use input::{Input, spawn};
