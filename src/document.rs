//! A TOML file whose every mistake is told with file, line, value and the nearest right one.
//!
//! Keymaps, themes and the configuration are read through a [`Document`]: it goes on after a mistake, so all of them are
//! told at once, and it keeps what a stranger wrote from reaching the terminal unclean.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::error::{Error, nearest};
use crate::text::clean;

/// A key and where it stands.
pub type Key<'a> = Spanned<Cow<'a, str>>;

/// A value and where it stands.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// Mistakes told of one file; the rest is only counted. A screenful is what a person corrects in one go.
pub const MAX_MISTAKES: usize = 20;

/// The longest word for which the nearest known one is looked for; nobody mistypes a name into more than this.
pub const MAX_WORD: usize = 64;

/// Known names listed where none is near; more would hide the message.
const MAX_LISTED: usize = 16;

/// Known names listed beside the nearest one.
const MAX_BESIDE: usize = 6;

/// The text of a file, and the mistakes found in it so far.
pub struct Document<'a> {
    origin: &'a str,
    starts: Vec<usize>,
    mistakes: Vec<(usize, Error)>,
    more: usize,
}

impl<'a> Document<'a> {
    /// Reads TOML. `origin` is the file's name as the user knows it.
    ///
    /// # Errors
    /// The first place where the text is not TOML.
    pub fn parse(origin: &'a str, text: &'a str) -> Result<(Self, DeTable<'a>), Error> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let document = Self { origin, starts, mistakes: Vec::new(), more: 0 };
        match DeTable::parse(text) {
            Ok(root) => Ok((document, root.into_inner())),
            Err(e) => {
                let span = e.span().unwrap_or(text.len()..text.len());
                let message = e.message().lines().collect::<Vec<_>>().join(", ");
                let message = message.replace(", expected nothing", "");
                let found = text.get(span.clone()).unwrap_or_default().trim().trim_matches(['"', '\'']);
                let is_secret = may_hold_password(text, span.start);
                let shown = !found.is_empty() && !is_secret;
                let at = if shown { format!(" at {}", quoted(found)) } else { String::new() };
                let error = Error::usage(format!("not TOML: {}{at}", clean(&message))).from(document.place(span.start));
                // A key that stands twice is another mistake.
                let hint = unquoted(text, span.start).filter(|_| !message.contains("duplicate") && !is_secret);
                Err(Error { hint, ..error })
            }
        }
    }

    /// The file's name as the user knows it.
    #[must_use]
    pub const fn origin(&self) -> &'a str {
        self.origin
    }

    /// The line, counted from 1, a byte of the text is on.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// File and line of a byte of the text: `rounds.toml:12`.
    #[must_use]
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.origin, self.line(at))
    }

    /// Notes a mistake, and what would be right.
    pub fn mistake(&mut self, at: usize, what: impl Into<String>, hint: impl Into<Option<String>>) {
        if self.mistakes.len() >= MAX_MISTAKES {
            self.more += 1;
            return;
        }
        let hint = hint.into().map(|hint| clean(&hint).into_owned());
        let error = Error { hint, ..Error::usage(clean(&what.into())).from(self.place(at)) };
        self.mistakes.push((at, error));
    }

    /// Notes that `name` is not one of the `known` ones; `kind` says what it should be, such as `key` or `role`.
    pub fn unknown(&mut self, at: usize, kind: &str, name: &str, known: &[&str]) {
        self.unknown_but(at, kind, name, || suggestion(name, known));
    }

    /// The same where what would be right is said otherwise.
    pub fn unknown_but(&mut self, at: usize, kind: &str, name: &str, right: impl FnOnce() -> Option<String>) {
        // Looking for the nearest of many names takes time; a file of nothing but unknown ones must not take it.
        let hint = if self.mistakes.len() < MAX_MISTAKES { right() } else { None };
        self.mistake(at, format!("unknown {kind} {}", quoted(name)), hint);
    }

    /// Notes that a value is of the wrong type; `right` is how it should look.
    pub fn wrong_type(&mut self, name: &str, value: &Value<'_>, right: &str) {
        self.mistake(
            value.span().start,
            format!("\"{name}\" must be {right}, not {}", described(value.get_ref())),
            None,
        );
    }

    /// The text of a value, or a mistake; `example` is how it should look.
    pub fn string<'v>(&mut self, name: &str, value: &'v Value<'_>, example: &str) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(name, value, &format!("text such as \"{example}\""));
        }
        text
    }

    /// Whether a value is true, or a mistake.
    pub fn boolean(&mut self, name: &str, value: &Value<'_>) -> Option<bool> {
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong_type(name, value, "true or false");
        }
        truth
    }

    /// The entries of a table in the order they were written, or a mistake; `example` is how it should look.
    pub fn table<'v, 't>(
        &mut self,
        name: &str,
        value: &'v Value<'t>,
        example: &str,
    ) -> Option<Vec<(&'v Key<'t>, &'v Value<'t>)>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(name, value, &format!("a table such as {example}"));
        }
        table.map(ordered)
    }

    /// The values of a list, or a mistake; `example` is how it should look.
    pub fn array<'v, 't>(&mut self, name: &str, value: &'v Value<'t>, example: &str) -> Option<&'v DeArray<'t>> {
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.wrong_type(name, value, &format!("a list such as {example}"));
        }
        array
    }

    /// The built-in file that `inherits` names: name and text. `known` are the names of those there are, the default first,
    /// which takes the place of an unknown one; a file that is `seen` already is not inherited again.
    pub fn parent<'v>(
        &mut self,
        value: &'v Value<'_>,
        kind: &str,
        known: &[&'static str],
        find: fn(&str) -> Option<&'static str>,
        seen: &mut Vec<String>,
    ) -> Option<(&'v str, &'static str)> {
        let default = *known.first()?;
        let written = self.string("inherits", value, default)?;
        let unread = |name: &str| find(name).filter(|_| !seen.iter().any(|seen| seen == name));
        let parent = unread(written).map(|text| (written, text)).or_else(|| {
            self.unknown(value.span().start, &format!("{kind} to inherit"), written, known);
            unread(default).map(|text| (default, text))
        });
        seen.extend(parent.map(|(name, _)| name.to_owned()));
        parent
    }

    /// Every mistake noted, in the order of the text.
    #[must_use]
    pub fn into_mistakes(mut self) -> Vec<Error> {
        self.mistakes.sort_by_key(|(at, _)| *at);
        let mut all: Vec<Error> = self.mistakes.into_iter().map(|(_, error)| error).collect();
        if self.more > 0 {
            all.push(Error::usage(format!("{} more mistakes", self.more)).from(self.origin));
        }
        all
    }
}

/// What would be right where a text stands without its quotes, which is the mistake everyone makes: `theme = dark`.
fn unquoted(text: &str, at: usize) -> Option<String> {
    let from = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let (key, value) = text.get(from..)?.lines().next()?.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_.:/~ ".contains(c));
    if ["yes", "no", "on", "off", "true", "false"].contains(&value.to_lowercase().as_str()) {
        return Some("yes and no are written true and false".to_owned());
    }
    (is_word(key.trim()) && is_word(value))
        .then(|| format!("a text stands in quotes: {} = {}", key.trim(), quoted(value)))
}

/// Whether the line of a byte is one on which people write passwords, though they should not: then nothing of it is repeated.
fn may_hold_password(text: &str, at: usize) -> bool {
    let from = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let line = text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    line.contains("password") || line.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

/// The entries of a table in the order they were written.
#[must_use]
pub fn ordered<'v, 't>(table: &'v DeTable<'t>) -> Vec<(&'v Key<'t>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A value someone wrote, in quotes, cleaned and cut to a length that fits a line.
#[must_use]
pub fn quoted(value: &str) -> String {
    let mut shown: String = value.chars().take(60).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("\"{}\"", clean(&shown))
}

/// What would be right instead of `typed`: the nearest of the known names, and all of them where they are few.
#[must_use]
pub fn suggestion(typed: &str, known: &[&str]) -> Option<String> {
    let near = if typed.len() <= MAX_WORD { nearest(typed, known.iter().copied()) } else { None };
    let most = if near.is_some() { MAX_BESIDE } else { MAX_LISTED };
    let all = (!known.is_empty() && known.len() <= most).then(|| format!("valid: {}", known.join(", ")));
    match (near, all) {
        (Some(near), Some(all)) => Some(format!("did you mean \"{near}\"? {all}")),
        (Some(near), None) => Some(format!("did you mean \"{near}\"?")),
        (None, all) => all,
    }
}

/// A value in words, for the message that it is not what was asked for.
fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(n) => format!("the number {}", quoted(n.as_str()).trim_matches('"')),
        DeValue::Float(n) => format!("the number {}", quoted(n.as_str()).trim_matches('"')),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_names_file_and_line() {
        let Err(e) = Document::parse("a.toml", "x = 1\ny = = 2\n") else { panic!("it is not TOML") };
        assert!(e.to_string().starts_with("a.toml:2: not TOML: "), "{e}");
        assert_eq!(e.hint, None, "nobody knows what was meant");
        for (wrong, right) in
            [("theme = dark # night", "theme = \"dark\""), ("[a]\nrefresh = 5s\n", "refresh = \"5s\"")]
        {
            let Err(e) = Document::parse("a.toml", wrong) else { panic!("it is not TOML") };
            assert_eq!(e.hint, Some(format!("a text stands in quotes: {right}")));
        }
        let hint = |wrong| Document::parse("a.toml", wrong).err().and_then(|e| e.hint);
        assert_eq!(hint("protected = yes").as_deref(), Some("yes and no are written true and false"));
        assert_eq!(hint("protected = true\nprotected = true"), None);
    }

    #[test]
    fn a_line_that_may_hold_a_password_is_not_repeated() {
        for text in ["password = hunter2", "a = 1\nuri = mongodb://ana:hunter2@m0\nb = 2", "x.password = \"hunter2"] {
            let Err(e) = Document::parse("a.toml", text) else { panic!("it is not TOML") };
            assert!(e.what.starts_with("not TOML") && !e.to_string().contains("hunter2"), "{e}");
        }
    }

    #[test]
    fn mistakes_come_in_the_order_of_the_text_and_are_bounded() {
        let text = "a = 1\nb = 2\n";
        let (mut document, _) = Document::parse("a.toml", text).unwrap();
        document.mistake(6, "second", None);
        document.mistake(0, "first", None);
        for _ in 0..MAX_MISTAKES {
            document.mistake(7, "again", None);
        }
        let told = document.into_mistakes();
        assert_eq!(told[0].to_string(), "a.toml:1: first");
        assert_eq!(told[1].to_string(), "a.toml:2: second");
        assert_eq!(told.last().unwrap().to_string(), "a.toml: 2 more mistakes");
        assert_eq!(told.len(), MAX_MISTAKES + 1);
    }

    #[test]
    fn what_was_written_is_shown_clean_and_short() {
        assert_eq!(quoted("a\u{1b}[2J"), "\"a␛[2J\"");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
    }

    #[test]
    fn nesting_without_end_is_refused_not_followed() {
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(Document::parse("a.toml", &deep).is_err());
        let dotted = format!("{}x = 1", "a.".repeat(100_000));
        assert!(Document::parse("a.toml", &dotted).is_err());
    }
}
