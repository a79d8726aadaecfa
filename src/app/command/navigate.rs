//! Going from view to view.

use super::Command;
use crate::app::{Effect, Place, State};
use crate::error::nearest;
use crate::text::Text;
use crate::view::{Drill, VIEWS, View, timeline_of, view};

pub(super) const ALL: &[Command] = &[
    Command {
        id: "view",
        doc: "Show a view",
        hint: "",
        args: || VIEWS.iter().map(|v| v.id).collect(),
        offered: true,
        run: by_name,
    },
    Command::new("next-view", "", "Show the next view", |s, _| turn(s, 1)),
    Command::new("previous-view", "", "Show the previous view", |s, _| turn(s, VIEWS.len() - 1)),
    Command::new("open", "open", "Open what the row leads to", open),
    Command::new("timeline", "timeline", "Show what happened to the row and to what it stands on", timeline),
    Command::new("back", "", "Lift the filter, then take the marks away, then go back", back),
    Command::new("quit", "", "End the program", quit),
];

/// What is under way goes on without being watched, which is told first.
fn quit(state: &mut State, _: &str) -> Vec<Effect> {
    let under_way = state.attempts.under_way();
    if under_way == 0 || state.leaving {
        return vec![Effect::Quit];
    }
    state.leaving = true;
    state.tell(format!("{under_way} under way: the same again quits, it goes on unwatched"));
    Vec::new()
}

fn by_name(state: &mut State, name: &str) -> Vec<Effect> {
    if let Some(view) = view(name) {
        return go(state, Place::new(view));
    }
    let near = nearest(name, VIEWS.iter().map(|v| v.id)).map_or_else(String::new, |n| format!("; did you mean {n}?"));
    state.tell(format!("there is no view {name}{near}"));
    Vec::new()
}

/// Goes to a place; where the user was is kept for `back`.
pub(in crate::app) fn go(state: &mut State, place: Place) -> Vec<Effect> {
    (state.panel, state.prompt) = (None, None);
    let before = std::mem::replace(&mut state.place, place);
    let is = |place: &Place| (place.view.id, place.whole_filter());
    if is(&before) != is(&state.place) {
        state.behind.push(before);
    }
    arrive(state)
}

fn arrive(state: &mut State) -> Vec<Effect> {
    state.refresh();
    vec![Effect::Focus(state.view().feeds.to_vec())]
}

fn turn(state: &mut State, by: usize) -> Vec<Effect> {
    let is = |v: &&View| v.id == state.view().id;
    let at = VIEWS.iter().position(is).unwrap_or(0);
    go(state, Place::new(VIEWS[(at + by) % VIEWS.len()]))
}

fn open(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(row) = state.selected() else { return Vec::new() };
    let drill = (state.view().open)(row);
    let target = drill.as_ref().and_then(|d| view(d.view));
    let (Some(drill), Some(target)) = (drill, target) else {
        return super::invoke(state, "detail", "");
    };
    let stack = row.stack.clone();
    let drill = Drill { filter: in_stack(state, &stack, drill.filter), ..drill };
    let place = Place::drilled(target, &drill).on(drill.select.map(|id| (stack, id)));
    state.place.cursor.chosen = true;
    go(state, place)
}

/// A filter that keeps to one stack, where there are several.
fn in_stack(state: &State, stack: &Text, filter: String) -> String {
    let several = state.world.stacks.len() > 1;
    if several && !filter.is_empty() { format!("stack={stack} {filter}") } else { filter }
}

fn timeline(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(row) = state.selected() else {
        state.tell("there is no row here");
        return Vec::new();
    };
    let stack = row.stack.clone();
    let scene = state.world.scene();
    let known = scene.stacks.iter().find(|scene| scene.stack.name == stack);
    let filter = known.and_then(|scene| timeline_of(scene, state.view(), row));
    let (Some(filter), Some(target)) = (filter, view("timeline")) else {
        state.tell("nothing tells what happened to this row");
        return Vec::new();
    };
    let filter = in_stack(state, &stack, filter);
    state.place.cursor.chosen = true;
    go(state, Place::drilled(target, &Drill { filter, ..Drill::default() }))
}

/// From the innermost outwards: what narrows the rows beyond what the place opened with, the marks, the place before.
fn back(state: &mut State, _: &str) -> Vec<Effect> {
    let place = &mut state.place;
    if !place.filter.is_empty() || place.faults_only {
        place.filter.clear();
        place.faults_only = false;
        state.arrange();
        return Vec::new();
    }
    if !place.marked.is_empty() {
        return super::rows::unmark_all(state, "");
    }
    let Some(before) = state.behind.pop() else { return Vec::new() };
    state.place = before;
    arrive(state)
}
