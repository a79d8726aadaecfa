//! What was asked: the witness of tests that count calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// A call that would change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The IAM action: `ecs:UpdateService`.
    pub action: String,
    /// Its body as it came.
    pub body: Bytes,
}

/// Everything counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls by IAM action, whatever became of them.
    pub calls: BTreeMap<String, u64>,
    /// Calls refused because a token bucket was empty, by IAM action.
    pub throttled: BTreeMap<String, u64>,
    /// Requests that were no call: no signature, an unknown service, an unreadable head.
    pub strays: u64,
    /// Requests of every connection accepted, in the order they were accepted.
    pub requests_per_connection: Vec<u64>,
    /// Calls that would change something, in the order they came, whether or not they are known here.
    pub mutations: Vec<Mutation>,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

impl Counters {
    /// How often an action was called.
    #[must_use]
    pub fn calls(&self, action: &str) -> u64 {
        self.calls.get(action).copied().unwrap_or(0)
    }

    /// How many calls there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.requests_per_connection.len()
    }
}

/// Whether an operation of this name changes something: all but what AWS names as reads.
fn mutates(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    !["List", "Describe", "Get", "Lookup", "Assume"].iter().any(|read| name.starts_with(read))
}

/// Counts.
#[derive(Default)]
pub struct Tally(Mutex<Counters>);

impl Tally {
    /// What was counted until now.
    pub fn counters(&self) -> Counters {
        self.lock().clone()
    }

    /// A connection was accepted; its number.
    pub fn connection(&self) -> usize {
        let mut counters = self.lock();
        counters.requests_per_connection.push(0);
        counters.requests_per_connection.len() - 1
    }

    /// A request came in on a connection.
    pub fn request(&self, connection: usize) {
        if let Some(requests) = self.lock().requests_per_connection.get_mut(connection) {
            *requests += 1;
        }
    }

    /// A request is a call of `action`.
    pub fn call(&self, action: &str, body: &Bytes) {
        let mut counters = self.lock();
        *counters.calls.entry(action.to_owned()).or_default() += 1;
        if mutates(action) {
            counters.mutations.push(Mutation { action: action.to_owned(), body: body.clone() });
        }
    }

    /// A call was refused for an empty bucket.
    pub fn throttled(&self, action: &str) {
        *self.lock().throttled.entry(action.to_owned()).or_default() += 1;
    }

    /// A request is no call.
    pub fn stray(&self) {
        self.lock().strays += 1;
    }

    /// Bytes went by.
    pub fn bytes(&self, received: u64, sent: u64) {
        let mut counters = self.lock();
        counters.bytes_in += received;
        counters.bytes_out += sent;
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_that_change_something_are_kept_with_their_bodies() {
        let tally = Tally::default();
        tally.call("ecs:ListTasks", &Bytes::from_static(b"{}"));
        tally.call("ecs:UpdateService", &Bytes::from_static(b"{1}"));
        tally.call("ecs:UpdateService", &Bytes::from_static(b"{2}"));
        let counters = tally.counters();
        assert_eq!((counters.calls("ecs:UpdateService"), counters.total()), (2, 3));
        let bodies: Vec<&[u8]> = counters.mutations.iter().map(|m| m.body.as_ref()).collect();
        assert_eq!(bodies, [b"{1}", b"{2}"]);
    }
}
