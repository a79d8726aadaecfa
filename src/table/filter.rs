//! The filter line: words that must (or must not) occur in a row.

use super::words::in_order;
use super::{Cell, Column, Row, Words};
use crate::document::quoted;
use crate::error::nearest;
use crate::model::Severity;

/// A parsed filter, in the words of [`Filter::SYNTAX`]. Terms are separated by spaces and must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
    mistake: Option<String>,
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

/// What may stand before `:` or `=` beside the columns.
const SEVERITY: &str = "severity";
const STACK: &str = "stack";

impl Filter {
    /// What a filter may say, for the help.
    pub const SYNTAX: [(&'static str, &'static str); 6] = [
        ("word", "Somewhere in the row, ignoring case. Several words must all be there"),
        ("column:word, column=word", "In this column, by its key or its heading; with = exactly it, or one of a|b"),
        ("severity:warn, stack:name", "The row's judgement; the stack it belongs to"),
        ("~letters", "These letters in this order"),
        ("!term", "Whatever the term says does not hold"),
        ("\"any: text\"", "As it stands, with spaces and colons. ARNs need no quotes"),
    ];

    /// Reads a filter for a table with these columns.
    #[must_use]
    pub fn parse(text: &str, columns: &[Column]) -> Self {
        let mut quoted = false;
        let words = text.split(|c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        });
        let mut filter = Self::default();
        for word in words {
            match Term::parse(word, columns) {
                Ok(term) => filter.terms.extend(term),
                Err(mistake) => filter.mistake = filter.mistake.or(Some(mistake)),
            }
        }
        filter
    }

    /// What in it cannot be meant, such as a column that is not there. No row passes then: what the user asked for is not
    /// known.
    #[must_use]
    pub fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
    }

    /// Which of these rows pass; `words` are theirs.
    #[must_use]
    pub fn passing(&self, rows: &[Row], words: &Words) -> Vec<bool> {
        let mut passing = vec![self.mistake.is_none(); rows.len()];
        for term in self.terms.iter().filter(|_| self.mistake.is_none()) {
            if let Test::Contains(word) = &term.test {
                passing.iter_mut().zip(words.having(word)).for_each(|(passes, has)| *passes &= has != term.negated);
                continue;
            }
            for (i, passes) in passing.iter_mut().enumerate().filter(|(_, passes)| **passes) {
                *passes = term.test.holds(&rows[i], i, words) != term.negated;
            }
        }
        passing
    }

    /// What may stand before `:` or `=`.
    pub fn names(columns: &[Column]) -> impl Iterator<Item = &'static str> {
        columns.iter().filter(|column| column.exported).map(|column| column.id).chain([SEVERITY, STACK])
    }
}

impl Term {
    fn parse(word: &str, columns: &[Column]) -> Result<Option<Self>, String> {
        let (negated, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
        let lower = word.to_lowercase();
        let bare = lower.trim_matches(['~', '"']);
        if bare.is_empty() {
            return Ok(None);
        }
        let test = match lower.as_bytes().first() {
            Some(b'~') => Test::Fuzzy(bare.to_owned()),
            Some(b'"') => Test::Contains(bare.to_owned()),
            _ => Self::column(&lower, columns)?.unwrap_or_else(|| Test::Contains(lower.clone())),
        };
        Ok(Some(Self { negated, test }))
    }

    fn column(word: &str, columns: &[Column]) -> Result<Option<Test>, String> {
        let Some(at) = word.find([':', '=']) else { return Ok(None) };
        let (name, value) = (&word[..at], word[at + 1..].trim_matches('"').to_owned());
        if name == SEVERITY {
            let words = Severity::ALL.map(Severity::word);
            let known = words.iter().any(|word| word.starts_with(&value));
            return if known { Ok(Some(Test::Severity(value))) } else { Err(unknown(SEVERITY, &value, words)) };
        }
        if name == STACK {
            return Ok(Some(Test::Stack(value)));
        }
        let is_it = |c: &Column| c.exported && (c.id == name || c.title.eq_ignore_ascii_case(name));
        if let Some(index) = columns.iter().position(is_it) {
            return Ok(Some(Test::Column { index, value, exact: word.as_bytes()[at] == b'=' }));
        }
        // `arn:…`, `us-east-1a:3`, `12:30` and `CannotPullContainerError: …` are text; only what looks like a column is one.
        let plain = name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !plain || value.is_empty() || name == "arn" {
            return Ok(None);
        }
        let titles = columns.iter().filter(|c| c.exported).map(|c| c.title).filter(|title| !title.contains(' '));
        Err(unknown("column", name, Filter::names(columns).chain(titles)))
    }
}

fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    format!("no {kind} {}{near}", quoted(name))
}

impl Test {
    fn holds(&self, row: &Row, index: usize, words: &Words) -> bool {
        match self {
            Self::Contains(word) => words.row(index).contains(word),
            Self::Column { index: column, value, exact } => {
                let cell = words.cell(index, *column);
                let is_one = |have: &str| value.split('|').any(|wanted| have == wanted);
                match row.cells.get(*column) {
                    Some(Cell::Names(names)) if *exact => names.iter().any(|name| is_one(&name.to_lowercase())),
                    _ if *exact => is_one(cell),
                    _ => cell.contains(value),
                }
            }
            Self::Stack(name) => row.stack.to_lowercase() == *name,
            Self::Severity(word) => row.severity.word().starts_with(word),
            Self::Fuzzy(letters) => in_order(letters, words.row(index)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let words = Words::of([&row]);
        Filter::parse(filter, COLUMNS).passing(&[row], &words) == [true]
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
            ("desired=27|28", true),
            ("desired=27|29", false),
            ("des=28", true),
            ("~eap", true),
            ("~pae", false),
            ("~\u{e9}", false),
            ("severity:crit", true),
            ("!severity:crit", false),
            ("stack:prod", true),
            ("stack=pro", false),
            ("zone:ehr", false),
            ("!zone:ehr", false),
            ("~", true),
            ("\"", true),
            ("\"service:ehr\"", false),
            ("!\"service:ehr\"", true),
            ("\"r-api\" 28", true),
            ("\"r-api 28\"", false),
            ("service:\"r-api\"", true),
        ] {
            assert_eq!(passes(filter), expected, "{filter}");
        }
    }

    #[test]
    fn of_several_names_each_is_held_against_the_filter() {
        let names = ["service/ehr/ehr-api", "task/ehr/0a"].map(Text::from).to_vec();
        let row = Row { cells: vec![Cell::Names(names)], ..Row::default() };
        let words = Words::of([&row]);
        let columns = [Column::words("about", "about", 0, 30, "")];
        for (filter, passes) in [
            ("about=service/ehr/ehr-api", true),
            ("about=service/ehr/ehr", false),
            ("about:service/ehr/ehr", true),
            ("about=task/ehr/0b|task/ehr/0A", true),
            ("!about=task/ehr/0a", false),
        ] {
            assert_eq!(
                Filter::parse(filter, &columns).passing(std::slice::from_ref(&row), &words),
                [passes],
                "{filter}"
            );
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_told_and_text_with_a_colon_is_not_taken_for_one() {
        let mistake = |filter| Filter::parse(filter, COLUMNS).mistake().map(str::to_owned);
        for (filter, told) in [
            ("api servcie:ehr", "no column \"servcie\"; did you mean \"service\"?"),
            ("!dsired=3", "no column \"dsired\"; did you mean \"desired\"?"),
            ("owner:ana", "no column \"owner\""),
            ("severity:wran", "no severity \"wran\"; did you mean \"warn\"?"),
        ] {
            assert_eq!(mistake(filter).as_deref(), Some(told), "{filter}");
        }
        for text in [
            "arn:aws:ecs:us-east-1:123456789012:service/ehr/ehr-api",
            "CannotPullContainerError: x",
            "us-east-1a:3",
            "12:30",
            ":80",
            "\"owner:ana\"",
            "servcie:",
            "severity:w",
            "DES=28",
        ] {
            assert_eq!(mistake(text), None, "{text}");
        }
    }
}
