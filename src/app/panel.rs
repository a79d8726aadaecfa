//! Panels: text over the table, to be read and closed.

use crate::table::Entry;

/// What a panel shows. It is made anew for each picture, so it is never older than the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelKind {
    /// The keys and columns of the view.
    Help,
    /// Why a row is judged as it is.
    Why(Entry),
    /// Everything known of a row.
    Detail(Entry),
    /// The error log.
    Errors,
    /// An attempt at an action, by its number.
    Attempt(u64),
    /// What came of what was left open, a line each.
    Settled(Vec<String>),
    /// Text that was copied.
    Copied(String),
}

/// A panel and how far it is scrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// What it shows.
    pub kind: PanelKind,
    /// Lines scrolled past.
    pub scroll: usize,
    /// Lines from the top that have been on the screen, without a gap.
    pub seen: usize,
}

impl Panel {
    /// A panel at its top.
    #[must_use]
    pub const fn new(kind: PanelKind) -> Self {
        Self { kind, scroll: 0, seen: 0 }
    }
}
