//! A picture of the console on a simulated stack, made without a terminal: the same feeds, the same state, the same keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::demo;
use crate::app::{Msg, Screen, State, screen, update};
use crate::backend::sim::{Scenario, Sim};
use crate::error::Error;
use crate::feed::{Budgets, FEEDS, Sweep};
use crate::health::Thresholds;
use crate::keymap::{Keymap, Sequence};
use crate::time::{Clock, ManualClock, Timestamp};

/// Between polls of the picture's console, as in a real one.
const STEP: Duration = Duration::from_secs(5);
/// How much of the past the console has watched before the picture is taken, so that it knows since when things are so.
const WATCHED: Duration = Duration::from_mins(10);

/// What a picture is taken of.
pub struct Shot<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its name.
    pub name: &'a str,
    /// Where its dice start.
    pub seed: u64,
    /// When it is taken.
    pub at: Timestamp,
    /// Keys pressed before, separated by spaces, in the notation of keymaps.
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
}

/// Takes a picture.
///
/// # Errors
/// A key that is none.
pub async fn shot(shot: Shot<'_>) -> Result<Screen, Error> {
    let begin = shot.scenario.start().max(shot.at - WATCHED);
    let clock = Arc::new(ManualClock::at(begin));
    let sim = Sim::new(shot.scenario, shot.seed, clock.clone());
    let shared: Arc<dyn Clock> = clock.clone();
    let stack = demo::stack(shot.name);
    let options = demo::options(shot.name, shot.scenario, shot.ascii, shot.clock);
    let mut sweep = Sweep::new(0, &stack, &sim.backend(), &shared, &Arc::new(Budgets::unlimited()));
    let mut state = State::new(vec![stack], shot.thresholds, shot.keymap, options, begin);
    update(&mut state, begin, Msg::Resize(shot.size.0, shot.size.1));
    let mut now = begin;
    loop {
        clock.set(now);
        for spec in FEEDS {
            if let Some(fetched) = sweep.poll(spec, Instant::now() + STEP).await {
                update(&mut state, now, Msg::from(fetched));
            }
        }
        if now >= shot.at {
            break;
        }
        now = shot.at.min(now + STEP);
    }
    for word in shot.keys.split_whitespace() {
        let sequence: Sequence = word.parse().map_err(|wrong: String| Error::usage(wrong).from("--keys"))?;
        for chord in sequence.chords() {
            update(&mut state, now, Msg::Key(*chord));
        }
    }
    Ok(screen(&state))
}
