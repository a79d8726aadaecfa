//! The table on screen: which columns fit, and the lines of the rows that are visible.

use super::freshness::Recent;
use super::span::{cut_within, wrap};
use super::{Line, Span, ages, cut, glyph, pad};
use crate::app::State;
use crate::keymap::Scope;
use crate::model::Severity;
use crate::table::{Align, Cell, Filter, Row};
use crate::text::Text;
use crate::theme::Role;
use crate::time::Timestamp;

/// Columns between columns.
const GAP: usize = 1;
/// What the sentence of a row's worst problem gets, where there is one: at least, where the columns that matter most need the
/// room; else; and its share of the screen.
const LEAST_SENTENCE: usize = 30;
const SENTENCE: usize = 34;
const SENTENCE_SHARE: (usize, usize) = (2, 5);
/// Room for an age such as `10m00s` behind a sentence.
const AGE: usize = 7;
/// What names the rows gets this share of the screen, where sentences need the rest.
const NAME_SHARE: usize = 4;
/// … and so much on a narrow one.
const LEAST_NAME: usize = 12;
/// A column that may be this wide takes whatever the others leave.
const ELASTIC: u16 = 100;

/// A column that is on screen.
struct Fit {
    index: usize,
    width: usize,
    /// After it; nothing where the last one ends at the border.
    gap: usize,
}

/// Columns that fit, in the view's order; and what is left for the sentence.
fn fit(state: &State) -> (Vec<Fit>, usize) {
    let columns = state.view().columns;
    let widths = &state.listing.widths;
    let room = usize::from(state.size.0).saturating_sub(2 + lead(state.options.ascii) + stack_width(state));
    let with_sentence = !state.view().is_of_sentences();
    // Where columns have usual widths, what is on screen does not depend on the rows: nor does the room for sentences.
    let steady = columns.iter().any(|column| column.usual > 0);
    let troubled = with_sentence && !state.view().tells_in_columns() && (state.listing.troubled || steady);
    let sentence = SENTENCE.max(room * SENTENCE_SHARE.0 / SENTENCE_SHARE.1);
    // A column of sentences that matters most is kept as much room as a sentence beside the columns.
    let spoken = columns.iter().any(|column| column.rank == 1 && column.widest >= ELASTIC);
    let mut reserve = if troubled { (LEAST_SENTENCE + GAP).min(room) } else { 0 };
    let mut left = room - reserve;
    // What names the rows is always there: the sentence gives up its room first, then the name is cut.
    let name = (0..columns.len()).find(|&i| columns[i].rank == 1);
    let mut wanted: Vec<usize> = (0..columns.len()).filter(|&i| columns[i].rank > 0).collect();
    if state.place.shift > 0 {
        let first = wanted.iter().position(|&i| columns[i].rank == 1).map(|at| wanted.remove(at));
        wanted = first.into_iter().chain(wanted.into_iter().skip(state.place.shift)).collect();
    } else {
        wanted.sort_by_key(|&i| columns[i].rank);
    }
    // What takes whatever is left comes last, so that it leaves room for the others.
    wanted.sort_by_key(|&i| columns[i].widest >= ELASTIC);
    let mut chosen: Vec<Fit> = Vec::new();
    let mut least = u8::MAX;
    for index in wanted {
        if columns[index].rank > least {
            continue;
        }
        let full = match columns[index].usual {
            0 => usize::from(widths.get(index).copied().unwrap_or(1)),
            usual => usize::from(usual),
        };
        let is_name = !with_sentence && columns[index].align == Align::Left;
        let full = if is_name { full.min((room / NAME_SHARE).max(LEAST_NAME)) } else { full };
        let elastic = columns[index].widest >= ELASTIC;
        if elastic && columns[index].rank > 1 && left < LEAST_SENTENCE {
            continue;
        }
        let width = if elastic { left.saturating_sub(GAP) } else { full };
        let kept = match columns[index].rank {
            2.. if spoken => sentence,
            3.. if troubled => sentence - LEAST_SENTENCE,
            _ => 0,
        };
        if name == Some(index) && width > left {
            (left, reserve) = (left + reserve, 0);
        }
        let width = if name == Some(index) { width.min(left) } else { width };
        if width == 0 || width + kept > left {
            // What matters less than a column that finds no room leaves the room to the sentence.
            least = least.min(columns[index].rank);
            continue;
        }
        left = left.saturating_sub(width + GAP);
        chosen.push(Fit { index, width, gap: GAP });
    }
    let (free, kept) = if state.listing.troubled { (left, sentence - LEAST_SENTENCE) } else { (left + reserve, 0) };
    if steady {
        widen(&mut chosen, state, free, kept);
    }
    chosen.sort_by_key(|fit| fit.index);
    let used: usize = chosen.iter().map(|fit| fit.width + fit.gap).sum();
    if let Some(last) = chosen.last_mut().filter(|_| used > room) {
        last.gap = 0;
    }
    let rest = room.saturating_sub(used);
    (chosen, if with_sentence { rest } else { 0 })
}

/// Gives columns of a usual width what they hold more, as far as there is room; those that matter most first, those that matter
/// less leave so much of it.
fn widen(chosen: &mut [Fit], state: &State, mut room: usize, kept: usize) {
    let columns = state.view().columns;
    chosen.sort_by_key(|fit| (columns[fit.index].rank, fit.index));
    for fit in chosen.iter_mut().filter(|fit| columns[fit.index].usual > 0) {
        let wanted = usize::from(state.listing.widths.get(fit.index).copied().unwrap_or(0));
        let free = if columns[fit.index].rank > 2 { room.saturating_sub(kept) } else { room };
        let more = wanted.saturating_sub(fit.width).min(free);
        fit.width += more;
        room -= more;
    }
}

/// Indices of the columns that fit, in the view's order.
pub(super) fn on_screen(state: &State) -> Vec<usize> {
    fit(state).0.into_iter().map(|fit| fit.index).collect()
}

/// Columns in which every row's sentence is told: what is beside the columns and the time, or else the column that takes it all.
pub(super) fn sentence_room(state: &State) -> usize {
    let (columns, rest) = fit(state);
    if state.view().is_of_sentences() {
        return columns.iter().map(|fit| fit.width).max().unwrap_or(0);
    }
    if rest >= LEAST_SENTENCE { rest.saturating_sub(GAP + AGE) } else { 0 }
}

/// Columns before the first one: the marker of the cursor, and the glyph.
const fn lead(ascii: bool) -> usize {
    1 + if ascii { 6 } else { 1 } + 1
}

/// Columns of the stack's name and the gap after it; none where there is only one stack.
fn stack_width(state: &State) -> usize {
    const WIDEST: usize = 16;
    let names = state.world.stacks.iter().map(|s| super::width(&s.name));
    if state.world.stacks.len() > 1 { names.max().unwrap_or(0).clamp(5, WIDEST) + GAP } else { 0 }
}

/// The headings.
pub(super) fn heading(state: &State) -> Line {
    let (columns, rest) = fit(state);
    let ascii = state.options.ascii;
    let stack = if stack_width(state) > 0 { "stack" } else { "" };
    let mut line = vec![
        Span::new(" ".repeat(lead(ascii)), Role::Column),
        Span::new(pad(stack, stack_width(state), false, ascii), Role::Column),
    ];
    for fit in &columns {
        let column = &state.view().columns[fit.index];
        let sorted = state.place.order.column == Some(fit.index);
        let mark = if sorted { direction(state) } else { "" };
        // The mark takes the gap, so that it costs no column its place and a heading a letter only at the border.
        let most = fit.width.min(fit.width + fit.gap - super::width(mark));
        let title = match column.align {
            Align::Right => pad(column.title, most, true, ascii) + mark,
            Align::Left => cut(column.title, most, ascii) + mark,
        };
        let title = pad(&title, fit.width + fit.gap, false, ascii);
        line.push(Span::new(title, if sorted { Role::Match } else { Role::Column }));
    }
    if rest >= LEAST_SENTENCE {
        line.push(Span::new(pad("problem", rest, false, ascii), Role::Column));
    }
    line
}

/// The way a column is sorted. The triangles are taken: one is the sign of a warning.
const fn direction(state: &State) -> &'static str {
    match (state.place.order.reverse, state.options.ascii) {
        (false, false) => "↑",
        (true, false) => "↓",
        (false, true) => "^",
        (true, true) => "v",
    }
}

/// The visible lines; only these rows are made.
pub(super) fn lines(state: &State) -> Vec<Line> {
    let page = super::table_rows(state);
    let (columns, rest) = fit(state);
    let recent = Recent::of(state);
    if state.listing.shown.is_empty() {
        return empty(state);
    }
    let line = |(at, heading): (usize, Option<&'static str>)| {
        if let Some(title) = heading {
            return Some(rule(state, title));
        }
        let row = state.listing.row(at)?;
        Some(row_line(state, row, at == state.place.cursor.index, &recent, &columns, rest))
    };
    layout(state, page).into_iter().filter_map(line).collect()
}

/// What stands on each line: a row by its place, or the heading above it.
fn layout(state: &State, page: usize) -> Vec<(usize, Option<&'static str>)> {
    let mut lines = Vec::with_capacity(page);
    let top = state.place.cursor.top;
    let mut section = top.checked_sub(1).and_then(|i| state.listing.row(i)).map(|row| row.section.order);
    for at in top..state.listing.shown.len() {
        let Some(row) = state.listing.row(at) else { break };
        let begins = section != Some(row.section.order) && !row.section.title.is_empty();
        // A heading without a row under it would only push the row off the screen.
        if begins && lines.len() + 1 < page {
            lines.push((at, Some(row.section.title)));
        }
        section = Some(row.section.order);
        if lines.len() >= page {
            break;
        }
        lines.push((at, None));
    }
    lines
}

/// Rows that come after the last one on screen.
pub(super) fn below(state: &State) -> usize {
    let last = layout(state, super::table_rows(state)).last().map_or(0, |(at, _)| at + 1);
    state.listing.shown.len().saturating_sub(last)
}

/// What an empty table says: never just nothing, and which key lifts what hides the rows.
fn empty(state: &State) -> Vec<Line> {
    let place = &state.place;
    let (all, filter) = (state.listing.rows.len(), place.whole_filter());
    let [back, faults, errors] = ["back", "faults-only", "errors"].map(|command| state.key(Scope::Table, command));
    if let Some(mistake) = &state.listing.mistake {
        return mistaken(state, mistake, &back);
    }
    let words = match (filter.is_empty(), place.faults_only) {
        (false, true) => {
            let both = if place.filter.is_empty() { String::new() } else { format!(", {back} lifts both") };
            format!("none of {all} rows matches /{filter} with faults only; {faults} shows the others too{both}")
        }
        (false, false) if place.view.is_of_events() && place.filter.is_empty() && all > 0 => {
            let begun = state.begun.moment(state.now);
            format!(
                "nothing of it since this console started at {begun}, and AWS tells nothing older; {back} goes back"
            )
        }
        (false, false) => {
            let undoes = if place.filter.is_empty() { "goes back" } else { "undoes it" };
            format!("none of {all} rows matches /{filter}; {back} {undoes}")
        }
        (true, true) => format!("no faults among {all} rows; {faults} shows all"),
        (true, false) => unread(state, &errors),
    };
    dim(state, &words)
}

/// A filter that names what is not there: the nearest, what there is, and how such text is searched for.
fn mistaken(state: &State, mistake: &str, back: &str) -> Vec<Line> {
    let help = format!("text with a colon goes in quotes: \"any:text\"; {back} undoes the filter");
    let names: Vec<_> = Filter::names(state.view().columns).collect();
    let mut lines = dim(state, mistake);
    lines.extend([help, format!("columns: {}", names.join(" "))].iter().flat_map(|words| dim(state, words)));
    lines.iter_mut().take(1).flatten().for_each(|span| span.role = Role::Unknown);
    lines
}

/// Why there are no rows at all.
fn unread(state: &State, errors: &str) -> String {
    let view = state.view();
    let of_view = || state.world.store.slots().filter(|(_, feed, _)| view.feeds.contains(feed)).map(|(.., slot)| slot);
    if of_view().any(|slot| slot.fault().is_some() || !slot.gaps().is_empty()) {
        format!("no {} could be read; {errors} tells why", view.title)
    } else if of_view().any(|slot| slot.snapshot.is_some()) {
        format!("there are no {}s", view.kind)
    } else {
        "nothing read yet".to_owned()
    }
}

fn dim(state: &State, words: &str) -> Vec<Line> {
    let room = usize::from(state.size.0).saturating_sub(6);
    wrap(words, room).into_iter().map(|line| vec![Span::new(format!("  {line}"), Role::Dim)]).collect()
}

/// A line across the pane, with a title.
pub(super) fn rule(state: &State, title: &str) -> Line {
    let dash = if state.options.ascii { "-" } else { "─" };
    let rest = usize::from(state.size.0).saturating_sub(5 + super::width(title));
    vec![Span::new(format!(" {title} {}", dash.repeat(rest)), Role::Dim)]
}

fn row_line(state: &State, row: &Row, selected: bool, recent: &Recent, columns: &[Fit], rest: usize) -> Line {
    let ascii = state.options.ascii;
    let marked = state.place.marked.contains(&row.entry());
    let stack = state.world.index_of(&row.stack);
    let old = recent.is_old(stack, row.read_at);
    let worst = row.problems.first().map(|p| &p.check);
    let pointer = match (selected, marked, ascii) {
        (true, _, false) => "▌",
        (true, _, true) => ">",
        (false, true, _) => "*",
        _ => " ",
    };
    let base = match (marked, old) {
        (true, _) => Role::Mark,
        (_, true) => Role::Stale,
        _ => Role::Text,
    };
    let mut sign = glyph(row.severity, ascii);
    if worst.map_or(old, |check| recent.is_old(stack, check.taken_at)) {
        // What was so some time ago is not known to be so.
        sign.role = Role::Stale;
    }
    // Beside the name, so that moving the cursor writes one piece a row.
    let pointer = Span::new(pointer, if selected { Role::Selected } else { base });
    let mut line = vec![Span::new(" ", base), sign, pointer];
    let named = stack_width(state);
    if named > 0 {
        let name = cut(&row.stack, named - GAP, ascii);
        line.push(Span::new(pad(&name, named, false, ascii), base));
    }
    for (nth, fit) in columns.iter().enumerate() {
        let column = &state.view().columns[fit.index];
        let cell = row.cells.get(fit.index).unwrap_or(&Cell::Missing);
        let text = human(state, cell, recent.as_of(stack, row.read_at, state.now));
        let role = match cell {
            Cell::State(severity, _) if *severity > Severity::Info && !old => Role::of(*severity),
            Cell::Missing => Role::Dim,
            _ => base,
        };
        // Names of rows that stand under another one are led there; how many do is never cut.
        let text = if nth == 0 && stands_under(state, row) { format!("{}{text}", branch(ascii)) } else { text };
        let folded = if column.widest >= ELASTIC { folded(state, row) } else { String::new() };
        let is_name = nth == 0 && column.align == Align::Left && !state.view().is_of_sentences();
        let shorten = if is_name { cut_within } else { cut };
        let text = shorten(&text, fit.width.saturating_sub(super::width(&folded)), ascii) + &folded;
        let text = pad(&text, fit.width, column.align == Align::Right, ascii);
        // The marker and the name are enough to find the cursor by; a whole row costs a slow line five times as much.
        if nth == 0 && selected {
            let name = text.trim();
            let before = super::width(&text) - super::width(text.trim_start());
            let rest = (fit.width + fit.gap).saturating_sub(before + super::width(name));
            line.push(Span::new(" ".repeat(before), base));
            line.extend([Span::new(name, Role::Selected), Span::new(" ".repeat(rest), base)]);
            continue;
        }
        line.push(Span::new(pad(&text, fit.width + fit.gap, false, ascii), role));
    }
    if let Some((sentence, check)) = row.predicate().zip(worst).filter(|_| rest >= LEAST_SENTENCE) {
        let until = recent.as_of(stack, check.taken_at, state.now);
        let lasting = if check.is_first_seen() { ages::lasting_at_least } else { ages::lasting };
        let since = check.since.map(|at| format!(" {}", lasting(state, at, until))).unwrap_or_default();
        let words = cut(sentence, rest.saturating_sub(super::width(&since)), ascii);
        let role = if check.severity > Severity::Info { recent.role(stack, check) } else { Role::Dim };
        line.push(Span::new(words, role));
        line.push(Span::new(since, Role::Dim));
    }
    line
}

/// Whether a row stands under the one it is led there from. What happened is told by itself where that one is not there.
fn stands_under(state: &State, row: &Row) -> bool {
    let unfolded = |leader: &Text| state.place.unfolded.contains(&(row.stack.clone(), leader.clone()));
    row.under.as_ref().is_some_and(|leader| !state.view().is_of_events() || unfolded(leader))
}

/// What leads to a row that stands under another one.
const fn branch(ascii: bool) -> &'static str {
    if ascii { "- " } else { "└ " }
}

/// How many rows are folded under this one and not on screen.
fn folded(state: &State, row: &Row) -> String {
    let hidden = if row.folds > 0 { state.listing.folded.get(&row.entry()).copied().unwrap_or(0) } else { 0 };
    match hidden {
        0 => String::new(),
        n if state.view().is_of_events() => format!(" ({}{})", if state.options.ascii { "x" } else { "×" }, n + 1),
        n => format!(" (+{n} follow)"),
    }
}

/// A value for people; what lasts is known to last until then.
fn human(state: &State, cell: &Cell, until: Timestamp) -> String {
    let text = ages::cell(state, cell, until);
    if state.options.ascii && matches!(cell, Cell::Missing) { "-".to_owned() } else { text }
}
