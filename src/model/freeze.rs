//! Hours in which nothing should be changed.

use std::fmt;

use crate::time::Timestamp;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// A window that returns every week, in UTC: `fri 17:00 – mon 06:00 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Minutes since Monday 00:00; the window holds from here …
    from: u32,
    /// … until before here. Earlier than `from` where the window spans the end of the week.
    until: u32,
}

impl Freeze {
    /// Reads `fri 17:00 – mon 06:00 UTC`; a plain hyphen will do.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without the value.
    pub fn parse(written: &str) -> Result<Self, &'static str> {
        let hours = written.trim().strip_suffix("UTC").ok_or("must end in UTC: no other time zone is known")?;
        let (from, until) = hours.split_once(['–', '-']).ok_or("must have a beginning and an end")?;
        match (minute(from), minute(until)) {
            (Some(from), Some(until)) if from == until => Err("begins when it ends"),
            (Some(from), Some(until)) => Ok(Self { from, until }),
            _ => Err("must be written as days and times"),
        }
    }

    /// Whether the window holds at this time.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        // The epoch was a Thursday.
        let minutes = at.secs().div_euclid(60) + i64::from(3 * DAY);
        let now = u32::try_from(minutes.rem_euclid(i64::from(WEEK))).unwrap_or_default();
        if self.from < self.until {
            (self.from..self.until).contains(&now)
        } else {
            now >= self.from || now < self.until
        }
    }
}

/// The minute of the week of `fri 17:00`.
fn minute(written: &str) -> Option<u32> {
    let mut words = written.split_whitespace();
    let (day, time, None) = (words.next()?, words.next()?, words.next()) else { return None };
    let day = DAYS.iter().position(|known| known.eq_ignore_ascii_case(day))?;
    let (hour, minute) = time.split_once(':')?;
    let number = |digits: &str, below: u32| {
        let two = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|n| two && *n < below)
    };
    Some(u32::try_from(day).ok()? * DAY + number(hour, 24)? * 60 + number(minute, 60)?)
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |minute: u32| {
            let day = DAYS.get((minute / DAY) as usize).copied().unwrap_or_default();
            format!("{day} {:02}:{:02}", minute % DAY / 60, minute % 60)
        };
        write!(f, "{} – {} UTC", shown(self.from), shown(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_span_the_end_of_the_week() {
        let weekend = Freeze::parse("fri 17:00 – mon 06:00 UTC").unwrap();
        let holds = |at: &str| weekend.holds(Timestamp::parse(at).unwrap());
        assert!(!holds("2026-03-13T16:59:59Z"));
        assert!(holds("2026-03-13T17:00:00Z"));
        assert!(holds("2026-03-15T12:00:00Z"));
        assert!(holds("2026-03-16T05:59:59Z"));
        assert!(!holds("2026-03-16T06:00:00Z"));
        assert!(holds("1969-12-28T12:00:00Z"), "a Sunday before the epoch");
    }

    #[test]
    fn a_window_may_lie_within_the_week() {
        let night = Freeze::parse("Tue 22:00 - wed 04:30 UTC").unwrap();
        assert_eq!(night.to_string(), "tue 22:00 – wed 04:30 UTC");
        assert!(night.holds(Timestamp::parse("2026-03-18T04:29:00Z").unwrap()));
        assert!(!night.holds(Timestamp::parse("2026-03-18T04:30:00Z").unwrap()));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for wrong in [
            "",
            "UTC",
            "fri 17:00 – mon 06:00",
            "fri 17:00 – mon 06:00 CET",
            "fri 17:00 UTC",
            "fri 25:00 – mon 06:00 UTC",
            "fri 17:0 – mon 06:00 UTC",
            "fri 17:00 – mon 06:60 UTC",
            "someday 17:00 – mon 06:00 UTC",
            "fri 17:00 – fri 17:00 UTC",
            "fri 17:00 – mon 06:00 – tue 06:00 UTC",
        ] {
            assert!(Freeze::parse(wrong).is_err(), "{wrong}");
        }
    }
}
