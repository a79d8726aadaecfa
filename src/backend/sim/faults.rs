//! Faults on purpose: which call fails, hangs, is slow, or does not see a resource, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::scenario::{some_span, span};
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

/// Stands for every call.
pub const ANY: &str = "*";

/// What a call meets instead of, or before, its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It fails.
    Fail(FaultKind),
    /// It never answers.
    Hang,
    /// It answers later.
    Delay(Duration),
    /// It is carried out, and its answer does not arrive.
    LoseAnswer,
}

/// One line of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    action: String,
    trouble: Trouble,
    /// From, and until before.
    window: (Option<Timestamp>, Option<Timestamp>),
    /// How many calls it still meets; `None`: all.
    left: Option<u32>,
}

#[derive(Debug, Default)]
struct Schedule {
    entries: Vec<Entry>,
    hidden: Vec<String>,
}

/// The schedule of faults of one simulated backend; it can be changed at any time.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Schedule>);

/// What the schedule has in store for one call.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fate {
    pub delay: Duration,
    pub hangs: bool,
    pub fails: Option<FaultKind>,
    pub loses_answer: bool,
}

impl Faults {
    /// Lets calls of this IAM action (`ecs:DescribeTasks`, or [`ANY`]) be denied until [`Faults::clear`].
    pub fn deny(&self, action: &str) {
        self.fail(action, FaultKind::Denied);
    }

    /// Lets calls fail.
    pub fn fail(&self, action: &str, kind: FaultKind) {
        self.add(action, Trouble::Fail(kind), None, None);
    }

    /// Lets the next `times` calls fail.
    pub fn fail_times(&self, action: &str, kind: FaultKind, times: u32) {
        self.lock().entries.push(Entry {
            action: action.to_owned(),
            trouble: Trouble::Fail(kind),
            window: (None, None),
            left: Some(times),
        });
    }

    /// Lets calls hang for ever.
    pub fn hang(&self, action: &str) {
        self.add(action, Trouble::Hang, None, None);
    }

    /// Lets calls take this much longer.
    pub fn delay(&self, action: &str, by: Duration) {
        self.add(action, Trouble::Delay(by), None, None);
    }

    /// Lets calls meet `trouble` in a window of simulated time: from, and until before.
    pub fn add(&self, action: &str, trouble: Trouble, from: Option<Timestamp>, until: Option<Timestamp>) {
        let entry = Entry { action: action.to_owned(), trouble, window: (from, until), left: None };
        self.lock().entries.push(entry);
    }

    /// Hides one ARN (or provider name) from describe calls: it comes back as a failure, `MISSING`.
    pub fn hide(&self, arn: &str) {
        self.lock().hidden.push(arn.to_owned());
    }

    /// Forgets every fault and every hidden ARN.
    pub fn clear(&self) {
        *self.lock() = Schedule::default();
    }

    /// What a call of `action` meets at `now`; uses up what is counted.
    pub(super) fn fate(&self, action: &str, now: Timestamp) -> Fate {
        let mut fate = Fate::default();
        for entry in &mut self.lock().entries {
            let (from, until) = entry.window;
            let hit = (entry.action == ANY || entry.action == action)
                && from.is_none_or(|from| now >= from)
                && until.is_none_or(|until| now < until)
                && entry.left != Some(0)
                // One failure a call: the next counted one is kept for the next call.
                && !(matches!(entry.trouble, Trouble::Fail(_)) && fate.fails.is_some());
            if !hit {
                continue;
            }
            if let Some(left) = &mut entry.left {
                *left -= 1;
            }
            match entry.trouble {
                Trouble::Fail(kind) => fate.fails = Some(kind),
                Trouble::Hang => fate.hangs = true,
                Trouble::Delay(by) => fate.delay += by,
                Trouble::LoseAnswer => fate.loses_answer = true,
            }
        }
        fate
    }

    pub(super) fn hides(&self, arn: &str) -> bool {
        self.lock().hidden.iter().any(|hidden| hidden == arn)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Schedule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault as a service words it.
pub(super) fn fault(kind: FaultKind, action: &'static str, caller: &str) -> Fault {
    let (code, message) = match kind {
        FaultKind::Throttled => (Some("ThrottlingException"), "Rate exceeded".to_owned()),
        FaultKind::Denied => {
            (Some("AccessDeniedException"), format!("User: {caller} is not authorized to perform: {action}"))
        }
        FaultKind::NoCredentials => (None, "no credentials in the property bag".to_owned()),
        FaultKind::Expired => {
            (Some("ExpiredTokenException"), "The security token included in the request is expired".to_owned())
        }
        FaultKind::Timeout => (None, "operation timeout".to_owned()),
        FaultKind::Unreachable => (None, "dispatch failure: connection refused".to_owned()),
        FaultKind::Server => (Some("ServerException"), "Service Unavailable. Please try again later.".to_owned()),
        FaultKind::Malformed => (None, "response error: the answer is cut off".to_owned()),
        FaultKind::Rejected | FaultKind::Misconfigured | FaultKind::Unfinished => {
            (Some("InvalidParameterException"), "Invalid parameter".to_owned())
        }
        FaultKind::Unsupported => (Some("UnknownOperationException"), "the operation is not known".to_owned()),
    };
    Fault { code: code.map(Text::from), ..Fault::new(kind, action, message) }
}

/// A fault as a scenario has it; times count from the start.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultSpec {
    action: String,
    what: What,
    /// For `slow`.
    #[serde(default, deserialize_with = "some_span")]
    by: Option<Duration>,
    #[serde(default, deserialize_with = "some_span")]
    until: Option<Duration>,
    #[serde(default, deserialize_with = "span")]
    from: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Throttled,
    Denied,
    Expired,
    Timeout,
    Unreachable,
    Server,
    Hang,
    Slow,
}

impl FaultSpec {
    /// Puts the fault on a schedule.
    pub(super) fn schedule(&self, faults: &Faults, start: Timestamp) {
        let trouble = match self.what {
            What::Throttled => Trouble::Fail(FaultKind::Throttled),
            What::Denied => Trouble::Fail(FaultKind::Denied),
            What::Expired => Trouble::Fail(FaultKind::Expired),
            What::Timeout => Trouble::Fail(FaultKind::Timeout),
            What::Unreachable => Trouble::Fail(FaultKind::Unreachable),
            What::Server => Trouble::Fail(FaultKind::Server),
            What::Hang => Trouble::Hang,
            What::Slow => Trouble::Delay(self.by.unwrap_or(Duration::from_secs(1))),
        };
        faults.add(&self.action, trouble, Some(start + self.from), self.until.map(|until| start + until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Timestamp = Timestamp::from_secs;

    #[test]
    fn faults_meet_their_action_in_their_window() {
        let faults = Faults::default();
        faults.add("ecs:ListTasks", Trouble::Fail(FaultKind::Throttled), Some(AT(10)), Some(AT(20)));
        faults.delay(ANY, Duration::from_secs(2));
        let fails = |action, at| faults.fate(action, AT(at)).fails;
        assert_eq!(fails("ecs:ListTasks", 9), None);
        assert_eq!(fails("ecs:ListTasks", 10), Some(FaultKind::Throttled));
        assert_eq!(fails("ecs:ListTasks", 20), None);
        assert_eq!(fails("ecs:ListServices", 15), None);
        assert_eq!(faults.fate("ecs:ListServices", AT(15)).delay, Duration::from_secs(2));
        faults.clear();
        assert_eq!(faults.fate("ecs:ListTasks", AT(15)), Fate::default());
    }

    #[test]
    fn counted_faults_are_used_up_one_a_call() {
        let faults = Faults::default();
        faults.fail_times("a", FaultKind::Server, 2);
        faults.fail_times("a", FaultKind::Timeout, 1);
        let met: Vec<_> = (0..4).map(|_| faults.fate("a", AT(0)).fails).collect();
        assert_eq!(met, [Some(FaultKind::Server), Some(FaultKind::Server), Some(FaultKind::Timeout), None]);
    }
}
