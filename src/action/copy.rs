//! A copy of the audit in a log group of CloudWatch Logs, for a stack that names one: each record, once it is on the disk here,
//! in the very words it has here.
//!
//! No request waits for it and no action fails with it: what the group does not take is written again with the next record, and
//! what it still lacks at the end is told.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::audit::Written;
use super::executor::Progress;
use super::{Actor, Bench};
use crate::backend::ports::{LogEvent, LogStream, Logs};
use crate::health::words::count;
use crate::model::{Fault, FaultKind};

/// How long writing once may take, the making of the stream included.
const LONGEST: Duration = Duration::from_secs(5);
/// The most records of one write: those of one action are three.
const MOST: usize = 100;
/// The service's codes for what is not there, and for what is there already.
const MISSING: &str = "ResourceNotFoundException";
const PRESENT: &str = "ResourceAlreadyExistsException";

/// Writes the copy.
pub(super) struct Copier<'a> {
    logs: &'a dyn Logs,
    stream: LogStream,
}

impl<'a> Copier<'a> {
    /// For the records of `actor`, where the stack has a group for them. One stream a machine and user.
    pub fn of(bench: &'a Bench, actor: &Actor) -> Option<Self> {
        let group = bench.stack.audit_log_group.clone()?;
        // The two signs no name of a stream can have.
        let name = format!("{}/{}", actor.host, actor.user).replace([':', '*'], "-");
        Some(Self { logs: &*bench.backend.logs, stream: LogStream { group, name } })
    }

    /// Writes these records, and tells what went wrong.
    pub async fn write(&self, records: &[LogEvent]) -> Result<(), Fault> {
        let late = |_| {
            let waited = format!("no answer within {} s", LONGEST.as_secs());
            Err(Fault::new(FaultKind::Timeout, "logs:PutLogEvents", waited))
        };
        timeout(LONGEST, self.put(records)).await.unwrap_or_else(late)
    }

    async fn put(&self, records: &[LogEvent]) -> Result<(), Fault> {
        let is = |fault: &Fault, code: &str| fault.code.as_deref() == Some(code);
        match self.logs.put(&self.stream, records).await {
            Err(fault) if is(&fault, MISSING) => {
                match self.logs.create_stream(&self.stream).await {
                    Err(fault) if is(&fault, PRESENT) => {}
                    made => made?,
                }
                self.logs.put(&self.stream, records).await
            }
            done => done,
        }
    }

    /// Copies what comes until no more can come.
    async fn follow(self, mut coming: UnboundedReceiver<LogEvent>, tell: &(dyn Fn(Progress) + Send + Sync)) {
        let group = self.stream.group.as_str();
        let mut behind = Vec::new();
        let mut failed = None;
        while coming.recv_many(&mut behind, MOST).await > 0 {
            // A clock that was set back must not keep the rest from being taken; the line has its own time.
            for n in 1..behind.len() {
                behind[n].at = behind[n].at.max(behind[n - 1].at);
            }
            match self.write(&behind).await {
                Ok(()) => {
                    behind.clear();
                    failed = None;
                }
                Err(fault) => {
                    if failed.is_none() {
                        tell(Progress::Trouble(format!("not copied to the log group {group} yet: {fault}")));
                    }
                    failed = Some(fault);
                }
            }
        }
        if let Some(fault) = failed {
            // What was not answered may have been taken.
            let lacks = if fault.kind == FaultKind::Timeout { "may lack" } else { "lacks" };
            let records = count(behind.len(), "record");
            let what = format!("the copy of the audit in the log group {group} {lacks} {records}: {fault}");
            tell(Progress::Trouble(what));
        }
    }
}

/// Takes records that are to be copied. The copying ends when this is dropped and all of them are.
pub(super) struct Copies(UnboundedSender<LogEvent>);

impl Copies {
    /// Has this record copied, if there is a copy.
    pub fn add(&self, written: Written) {
        // Nobody listens where the stack has no group.
        let _ = self.0.send(written.into());
    }
}

impl From<Written> for LogEvent {
    fn from(Written { at, line, .. }: Written) -> Self {
        Self { at, line }
    }
}

/// What takes the records of one action, and the copying of them, which runs beside it.
pub(super) fn copies<'a>(
    bench: &'a Bench,
    actor: &Actor,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
) -> (Copies, impl Future<Output = ()> + Send + 'a) {
    let (sender, coming) = unbounded_channel();
    let copier = Copier::of(bench, actor);
    let copying = async move {
        if let Some(copier) = copier {
            copier.follow(coming, tell).await;
        }
    };
    (Copies(sender), copying)
}
