//! The last line: what is being typed, what there is to tell, or which keys lead on.

use super::{Bar, Line, Span, freshness, width};
use crate::app::{Attempt, AttemptStage, Prompt, PromptKind, State, command};
use crate::keymap::Scope;
use crate::theme::Role;

/// Commands hinted at, in this order.
const HINTED: [&str; 10] =
    ["open", "why", "help", "unfold", "actions", "timeline", "filter", "palette", "detail", "faults-only"];

/// The footer, and where the cursor stands in it.
pub(super) fn footer(state: &State) -> (Bar, Option<u16>) {
    if let Some(prompt) = &state.prompt {
        let sign = sign(state, prompt);
        let right = match &state.notice {
            // What is wrong with what was typed.
            Some((notice, _)) => vec![Span::new(format!(" {notice} "), Role::Warn)],
            None => vec![help(state, prompt, width(&sign))],
        };
        // A line that is longer than its place shows where the cursor stands.
        let taken: usize = right.iter().map(|span| width(&span.text)).sum();
        let room = usize::from(state.size.0).saturating_sub(width(&sign) + taken + 1).max(1);
        let scroll = prompt.input.visual_scroll(room);
        let text: String = skipped(prompt.text(), scroll);
        let caret = u16::try_from(width(&sign) + prompt.input.visual_cursor().saturating_sub(scroll)).ok();
        let left = vec![Span::new(sign, Role::KeyHint), Span::new(text, Role::Prompt)];
        return (Bar { left, right }, caret);
    }
    let hints = if state.panel.is_some() { panel_hints(state) } else { hints(state) };
    let (left, right) = match &state.notice {
        // Over a panel a notice must not hide how to close it.
        Some((notice, _)) if state.panel.is_some() => (told(notice), hints),
        Some((notice, _)) => {
            // What there is to tell is said whole; ages come back after it.
            let (told, ages) = (told(notice), freshness::ages(state));
            let taken: usize = told.iter().chain(&ages).map(|span| width(&span.text)).sum();
            (told, if taken <= usize::from(state.size.0) { ages } else { Line::new() })
        }
        None => (hints, freshness::ages(state)),
    };
    (Bar { left, right }, None)
}

/// A text without its first columns.
fn skipped(text: &str, columns: usize) -> String {
    let mut past = 0;
    let is_past = |c: &char| {
        past += width(c.encode_utf8(&mut [0; 4]));
        past <= columns
    };
    text.chars().skip_while(is_past).collect()
}

/// What stands before the line being typed.
fn sign(state: &State, prompt: &Prompt) -> String {
    match prompt.kind {
        PromptKind::Filter => " /".to_owned(),
        PromptKind::Palette => " :".to_owned(),
        PromptKind::Actions => " act: ".to_owned(),
        PromptKind::Value => {
            let asked = prompt.wishes.first().and_then(|wish| wish.action.asks).unwrap_or_default();
            format!(" {asked}: ")
        }
        PromptKind::Arm => " arm, reason: ".to_owned(),
        PromptKind::Reason => " reason: ".to_owned(),
        PromptKind::Confirm => {
            let name = state.attempt().and_then(Attempt::plan).map(|plan| plan.confirm()).unwrap_or_default();
            let long = format!(" type {name} to confirm: ");
            // What is typed is as long as the name; the panel has it too.
            if width(&long) + width(&name) < usize::from(state.size.0) { long } else { " confirm: ".to_owned() }
        }
    }
}

fn told(notice: &str) -> Line {
    vec![Span::new(format!(" {notice}"), Role::Info)]
}

/// What can be typed here, as far as there is room beside what is typed; or what is wrong with it.
fn help(state: &State, prompt: &Prompt, sign: usize) -> Span {
    if let Some(mistake) = state.listing.mistake.as_ref().filter(|_| prompt.kind == PromptKind::Filter) {
        return Span::new(format!(" {mistake} "), Role::Unknown);
    }
    let key = |command, words| format!("{} {words}", state.key(Scope::Prompt, command));
    let mut pieces = match prompt.kind {
        PromptKind::Filter => vec![key("accept", "keeps"), key("cancel", "undoes")],
        PromptKind::Palette => vec![key("accept", "does it"), key("cancel", "closes")],
        PromptKind::Actions | PromptKind::Value => vec![key("accept", "plans it"), key("cancel", "closes")],
        PromptKind::Arm => vec![key("accept", "arms"), key("cancel", "back")],
        PromptKind::Reason => vec![key("accept", "goes on"), key("cancel", "back")],
        PromptKind::Confirm => vec![key("accept", "does it"), key("cancel", "back")],
    };
    if prompt.kind == PromptKind::Filter {
        if !state.history.is_empty() {
            pieces.push(key("history-up", "earlier"));
        }
        pieces.push("column:word ~letters !not".to_owned());
    }
    let mut room = usize::from(state.size.0).saturating_sub(width(prompt.text()) + sign + 2);
    let fitting = pieces.into_iter().take_while(|piece| {
        let fits = width(piece) + 2 <= room;
        room = room.saturating_sub(width(piece) + 2);
        fits
    });
    Span::new(format!(" {} ", fitting.collect::<Vec<_>>().join(", ")), Role::Dim)
}

fn panel_hints(state: &State) -> Line {
    let key = |command| state.key(Scope::Dialog, command);
    let close = match state.attempt().map(|attempt| &attempt.stage) {
        Some(AttemptStage::UnderWay(..)) => "close, it goes on",
        Some(AttemptStage::Planned(_) | AttemptStage::Planning) => "discard",
        _ => "close",
    };
    let on = state.attempt().and_then(Attempt::planned).and_then(|planned| {
        let (length, panel) = (super::panel_length(state), state.panel.as_ref()?);
        let large = command::is_large_enough(state);
        let may = planned.refusals.is_empty() && large;
        match () {
            () if panel.seen < length => Some((key("accept"), "read on")),
            () if planned.waits_for_arming() && large => Some((key("accept"), "arm")),
            () => may.then(|| (key("accept"), "go on")),
        }
    });
    let next = state.attempt().and_then(Attempt::next).map(|_| (key("accept"), "plan what follows"));
    let keys = [(key("cancel"), close), (format!("{} {}", key("next-row"), key("previous-row")), "scroll")];
    let spans =
        |(keys, words)| [Span::new(format!(" {keys}"), Role::KeyHint), Span::new(format!(" {words} "), Role::Dim)];
    on.or(next).into_iter().chain(keys).flat_map(spans).collect()
}

fn hints(state: &State) -> Line {
    let mut line = Line::new();
    // Whole hints only: half a hint is no hint. Help, which names all the others, is among the first.
    let ages: usize = freshness::ages(state).iter().map(|span| width(&span.text)).sum();
    // A gap, so that the last hint and the first age do not read as one.
    let mut room = usize::from(state.size.0).saturating_sub(ages + 1);
    let folds = state.listing.has_folded();
    for id in HINTED.into_iter().filter(|id| *id != "unfold" || folds) {
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
