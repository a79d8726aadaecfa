//! Reading the records, and following their chain.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::place::Place;
use crate::error::Error;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its file and number, to show.
    pub place: String,
    /// Its number in the chain; 0 for what is no record.
    pub seq: u64,
    /// The record; `None` for a line that is none, such as one that a crash cut off.
    pub record: Option<Value>,
    /// The line as it stands in the file.
    raw: Vec<u8>,
}

impl Entry {
    /// What the record after it carries.
    #[must_use]
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.raw).iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The line in ASCII alone, and the same JSON: what stands in the file may have been put there by anyone, and nothing of it acts
    /// on a terminal.
    #[must_use]
    pub fn ascii(&self) -> String {
        let mut out = String::with_capacity(self.raw.len());
        for c in String::from_utf8_lossy(&self.raw).chars() {
            match c {
                ' '..='~' => out.push(c),
                // Between the parts of a record; within a text they are no JSON.
                '\t' | '\r' if self.record.is_some() => out.push(' '),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
            }
        }
        out
    }
}

/// Every line of these files. Whether a line is a record is told by itself: a part of a record is no whole JSON object.
pub(super) fn entries(place: &Place, days: &[String]) -> Result<Vec<Entry>, Error> {
    let mut all = Vec::new();
    for day in days {
        let bytes = place.read(day)?;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
        all.extend(lines.map(|(n, line)| entry(place.line(day, n + 1), line.strip_suffix(b"\n").unwrap_or(line))));
    }
    Ok(all)
}

fn entry(place: String, raw: &[u8]) -> Entry {
    let record = serde_json::from_slice::<Value>(raw).ok();
    let seq = record.as_ref().and_then(|record| record.get("seq")?.as_u64()).filter(|seq| *seq > 0);
    Entry { place, seq: seq.unwrap_or(0), record: record.filter(|_| seq.is_some()), raw: raw.to_vec() }
}

/// The last record of the newest of these files that has one.
pub(super) fn last(place: &Place, days: &[String]) -> Result<Option<Entry>, Error> {
    for day in days.iter().rev() {
        let last = entries(place, std::slice::from_ref(day))?.into_iter().rfind(|entry| entry.record.is_some());
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// What following the chain gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records whose place in the chain is right.
    pub records: u64,
    /// The number of the first; more than 1 where older files have been taken elsewhere.
    pub first: u64,
    /// The SHA-256 of the last, to keep elsewhere: only that tells whether the end was cut off.
    pub last: Option<String>,
    /// Lines that are no records: what a crash left.
    pub torn: Vec<String>,
    /// The first line that is not what it should be, and why.
    pub broken: Option<(String, String)>,
}

/// Follows the chain.
pub(super) fn verify(entries: &[Entry]) -> Verified {
    let mut told = Verified::default();
    let mut before: Option<&Entry> = None;
    for entry in entries {
        let Some(record) = &entry.record else {
            told.torn.push(entry.place.clone());
            continue;
        };
        if let Err(why) = follows(entry, record, before) {
            told.broken = Some((entry.place.clone(), why));
            return told;
        }
        if before.is_none() {
            told.first = entry.seq;
        }
        told.records += 1;
        before = Some(entry);
    }
    told.last = before.map(Entry::sha256);
    told
}

fn follows(entry: &Entry, record: &Value, before: Option<&Entry>) -> Result<(), String> {
    let carried = record.get("prev_sha256").and_then(Value::as_str);
    match before {
        None if entry.seq == 1 && carried.is_some() => Err("record 1 names one before it".to_owned()),
        None if entry.seq > 1 && carried.is_none() => Err(format!("record {} does not name the one before", entry.seq)),
        Some(before) if entry.seq - 1 != before.seq => {
            Err(format!("record {} follows record {}", entry.seq, before.seq))
        }
        Some(before) if carried != Some(before.sha256().as_str()) => {
            Err(format!("record {} does not carry the hash of record {} as it is now", entry.seq, before.seq))
        }
        _ => Ok(()),
    }
}
