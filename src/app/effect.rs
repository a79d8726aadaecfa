//! What happens to the console, and what it wants done.

use crate::keymap::Chord;
use crate::model::Fault;
use crate::store::{Fetched, News};

/// Something that happened.
#[derive(Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Chord),
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
    /// Write the rows of this view to a file.
    Export(&'static str),
}
