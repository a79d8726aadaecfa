//! What is known, and how fresh it is. A failed poll never clears anything.

mod slot;

use std::collections::BTreeMap;

pub use slot::{Freshness, Gap, Reading, Slot, Snapshot};

use crate::model::{Facts, Fault};
use crate::time::Timestamp;
use crate::timeline::Chronicle;

/// The slots of all stacks, and by stack the facts in them and what happened.
#[derive(Clone, Default)]
pub struct Store {
    slots: BTreeMap<(usize, &'static str), Slot>,
    facts: Vec<Facts>,
    chronicles: Vec<Chronicle>,
    never: Slot,
}

/// The result of one poll, as it reaches the store.
#[derive(Clone)]
pub struct Fetched {
    /// Index of the stack.
    pub stack: usize,
    /// The feed's id.
    pub feed: &'static str,
    /// When the poll ended.
    pub at: Timestamp,
    /// When the next one is due.
    pub next: Timestamp,
    /// The snapshot, or why there is none.
    pub result: Result<Snapshot, Fault>,
}

/// What feeds have to tell.
#[derive(Clone)]
pub enum News {
    /// A poll ended.
    Fetched(Fetched),
    /// How far the first reading of a feed is.
    Reading {
        /// Index of the stack.
        stack: usize,
        /// The feed's id.
        feed: &'static str,
        /// How far.
        reading: Reading,
    },
}

impl Store {
    /// An empty store for this many stacks.
    #[must_use]
    pub fn new(stacks: usize) -> Self {
        let chronicles = vec![Chronicle::default(); stacks];
        Self { facts: vec![Facts::default(); stacks], chronicles, ..Self::default() }
    }

    /// Adopts the result of a poll. One that is older than what is there is dropped.
    pub fn adopt(&mut self, fetched: Fetched) {
        let slot = self.slots.entry((fetched.stack, fetched.feed)).or_default();
        let Some((at, data)) = slot.adopt(fetched.at, fetched.next, fetched.result) else { return };
        let Some(facts) = self.facts.get_mut(fetched.stack) else { return };
        facts.put_any(at, data);
        if let Some(chronicle) = self.chronicles.get_mut(fetched.stack) {
            chronicle.learn(fetched.feed, facts, fetched.at);
        }
    }

    /// Notes how far the first reading of a feed is.
    pub fn note(&mut self, stack: usize, feed: &'static str, reading: Reading) {
        self.slots.entry((stack, feed)).or_default().note(reading);
    }

    /// The slot of a feed; a slot never filled reads as [`Freshness::Never`].
    #[must_use]
    pub fn slot(&self, stack: usize, feed: &'static str) -> &Slot {
        self.slots.get(&(stack, feed)).unwrap_or(&self.never)
    }

    /// Every slot that was ever reported on, by stack and feed.
    pub fn slots(&self) -> impl Iterator<Item = (usize, &'static str, &Slot)> {
        self.slots.iter().map(|((stack, feed), slot)| (*stack, *feed, slot))
    }

    /// What happened in a stack, as far as it was told since the start.
    #[must_use]
    pub fn chronicle(&self, stack: usize) -> Option<&Chronicle> {
        self.chronicles.get(stack)
    }

    /// What is known of a stack.
    #[must_use]
    pub fn facts(&self, stack: usize) -> Option<&Facts> {
        self.facts.get(stack)
    }
}
