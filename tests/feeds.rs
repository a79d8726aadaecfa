//! The feeds at work on the simulated world, in time that passes only when everything waits.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "support/console.rs"]
mod console;
#[path = "feeds/crowd.rs"]
mod crowd;
#[path = "support/crowd.rs"]
mod crowded;
#[path = "feeds/faults.rs"]
mod faults;
#[path = "feeds/pace.rs"]
mod pace;
#[path = "feeds/ports.rs"]
mod ports;
#[path = "feeds/sweep.rs"]
mod sweep;
#[path = "feeds/things.rs"]
mod things;

use std::sync::Arc;
use std::time::Duration;

use rounds::backend::ports::Backend;
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::{Control, Poller, spawn};
use rounds::model::stack::Stack;
use rounds::store::{Fetched, News};
use rounds::text::Text;
use rounds::time::{Clock, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// 2026-03-14T03:00:00Z, where the scenarios begin.
const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// The paused time of tokio as a clock, and where it began.
struct Paused(Instant, Timestamp);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        self.1 + self.0.elapsed()
    }
}

/// A simulated world in paused time, and the console's feeds on it.
struct Rig {
    sim: Sim,
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl Rig {
    fn new(scenario: &Scenario) -> Self {
        Self::starting(scenario, START)
    }

    fn starting(scenario: &Scenario, start: Timestamp) -> Self {
        let began = Instant::now();
        let clock: Arc<dyn Clock> = Arc::new(Paused(began, start));
        Self { sim: Sim::new(scenario, 1, Arc::clone(&clock)), clock, began }
    }

    /// A small world where all is well.
    fn small() -> Self {
        Self::new(&Scenario::sized(3, 9, 3))
    }

    /// Starts the feeds on the world's own ports, `focus` on screen.
    fn start(&self, focus: &[&'static str]) -> Running {
        self.start_on(&self.sim.backend(), focus)
    }

    fn start_on(&self, backend: &Backend, focus: &[&'static str]) -> Running {
        let (control, watched) = watch::channel(Control { focus: focus.to_vec(), ..Control::default() });
        let (out, results) = mpsc::channel(64);
        let poller = spawn(0, &stack(), backend, &Arc::default(), &self.clock, &watched, &out);
        Running { control, results, began: self.began, _poller: poller }
    }

    fn calls(&self, action: &str) -> u64 {
        self.sim.calls().get(action).copied().unwrap_or(0)
    }
}

fn stack() -> Stack {
    Stack { name: Text::from("test"), ..Stack::default() }
}

/// Feeds that run.
struct Running {
    control: watch::Sender<Control>,
    results: mpsc::Receiver<News>,
    began: Instant,
    _poller: Poller,
}

impl Running {
    /// The next result of a feed, and how long after the start it came.
    async fn next(&mut self, feed: &str) -> (Fetched, Duration) {
        loop {
            let news = self.results.recv().await.expect("the feeds run");
            if let News::Fetched(fetched) = news
                && fetched.feed == feed
            {
                return (fetched, self.began.elapsed());
            }
        }
    }

    /// Results of a feed until then, with their times in seconds.
    async fn until(&mut self, feed: &str, then: Duration) -> Vec<(Fetched, f64)> {
        let mut all = Vec::new();
        while let Ok(next) = tokio::time::timeout_at(self.began + then, self.next(feed)).await {
            all.push((next.0, next.1.as_secs_f64()));
        }
        all
    }

    fn nudge(&self) {
        self.control.send_modify(|control| control.nudges += 1);
    }

    fn show(&self, rows: &[Text]) {
        self.control.send_modify(|control| control.shown = rows.to_vec());
    }

    fn focus(&self, feeds: &[&'static str]) {
        self.control.send_modify(|control| control.focus = feeds.to_vec());
    }
}

/// What the feed asked to wait after this result, in seconds.
fn wait(fetched: &Fetched) -> f64 {
    fetched.next.since(fetched.at).as_secs_f64()
}

/// Within the tenth by which consoles started together differ.
fn about(seconds: f64, expected: f64) -> bool {
    (expected * 0.9 - 0.01..=expected * 1.1 + 0.01).contains(&seconds)
}
