//! A theme or a keymap: one that is compiled in, or a file.

use std::fmt;
use std::path::{Path, PathBuf};

use super::form;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::file::{Trust, read, shown};
use crate::keymap::{self, Keymap};
use crate::theme::{self, Theme};

/// The most that is read of a theme or keymap, in bytes: ten times the largest that ships.
const MAX_DATA: u64 = 64 * 1024;

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A theme.
    Theme,
    /// A keymap.
    Keymap,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Keymap => "keymap",
        }
    }

    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Theme => theme::names(),
            Self::Keymap => keymap::names(),
        }
    }
}

/// One that is compiled in, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Compiled in, by name.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

impl Choice {
    /// Reads a name, or a path: it has a slash or ends in `.toml`. A path is relative to `base`, where there is one.
    ///
    /// # Errors
    /// A name that is not known, with the nearest and all that are.
    pub fn parse(kind: Kind, written: &str, base: Option<&Path>) -> Result<Self, Error> {
        if let Some(name) = kind.names().into_iter().find(|name| *name == written) {
            return Ok(Self::BuiltIn(name));
        }
        let is_path = written.contains('/') || Path::new(written).extension().is_some_and(|e| e == "toml");
        if !is_path {
            let names = suggestion(written, &kind.names()).unwrap_or_default();
            let hint = format!("{names}; or a file such as ./my-{}.toml", kind.word());
            return Err(Error::usage(format!("unknown {} {}", kind.word(), quoted(written))).hint(hint));
        }
        Ok(Self::File(form::file(written, base)))
    }

    /// The theme, and what is wrong with it but could be left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn theme(&self) -> Result<(Theme, Vec<Error>), Error> {
        match self {
            Self::BuiltIn(name) => Ok(Theme::named(name).unwrap_or_default()),
            Self::File(path) => Ok(Theme::load(&read(path, MAX_DATA, Trust::Anyone)?, &shown(path))),
        }
    }

    /// The keymap, and what is wrong with it but could be left out. `known` holds the commands there are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn keymap(&self, known: &[&str]) -> Result<(Keymap, Vec<Error>), Error> {
        match self {
            Self::BuiltIn(name) => Ok(Keymap::named(name, known).unwrap_or_default()),
            Self::File(path) => Ok(Keymap::load(&read(path, MAX_DATA, Trust::Anyone)?, &shown(path), known)),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(name) => f.write_str(name),
            Self::File(path) => f.write_str(&shown(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_built_in_and_a_path_is_a_file() {
        let base = Path::new("/etc/rounds");
        let parse = |written: &str| Choice::parse(Kind::Theme, written, Some(base)).unwrap();
        assert_eq!(parse("light"), Choice::BuiltIn("light"));
        assert_eq!(parse("mine.toml"), Choice::File("/etc/rounds/mine.toml".into()));
        assert_eq!(parse("/tmp/x"), Choice::File("/tmp/x".into()));
        assert_eq!(Choice::parse(Kind::Keymap, "./k", None), Ok(Choice::File("./k".into())));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let e = Choice::parse(Kind::Theme, "drak", None).unwrap_err().to_string();
        assert!(
            e.starts_with("unknown theme \"drak\"\n  did you mean \"dark\"? valid: dark, light, mono; or a file"),
            "{e}"
        );
    }

    #[test]
    fn files_are_loaded_with_what_is_wrong_in_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("t.toml"), "inherits = \"dark\"\n[roles]\ncrt = {}\n").unwrap();
        let choice = Choice::parse(Kind::Theme, "t.toml", Some(dir.path())).unwrap();
        let (theme, wrong) = choice.theme().unwrap();
        assert_eq!(theme, Theme::named("dark").unwrap().0);
        assert_eq!(wrong[0].origin, Some(format!("{}/t.toml:3", dir.path().display())));
        assert!(Choice::File(dir.path().join("absent.toml")).theme().is_err());
        assert!(Choice::File(dir.path().to_path_buf()).keymap(&[]).is_err());
        assert!(Choice::BuiltIn("vim").keymap(&[]).is_ok());
    }
}
