//! From a launch to a running console.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::acting::{Acting, Benches};
use super::event_loop::{EventLoop, Exit};
use super::question::Question;
use super::signals::Signals;
use super::{Connect, Launch};
use crate::action::Bench;
use crate::app::{Msg, State};
use crate::feed::{self, Budgets, Control, Poller};
use crate::model::stack::Stack;
use crate::store::News;
use crate::term::{self, Terminal, is_remote, wrapping};
use crate::time::Clock;

/// A stack that could not be connected to is tried again after this long.
const RECONNECT: Duration = Duration::from_secs(10);
/// The exit code of a panic, as Rust itself has it.
const PANICKED: u8 = 101;
/// Results of polls that may wait for the console; beyond, feeds wait.
const WAITING: usize = 64;

/// Runs the console until the user or a signal ends it; gives the process's exit code.
///
/// # Errors
/// The terminal could not be taken, or it is gone.
pub async fn run(launch: Launch) -> io::Result<u8> {
    // Before the terminal is taken: a signal in between would leave it in raw mode.
    let signals = Signals::listen()?;
    let mut state =
        State::new(launch.stacks.clone(), launch.thresholds, launch.keymap, launch.options, launch.clock.now());
    state.size = Terminal::size();
    let terminal = Terminal::take()?;
    let input = term::spawn(is_remote(&launch.env))?;
    let (control, watched) =
        watch::channel(Control { focus: state.view().feeds.to_vec(), refresh: launch.refresh, ..Control::default() });
    let (fetched, results) = mpsc::channel(WAITING);
    let (notices, told) = mpsc::unbounded_channel();
    let benches: Benches = launch.stacks.iter().map(|_| OnceLock::new()).collect();
    let acting = Acting::new(Arc::clone(&benches), launch.audit, launch.actor, notices.clone());
    let mut console = EventLoop {
        state,
        terminal,
        theme: launch.theme,
        clock: Arc::clone(&launch.clock),
        control,
        wrapping: wrapping(&launch.env),
        drawn: None,
        question: Question::default(),
        acting,
    };
    console.draw()?;
    let budgets = Budgets::of_stacks(&launch.stacks);
    let links: Vec<_> = launch
        .stacks
        .into_iter()
        .enumerate()
        .map(|(index, stack)| {
            let link = Link {
                budgets: Arc::clone(&budgets[index]),
                index,
                stack,
                connect: Arc::clone(&launch.connect),
                clock: Arc::clone(&launch.clock),
                watched: watched.clone(),
                fetched: fetched.clone(),
                notices: notices.clone(),
                benches: Arc::clone(&benches),
            };
            tokio::spawn(link.keep())
        })
        .collect();
    let exit = console.run(signals, input, results, told).await;
    for link in links {
        link.abort();
    }
    let why = match &exit {
        Ok(Exit::Signal(number)) => format!("signal {number}"),
        Ok(Exit::Quit) => "the console was closed".to_owned(),
        Ok(Exit::Gone) | Err(_) => "the terminal is gone".to_owned(),
        Ok(Exit::Panic) => "the console broke down".to_owned(),
    };
    let EventLoop { acting, terminal, .. } = console;
    drop(terminal);
    acting.end(why).await;
    match exit? {
        Exit::Quit | Exit::Gone => Ok(0),
        Exit::Signal(number) => Ok(128 + number),
        Exit::Panic => Ok(PANICKED),
    }
}

/// The way to one stack: connects, then polls for as long as the console runs.
struct Link {
    index: usize,
    stack: Stack,
    budgets: Arc<Budgets>,
    connect: Connect,
    clock: Arc<dyn Clock>,
    watched: watch::Receiver<Control>,
    fetched: mpsc::Sender<News>,
    notices: mpsc::UnboundedSender<Msg>,
    benches: Benches,
}

impl Link {
    async fn keep(self) {
        let _poller: Poller = loop {
            match (self.connect)(self.stack.clone()).await {
                Ok(backend) => {
                    let (clock, budgets) = (Arc::clone(&self.clock), Arc::clone(&self.budgets));
                    let bench = Bench::new(self.stack.clone(), backend.clone(), clock, budgets);
                    // Connected to once.
                    let _ = self.benches[self.index].set(Arc::new(bench));
                    break feed::spawn(
                        self.index,
                        &self.stack,
                        &backend,
                        &self.budgets,
                        &self.clock,
                        &self.watched,
                        &self.fetched,
                    );
                }
                Err(fault) => {
                    let msg = Msg::Unconnected { stack: self.index, fault };
                    if self.notices.send(msg).is_err() {
                        return;
                    }
                    sleep(RECONNECT).await;
                }
            }
        };
        std::future::pending::<()>().await;
    }
}
