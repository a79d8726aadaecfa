//! Sequences of chords and what they lead to.

use std::collections::BTreeMap;

use super::chord::{Chord, Sequence};

/// What the chords pressed so far lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a, T> {
    /// They begin a longer sequence.
    Pending,
    /// They are bound to this.
    Matched(&'a T),
    /// They lead nowhere.
    NotFound,
}

/// A tree of chords with a value at the end of each sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trie<T> {
    children: BTreeMap<Chord, Node<T>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node<T> {
    Leaf(T),
    Branch(Trie<T>),
}

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self { children: BTreeMap::new() }
    }
}

impl<T> Trie<T> {
    /// Binds a sequence. What it begins, and what it begins with, gives way to it.
    pub fn insert(&mut self, sequence: &Sequence, value: T) {
        self.put(sequence.chords(), value);
    }

    fn put(&mut self, chords: &[Chord], value: T) {
        match chords {
            [] => {}
            [last] => {
                self.children.insert(*last, Node::Leaf(value));
            }
            [first, rest @ ..] => {
                let node = self.children.entry(*first).or_insert_with(|| Node::Branch(Self::default()));
                if let Node::Leaf(_) = node {
                    *node = Node::Branch(Self::default());
                }
                if let Node::Branch(branch) = node {
                    branch.put(rest, value);
                }
            }
        }
    }

    /// What the chords pressed so far lead to.
    #[must_use]
    pub fn lookup(&self, pressed: &[Chord]) -> Lookup<'_, T> {
        let Some((first, rest)) = pressed.split_first() else { return Lookup::Pending };
        match (self.children.get(first), rest) {
            (Some(Node::Leaf(value)), []) => Lookup::Matched(value),
            (Some(Node::Branch(branch)), _) => branch.lookup(rest),
            _ => Lookup::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look<'a>(trie: &'a Trie<u8>, written: &str) -> Lookup<'a, u8> {
        trie.lookup(written.parse::<Sequence>().unwrap().chords())
    }

    #[test]
    fn sequences_are_followed_chord_by_chord() {
        let mut trie = Trie::default();
        trie.insert(&"g g".parse().unwrap(), 1);
        trie.insert(&"g t".parse().unwrap(), 2);
        trie.insert(&"j".parse().unwrap(), 3);
        assert_eq!(look(&trie, "g"), Lookup::Pending);
        assert_eq!(look(&trie, "g t"), Lookup::Matched(&2));
        assert_eq!(look(&trie, "j"), Lookup::Matched(&3));
        assert_eq!(look(&trie, "g x"), Lookup::NotFound);
        assert_eq!(look(&trie, "j j"), Lookup::NotFound);
        assert_eq!(trie.lookup(&[]), Lookup::Pending);
    }

    #[test]
    fn the_later_of_two_overlapping_sequences_wins() {
        let mut trie = Trie::default();
        trie.insert(&"g".parse().unwrap(), 1);
        trie.insert(&"g g".parse().unwrap(), 2);
        assert_eq!(look(&trie, "g"), Lookup::Pending);
        trie.insert(&"g".parse().unwrap(), 3);
        assert_eq!(look(&trie, "g"), Lookup::Matched(&3));
    }
}
