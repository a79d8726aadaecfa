//! The loop: takes everything that waits, updates, and draws at most once, and only if something changed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::acting::Acting;
use super::interpret::interpret;
use super::question::Question;
use super::signals::{Signal, Signals, stop};
use crate::app::{Msg, Press, Screen, State, screen, update};
use crate::feed::Control;
use crate::store::News;
use crate::term::{self, Input, Manner, Terminal, Wrapping};
use crate::theme::Theme;
use crate::time::Clock;
use crate::tui;

/// Ages are shown in seconds.
const TICK: Duration = Duration::from_secs(1);
/// Where nothing counts seconds, time still makes what is known older, though nothing is stale before a minute.
const SLOW_TICK: Duration = Duration::from_secs(10);

/// Why the loop ended.
pub enum Exit {
    /// The user said so.
    Quit,
    /// The terminal is gone.
    Gone,
    /// A signal with this number.
    Signal(u8),
    /// A part of the program panicked and the terminal was given back; what would be shown now may not be so.
    Panic,
}

/// The running console.
pub struct EventLoop {
    /// The state.
    pub state: State,
    /// The terminal.
    pub terminal: Terminal,
    /// The colours.
    pub theme: Theme,
    /// Where the present comes from.
    pub clock: Arc<dyn Clock>,
    /// What the feeds are told.
    pub control: watch::Sender<Control>,
    /// How the clipboard is reached.
    pub wrapping: Wrapping,
    /// The picture the terminal shows.
    pub drawn: Option<Screen>,
    /// The confirmation that is on the terminal.
    pub question: Question,
    /// Actions.
    pub acting: Acting,
}

impl EventLoop {
    /// Runs until something ends it. Keys come before data; nothing here waits for the network.
    pub async fn run(
        &mut self,
        mut signals: Signals,
        mut input: mpsc::Receiver<Input>,
        mut results: mpsc::Receiver<News>,
        mut told: mpsc::UnboundedReceiver<Msg>,
    ) -> io::Result<Exit> {
        let [mut tick, mut slow_tick] = [TICK, SLOW_TICK].map(interval);
        for tick in [&mut tick, &mut slow_tick] {
            tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        }
        loop {
            let mut first_input = None;
            let first = tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::End(number) => return Ok(Exit::Signal(number)),
                    Signal::Suspend => {
                        term::restore();
                        stop();
                        if let Some(number) = signals.until_continued().await {
                            return Ok(Exit::Signal(number));
                        }
                        self.take_back()?;
                        None
                    }
                    // Stopped by a signal that nobody can catch: what became of the terminal meanwhile is not known.
                    Signal::Continue => {
                        self.take_back()?;
                        None
                    }
                    // It may have been smaller for a moment and have cut what it shows, although its size is the one it had.
                    Signal::Resize => {
                        self.terminal.forget();
                        self.drawn = None;
                        None
                    }
                },
                input = input.recv() => match input {
                    Some(Input::Gone) | None => return Ok(Exit::Gone),
                    Some(input) => {
                        first_input = Some(input);
                        None
                    }
                },
                Some(news) = results.recv() => Some(Msg::News(Box::new(news))),
                Some(msg) = told.recv() => Some(msg),
                () = self.terminal.done() => None,
                _ = tick.tick(), if self.state.counts_seconds() => Some(Msg::Tick),
                _ = slow_tick.tick() => Some(Msg::Tick),
            };
            let typed = first_input.into_iter().chain(std::iter::from_fn(|| input.try_recv().ok()));
            for input in typed.collect::<Vec<_>>() {
                let Some(msg) = self.msg(input) else { return Ok(Exit::Gone) };
                if self.take(msg) {
                    return Ok(Exit::Quit);
                }
            }
            let news = std::iter::from_fn(|| results.try_recv().ok()).map(|news| Msg::News(Box::new(news)));
            for msg in first.into_iter().chain(news) {
                self.take(msg);
            }
            if !Terminal::is_ours() {
                return Ok(Exit::Panic);
            }
            // A change before the input listened for changes was told by nobody.
            let (columns, rows) = Terminal::size();
            if self.state.size != (columns, rows) {
                self.take(Msg::Resize(columns, rows));
            }
            self.draw()?;
        }
    }

    /// Takes the terminal again and draws everything.
    fn take_back(&mut self) -> io::Result<()> {
        self.terminal.retake()?;
        self.drawn = None;
        self.question.forget();
        Ok(())
    }

    /// Updates by one message; true if the user wants to end.
    fn take(&mut self, msg: Msg) -> bool {
        let effects = update(&mut self.state, self.clock.now(), msg);
        for effect in effects {
            if interpret(self, effect) {
                return true;
            }
        }
        false
    }

    /// Draws the state, if it looks different from what the terminal shows and the terminal has taken that.
    pub fn draw(&mut self) -> io::Result<()> {
        if self.terminal.is_busy() {
            return Ok(());
        }
        self.question.written(Instant::now());
        let picture = screen(&self.state);
        if self.drawn.as_ref() == Some(&picture) && !self.terminal.has_more() {
            return Ok(());
        }
        self.terminal.draw(tui::render(&picture, &self.theme), tui::caret(&picture))?;
        self.question.drawn(picture.asks);
        self.drawn = Some(picture);
        let shown = self.state.rows_on_screen();
        self.control.send_if_modified(|control| {
            let news = control.shown != shown;
            if news {
                control.shown = shown;
            }
            news
        });
        Ok(())
    }

    /// What a person did. A key answers a question only if it was pressed by itself, and after the question was to be seen.
    fn msg(&self, input: Input) -> Option<Msg> {
        match input {
            Input::Key(chord, at, manner) => {
                let seen = |id| self.question.is_answered(id, at);
                let deliberate = manner == Manner::Single && self.state.asks().is_none_or(seen);
                Some(Msg::Key(Press { chord, deliberate, pasted: manner == Manner::Together }))
            }
            Input::Paste(text, length) => Some(Msg::Paste(text, length)),
            Input::Gone => None,
        }
    }
}
