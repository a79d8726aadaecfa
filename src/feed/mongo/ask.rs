//! What one member is asked in one poll, and when it is asked again what it refused.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::OptionFuture;
use futures_util::join;

use super::super::Context;
use super::super::budget::MONGO;
use crate::model::mongo::{Hello, Oplog, Role, ServerStatus, Status};
use crate::model::{Fault, FaultKind};
use crate::time::Timestamp;

/// The longest one command may take. A member in a healthy set answers within milliseconds; the next poll asks again.
pub const LIMIT: Duration = Duration::from_secs(2);
/// Between two readings of a member's own figures and of its oplog: `serverStatus` is the dearest of the commands.
const FIGURES: Duration = Duration::from_secs(30);
/// A role does not come back by the second, and each refusal is a line in the member's log.
pub const DENIED_FOR: Duration = Duration::from_mins(5);

/// What a member answered.
pub struct Answer {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When its `hello` was there, or given up.
    pub answered_at: Timestamp,
    /// `hello`.
    pub hello: Result<Hello, Fault>,
    /// `replSetGetStatus`; absent: it was not asked.
    pub status: Option<Result<Status, Fault>>,
    /// `serverStatus`; absent: it was not asked.
    pub server: Option<Result<ServerStatus, Fault>>,
    /// The ends of the oplog; absent: it was not asked.
    pub oplog: Option<Result<Oplog, Fault>>,
}

/// From when on a member is to be asked what it is not asked in every poll.
#[derive(Clone, Copy, Default)]
pub struct Due {
    status: Timestamp,
    server: Timestamp,
    oplog: Timestamp,
}

impl Due {
    /// Takes what came of asking.
    fn note(&mut self, answer: &Answer, now: Timestamp) {
        let refused = |fault: &Fault| matches!(fault.kind, FaultKind::Denied | FaultKind::Unsupported);
        match &answer.status {
            Some(Err(fault)) if refused(fault) => *self = Self::all(now + DENIED_FOR),
            // What was not even tried while the role was missing is tried again.
            Some(Ok(_)) if self.status > Timestamp::default() => *self = Self::default(),
            Some(_) => self.status = Timestamp::default(),
            None => {}
        }
        let after = |fault: Option<&Fault>| now + if fault.is_some_and(refused) { DENIED_FOR } else { FIGURES };
        if let Some(server) = &answer.server {
            self.server = after(server.as_ref().err()).max(self.server);
        }
        if let Some(oplog) = &answer.oplog {
            self.oplog = after(oplog.as_ref().err()).max(self.oplog);
        }
    }

    fn all(at: Timestamp) -> Self {
        Self { status: at, server: at, oplog: at }
    }
}

/// When each address is to be asked what.
#[derive(Default)]
pub struct Dues(HashMap<String, Due>);

impl Dues {
    /// When this address is to be asked what; everything at once where somebody wants to know now.
    pub fn of(&self, address: &str, is_asked: bool) -> Due {
        let due = self.0.get(address).copied().unwrap_or_default();
        if is_asked { Due { status: Timestamp::default(), ..due } } else { due }
    }

    /// Takes what came of asking this address.
    pub fn note(&mut self, address: &str, answer: &Answer, now: Timestamp) {
        self.0.entry(address.to_owned()).or_default().note(answer, now);
    }
}

/// Asks the member at this address: first whether it is there, then the rest at the same time.
pub async fn ask(context: &Context, set: &str, address: &str, due: Due) -> Answer {
    let (gate, port) = (&context.gate, &context.backend.mongo);
    let asked_at = context.clock.now();
    let hello = gate.once(&MONGO, "hello", LIMIT, port.hello(set, address)).await;
    let answered_at = context.clock.now();
    let is = |at: Timestamp| hello.is_ok() && at <= answered_at;
    // An arbiter holds no data: no oplog, no users who might read its figures.
    let bears_data = hello.as_ref().is_ok_and(|hello| hello.role != Role::Arbiter);
    let status = is(due.status).then(|| gate.once(&MONGO, "replSetGetStatus", LIMIT, port.status(set, address)));
    let server =
        (bears_data && is(due.server)).then(|| gate.once(&MONGO, "serverStatus", LIMIT, port.server(set, address)));
    let oplog = (bears_data && is(due.oplog))
        .then(|| gate.once(&MONGO, "find local.oplog.rs", LIMIT, port.oplog(set, address)));
    let (status, server, oplog) =
        join!(OptionFuture::from(status), OptionFuture::from(server), OptionFuture::from(oplog));
    Answer { asked_at, answered_at, hello, status, server, oplog }
}
