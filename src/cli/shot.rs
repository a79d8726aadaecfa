//! A picture of the console on a simulated stack, made without a terminal: the same feeds, the same state, the same keys, the
//! same actions.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::poll;
use tokio::time::Instant;

use super::demo::{self, Scratch};
use crate::action::audit::Audit;
use crate::action::executor::{Order, WATCH, execute};
use crate::action::policy::{Confirmation, Rules};
use crate::action::{Actor, Bench, Plan, action, planned};
use crate::app::{Effect, Msg, Options, Screen, State, screen, update};
use crate::backend::ports::Backend;
use crate::backend::sim::{Scenario, Sim};
use crate::error::Error;
use crate::feed::{Budgets, FEEDS, Sweep};
use crate::health::Thresholds;
use crate::keymap::{Keymap, Sequence};
use crate::time::{Clock, ManualClock, Timestamp, parse_span};

/// Between polls of the picture's console, as in a real one.
const STEP: Duration = Duration::from_secs(5);
/// How much of the past the console has watched before the picture is taken, so that it knows since when things are so.
const WATCHED: Duration = Duration::from_mins(10);
/// Every poll of the time that passes is made, so a picture lets no more of it pass than this.
const LONGEST: Duration = Duration::from_hours(24);

/// What a picture is taken of.
pub struct Shot<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its name.
    pub name: &'a str,
    /// Where its dice start.
    pub seed: u64,
    /// When the first key is pressed.
    pub at: Timestamp,
    /// Keys pressed before, separated by spaces, in the notation of keymaps; `+30s` lets so much time pass.
    pub keys: &'a str,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Keys.
    pub keymap: Keymap,
    /// Thresholds of the rules.
    pub thresholds: Thresholds,
    /// Only ASCII characters.
    pub ascii: bool,
    /// Whether the clock is shown.
    pub clock: bool,
    /// What may be changed.
    pub rules: Rules,
}

/// Takes a picture.
///
/// # Errors
/// A key that is none, or more time than a picture lets pass.
pub async fn shot(shot: Shot<'_>) -> Result<Screen, Error> {
    let kept = Scratch::new();
    let mut console = Console::new(&shot, &kept);
    console.until(shot.at).await;
    for word in shot.keys.split_whitespace() {
        if let Some(span) = word.strip_prefix('+').filter(|span| !span.is_empty()) {
            let span = parse_span(span).map_err(|wrong| Error::usage(wrong).from("--keys"))?;
            if console.now + span > shot.at + LONGEST {
                let wrong = format!("\"{word}\" is too long: a picture lets at most 24h pass");
                return Err(Error::usage(wrong).from("--keys"));
            }
            console.until(console.now + span).await;
            continue;
        }
        let sequence: Sequence = word.parse().map_err(|wrong: String| Error::usage(wrong).from("--keys"))?;
        for chord in sequence.chords() {
            console.take(Msg::Key((*chord).into())).await;
            console.look().await;
        }
    }
    Ok(screen(&console.state))
}

/// The console, and what runs beside it.
struct Console {
    state: State,
    now: Timestamp,
    clock: Arc<ManualClock>,
    sweep: Sweep,
    bench: Arc<Bench>,
    audit: Audit,
    told: Arc<Mutex<Vec<Msg>>>,
    under_way: Vec<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Console {
    fn new(shot: &Shot<'_>, kept: &Scratch) -> Self {
        let begin = shot.scenario.start().max(shot.at - WATCHED);
        let clock = Arc::new(ManualClock::at(begin));
        let sim = Sim::new(shot.scenario, shot.seed, clock.clone());
        let shared: Arc<dyn Clock> = clock.clone();
        let stack = demo::stack(shot.name, shot.scenario);
        let options = demo::options(shot.name, shot.scenario, shot.ascii, shot.clock);
        let options = Options { rules: shot.rules.clone(), ..options };
        let budgets = Arc::new(Budgets::unlimited());
        let backend = Backend { journal: kept.journal(), ..sim.backend() };
        let sweep = Sweep::new(0, &stack, &backend, &shared, &budgets);
        let bench = Arc::new(Bench::new(stack.clone(), backend, shared, budgets));
        let mut state = State::new(vec![stack], shot.thresholds.clone(), shot.keymap.clone(), options, begin);
        update(&mut state, begin, Msg::Resize(shot.size.0, shot.size.1));
        Self {
            state,
            now: begin,
            clock,
            sweep,
            bench,
            audit: kept.audit(),
            told: Arc::default(),
            under_way: Vec::new(),
        }
    }

    /// Polls, and lets what is under way go on, until then.
    async fn until(&mut self, then: Timestamp) {
        loop {
            self.clock.set(self.now);
            self.sweep.show(&self.state.rows_on_screen());
            for spec in FEEDS {
                if let Some(fetched) = self.sweep.poll(spec, Instant::now() + STEP).await {
                    self.take(Msg::from(fetched)).await;
                }
            }
            self.go_on().await;
            if self.now >= then {
                return;
            }
            self.now = then.min(self.now + STEP);
        }
    }

    /// Lets the feeds read what has just come on screen, as they do in a running console.
    async fn look(&mut self) {
        self.sweep.show(&self.state.rows_on_screen());
        for spec in FEEDS {
            if !self.sweep.is_due(spec) {
                continue;
            }
            if let Some(fetched) = self.sweep.poll(spec, Instant::now() + STEP).await {
                self.take(Msg::from(fetched)).await;
            }
        }
    }

    async fn take(&mut self, msg: Msg) {
        for effect in update(&mut self.state, self.now, msg) {
            match effect {
                Effect::Plan { attempt, action: id, target, .. } => {
                    let Some(spec) = action(id) else { continue };
                    let result = planned(spec, &self.bench, &target, &self.audit).await.map(Arc::new);
                    update(&mut self.state, self.now, Msg::Planned { attempt, result });
                }
                Effect::Act { attempt, confirmation } => {
                    let plan = self.state.attempts.get(attempt).and_then(|known| known.plan().cloned());
                    if let Some(plan) = plan {
                        self.act(attempt, plan, confirmation);
                        self.go_on().await;
                    }
                }
                _ => {}
            }
        }
    }

    fn act(&mut self, attempt: u64, plan: Arc<Plan>, confirmation: Confirmation) {
        let (bench, audit, rules) = (Arc::clone(&self.bench), self.audit.clone(), self.state.rules());
        let told = Arc::clone(&self.told);
        let note = move |msg| told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(msg);
        self.under_way.push(Box::pin(async move {
            let actor = Actor::named("ana", "bastion");
            let order = Order {
                bench: &bench,
                audit: &audit,
                rules: &rules,
                confirmation: &confirmation,
                actor: &actor,
                watch: WATCH,
                grace: None,
            };
            let tell = |progress| note(Msg::Told { attempt, progress });
            let ended = execute(&plan, &order, &tell, std::future::pending()).await;
            note(Msg::Ended { attempt, ended });
        }));
    }

    /// Lets what is under way come as far as it comes now, and takes what it tells.
    async fn go_on(&mut self) {
        // Far more than a task gives way within one instant of this world.
        for _ in 0..64 {
            let mut waiting = Vec::new();
            for mut task in std::mem::take(&mut self.under_way) {
                if poll!(task.as_mut()).is_pending() {
                    waiting.push(task);
                }
            }
            self.under_way = waiting;
        }
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for msg in told {
            update(&mut self.state, self.now, msg);
        }
    }
}
