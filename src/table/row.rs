//! One row: an identity, a judgement, and a cell for each column.

use super::Cell;
use crate::model::{Problem, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// Rows of one table may come in sections; rows are never moved from one to another by sorting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    /// Sections come in this order.
    pub order: u8,
    /// The heading above the first row; empty: none.
    pub title: &'static str,
}

/// A row of a view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The stack it belongs to.
    pub stack: Text,
    /// What it is, the ARN where there is one. Selection follows it.
    pub id: Text,
    /// The worst of its problems; ok where there is none.
    pub severity: Severity,
    /// Its problems, worst first.
    pub problems: Vec<Problem>,
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// When what it shows was read.
    pub read_at: Timestamp,
    /// The section it stands in.
    pub section: Section,
    /// The row it is folded under: it comes right after that one, and is shown where that is unfolded.
    pub under: Option<Text>,
    /// How many rows are folded under it.
    pub folds: usize,
    /// What it says in a sentence of its own, where its problems do not.
    pub says: Option<Text>,
    /// A line beside the rows proper: in no count, and in an export only where it has a record.
    pub aside: bool,
    /// What a line beside the rows proper is in an export: values for the columns, where its cells are words for a screen.
    pub record: Option<Vec<Cell>>,
}

/// What a row is about in the sense of selection: its stack and id.
pub type Entry = (Text, Text);

impl Row {
    /// Its identity.
    #[must_use]
    pub fn entry(&self) -> Entry {
        (self.stack.clone(), self.id.clone())
    }

    /// Sets the problems and the severity that follows from them.
    #[must_use]
    pub fn judged(mut self, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| std::cmp::Reverse(p.check.severity));
        self.severity = self.severity.max(problems.first().map_or(Severity::Ok, |p| p.check.severity));
        self.problems = problems;
        self
    }

    /// What an export writes for the columns; nothing where it leaves the row out.
    #[must_use]
    pub fn exported(&self) -> Option<&[Cell]> {
        self.record.as_deref().or_else(|| (!self.aside).then_some(&self.cells))
    }

    /// The sentence of its worst problem, or its own.
    #[must_use]
    pub fn sentence(&self) -> Option<&Text> {
        self.problems.first().map(|p| &p.check.message).or(self.says.as_ref())
    }

    /// That sentence without the name it begins with, where a cell says it.
    #[must_use]
    pub fn predicate(&self) -> Option<&str> {
        let sentence = self.sentence()?.as_str();
        let names = |head: &str| {
            self.cells.iter().any(|cell| matches!(cell, Cell::Text(name) if head.starts_with(name.as_str())))
        };
        Some(sentence.split_once(": ").filter(|(head, _)| names(head)).map_or(sentence, |(_, rest)| rest))
    }
}
