//! Moving the cursor over rows, and over the lines of a panel.

use super::Command;
use crate::app::{Effect, State, screen};

pub(super) const ALL: &[Command] = &[
    Command::local("next-row", "Move to the next row", |s, _| by(s, 1)),
    Command::local("previous-row", "Move to the previous row", |s, _| by(s, -1)),
    Command::local("page-down", "Move down by a page", |s, _| by(s, page(s))),
    Command::local("page-up", "Move up by a page", |s, _| by(s, -page(s))),
    Command::local("first-row", "Move to the first row", |s, _| by(s, isize::MIN)),
    Command::local("last-row", "Move to the last row", |s, _| by(s, isize::MAX)),
    Command::local("scroll-left", "Show columns further left", |s, _| shift(s, false)),
    Command::local("scroll-right", "Show columns further right", |s, _| shift(s, true)),
];

fn page(state: &State) -> isize {
    let rows = if state.panel.is_some() { screen::panel_rows(state) } else { screen::table_rows(state) };
    isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1)
}

fn by(state: &mut State, rows: isize) -> Vec<Effect> {
    if state.panel.is_some() {
        let last = screen::panel_length(state).saturating_sub(screen::panel_rows(state));
        if let Some(panel) = &mut state.panel {
            panel.scroll = panel.scroll.min(last).saturating_add_signed(rows).min(last);
        }
        return Vec::new();
    }
    state.place.cursor.chosen = true;
    let index = state.place.cursor.index.saturating_add_signed(rows);
    state.listing.stand_on(&mut state.place.cursor, index);
    state.follow();
    Vec::new()
}

fn shift(state: &mut State, right: bool) -> Vec<Effect> {
    let most = state.view().columns.len().saturating_sub(2);
    let shift = &mut state.place.shift;
    *shift = if right { (*shift + 1).min(most) } else { shift.saturating_sub(1) };
    Vec::new()
}
