//! Which keys a person can have pressed one by one. The others (pasted without brackets, held down, delivered at once after
//! the link was stuck) may look around, but they confirm nothing.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::keymap::Chord;

/// Keys closer to each other than this are not pressed one by one.
const QUICK: Duration = Duration::from_millis(15);
/// The same key again within this is held down; keyboards repeat every 25 to 50 ms.
const HELD: Duration = Duration::from_millis(100);
/// More keys than this within [`QUICK`] are a paste.
const BURST: usize = 8;
/// For this long after a paste no key is taken to be an answer.
const AFTER_BURST: Duration = Duration::from_millis(500);

/// How a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// By itself.
    Single,
    /// Soon after the same key: held down, or quickly twice.
    Held,
    /// With others, faster than anybody types.
    Together,
}

/// Watches when keys come.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<(Instant, Chord)>,
    recent: VecDeque<Instant>,
    burst_until: Option<Instant>,
}

impl Pace {
    /// How a key that was read at `at` was pressed; `together`: other input came in the same read.
    pub fn manner(&mut self, at: Instant, chord: Chord, together: bool) -> Manner {
        while self.recent.front().is_some_and(|then| at.duration_since(*then) > QUICK) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        if self.recent.len() > BURST {
            self.burst_until = Some(at + AFTER_BURST);
        }
        let quick = self.last.is_some_and(|(then, _)| at.duration_since(then) < QUICK);
        let held = self.last.is_some_and(|(then, old)| old == chord && at.duration_since(then) < HELD);
        let burst = self.burst_until.is_some_and(|until| at < until);
        self.last = Some((at, chord));
        match () {
            () if together || quick || burst => Manner::Together,
            () if held => Manner::Held,
            () => Manner::Single,
        }
    }

    /// Text was pasted.
    pub fn pasted(&mut self, at: Instant) {
        self.burst_until = Some(at + AFTER_BURST);
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    use Manner::{Held, Single, Together};

    /// How keys at these times, in ms, are pressed.
    fn manners(keys: &[(u64, &str)]) -> Vec<Manner> {
        let start = Instant::now();
        let mut pace = Pace::default();
        let at = |ms: &u64| start + Duration::from_millis(*ms);
        keys.iter().map(|(ms, key)| pace.manner(at(ms), key.parse().unwrap(), false)).collect()
    }

    #[test]
    fn b5_keys_are_pressed_one_by_one_held_or_together() {
        assert_eq!(manners(&[(0, "j"), (120, "j"), (200, "k")]), [Single, Single, Single]);
        assert_eq!(manners(&[(0, "y"), (5, "e"), (100, "enter")]), [Single, Together, Single]);
        assert_eq!(manners(&[(0, "enter"), (33, "enter"), (66, "enter")]), [Single, Held, Held]);
    }

    #[test]
    fn what_comes_in_one_read_was_not_pressed_one_by_one() {
        let mut pace = Pace::default();
        assert_eq!(pace.manner(Instant::now(), "enter".parse().unwrap(), true), Together);
    }

    #[test]
    fn b4_after_a_burst_no_key_counts_for_half_a_second() {
        let burst: Vec<(u64, &str)> =
            (0..9).map(|n| (n, "x")).chain([(100, "enter"), (507, "enter"), (900, "enter")]).collect();
        assert_eq!(manners(&burst)[9..], [Together, Together, Single]);
        let mut pace = Pace::default();
        let now = Instant::now();
        pace.pasted(now);
        assert_eq!(pace.manner(now + Duration::from_millis(400), "enter".parse().unwrap(), false), Together);
    }
}
