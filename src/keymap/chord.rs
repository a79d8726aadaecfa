//! One key press and its notation.

use std::fmt;
use std::str::FromStr;

use crate::document::quoted;
use crate::text::clean;

/// A key, free of modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character as typed, shift included: `g` and `G` are two keys.
    Char(char),
    /// `enter`.
    Enter,
    /// `esc`.
    Esc,
    /// `tab`.
    Tab,
    /// `backtab`: shift and tab.
    BackTab,
    /// `backspace`.
    Backspace,
    /// `delete`.
    Delete,
    /// `insert`.
    Insert,
    /// `up`.
    Up,
    /// `down`.
    Down,
    /// `left`.
    Left,
    /// `right`.
    Right,
    /// `home`.
    Home,
    /// `end`.
    End,
    /// `pgup`.
    PageUp,
    /// `pgdn`.
    PageDown,
    /// `f1` to `f24`.
    F(u8),
}

/// The named keys and their notation; characters and function keys speak for themselves.
const NAMES: [(Key, &str); 16] = [
    (Key::Char(' '), "space"),
    (Key::Enter, "enter"),
    (Key::Esc, "esc"),
    (Key::Tab, "tab"),
    (Key::BackTab, "backtab"),
    (Key::Backspace, "backspace"),
    (Key::Delete, "delete"),
    (Key::Insert, "insert"),
    (Key::Up, "up"),
    (Key::Down, "down"),
    (Key::Left, "left"),
    (Key::Right, "right"),
    (Key::Home, "home"),
    (Key::End, "end"),
    (Key::PageUp, "pgup"),
    (Key::PageDown, "pgdn"),
];

/// The highest function key of the notation; terminfo knows more, keyboards do not.
const MAX_F: u8 = 24;

/// A key with its modifiers, in the one form a terminal can send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// Whether control is held.
    pub ctrl: bool,
    /// Whether alt (meta) is held.
    pub alt: bool,
    /// Whether shift is held; never set for a character, which carries it already.
    pub shift: bool,
}

impl Chord {
    /// A chord in its one form: what terminals cannot tell apart is the same chord.
    ///
    /// Shift goes into the character, control and a letter is the lower case one, shift and tab is `backtab`, and the control
    /// codes that are keys of their own (`ctrl-i` tab, `ctrl-m` enter, `ctrl-[` esc) are these keys.
    #[must_use]
    pub fn new(key: Key, ctrl: bool, alt: bool, shift: bool) -> Self {
        match (key, ctrl) {
            (Key::Char('i' | 'I'), true) => Self { key: Key::Tab, ctrl: false, alt, shift: false },
            (Key::Char('m' | 'M'), true) => Self { key: Key::Enter, ctrl: false, alt, shift: false },
            (Key::Char('['), true) => Self { key: Key::Esc, ctrl: false, alt, shift: false },
            (Key::Char(c), true) => Self { key: Key::Char(c.to_ascii_lowercase()), ctrl, alt, shift: false },
            (Key::Char(c), false) if shift => Self { key: Key::Char(upper(c)), ctrl, alt, shift: false },
            (Key::Tab | Key::BackTab, _) if shift || key == Key::BackTab => {
                Self { key: Key::BackTab, ctrl, alt, shift: false }
            }
            _ => Self { key, ctrl, alt, shift: shift && !matches!(key, Key::Char(_)) },
        }
    }

    /// A key without modifiers.
    #[must_use]
    pub fn plain(key: Key) -> Self {
        Self::new(key, false, false, false)
    }

    /// The character this chord types where text is entered.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.key {
            Key::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

/// The single upper case character of `c`, or `c`.
fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMES.iter().find(|(key, _)| key == self) {
            return f.write_str(name);
        }
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::F(n) => write!(f, "f{n}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        self.key.fmt(f)
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = written;
        loop {
            let (held, tail) = if let Some(tail) = rest.strip_prefix("ctrl-") {
                (&mut ctrl, tail)
            } else if let Some(tail) = rest.strip_prefix("alt-") {
                (&mut alt, tail)
            } else if let Some(tail) = rest.strip_prefix("shift-") {
                (&mut shift, tail)
            } else {
                break;
            };
            if std::mem::replace(held, true) {
                return Err(format!("{} names a modifier twice", quoted(written)));
            }
            rest = tail;
        }
        let key = key(rest).ok_or_else(|| format!("{} is not a key", quoted(written)))?;
        if let (Key::Char(c), true) = (key, shift)
            && !c.is_lowercase()
            && !c.is_uppercase()
        {
            return Err(format!("{}: write the character that shift gives, such as !", quoted(written)));
        }
        Ok(Self::new(key, ctrl, alt, shift))
    }
}

/// The key a word of the notation stands for.
fn key(word: &str) -> Option<Key> {
    if let Some((key, _)) = NAMES.iter().find(|(_, name)| *name == word) {
        return Some(*key);
    }
    let mut chars = word.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_whitespace() && clean(word) == word).then_some(Key::Char(c));
    }
    let digits = word.strip_prefix('f').filter(|n| !n.starts_with(['0', '+']))?;
    digits.parse().ok().filter(|n| (1..=MAX_F).contains(n)).map(Key::F)
}

/// The words of the notation, for the nearest to a mistyped one.
pub(super) fn key_names() -> Vec<&'static str> {
    NAMES.iter().map(|(_, name)| *name).collect()
}

/// Chords pressed one after the other: `g g`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(Vec<Chord>);

impl Sequence {
    /// The chords, at least one.
    #[must_use]
    pub fn chords(&self) -> &[Chord] {
        &self.0
    }

    /// Whether the one begins with the other, or they are equal.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, chord) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            chord.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Sequence {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let chords: Vec<Chord> = written.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if chords.is_empty() { Err(format!("{} is not a key", quoted(written))) } else { Ok(Self(chords)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(written: &str) -> String {
        written.parse::<Chord>().map_or_else(|e| e, |c| c.to_string())
    }

    #[test]
    fn the_notation_is_read_and_written_alike() {
        for same in
            ["j", "G", "ctrl-l", "pgdn", "esc", "backtab", "space", "f5", ":", "-", "ctrl--", "alt-x", "é", "shift-up"]
        {
            assert_eq!(shown(same), same);
        }
    }

    #[test]
    fn what_terminals_cannot_tell_apart_is_one_chord() {
        for (written, same) in [
            ("shift-g", "G"),
            ("alt-ctrl-x", "ctrl-alt-x"),
            ("ctrl-L", "ctrl-l"),
            ("shift-tab", "backtab"),
            ("ctrl-i", "tab"),
            ("ctrl-m", "enter"),
            ("ctrl-[", "esc"),
        ] {
            assert_eq!(shown(written), same);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_value() {
        for wrong in ["", "ctrl-", "jj", "f0", "f25", "f01", "ctrl-ctrl-x", "\u{200b}", "\t", "shift-1", "escape"] {
            let e = wrong.parse::<Chord>().unwrap_err();
            assert!(e.starts_with(&quoted(wrong)), "{e}");
        }
        assert!("".parse::<Sequence>().is_err());
    }

    #[test]
    fn sequences_overlap_when_one_begins_the_other() {
        let sequence = |s: &str| s.parse::<Sequence>().unwrap();
        assert!(sequence("g").overlaps(&sequence("g g")));
        assert!(sequence("g g").overlaps(&sequence("g")));
        assert!(!sequence("g t").overlaps(&sequence("g g")));
    }

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            any::<char>()
                .prop_filter("a visible character", |c| !c.is_whitespace() && clean(&c.to_string()) == c.to_string())
                .prop_map(Key::Char),
            proptest::sample::select(NAMES.to_vec()).prop_map(|(key, _)| key),
            (1..=MAX_F).prop_map(Key::F),
        ]
    }

    proptest! {
        #[test]
        fn a_chord_survives_being_written_and_read(
            key in any_key(), ctrl in any::<bool>(), alt in any::<bool>(), shift in any::<bool>()
        ) {
            let chord = Chord::new(key, ctrl, alt, shift);
            prop_assert_eq!(chord.to_string().parse::<Chord>(), Ok(chord));
            prop_assert_eq!(Chord::new(chord.key, chord.ctrl, chord.alt, chord.shift), chord);
        }

        #[test]
        fn reading_a_chord_never_panics(written in "\\PC{0,12}") {
            if let Ok(sequence) = written.parse::<Sequence>() {
                prop_assert_eq!(sequence.to_string().parse::<Sequence>(), Ok(sequence));
            }
        }
    }
}
