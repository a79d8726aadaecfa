//! The rows of the view on screen: made when the data changes, not when the screen is drawn.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::screen::width;
use super::{Cursor, Place};
use crate::model::Severity;
use crate::table::{Cell, Entry, Filter, Order, Row, SHORT, Words, sort};
use crate::text::Text;
use crate::view::Scene;

/// Room for an age such as `253d03h` in a column's width; ages change by the second and widths should not.
const AGE_WIDTH: u16 = 7;

/// Room for `by 03:10:26Z` and `13 Mar 22:14`.
const MOMENT_WIDTH: u16 = 12;

/// What leads to a row that stands under another one takes so much.
const BRANCH: usize = 2;

/// The rows of a view, and which of them are shown in which order.
#[derive(Default)]
pub struct Listing {
    /// All rows of the view.
    pub rows: Vec<Row>,
    /// Indices of the rows shown, in order.
    pub shown: Vec<usize>,
    /// The widest value of each column, in cells of the screen, heading included.
    pub widths: Vec<u16>,
    /// What is wrong with the filter.
    pub mistake: Option<String>,
    /// The widest sentence of a row as the table tells it.
    pub sentence: usize,
    /// Whether any row has something to tell.
    pub troubled: bool,
    /// Rows shown and rows there are, lines beside the rows proper not counted.
    pub counts: (usize, usize),
    /// How many rows that pass are folded under each row and not shown.
    pub folded: HashMap<Entry, usize>,
    /// How many section headings there are among the rows shown.
    pub sections: usize,
    /// What filters search.
    words: Words,
    /// All rows in an order, and the order: typing a filter sorts nothing.
    ranked: (Order, Vec<usize>),
}

impl Listing {
    /// The rows of `place` for this scene; the cursor is put back on the row it stood on, if that was chosen.
    pub fn refresh(&mut self, place: &mut Place, scene: &Scene<'_>) {
        self.rows = (place.view.rows)(scene);
        self.widths = widths(place, &self.rows);
        let told = |row: &Row| {
            let whole = place.view.is_of_sentences();
            if whole { row.sentence().map(|s| width(s)) } else { row.predicate().map(width) }
        };
        self.sentence = self.rows.iter().filter_map(told).max().unwrap_or(0);
        self.troubled = self.rows.iter().any(|row| row.severity > Severity::Info);
        self.words = Words::of(&self.rows);
        self.rank(place.order);
        self.arrange(place);
    }

    /// Filters and sorts again.
    pub fn arrange(&mut self, place: &mut Place) {
        let filter = Filter::parse(&place.whole_filter(), place.view.columns);
        self.mistake = filter.mistake().map(str::to_owned);
        if self.ranked.0 != place.order {
            self.rank(place.order);
        }
        let mut passing = filter.passing(&self.rows, &self.words);
        if place.faults_only {
            // What happened and is only worth knowing is no fault.
            let well = if place.view.is_of_events() { Severity::Info } else { Severity::Ok };
            passing.iter_mut().zip(&self.rows).for_each(|(passes, row)| *passes &= row.severity > well);
        }
        let shows = self.folding(place, &passing);
        self.shown = self.ranked.1.iter().copied().filter(|&i| shows[i]).collect();
        self.count();
        self.repair(&mut place.cursor);
    }

    /// Which rows are shown: those that pass and are not folded away. Of those alike the first that passes stands for them.
    fn folding(&mut self, place: &Place, passing: &[bool]) -> Vec<bool> {
        let mut shows = passing.to_vec();
        self.folded.clear();
        let is_there = |(i, row): (usize, &Row)| (row.folds > 0 && passing[i]).then(|| row.entry());
        let leaders: HashSet<Entry> = self.rows.iter().enumerate().filter_map(is_there).collect();
        for (i, row) in self.rows.iter().enumerate().filter(|(i, _)| passing[*i]) {
            let Some(leader) = row.under.clone().map(|leader| (row.stack.clone(), leader)) else { continue };
            // What follows from a problem is found where that is not; of what is alike one is enough.
            let searched = place.is_narrowed() && !(place.view.is_of_events() && leaders.contains(&leader));
            if !searched && !place.unfolded.contains(&leader) {
                shows[i] = false;
                *self.folded.entry(leader).or_default() += 1;
            }
        }
        shows
    }

    /// Whether something is folded away.
    #[must_use]
    pub fn has_folded(&self) -> bool {
        !self.folded.is_empty()
    }

    fn rank(&mut self, order: Order) {
        let mut all: Vec<usize> = (0..self.rows.len()).collect();
        sort(&self.rows, &mut all, order);
        self.ranked = (order, all);
    }

    fn count(&mut self) {
        let proper = |row: &&Row| !row.aside;
        let shown = || self.shown.iter().filter_map(|&i| self.rows.get(i));
        let titled: BTreeSet<u8> =
            shown().filter(|row| !row.section.title.is_empty()).map(|row| row.section.order).collect();
        self.sections = titled.len();
        // What is folded is told by its number.
        let folded: usize = self.folded.values().sum();
        self.counts = (shown().filter(proper).count() + folded, self.rows.iter().filter(proper).count());
    }

    /// The row at this place among those shown.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<&Row> {
        self.shown.get(index).and_then(|&i| self.rows.get(i))
    }

    fn repair(&self, cursor: &mut Cursor) {
        if !cursor.chosen {
            return self.stand_on(cursor, 0);
        }
        let is = |row: &Row, entry: &Entry| row.stack == entry.0 && row.id == entry.1;
        let found = cursor.entry.as_ref().and_then(|entry| {
            let there = self.row(cursor.index).filter(|row| is(row, entry)).map(|_| cursor.index);
            let at = |entry: &Entry| self.shown.iter().position(|&i| is(&self.rows[i], entry));
            there.or_else(|| at(entry)).or_else(|| {
                // It was folded away since.
                let row = self.rows.iter().find(|row| is(row, entry))?;
                at(&(row.stack.clone(), row.under.clone()?))
            })
        });
        self.stand_on(cursor, found.unwrap_or(cursor.index));
    }

    /// Puts the cursor on the row at `index`, or on the last one.
    pub fn stand_on(&self, cursor: &mut Cursor, index: usize) {
        cursor.index = index.min(self.shown.len().saturating_sub(1));
        cursor.entry = self.row(cursor.index).map(Row::entry);
    }
}

fn widths(place: &Place, rows: &[Row]) -> Vec<u16> {
    let columns = place.view.columns;
    let mut widths: Vec<usize> = columns.iter().map(|c| width(c.title)).collect();
    // What is folded away takes no room.
    let unfolds = |row: &Row, leader: &Text| {
        place.is_narrowed() && !place.view.is_of_events()
            || place.unfolded.contains(&(row.stack.clone(), leader.clone()))
    };
    let seen = |row: &&Row| row.under.as_ref().is_none_or(|leader| unfolds(row, leader));
    for row in rows.iter().filter(seen) {
        for (nth, (widest, cell)) in widths.iter_mut().zip(&row.cells).enumerate() {
            let needed = match cell {
                Cell::Missing => 1,
                Cell::Since(_) | Cell::SinceAtLeast(_) | Cell::At(_) => usize::from(AGE_WIDTH),
                // "in" before it, or "ago" behind it.
                Cell::Until(_) => usize::from(AGE_WIDTH) + 4,
                Cell::Moment { .. } => usize::from(MOMENT_WIDTH),
                Cell::Text(text) | Cell::State(_, text) => width(text),
                Cell::Trend(_) => usize::from(SHORT),
                other => width(&other.searchable()),
            };
            let lead = if nth == 0 && row.under.is_some() { BRANCH } else { 0 };
            *widest = (*widest).max(needed + lead);
        }
    }
    let fitted =
        widths.iter().zip(columns).map(|(width, column)| u16::try_from(*width).unwrap_or(u16::MAX).min(column.widest));
    fitted.collect()
}
