//! The filter line: words that must (or must not) occur in a row.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{Column, Row};

/// A parsed filter. Terms are separated by spaces and must all hold:
///
/// - `word`: some cell contains it, ignoring case;
/// - `column:word`, `column=word`: that column, by its key or its heading, contains it, or is exactly it;
/// - `severity:word`, `stack:word`: the row's judgement begins with it, the row's stack is it;
/// - `~word`: some cell contains its letters in order;
/// - `!term`: the term does not hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Contains(String),
    Column { index: usize, value: String, exact: bool },
    Fuzzy(String),
    Severity(String),
    Stack(String),
}

impl Filter {
    /// Reads a filter for a table with these columns. A word before `:` or `=` that is no column is part of the text.
    #[must_use]
    pub fn parse(text: &str, columns: &[Column]) -> Self {
        Self { terms: text.split_whitespace().filter_map(|word| Term::parse(word, columns)).collect() }
    }

    /// Whether a row passes.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.terms.iter().all(|term| term.test.holds(row) != term.negated)
    }
}

impl Term {
    fn parse(word: &str, columns: &[Column]) -> Option<Self> {
        let (negated, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
        let lower = word.to_lowercase();
        if lower.is_empty() || lower == "~" {
            return None;
        }
        let test = if let Some(letters) = lower.strip_prefix('~') {
            Test::Fuzzy(letters.to_owned())
        } else {
            Self::column(&lower, columns).unwrap_or(Test::Contains(lower))
        };
        Some(Self { negated, test })
    }

    fn column(word: &str, columns: &[Column]) -> Option<Test> {
        let at = word.find([':', '='])?;
        let (name, value) = (&word[..at], word[at + 1..].to_owned());
        if name == "severity" {
            return Some(Test::Severity(value));
        }
        if name == "stack" {
            return Some(Test::Stack(value));
        }
        let index = columns.iter().position(|c| c.id == name || c.title == name)?;
        Some(Test::Column { index, value, exact: word.as_bytes()[at] == b'=' })
    }
}

impl Test {
    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Contains(word) => words(row).any(|cell| cell.contains(word)),
            Self::Column { index, value, exact } => {
                let cell = row.cells.get(*index).map(|c| c.searchable().to_lowercase()).unwrap_or_default();
                if *exact { cell == *value } else { cell.contains(value) }
            }
            Self::Stack(name) => row.stack.to_lowercase() == *name,
            Self::Severity(word) => row.severity.word().starts_with(word),
            Self::Fuzzy(letters) => fuzzy(letters, &words(row).collect::<Vec<_>>().join(" ")),
        }
    }
}

fn words(row: &Row) -> impl Iterator<Item = String> + '_ {
    let cells = row.cells.iter().map(super::Cell::searchable);
    cells.chain(row.sentence().map(ToString::to_string)).map(|text| text.to_lowercase())
}

fn fuzzy(letters: &str, text: &str) -> bool {
    let pattern = Pattern::new(letters, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut buffer = Vec::new();
    pattern.score(Utf32Str::new(text, &mut buffer), &mut Matcher::new(Config::DEFAULT)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use crate::table::Cell;
    use crate::text::Text;

    const COLUMNS: &[Column] =
        &[Column::words("service", "service", 1, 30, ""), Column::number("desired", "des", 1, "")];

    fn passes(filter: &str) -> bool {
        let row = Row {
            cells: vec![Cell::Text(Text::from("ehr-API")), Cell::Count(28)],
            severity: Severity::Crit,
            stack: Text::from("prod"),
            ..Row::default()
        };
        Filter::parse(filter, COLUMNS).matches(&row)
    }

    #[test]
    fn terms_are_joined_by_and() {
        for (filter, expected) in [
            ("", true),
            ("api", true),
            ("API 28", true),
            ("api 29", false),
            ("!api", false),
            ("!web", true),
            ("service:ehr", true),
            ("service=ehr", false),
            ("service=ehr-api", true),
            ("desired=28", true),
            ("des=28", true),
            ("~eap", true),
            ("~pae", false),
            ("severity:crit", true),
            ("!severity:crit", false),
            ("stack:prod", true),
            ("stack=pro", false),
            ("zone:ehr", false),
            ("~", true),
        ] {
            assert_eq!(passes(filter), expected, "{filter}");
        }
    }
}
