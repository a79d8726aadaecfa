//! How long to wait after a failure.

use std::time::Duration;

/// Exponential waiting with full jitter, bounded.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// No wait is longer.
    pub most: Duration,
}

impl Backoff {
    /// Between attempts of one call: 100 ms doubling to 2 s.
    pub const CALL: Self = Self { first: Duration::from_millis(100), most: Duration::from_secs(2) };
    /// Between polls that fail: 5 s doubling to 60 s.
    pub const POLL: Self = Self { first: Duration::from_secs(5), most: Duration::from_mins(1) };

    /// The longest wait after `failures` failures in a row (from 1).
    #[must_use]
    pub fn ceiling(self, failures: u32) -> Duration {
        self.first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.most)
    }

    /// A wait between half the ceiling and the ceiling; `random` is uniform in 0..1. The lower half stays, so that nobody hammers.
    #[must_use]
    pub fn wait(self, failures: u32, random: f64) -> Duration {
        self.ceiling(failures).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_grow_and_stay_in_bounds(failures in 1_u32..100, random in 0.0_f64..1.0) {
            let wait = Backoff::POLL.wait(failures, random);
            prop_assert!(wait >= Backoff::POLL.first / 2 && wait <= Backoff::POLL.most);
            prop_assert!(Backoff::POLL.ceiling(failures + 1) >= Backoff::POLL.ceiling(failures));
        }
    }
}
