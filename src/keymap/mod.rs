//! Keys as data: which chord invokes which command, in which part of the screen.
//!
//! A keymap is a TOML file of scopes; a built-in one can be inherited and changed entry by entry:
//!
//! ```toml
//! inherits = "default"
//! [table]
//! "g g" = "first-row"         # chords pressed one after the other
//! "x" = "view overview"       # a command and its argument
//! "G" = "none"                # takes an inherited key away
//! ```
//!
//! A key is looked up in the scope that has the focus, then in `global`. The modal scopes `dialog` and `prompt` let only
//! chords with control or alt and function keys through to `global`: whoever types a reason must not switch views.

mod chord;
mod file;
mod lint;
mod trie;

pub use chord::{Chord, Key, Sequence};
pub use lint::lint;
pub use trie::{Lookup, Trie};

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Error;

/// The keymaps compiled in, by name; the first is the default.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
];

/// The names of the keymaps compiled in.
#[must_use]
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// The text of a keymap compiled in.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The part of the screen a key is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Wherever the focus is.
    Global,
    /// A table of rows.
    Table,
    /// A dialog without a field being edited.
    Dialog,
    /// A line of text being edited: filter, palette, a dialog's field.
    Prompt,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Global, Self::Table, Self::Dialog, Self::Prompt];

    /// Its name in a keymap.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Table => "table",
            Self::Dialog => "dialog",
            Self::Prompt => "prompt",
        }
    }

    /// Whether a sequence that begins with this chord, unbound here, is looked up in `global`.
    #[must_use]
    pub fn lets_through(self, first: Chord) -> bool {
        match self {
            Self::Global => false,
            Self::Table => true,
            Self::Dialog | Self::Prompt => first.ctrl || first.alt || matches!(first.key, Key::F(_)),
        }
    }
}

/// The command a sequence invokes, with its argument where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binding {
    /// The command's id.
    pub command: String,
    /// Its argument: the `overview` of `view overview`.
    pub arg: Option<String>,
}

impl Binding {
    /// Reads `command` or `command argument`.
    #[must_use]
    pub fn parse(written: &str) -> Self {
        let mut words = written.trim().splitn(2, char::is_whitespace);
        let command = words.next().unwrap_or_default().to_owned();
        Self { command, arg: words.next().map(|arg| arg.trim().to_owned()) }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        self.arg.iter().try_for_each(|arg| write!(f, " {arg}"))
    }
}

/// One line of a keymap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it holds.
    pub scope: Scope,
    /// What is pressed.
    pub sequence: Sequence,
    /// What it invokes.
    pub binding: Binding,
    /// File and line it comes from.
    pub place: String,
}

/// What every key does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    entries: Vec<Entry>,
    tries: BTreeMap<Scope, Trie<Binding>>,
}

impl Keymap {
    /// Reads a keymap. `origin` is the file's name as the user knows it; `known` holds the commands there are: `quit`, or
    /// `view overview` where the argument counts.
    ///
    /// What is wrong is left out and told; the default is inherited in place of an unknown keymap. Text that is not TOML gives
    /// the default keymap: a console nobody can leave helps
    /// nobody. For the same reason `ctrl-c` quits where no key does.
    #[must_use]
    pub fn load(text: &str, origin: &str, known: &[&str]) -> (Self, Vec<Error>) {
        file::load(text, origin, known, built_in)
    }

    /// A keymap compiled in, and what is wrong with it (nothing, as long as every command it names is known).
    #[must_use]
    pub fn named(name: &str, known: &[&str]) -> Option<(Self, Vec<Error>)> {
        built_in(name).map(|text| Self::load(text, name, known))
    }

    fn from_entries(entries: Vec<Entry>) -> Self {
        let mut tries = BTreeMap::<Scope, Trie<Binding>>::new();
        for entry in &entries {
            tries.entry(entry.scope).or_default().insert(&entry.sequence, entry.binding.clone());
        }
        Self { entries, tries }
    }

    /// What the chords pressed so far mean while `scope` has the focus: there first, then in `global`.
    #[must_use]
    pub fn lookup(&self, scope: Scope, pressed: &[Chord]) -> Lookup<'_, Binding> {
        let Some(first) = pressed.first() else { return Lookup::NotFound };
        let here = self.lookup_in(scope, pressed);
        let elsewhere = matches!(here, Lookup::NotFound) && scope.lets_through(*first);
        if elsewhere { self.lookup_in(Scope::Global, pressed) } else { here }
    }

    fn lookup_in(&self, scope: Scope, pressed: &[Chord]) -> Lookup<'_, Binding> {
        self.tries.get(&scope).map_or(Lookup::NotFound, |trie| trie.lookup(pressed))
    }

    /// Every line, in the order written, inherited ones first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sequence to show as a hint for `what` while `scope` has the focus: the first that invokes it there.
    #[must_use]
    pub fn hint(&self, scope: Scope, what: &str) -> Option<&Sequence> {
        let wanted = Binding::parse(what);
        self.acting_in(scope).find(|entry| entry.binding == wanted).map(|entry| &entry.sequence)
    }

    /// The lines that act while `scope` has the focus, those of the scope first; for the help of a screen.
    pub fn acting_in(&self, scope: Scope) -> impl Iterator<Item = &Entry> {
        let own = self.entries.iter().filter(move |entry| entry.scope == scope);
        let global = self.entries.iter().filter(move |entry| {
            let pressed = entry.sequence.chords();
            entry.scope == Scope::Global
                && scope != Scope::Global
                && pressed.first().is_some_and(|first| scope.lets_through(*first))
                && matches!(self.lookup_in(scope, pressed), Lookup::NotFound)
        });
        own.chain(global)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["view", "next-row", "quit", "accept", "redraw"];

    fn keymap(text: &str) -> Keymap {
        let (keymap, wrong) = Keymap::load(text, "test.toml", &KNOWN);
        assert_eq!(wrong, []);
        keymap
    }

    fn look(keymap: &Keymap, scope: Scope, written: &str) -> Option<String> {
        match keymap.lookup(scope, written.parse::<Sequence>().unwrap().chords()) {
            Lookup::Matched(binding) => Some(binding.to_string()),
            _ => None,
        }
    }

    const TEXT: &str = r#"
        [global]
        "q" = "quit"
        "ctrl-l" = "redraw"
        "1" = "view overview"
        "enter" = "redraw"
        [table]
        "j" = "next-row"
        "down" = "next-row"
        "1" = "view tasks"
        [prompt]
        "enter" = "accept"
    "#;

    #[test]
    fn the_focused_scope_comes_before_global() {
        let keymap = keymap(TEXT);
        assert_eq!(look(&keymap, Scope::Table, "1").as_deref(), Some("view tasks"));
        assert_eq!(look(&keymap, Scope::Global, "1").as_deref(), Some("view overview"));
        assert_eq!(look(&keymap, Scope::Table, "q").as_deref(), Some("quit"));
    }

    #[test]
    fn typing_into_a_prompt_reaches_no_global_command() {
        let keymap = keymap(TEXT);
        assert_eq!(look(&keymap, Scope::Prompt, "q"), None);
        assert_eq!(look(&keymap, Scope::Dialog, "enter"), None);
        assert_eq!(look(&keymap, Scope::Prompt, "enter").as_deref(), Some("accept"));
        assert_eq!(look(&keymap, Scope::Prompt, "ctrl-l").as_deref(), Some("redraw"));
    }

    #[test]
    fn commands_lead_back_to_their_first_key_that_acts() {
        let keymap = keymap(TEXT);
        let hint = |scope, what: &str| keymap.hint(scope, what).map(ToString::to_string);
        assert_eq!(hint(Scope::Table, "next-row").as_deref(), Some("j"));
        assert_eq!(hint(Scope::Table, "view tasks").as_deref(), Some("1"));
        assert_eq!(hint(Scope::Table, "view overview"), None, "the table takes its key");
        assert_eq!(hint(Scope::Table, "redraw").as_deref(), Some("ctrl-l"));
        assert_eq!(hint(Scope::Prompt, "quit"), None, "q is a letter there");
        let help: Vec<String> = keymap.acting_in(Scope::Table).map(|e| e.sequence.to_string()).collect();
        assert_eq!(help, ["j", "down", "1", "q", "ctrl-l", "enter"]);
    }

    #[test]
    fn nothing_pressed_means_nothing() {
        assert_eq!(keymap(TEXT).lookup(Scope::Table, &[]), Lookup::NotFound);
    }
}
