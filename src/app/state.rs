//! The state of the console.

use crate::health::Thresholds;
use crate::keymap::{Chord, Keymap, Scope};
use crate::model::stack::Stack;
use crate::table::Row;
use crate::text::Text;
use crate::time::Timestamp;
use crate::view::{VIEWS, View};

use super::{Attempts, Listing, Panel, Place, Prompt, World};
use crate::action::arming::Arming;
use crate::action::policy::Rules;

/// How the console was started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only ASCII characters of our own.
    pub ascii: bool,
    /// A line under the tabs: what a demo is, and which key to press next; `{why}` stands for the key of the command `why`.
    pub banner: Option<String>,
    /// Whether the clock is shown and ages count; without it the screen stands still while nothing happens.
    pub clock: bool,
    /// What may ever be changed; what may be now, [`State::rules`] says.
    pub rules: Rules,
}

/// The state of the console.
pub struct State {
    /// What is shown of what is known.
    pub world: World,
    /// While the screen is frozen: what is known, which goes on without being shown.
    pub live: Option<World>,
    /// Where the user is.
    pub place: Place,
    /// Where `back` leads to, the nearest last.
    pub behind: Vec<Place>,
    /// The rows of the place on screen.
    pub listing: Listing,
    /// What every key does.
    pub keymap: Keymap,
    /// Keys pressed so far of a sequence.
    pub pressed: Vec<Chord>,
    /// The line being typed.
    pub prompt: Option<Prompt>,
    /// The panel that is open.
    pub panel: Option<Panel>,
    /// Actions of this session.
    pub attempts: Attempts,
    /// Whether the console is armed.
    pub arming: Arming,
    /// Whether the key being handled can be an answer to what is on the screen.
    pub deliberate: bool,
    /// Whether the user was told what is under way, and may end the program all the same.
    pub leaving: bool,
    /// Something to tell, until then.
    pub notice: Option<(String, Timestamp)>,
    /// Filters that were used, the last one last.
    pub history: Vec<String>,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// The time as of which everything is shown: the present, or when the screen was frozen.
    pub now: Timestamp,
    /// The present.
    pub clock: Timestamp,
    /// When the console began: what happened since is known as far as it was told.
    pub begun: Timestamp,
    /// How the console was started.
    pub options: Options,
}

impl State {
    /// The console as it opens, on the overview.
    #[must_use]
    pub fn new(stacks: Vec<Stack>, thresholds: Thresholds, keymap: Keymap, options: Options, now: Timestamp) -> Self {
        let mut state = Self {
            world: World::new(stacks, thresholds),
            live: None,
            place: Place::new(VIEWS[0]),
            behind: Vec::new(),
            listing: Listing::default(),
            keymap,
            pressed: Vec::new(),
            prompt: None,
            panel: None,
            attempts: Attempts::default(),
            arming: Arming::Disarmed,
            deliberate: false,
            leaving: false,
            notice: None,
            history: Vec::new(),
            size: (80, 24),
            now,
            clock: now,
            begun: now,
            options,
        };
        state.refresh();
        state
    }

    /// Where news go.
    pub fn latest(&mut self) -> &mut World {
        self.live.as_mut().unwrap_or(&mut self.world)
    }

    /// Lets the clock go on; where the screen is not frozen, what is shown goes with it.
    pub fn go_on(&mut self, now: Timestamp) {
        self.clock = self.clock.max(now);
        if self.live.is_none() {
            self.now = self.clock;
        }
    }

    /// Freezes the screen, or lets it catch up.
    pub fn toggle_freeze(&mut self) {
        match self.live.take() {
            Some(live) => (self.world, self.now) = (live, self.clock),
            None => self.live = Some(self.world.clone()),
        }
        self.refresh();
    }

    /// The view on screen.
    #[must_use]
    pub fn view(&self) -> &'static View {
        self.place.view
    }

    /// The row the cursor stands on.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        self.listing.row(self.place.cursor.index)
    }

    /// Ids of the rows on screen, the selected one first.
    #[must_use]
    pub fn rows_on_screen(&self) -> Vec<Text> {
        let lines = super::screen::table_rows(self);
        let rows = self.listing.shown.iter().skip(self.place.cursor.top).take(lines);
        let rows = rows.filter_map(|&i| self.listing.rows.get(i));
        let mut ids: Vec<Text> = rows.map(|row| row.id.clone()).collect();
        if let Some(at) = self.selected().and_then(|selected| ids.iter().position(|id| *id == selected.id)) {
            ids[..=at].rotate_right(1);
        }
        ids
    }

    /// The part of the screen keys go to.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.prompt.is_some() {
            Scope::Prompt
        } else if self.panel.is_some() {
            Scope::Dialog
        } else {
            Scope::Table
        }
    }

    /// Makes the rows of the place on screen anew.
    pub fn refresh(&mut self) {
        self.listing.refresh(&mut self.place, &self.world.scene());
        self.follow();
    }

    /// Filters and sorts again.
    pub fn arrange(&mut self) {
        self.listing.arrange(&mut self.place);
        self.follow();
    }

    /// Scrolls so that the cursor is on screen.
    pub fn follow(&mut self) {
        let rows = super::screen::table_rows(self);
        let sections = super::screen::section_lines(self);
        let page = rows.saturating_sub(sections).max(1);
        let shown = self.listing.shown.len();
        let cursor = &mut self.place.cursor;
        let last_top = shown.saturating_sub(page);
        cursor.top = cursor.top.min(last_top).min(cursor.index).max((cursor.index + 1).saturating_sub(page));
    }

    /// The key that invokes a command in this part of the screen, for hints; where none does, what to type for it.
    #[must_use]
    pub fn key(&self, scope: Scope, command: &str) -> String {
        self.keymap.hint(scope, command).map_or_else(|| format!(":{command}"), ToString::to_string)
    }

    /// Whether something on screen changes with every second.
    #[must_use]
    pub fn counts_seconds(&self) -> bool {
        // How old a plan is, and for how long a request has been under way, is told to the second, clock or not.
        self.options.clock || self.notice.is_some() || self.open_attempt().is_some()
    }

    /// Tells the user something for a few seconds.
    pub fn tell(&mut self, words: impl Into<String>) {
        self.notice = Some((words.into(), self.clock + std::time::Duration::from_secs(5)));
    }
}
