//! The palette: one line that finds commands, views and resources.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::attempt::verdict;
use super::command::{all, invoke};
use super::{
    Attempt, AttemptStage, Command, Effect, Panel, PanelKind, Place, Prompt, PromptKind, State, Wish, command,
};
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
    Wish(Wish),
    Attempt(u64),
}

/// What fits what is typed, best first. Commands come before resources of the same fit.
#[must_use]
pub fn offers(state: &State, prompt: &Prompt) -> Vec<Offer> {
    let text = prompt.text();
    // What goes on, or ended without being looked at, is what somebody most likely comes back to.
    let (open, seen): (Vec<_>, Vec<_>) = state.attempts.confirmed().partition(|attempt| !attempt.is_told);
    let mut all: Vec<Offer> =
        open.into_iter().map(attempt).chain(wishes(state, prompt)).chain(seen.into_iter().map(attempt)).collect();
    if prompt.kind == PromptKind::Palette {
        all = commands().into_iter().chain(all).collect();
        if !text.is_empty() {
            all.extend(resources(state));
        }
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

fn wishes(state: &State, prompt: &Prompt) -> impl Iterator<Item = Offer> {
    // What is under way is come back to and not begun again.
    prompt.wishes.iter().filter(|wish| state.attempts.under_way_for(wish).is_none()).map(|wish| {
        let stack = state.world.stacks.get(wish.stack);
        let may = stack.is_some_and(|stack| state.options.rules.allows(wish.action, stack));
        let so = if may { "planned first" } else { "the plan only: not allowed here" };
        let name = format!("{} {}", wish.action.id, wish.target);
        Offer { name, doc: format!("{} ({so})", wish.action.title), target: Target::Wish(wish.clone()) }
    })
}

fn attempt(attempt: &Attempt) -> Offer {
    let doc = match &attempt.stage {
        AttemptStage::Ended(.., ended) => verdict(ended),
        _ => "under way".to_owned(),
    };
    Offer {
        name: format!("{}, {}", attempt.name(), attempt.since.time_of_day()),
        doc,
        target: Target::Attempt(attempt.id),
    }
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
    for view in VIEWS.iter().filter(|v| !v.is_of_sentences()) {
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

/// Does what the chosen offer stands for; without one, what was typed is taken as a command and its argument.
pub fn accept(state: &mut State, prompt: &Prompt) -> Vec<Effect> {
    let (text, choice) = (prompt.text(), prompt.choice);
    let (typed, arg) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let takes_arg = |command: &&Command| choice == 0 && !arg.is_empty() && !(command.args)().is_empty();
    let exact = command::command(typed).filter(takes_arg).filter(|_| prompt.kind == PromptKind::Palette);
    let chosen = offers(state, prompt).into_iter().nth(choice).map(|offer| offer.target);
    match (exact, chosen) {
        (Some(command), _) => invoke(state, command.id, arg.trim()),
        (None, Some(Target::Command(id, arg))) => invoke(state, id, arg),
        (None, Some(Target::Resource(view, entry))) => command::go(state, Place::new(view).on(Some(entry))),
        (None, Some(Target::Wish(wish))) => command::ask(state, &wish),
        (None, Some(Target::Attempt(id))) => {
            state.panel = Some(Panel { scroll: usize::MAX, ..Panel::new(PanelKind::Attempt(id)) });
            Vec::new()
        }
        (None, None) if typed.is_empty() || prompt.kind == PromptKind::Actions => Vec::new(),
        (None, None) => invoke(state, typed, arg),
    }
}
