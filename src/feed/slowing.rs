//! How much longer than usual a feed waits between polls, because the service asked to slow down.
//!
//! Whoever shares the account's buckets slows down, too, so what is too fast moves. A feed doubles its interval each time it is
//! told to, comes back in halves to where that began, and from there feels its way: were it to go on in halves, it would be
//! told again at every other poll, and a crowd of consoles would keep the account's buckets empty.

/// The longest, as a multiple of the usual interval.
const MOST: f64 = 16.0;
/// What a poll that went well takes off near the edge. Then about one poll in 24 is told to slow down, for
/// `p · ln 2 = (1 - p) · ln (1 / 0.97)` holds where the interval neither grows nor shrinks.
const CAREFUL: f64 = 0.97;

/// The multiple of the usual interval a feed waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slowing {
    times: f64,
    /// Where it was when it was told to slow down after a poll that went well.
    edge: f64,
    told: bool,
}

impl Default for Slowing {
    fn default() -> Self {
        Self { times: 1.0, edge: 1.0, told: false }
    }
}

impl Slowing {
    /// Takes a poll that ended: whether it was told to slow down.
    pub fn note(&mut self, slowed: bool) {
        if slowed {
            if !self.told {
                self.edge = self.times;
            }
            self.times = (self.times * 2.0).min(MOST);
        } else if self.times / 2.0 > self.edge {
            self.times /= 2.0;
        } else {
            self.times = (self.times * CAREFUL).max(1.0);
        }
        self.told = slowed;
    }

    /// How many times the usual interval.
    pub const fn times(self) -> f64 {
        self.times
    }

    /// Whether the last poll was told to slow down.
    pub const fn is_told(self) -> bool {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(polls: &[bool]) -> Vec<f64> {
        let mut slowing = Slowing::default();
        let next = |slowed: &bool| {
            slowing.note(*slowed);
            (slowing.times() * 100.0).round() / 100.0
        };
        polls.iter().map(next).collect()
    }

    #[test]
    fn a_storm_is_left_in_halves_and_its_edge_with_care() {
        assert_eq!(after(&[true, true, true, true, true]), [2.0, 4.0, 8.0, 16.0, 16.0]);
        let mut storm = vec![true; 4];
        storm.extend([false; 5]);
        assert_eq!(after(&storm)[4..], [8.0, 4.0, 2.0, 1.94, 1.88]);
        storm.extend([false; 25]);
        assert_eq!(after(&storm).last(), Some(&1.0));
    }

    #[test]
    fn who_is_told_again_on_the_way_back_stays_above_that() {
        assert_eq!(after(&[true, false, false, true, false]), [2.0, 1.94, 1.88, 3.76, 3.65]);
    }
}
