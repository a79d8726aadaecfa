//! What happens to the console, and what it wants done.

use std::sync::Arc;

use crate::action::Plan;
use crate::action::executor::{Ended, Progress};
use crate::action::policy::Confirmation;
use crate::error::Error;
use crate::keymap::Chord;
use crate::model::Fault;
use crate::store::{Fetched, News};

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Which.
    pub chord: Chord,
    /// Whether a person can have pressed it in answer to what is on the screen. One that was pasted, is held down, or was under
    /// way before the question was on the screen confirms nothing.
    pub deliberate: bool,
    /// Whether it came with others, faster than anybody types: it types no name that confirms.
    pub pasted: bool,
}

impl From<Chord> for Press {
    fn from(chord: Chord) -> Self {
        Self { chord, deliberate: true, pasted: false }
    }
}

/// Something that happened.
#[derive(Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Press),
    /// Text was pasted, of so many bytes, of which this is the beginning. It never acts as keys.
    Paste(String, usize),
    /// The screen has this many columns and rows.
    Resize(u16, u16),
    /// A feed has something to tell.
    News(Box<News>),
    /// A stack could not be connected to.
    Unconnected {
        /// Index of the stack.
        stack: usize,
        /// Why.
        fault: Fault,
    },
    /// An attempt was planned, or could not be.
    Planned {
        /// Its number.
        attempt: u64,
        /// The plan.
        result: Result<Arc<Plan>, Error>,
    },
    /// An attempt has gone on.
    Told {
        /// Its number.
        attempt: u64,
        /// What there is to tell.
        progress: Progress,
    },
    /// An attempt is over.
    Ended {
        /// Its number.
        attempt: u64,
        /// How it ended.
        ended: Ended,
    },
    /// What was open was looked at: what came of each, in words.
    Settled(Vec<String>),
    /// Time has passed.
    Tick,
    /// Something to tell the user for a few seconds.
    Notice(String),
}

impl From<Fetched> for Msg {
    fn from(fetched: Fetched) -> Self {
        Self::News(Box::new(News::Fetched(fetched)))
    }
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Draw everything anew, whatever the terminal shows.
    Redraw,
    /// Put text on the clipboard.
    Copy(String),
    /// Poll now what these feeds read.
    Refresh,
    /// These feeds are on screen now.
    Focus(Vec<&'static str>),
    /// Read what there is, and plan.
    Plan {
        /// The number of the attempt.
        attempt: u64,
        /// The index of the stack.
        stack: usize,
        /// The id of the action.
        action: &'static str,
        /// Its target, as the action takes it.
        target: String,
    },
    /// Carry out the plan of an attempt.
    Act {
        /// Its number.
        attempt: u64,
        /// What the person gave.
        confirmation: Confirmation,
    },
    /// Read what became of what was left open, and note it.
    Settle,
    /// Write the rows of this view to a file.
    Export(&'static str),
}
