//! Points in time, ages and the clock.
//!
//! Only the runtime (and whoever writes an audit record) asks a [`Clock`]; everything else is handed a [`Timestamp`], so a
//! screen, a rule or a test is a function of its inputs.

use std::fmt;
use std::ops::{Add, Sub};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// A point in time in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Reads RFC 3339, such as `2026-03-14T03:12:44Z`.
    ///
    /// # Errors
    /// A sentence that names the value and the form expected.
    pub fn parse(value: &str) -> Result<Self, String> {
        value
            .parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_millisecond()))
            .map_err(|_| format!("\"{value}\" is not a time; write it like 2026-03-14T03:12:44Z"))
    }

    /// Time passed since `earlier`; zero if `earlier` lies in the future (a clock that disagrees with ours).
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC with milliseconds, the form of every machine interface.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.civil("%Y-%m-%dT%H:%M:%S.%3fZ")
    }

    /// The time of day in UTC, `03:12:44Z`.
    #[must_use]
    pub fn time_of_day(self) -> String {
        self.civil("%H:%M:%SZ")
    }

    /// Date and time of day in UTC, `2026-03-14 03:12:44Z`.
    #[must_use]
    pub fn date_time(self) -> String {
        self.civil("%Y-%m-%d %H:%M:%SZ")
    }

    /// As short as a person can tell it at `now`, in UTC: `03:08Z` on the same day, else `12 Mar`, else `2025-03`.
    #[must_use]
    pub fn brief(self, now: Self) -> String {
        let same = |format| self.civil(format) == now.civil(format);
        self.civil(if same("%Y-%m-%d") {
            "%H:%MZ"
        } else if same("%Y") {
            "%-d %b"
        } else {
            "%Y-%m"
        })
    }

    /// To the second for something that happened on the day of `now`, else to the minute with its date, in UTC: `03:10:26Z`,
    /// `13 Mar 22:14`; before that year the date alone, `2025-03-13`.
    #[must_use]
    pub fn moment(self, now: Self) -> String {
        let same = |format| self.civil(format) == now.civil(format);
        self.civil(if same("%Y-%m-%d") {
            "%H:%M:%SZ"
        } else if same("%Y") {
            "%-d %b %H:%M"
        } else {
            "%Y-%m-%d"
        })
    }

    fn civil(self, format: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| format!("{}ms", self.0), |t| t.strftime(format).to_string())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A span in at most two units: `4s`, `3m12s`, `1h03m`, `2d04h`.
#[must_use]
pub fn human(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m{:02}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h{:02}m", s / 3_600, s % 3_600 / 60),
        _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// Reads a span such as `90s`, `10m`, `1h30m`, `30d`; a day is 24 hours.
///
/// # Errors
/// A sentence that names the value and the form expected.
pub fn parse_span(value: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{value}\" is not a duration; write it like 90s, 10m, 1h30m or 30d");
    let span: jiff::Span = value.parse().map_err(|_| wrong())?;
    let exact = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(exact).map_err(|_| wrong())
}

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;

    /// How many seconds of this clock pass in one second of the program's timers.
    fn pace(&self) -> f64 {
        1.0
    }

    /// Ends once so much time of this clock has passed.
    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// The computer's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that moves only when told to: tests, screenshots.
#[derive(Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves the clock to `to`.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    /// Whoever moves the clock also polls what sleeps by it: nothing is woken.
    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let until = self.now() + span;
        Box::pin(std::future::poll_fn(move |_| if self.now() < until { Poll::Pending } else { Poll::Ready(()) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_in_two_units() {
        let shown: Vec<String> = [4, 192, 3_780, 187_200].into_iter().map(|s| human(Duration::from_secs(s))).collect();
        assert_eq!(shown, ["4s", "3m12s", "1h03m", "2d04h"]);
    }

    #[test]
    fn spans_are_parsed_and_refused_with_the_value() {
        assert_eq!(parse_span("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_span("30d"), Ok(Duration::from_secs(2_592_000)));
        assert!(parse_span("soon").unwrap_err().contains("\"soon\""));
        assert!(parse_span("-5s").is_err());
    }

    #[test]
    fn times_round_trip_in_rfc_3339() {
        let t = Timestamp::parse("2026-03-14T03:12:44.120Z").unwrap();
        assert_eq!(t.rfc3339(), "2026-03-14T03:12:44.120Z");
        assert_eq!(t.time_of_day(), "03:12:44Z");
        assert!(Timestamp::parse("yesterday").unwrap_err().contains("yesterday"));
    }

    #[test]
    fn a_future_time_has_age_zero() {
        assert_eq!(Timestamp::from_secs(5).since(Timestamp::from_secs(9)), Duration::ZERO);
    }
}
