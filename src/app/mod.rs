//! The console as a pure machine: messages in, effects out, and a picture of the state as plain data.
//!
//! Nothing here reads a clock, waits, or knows a terminal.

mod arming;
mod attempt;
pub mod command;
mod effect;
mod listing;
mod palette;
mod panel;
mod place;
mod prompt;
pub mod screen;
mod state;
mod update;
mod world;

pub use attempt::{Attempt, AttemptStage, Attempts, Planned, Wish};
pub use command::{COMMANDS, Command};
pub use effect::{Effect, Msg, Press};
pub use listing::Listing;
pub use panel::{Panel, PanelKind};
pub use place::{Cursor, Place};
pub use prompt::{Prompt, PromptKind};
pub use screen::{Screen, screen};
pub use state::{Options, State};
pub use update::update;
pub use world::{LogLine, World};
