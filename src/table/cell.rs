//! One typed value with three projections: for people, for machines, for sorting.

use std::time::Duration;

use serde_json::{Value, json};

use super::Trend;
use crate::model::Severity;
use crate::text::Text;
use crate::time::{Timestamp, human};

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// The service did not say, or it does not apply.
    Missing,
    /// Words.
    Text(Text),
    /// A number of things.
    Count(u64),
    /// Memory: people read MiB, machines bytes.
    Mebibytes(u32),
    /// A number that need not be whole.
    Number(f64),
    /// A span in seconds; one below zero is shown as zero.
    Seconds(f64),
    /// Bytes: people read them in the largest fitting unit.
    Bytes(f64),
    /// A share between 0 and 1: people read percent.
    Share(f64),
    /// Yes or no.
    Flag(bool),
    /// Begun at this time: people and machines read how long ago.
    Since(Timestamp),
    /// Begun at this time at the latest.
    SinceAtLeast(Timestamp),
    /// Happened at this time: people read how long ago, machines the time.
    At(Timestamp),
    /// Happened at this time, or by then at the latest where it was only observed: people read when, machines the time. What
    /// is ahead of the clock is told as that.
    Moment {
        /// When.
        at: Timestamp,
        /// Whether that is when it was first seen.
        observed: bool,
    },
    /// Ends at this time: people read in how long, machines the time.
    Until(Timestamp),
    /// Words with a judgement.
    State(Severity, Text),
    /// Things by place, such as tasks by zone.
    Spread(Vec<(Text, u32)>),
    /// Names that all apply; a filter's `=` is held against each of them.
    Names(Vec<Text>),
    /// Numbers as given, such as exit codes.
    Codes(Vec<i32>),
    /// Numbers over time, drawn as bars; to sort by, the newest of them.
    Trend(Trend),
}

/// Less than this is no more than the rounding of clocks.
const AHEAD: Duration = Duration::from_secs(1);

/// What tables sort by. Missing comes last in either direction (see [`super::sort()`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// By number.
    Number(i64),
    /// By words, ignoring case.
    Words(String),
    /// By several numbers.
    Numbers(Vec<i64>),
    /// Nothing to sort by.
    Missing,
}

impl Cell {
    /// A text, or missing.
    #[must_use]
    pub fn text(text: Option<&Text>) -> Self {
        text.filter(|t| !t.is_empty()).map_or(Self::Missing, |t| Self::Text(t.clone()))
    }

    /// A count, or missing.
    #[must_use]
    pub fn count(n: Option<u32>) -> Self {
        n.map_or(Self::Missing, |n| Self::Count(u64::from(n)))
    }

    /// The time of an event, or missing.
    #[must_use]
    pub fn at(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Missing, Self::At)
    }

    /// For people, at the time `now`.
    #[must_use]
    pub fn human(&self, now: Timestamp) -> String {
        match self {
            Self::Missing => "–".to_owned(),
            Self::Text(text) | Self::State(_, text) => text.to_string(),
            Self::Count(n) => n.to_string(),
            Self::Mebibytes(n) => n.to_string(),
            Self::Number(n) => short(*n),
            Self::Seconds(n) => seconds(*n),
            Self::Bytes(n) => bytes(*n),
            Self::Share(share) => format!("{:.0}%", share * 100.0),
            Self::Flag(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Self::Since(at) | Self::At(at) => human(now.since(*at)),
            Self::SinceAtLeast(at) => format!(">{}", human(now.since(*at))),
            Self::Moment { at, .. } if at.since(now) >= AHEAD => format!("{} ahead", human(at.since(now))),
            Self::Moment { at, observed } => format!("{}{}", if *observed { "by " } else { "" }, at.moment(now)),
            Self::Names(names) => join(names.iter().map(Text::to_string)),
            Self::Until(at) if *at < now => format!("{} ago", human(now.since(*at))),
            Self::Until(at) => format!("in {}", human(at.since(now))),
            Self::Spread(places) => join(places.iter().map(|(place, n)| format!("{place}:{n}"))),
            Self::Codes(codes) => join(codes.iter().map(i32::to_string)),
            Self::Trend(trend) => trend.short(false),
        }
    }

    /// For machines, as of the time `now`: durations in seconds, times in RFC 3339, absent as `null`.
    #[must_use]
    pub fn machine(&self, now: Timestamp) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Text(text) | Self::State(_, text) => json!(text.as_str()),
            Self::Count(n) => json!(n),
            Self::Mebibytes(n) => json!(u64::from(*n) << 20),
            Self::Number(n) | Self::Bytes(n) => whole(*n),
            Self::Share(n) => json!(n),
            Self::Seconds(n) => whole(n.max(0.0)),
            Self::Flag(yes) => json!(yes),
            Self::Since(at) | Self::SinceAtLeast(at) => json!(now.since(*at).as_secs()),
            Self::At(at) | Self::Until(at) | Self::Moment { at, .. } => json!(at.rfc3339()),
            Self::Names(names) => json!(names.iter().map(Text::as_str).collect::<Vec<_>>()),
            Self::Spread(places) => places.iter().map(|(place, n)| (place.to_string(), json!(n))).collect(),
            Self::Codes(codes) => json!(codes),
            Self::Trend(trend) => trend.newest().machine(now),
        }
    }

    /// For sorting.
    #[must_use]
    pub fn sort_key(&self) -> SortKey {
        match self {
            Self::Missing => SortKey::Missing,
            Self::Text(text) | Self::State(_, text) => SortKey::Words(text.to_lowercase()),
            Self::Count(n) => SortKey::Number(i64::try_from(*n).unwrap_or(i64::MAX)),
            Self::Mebibytes(n) => SortKey::Number(i64::from(*n)),
            Self::Number(n) | Self::Seconds(n) | Self::Bytes(n) | Self::Share(n) => thousandths(*n),
            Self::Flag(yes) => SortKey::Number(i64::from(*yes)),
            // The younger comes first, as the smaller age does on screen.
            Self::Since(at) | Self::SinceAtLeast(at) | Self::At(at) => SortKey::Number(-at.millis()),
            Self::Names(_) => SortKey::Words(self.searchable().to_lowercase()),
            Self::Until(at) | Self::Moment { at, .. } => SortKey::Number(at.millis()),
            Self::Spread(places) => SortKey::Numbers(places.iter().map(|(_, n)| i64::from(*n)).collect()),
            Self::Codes(codes) => SortKey::Numbers(codes.iter().map(|n| i64::from(*n)).collect()),
            Self::Trend(trend) => trend.newest().sort_key(),
        }
    }

    /// The words a filter searches; ages, which change by the second, and drawings are not among them.
    #[must_use]
    pub fn searchable(&self) -> String {
        let mut words = String::new();
        self.push_words(&mut words);
        words
    }

    /// Adds the words a filter searches.
    pub fn push_words(&self, words: &mut String) {
        match self {
            Self::Missing | Self::Since(_) | Self::SinceAtLeast(_) | Self::At(_) | Self::Until(_) | Self::Trend(_) => {}
            Self::Text(text) | Self::State(_, text) => words.push_str(text),
            Self::Moment { at, .. } => words.push_str(&at.date_time()),
            Self::Names(names) => {
                for (i, name) in names.iter().enumerate() {
                    words.push_str(if i > 0 { " " } else { "" });
                    words.push_str(name);
                }
            }
            other => words.push_str(&other.human(Timestamp::default())),
        }
    }
}

/// A whole number without a fraction, as other counts are written.
fn whole(n: f64) -> Value {
    // Beyond 2^53 a double does not hold every whole number.
    let is_whole = n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0;
    let written = format!("{n:.0}").parse::<i64>();
    written.ok().filter(|_| is_whole).map_or_else(|| json!(n), |n| json!(n))
}

/// At most two decimals, none where they are zero.
fn short(n: f64) -> String {
    let decimals = format!("{n:.2}");
    decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn seconds(n: f64) -> String {
    match Duration::try_from_secs_f64(n.max(0.0)) {
        Ok(span) if n > 0.0 && n < 1.0 => format!("{}ms", span.as_millis()),
        Ok(span) => human(span),
        Err(_) => "–".to_owned(),
    }
}

fn bytes(n: f64) -> String {
    const UNITS: [(f64, &str); 4] =
        [(1_099_511_627_776.0, "TiB"), (1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")];
    match UNITS.iter().find(|(size, _)| n.abs() >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", n / size),
        None => format!("{n:.0} B"),
    }
}

/// What is no number is sorted as missing.
fn thousandths(n: f64) -> SortKey {
    let whole = format!("{:.0}", n * 1_000.0).parse();
    whole.map_or(SortKey::Missing, SortKey::Number)
}

fn join(parts: impl Iterator<Item = String>) -> String {
    let joined = parts.collect::<Vec<_>>().join(" ");
    if joined.is_empty() { "–".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_projection_serves_its_reader() {
        let now = Timestamp::from_secs(1_000);
        let at = Timestamp::from_secs(808);
        for (cell, human, machine) in [
            (Cell::Missing, "–", json!(null)),
            (Cell::Count(7), "7", json!(7)),
            (Cell::Mebibytes(2), "2", json!(2_097_152)),
            (Cell::Number(2.0), "2", json!(2)),
            (Cell::Number(0.25), "0.25", json!(0.25)),
            (Cell::Seconds(-3.0), "0s", json!(0)),
            (Cell::Seconds(0.04), "40ms", json!(0.04)),
            (Cell::Seconds(192.4), "3m12s", json!(192.4)),
            (Cell::Seconds(f64::INFINITY), "–", json!(null)),
            (Cell::Bytes(12.5 * 1_073_741_824.0), "12.5 GiB", json!(13_421_772_800_i64)),
            (Cell::Bytes(12.0), "12 B", json!(12)),
            (Cell::Share(0.844), "84%", json!(0.844)),
            (Cell::Flag(true), "yes", json!(true)),
            (Cell::Since(at), "3m12s", json!(192)),
            (Cell::SinceAtLeast(at), ">3m12s", json!(192)),
            (Cell::At(at), "3m12s", json!("1970-01-01T00:13:28.000Z")),
            (Cell::Until(Timestamp::from_secs(1_060)), "in 1m00s", json!("1970-01-01T00:17:40.000Z")),
            (Cell::Moment { at, observed: false }, "00:13:28Z", json!("1970-01-01T00:13:28.000Z")),
            (Cell::Moment { at, observed: true }, "by 00:13:28Z", json!("1970-01-01T00:13:28.000Z")),
            (
                Cell::Moment { at: Timestamp::from_secs(1_003), observed: false },
                "3s ahead",
                json!("1970-01-01T00:16:43.000Z"),
            ),
            (Cell::Names(vec![Text::from("a"), Text::from("b")]), "a b", json!(["a", "b"])),
            (Cell::Spread(vec![(Text::from("a"), 3), (Text::from("b"), 0)]), "a:3 b:0", json!({"a": 3, "b": 0})),
            (Cell::Codes(vec![0, 137]), "0 137", json!([0, 137])),
            (Cell::State(Severity::Warn, Text::from("slow")), "slow", json!("slow")),
        ] {
            assert_eq!((cell.human(now).as_str(), cell.machine(now)), (human, machine));
        }
    }

    #[test]
    fn numbers_sort_by_size_and_what_is_none_comes_last() {
        let key = |n| Cell::Number(n).sort_key();
        assert!(key(-1.0) < key(0.5) && key(0.5) < key(2.0) && key(2.0) < key(f64::NAN));
        assert_eq!(key(f64::INFINITY), SortKey::Missing);
    }

    #[test]
    fn the_younger_sorts_first_and_missing_last() {
        let key = |secs| Cell::Since(Timestamp::from_secs(secs)).sort_key();
        assert!(key(900) < key(800));
        assert!(Cell::Missing.sort_key() > key(800));
    }
}
