//! The console without a terminal: what feeds read goes through the same state and screen as in the real one.

use std::sync::Arc;
use std::time::Duration;

use rounds::app::{Msg, Options, State, command, screen, update};
use rounds::backend::ports::Backend;
use rounds::feed::{Budgets, FEEDS, Sweep};
use rounds::health::Thresholds;
use rounds::keymap::{Chord, Key, Keymap};
use rounds::model::stack::Stack;
use rounds::theme::Theme;
use rounds::time::Clock;
use rounds::tui;
use tokio::time::Instant;

/// A console on one stack.
pub struct Console {
    pub state: State,
    sweep: Sweep,
    clock: Arc<dyn Clock>,
    theme: Theme,
}

impl Console {
    /// As it opens, nothing read yet.
    pub fn new(stack: &Stack, backend: &Backend, clock: Arc<dyn Clock>, budgets: Budgets) -> Self {
        let known = command::known();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let (keymap, _) = Keymap::named("default", &known).expect("built in");
        let (theme, _) = Theme::named("mono").expect("built in");
        let now = clock.now();
        let mut state = State::new(
            vec![stack.clone()],
            Thresholds::default(),
            keymap,
            Options { clock: true, ..Options::default() },
            now,
        );
        update(&mut state, now, Msg::Resize(200, 60));
        Self { state, sweep: Sweep::new(0, stack, backend, &clock, &Arc::new(budgets)), clock, theme }
    }

    /// Polls every feed once, all of them within `limit`.
    pub async fn poll(&mut self, limit: Duration) {
        let until = Instant::now() + limit;
        for spec in FEEDS {
            if let Some(fetched) = self.sweep.poll(spec, until).await {
                update(&mut self.state, self.clock.now(), Msg::from(fetched));
            }
        }
    }

    /// The text of the screen once `key` was pressed.
    pub fn screen(&mut self, key: char) -> String {
        update(&mut self.state, self.clock.now(), Msg::Key(Chord::plain(Key::Char(key)).into()));
        tui::text(&screen(&self.state), &self.theme)
    }
}
