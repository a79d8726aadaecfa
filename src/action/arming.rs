//! Arming: a console that may act does so only for a while after somebody said why.

use std::time::Duration;

use crate::time::Timestamp;

/// How long an armed console stays armed (practice): enough to plan, act and look at one thing, and too short for a terminal that
/// was left open to be found armed the next time something is wrong.
pub const ARMED_FOR: Duration = Duration::from_mins(15);
/// Without a key for this long it is disarmed (practice): whoever armed it reads a plan within minutes, and what is under way goes on
/// disarmed. A terminal that nobody touches for longer may have nobody before it.
pub const IDLE: Duration = Duration::from_mins(5);

/// How long it stays armed, in words.
#[must_use]
pub fn lasts() -> String {
    format!("{} min", ARMED_FOR.as_secs() / 60)
}

/// Whether what asks the policy is armed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Arming {
    /// It needs not be: on a command line each action has a reason of its own.
    #[default]
    Unneeded,
    /// A console that is not.
    Disarmed,
    /// A console that somebody armed.
    Armed(Armed),
}

/// How a console was armed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Armed {
    /// Why.
    pub reason: String,
    /// When.
    pub since: Timestamp,
    /// When the last key was pressed.
    pub touched: Timestamp,
}

impl Armed {
    /// Armed for this reason now.
    #[must_use]
    pub fn now(reason: String, now: Timestamp) -> Self {
        Self { reason, since: now, touched: now }
    }

    /// When it ends, whatever is pressed until then.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.since + ARMED_FOR
    }

    /// How long it lasts if no key is pressed any more; nothing once it is over.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        self.until().since(now).min((self.touched + IDLE).since(now))
    }
}

impl Arming {
    /// Whether anything may be done now.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        match self {
            Self::Unneeded => true,
            Self::Disarmed => false,
            Self::Armed(armed) => !armed.left(now).is_zero(),
        }
    }

    /// How it was armed, if it was.
    #[must_use]
    pub const fn armed(&self) -> Option<&Armed> {
        if let Self::Armed(armed) = self { Some(armed) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_after_a_while_and_sooner_where_nobody_presses_a_key() {
        let start = Timestamp::from_secs(1_000);
        let at = |minutes| start + Duration::from_mins(minutes);
        let mut armed = Armed::now("why".to_owned(), start);
        assert_eq!(armed.left(start), IDLE);
        let holds = |armed: &Armed, now| Arming::Armed(armed.clone()).holds(now);
        assert!(holds(&armed, at(5) - Duration::from_millis(1)) && !holds(&armed, at(5)));
        armed.touched = at(4);
        assert!(holds(&armed, at(8)) && !holds(&armed, at(9)));
        armed.touched = at(14);
        assert_eq!(armed.left(at(14)), Duration::from_mins(1), "keys do not make it last longer");
        assert!(!holds(&armed, at(15)) && armed.left(at(90)).is_zero());
        assert!(Arming::Unneeded.holds(start) && !Arming::Disarmed.holds(start));
    }
}
