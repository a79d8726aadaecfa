//! The whole sentence of the row under the cursor, at the bottom of the pane, where the table has to cut sentences.

use super::freshness::Recent;
use super::span::wrap;
use super::{Line, Span, columns, cut};
use crate::app::State;
use crate::keymap::Scope;
use crate::model::Severity;
use crate::theme::Role;

/// Lines of the pane from which on some are given away.
const TALL: usize = 12;
/// Lines a sentence gets at most: as long as a rule makes one, in 80 columns.
const LINES: usize = 3;
/// What the name before a sentence takes.
const NAME: usize = 20;
/// What a line loses where a word does not fit any more.
const RAGGED: usize = 12;

/// Lines that are kept for it. They depend on the longest sentence and not on the cursor, so that nothing jumps.
pub(super) fn height(state: &State, pane: usize) -> usize {
    let longest = state.listing.sentence;
    if pane < TALL || longest <= columns::sentence_room(state) {
        return 0;
    }
    // The name that the table leaves out is there again.
    let longest = longest + NAME;
    1 + longest.div_ceil(width(state).saturating_sub(RAGGED).max(1)).min(LINES)
}

/// Columns of a line.
fn width(state: &State) -> usize {
    usize::from(state.size.0).saturating_sub(4)
}

/// The lines, as many as are kept.
pub(super) fn lines(state: &State) -> Vec<Line> {
    let height = height(state, super::pane_rows(state));
    let mut lines = Vec::new();
    let row = state.selected().filter(|_| height > 0);
    if let Some((row, says)) =
        row.and_then(|row| Some((row, row.says.as_ref()?))).filter(|(row, _)| row.problems.is_empty())
    {
        let role = if row.severity > Severity::Info { Role::of(row.severity) } else { Role::Text };
        let hidden = state.listing.folded.get(&row.entry()).copied().unwrap_or(0);
        let alike = match hidden {
            0 => String::new(),
            n => format!(" ({n} more alike within 5 minutes, {} shows them)", state.key(Scope::Table, "unfold")),
        };
        lines.push(columns::rule(state, &format!("{}{alike}", super::panels::name(state, row))));
        broken(&mut lines, says, role, height, state);
    } else if let Some((row, problem)) = row.and_then(|row| Some((row, row.problems.first()?))) {
        let more = row.problems.len() - 1;
        let more = match (row.folds, more) {
            (0, 0) => String::new(),
            (0, more) => format!(" (+{more} more)"),
            (folds, _) => format!(" ({folds} follow, {} shows or hides them)", state.key(Scope::Table, "unfold")),
        };
        let check = &problem.check;
        let (recent, stack) = (Recent::of(state), state.world.index_of(&row.stack));
        let role = match check.severity {
            Severity::Info if !recent.is_old(stack, check.taken_at) => Role::Text,
            _ => recent.role(stack, check),
        };
        let read = if recent.is_old(stack, check.taken_at) {
            format!(", as read at {}", check.taken_at.time_of_day())
        } else {
            String::new()
        };
        lines.push(columns::rule(state, &format!("{}{more}{read}", check.subject.name)));
        broken(&mut lines, &check.message, role, height, state);
    }
    lines.resize(height, Vec::new());
    lines
}

/// A sentence under its heading, as much of it as has room.
fn broken(lines: &mut Vec<Line>, sentence: &str, role: Role, height: usize, state: &State) {
    let mut words = wrap(sentence, width(state)).into_iter();
    lines.extend(words.by_ref().take(height - 1).map(|line| vec![Span::new(format!(" {line}"), role)]));
    if let (Some(next), Some(span)) = (words.next(), lines.last_mut().and_then(|line| line.last_mut())) {
        span.text = cut(&format!("{} {next}", span.text), width(state), state.options.ascii);
    }
}
