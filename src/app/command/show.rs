//! Panels, and how the screen behaves as a whole.

use super::Command;
use crate::app::{Effect, Panel, PanelKind, Prompt, PromptKind, State};
use crate::keymap::Scope;

pub(super) const ALL: &[Command] = &[
    Command::new(
        "why",
        "why",
        "Show why the row is judged as it is: rules, limits, evidence, what to look at next",
        |s, _| of_row(s, PanelKind::Why),
    ),
    Command::new("detail", "detail", "Show everything known of the row", |s, _| of_row(s, PanelKind::Detail)),
    Command::new("errors", "", "Show what could not be read, and why", |s, _| open(s, PanelKind::Errors)),
    Command::new("help", "help", "Show the keys and columns of this view", |s, _| open(s, PanelKind::Help)),
    Command::new("palette", "command", "Find a command, a view or a resource", palette),
    Command::new("refresh", "", "Read again now, or plan an action again", refresh),
    Command::new("freeze", "", "Hold the screen as it is, or let it go on", freeze),
    Command::new("redraw", "", "Draw the screen anew", |_, _| vec![Effect::Redraw]),
];

fn open(state: &mut State, kind: PanelKind) -> Vec<Effect> {
    state.panel = Some(Panel::new(kind));
    Vec::new()
}

fn of_row(state: &mut State, kind: fn(crate::table::Entry) -> PanelKind) -> Vec<Effect> {
    let Some(entry) = state.place.cursor.entry.clone() else {
        state.tell("there is no row here");
        return Vec::new();
    };
    state.place.cursor.chosen = true;
    open(state, kind(entry))
}

fn palette(state: &mut State, _: &str) -> Vec<Effect> {
    state.panel = None;
    let wishes = super::wishes(state);
    state.prompt = Some(Prompt { wishes, ..Prompt::new(PromptKind::Palette, String::new()) });
    Vec::new()
}

fn refresh(state: &mut State, _: &str) -> Vec<Effect> {
    if state.open_attempt().is_some() {
        return super::act::again(state);
    }
    state.tell(match state.live {
        Some(_) => format!("reading again; frozen, {} lets the screen go on", state.key(Scope::Table, "freeze")),
        None => "reading again".to_owned(),
    });
    vec![Effect::Refresh]
}

fn freeze(state: &mut State, _: &str) -> Vec<Effect> {
    state.toggle_freeze();
    Vec::new()
}
