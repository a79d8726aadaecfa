//! Whole sequences, as terminals send them for keys: ECMA-48, xterm with modifiers, rxvt, kitty.

use super::{Paste, State, Typed};
use crate::keymap::{Chord, Key};

/// Shift, alt and control, as parameters carry them (less one).
#[derive(Clone, Copy, Default)]
struct Modifiers(u32);

impl Modifiers {
    /// From the parameter, `1` being none; `None` for a key that is let go.
    fn of(parameter: &str) -> Option<Self> {
        let mut parts = parameter.split(':');
        let bits = parts.next().and_then(|p| p.parse::<u32>().ok()).unwrap_or(1).saturating_sub(1);
        if parts.next() == Some("3") { None } else { Some(Self(bits)) }
    }

    fn press(self, key: Key) -> Typed {
        let has = |bit| self.0 & bit != 0;
        Typed::Key(Chord::new(key, has(4), has(2), has(1)))
    }
}

/// What follows `ESC [`; the next state.
pub(super) fn csi(params: &[u8], last: u8, late: bool, typed: &mut Vec<Typed>) -> State {
    let text = std::str::from_utf8(params).unwrap_or_default();
    match (text, last) {
        ("200", b'~') => return State::Paste(Paste::default()),
        ("", b'M') => return State::Mouse(3),
        _ if !late => typed.extend(pressed(text, last)),
        // The Esc of it was told as a key: the rest is nothing.
        _ => {}
    }
    State::Ground
}

/// What follows `ESC O`; the next state.
pub(super) fn ss3(params: &[u8], last: u8, late: bool, typed: &mut Vec<Typed>) -> State {
    let text = std::str::from_utf8(params).unwrap_or_default();
    let modifiers = Modifiers::of(text.rsplit(';').next().unwrap_or_default());
    let shifted = Modifiers(4);
    let (key, modifiers) = match last {
        b'M' => (Some(Key::Enter), modifiers),
        b'I' => (Some(Key::Tab), modifiers),
        b'X' => (Some(Key::Char('=')), modifiers),
        b'j'..=b'y' => (Some(Key::Char(char::from(last - 0x40))), modifiers),
        // rxvt: control and an arrow.
        b'a'..=b'd' => (arrow(last.to_ascii_uppercase()), Some(shifted)),
        _ => (arrow(last).or_else(|| function(last)), modifiers),
    };
    if !late {
        typed.extend(key.zip(modifiers).map(|(key, modifiers)| modifiers.press(key)));
    }
    State::Ground
}

/// The key of a sequence; none for reports and answers.
fn pressed(text: &str, last: u8) -> Option<Typed> {
    if text.starts_with(['<', '=', '>', '?']) {
        return None;
    }
    let mut params = text.split(';');
    let first = params.next().unwrap_or_default();
    let second = params.next();
    let modifiers = Modifiers::of(second.unwrap_or_default())?;
    let key = match last {
        b'~' if first == "27" => return other(params.next()?.parse().ok()?).map(|key| modifiers.press(key)),
        b'~' => numbered(first)?,
        b'u' => other(first.split(':').next()?.parse().ok()?)?,
        b'Z' => Key::BackTab,
        // rxvt: shift, control or both with a numbered key; shift with an arrow.
        b'$' => return numbered(first).map(|key| Modifiers(1).press(key)),
        b'^' => return numbered(first).map(|key| Modifiers(4).press(key)),
        b'@' => return numbered(first).map(|key| Modifiers(5).press(key)),
        b'a'..=b'd' if text.is_empty() => return arrow(last.to_ascii_uppercase()).map(|key| Modifiers(1).press(key)),
        // With parameters it is where the cursor stands, not F3.
        b'R' if second.is_some() => return None,
        _ => arrow(last).or_else(|| function(last))?,
    };
    Some(modifiers.press(key))
}

fn arrow(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => return None,
    })
}

fn function(last: u8) -> Option<Key> {
    matches!(last, b'P'..=b'S').then(|| Key::F(last - b'P' + 1))
}

fn numbered(number: &str) -> Option<Key> {
    Some(match number.parse().ok()? {
        1 | 7 => Key::Home,
        2 => Key::Insert,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        n @ 11..=15 => Key::F(n - 10),
        n @ 17..=21 => Key::F(n - 11),
        n @ 23..=26 => Key::F(n - 12),
        n @ 28..=29 => Key::F(n - 13),
        n @ 31..=34 => Key::F(n - 14),
        _ => return None,
    })
}

/// A key by its code point, as kitty and xterm's modifyOtherKeys have it.
fn other(code: u32) -> Option<Key> {
    Some(match code {
        9 => Key::Tab,
        13 | 57_414 => Key::Enter,
        27 => Key::Esc,
        8 | 127 => Key::Backspace,
        // Kitty's numbers for the keypad.
        n @ 57_399..=57_408 => Key::Char(char::from_digit(n - 57_399, 10)?),
        n => Key::Char(char::from_u32(n).filter(|c| !c.is_control() && !('\u{e000}'..='\u{f8ff}').contains(c))?),
    })
}
