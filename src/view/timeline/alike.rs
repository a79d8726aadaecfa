//! What happened again and again within minutes is one line with a count, and can be unfolded.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::Severity;
use crate::model::timeline::Entry;
use crate::table::Row;
use crate::text::Text;
use crate::time::Timestamp;

/// Fewer are told one by one: two launches say which instances.
const FEWEST: usize = 3;
/// How long before the newest of them it may have been.
const WITHIN: Duration = Duration::from_mins(5);
/// A word this long with a digit in it is an id, which makes no difference.
const ID: usize = 5;

/// What entries that are alike have in common.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'a> {
    source: &'static str,
    severity: Severity,
    subject: &'a str,
    words: String,
}

impl<'a> Kind<'a> {
    fn of(entry: &'a Entry) -> Self {
        let name = entry.subject.name.as_str();
        // Tasks come and go: that of a service stands for the others.
        let subject = match (entry.subject.kind, name.rsplit_once('/')) {
            ("task", Some((service, _))) => service,
            _ => name,
        };
        let (source, severity) = (entry.source, entry.severity);
        Self { source, severity, subject, words: plain(&entry.message) }
    }
}

/// A sentence without the ids in it.
fn plain(message: &str) -> String {
    let is_id = |word: &str| word.len() >= ID && word.bytes().any(|byte| byte.is_ascii_digit());
    let mut words = String::with_capacity(message.len());
    for word in message.split(' ') {
        words.push_str(if is_id(word) { "#" } else { word });
        words.push(' ');
    }
    words
}

/// Puts rows that are alike under the newest of them; `entries` are those of the rows, the newest first.
pub(super) fn fold<'a>(entries: impl Iterator<Item = &'a Entry>, rows: &mut [Row]) {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    // The group of each kind that is not closed yet, and when it began to be told.
    let mut open = HashMap::new();
    for (i, entry) in entries.enumerate() {
        match open.get(&Kind::of(entry)) {
            Some(&(group, newest)) if Timestamp::since(newest, entry.at) <= WITHIN => {
                let members: &mut Vec<usize> = &mut groups[group];
                members.push(i);
            }
            _ => {
                open.insert(Kind::of(entry), (groups.len(), entry.at));
                groups.push(vec![i]);
            }
        }
    }
    for group in groups.iter().filter(|group| group.len() >= FEWEST) {
        let leader: Text = rows[group[0]].id.clone();
        rows[group[0]].folds = group.len() - 1;
        group[1..].iter().for_each(|i| rows[*i].under = Some(leader.clone()));
    }
}
