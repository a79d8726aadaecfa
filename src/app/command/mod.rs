//! The table of commands: everything a key, the palette or a script can invoke. A command is one value and one line here.

mod act;
mod arm;
mod movement;
mod navigate;
mod prompt;
mod rows;
mod show;

pub(super) use act::{ask, is_large_enough, wishes};
pub(super) use navigate::go;

use super::{Effect, State};
use crate::error::nearest;

/// A named thing that can be invoked.
pub struct Command {
    /// Its id, as keymaps write it.
    pub id: &'static str,
    /// What it does, beginning with a verb.
    pub doc: &'static str,
    /// One word for the footer; empty: not hinted at.
    pub hint: &'static str,
    /// What its argument may be; empty: it takes none.
    pub args: fn() -> Vec<&'static str>,
    /// Whether the palette offers it.
    pub offered: bool,
    /// Does it.
    pub run: fn(&mut State, &str) -> Vec<Effect>,
}

impl Command {
    /// A command without argument that the palette offers.
    const fn new(
        id: &'static str,
        hint: &'static str,
        doc: &'static str,
        run: fn(&mut State, &str) -> Vec<Effect>,
    ) -> Self {
        Self { id, doc, hint, args: Vec::new, offered: true, run }
    }

    /// A command that means something only where the cursor or a prompt is.
    const fn local(id: &'static str, doc: &'static str, run: fn(&mut State, &str) -> Vec<Effect>) -> Self {
        Self { id, doc, hint: "", args: Vec::new, offered: false, run }
    }
}

/// Every command, in the order of the help.
pub const COMMANDS: &[&[Command]] =
    &[rows::ALL, act::ALL, arm::ALL, show::ALL, navigate::ALL, movement::ALL, prompt::ALL];

/// All commands in one line.
pub fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().flat_map(|group| group.iter())
}

/// The command with this id.
#[must_use]
pub fn command(id: &str) -> Option<&'static Command> {
    all().find(|c| c.id == id)
}

/// What keymaps may name: each command, and each with each of its arguments.
#[must_use]
pub fn known() -> Vec<String> {
    let with_args = all().flat_map(|c| {
        let args = (c.args)();
        let plain = args.is_empty().then(|| c.id.to_owned());
        plain.into_iter().chain(args.into_iter().map(|arg| format!("{} {arg}", c.id))).collect::<Vec<_>>()
    });
    with_args.collect()
}

/// Invokes a command by its id; an unknown one is told, with the nearest known.
pub fn invoke(state: &mut State, id: &str, arg: &str) -> Vec<Effect> {
    if let Some(command) = command(id) {
        return (command.run)(state, arg);
    }
    let near = nearest(id, all().map(|c| c.id)).map_or_else(String::new, |n| format!("; did you mean {n}?"));
    state.tell(format!("there is no command {id}{near}"));
    Vec::new()
}
