//! Polls every feed of a stack at its own pace, for as long as the console runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{debug, warn};

use super::slowing::Slowing;
use super::{Backoff, Budgets, Context, FEEDS, Feed, FeedSpec, Gate, Progress};
use crate::backend::ports::Backend;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Fetched, News, Snapshot};
use crate::text::Text;
use crate::time::Clock;

/// Between polls of a feed whose view is on screen, unless the user asked otherwise.
const REFRESH: Duration = Duration::from_secs(5);
/// Between polls of a feed whose view is not on screen, as a multiple of the focused interval.
const UNFOCUSED: u32 = 3;
/// The longest interval throttling leads to.
const SLOWEST: Duration = Duration::from_mins(1);
/// A missing permission is looked for again after this long.
const DENIED: Duration = Duration::from_mins(5);
/// Credentials may be renewed in another window any moment.
const LOGGED_OUT: Duration = Duration::from_secs(10);
/// However often a refresh is asked for, a feed is not polled more often than this.
const SHORTEST: Duration = Duration::from_secs(1);
/// Between polls that a feed asked for because of what is on screen: a user who scrolls must not cause one with every key.
const GLANCE: Duration = Duration::from_secs(3);
/// How often a feed is asked whether what other feeds have read meanwhile makes it want to read sooner.
const RECHECK: Duration = Duration::from_secs(5);
/// Between the end of a poll's reads at its deadline and the end of the poll, if it has not come to one by itself.
const GRACE: Duration = Duration::from_secs(1);

/// What the console wants polled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Feeds that the view on screen shows; they are polled at the shortest interval.
    pub focus: Vec<&'static str>,
    /// The shortest interval a user asked for, if any.
    pub refresh: Option<Duration>,
    /// Counts requests for a refresh now.
    pub nudges: u64,
    /// Ids of the rows on screen, the selected one first.
    pub shown: Vec<Text>,
}

/// The running feeds of one stack. Dropping it ends them.
pub struct Poller {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Poller {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Starts all feeds of a stack. Stacks that are reached the same way draw on the same `budgets`.
#[must_use]
pub fn spawn(
    index: usize,
    stack: &Stack,
    backend: &Backend,
    budgets: &Arc<Budgets>,
    clock: &Arc<dyn Clock>,
    control: &watch::Receiver<Control>,
    out: &mpsc::Sender<News>,
) -> Poller {
    let shared = Arc::new(Mutex::new(Facts::default()));
    let ready = watch::Sender::new(Vec::new());
    let start = |spec: &'static FeedSpec| {
        let context = Context {
            backend: backend.clone(),
            stack: stack.clone(),
            gate: Gate::new(Arc::clone(budgets)),
            clock: Arc::clone(clock),
            progress: Progress::of(out.clone(), index, spec.id),
            asked: false,
            shown: Vec::new(),
        };
        let polled = Polled {
            index,
            spec,
            context,
            facts: Arc::clone(&shared),
            ready: ready.clone(),
            control: control.clone(),
            out: out.clone(),
            failures: 0,
            slowing: Slowing::default(),
        };
        tokio::spawn(polled.run())
    };
    Poller { tasks: FEEDS.iter().copied().map(start).collect() }
}

struct Polled {
    index: usize,
    spec: &'static FeedSpec,
    context: Context,
    facts: Arc<Mutex<Facts>>,
    ready: watch::Sender<Vec<&'static str>>,
    control: watch::Receiver<Control>,
    out: mpsc::Sender<News>,
    failures: u32,
    slowing: Slowing,
}

impl Polled {
    async fn run(mut self) {
        if let Some(first) = self.spec.after {
            let mut ready = self.ready.subscribe();
            if ready.wait_for(|feeds| feeds.contains(&first)).await.is_err() {
                return;
            }
        }
        let mut feed = (self.spec.start)();
        loop {
            let nudges = {
                let control = self.control.borrow_and_update();
                self.context.shown.clone_from(&control.shown);
                control.nudges
            };
            let began = Instant::now();
            let result = poll(&mut *feed, self.spec, &self.context, &self.facts, None).await;
            if result.is_ok() {
                self.context.progress = Progress::default();
            }
            // Intervals are of the clock's time: where a world runs faster it is polled more often, as far as the timers allow.
            let pace = self.context.clock.pace();
            let wait = self.pause(&result).max(SHORTEST.mul_f64(pace));
            // After a failure, or where the service asks to slow down, nothing is read sooner.
            let sooner = result.is_ok() && !self.slowing.is_told();
            let at = self.context.clock.now();
            let fetched = Fetched { stack: self.index, feed: self.spec.id, at, next: at + wait, result };
            if self.out.send(News::Fetched(fetched)).await.is_err() {
                return;
            }
            let soonest = sooner.then_some(began + GLANCE);
            self.rest(&mut *feed, wait.div_f64(pace), nudges, soonest).await;
            sleep_until(began + SHORTEST).await;
            self.context.asked = self.control.borrow().nudges != nudges;
        }
    }

    /// How long to wait after this result.
    fn pause(&mut self, result: &Result<Snapshot, Fault>) -> Duration {
        match result {
            Ok(snapshot) => {
                self.failures = 0;
                self.slowing.note(snapshot.slowed);
                self.ready.send_if_modified(|feeds| {
                    let news = !feeds.contains(&self.spec.id);
                    if news {
                        feeds.push(self.spec.id);
                    }
                    news
                });
                jittered(self.interval().mul_f64(self.slowing.times()).min(SLOWEST.max(self.interval())))
            }
            Err(fault) => {
                self.failures += 1;
                match fault.kind {
                    FaultKind::Denied | FaultKind::Unsupported => DENIED,
                    FaultKind::NoCredentials | FaultKind::Expired => LOGGED_OUT,
                    _ => Backoff::POLL.wait(self.failures, fastrand::f64()),
                }
            }
        }
    }

    fn interval(&self) -> Duration {
        let control = self.control.borrow();
        let focused = self.spec.interval.max(control.refresh.unwrap_or(REFRESH));
        if control.focus.contains(&self.spec.id) { focused } else { focused * UNFOCUSED }
    }

    /// Waits until the next poll is due: the time is over, a refresh was asked for, the feed came into focus, or it wants to
    /// read sooner, which it may from `soonest` on.
    async fn rest(&mut self, feed: &mut dyn Feed, wait: Duration, nudges: u64, soonest: Option<Instant>) {
        let focused = self.control.borrow().focus.contains(&self.spec.id);
        let over = Instant::now() + wait;
        loop {
            let shown = {
                let control = self.control.borrow_and_update();
                if control.nudges != nudges || (!focused && control.focus.contains(&self.spec.id)) {
                    return;
                }
                control.shown.clone()
            };
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let due = soonest.and_then(|soonest| {
                let due = feed.due(&shown, &facts, self.context.clock.now())?;
                Some((Instant::now() + due.div_f64(self.context.clock.pace())).max(soonest))
            });
            let until = due.map_or(over, |due| due.min(over));
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(until.min(Instant::now() + RECHECK)) => {}
                Ok(()) = self.control.changed() => {}
            }
        }
    }
}

/// One poll, within the feed's deadline and `until` at the latest; its facts are handed to the other feeds of the stack.
pub(super) async fn poll(
    feed: &mut dyn Feed,
    spec: &FeedSpec,
    context: &Context,
    facts: &Mutex<Facts>,
    until: Option<Instant>,
) -> Result<Snapshot, Fault> {
    let began = context.clock.now();
    let deadline = Instant::now() + spec.deadline;
    let (by, why) = match until.filter(|until| *until < deadline) {
        Some(until) => (until, "not done within the time allowed (--timeout)".to_owned()),
        None => (deadline, format!("not done within {} s", spec.deadline.as_secs())),
    };
    context.gate.close_at(by, why.clone());
    let known = facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let late = || Fault::new(FaultKind::Timeout, spec.actions.first().copied().unwrap_or_default(), why);
    let result = timeout_at(by + GRACE, feed.poll(context, &known)).await.unwrap_or_else(|_| Err(late()));
    log(spec, context, &result);
    // What a poll brings is as old as its first answer, or as the feed says of what it did not read again.
    let read = result?;
    let snapshot = Snapshot { taken_at: began.min(read.taken_at), ..read };
    let mut known = facts.lock().unwrap_or_else(PoisonError::into_inner);
    known.put_any(snapshot.taken_at, Arc::clone(&snapshot.data));
    Ok(snapshot)
}

/// One line a poll, and one for whatever could not be read. Nothing but cleaned text goes into it.
fn log(spec: &FeedSpec, context: &Context, result: &Result<Snapshot, Fault>) {
    let stack = &context.stack.name;
    match result {
        Ok(snapshot) => {
            debug!(%stack, feed = spec.id, gaps = snapshot.gaps.len(), slowed = snapshot.slowed, "polled");
            for gap in &snapshot.gaps {
                warn!(%stack, feed = spec.id, what = %gap.what, read = gap.read, known = gap.known, fault = %gap.fault, "partial");
            }
        }
        Err(fault) => warn!(%stack, feed = spec.id, %fault, "failed"),
    }
}

/// ±10 %, so that consoles started together do not poll together.
fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.9 + fastrand::f64() / 5.0)
}
