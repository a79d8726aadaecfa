//! What a keymap that ships must also keep to.

use super::{Chord, Entry, Key, Keymap};
use crate::error::Error;

/// Control letters that flow control (s, q), job control (z), tmux (b) and screen (a) keep for themselves.
const TAKEN: [char; 5] = ['s', 'q', 'z', 'b', 'a'];

/// Everything [`Keymap::load`] tells, and the commands that only keys reach which may never arrive: those terminals and
/// multiplexers take, alt chords and function keys.
#[must_use]
pub fn lint(text: &str, origin: &str, known: &[&str]) -> Vec<Error> {
    let (keymap, mut wrong) = Keymap::load(text, origin, known);
    let mut told: Vec<&Entry> = Vec::new();
    for entry in keymap.entries() {
        let alike = |other: &&Entry| other.scope == entry.scope && other.binding == entry.binding;
        let reachable = keymap.entries().iter().filter(alike).any(arrives);
        if !reachable && !told.iter().any(alike) {
            let what = format!("\"{}\" is reached only by keys that may not arrive: {}", entry.binding, entry.sequence);
            let hint = "add a key without alt that is neither a function key nor ctrl-s, -q, -z, -b or -a";
            wrong.push(Error::usage(what).from(&*entry.place).hint(hint));
            told.push(entry);
        }
    }
    wrong
}

fn arrives(entry: &Entry) -> bool {
    !entry.sequence.chords().iter().any(|chord| is_fragile(*chord))
}

fn is_fragile(chord: Chord) -> bool {
    chord.alt
        || matches!(chord.key, Key::F(_))
        || (chord.ctrl && matches!(chord.key, Key::Char(c) if TAKEN.contains(&c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_needs_one_key_that_arrives() {
        let told =
            |text: &str| lint(text, "k.toml", &["quit", "sort"]).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(told("[global]\n\"q\" = \"quit\"\n\"f5\" = \"quit\"").is_empty());
        for key in ["f5", "alt-s", "ctrl-s", "x ctrl-a"] {
            let told = told(&format!("[global]\n\"q\" = \"quit\"\n\"{key}\" = \"sort\""));
            assert_eq!(told.len(), 1, "{key}");
            assert!(told[0].starts_with("k.toml:3: \"sort\" is reached only by"), "{told:?}");
        }
    }
}
