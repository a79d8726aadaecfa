//! What is read of each of many things by itself, a request each.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;

use super::Context;
use super::setback::Unread;
use crate::model::Fault;
use crate::store::Gap;
use crate::text::Text;
use crate::time::Timestamp;

/// Things asked for one by one in a poll, beside those that were never read: each is a request.
const AT_A_TIME: usize = 10;

/// What was read of each, and what could not be.
pub struct Each<T> {
    known: HashMap<String, (Timestamp, T)>,
    unread: Unread,
}

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), unread: Unread::default() }
    }
}

impl<T> Each<T> {
    /// Reads it of those that are due, the longest unread first; whether any was read. What is not among `names` is forgotten.
    pub async fn read<F>(
        &mut self,
        context: &Context,
        names: &[String],
        every: Duration,
        one: impl Fn(String) -> F,
    ) -> bool
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let now = context.clock.now();
        self.known.retain(|name, _| names.contains(name));
        let old = |name: &String| self.known.get(name).is_none_or(|(at, _)| now.since(*at) >= every);
        let mut due: Vec<String> = self.unread.due(names, now, context.asked).into_iter().filter(old).collect();
        due.sort_by_key(|name| self.known.get(name).map(|(at, _)| *at));
        let never = due.iter().filter(|name| !self.known.contains_key(*name)).count();
        due.truncate(never.max(AT_A_TIME));
        let answers = join_all(due.iter().map(|name| one(name.clone()))).await;
        let (mut unread, mut read) = (Vec::new(), false);
        for (name, answer) in due.iter().zip(answers) {
            match answer {
                Ok(value) => {
                    self.known.insert(name.clone(), (now, value));
                    read = true;
                }
                Err(fault) => unread.push((name.clone(), fault)),
            }
        }
        self.unread.note(names, &due, unread, context.clock.now());
        read
    }

    /// When it was read of this one, and what.
    pub fn get(&self, name: &str) -> Option<&(Timestamp, T)> {
        self.known.get(name)
    }

    /// What is missing of these, and why; `kind` is that of the things.
    pub fn gap(&self, kind: &'static str, names: &[String], what: &str) -> Option<Gap> {
        let faults: Vec<&Fault> = names.iter().filter_map(|name| self.unread.fault(name)).collect();
        let fault = (*faults.first()?).clone();
        let (read, known) = (names.len() - faults.len(), names.len());
        Some(Gap { kind, what: Text::from(what), read, known, fault })
    }
}
