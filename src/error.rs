//! Errors a person has to act on: what is wrong, where the value came from, what would be right.

use std::fmt;

/// How the process ends. The meaning of each number is part of the contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The invocation or the configuration is wrong: exit 2 (3 for `check`, by the monitoring-plugin convention).
    Usage,
    /// What was named is not there: exit as with [`Usage`](Self::Usage).
    Absent,
    /// Nothing could be read, or the surroundings (terminal, file system) do not allow it: exit 3.
    Unavailable,
}

/// An error for the user: one sentence, where it comes from, and a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What decides the exit code.
    pub kind: ErrorKind,
    /// One sentence that names the value.
    pub what: String,
    /// Where the value came from: a flag, a variable, or a file with its line.
    pub origin: Option<String>,
    /// What would be right, or what to try next.
    pub hint: Option<String>,
}

impl Error {
    /// A mistake in what the user wrote.
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Usage, what: what.into(), origin: None, hint: None }
    }

    /// A name of something that is not there.
    #[must_use]
    pub fn absent(what: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Absent, ..Self::usage(what) }
    }

    /// Something outside that does not work.
    #[must_use]
    pub fn unavailable(what: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Unavailable, what: what.into(), origin: None, hint: None }
    }

    /// Adds where the value came from.
    #[must_use]
    pub fn from(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Adds what would be right.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        f.write_str(&self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The known name nearest to a mistyped one, whatever its case, or the only one that begins like it; if any is near enough to be
/// meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let known: Vec<(String, &str)> = known.into_iter().map(|name| (name.to_lowercase(), name)).collect();
    let near = known
        .iter()
        .map(|(lower, name)| (distance(&typed, lower), *name))
        .filter(|(d, name)| *d <= 1 + name.chars().count().max(typed.chars().count()) / 3)
        .min();
    let mut longer = known.iter().filter(|(lower, _)| typed.len() > 2 && lower.starts_with(&typed));
    let only = longer.next().filter(|_| longer.next().is_none());
    near.map(|(_, name)| name).or_else(|| only.map(|(_, name)| *name))
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_origin_value_and_remedy() {
        let e = Error::usage("unknown theme \"drak\"").from("--theme").hint("did you mean \"dark\"?");
        assert_eq!(e.to_string(), "--theme: unknown theme \"drak\"\n  did you mean \"dark\"?");
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        assert_eq!(nearest("servces", ["services", "tasks"]), Some("services"));
        assert_eq!(nearest("zzz", ["services", "tasks"]), None);
        assert_eq!(nearest("EHR", ["ehr", "rx"]), Some("ehr"));
        assert_eq!(nearest("prod", ["prod-ehr", "staging"]), Some("prod-ehr"));
        assert_eq!(nearest("prod", ["prod-ehr", "prod-pharmacy"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
