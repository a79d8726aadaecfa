//! Typing in a prompt, and closing what is open.

use tui_input::InputRequest;

use super::{Command, act, arm};
use crate::app::update::typed;
use crate::app::{Effect, PromptKind, State, palette};

pub(super) const ALL: &[Command] = &[
    Command::local("accept", "Take what is typed or chosen, or close the panel", accept),
    Command::local("cancel", "Close without taking it", cancel),
    Command::local("delete-back", "Delete the character before the cursor", |s, _| {
        edit(s, InputRequest::DeletePrevChar)
    }),
    Command::local("delete-word", "Delete the word before the cursor", |s, _| edit(s, InputRequest::DeletePrevWord)),
    Command::local("clear-line", "Delete the line", |s, _| edit(s, InputRequest::DeleteLine)),
    Command::local("cursor-left", "Move left in the line", |s, _| edit(s, InputRequest::GoToPrevChar)),
    Command::local("cursor-right", "Move right in the line", |s, _| edit(s, InputRequest::GoToNextChar)),
    Command::local("history-up", "Choose the offer above, or an earlier filter", |s, _| choose(s, -1)),
    Command::local("history-down", "Choose the offer below, or a later filter", |s, _| choose(s, 1)),
];

/// Filters kept for `history-up`.
const REMEMBERED: usize = 50;

fn accept(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(prompt) = state.prompt.take() else { return act::accept(state) };
    match prompt.kind {
        PromptKind::Filter => {
            let text = prompt.text().trim().to_owned();
            if !text.is_empty() {
                state.history.retain(|old| *old != text);
                state.history.push(text);
                let excess = state.history.len().saturating_sub(REMEMBERED);
                state.history.drain(..excess);
                // Whoever looked for a row stands on what was found.
                state.place.cursor.chosen = true;
            }
            Vec::new()
        }
        PromptKind::Palette | PromptKind::Actions => palette::accept(state, &prompt),
        PromptKind::Value => act::value(state, prompt),
        PromptKind::Arm => arm::accept(state, prompt),
        PromptKind::Reason => act::reason(state, prompt),
        PromptKind::Confirm => act::confirm(state, prompt),
    }
}

fn cancel(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(prompt) = state.prompt.take() else {
        state.panel = None;
        return Vec::new();
    };
    if prompt.kind == PromptKind::Filter {
        state.place.filter = prompt.before;
        state.arrange();
    }
    Vec::new()
}

fn edit(state: &mut State, request: InputRequest) -> Vec<Effect> {
    if let Some(prompt) = &mut state.prompt {
        prompt.edit(request);
    }
    typed(state);
    Vec::new()
}

fn choose(state: &mut State, by: isize) -> Vec<Effect> {
    let Some(prompt) = &state.prompt else { return Vec::new() };
    if prompt.kind.offers() {
        let last = palette::offers(state, prompt).len().saturating_sub(1);
        if let Some(prompt) = &mut state.prompt {
            prompt.choice = prompt.choice.saturating_add_signed(by).min(last);
        }
        return Vec::new();
    }
    if prompt.kind != PromptKind::Filter {
        return Vec::new();
    }
    let at = state.history.iter().position(|h| h == prompt.text()).unwrap_or(state.history.len());
    let to = at.saturating_add_signed(by);
    let text = state.history.get(to).cloned().unwrap_or_default();
    if let Some(prompt) = &mut state.prompt {
        prompt.input = tui_input::Input::new(text);
    }
    typed(state);
    Vec::new()
}
