//! What filters search: the words of all rows in one string, so that a key costs one pass over memory.

use memchr::memchr;
use memchr::memmem::Finder;
use nucleo_matcher::chars::normalize;

use super::Row;

/// Ends a cell's words. Cleaned text has none, and nobody can type it.
const END: char = '\n';

/// The words of many rows, in lower case: those of each cell, then the sentence of the worst problem.
#[derive(Clone, Debug, Default)]
pub struct Words {
    text: String,
    /// Where each row's words end.
    ends: Vec<usize>,
}

impl Words {
    /// The words of these rows.
    #[must_use]
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut words = Self::default();
        for row in rows {
            for cell in &row.cells {
                words.add(|text| cell.push_words(text));
            }
            words.add(|text| text.push_str(row.sentence().map_or("", |sentence| sentence.as_str())));
            words.ends.push(words.text.len());
        }
        words.text.shrink_to_fit();
        words
    }

    fn add(&mut self, write: impl Fn(&mut String)) {
        let from = self.text.len();
        write(&mut self.text);
        if self.text[from..].is_ascii() {
            self.text[from..].make_ascii_lowercase();
        } else {
            let lower = self.text[from..].to_lowercase();
            self.text.replace_range(from.., &lower);
        }
        self.text.push(END);
    }

    /// The words of one row, each cell's with an end.
    #[must_use]
    pub fn row(&self, index: usize) -> &str {
        let from = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(from..*end)).unwrap_or_default()
    }

    /// The words of one cell.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.row(row).split(END).nth(column).unwrap_or_default()
    }

    /// Which rows have this in one of their cells, or in their sentence.
    #[must_use]
    pub fn having(&self, word: &str) -> Vec<bool> {
        let (finder, mut from, mut row) = (Finder::new(word), 0, 0);
        let mut having = vec![false; self.ends.len()];
        while let Some(at) = self.text.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
            while self.ends.get(row).is_some_and(|end| *end <= from + at) {
                row += 1;
            }
            let (Some(found), Some(end)) = (having.get_mut(row), self.ends.get(row)) else { break };
            *found = true;
            from = *end;
        }
        having
    }
}

/// Whether a text has these letters in this order; a plain letter stands for its accented forms too.
pub(super) fn in_order(letters: &str, text: &str) -> bool {
    let mut letters = letters.chars().filter(|c| !c.is_whitespace());
    if text.is_ascii() {
        // Nearly every row, and much cheaper.
        let mut rest = text.as_bytes();
        let mut next = |letter| memchr(letter, rest).map(|at| rest = &rest[at + 1..]).is_some();
        return letters.all(|letter| u8::try_from(letter).is_ok_and(&mut next));
    }
    let mut rest = text.chars();
    let is = |c: char, letter| c == letter || (!c.is_ascii() && normalize(c) == letter);
    letters.all(|letter| rest.any(|c| is(c, letter)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;
    use crate::text::Text;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn letters_in_order_are_found_as_a_patient_reader_would(letters in "[a-ce]{0,4}", text in "[a-ce]{0,6}é?[a-ce]{0,4}") {
            let mut wanted = letters.chars().peekable();
            for c in text.chars().map(|c| if c == 'é' { 'e' } else { c }) {
                wanted.next_if_eq(&c);
            }
            prop_assert_eq!(in_order(&letters, &text), wanted.peek().is_none());
        }

        #[test]
        fn a_word_is_found_in_exactly_the_rows_whose_cells_have_it(
            rows in proptest::collection::vec(proptest::collection::vec("[a-cA-CÄß]{0,6}", 0..4), 0..12),
            word in "[a-cä]{1,3}",
        ) {
            let made: Vec<Row> = rows.iter().map(|cells| Row {
                cells: cells.iter().map(|cell| Cell::Text(Text::from(cell))).collect(),
                ..Row::default()
            }).collect();
            let words = Words::of(&made);
            let expected: Vec<bool> =
                rows.iter().map(|cells| cells.iter().any(|cell| cell.to_lowercase().contains(&word))).collect();
            prop_assert_eq!(words.having(&word), expected);
            for (r, cells) in rows.iter().enumerate() {
                for (c, cell) in cells.iter().enumerate() {
                    prop_assert_eq!(words.cell(r, c), cell.to_lowercase());
                }
            }
        }
    }
}
