//! How old what is shown is, and what is wrong with it: every pane says so in its border.

use std::time::Duration;

use super::ages::Age;
use super::span::shortened;
use super::{Bar, Line, Span, columns, width};
use crate::app::State;
use crate::feed::{FEEDS, FeedSpec, feed};
use crate::keymap::Scope;
use crate::model::Check;
use crate::store::{Freshness, Slot};
use crate::theme::Role;
use crate::time::{Timestamp, human};

/// The title of the pane: the view, how many rows, the filter; and the freshness at the right.
pub(super) fn title(state: &State) -> Bar {
    let (shown, all) = state.listing.counts;
    let place = &state.place;
    let mut left = vec![Span::new(format!(" {}", place.view.title), Role::Title)];
    if !place.view.kind.is_empty() {
        let count = if shown == all { format!(" {all}") } else { format!(" {shown} of {all}") };
        left.push(Span::new(count, Role::Dim));
    }
    let below = columns::below(state);
    if below > 0 {
        left.push(Span::new(format!(", {below} more below"), Role::Dim));
    }
    if !place.marked.is_empty() {
        left.push(Span::new(format!(", {} marked", place.marked.len()), Role::Mark));
    }
    let filter = place.whole_filter();
    if !filter.is_empty() {
        left.push(Span::new(format!(" /{filter}"), Role::Match));
    }
    if place.faults_only {
        left.push(Span::new(" faults only", Role::Match));
    }
    if place.order != place.view.order() {
        left.push(Span::new(format!(" {}", place.order_words()), Role::Dim));
    }
    left.push(Span::new(" ", Role::Border));
    // Borders and corners; a filter is cut before the state of the data is.
    let room = usize::from(state.size.0).saturating_sub(2);
    let taken: usize = left.iter().map(|span| width(&span.text)).sum();
    let mut forms = worst(state);
    let fitting = forms.iter().position(|span| taken + width(&span.text) <= room);
    let right = forms.swap_remove(fitting.unwrap_or(forms.len() - 1));
    let left = shortened(left, room.saturating_sub(width(&right.text)), state.options.ascii);
    Bar { left, right: vec![right] }
}

/// The worst state among the feeds of the view, in words, the longest form first; with the age, if all is well.
fn worst(state: &State) -> Vec<Span> {
    let mut words: Vec<(u8, Vec<String>, Role)> = Vec::new();
    let (mut ages, mut first) = (Vec::new(), None);
    for (stack, spec, slot) in feeds(state) {
        ages.extend(Age::of_slot(state, slot));
        first = first.into_iter().chain(slot.snapshot.as_ref().map(|s| s.taken_at)).min();
        let whose = state.world.stacks.get(stack).filter(|_| state.world.stacks.len() > 1);
        let whose = whose.map_or_else(String::new, |stack| format!("{} ", stack.name));
        words.extend(trouble(state, spec, slot).map(|(rank, forms, role)| {
            (rank, forms.into_iter().map(|words| format!("{whose}{words}")).collect(), role)
        }));
    }
    words.sort_by_key(|(rank, ..)| *rank);
    // Beside bounds on others, a time is that of the oldest only if it is the first of all.
    let oldest = ages.into_iter().max().map(|age| match (age, first) {
        (Age::At(_), Some(first)) => Age::At(first),
        (age, _) => age,
    });
    let (forms, role) = words.into_iter().next().map_or_else(
        || {
            let long = oldest.map_or_else(|| "reading".to_owned(), |age| format!("fresh, oldest {age}"));
            (vec![long, oldest.map_or_else(String::new, Age::brief)], Role::Dim)
        },
        |(_, forms, role)| (forms, role),
    );
    forms.into_iter().map(|words| Span::new(format!(" {words} "), role)).collect()
}

/// Every feed of the view, of every stack.
fn feeds(state: &State) -> impl Iterator<Item = (usize, &'static FeedSpec, &Slot)> {
    let specs = state.view().feeds.iter().filter_map(|id| feed(id));
    let stacks = 0..state.world.stacks.len();
    let all = specs.flat_map(move |spec| stacks.clone().map(move |i| (i, spec)));
    all.map(|(i, spec)| (i, spec, state.world.store.slot(i, spec.id)))
}

/// What is wrong with a feed: how bad, in words from the longest form to the shortest, and its role.
fn trouble(state: &State, spec: &FeedSpec, slot: &Slot) -> Option<(u8, Vec<String>, Role)> {
    let age = Age::of_slot(state, slot);
    let read = age.map_or_else(|| "never read".to_owned(), |age| format!("read {}", age.ago()));
    let old = age.map_or_else(|| "never read".to_owned(), Age::old);
    let id = spec.id;
    if let Freshness::Failing { fault, .. } = &slot.freshness {
        let word = fault.kind.word();
        // Nothing was called where a stack is configured wrong.
        let call = if fault.action.is_empty() { String::new() } else { format!(" ({})", fault.action) };
        let long = format!("{id}: {word}{call}, {read}");
        let next = slot.next.filter(|next| *next > state.now);
        let counted = |next: Timestamp| format!("in {}", human(next.since(state.now)));
        let next = next.map(|at| if state.options.clock { counted(at) } else { format!("at {}", at.time_of_day()) });
        let refresh = state.key(Scope::Table, "refresh");
        let longest = next.map(|next| format!("{long}, next try {next}, now with {refresh}"));
        let forms = longest.into_iter().chain([long, format!("{id}: {word}, {old}"), format!("{word}, {old}")]);
        return Some((0, forms.collect(), Role::Unknown));
    }
    let view = state.view();
    if let Some(gap) = slot.gaps().iter().find(|gap| view.is_of_sentences() || view.also(gap.kind)) {
        let word = gap.fault.kind.word();
        let long = format!("partial: {}, {word} ({})", gap.extent(), gap.fault.action);
        return Some((
            1,
            vec![long, format!("partial: {}, {word}", gap.extent()), format!("partial, {word}")],
            Role::Unknown,
        ));
    }
    if slot.is_stale(state.now) {
        return Some((2, vec![format!("{id}: stale, {read}"), format!("stale, {old}")], Role::Unknown));
    }
    if slot.snapshot.as_ref().is_some_and(|s| s.slowed) {
        return Some((3, vec![format!("{id}: slowed by AWS, {read}"), format!("slowed, {old}")], Role::Warn));
    }
    if slot.freshness == Freshness::Never && spec.after.is_none() {
        let far = slot.reading.as_ref().map(|r| format!(", {} of {} {}", r.read, r.known, r.what));
        return Some((4, vec![format!("{id}: reading{}", far.unwrap_or_default()), "reading".to_owned()], Role::Dim));
    }
    None
}

/// From this width on the footer tells the age of every feed of the view.
const WIDE: u16 = 100;

/// The ages of the view's feeds, for the footer: `ecs 4s ▪ groups 2s`.
pub(super) fn ages(state: &State) -> Line {
    let mut line: Line = Vec::new();
    let current = super::header::current(state);
    // The keys have half of the line, and on a narrow screen all but one age; the border tells the oldest anyway.
    let (most, room) = if state.size.0 < WIDE { (1, usize::MAX) } else { (usize::MAX, usize::from(state.size.0 / 2)) };
    let (sep, more) = if state.options.ascii { (" | ", " ...") } else { (" ▪ ", " …") };
    let mut used = 0;
    for (_, spec, slot) in feeds(state).filter(|(stack, ..)| *stack == current).take(most) {
        let age = Age::of_slot(state, slot).map_or_else(|| "–".to_owned(), Age::brief);
        let age = if state.options.ascii { age.replace('–', "-") } else { age };
        let role = if trouble(state, spec, slot).is_some() { Role::Stale } else { Role::Dim };
        let told = format!("{} {age}", spec.id);
        used += width(&told) + width(sep);
        if used > room {
            line.push(Span::new(more, Role::Dim));
            break;
        }
        if !line.is_empty() {
            line.push(Span::new(sep, Role::Dim));
        }
        line.push(Span::new(told, role));
    }
    line.push(Span::new(" ", Role::Dim));
    line
}

/// Which readings of each stack are old, and shown as such.
pub(super) struct Recent(Vec<Bounds>);

/// The bounds of what counts as read just now.
struct Bounds {
    /// What was read before is older than the rest.
    from: Timestamp,
    /// The last reading of a feed that gives none any more: what was read until then may have changed since.
    lost: Timestamp,
}

impl Recent {
    /// As the feeds stand.
    pub(super) fn of(state: &State) -> Self {
        Self((0..state.world.stacks.len()).map(|stack| bounds(state, stack)).collect())
    }

    /// Whether something of this stack, read then, is old. What carries no time (it cannot change any more) never is.
    pub(super) fn is_old(&self, stack: usize, read_at: Timestamp) -> bool {
        let old = |bounds: &Bounds| read_at <= bounds.lost || read_at < bounds.from;
        read_at != Timestamp::default() && self.0.get(stack).is_some_and(old)
    }

    /// The time until which it is known that something lasts: that of its reading, if it is old.
    pub(super) fn as_of(&self, stack: usize, read_at: Timestamp, now: Timestamp) -> Timestamp {
        if self.is_old(stack, read_at) { read_at } else { now }
    }

    /// What a problem is drawn in.
    pub(super) fn role(&self, stack: usize, check: &Check) -> Role {
        if self.is_old(stack, check.taken_at) { Role::Stale } else { Role::of(check.severity) }
    }
}

fn bounds(state: &State, stack: usize) -> Bounds {
    /// Rows of one snapshot are read within seconds of each other; one that is older was not read again.
    const APART: Duration = Duration::from_mins(1);
    let slot = |id| state.world.store.slot(stack, id);
    let taken = |slot: &Slot| slot.snapshot.as_ref().map(|s| s.taken_at);
    let ended = |slot: &&Slot| matches!(slot.freshness, Freshness::Failing { .. }) || slot.is_stale(state.now);
    let lost = FEEDS.iter().map(|spec| slot(spec.id)).filter(ended).filter_map(taken).max();
    let first = state.view().feeds.first().map(|id| slot(id));
    // What another feed read may be as old as the time between two polls.
    let from = first.and_then(|slot| {
        let taken = taken(slot)?;
        Some(taken - slot.next.map_or(APART, |next| next.since(taken).max(APART)))
    });
    Bounds { from: from.unwrap_or_default(), lost: lost.unwrap_or_default() }
}
