//! The terminal: entering and leaving it, keys, frames, the clipboard. The only place that knows crossterm.

mod clipboard;
mod guard;
mod input;
mod output;
mod pace;
mod paint;
mod parser;
mod shift;

pub use clipboard::{Wrapping, osc52, wrapping};
pub use guard::{Terminal, restore};
pub use input::{Input, is_remote, spawn};
pub use pace::Manner;
pub use paint::Painter;
pub use parser::{Parser, Typed};
