//! One list of a feed that reads several: what is known of it, since when, and what went wrong with reading it again.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use super::pages::Listed;
use super::setback::Setback;
use super::walk::Walked;
use crate::model::FaultKind;
use crate::store::Gap;
use crate::text::Text;
use crate::time::Timestamp;

/// A list that is read again and again.
pub struct Part<T> {
    items: Vec<T>,
    read_at: Option<Timestamp>,
    whole_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    setback: Setback,
    read_last: usize,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            read_at: None,
            whole_at: None,
            asked_at: None,
            setback: Setback::default(),
            read_last: 0,
        }
    }
}

/// Reads, if it is due.
pub async fn when<T>(due: bool, read: impl Future<Output = T>) -> Option<T> {
    if due { Some(read.await) } else { None }
}

impl<T> Part<T> {
    /// Whether to read it now; what failed waits as its fault bids.
    pub fn is_due(&self, now: Timestamp, every: Duration, asked: bool) -> bool {
        let failed = self.setback.fault().is_some();
        let old = self.asked_at.is_none_or(|at| now.since(at) >= every);
        !self.setback.holds(now, asked) && (old || failed || asked)
    }

    /// Takes what a reading that began `at` gave; whether it brought anything. Known ones that a list cut short does not name
    /// stay, and the part is then as old as they are.
    pub fn take(&mut self, listed: Option<Listed<T>>, key: impl Fn(&T) -> String, at: Timestamp) -> bool {
        listed.is_some_and(|listed| self.take_begun(listed, key, at, at))
    }

    /// The same of a list that is read some pages at a time.
    pub fn take_walked(&mut self, walked: Option<Walked<T>>, key: impl Fn(&T) -> String, now: Timestamp) -> bool {
        walked.is_some_and(|walked| self.take_begun(walked.listed, key, walked.begun, now))
    }

    fn take_begun(&mut self, listed: Listed<T>, key: impl Fn(&T) -> String, at: Timestamp, now: Timestamp) -> bool {
        self.asked_at = Some(at);
        self.read_last = listed.items.len();
        let (brought, whole) = (!listed.items.is_empty() || listed.fault.is_none(), listed.fault.is_none());
        self.setback.note(listed.fault, now);
        if !brought {
            return false;
        }
        if whole {
            self.whole_at = Some(at);
        }
        let known = std::mem::replace(&mut self.items, listed.items);
        let mut stayed = 0;
        if !whole {
            let new: HashSet<String> = self.items.iter().map(&key).collect();
            let left: Vec<T> = known.into_iter().filter(|item| !new.contains(&key(item))).collect();
            stayed = left.len();
            self.items.extend(left);
        }
        if whole || stayed == 0 || self.read_at.is_none() {
            self.read_at = Some(at);
        }
        true
    }

    /// Changes what is known.
    pub fn change(&mut self, f: impl FnOnce(&mut Vec<T>)) {
        f(&mut self.items);
    }

    /// What is known.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// When it was read last; never, if it could not be.
    pub const fn read_at(&self) -> Option<Timestamp> {
        self.read_at
    }

    /// When all of it was read last. Of a list that is read from a time on, what an earlier reading left out is still missing.
    pub const fn whole_at(&self) -> Option<Timestamp> {
        self.whole_at
    }

    /// What is missing of it, and why; `kind` is that of the things on it.
    pub fn gap(&self, kind: &'static str, what: &str) -> Option<Gap> {
        let fault = self.setback.fault()?.clone();
        // One that is being read again is whole, as it was.
        if fault.kind == FaultKind::Unfinished && self.whole_at.is_some() {
            return None;
        }
        Some(Gap { kind, what: Text::from(what), read: self.read_last, known: self.items.len(), fault })
    }
}
