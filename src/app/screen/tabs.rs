//! The second line: the views with their keys, and the totals.
//!
//! Where there is no room for all names, those around the view on screen are told, and the keys of all; where there is no room
//! for all keys either, those around it, and a sign where there are more.

use super::freshness::Recent;
use super::{Bar, Line, Span, width};
use crate::app::State;
use crate::keymap::Scope;
use crate::model::{Problem, Severity};
use crate::theme::Role;
use crate::view::VIEWS;

/// A view in the line: its key, if it has one, and how much of it is told.
struct Tab {
    key: String,
    title: &'static str,
    named: bool,
    shown: bool,
}

impl Tab {
    fn width(&self) -> usize {
        let key = if self.key.is_empty() { 0 } else { 1 + width(&self.key) };
        let name = if self.named || self.key.is_empty() { 1 + width(self.title) } else { 0 };
        if self.shown { key + name } else { 0 }
    }
}

/// The views, and how many problems there are of each severity.
pub(super) fn tabs(state: &State) -> Bar {
    let right = totals(state);
    let taken: usize = right.iter().map(|span| width(&span.text)).sum();
    let room = usize::from(state.size.0).saturating_sub(taken);
    let key = |id: &str| state.keymap.hint(Scope::Table, &format!("view {id}")).map(ToString::to_string);
    let tab = |key: String, title| Tab { key, title, named: false, shown: false };
    let tabs: Vec<Tab> = VIEWS.iter().map(|view| tab(key(view.id).unwrap_or_default(), view.title)).collect();
    let active = VIEWS.iter().position(|view| view.id == state.view().id).unwrap_or(0);
    Bar { left: fitted(tabs, active, room, state.options.ascii), right }
}

/// As much of the tabs as has room.
fn fitted(mut tabs: Vec<Tab>, active: usize, room: usize, ascii: bool) -> Line {
    /// Room for two signs that there are more.
    const SIGNS: usize = 4;
    for tab in &mut tabs {
        tab.shown = true;
    }
    tabs[active].named = true;
    if tabs.iter().map(Tab::width).sum::<usize>() <= room {
        outwards(&mut tabs, active, room, |tab| tab.named = true);
        return line(&tabs, active, ascii);
    }
    for (i, tab) in tabs.iter_mut().enumerate() {
        tab.shown = i == active;
    }
    outwards(&mut tabs, active, room.saturating_sub(SIGNS), |tab| tab.shown = true);
    line(&tabs, active, ascii)
}

/// Does more for the tabs next to the active one, then for the next ones, to each side for as long as there is room.
fn outwards(tabs: &mut [Tab], active: usize, room: usize, more: fn(&mut Tab)) {
    let mut left = (0..active).rev();
    let mut right = active + 1..tabs.len();
    let (mut leftwards, mut rightwards) = (true, true);
    while leftwards || rightwards {
        rightwards = rightwards && right.next().is_some_and(|i| one(tabs, i, room, more));
        leftwards = leftwards && left.next().is_some_and(|i| one(tabs, i, room, more));
    }
}

/// Does more for one tab, if there is room for that.
fn one(tabs: &mut [Tab], index: usize, room: usize, more: fn(&mut Tab)) -> bool {
    let before = (tabs[index].named, tabs[index].shown);
    more(&mut tabs[index]);
    let fits = tabs.iter().map(Tab::width).sum::<usize>() <= room;
    if !fits {
        (tabs[index].named, tabs[index].shown) = before;
    }
    fits
}

fn line(tabs: &[Tab], active: usize, ascii: bool) -> Line {
    let more = || Span::new(if ascii { " ~" } else { " …" }, Role::Tab);
    let mut line = Vec::new();
    if tabs.iter().take(active).any(|tab| !tab.shown) {
        line.push(more());
    }
    for (i, tab) in tabs.iter().enumerate().filter(|(_, tab)| tab.shown) {
        if !tab.key.is_empty() {
            line.push(Span::new(format!(" {}", tab.key), Role::KeyHint));
        }
        if tab.named || tab.key.is_empty() {
            line.push(Span::new(" ", Role::Tab));
            line.push(Span::new(tab.title, if i == active { Role::TabActive } else { Role::Tab }));
        }
    }
    if tabs.iter().skip(active).any(|tab| !tab.shown) {
        line.push(more());
    }
    line
}

/// How many problems there are of each severity.
fn totals(state: &State) -> Line {
    let mut line = Vec::new();
    let recent = Recent::of(state);
    for severity in [Severity::Crit, Severity::Warn, Severity::Unknown] {
        let found: Vec<&Problem> = state.world.problems().filter(|p| p.check.severity == severity).collect();
        let known = |p: &&Problem| !recent.is_old(state.world.index_of(&p.stack), p.check.taken_at);
        let role = if found.iter().any(known) { Role::of(severity) } else { Role::Stale };
        if !found.is_empty() {
            line.push(Span::new(format!(" {}{}", severity.glyph(state.options.ascii), found.len()), role));
        }
    }
    if line.is_empty() && state.world.all_read() {
        line.push(Span::new(format!(" {} all well", Severity::Ok.glyph(state.options.ascii)), Role::Ok));
    }
    line.push(Span::new(" ", Role::Text));
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tabs(active: usize, room: usize) -> String {
        let views = ["overview", "services", "instances", "tasks", "mongo", "databases", "scaling", "findings"];
        let keys = ["1", "2", "3", "4", "5", "6", "7", ""];
        let tab = |(key, title): (&str, &'static str)| Tab { key: key.to_owned(), title, named: false, shown: false };
        let tabs: Vec<Tab> = keys.into_iter().zip(views).map(tab).collect();
        let line = fitted(tabs, active, room, false);
        let text: String = line.iter().map(|span| span.text.as_str()).collect();
        assert!(width(&text) <= room, "{text}");
        text
    }

    #[test]
    fn names_around_the_view_on_screen_are_told_and_the_keys_of_all() {
        for (active, room, expected) in [
            (0, 100, " 1 overview 2 services 3 instances 4 tasks 5 mongo 6 databases 7 scaling findings"),
            (0, 60, " 1 overview 2 services 3 instances 4 tasks 5 6 7 findings"),
            (3, 60, " 1 2 3 instances 4 tasks 5 mongo 6 databases 7 findings"),
            (7, 50, " 1 2 3 4 5 mongo 6 databases 7 scaling findings"),
            (0, 26, " 1 overview 2 3 4 5 6 …"),
            (3, 18, " … 3 4 tasks 5 6 …"),
        ] {
            assert_eq!(tabs(active, room), expected);
        }
    }
}
