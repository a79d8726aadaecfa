//! The configuration file as it was written, checked and placed.

use std::path::Path;
use std::time::Duration;

use super::choice::{Choice, Kind};
use super::form;
use super::origin::{Origin, Placed};
use super::stack::{FileStack, list, stacks};
use super::thresholds::{Configured, thresholds};
use crate::document::{Document, Value, ordered};
use crate::error::Error;
use crate::file::shown;
use crate::health::Rule;

/// What stands at the top of the file.
const KEYS: [&str; 6] = ["theme", "keymap", "refresh", "opt_in", "stack", "thresholds"];

/// What the configuration file says, each value with its line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileConfig {
    /// The file's name as the user knows it.
    pub path: String,
    /// `theme`.
    pub theme: Option<Placed<Choice>>,
    /// `keymap`.
    pub keymap: Option<Placed<Choice>>,
    /// `refresh`.
    pub refresh: Option<Placed<Duration>>,
    /// `opt_in`: actions that are off otherwise.
    pub opt_in: Option<Placed<Vec<String>>>,
    /// The `[[stack]]`s in their order.
    pub stacks: Vec<FileStack>,
    /// The levels under `[thresholds]`.
    pub thresholds: Vec<Placed<Configured>>,
}

impl FileConfig {
    /// Reads the text of a configuration file. Files it names are relative to the directory of `path`; thresholds are checked
    /// against `rules`.
    ///
    /// # Errors
    /// Every unknown key, wrong type and impossible value, with file and line.
    pub fn parse(text: &str, path: &Path, rules: &[&Rule]) -> Result<Self, Vec<Error>> {
        let name = shown(path);
        let (mut document, root) = Document::parse(&name, text).map_err(|e| vec![e])?;
        let mut config = Self { path: name.clone(), ..Self::default() };
        for (key, value) in ordered(&root) {
            let name = key.get_ref().as_ref();
            match name {
                "theme" => config.theme = choice(&mut document, Kind::Theme, value, path),
                "keymap" => config.keymap = choice(&mut document, Kind::Keymap, value, path),
                "refresh" => {
                    config.refresh = placed(&mut document, name, value, "5s", form::refresh);
                }
                "opt_in" => {
                    let named =
                        list(&mut document, name, value, "archive", |id| form::opt_in(id).map(|()| id.to_owned()));
                    config.opt_in = Some(Placed::new(named, place(&document, value.span().start)));
                }
                "stack" => config.stacks = stacks(&mut document, value, path.parent()),
                "thresholds" => config.thresholds = thresholds(&mut document, value, rules),
                _ => document.unknown(key.span().start, "key", name, &KEYS),
            }
        }
        let mistakes = document.into_mistakes();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

fn choice(document: &mut Document<'_>, kind: Kind, value: &Value<'_>, path: &Path) -> Option<Placed<Choice>> {
    let example = if kind == Kind::Theme { "dark" } else { "default" };
    placed(document, kind.word(), value, example, |written| Choice::parse(kind, written, path.parent()))
}

/// A text of a certain form, with its line, or a mistake.
pub(super) fn placed<T>(
    document: &mut Document<'_>,
    name: &str,
    value: &Value<'_>,
    example: &str,
    form: impl FnOnce(&str) -> Result<T, Error>,
) -> Option<Placed<T>> {
    let written = document.string(name, value, example)?;
    match form(written) {
        Ok(parsed) => Some(Placed::new(parsed, place(document, value.span().start))),
        Err(e) => {
            document.mistake(value.span().start, format!("{name}: {}", e.what), e.hint);
            None
        }
    }
}

/// Where a byte of the file is, as an origin.
pub(super) fn place(document: &Document<'_>, at: usize) -> Origin {
    Origin::File { path: document.origin().to_owned(), line: document.line(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<FileConfig, Vec<String>> {
        FileConfig::parse(text, Path::new("/etc/rounds/rounds.toml"), &[])
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_keep_their_lines() {
        let config = parse("theme = \"mine.toml\"\nkeymap = \"vim\"\n\nrefresh = \"10s\"\n").unwrap();
        let line = |line| Origin::File { path: "/etc/rounds/rounds.toml".to_owned(), line };
        assert_eq!(config.theme, Some(Placed::new(Choice::File("/etc/rounds/mine.toml".into()), line(1))));
        assert_eq!(config.keymap, Some(Placed::new(Choice::BuiltIn("vim"), line(2))));
        assert_eq!(config.refresh, Some(Placed::new(Duration::from_secs(10), line(4))));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let told = parse("themes = 1\ntheme = \"drak\"\nrefresh = 5\nstack = 3\n").unwrap_err();
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(told[0].starts_with("/etc/rounds/rounds.toml:1: unknown key \"themes\"\n  did you mean \"theme\"?"));
        assert!(told[1].starts_with("/etc/rounds/rounds.toml:2: theme: unknown theme \"drak\"\n"));
        assert_eq!(told[2], "/etc/rounds/rounds.toml:3: \"refresh\" must be text such as \"5s\", not the number 5");
    }

    #[test]
    fn an_empty_file_says_nothing() {
        let config = parse("# nothing yet\n").unwrap();
        assert_eq!((config.stacks.len(), config.thresholds.len(), config.theme), (0, 0, None));
    }

    const WHOLE: &str = "theme = \"dark\"\nrefresh = \"5s\"\n[[stack]]\nname = \"a\"\nregion = \"us-east-1\"\nclusters = [\"x-*\"]\n\
        freeze = [\"fri 17:00 – mon 06:00 UTC\"]\n[thresholds]\nx = { warn = 1 }\n";

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn a_file_cut_and_spliced_anywhere_never_panics(at in 0..WHOLE.len(), len in 0..40_usize, with in "[\\[\\]{}=\"'#,.\\n \\\\a-z0-9é]{0,12}") {
            let chars: Vec<char> = WHOLE.chars().collect();
            let at = at.min(chars.len());
            let end = (at + len).min(chars.len());
            let text: String = chars[..at].iter().copied().chain(with.chars()).chain(chars[end..].iter().copied()).collect();
            if let Err(told) = parse(&text) {
                prop_assert!(told.iter().all(|e| e.starts_with("/etc/rounds/rounds.toml:")), "{:?}", told);
            }
        }
    }
}
