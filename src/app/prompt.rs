//! A line of text being typed: the filter or the palette.

use tui_input::{Input, InputRequest};

use super::Wish;
use crate::text::clean;

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Narrows the rows shown, with every key.
    Filter,
    /// Finds a command, a view or a resource.
    Palette,
    /// Finds an action on the row, or one that is under way.
    Actions,
    /// Takes the value of an action that has one: how many tasks.
    Value,
    /// Takes the reason for which the console is armed.
    Arm,
    /// Takes the reason for an action.
    Reason,
    /// Takes the name of an action's target, which confirms it.
    Confirm,
}

impl PromptKind {
    /// Whether it chooses among offers.
    #[must_use]
    pub const fn offers(self) -> bool {
        matches!(self, Self::Palette | Self::Actions)
    }
}

/// The longest text a prompt takes, in characters.
const LONGEST: usize = 300;

/// A prompt.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What it is for.
    pub kind: PromptKind,
    /// What is typed.
    pub input: Input,
    /// What was there before, for cancelling.
    pub before: String,
    /// Which of the offers is chosen (palette).
    pub choice: usize,
    /// What could be done to the row it was opened on; of a value, what it is for.
    pub wishes: Vec<Wish>,
}

impl Prompt {
    /// An empty prompt in place of what was there `before`.
    #[must_use]
    pub fn new(kind: PromptKind, before: String) -> Self {
        Self { kind, input: Input::default(), before, choice: 0, wishes: Vec::new() }
    }

    /// A prompt with something in it.
    #[must_use]
    pub fn holding(kind: PromptKind, text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), ..Self::new(kind, String::new()) }
    }

    /// A prompt for the value of what is wished, with the one it has to begin with; `None` where it takes none.
    #[must_use]
    pub fn value(wish: Wish) -> Option<Self> {
        let (_, now) = wish.target.rsplit_once('=').filter(|_| wish.action.asks.is_some())?;
        let prompt = Self::holding(PromptKind::Value, now);
        Some(Self { wishes: vec![wish], ..prompt })
    }

    /// What is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Types one character, unless it would do harm where it stands.
    pub fn insert(&mut self, c: char) {
        let before = self.input.clone();
        self.input.handle(InputRequest::InsertChar(c));
        if self.text().chars().count() > LONGEST || clean(self.text()) != self.text() {
            self.input = before;
            return;
        }
        self.choice = 0;
    }

    /// Edits.
    pub fn edit(&mut self, request: InputRequest) {
        self.input.handle(request);
        self.choice = 0;
    }
}
