//! The second line: the views with their keys, and the totals.
//!
//! Where there is no room for all names, those far from the view on screen are short, and the farthest only keys; where there is
//! no room for all keys either, those around it, and a sign where there are more.

use super::freshness::Recent;
use super::{Bar, Line, Span, width};
use crate::app::State;
use crate::keymap::Scope;
use crate::model::{Problem, Severity};
use crate::theme::Role;
use crate::view::{VIEWS, View};

/// A view in the line: its key, if it has one, and how much of it is told.
struct Tab {
    key: String,
    title: &'static str,
    short: &'static str,
    told: Told,
}

/// How much of a view is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Key,
    Short,
    Whole,
}

impl Tab {
    /// What it is called here; nothing where its key stands for it. One without a key is always named.
    fn name(&self) -> &'static str {
        match self.told {
            Told::Nothing => "",
            Told::Key if !self.key.is_empty() => "",
            Told::Key | Told::Short => self.short,
            Told::Whole => self.title,
        }
    }

    fn width(&self) -> usize {
        let beside = |text: &str| if text.is_empty() { 0 } else { 1 + width(text) };
        if self.told == Told::Nothing { 0 } else { beside(&self.key) + beside(self.name()) }
    }
}

/// The views, and how many problems there are of each severity.
pub(super) fn tabs(state: &State) -> Bar {
    let right = totals(state);
    let taken: usize = right.iter().map(|span| width(&span.text)).sum();
    let room = usize::from(state.size.0).saturating_sub(taken);
    let key = |id: &str| state.keymap.hint(Scope::Table, &format!("view {id}")).map(ToString::to_string);
    let tab = |view: &View| Tab {
        key: key(view.id).unwrap_or_default(),
        title: view.title,
        short: view.short,
        told: Told::Nothing,
    };
    let tabs: Vec<Tab> = VIEWS.iter().map(|view| tab(view)).collect();
    let active = VIEWS.iter().position(|view| view.id == state.view().id).unwrap_or(0);
    Bar { left: fitted(tabs, active, room, state.options.ascii), right }
}

/// As much of the tabs as has room.
fn fitted(mut tabs: Vec<Tab>, active: usize, room: usize, ascii: bool) -> Line {
    /// Room for two signs that there are more.
    const SIGNS: usize = 4;
    tell_others(&mut tabs, active, Told::Key);
    if tabs.iter().map(Tab::width).sum::<usize>() <= room {
        outwards(&mut tabs, active, room, Told::Short);
        outwards(&mut tabs, active, room, Told::Whole);
        return line(&tabs, active, ascii);
    }
    tell_others(&mut tabs, active, Told::Nothing);
    outwards(&mut tabs, active, room.saturating_sub(SIGNS), Told::Key);
    line(&tabs, active, ascii)
}

/// Tells all of the active tab, and so much of every other one.
fn tell_others(tabs: &mut [Tab], active: usize, told: Told) {
    for (i, tab) in tabs.iter_mut().enumerate() {
        tab.told = if i == active { Told::Whole } else { told };
    }
}

/// Tells more of the tabs next to the active one, then of the next ones, to each side for as long as there is room.
fn outwards(tabs: &mut [Tab], active: usize, room: usize, told: Told) {
    let mut left = (0..active).rev();
    let mut right = active + 1..tabs.len();
    let (mut leftwards, mut rightwards) = (true, true);
    while leftwards || rightwards {
        rightwards = rightwards && right.next().is_some_and(|i| one(tabs, i, room, told));
        leftwards = leftwards && left.next().is_some_and(|i| one(tabs, i, room, told));
    }
}

/// Tells more of one tab, if there is room for that.
fn one(tabs: &mut [Tab], index: usize, room: usize, told: Told) -> bool {
    let before = std::mem::replace(&mut tabs[index].told, told);
    let fits = tabs.iter().map(Tab::width).sum::<usize>() <= room;
    if !fits {
        tabs[index].told = before;
    }
    fits
}

fn line(tabs: &[Tab], active: usize, ascii: bool) -> Line {
    let more = || Span::new(if ascii { " ~" } else { " …" }, Role::Tab);
    let is_left_out = |tab: &Tab| tab.told == Told::Nothing;
    let mut line = Vec::new();
    if tabs.iter().take(active).any(is_left_out) {
        line.push(more());
    }
    for (i, tab) in tabs.iter().enumerate().filter(|(_, tab)| !is_left_out(tab)) {
        if !tab.key.is_empty() {
            line.push(Span::new(format!(" {}", tab.key), Role::KeyHint));
        }
        if !tab.name().is_empty() {
            line.push(Span::new(" ", Role::Tab));
            line.push(Span::new(tab.name(), if i == active { Role::TabActive } else { Role::Tab }));
        }
    }
    if tabs.iter().skip(active).any(is_left_out) {
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
        let views = [
            ("1", "overview", "all"),
            ("2", "services", "svc"),
            ("3", "instances", "inst"),
            ("4", "tasks", "task"),
            ("5", "mongo", "mongo"),
            ("6", "databases", "db"),
            ("7", "scaling", "scale"),
            ("", "findings", "find"),
        ];
        let tab = |(key, title, short): (&str, _, _)| Tab { key: key.to_owned(), title, short, told: Told::Nothing };
        let tabs: Vec<Tab> = views.into_iter().map(tab).collect();
        let line = fitted(tabs, active, room, false);
        let text: String = line.iter().map(|span| span.text.as_str()).collect();
        assert!(width(&text) <= room, "{text}");
        text
    }

    #[test]
    fn names_are_short_before_any_is_left_out_and_whole_around_the_view_on_screen() {
        for (active, room, expected) in [
            (0, 100, " 1 overview 2 services 3 instances 4 tasks 5 mongo 6 databases 7 scaling findings"),
            (0, 66, " 1 overview 2 services 3 inst 4 task 5 mongo 6 db 7 scale find"),
            (0, 50, " 1 overview 2 svc 3 inst 4 task 5 mongo 6 7 find"),
            (3, 60, " 1 all 2 svc 3 instances 4 tasks 5 mongo 6 db 7 scale find"),
            (7, 50, " 1 2 3 inst 4 task 5 mongo 6 db 7 scaling findings"),
            (0, 26, " 1 overview 2 3 4 5 6 …"),
            (3, 18, " … 3 4 tasks 5 6 …"),
        ] {
            assert_eq!(tabs(active, room), expected);
        }
    }
}
