//! The one word and the exit code that a run ends with.

use super::{FailOn, UnknownIs};
use crate::model::Severity;

/// Exit codes of the monitoring-plugin convention.
pub(super) const OK: u8 = 0;
const WARNING: u8 = 1;
const CRITICAL: u8 = 2;
const UNKNOWN: u8 = 3;

/// How many checks there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) ok: usize,
    pub(super) info: usize,
    pub(super) unknown: usize,
    pub(super) warn: usize,
    pub(super) crit: usize,
}

impl Tally {
    pub(super) fn of(severities: impl Iterator<Item = Severity>) -> Self {
        let mut tally = Self::default();
        for severity in severities {
            *match severity {
                Severity::Ok => &mut tally.ok,
                Severity::Info => &mut tally.info,
                Severity::Unknown => &mut tally.unknown,
                Severity::Warn => &mut tally.warn,
                Severity::Crit => &mut tally.crit,
            } += 1;
        }
        tally
    }

    /// All of them.
    pub(super) const fn checks(&self) -> usize {
        self.ok + self.info + self.unknown + self.warn + self.crit
    }
}

/// What a run ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// `Crit`, `Warn`, `Unknown` or `Ok`.
    pub(super) overall: Severity,
    /// The exit code.
    pub(super) exit: u8,
}

impl Verdict {
    /// Precedence is crit, warn, unknown, ok; what is worth knowing changes nothing. `fail_on` lets off warnings that were
    /// found, never what is unknown, however it counts. A run without any check knows nothing.
    pub(super) const fn of(tally: &Tally, fail_on: FailOn, unknown_is: UnknownIs) -> Self {
        let unknown = tally.unknown > 0 || tally.checks() == 0;
        let (as_crit, as_warn) = match unknown_is {
            UnknownIs::Unknown => (false, false),
            UnknownIs::Critical => (unknown, false),
            UnknownIs::Warning => (false, unknown),
        };
        let overall = match (tally.crit > 0 || as_crit, tally.warn > 0 || as_warn, unknown) {
            (true, _, _) => Severity::Crit,
            (_, true, _) => Severity::Warn,
            (_, _, true) => Severity::Unknown,
            _ => Severity::Ok,
        };
        let told = tally.warn > 0 && matches!(fail_on, FailOn::Warn);
        let exit = match (tally.crit > 0 || as_crit, told || as_warn, unknown) {
            (true, _, _) => CRITICAL,
            (_, true, _) => WARNING,
            (_, _, true) => UNKNOWN,
            _ => OK,
        };
        Self { overall, exit }
    }

    /// The word of the first line.
    pub(super) const fn word(self) -> &'static str {
        match self.overall {
            Severity::Crit => "CRITICAL",
            Severity::Warn => "WARNING",
            Severity::Unknown => "UNKNOWN",
            Severity::Info | Severity::Ok => "OK",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Crit, Info, Ok, Unknown, Warn};

    /// Exit codes with `--fail-on warn` and `--fail-on crit`, each with unknown as itself, critical and warning.
    const TABLE: &[(&[Severity], [u8; 3], [u8; 3])] = &[
        (&[], [3, 2, 1], [3, 2, 1]),
        (&[Ok], [0, 0, 0], [0, 0, 0]),
        (&[Ok, Info], [0, 0, 0], [0, 0, 0]),
        (&[Ok, Unknown], [3, 2, 1], [3, 2, 1]),
        (&[Ok, Warn], [1, 1, 1], [0, 0, 0]),
        (&[Ok, Unknown, Warn], [1, 2, 1], [3, 2, 1]),
        (&[Ok, Crit], [2, 2, 2], [2, 2, 2]),
        (&[Ok, Unknown, Crit], [2, 2, 2], [2, 2, 2]),
        (&[Ok, Warn, Crit], [2, 2, 2], [2, 2, 2]),
        (&[Ok, Unknown, Warn, Crit], [2, 2, 2], [2, 2, 2]),
    ];

    const AS: [UnknownIs; 3] = [UnknownIs::Unknown, UnknownIs::Critical, UnknownIs::Warning];

    fn exits(severities: &[Severity], fail_on: FailOn) -> [u8; 3] {
        AS.map(|unknown_is| Verdict::of(&Tally::of(severities.iter().copied()), fail_on, unknown_is).exit)
    }

    #[test]
    fn the_exit_code_follows_the_table() {
        for (severities, on_warn, on_crit) in TABLE {
            assert_eq!(exits(severities, FailOn::Warn), *on_warn, "{severities:?} --fail-on warn");
            assert_eq!(exits(severities, FailOn::Crit), *on_crit, "{severities:?} --fail-on crit");
        }
    }

    #[test]
    fn the_table_has_every_combination_and_info_never_changes_anything() {
        let combinations = (0_u8..16).map(|bits| {
            let severities = [Ok, Unknown, Warn, Crit].into_iter().enumerate();
            severities.filter(|(i, _)| bits & (1 << i) != 0).map(|(_, s)| s).collect::<Vec<_>>()
        });
        for severities in combinations {
            let mut with_info = severities.clone();
            with_info.push(Info);
            for (fail_on, unknown_is) in
                [FailOn::Warn, FailOn::Crit].into_iter().flat_map(|fail_on| AS.map(|unknown_is| (fail_on, unknown_is)))
            {
                let of = |s: &[Severity]| Verdict::of(&Tally::of(s.iter().copied()), fail_on, unknown_is);
                if !severities.is_empty() {
                    assert_eq!(of(&severities), of(&with_info));
                }
                let verdict = of(&severities);
                if severities.is_empty() || severities.contains(&Unknown) {
                    assert_ne!(verdict.exit, OK, "{severities:?}");
                }
                if severities.contains(&Crit) {
                    assert_eq!((verdict.exit, verdict.word()), (CRITICAL, "CRITICAL"));
                }
            }
        }
    }

    #[test]
    fn a_warning_that_is_let_off_is_still_named() {
        let verdict = Verdict::of(&Tally::of([Ok, Warn].into_iter()), FailOn::Crit, UnknownIs::Unknown);
        assert_eq!((verdict.word(), verdict.exit), ("WARNING", 0));
    }
}
