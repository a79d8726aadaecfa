//! What happened in a stack, as far as this console was told of it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::SOURCES;
use crate::model::timeline::Entry;
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;
use crate::time::Timestamp;

/// Entries kept of a stack; the oldest go first.
pub const MOST: usize = 10_000;

/// Things whose last state is remembered, of each source; beyond that all are looked at anew.
const MARKS: usize = 50_000;

/// The chronicle of one stack. A copy is cheap: what is known is shared until one of them learns more.
#[derive(Clone, Default)]
pub struct Chronicle(Arc<Known>);

#[derive(Clone, Default)]
struct Known {
    /// The newest first.
    entries: Vec<Arc<Entry>>,
    memory: HashMap<&'static str, Memory>,
    forgotten: Option<Timestamp>,
}

/// What is remembered of one source, so that what is known need not be told again.
#[derive(Clone, Default)]
struct Memory {
    /// The time of each entry, by its key.
    told: HashMap<String, Timestamp>,
    /// The last state of each thing, as a number.
    marks: HashMap<Text, u64>,
}

/// What a source tells.
pub struct Told {
    /// When, by the source's clock; absent: it was seen only now.
    pub at: Option<Timestamp>,
    /// How bad it is.
    pub severity: Severity,
    /// What it happened to.
    pub subject: Subject,
    /// Other things it concerns, kind and id.
    pub related: Vec<(&'static str, Text)>,
    /// What happened, in one sentence.
    pub message: Text,
    /// What tells it from all others of the source.
    pub key: String,
}

/// How a thing stands against when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was never looked at.
    First,
    /// Nothing has changed.
    Same,
    /// It was this.
    Before(u64),
}

/// Writes what one source tells into the chronicle.
pub struct Pen<'a> {
    source: &'static str,
    now: Timestamp,
    known: &'a mut Known,
    fresh: Vec<Arc<Entry>>,
}

/// A state as one number, the same for equal states.
#[must_use]
pub fn mark(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Chronicle {
    /// What is known, the newest first.
    #[must_use]
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.0.entries
    }

    /// The newest of what had to go; whatever is not newer than that is not kept. Absent: everything is there.
    #[must_use]
    pub fn forgotten(&self) -> Option<Timestamp> {
        self.0.forgotten
    }

    /// Takes what the facts of this feed tell, read at `now`.
    pub fn learn(&mut self, feed: &str, facts: &Facts, now: Timestamp) {
        for source in SOURCES.iter().filter(|source| source.feed == feed) {
            let known = Arc::make_mut(&mut self.0);
            let mut pen = Pen { source: source.id, now, known, fresh: Vec::new() };
            (source.tell)(facts, &mut pen);
            pen.settle();
        }
    }
}

impl Pen<'_> {
    /// How a thing stands: `mark` is its state now, which is remembered.
    pub fn look(&mut self, thing: &Text, mark: u64) -> Seen {
        let marks = &mut self.known.memory.entry(self.source).or_default().marks;
        match marks.get_mut(thing) {
            Some(before) if *before == mark => Seen::Same,
            Some(before) => Seen::Before(std::mem::replace(before, mark)),
            None => {
                if marks.len() >= MARKS {
                    marks.clear();
                }
                marks.insert(thing.clone(), mark);
                Seen::First
            }
        }
    }

    /// Whether an entry with this key and time would be new. For what never changes: it need not be put into words again.
    #[must_use]
    pub fn is_new(&self, key: &str, at: Option<Timestamp>) -> bool {
        !self.is_over(at.unwrap_or(self.now)) && self.first_told(key).is_none()
    }

    /// Tells something. What was told already takes the new words; one that is only seen keeps the time of its first sighting.
    pub fn tell(&mut self, told: Told) {
        let known_at = self.first_told(&told.key);
        let observed = told.at.is_none();
        let at = told.at.or(known_at).unwrap_or(self.now);
        if self.is_over(at) && known_at.is_none() {
            return;
        }
        let mut entry = Entry {
            at,
            seen_at: self.now,
            observed,
            source: self.source,
            severity: told.severity,
            subject: told.subject,
            related: told.related,
            message: told.message,
            key: told.key,
        };
        if let Some(old) = known_at.and_then(|at| self.position(at, &entry.key)) {
            let list = if old.0 { &mut self.fresh } else { &mut self.known.entries };
            entry.seen_at = list[old.1].seen_at;
            if *list[old.1] == entry {
                return;
            }
            list.remove(old.1);
        }
        self.known.memory.entry(self.source).or_default().told.insert(entry.key.clone(), at);
        self.fresh.push(Arc::new(entry));
        if self.fresh.len() > MOST {
            self.settle();
        }
    }

    /// When the reading that is looked at ended.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn first_told(&self, key: &str) -> Option<Timestamp> {
        self.known.memory.get(self.source)?.told.get(key).copied()
    }

    fn is_over(&self, at: Timestamp) -> bool {
        self.known.forgotten.is_some_and(|until| at <= until)
    }

    /// Where an entry of this source stands: among the fresh ones or not, and its place there.
    fn position(&self, at: Timestamp, key: &str) -> Option<(bool, usize)> {
        let is = |entry: &Arc<Entry>| entry.source == self.source && entry.key == key;
        let entries = &self.known.entries;
        let from = entries.partition_point(|entry| entry.at > at);
        let same = entries[from..].iter().take_while(|entry| entry.at == at).position(is);
        same.map(|i| (false, from + i)).or_else(|| self.fresh.iter().position(is).map(|i| (true, i)))
    }

    /// Puts what is fresh in its place, and lets the oldest go.
    fn settle(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let known = &mut *self.known;
        known.entries.append(&mut self.fresh);
        known
            .entries
            .sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.source.cmp(b.source)).then_with(|| a.key.cmp(&b.key)));
        let Some(last) = known.entries.get(MOST).map(|entry| entry.at) else { return };
        known.forgotten = known.forgotten.max(Some(last));
        for entry in known.entries.drain(MOST..) {
            if let Some(memory) = known.memory.get_mut(entry.source) {
                memory.told.remove(&entry.key);
            }
        }
    }
}
