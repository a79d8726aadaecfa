//! Ages. Beside a clock they count. Without one the screen stands still while nothing happens: what began is told by its time,
//! and what is read again and again by a bound on its age, for as long as that holds.

use std::time::Duration;

use crate::app::State;
use crate::store::Slot;
use crate::table::Cell;
use crate::time::{Timestamp, human};

/// Bounds that ages are told by, in minutes.
const BOUNDS: [u64; 7] = [1, 2, 5, 10, 15, 30, 60];

/// How old a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// So old.
    Of(Duration),
    /// Younger than this.
    Under(Duration),
    /// As old as this time.
    At(Timestamp),
}

impl Age {
    /// The age of something read at `at` that is to be read again after `interval`.
    pub(super) fn of(state: &State, at: Timestamp, interval: Duration) -> Self {
        let age = state.now.since(at);
        if state.options.clock {
            return Self::Of(age);
        }
        // A poll may be late by half before it is worth telling.
        let expected = interval + interval / 2;
        let bound = BOUNDS.map(Duration::from_mins).into_iter().find(|bound| *bound >= expected);
        bound.filter(|bound| age < *bound).map_or(Self::At(at), Self::Under)
    }

    /// The age of a feed's snapshot, if there is one.
    pub(super) fn of_slot(state: &State, slot: &Slot) -> Option<Self> {
        let taken_at = slot.snapshot.as_ref()?.taken_at;
        Some(Self::of(state, taken_at, slot.next.map_or(Duration::ZERO, |next| next.since(taken_at))))
    }

    /// `4s ago`, `under 1m ago`, `at 03:12:44Z`.
    pub(super) fn ago(self) -> String {
        match self {
            Self::Of(_) | Self::Under(_) => format!("{self} ago"),
            Self::At(at) => format!("at {}", at.time_of_day()),
        }
    }

    /// `4s old`, `under 1m old`, `of 03:12:44Z`.
    pub(super) fn old(self) -> String {
        match self {
            Self::Of(_) | Self::Under(_) => format!("{self} old"),
            Self::At(at) => format!("of {}", at.time_of_day()),
        }
    }

    /// `4s`, `<1m`, `03:12:44Z`.
    pub(super) fn brief(self) -> String {
        match self {
            Self::Under(bound) => format!("<{}", minutes(bound)),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Age {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(age) => f.write_str(&human(*age)),
            Self::Under(bound) => write!(f, "under {}", minutes(*bound)),
            Self::At(at) => f.write_str(&at.time_of_day()),
        }
    }
}

fn minutes(span: Duration) -> String {
    format!("{}m", span.as_secs() / 60)
}

/// For how long something had been so at `until`; without a clock, since when.
pub(super) fn lasting(state: &State, since: Timestamp, until: Timestamp) -> String {
    if state.options.clock { human(until.since(since)) } else { since.brief(state.now) }
}

/// As [`lasting`], for something that may have begun earlier.
pub(super) fn lasting_at_least(state: &State, since: Timestamp, until: Timestamp) -> String {
    format!("{}{}", if state.options.clock { ">" } else { "≤" }, lasting(state, since, until))
}

/// A value; what lasts is known to last until then.
pub(super) fn cell(state: &State, cell: &Cell, until: Timestamp) -> String {
    match cell {
        Cell::Since(at) => lasting(state, *at, until),
        Cell::SinceAtLeast(at) => lasting_at_least(state, *at, until),
        Cell::At(at) | Cell::Until(at) if !state.options.clock => at.brief(state.now),
        Cell::Trend(trend) => trend.short(state.options.ascii),
        Cell::Moment { at, observed: false } if !state.options.clock => at.moment(state.now),
        other => other.human(state.now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;
    use crate::health::Thresholds;
    use crate::keymap::Keymap;

    fn console(clock: bool) -> State {
        let options = Options { clock, ..Options::default() };
        let now = Timestamp::parse("2026-03-14T03:12:44Z").unwrap();
        State::new(Vec::new(), Thresholds::default(), Keymap::default(), options, now)
    }

    #[test]
    fn without_a_clock_a_reading_has_a_bound_for_as_long_as_that_holds_and_then_a_time() {
        let state = console(false);
        let read = |ago, every| {
            let [ago, every] = [ago, every].map(Duration::from_secs);
            let age = Age::of(&state, state.now - ago, every);
            [age.ago(), age.old(), age.brief()].join(", ")
        };
        assert_eq!(read(4, 5), "under 1m ago, under 1m old, <1m");
        assert_eq!(read(59, 72), "under 2m ago, under 2m old, <2m");
        assert_eq!(read(60, 5), "at 03:11:44Z, of 03:11:44Z, 03:11:44Z");
        assert_eq!(read(1, 90_000), "at 03:12:43Z, of 03:12:43Z, 03:12:43Z");
        let state = console(true);
        let age = Age::of(&state, state.now - Duration::from_secs(4), Duration::ZERO);
        assert_eq!([age.ago(), age.old(), age.brief()], ["4s ago", "4s old", "4s"]);
    }

    #[test]
    fn what_lasts_counts_beside_a_clock_and_tells_its_time_without_one() {
        let [beside, without] = [true, false].map(console);
        let now = beside.now;
        for (secs, counted, told) in
            [(192, "3m12s", "03:09Z"), (90_000, "1d01h", "13 Mar"), (9_000_000, "104d04h", "2025-11")]
        {
            let at = now - Duration::from_secs(secs);
            for of in [Cell::Since(at), Cell::At(at)] {
                assert_eq!([cell(&beside, &of, now), cell(&without, &of, now)], [counted, told]);
            }
            let least = Cell::SinceAtLeast(at);
            assert_eq!(
                [cell(&beside, &least, now), cell(&without, &least, now)],
                [format!(">{counted}"), format!("≤{told}")]
            );
        }
    }
}
