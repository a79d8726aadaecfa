//! The last line: what is being typed, what there is to tell, or which keys lead on.

use super::{Bar, Line, Span, freshness, width};
use crate::app::{Prompt, PromptKind, State, command};
use crate::keymap::Scope;
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
        let caret = u16::try_from(width(sign) + prompt.input.visual_cursor()).ok();
        return (Bar { left, right: vec![help(state, prompt)] }, caret);
    }
    let hints = if state.panel.is_some() { panel_hints(state) } else { hints(state) };
    let (left, right) = match &state.notice {
        // Over a panel a notice must not hide how to close it.
        Some((notice, _)) if state.panel.is_some() => (told(notice), hints),
        Some((notice, _)) => (told(notice), freshness::ages(state)),
        None => (hints, freshness::ages(state)),
    };
    (Bar { left, right }, None)
}

fn told(notice: &str) -> Line {
    vec![Span::new(format!(" {notice}"), Role::Info)]
}

/// What can be typed here, as far as there is room beside what is typed; or what is wrong with it.
fn help(state: &State, prompt: &Prompt) -> Span {
    if let Some(mistake) = state.listing.mistake.as_ref().filter(|_| prompt.kind == PromptKind::Filter) {
        return Span::new(format!(" {mistake} "), Role::Unknown);
    }
    let key = |command, words| format!("{} {words}", state.key(Scope::Prompt, command));
    let mut pieces = match prompt.kind {
        PromptKind::Filter => vec![key("accept", "keeps"), key("cancel", "undoes")],
        PromptKind::Palette => vec![key("accept", "does it"), key("cancel", "closes")],
    };
    if prompt.kind == PromptKind::Filter {
        if !state.history.is_empty() {
            pieces.push(key("history-up", "earlier"));
        }
        pieces.push("column:word ~letters !not".to_owned());
    }
    let mut room = usize::from(state.size.0).saturating_sub(width(prompt.text()) + 4);
    let fitting = pieces.into_iter().take_while(|piece| {
        let fits = width(piece) + 2 <= room;
        room = room.saturating_sub(width(piece) + 2);
        fits
    });
    Span::new(format!(" {} ", fitting.collect::<Vec<_>>().join(", ")), Role::Dim)
}

fn panel_hints(state: &State) -> Line {
    let key = |command| state.key(Scope::Dialog, command);
    let keys = [(key("cancel"), "close"), (format!("{} {}", key("next-row"), key("previous-row")), "scroll")];
    let spans =
        |(keys, words)| [Span::new(format!(" {keys}"), Role::KeyHint), Span::new(format!(" {words} "), Role::Dim)];
    keys.into_iter().flat_map(spans).collect()
}

fn hints(state: &State) -> Line {
    let mut line = Line::new();
    // Whole hints only: half a hint is no hint. Help, which names all the others, is among the first.
    let ages: usize = freshness::ages(state).iter().map(|span| width(&span.text)).sum();
    // A gap, so that the last hint and the first age do not read as one.
    let mut room = usize::from(state.size.0).saturating_sub(ages + 1);
    for id in HINTED {
        let Some(command) = command::command(id) else { continue };
        let Some(sequence) = state.keymap.hint(Scope::Table, id) else { continue };
        let (key, words) = (format!(" {sequence}"), format!(" {} ", command.hint));
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
