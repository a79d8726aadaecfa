//! The audit: what was intended, what was answered and what came of it, one JSON object a line, in a file a day.
//!
//! Each record carries the SHA-256 of the one before, across days, so that a record that was changed or taken out is found
//! ([`verify`](Audit::verify)). A record is on the disk before the program goes on. A line that a crash cut off is not counted and not
//! touched: the next record follows on a line of its own.

mod chain;
mod claim;
mod journal;
mod place;
mod record;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;

pub use chain::{Entry, Verified};
pub use claim::Claim;
pub(super) use record::{Header, draft, outcome, result, settled};
pub use record::{Outcome, Phase, Unfinished, place, unfinished};

use super::plan::{Check, Level, Plan, Target};
use super::settle::Open;
use crate::error::Error;
use crate::health::words::count;
use crate::time::Timestamp;
use place::Place;

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long following the chain may take: 30,000 records took less than a second.
const LONGEST: Duration = Duration::from_secs(3);
/// How often to look whether it is done.
const AGAIN: Duration = Duration::from_millis(10);
/// The newest files that are looked through for what was left unfinished.
const RECENT: usize = 7;

/// A record that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The record as it stands there.
    pub line: String,
}

/// The audit in a directory.
#[derive(Clone, Debug)]
pub struct Audit(Place);

impl Audit {
    /// The audit in this directory, which is made when the first record is written.
    #[must_use]
    pub fn at(dir: PathBuf) -> Self {
        Self(Place::new(dir))
    }

    /// What following the chain says to a plan: on top of one that is broken a record proves less.
    pub async fn check(&self) -> Check {
        let audit = self.clone();
        // A long history takes a while, and a home on a network may hang.
        let read = timeout(LONGEST, tokio::task::spawn_blocking(move || audit.verify())).await;
        let (level, text) = match read {
            Ok(Ok(Ok(told))) => match told.broken {
                None => (Level::Pass, format!("the chain of the audit is intact, {}", count(told.records, "record"))),
                Some((place, why)) => (Level::Warn, format!("the chain of the audit is broken at {place}: {why}")),
            },
            Ok(Ok(Err(error))) => (Level::Warn, format!("the audit cannot be read: {}", Error { hint: None, ..error })),
            _ => (Level::Warn, format!("the audit cannot be followed within {} s", LONGEST.as_secs())),
        };
        Check::new("audit", level, text)
    }

    /// Appends a record and gives it once it is on the disk.
    ///
    /// # Errors
    /// It is not: the directory or the file cannot be trusted or written, or another process does not let go of it.
    pub async fn append(&self, now: impl Fn() -> Timestamp + Send, body: Map<String, Value>) -> Result<Written, Error> {
        self.0.prepare()?;
        let lock = self.0.open("chain.lock")?.0;
        let until = tokio::time::Instant::now() + PATIENCE;
        while lock.try_lock().is_err() {
            if tokio::time::Instant::now() >= until {
                return Err(self.0.wrong("another process has been writing for 5 s".to_owned()));
            }
            tokio::time::sleep(AGAIN).await;
        }
        // Nothing is awaited from here on: the lock is let go at the end of this call, or of the process.
        // The time is that of the record's place in the chain, however long others were waited for.
        self.append_locked(now(), body)
    }

    fn append_locked(&self, at: Timestamp, body: Map<String, Value>) -> Result<Written, Error> {
        let days = self.0.days()?;
        let last = chain::last(&self.0, &days)?;
        let seq = last.as_ref().map_or(1, |entry| entry.seq.saturating_add(1));
        let mut record = Map::new();
        record.insert("v".to_owned(), Value::from(1));
        record.insert("seq".to_owned(), Value::from(seq));
        record.insert("prev_sha256".to_owned(), last.map_or(Value::Null, |entry| Value::from(entry.sha256())));
        record.insert("ts".to_owned(), Value::from(at.rfc3339()));
        record.extend(body);
        let today = format!("{}.jsonl", &at.rfc3339()[..10]);
        // A clock that was set back does not break the order of the files.
        let name = days.last().filter(|newest| **newest > today).unwrap_or(&today);
        let (mut file, is_new) = self.0.open(name)?;
        let torn = place::ends_torn(&file).map_err(|e| self.0.failed(name, &e))?;
        let line = Value::Object(record).to_string();
        let whole = format!("{}{line}\n", if torn { "\n" } else { "" });
        let written = file.write_all(whole.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|e| self.0.failed(name, &e))?;
        if is_new {
            self.0.sync()?;
        }
        Ok(Written { seq, at, line })
    }

    /// Every record that can be read, in order, and where lines are that cannot.
    ///
    /// # Errors
    /// A file cannot be trusted or read.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        chain::entries(&self.0, &self.0.days()?)
    }

    /// Follows the chain from its first record to its last.
    ///
    /// # Errors
    /// A file cannot be trusted or read.
    pub fn verify(&self) -> Result<Verified, Error> {
        Ok(chain::verify(&self.entries()?))
    }

    /// What was intended lately and has no outcome, unless a process still has its target in hand.
    ///
    /// # Errors
    /// A file cannot be trusted or read.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, Error> {
        let left = unfinished(&self.recent()?);
        Ok(left.into_iter().filter(|left| !self.is_held(&left.arn)).collect())
    }

    /// What was intended lately and whose end is not known: it has no outcome, or one that is unknown. Oldest first.
    ///
    /// # Errors
    /// A file cannot be trusted or read.
    pub fn open(&self) -> Result<Vec<Open>, Error> {
        Ok(record::open(&self.recent()?))
    }

    /// When this was last sent to this target, or may have been, as far as the newest files tell.
    ///
    /// # Errors
    /// A file cannot be trusted or read.
    pub fn last_sent(&self, action: &str, target: &Target) -> Result<Option<Timestamp>, Error> {
        Ok(record::last_sent(&self.recent()?, action, target))
    }

    fn recent(&self) -> Result<Vec<Entry>, Error> {
        let days = self.0.days()?;
        chain::entries(&self.0, &days[days.len().saturating_sub(RECENT)..])
    }

    /// Whether a running program has this target in hand. Asking leaves nothing behind.
    #[must_use]
    pub fn is_held(&self, arn: &str) -> bool {
        self.0.is_locked(&claim::name(arn))
    }

    /// What of a plan somebody has in hand already: it would be refused then.
    #[must_use]
    pub fn in_hand(&self, plan: &Plan) -> Option<Check> {
        let parts = plan.deed.parts().iter().map(|part| &part.target);
        let held = std::iter::once(&plan.target).chain(parts).find(|target| self.is_held(&target.arn))?;
        let what = format!("an action on {} is under way already; wait until it has ended", held.label);
        Some(Check::new("under-way", Level::Block, what))
    }

    /// Takes a target in hand until the claim is dropped or the process ends; `None` where another process has it.
    ///
    /// # Errors
    /// The directory cannot be trusted or written.
    pub fn claim(&self, arn: &str) -> Result<Option<Claim>, Error> {
        self.0.prepare()?;
        Ok(Claim::take(self.0.open(&claim::name(arn))?.0))
    }
}

#[cfg(test)]
mod tests;
