//! Everything known of one thing, as titled lines.

use crate::table::{Cell, Trend};
use crate::text::Text;

/// The detail of one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// What it is about.
    pub title: Text,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of a detail.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A heading.
    Heading(&'static str),
    /// A named value.
    Field(Text, Cell),
    /// Something that happened, and when.
    Event(Cell, Text),
    /// A named series of numbers, drawn as bars.
    Trend(Text, Trend),
    /// Words.
    Words(Text),
}

impl Detail {
    /// An empty detail with this title.
    #[must_use]
    pub fn of(title: impl Into<Text>) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// Adds a heading.
    #[must_use]
    pub fn heading(mut self, title: &'static str) -> Self {
        self.lines.push(Line::Heading(title));
        self
    }

    /// Adds a named value.
    #[must_use]
    pub fn field(mut self, name: impl Into<Text>, cell: Cell) -> Self {
        self.lines.push(Line::Field(name.into(), cell));
        self
    }

    /// Adds a named text that may be absent.
    #[must_use]
    pub fn words(self, name: &'static str, text: Option<&Text>) -> Self {
        self.field(name, Cell::text(text))
    }

    /// Adds lines.
    #[must_use]
    pub fn lines(mut self, lines: impl IntoIterator<Item = Line>) -> Self {
        self.lines.extend(lines);
        self
    }
}
