//! What goes wrong on purpose, and when.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::door::Door;
use super::paging::Trick;
use super::refusal::{Common, Failure};

/// One way for a call to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer takes this much longer. With zero, the call goes well: a way to let some calls through first.
    Latency(Duration),
    /// No answer, the connection stays open.
    Hang,
    /// The connection is reset before the answer.
    Reset,
    /// The call is carried out, then the connection is reset before the answer.
    LoseAnswer,
    /// The connection is closed after half of the body.
    CutOff,
    /// Half of the body, then nothing, the connection stays open.
    Stall,
    /// Status 200 and the right type, but bytes of no format.
    Garbage,
    /// Status 200 and a page for people, as a captive portal gives it.
    Html,
    /// Every structure in the answer's lists has lost all its members.
    EmptyObjects,
    /// Any answer at all.
    Answer {
        /// HTTP status.
        status: u16,
        /// `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: Bytes,
    },
    /// The service breaks down, HTTP 500.
    Internal,
    /// The service is not there for the moment, HTTP 503.
    Unavailable,
    /// The rate is exceeded.
    Throttle,
    /// The caller lacks the permission.
    Deny,
    /// The credentials have run out.
    Expire,
    /// The first page and the same token, for ever.
    RepeatToken,
    /// The first page and a new token, for ever.
    EndlessPages,
    /// A page without items, with a token that goes on.
    EmptyPage,
}

impl Fault {
    /// What it does to pages.
    pub const fn trick(&self) -> Option<Trick> {
        match self {
            Self::RepeatToken => Some(Trick::SameToken),
            Self::EndlessPages => Some(Trick::Endless),
            Self::EmptyPage => Some(Trick::Empty),
            _ => None,
        }
    }

    /// The refusal it comes down to. What AWS says of a denial names the caller and the action.
    pub fn failure(&self, caller: &str, action: &str) -> Option<Failure> {
        let denied = || {
            format!(
                "User: {caller} is not authorized to perform: {action} on resource: * because no identity-based policy \
                 allows the {action} action"
            )
        };
        let (common, message) = match self {
            Self::Internal => (Common::Internal, "Service Unavailable. Please try again later.".to_owned()),
            Self::Unavailable => (Common::Unavailable, "The service is unavailable. Please retry.".to_owned()),
            Self::Throttle => (Common::Throttled, "Rate exceeded".to_owned()),
            Self::Deny => (Common::Denied, denied()),
            Self::Expire => (Common::Expired, "The security token included in the request is expired".to_owned()),
            _ => return None,
        };
        Some(Failure::Common(common, message))
    }
}

/// Faults to come of one pattern, and how many calls each of them is for (`None`: all).
type Queue = VecDeque<(Fault, Option<u32>)>;

/// The faults set; can be changed at any time.
pub struct Faults {
    queues: Mutex<HashMap<String, Queue>>,
    refusals: AtomicU32,
    door: Arc<Door>,
}

impl Faults {
    /// None yet.
    pub(super) fn new(door: Arc<Door>) -> Self {
        Self { queues: Mutex::default(), refusals: AtomicU32::new(0), door }
    }

    /// Sets what the next `count` calls (`None`: all) of `pattern` meet, in place of what was set for it before. A pattern is an IAM
    /// action (`ecs:ListTasks`), a service (`ecs:*`) or `*`; the most special one counts.
    pub fn set(&self, pattern: &str, fault: Fault, count: Option<u32>) {
        self.lock().insert(pattern.to_owned(), Queue::from([(fault, count)]));
    }

    /// As [`Faults::set`], but after what is set for the pattern already.
    pub fn then(&self, pattern: &str, fault: Fault, count: Option<u32>) {
        self.lock().entry(pattern.to_owned()).or_default().push_back((fault, count));
    }

    /// Refuses connections: the next `count` are reset as soon as they are accepted; with `None` nothing listens any more and open
    /// connections are closed, until [`Faults::clear`].
    pub fn refuse(&self, count: Option<u32>) {
        match count {
            Some(count) => self.refusals.store(count, Ordering::SeqCst),
            None => self.door.close(),
        }
    }

    /// Everything goes well again. Calls that hang already go on to hang.
    pub fn clear(&self) {
        self.lock().clear();
        self.refusals.store(0, Ordering::SeqCst);
        self.door.open();
    }

    /// What this call of `action` meets.
    pub(super) fn take(&self, action: &str) -> Option<Fault> {
        let service = action.split_once(':').map(|(service, _)| format!("{service}:*"));
        let mut queues = self.lock();
        [Some(action), service.as_deref(), Some("*")].into_iter().flatten().find_map(|pattern| {
            let queue = queues.get_mut(pattern)?;
            while queue.front().is_some_and(|(_, left)| *left == Some(0)) {
                queue.pop_front();
            }
            let (fault, left) = queue.front_mut()?;
            *left = left.map(|left| left - 1);
            Some(fault.clone())
        })
    }

    /// Whether this connection is refused.
    pub(super) fn refuses(&self) -> bool {
        self.door.is_closed()
            || self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, SocketAddr};

    fn faults() -> Faults {
        Faults::new(Arc::new(Door::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))))
    }

    #[test]
    fn faults_follow_one_another_and_end() {
        let faults = faults();
        faults.set("ecs:ListTasks", Fault::Internal, Some(2));
        faults.then("ecs:ListTasks", Fault::Throttle, Some(1));
        let met: Vec<_> = (0..4).map(|_| faults.take("ecs:ListTasks")).collect();
        assert_eq!(met, [Some(Fault::Internal), Some(Fault::Internal), Some(Fault::Throttle), None]);
    }

    #[test]
    fn the_most_special_pattern_counts_and_setting_replaces() {
        let faults = faults();
        faults.set("*", Fault::Hang, None);
        faults.set("ecs:*", Fault::Deny, None);
        faults.set("ecs:ListTasks", Fault::Hang, None);
        faults.set("ecs:ListTasks", Fault::Reset, Some(1));
        assert_eq!(faults.take("ecs:ListTasks"), Some(Fault::Reset));
        assert_eq!(faults.take("ecs:ListTasks"), Some(Fault::Deny));
        assert_eq!(faults.take("sts:GetCallerIdentity"), Some(Fault::Hang));
        faults.clear();
        assert_eq!(faults.take("ecs:ListTasks"), None);
    }

    #[test]
    fn refusals_are_counted() {
        let faults = faults();
        faults.refuse(Some(2));
        assert_eq!([faults.refuses(), faults.refuses(), faults.refuses()], [true, true, false]);
        faults.refuse(None);
        assert!(faults.refuses() && faults.refuses());
    }
}
