//! Panels over the table: help, detail, the error log, copied text, and the offers of the palette.

use std::time::Duration;

use super::ages::{self, Age};
use super::freshness::Recent;
use super::span::wrap;
use super::{Bar, Line, PanelPicture, Span, attempt, palette_open, why};
use crate::app::{PanelKind, PromptKind, State, palette};
use crate::keymap::Scope;
use crate::model::ecs::tail;
use crate::table::{Cell, Entry, Filter, Row};
use crate::text::Text;
use crate::theme::Role;
use crate::view::Line as DetailLine;

/// The widest a panel gets; longer lines are hard to read.
const WIDEST: u16 = 110;

/// What a panel says, not yet cut to the screen.
pub(super) struct Content {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
}

/// Columns inside a panel's frame.
pub(super) fn inner_width(state: &State) -> usize {
    usize::from(state.size.0.saturating_sub(4).min(WIDEST)).saturating_sub(4)
}

/// Lines inside a panel's frame at most.
pub(super) fn rows(state: &State) -> usize {
    usize::from(state.size.1).saturating_sub(6).max(1)
}

/// What the open panel says.
pub(super) fn content(state: &State) -> Option<Content> {
    if palette_open(state) {
        return Some(offers(state));
    }
    let columns = inner_width(state);
    Some(match &state.panel.as_ref()?.kind {
        PanelKind::Help => help(state, columns),
        PanelKind::Why(entry) => why::content(state, entry, columns),
        PanelKind::Detail(entry) => detail(state, entry, columns),
        PanelKind::Errors => errors(state, columns),
        PanelKind::Attempt(id) => attempt::content(state, *id),
        PanelKind::Settled(told) => settled(told, columns),
        PanelKind::Copied(text) => copied(text, columns),
    })
}

/// The picture of the open panel.
pub(super) fn picture(state: &State) -> Option<PanelPicture> {
    let content = content(state)?;
    let page = rows(state);
    // The choice of the palette is always in sight.
    let wanted = match &state.prompt {
        Some(_) if palette_open(state) => {
            let is_chosen = |line: &Line| line.first().is_some_and(|span| span.role == Role::Selected);
            content.lines.iter().position(is_chosen).map_or(0, |at| (at + 1).saturating_sub(page))
        }
        Some(_) => 0,
        None => state.panel.as_ref().map_or(0, |p| p.scroll),
    };
    let scroll = wanted.min(content.lines.len().saturating_sub(page));
    let total = content.lines.len();
    let lines: Vec<Line> = content.lines.into_iter().skip(scroll).take(page).collect();
    let place =
        if total > page { format!(" {}-{} of {total} ", scroll + 1, scroll + lines.len()) } else { String::new() };
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let wide = u16::try_from(inner_width(state) + 4).unwrap_or(u16::MAX);
    Some(PanelPicture {
        title: Bar {
            left: vec![Span::new(format!(" {} ", content.title), Role::Title)],
            right: vec![Span::new(place, Role::Dim)],
        },
        lines,
        size: (wide, height),
    })
}

/// Words broken to the panel's width, indented by `indent`.
pub(super) fn paragraph(lines: &mut Vec<Line>, words: &str, role: Role, columns: usize, indent: usize) {
    for line in wrap(words, columns.saturating_sub(indent)) {
        lines.push(vec![Span::new(format!("{}{line}", " ".repeat(indent)), role)]);
    }
}

/// A name and its value, the value broken and aligned.
pub(super) fn field(lines: &mut Vec<Line>, name: &str, value: &str, columns: usize) {
    const NAME: usize = 24;
    for (i, part) in wrap(value, columns.saturating_sub(NAME + 1)).into_iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        lines.push(vec![
            Span::new(super::pad(name, NAME, false, false), Role::Dim),
            Span::new(format!(" {part}"), Role::Dialog),
        ]);
    }
}

fn help(state: &State, columns: usize) -> Content {
    let view = state.view();
    let mut lines = Vec::new();
    paragraph(&mut lines, view.doc, Role::Dialog, columns, 0);
    lines.push(Vec::new());
    let mut bound: Vec<(String, String)> = Vec::new();
    for entry in state.keymap.acting_in(Scope::Table) {
        let command = entry.binding.to_string();
        let keys = entry.sequence.to_string();
        match bound.iter_mut().find(|(known, _)| *known == command) {
            Some((_, all)) => *all = format!("{all} {keys}"),
            None => bound.push((command, keys)),
        }
    }
    for (command, keys) in bound {
        let id = command.split(' ').next().unwrap_or_default();
        let target = command.split(' ').nth(1).and_then(crate::view::view);
        let doc = target.map_or_else(|| crate::app::command::command(id).map_or("", |c| c.doc), |view| view.doc);
        for (i, part) in wrap(doc, columns.saturating_sub(17)).into_iter().enumerate() {
            let keys = if i == 0 { keys.as_str() } else { "" };
            lines.push(vec![
                Span::new(super::pad(keys, 16, false, false), Role::KeyHint),
                Span::new(format!(" {part}"), Role::Dialog),
            ]);
        }
    }
    lines.push(Vec::new());
    lines.push(vec![Span::new("filter", Role::Title)]);
    for (form, doc) in Filter::SYNTAX {
        field(&mut lines, form, doc, columns);
    }
    lines.push(Vec::new());
    lines.push(vec![Span::new("columns", Role::Title)]);
    for column in view.columns {
        field(&mut lines, column.id, column.doc, columns);
    }
    Content { title: format!("help: {}", view.title), lines }
}

/// What a person calls the thing in a row.
pub(super) fn name(state: &State, row: &Row) -> Text {
    let scene = state.world.scene();
    let stack = scene.stacks.iter().find(|s| s.stack.name == row.stack);
    let subject = row.problems.first().map(|p| p.check.subject.name.clone());
    let titled = || stack.map(|stack| (state.view().detail)(stack, row).title).filter(|title| *title != row.id);
    subject.or_else(titled).unwrap_or_else(|| tail(&row.id))
}

fn detail(state: &State, entry: &Entry, columns: usize) -> Content {
    let scene = state.world.scene();
    let row = state.listing.rows.iter().find(|row| row.entry() == *entry);
    let stack = scene.stacks.iter().find(|s| s.stack.name == entry.0);
    let (Some(row), Some(stack)) = (row, stack) else {
        return Content { title: entry.1.to_string(), lines: vec![vec![Span::new("it is gone", Role::Unknown)]] };
    };
    let detail = (state.view().detail)(stack, row);
    let mut lines = Vec::new();
    let is_feed = row.problems.first().is_some_and(|problem| problem.check.subject.kind == "feed");
    let read = (row.read_at.millis() > 0 && !is_feed)
        .then(|| format!("read {}", Age::of(state, row.read_at, Duration::ZERO).ago()));
    if let Some(read) = read {
        lines.push(vec![Span::new(read, Role::Dim)]);
    }
    let recent = Recent::of(state);
    for problem in &row.problems {
        let role = recent.role(state.world.index_of(&row.stack), &problem.check);
        paragraph(&mut lines, &problem.check.message, role, columns, 0);
    }
    for line in &detail.lines {
        match line {
            DetailLine::Heading(title) => {
                lines.push(Vec::new());
                lines.push(vec![Span::new(*title, Role::Title)]);
            }
            DetailLine::Field(name, cell) => field(&mut lines, name, &value(state, cell), columns),
            DetailLine::Event(at, words) => event(&mut lines, &ages::cell(state, at, state.now), words, columns),
            DetailLine::Trend(name, trend) => super::trend::lines(&mut lines, name, trend, state, columns),
            DetailLine::Words(words) => paragraph(&mut lines, words, Role::Dialog, columns, 0),
        }
    }
    Content { title: detail.title.to_string(), lines }
}

/// A value; there is room for a date, and for the word that makes a span the time of something.
fn value(state: &State, cell: &Cell) -> String {
    match cell {
        Cell::Since(at) | Cell::At(at) | Cell::Until(at) if !state.options.clock => at.date_time(),
        Cell::At(at) if *at <= state.now => format!("{} ago", cell.human(state.now)),
        other => other.human(state.now),
    }
}

fn event(lines: &mut Vec<Line>, age: &str, words: &str, columns: usize) {
    for (i, part) in wrap(words, columns.saturating_sub(8)).into_iter().enumerate() {
        let age = if i == 0 { age } else { "" };
        lines.push(vec![
            Span::new(super::pad(age, 7, true, false), Role::Dim),
            Span::new(format!(" {part}"), Role::Dialog),
        ]);
    }
}

fn errors(state: &State, columns: usize) -> Content {
    let mut lines = Vec::new();
    for line in &state.world.log {
        let times = if line.times > 1 { format!(", {} times", line.times) } else { String::new() };
        let head = format!("{} {} {}{times}", line.at.time_of_day(), line.stack, line.feed);
        lines.push(vec![Span::new(head, Role::Dim)]);
        paragraph(&mut lines, &line.fault.to_string(), Role::Unknown, columns, 2);
        if let Some(id) = &line.fault.request_id {
            paragraph(&mut lines, &format!("request id {id}"), Role::Dim, columns, 2);
        }
        if let Some(hint) = line.fault.hint() {
            paragraph(&mut lines, &hint, Role::Dialog, columns, 2);
        }
    }
    if lines.is_empty() {
        lines.push(vec![Span::new("nothing has failed", Role::Ok)]);
    }
    Content { title: "errors".to_owned(), lines }
}

fn settled(told: &[String], columns: usize) -> Content {
    let mut lines = Vec::new();
    for words in told {
        paragraph(&mut lines, words, Role::Dialog, columns, 0);
    }
    if lines.is_empty() {
        lines.push(vec![Span::new("nothing is open", Role::Ok)]);
    }
    Content { title: "settled by reading".to_owned(), lines }
}

fn copied(text: &str, columns: usize) -> Content {
    let mut lines = Vec::new();
    text.lines().for_each(|line| paragraph(&mut lines, line, Role::Dialog, columns, 0));
    lines.push(Vec::new());
    paragraph(
        &mut lines,
        "also offered to the clipboard (OSC 52); where the terminal does not take it, copy it from here",
        Role::Dim,
        columns,
        0,
    );
    Content { title: "copied".to_owned(), lines }
}

fn offers(state: &State) -> Content {
    let offers = state.prompt.as_ref().map(|prompt| palette::offers(state, prompt)).unwrap_or_default();
    let choice = state.prompt.as_ref().map_or(0, |prompt| prompt.choice);
    let mut lines: Vec<Line> = Vec::new();
    let columns = inner_width(state);
    let longest = offers.iter().map(|offer| super::width(&offer.name)).max().unwrap_or(0);
    // Few are offered on one row: what they are is told whole.
    let is_whole = state.prompt.as_ref().is_some_and(|prompt| prompt.kind == PromptKind::Actions);
    let share = if is_whole { columns * 2 / 3 } else { columns / 2 };
    let named = longest.clamp(30, share.max(30));
    for (i, offer) in offers.iter().enumerate() {
        let role = if i == choice { Role::Selected } else { Role::Dialog };
        let marker = if i == choice { ">" } else { " " };
        let name = super::pad(&offer.name, named, false, state.options.ascii);
        let room = columns.saturating_sub(named + 3);
        let mut docs =
            if is_whole { wrap(&offer.doc, room) } else { vec![super::cut(&offer.doc, room, state.options.ascii)] };
        let first = if docs.is_empty() { String::new() } else { docs.remove(0) };
        lines.push(vec![Span::new(format!("{marker} {name} "), role), Span::new(first, Role::Dim)]);
        let blank = " ".repeat(named + 3);
        lines.extend(
            docs.into_iter().map(|doc| vec![Span::new(blank.clone(), Role::Dialog), Span::new(doc, Role::Dim)]),
        );
    }
    if lines.is_empty() {
        let accept = state.key(Scope::Prompt, "accept");
        let words = match state.prompt.as_ref().map(|prompt| prompt.kind) {
            Some(PromptKind::Actions) => "nothing fits".to_owned(),
            _ => format!("nothing fits; {accept} runs it as a command"),
        };
        lines.push(vec![Span::new(words, Role::Dim)]);
    }
    let title = match state.prompt.as_ref().map(|prompt| prompt.kind) {
        Some(PromptKind::Actions) => "actions",
        _ => "commands, views, resources",
    };
    Content { title: title.to_owned(), lines }
}
