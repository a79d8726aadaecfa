//! The last line: what is being typed, what there is to tell, or which keys lead on.

use super::{Bar, Line, Span, freshness, width};
use crate::app::{PromptKind, State, command};
use crate::theme::Role;

/// Commands hinted at, in this order.
const HINTED: [&str; 7] = ["open", "why", "help", "filter", "palette", "detail", "faults-only"];

/// The footer, and where the cursor stands in it.
pub(super) fn footer(state: &State) -> (Bar, Option<u16>) {
    if let Some(prompt) = &state.prompt {
        let sign = match prompt.kind {
            PromptKind::Filter => " /",
            PromptKind::Palette => " :",
        };
        let left = vec![Span::new(sign, Role::KeyHint), Span::new(prompt.text(), Role::Prompt)];
        let help = match prompt.kind {
            PromptKind::Filter => "enter keeps, esc undoes; column:word ~letters !not ",
            PromptKind::Palette => "enter does it, esc closes ",
        };
        let caret = u16::try_from(width(sign) + prompt.input.visual_cursor()).ok();
        return (Bar { left, right: vec![Span::new(help, Role::Dim)] }, caret);
    }
    if let Some((notice, _)) = &state.notice {
        return (Bar { left: vec![Span::new(format!(" {notice}"), Role::Info)], right: freshness::ages(state) }, None);
    }
    (Bar { left: hints(state), right: freshness::ages(state) }, None)
}

fn hints(state: &State) -> Line {
    let mut line = Vec::new();
    if state.panel.is_some() {
        for (keys, words) in [("esc", "close"), ("j k", "scroll")] {
            line.push(Span::new(format!(" {keys}"), Role::KeyHint));
            line.push(Span::new(format!(" {words} "), Role::Dim));
        }
        return line;
    }
    // Whole hints only: half a hint is no hint. Help, which names all the others, is among the first.
    let ages: usize = freshness::ages(state).iter().map(|span| width(&span.text)).sum();
    let mut room = usize::from(state.size.0).saturating_sub(ages);
    for id in HINTED {
        let Some(command) = command::command(id) else { continue };
        let Some(entry) = state.keymap.keys_of(id).next() else { continue };
        let (key, words) = (format!(" {}", entry.sequence), format!(" {} ", command.hint));
        let needed = width(&key) + width(&words);
        if needed > room {
            continue;
        }
        room -= needed;
        line.push(Span::new(key, Role::KeyHint));
        line.push(Span::new(words, Role::Dim));
    }
    line
}
