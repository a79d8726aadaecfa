//! The one door for everything that happens.

use super::command::invoke;
use super::{Effect, Msg, Panel, PanelKind, Press, Prompt, PromptKind, State};
use crate::keymap::{Binding, Chord, Lookup, Scope};
use crate::store::News;
use crate::time::Timestamp;

/// Changes the state by what happened at `now`, and tells what is to be done.
pub fn update(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Effect> {
    state.go_on(now);
    let now = state.clock;
    if state.notice.as_ref().is_some_and(|(_, until)| *until <= now) {
        state.notice = None;
    }
    state.lapse();
    let effects = took(state, now, msg);
    state.attempts.tidy(state.open_attempt());
    state.look();
    effects
}

fn took(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(press) => {
            state.touch();
            key(state, press)
        }
        Msg::Paste(text, length) => {
            state.touch();
            paste(state, &text, length)
        }
        Msg::Resize(columns, rows) => {
            state.size = (columns, rows);
            // What was told may be that there was too little room.
            state.notice = None;
            state.follow();
            // Lines are broken anew: what was seen of a panel is not known any more.
            if let Some(panel) = &mut state.panel {
                panel.seen = 0;
            }
            Vec::new()
        }
        Msg::News(news) => {
            match *news {
                News::Fetched(fetched) => {
                    state.latest().adopt(fetched, now);
                    state.refresh();
                }
                News::Reading { stack, feed, reading } => state.latest().store.note(stack, feed, reading),
            }
            Vec::new()
        }
        Msg::Unconnected { stack, fault } => {
            state.latest().unconnected(stack, &fault, now);
            state.refresh();
            Vec::new()
        }
        Msg::Planned { attempt, result } => {
            state.planned(attempt, result);
            Vec::new()
        }
        Msg::Told { attempt, progress } => {
            if let Some(attempt) = state.attempts.get_mut(attempt) {
                attempt.told(progress, now);
            }
            Vec::new()
        }
        Msg::Ended { attempt, ended } => {
            state.ended(attempt, ended);
            vec![Effect::Refresh]
        }
        Msg::Settled(told) => {
            // Whoever types meanwhile is told without losing what they type.
            if state.prompt.is_none() {
                state.notice = None;
                state.panel = Some(Panel::new(PanelKind::Settled(told)));
            } else {
                state.tell(told.join("; "));
            }
            vec![Effect::Refresh]
        }
        Msg::Tick => {
            if state.latest().grow_older(now) {
                state.refresh();
            }
            Vec::new()
        }
        Msg::Notice(words) => {
            state.tell(words);
            Vec::new()
        }
    }
}

fn key(state: &mut State, Press { chord, deliberate, pasted }: Press) -> Vec<Effect> {
    state.deliberate = deliberate;
    // Whoever presses a key has read what there was to tell.
    state.notice = None;
    state.pressed.push(chord);
    let binding: Binding = match state.keymap.lookup(state.scope(), &state.pressed) {
        Lookup::Pending => return Vec::new(),
        Lookup::Matched(binding) => binding.clone(),
        Lookup::NotFound => return unbound(state, chord, pasted),
    };
    state.pressed.clear();
    if binding.command != "quit" {
        state.leaving = false;
    }
    invoke(state, &binding.command, binding.arg.as_deref().unwrap_or_default())
}

/// A key without a meaning here: typed text in a prompt; over a panel it may have one in the table, which is told.
fn unbound(state: &mut State, chord: Chord, pasted: bool) -> Vec<Effect> {
    let pressed = std::mem::take(&mut state.pressed);
    if let Some(prompt) = &mut state.prompt {
        if pasted && prompt.kind == PromptKind::Confirm {
            *prompt = Prompt::new(PromptKind::Confirm, String::new());
            state.tell("too quick, begun anew: the name is typed");
            return Vec::new();
        }
        if let (Some(c), 1) = (chord.typed(), pressed.len()) {
            prompt.insert(c);
            typed(state);
        }
    } else if state.panel.is_some()
        && let Lookup::Matched(binding) = state.keymap.lookup(Scope::Table, &pressed)
    {
        // Another view is wanted, so this panel no more.
        if binding.command == "view" {
            let binding = binding.clone();
            state.panel = None;
            return invoke(state, &binding.command, binding.arg.as_deref().unwrap_or_default());
        }
        let close = state.key(Scope::Dialog, "cancel");
        state.tell(format!("{chord} works in the table; {close} closes this panel"));
    }
    Vec::new()
}

/// The first line of pasted text goes into a prompt; anywhere else it is dropped, and said so.
fn paste(state: &mut State, text: &str, length: usize) -> Vec<Effect> {
    let Some(prompt) = &mut state.prompt else {
        let [filter, palette] = ["filter", "palette"].map(|command| state.key(Scope::Table, command));
        state.tell(format!("paste ignored ({length} bytes): open {filter} or {palette} first"));
        return Vec::new();
    };
    if prompt.kind == PromptKind::Confirm {
        state.tell("paste ignored: the name is typed");
        return Vec::new();
    }
    // Terminals send the end of a line as a carriage return.
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    line.chars().for_each(|c| prompt.insert(c));
    if line.len() < length {
        state.tell(format!("of the paste only the first {} of {length} bytes were taken", line.len()));
    }
    typed(state);
    Vec::new()
}

/// What is typed has changed.
pub(super) fn typed(state: &mut State) {
    let Some(prompt) = &state.prompt else { return };
    if prompt.kind == PromptKind::Filter {
        let text = prompt.text().to_owned();
        state.place.filter = text;
        state.arrange();
    }
}
