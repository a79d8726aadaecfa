//! What a column is, apart from its values.

use super::trend::SHORT;

/// Where a value stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers and ages.
    Right,
}

/// A column of a view. Its id is part of the contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The key in exports and filters.
    pub id: &'static str,
    /// The heading on screen.
    pub title: &'static str,
    /// What it holds, with the unit.
    pub doc: &'static str,
    /// Where values stand.
    pub align: Align,
    /// Which columns a narrow screen keeps: 1 always, 9 only where there is plenty of room, 0 never (export only).
    pub rank: u8,
    /// The widest it gets on screen, in cells.
    pub widest: u16,
    /// The width by which it is decided whether it is on screen, whatever it holds; it is wider where there is room. 0: as wide
    /// as what it holds.
    pub usual: u16,
    /// Whether exports and filters know it; a drawing is for the eye.
    pub exported: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn words(id: &'static str, title: &'static str, rank: u8, widest: u16, doc: &'static str) -> Self {
        Self { id, title, doc, align: Align::Left, rank, widest, usual: 0, exported: true }
    }

    /// A column of numbers or ages.
    #[must_use]
    pub const fn number(id: &'static str, title: &'static str, rank: u8, doc: &'static str) -> Self {
        Self { id, title, doc, align: Align::Right, rank, widest: 12, usual: 0, exported: true }
    }

    /// The same with a usual width: what the rows hold decides neither that it is on screen nor that another is not.
    #[must_use]
    pub const fn usually(self, usual: u16) -> Self {
        Self { usual, ..self }
    }

    /// A column of short trends.
    #[must_use]
    pub const fn trend(id: &'static str, title: &'static str, rank: u8, doc: &'static str) -> Self {
        Self { id, title, doc, align: Align::Left, rank, widest: SHORT, usual: 0, exported: false }
    }
}
