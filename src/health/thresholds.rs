//! What a rule lets the user configure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::{human, parse_span};

/// A level at which a rule changes its mind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// A span of time.
    Span(Duration),
    /// A plain number: a count.
    Count(u32),
    /// A share between 0 and 1.
    Share(f64),
    /// A count that only the user knows; none unless configured.
    Known(Option<u32>),
}

impl Level {
    /// Reads a level of the same kind as this one from configuration text: `10m`, `3`, `20%`.
    ///
    /// # Errors
    /// A sentence that names the value and the form expected.
    pub fn parse_like(self, value: &str) -> Result<Self, String> {
        let value = value.trim();
        match self {
            Self::Span(_) => parse_span(value).map(Self::Span),
            Self::Known(_) if value == "none" => Ok(Self::Known(None)),
            Self::Known(_) => match Self::Count(1).parse_like(value)? {
                Self::Count(n) => Ok(Self::Known(Some(n))),
                other => Ok(other),
            },
            Self::Count(_) => match value.parse() {
                Ok(0) => Err(format!("\"{value}\" would always hold; the least is 1")),
                Ok(n) => Ok(Self::Count(n)),
                Err(_) => Err(format!("\"{value}\" is not a whole number; write it like 3")),
            },
            Self::Share(_) => value
                .strip_suffix('%')
                .and_then(|n| n.trim().parse::<f64>().ok())
                .filter(|n| (0.0..=100.0).contains(n))
                .map(|n| Self::Share(n / 100.0))
                .ok_or_else(|| format!("\"{value}\" is not a share; write it like 20%")),
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Span(span) => f.write_str(&human(*span)),
            Self::Count(n) | Self::Known(Some(n)) => write!(f, "{n}"),
            Self::Known(None) => f.write_str("none"),
            Self::Share(share) => write!(f, "{:.0}%", share * 100.0),
        }
    }
}

/// One configurable level of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Its name in the configuration: `warn`, `crit` …
    pub name: &'static str,
    /// The level unless configured.
    pub default: Level,
}

impl Threshold {
    /// A span in seconds.
    #[must_use]
    pub const fn seconds(name: &'static str, n: u64) -> Self {
        Self { name, default: Level::Span(Duration::from_secs(n)) }
    }

    /// A span in minutes.
    #[must_use]
    pub const fn minutes(name: &'static str, n: u64) -> Self {
        Self { name, default: Level::Span(Duration::from_secs(n * 60)) }
    }

    /// A count.
    #[must_use]
    pub const fn count(name: &'static str, n: u32) -> Self {
        Self { name, default: Level::Count(n) }
    }

    /// A count that only the user knows.
    #[must_use]
    pub const fn known(name: &'static str) -> Self {
        Self { name, default: Level::Known(None) }
    }

    /// A share between 0 and 1.
    #[must_use]
    pub const fn share(name: &'static str, share: f64) -> Self {
        Self { name, default: Level::Share(share) }
    }
}

/// The levels that were configured, by rule and name; everything else is at its default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds(BTreeMap<(String, String), Level>);

impl Thresholds {
    /// Sets a level. The caller has checked that the rule has one of this name and kind.
    pub fn set(&mut self, rule: &str, name: &str, level: Level) {
        self.0.insert((rule.to_owned(), name.to_owned()), level);
    }

    /// The configured level of a rule, if there is one.
    #[must_use]
    pub fn configured(&self, rule: &str, name: &str) -> Option<Level> {
        self.0.get(&(rule.to_owned(), name.to_owned())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_their_own_kind() {
        assert_eq!(Level::Share(0.5).parse_like("20%"), Ok(Level::Share(0.2)));
        assert_eq!(Level::Count(1).parse_like("3"), Ok(Level::Count(3)));
        assert_eq!(Level::Known(None).parse_like("500"), Ok(Level::Known(Some(500))));
        assert_eq!(Level::Known(Some(5)).parse_like("none"), Ok(Level::Known(None)));
        assert!(Level::Known(None).parse_like("0").is_err());
        assert!(Level::Span(Duration::ZERO).parse_like("3").is_err());
        assert!(Level::Share(0.5).parse_like("120%").unwrap_err().contains("120%"));
    }
}
