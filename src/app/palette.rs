//! The palette: one line that finds commands, views and resources.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::command::{all, invoke};
use super::{Command, Effect, Place, State, command};
use crate::table::{Cell, Entry};
use crate::view::{VIEWS, View};

/// Offers shown at most.
pub const OFFERED: usize = 12;

/// Something the palette offers.
#[derive(Clone)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// What it does or is.
    pub doc: String,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Command(&'static str, &'static str),
    Resource(&'static View, Entry),
}

/// What fits `text`, best first. Commands come before resources of the same fit.
#[must_use]
pub fn offers(state: &State, text: &str) -> Vec<Offer> {
    let mut all = commands();
    if !text.is_empty() {
        all.extend(resources(state));
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut buffer = Vec::new();
    let scored = all.into_iter().filter_map(|offer| {
        let score = pattern.score(Utf32Str::new(&offer.name, &mut buffer), &mut matcher)?;
        Some((score, offer))
    });
    let mut scored: Vec<(u32, Offer)> = scored.collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().take(OFFERED).map(|(_, offer)| offer).collect()
}

fn commands() -> Vec<Offer> {
    let offer =
        |name: String, doc: &str, id, arg| Offer { name, doc: doc.to_owned(), target: Target::Command(id, arg) };
    let commands = all().filter(|c| c.offered).flat_map(|c| {
        let args = (c.args)();
        let plain = args.is_empty().then(|| offer(c.id.to_owned(), c.doc, c.id, ""));
        let with = args.into_iter().map(|arg| {
            let doc = VIEWS.iter().find(|v| v.id == arg).map_or(c.doc, |v| v.doc);
            offer(format!("{} {arg}", c.id), doc, c.id, arg)
        });
        plain.into_iter().chain(with).collect::<Vec<_>>()
    });
    commands.collect()
}

fn resources(state: &State) -> Vec<Offer> {
    let scene = state.world.scene();
    let mut offers = Vec::new();
    for view in VIEWS.iter().filter(|v| !v.kind.is_empty()) {
        let named = view.columns.iter().position(|c| c.rank == 1);
        for row in (view.rows)(&scene) {
            let name = named.and_then(|i| row.cells.get(i)).map(Cell::searchable).unwrap_or_default();
            let place = row.cells.first().map(Cell::searchable).unwrap_or_default();
            let doc = format!("{} in {place} ({})", view.kind, row.stack);
            offers.push(Offer { name, doc, target: Target::Resource(view, row.entry()) });
        }
    }
    offers
}

/// Does what the chosen offer stands for; without one, `text` is taken as a command and its argument.
pub fn accept(state: &mut State, text: &str, choice: usize) -> Vec<Effect> {
    let (typed, arg) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let takes_arg = |command: &&Command| choice == 0 && !arg.is_empty() && !(command.args)().is_empty();
    let exact = command::command(typed).filter(takes_arg);
    let chosen = offers(state, text).into_iter().nth(choice).map(|offer| offer.target);
    match (exact, chosen) {
        (Some(command), _) => invoke(state, command.id, arg.trim()),
        (None, Some(Target::Command(id, arg))) => invoke(state, id, arg),
        (None, Some(Target::Resource(view, entry))) => {
            let mut place = Place::new(view);
            place.cursor.entry = Some(entry);
            command::go(state, place)
        }
        (None, None) if typed.is_empty() => Vec::new(),
        (None, None) => invoke(state, typed, arg),
    }
}
