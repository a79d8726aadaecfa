//! A line of text being typed: the filter or the palette.

use tui_input::{Input, InputRequest};

use crate::text::clean;

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Narrows the rows shown, with every key.
    Filter,
    /// Finds a command, a view or a resource.
    Palette,
}

/// The longest text a prompt takes, in characters.
const LONGEST: usize = 200;

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
}

impl Prompt {
    /// An empty prompt in place of what was there `before`.
    #[must_use]
    pub fn new(kind: PromptKind, before: String) -> Self {
        Self { kind, input: Input::default(), before, choice: 0 }
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
