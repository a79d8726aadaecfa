//! Where the user is: a view with its filter, order and cursor.

use std::collections::BTreeSet;

use crate::table::{Entry, Order};
use crate::view::{Drill, View};

/// A view as the user looks at it.
#[derive(Clone)]
pub struct Place {
    /// The view.
    pub view: &'static View,
    /// The filter it opened with, which stays.
    pub given: String,
    /// The filter line, which narrows it further.
    pub filter: String,
    /// The order of rows.
    pub order: Order,
    /// Whether rows that are well are hidden.
    pub faults_only: bool,
    /// The cursor.
    pub cursor: Cursor,
    /// Rows that are marked.
    pub marked: BTreeSet<Entry>,
    /// Rows that show what is folded under them.
    pub unfolded: BTreeSet<Entry>,
    /// Columns scrolled past to the left.
    pub shift: usize,
}

/// The row the user stands on. Until one is chosen that is the first, the worst by the usual order, whichever it is by then.
/// From then on it follows the row's identity, whatever happens to the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the user moved to this row, did something with it, or was led to it.
    pub chosen: bool,
    /// The row's identity.
    pub entry: Option<Entry>,
    /// Its place among the rows shown.
    pub index: usize,
    /// The first row on screen.
    pub top: usize,
}

impl Place {
    /// A view as it opens.
    #[must_use]
    pub fn new(view: &'static View) -> Self {
        Self {
            view,
            given: String::new(),
            filter: String::new(),
            order: view.order(),
            faults_only: false,
            cursor: Cursor::default(),
            marked: BTreeSet::new(),
            unfolded: BTreeSet::new(),
            shift: 0,
        }
    }

    /// The view a drill leads to.
    #[must_use]
    pub fn drilled(view: &'static View, drill: &Drill) -> Self {
        Self { given: drill.filter.clone(), ..Self::new(view) }
    }

    /// The same place with the cursor on this row, once it is there.
    #[must_use]
    pub fn on(mut self, entry: Option<Entry>) -> Self {
        self.cursor = Cursor { chosen: entry.is_some(), entry, ..self.cursor };
        self
    }

    /// Whether a filter narrows the rows. Whoever looks for something finds it, folded or not.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.filter.is_empty() || !self.given.is_empty()
    }

    /// Everything rows are filtered by.
    #[must_use]
    pub fn whole_filter(&self) -> String {
        format!("{} {}", self.given, self.filter).trim().to_owned()
    }

    /// The order of the rows, in words.
    #[must_use]
    pub fn order_words(&self) -> String {
        match (self.order.column.and_then(|c| self.view.columns.get(c)), self.order.reverse) {
            (None, false) => "worst first".to_owned(),
            (None, true) => "best first".to_owned(),
            (Some(column), false) => format!("by {} ascending", column.title),
            (Some(column), true) => format!("by {} descending", column.title),
        }
    }
}
