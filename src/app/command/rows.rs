//! What can be done with the rows of a view, none of which changes the world.

use super::Command;
use crate::app::{Effect, Panel, PanelKind, Prompt, PromptKind, State, screen};
use crate::keymap::Scope;
use crate::table::Order;

pub(super) const ALL: &[Command] = &[
    Command::new(
        "filter",
        "filter",
        "Narrow the rows: word, column:word, column=word, ~letters, !not, \"text\"",
        filter,
    ),
    Command::new("sort", "", "Sort by the next column on screen, and after the last one worst first again", sort),
    Command::new("sort-worst-first", "", "Sort the worst rows first again", |s, _| reorder(s, Order::default())),
    Command::new("reverse-sort", "", "Turn the order of the rows around", reverse),
    Command::new("faults-only", "faults", "Show only rows that are not well, or all again", faults_only),
    Command::new(
        "unfold",
        "unfold",
        "Show the problems that follow from this one, or fold them under it again; of what happened, those alike",
        unfold,
    ),
    Command::new("mark", "", "Mark or unmark the row", mark),
    Command::new("unmark-all", "", "Take all marks away", unmark_all),
    Command::new("copy-id", "", "Copy the id of the row (where rows are marked: theirs instead) and show it", copy_id),
    Command::new("copy-command", "", "Copy the AWS CLI call that shows the row", copy_command),
    Command::new("export", "", "Write the rows of this view to a CSV file", |s, _| vec![Effect::Export(s.view().id)]),
];

/// The line opens empty, and what it says is always what the rows are filtered by.
fn filter(state: &mut State, _: &str) -> Vec<Effect> {
    state.prompt = Some(Prompt::new(PromptKind::Filter, std::mem::take(&mut state.place.filter)));
    state.arrange();
    Vec::new()
}

/// The next column on screen, and after the last one the view's own order again.
fn sort(state: &mut State, _: &str) -> Vec<Effect> {
    let now = state.place.order.column;
    let column = screen::columns_on_screen(state).into_iter().find(|column| Some(*column) > now);
    let own = state.view().order();
    // A time is looked at from the newest on, as the view opens.
    reorder(state, if column.is_some() && column == own.column { own } else { Order { column, reverse: false } })
}

fn reverse(state: &mut State, _: &str) -> Vec<Effect> {
    let order = state.place.order;
    reorder(state, Order { reverse: !order.reverse, ..order })
}

fn reorder(state: &mut State, order: Order) -> Vec<Effect> {
    state.place.order = order;
    state.arrange();
    let mut words = format!("sorted {}", state.place.order_words());
    if order != Order::default() {
        let key = |command| state.key(Scope::Table, command);
        words = format!("{words}; {} turns it around, {} worst first", key("reverse-sort"), key("sort-worst-first"));
    }
    state.tell(words);
    Vec::new()
}

fn faults_only(state: &mut State, _: &str) -> Vec<Effect> {
    state.place.faults_only = !state.place.faults_only;
    state.arrange();
    Vec::new()
}

/// On a row that stands under another one, that one is meant.
fn unfold(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(row) = state.selected() else { return Vec::new() };
    let leader = match (&row.under, row.folds) {
        (Some(leader), _) => (row.stack.clone(), leader.clone()),
        (None, 0) => {
            state.tell("nothing is folded under this row");
            return Vec::new();
        }
        (None, _) => row.entry(),
    };
    if !state.place.unfolded.remove(&leader) {
        state.place.unfolded.insert(leader.clone());
    }
    (state.place.cursor.entry, state.place.cursor.chosen) = (Some(leader), true);
    state.refresh();
    Vec::new()
}

fn mark(state: &mut State, _: &str) -> Vec<Effect> {
    let Some(entry) = state.place.cursor.entry.clone() else { return Vec::new() };
    if !state.place.marked.remove(&entry) {
        state.place.marked.insert(entry);
    }
    state.place.cursor.chosen = true;
    super::invoke(state, "next-row", "")
}

/// Takes all marks away, those on rows that are not shown too.
pub(super) fn unmark_all(state: &mut State, _: &str) -> Vec<Effect> {
    let marked = std::mem::take(&mut state.place.marked).len();
    state.tell(match marked {
        0 => "no row is marked".to_owned(),
        1 => "1 mark taken away".to_owned(),
        n => format!("{n} marks taken away"),
    });
    Vec::new()
}

fn copy_id(state: &mut State, _: &str) -> Vec<Effect> {
    let marked: Vec<&str> = state.place.marked.iter().map(|(_, id)| id.as_str()).collect();
    let (text, told) = match marked.len() {
        0 => {
            let id = state.selected().map(|row| row.id.to_string()).unwrap_or_default();
            (id, "copied the id of the selected row".to_owned())
        }
        n => {
            let ids = if n == 1 { "id" } else { "ids" };
            let key = state.key(Scope::Table, "unmark-all");
            (marked.join("\n"), format!("copied {n} marked {ids}; {key} takes the marks away"))
        }
    };
    copy(state, text, told)
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
    copy(state, call, "copied the AWS CLI call of the selected row".to_owned())
}

fn copy(state: &mut State, text: String, told: String) -> Vec<Effect> {
    if text.is_empty() {
        state.tell("there is no row here");
        return Vec::new();
    }
    state.tell(told);
    state.place.cursor.chosen = true;
    state.panel = Some(Panel::new(PanelKind::Copied(text.clone())));
    vec![Effect::Copy(text)]
}
