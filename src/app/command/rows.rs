//! What can be done with the rows of a view, none of which changes the world.

use super::Command;
use crate::app::{Effect, Panel, PanelKind, Prompt, PromptKind, State};

pub(super) const ALL: &[Command] = &[
    Command::new("filter", "filter", "Narrow the rows: word, column:word, column=word, ~letters, !not", filter),
    Command::new("sort", "", "Sort by the next column", sort),
    Command::new("reverse-sort", "", "Turn the order of the rows around", reverse),
    Command::new("faults-only", "faults", "Show only rows that are not well, or all again", faults_only),
    Command::new("mark", "", "Mark or unmark the row", mark),
    Command::new("copy-id", "", "Copy the id of the row (of all marked rows) and show it", copy_id),
    Command::new("copy-command", "", "Copy the AWS CLI call that shows the row", copy_command),
    Command::new("export", "", "Write the rows of this view to a CSV file", |s, _| vec![Effect::Export(s.view().id)]),
];

fn filter(state: &mut State, _: &str) -> Vec<Effect> {
    state.prompt = Some(Prompt::new(PromptKind::Filter, &state.place.filter));
    Vec::new()
}

/// The next column, and after the last one the view's own order again.
fn sort(state: &mut State, _: &str) -> Vec<Effect> {
    let columns = state.view().columns;
    let order = &mut state.place.order;
    let next = order.column.map_or(0, |c| c + 1);
    order.column = (next < columns.len()).then_some(next);
    order.reverse = false;
    let by = order.column.map_or("worst first", |c| columns[c].title);
    state.tell(format!("sorted by {by}"));
    state.arrange();
    Vec::new()
}

fn reverse(state: &mut State, _: &str) -> Vec<Effect> {
    state.place.order.reverse = !state.place.order.reverse;
    state.arrange();
    Vec::new()
}

fn faults_only(state: &mut State, _: &str) -> Vec<Effect> {
    state.place.faults_only = !state.place.faults_only;
    state.arrange();
    Vec::new()
}

fn mark(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(entry) = state.place.cursor.entry.clone() else { return Vec::new() };
    if !state.place.marked.remove(&entry) {
        state.place.marked.insert(entry);
    }
    super::invoke(state, "next-row", "")
}

fn copy_id(state: &mut State, _: &str) -> Vec<Effect> {
    let ids: Vec<String> = if state.place.marked.is_empty() {
        state.selected().map(|row| row.id.to_string()).into_iter().collect()
    } else {
        state.place.marked.iter().map(|(_, id)| id.to_string()).collect()
    };
    copy(state, ids.join("\n"))
}

fn copy_command(state: &mut State, _: &str) -> Vec<Effect> {
    let scene = state.world.scene();
    let call = state.selected().and_then(|row| {
        let stack = scene.stacks.iter().find(|s| s.stack.name == row.stack)?;
        (state.view().aws)(stack, row)
    });
    let Some(call) = call else {
        state.tell("this row has no AWS CLI call of its own");
        return Vec::new();
    };
    copy(state, call)
}

fn copy(state: &mut State, text: String) -> Vec<Effect> {
    if text.is_empty() {
        return Vec::new();
    }
    state.panel = Some(Panel::new(PanelKind::Copied(text.clone())));
    vec![Effect::Copy(text)]
}
