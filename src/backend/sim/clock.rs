//! The clock of a simulated world: real time, moved to the scenario's and run faster or slower.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// How much faster than real time: between a hundredth and a thousand times.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Speed(f64);

impl Speed {
    /// As fast as real time.
    pub const REAL: Self = Self(1.0);

    /// Reads `10x`, `10` or `0.5x`.
    ///
    /// # Errors
    /// A sentence that names the value and the form expected.
    pub fn parse(value: &str) -> Result<Self, String> {
        let number = value.trim().trim_end_matches(['x', 'X']);
        let speed = number.parse::<f64>().ok().filter(|speed| (0.01..=1_000.0).contains(speed));
        speed.map(Self).ok_or_else(|| format!("\"{value}\" is not a speed; write it like 10x, from 0.01x to 1000x"))
    }
}

/// A clock that began at a point of the scenario and runs at a speed of its own, on top of another clock.
pub struct SimClock {
    base: Arc<dyn Clock>,
    began: Timestamp,
    from: Timestamp,
    speed: Speed,
}

impl SimClock {
    /// A clock that shows `from` now, and goes on at `speed`.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>, from: Timestamp, speed: Speed) -> Self {
        let began = base.now();
        Self { base, began, from, speed }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.base.now().since(self.began).as_secs_f64() * self.speed.0;
        self.from + Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX)
    }

    fn pace(&self) -> f64 {
        self.base.pace() * self.speed.0
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.base.sleep(span.div_f64(self.speed.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    #[test]
    fn scenario_time_runs_at_its_own_speed() {
        let base = Arc::new(ManualClock::at(Timestamp::from_secs(1_000)));
        let clock = SimClock::new(base.clone(), Timestamp::from_secs(50), Speed::parse("10x").unwrap());
        assert_eq!(clock.now(), Timestamp::from_secs(50));
        base.set(Timestamp::from_secs(1_003));
        assert_eq!(clock.now(), Timestamp::from_secs(80));
        base.set(Timestamp::from_secs(900));
        assert_eq!(clock.now(), Timestamp::from_secs(50));
    }

    #[test]
    fn speeds_are_refused_with_the_value() {
        assert_eq!(Speed::parse("1"), Ok(Speed::REAL));
        for wrong in ["fast", "0", "-1x", "inf", "NaN", "1e9x"] {
            assert!(Speed::parse(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
